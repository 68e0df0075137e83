"""Pictures in memory, each with one or more conditions, to train a CVAE from."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset


class ConditionedPictures(Dataset):
    """Endless pairs of a picture in [0, 1] and a condition, each determined by its number alone.

    Item n is picture ``order(epoch)[n mod N]`` of epoch ``n // N``; which of its conditions, and
    how it is varied, are drawn from (seed, n), so that a resumed run goes on where it stopped.

    Args:
        pictures: (N, C, H, W) uint8.
        conditions: for each picture (T,) classes, or (T, D) embeddings of its texts: one is taken.
        flip: whether half of the pictures are mirrored.
        vary: how far they are moved, turned and stretched: 1 is 5 % of the side, 5 degrees and 8 %;
            0: not at all. What comes in from outside is 0, the ground of Fashion-MNIST.
        seed: of order, conditions and variations.

    Raises:
        ValueError: no pictures, or not as many conditions.
    """

    def __init__(
        self,
        pictures: Tensor,
        conditions: Sequence[Tensor],
        flip: bool = True,
        vary: float = 0.0,
        seed: int = 0,
    ) -> None:
        if not len(pictures) or len(pictures) != len(conditions):
            raise ValueError(f"{len(pictures)} pictures need as many conditions, not none")
        self.pictures, self.conditions = pictures, conditions
        self.flip, self.vary, self.seed = flip, vary, seed
        # The orders of two epochs, since the batch at their border asks for both.
        self._order = functools.lru_cache(maxsize=2)(self._draw_order)

    def _draw_order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng((self.seed, epoch)).permutation(len(self.pictures))

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        return self.__getitems__([number])[0]

    def __getitems__(self, numbers: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
        """Several items together, as a ``DataLoader`` asks for a batch: much faster."""
        places = [divmod(number, len(self.pictures)) for number in numbers]
        indices = [int(self._order(epoch)[place]) for epoch, place in places]
        drawn = np.stack(
            [np.random.default_rng((self.seed, *place, 3)).random(7) for place in places]
        )
        pictures = self.pictures[indices].float() / 255
        if self.vary or self.flip:
            pictures = self._varied(pictures, drawn)
        given = [self.conditions[index] for index in indices]
        chosen = [each[int(u * len(each))] for each, u in zip(given, drawn[:, 0], strict=True)]
        return list(zip(pictures, chosen, strict=True))

    def _varied(self, pictures: Tensor, drawn: np.ndarray) -> Tensor:
        """Pictures (B, C, H, W), moved, turned, stretched and mirrored by numbers (B, 7)."""
        mirrored = torch.from_numpy((drawn[:, 1] < 0.5) & self.flip)
        if not self.vary:
            return torch.where(mirrored[:, None, None, None], pictures.flip(3), pictures)
        spread = self.vary * (2 * drawn[:, 2:] - 1)  # (B, 5) in [-vary, vary]
        angle, wide, high = np.radians(5) * spread[:, 0], *np.exp(0.08 * spread[:, 1:3].T)
        side = np.where(mirrored.numpy(), -1, 1)
        matrix = np.stack(
            [
                np.stack([side * wide * np.cos(angle), -np.sin(angle), 0.1 * spread[:, 3]], 1),
                np.stack([side * np.sin(angle), high * np.cos(angle), 0.1 * spread[:, 4]], 1),
            ],
            axis=1,
        )  # (B, 2, 3): where in the picture a pixel of the result is from
        grid = F.affine_grid(
            torch.from_numpy(matrix).float(), list(pictures.shape), align_corners=False
        )
        return F.grid_sample(pictures, grid, align_corners=False)
