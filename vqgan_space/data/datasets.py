"""Pictures to train from: a folder, parquet files, or a data set on the Hub."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset, Sampler

PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
PICTURE_COLUMNS = ("image", "img", "picture", "jpg", "png", "webp")


def find_pictures(source: str | Path, column: str | None = None, split: str = "train") -> Sequence:
    """The pictures of ``source``, as something indexable whose items ``decode`` opens.

    Args:
        source: a folder (searched at any depth), a parquet file, a folder of parquet files, the
            name of a data set on the Hub, or "scenes" for drawn ones (256 of them to test on).
        column: the column that holds the pictures; found by its usual names when not given.
        split: which split of a Hub data set.

    Raises:
        ValueError: nothing of that kind is there.
    """
    path = Path(source)
    if source == "scenes" and not path.exists():
        from .scenes.dataset import ScenePictures  # the painters, which no folder needs

        return ScenePictures.held_out() if split == "test" else ScenePictures()
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.suffix.lower() in PICTURE_SUFFIXES)
        if files:
            return files
    tables = [path] if path.suffix == ".parquet" else sorted(path.glob("*.parquet"))
    if path.exists() and not tables:
        raise ValueError(f"there are no pictures and no parquet files in {source}")
    return _Column(source, tables, column, split)


class _Column(Sequence):
    """One column of pictures of a table, still encoded."""

    def __init__(
        self, source: str | Path, tables: list[Path], column: str | None, split: str
    ) -> None:
        import datasets  # with its arrow tables it costs a second, and folders don't need it

        try:
            if tables:
                files = [str(t) for t in tables]
                table = datasets.load_dataset("parquet", data_files=files, split="train")
            else:
                table = datasets.load_dataset(str(source), split=split)
        except (FileNotFoundError, ConnectionError, OSError) as error:
            raise ValueError(
                f"no folder, parquet file or Hub data set can be read at {source!r}: {error}"
            ) from error
        names = [column] if column else [n for n in PICTURE_COLUMNS if n in table.column_names]
        if not names or names[0] not in table.column_names:
            raise ValueError(
                f"{source} has no picture column {column or ''}; name one of {table.column_names}"
            )
        self.name = names[0]
        self.table = table.select_columns([self.name])
        if isinstance(table.features[self.name], datasets.Image):
            self.table = self.table.cast_column(self.name, datasets.Image(decode=False))

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, index: Any) -> Any:
        return self.table[int(index)][self.name]


def decode(item: Any) -> Image.Image:
    """An item of ``find_pictures`` as an RGB picture."""
    if isinstance(item, Image.Image):
        return item.convert("RGB")
    if isinstance(item, dict):
        item = io.BytesIO(item["bytes"]) if item.get("bytes") else item["path"]
    elif isinstance(item, bytes):
        item = io.BytesIO(item)
    return Image.open(item).convert("RGB")


def to_unit_range(picture: Image.Image) -> Tensor:
    """A picture to (3, H, W) in [-1, 1]."""
    array = torch.from_numpy(np.array(picture, dtype=np.uint8))  # (H, W, 3)
    return array.permute(2, 0, 1).float() / 127.5 - 1


def vivid_colours(picture: Tensor, rng: np.random.Generator) -> Tensor:
    """A picture (..., 3, H, W) with shuffled channels, up to three times as far from grey."""
    grey = picture.mean(dim=-3, keepdim=True)
    return grey + rng.uniform(1, 3) * (picture[..., rng.permutation(3), :, :] - grey)


class RandomCrops(Dataset):
    """Random resized square crops, endless, each determined by its number alone.

    Item n is picture ``order(epoch)[n mod len]`` of epoch ``n // len``, its crop and flip drawn
    from (seed, n): the stream is the same for any number of workers and processes, and a resumed
    run goes on exactly where it stopped.

    Args:
        pictures: what ``find_pictures`` gives.
        size: side of a crop in pixels.
        scale: the share of the shorter side that a crop's side covers, (least, most).
        vivid: the share of crops whose channels are shuffled and whose distance from grey grows up
            to threefold. Photographs hardly vary between green and purple; this makes a short
            training learn that axis too.
        seed: of order, crops and flips.
    """

    def __init__(
        self,
        pictures: Sequence,
        size: int,
        scale: tuple[float, float] = (0.5, 1.0),
        vivid: float = 0.0,
        seed: int = 0,
    ) -> None:
        if not len(pictures):
            raise ValueError("there are no pictures to train from")
        self.pictures, self.size, self.scale, self.seed = pictures, size, scale, seed
        self.vivid = vivid
        self._epoch = -1

    def __getitem__(self, number: int) -> Tensor:
        epoch, place = divmod(number, len(self.pictures))
        rng = np.random.default_rng((self.seed, epoch, place))
        picture = decode(self.pictures[int(self._order(epoch)[place])])
        side = min(picture.size) * rng.uniform(*self.scale)
        left = rng.uniform(0, picture.width - side)
        top = rng.uniform(0, picture.height - side)
        box = (left, top, left + side, top + side)
        crop = picture.resize((self.size, self.size), Image.Resampling.LANCZOS, box=box)
        tensor = to_unit_range(crop)
        if rng.random() < 0.5:
            tensor = tensor.flip(2)
        if rng.random() < self.vivid:
            tensor = vivid_colours(tensor, rng)
        return tensor.clamp(-1, 1)

    def _order(self, epoch: int) -> np.ndarray:
        """The order of an epoch, kept until another one is asked for."""
        if epoch != self._epoch:
            order = np.random.default_rng((self.seed, epoch)).permutation(len(self.pictures))
            self._epoch, self._kept_order = epoch, order
        return self._kept_order


class WithScenes(Dataset):
    """Crops of which a share are drawn scenes, spread evenly: (3, size, size) in [-1, 1].

    A scene is drawn one to two times as high as the crop, which is cut out of it at random. Like
    those of ``RandomCrops``, items are endless and determined by their number alone.

    Args:
        crops: the others, of which item n is asked for once each.
        share: of the scenes, 0 to 1.
        size: side of a crop in pixels, 64 to 256.
        seed: of the scenes and of what is cut out of them.
    """

    def __init__(self, crops: Dataset, share: float, size: int, seed: int = 0) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"the share of scenes must be from 0 to 1, not {share}")
        self.crops, self.share, self.size, self.seed = crops, share, size, seed

    def __getitem__(self, number: int) -> Tensor:
        scenes_before, scenes_after = (int((number + k) * self.share) for k in (0, 1))
        if scenes_after == scenes_before:
            return self.crops[number - scenes_before]
        from .scenes.dataset import SPAN, picture_tensor, use_one_thread
        from .scenes.scene import render

        use_one_thread()
        rng = np.random.default_rng((self.seed, scenes_before, 1))
        side = int(rng.integers(self.size, 2 * self.size + 1))
        top, left = rng.integers(0, side - self.size + 1, 2)
        picture, _, _ = render(self.seed * SPAN + scenes_before, side)
        crop = picture[top : top + self.size, left : left + self.size]
        return picture_tensor(np.ascontiguousarray(crop))


class Numbers(Sampler[int]):
    """The numbers from ``start`` to ``stop``: what a sampler of ``RandomCrops`` is."""

    def __init__(self, start: int, stop: int) -> None:
        self.range = range(start, stop)

    def __iter__(self) -> Iterator[int]:
        return iter(self.range)

    def __len__(self) -> int:
        return len(self.range)


class CenterCrops(Dataset):
    """The centre square of every picture at one size, for evaluation: (3, size, size)."""

    def __init__(self, pictures: Sequence, size: int) -> None:
        self.pictures, self.size = pictures, size

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Tensor:
        picture = decode(self.pictures[index])
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        box = (left, top, left + side, top + side)
        return to_unit_range(
            picture.resize((self.size, self.size), Image.Resampling.LANCZOS, box=box)
        )
