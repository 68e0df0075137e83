"""Codes to train a prior from, and what the optimiser does to which weights."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.utils.data import Dataset

from vqgan_space.data.codes import CodesData


class CodesInOrder(Dataset):
    """Codes with their condition, endless, each item determined by its number alone.

    Item n is picture ``order(epoch)[n mod len]`` of epoch ``n // len``, so that a resumed run goes
    on exactly where it stopped: a dict of ``codes`` (h, w) and ``condition`` where there is one.
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
            item["condition"] = self.data.condition[index]
        return item


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
