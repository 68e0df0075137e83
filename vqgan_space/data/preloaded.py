"""Small pictures, decoded once and kept in memory: opening files would cost more than training."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from .datasets import CenterCrops


class Preloaded(Dataset):
    """Centre squares as bytes, endless, each item determined by its number alone.

    Item n is picture ``order(epoch)[n mod len]`` of epoch ``n // len``, flipped or not as drawn
    from (seed, n), so that a resumed run goes on exactly where it stopped: (3, size, size) in
    [-1, 1]. 25,000 pictures of 32 pixels take 77 MB.

    Args:
        pictures: what ``find_pictures`` gives.
        size: side in pixels.
        flip: whether half of the items are mirrored.
        seed: of order and flips.
    """

    def __init__(self, pictures: Sequence, size: int, flip: bool = True, seed: int = 0) -> None:
        if not len(pictures):
            raise ValueError("there are no pictures to train from")
        crops = CenterCrops(pictures, size)
        self.bytes = torch.empty(len(crops), 3, size, size, dtype=torch.uint8)
        for index in range(len(crops)):
            self.bytes[index] = ((crops[index] + 1) * 127.5).round()
        self.flip, self.seed = flip, seed
        # The orders of two epochs, since the batch at their border asks for both.
        self._order = functools.lru_cache(maxsize=2)(self._draw_order)

    @property
    def variance(self) -> float:
        """Variance of all numbers in [-1, 1] that the pictures are made of."""
        counts = torch.bincount(self.bytes.flatten(), minlength=256).double()
        values = torch.arange(256, dtype=torch.float64) / 127.5 - 1
        share = counts / counts.sum()
        return float((share * (values - (share * values).sum()).square()).sum())

    def _draw_order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng((self.seed, epoch)).permutation(len(self.bytes))

    def __getitem__(self, number: int) -> Tensor:
        epoch, place = divmod(number, len(self.bytes))
        picture = self.bytes[int(self._order(epoch)[place])].float() / 127.5 - 1
        mirrored = self.flip and np.random.default_rng((self.seed, epoch, place)).random() < 0.5
        return picture.flip(2) if mirrored else picture
