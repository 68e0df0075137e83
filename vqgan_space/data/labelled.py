"""Scenes with their label maps, drawn once and kept in memory as bytes, to train and measure on;
or read from the folder that ``python -m vqgan_space.data.scenes`` wrote."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from .captions import find_captions
from .datasets import decode
from .labels import COCO_STUFF, NO_CLASS, load_label_map
from .scenes.dataset import Scenes


def draw_scenes(scenes: Scenes, workers: int = 0) -> tuple[Tensor, Tensor]:
    """All of them: pictures (N, 3, H, W) and label maps (N, H, W), both uint8.

    Args:
        scenes: what to draw; 1,000 of 256 pixels take 262 MB.
        workers: processes that draw; 0: this one.
    """
    batches: Iterable = DataLoader(scenes, batch_size=8, num_workers=workers)
    pictures, label_maps = [], []
    for batch in batches:
        pictures.append(((batch["picture"] + 1) * 127.5).round().to(torch.uint8))
        label_maps.append(batch["label_map"].to(torch.uint8))
    return torch.cat(pictures), torch.cat(label_maps)


class _Written(Dataset):
    def __init__(self, pictures: Sequence[Path]) -> None:
        self.pictures = pictures

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        path = self.pictures[number]
        picture = np.array(decode(path))
        label_map = load_label_map(path.parent.parent / "label_maps" / path.name, COCO_STUFF)
        return torch.from_numpy(picture).permute(2, 0, 1), torch.from_numpy(label_map)


def read_scenes(folder: Path, count: int | None = None, workers: int = 0) -> tuple[Tensor, Tensor]:
    """Scenes of one size that were written to a folder: pictures (N, 3, H, W) and label maps
    (N, H, W), both uint8.

    Args:
        folder: what ``python -m vqgan_space.data.scenes`` wrote.
        count: how many at most.
        workers: processes that read; 0: this one.

    Raises:
        ValueError: there are none.
    """
    pictures = [path for path, _ in find_captions(folder)][:count]
    batches = DataLoader(_Written(pictures), batch_size=32, num_workers=workers)
    shown, label_maps = zip(*batches, strict=True)
    return torch.cat(shown), torch.cat(label_maps)


def to_floats(pictures: Tensor) -> Tensor:
    """Pictures of any shape, uint8 to [-1, 1]."""
    return pictures.float() / 127.5 - 1


class LabelledCrops(Dataset):
    """Random crops of pictures and of their label maps, endless, each determined by its number.

    Item n is picture ``order(epoch)[n mod N]`` of epoch ``n // N``, its place and flip drawn from
    (seed, n), so that a resumed run goes on exactly where it stopped: a picture (3, crop, crop) in
    [-1, 1] and ids (crop, crop), int64.

    Args:
        pictures: (N, 3, H, W) uint8.
        label_maps: (M, H, W) uint8; picture n has label map n mod M, so that several renderings of
            the same scenes follow one another.
        crop: side of a crop in pixels.
        seed: of order, places and flips.

    Raises:
        ValueError: pictures and label maps that don't go together, or smaller than a crop.
    """

    def __init__(self, pictures: Tensor, label_maps: Tensor, crop: int, seed: int = 0) -> None:
        if not len(label_maps) or pictures.shape[2:] != label_maps.shape[1:]:
            raise ValueError(
                "every picture needs a label map of its size, got "
                f"{tuple(pictures.shape)} and {tuple(label_maps.shape)}"
            )
        if min(label_maps.shape[1:]) < crop:
            raise ValueError(
                f"crops of {crop} pixels need larger scenes than {tuple(label_maps.shape[1:])}"
            )
        self.pictures, self.label_maps, self.crop, self.seed = pictures, label_maps, crop, seed
        # The orders of two epochs, since the batch at their border asks for both.
        self._order = functools.lru_cache(maxsize=2)(self._draw_order)

    def _draw_order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng((self.seed, epoch)).permutation(len(self.pictures))

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        epoch, place = divmod(number, len(self.pictures))
        index = int(self._order(epoch)[place])
        random = np.random.default_rng((self.seed, epoch, place))
        label_map = self.label_maps[index % len(self.label_maps)]
        height, width = label_map.shape
        top = int(random.integers(height - self.crop + 1))
        left = int(random.integers(width - self.crop + 1))
        rows, columns = slice(top, top + self.crop), slice(left, left + self.crop)
        picture = to_floats(self.pictures[index, :, rows, columns])
        label_map = label_map[rows, columns].long()
        if random.random() < 0.5:
            return picture.flip(2), label_map.flip(1)
        return picture, label_map


def class_frequencies(label_maps: Tensor, num_classes: int) -> Tensor:
    """Share of the pixels that each class covers, (C,) float64; pixels without a class aside."""
    counts = torch.bincount(label_maps.flatten().int(), minlength=NO_CLASS + 1)[:num_classes]
    return counts.double() / counts.sum()


def rarity_weights(label_maps: Tensor, power: float, most: float = torch.inf) -> Tensor:
    """Weights (256,) of the pixels of each class: its share of all pixels to the minus ``power``,
    1 on an average pixel; 1 for classes that are not there and for pixels without a class.

    Args:
        label_maps: (N, H, W) uint8.
        power: 0 weighs all pixels alike, 1 all classes.
        most: the highest weight.
    """
    shares = class_frequencies(label_maps, NO_CLASS)
    there = shares > 0
    weights = torch.where(there, shares.clamp(min=1e-12) ** -power, 0)
    weights = torch.where(there, weights / (weights * shares).sum(), 1).clamp(max=most)
    return torch.cat([weights, weights.new_ones(1)]).float()
