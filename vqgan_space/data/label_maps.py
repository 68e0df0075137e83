"""Label maps to train from: drawn scenes', or a folder's."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from .datasets import PICTURE_SUFFIXES
from .labels import NO_CLASS, LabelMap, LabelSet, load_label_map, resize
from .scenes.dataset import HELD_OUT, SPAN, use_one_thread


def find_label_maps(
    source: str | Path,
    label_set: LabelSet,
    *,
    count: int = 256,
    size: int = 256,
    seed: int = 0,
    held_out: bool = False,
    workers: int = 0,
) -> list[LabelMap]:
    """Label maps (H, W) of uint8, all in memory.

    Args:
        source: a folder of pictures of ids or palette colours (searched at any depth), or "scenes"
            for drawn ones.
        label_set: what ids and colours stand for.
        count, size, seed: how many scenes, their side in pixels, and which.
        held_out: the scenes that figures are measured on, which no training draws.
        workers: processes that draw.

    Raises:
        ValueError: there are none, or one of them can't be read.
    """
    if source == "scenes" and not Path(source).exists():
        first = HELD_OUT if held_out else seed * SPAN
        drawn = DataLoader(
            _SceneLabelMaps(first, count, size), batch_size=None, num_workers=workers
        )
        return [each.numpy() for each in tqdm(drawn, "drawing label maps", leave=False)]
    files = sorted(p for p in Path(source).rglob("*") if p.suffix.lower() in PICTURE_SUFFIXES)
    # Beside their pictures, label maps are the files that hold no photograph.
    files = [path for path in files if path.suffix.lower() not in (".jpg", ".jpeg")]
    if not files:
        raise ValueError(f"there are no label maps (PNG, WebP or BMP) in {source}")
    return [load_label_map(path, label_set) for path in files]


class _SceneLabelMaps(Dataset):
    def __init__(self, first: int, count: int, size: int) -> None:
        self.first, self.count, self.size = first, count, size

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> Tensor:
        from .scenes.scene import render  # the painters, which no folder needs

        use_one_thread()
        _, label_map, _ = render(self.first + number, self.size)
        return torch.from_numpy(label_map)


class LabelCrops(Dataset):
    """Random squares of label maps, endless, each determined by its number alone.

    Item n, (size, size) of int64, is cut out of map ``order(epoch)[n mod len]`` of epoch
    ``n // len`` as drawn from (seed, n), so that a resumed run goes on exactly where it stopped.

    Args:
        maps: what ``find_label_maps`` gives.
        size: side of a square in pixels.
        scale: the share of the shorter side that a square's side covers, (least, most).
        random_ids: share of the squares whose classes are exchanged for others of ``num_classes``
            drawn at random, so that a model trained on few classes serves all.
        random_from: the first square for which that holds.
        num_classes: how many classes there are.
        seed: of order, squares and exchanges.
    """

    def __init__(
        self,
        maps: Sequence[LabelMap],
        size: int,
        scale: tuple[float, float] = (0.5, 1.0),
        random_ids: float = 0.0,
        random_from: int = 0,
        num_classes: int = 182,
        seed: int = 0,
    ) -> None:
        if not len(maps):
            raise ValueError("there are no label maps to train from")
        self.maps, self.size, self.scale, self.seed = maps, size, scale, seed
        self.random_ids, self.random_from, self.num_classes = random_ids, random_from, num_classes
        # The orders of two epochs, since the batch at their border asks for both.
        self._order = functools.lru_cache(maxsize=2)(self._draw_order)

    def _draw_order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng((self.seed, epoch)).permutation(len(self.maps))

    def __getitem__(self, number: int) -> Tensor:
        epoch, place = divmod(number, len(self.maps))
        rng = np.random.default_rng((self.seed, epoch, place))
        label_map = self.maps[int(self._order(epoch)[place])]
        height, width = label_map.shape
        side = max(round(min(height, width) * rng.uniform(*self.scale)), 1)
        top = int(rng.integers(height - side + 1))
        left = int(rng.integers(width - side + 1))
        square = resize(label_map[top : top + side, left : left + side], (self.size, self.size))
        if rng.random() < 0.5:
            square = square[:, ::-1]
        if number >= self.random_from and rng.random() < self.random_ids:
            exchange = np.full(256, NO_CLASS, np.uint8)
            exchange[: self.num_classes] = rng.permutation(self.num_classes)
            square = exchange[square]
        return torch.from_numpy(np.ascontiguousarray(square)).long()
