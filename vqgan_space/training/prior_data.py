"""Codes to train a prior from, and what the optimiser does to which weights."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset

from vqgan_space.data.codes import CodesData


class CodesInOrder(Dataset):
    """Codes with their condition, endless, each item determined by its number alone.

    Item n is picture ``order(epoch)[n mod len]`` of epoch ``n // len``, so that a resumed run goes
    on exactly where it stopped: a dict of ``codes`` (h, w) and ``condition`` where there is one (of
    several vectors of a picture one).
    """

    def __init__(self, data: CodesData, seed: int = 0) -> None:
        if not len(data):
            raise ValueError("there are no codes to train from")
        self.data, self.seed = data, seed
        # The orders of two epochs, since the batch at their border asks for both.
        self._order = functools.lru_cache(maxsize=2)(self._draw_order)

    def _draw_order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng((self.seed, epoch)).permutation(len(self.data))

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        epoch, place = divmod(number, len(self.data))
        index = int(self._order(epoch)[place])
        item = {"codes": self.data.codes[index]}
        if self.data.condition is not None:
            condition = self.data.condition[index]
            if self.data.info.condition == "vector" and condition.ndim == 2:
                random = np.random.default_rng((self.seed, epoch, place))
                condition = condition[int(random.integers(len(condition)))]
            item["condition"] = condition
        return item


def with_noise(vectors: Tensor, spread: float) -> Tensor:
    """Unit vectors (B, D) moved about, and made unit vectors again.

    A prior that is shown nothing else than its pictures' own vectors follows no others.

    Args:
        spread: length of what is added, on average, as a share of theirs.
    """
    noise = torch.randn_like(vectors) * spread / vectors.shape[1] ** 0.5
    return F.normalize(vectors + noise, dim=1)


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay for the matrices of linear layers and convolutions alone, as minGPT has it."""
    decayed = {
        id(layer.weight)
        for layer in model.modules()
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d))
    }
    parameters = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if id(p) in decayed], "weight_decay": weight_decay},
        {"params": [p for p in parameters if id(p) not in decayed], "weight_decay": 0.0},
    ]
