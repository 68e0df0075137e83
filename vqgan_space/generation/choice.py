"""From a prior's logits to a code: temperature, top-k, top-p, and the draw."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

# Below this temperature the likeliest code is taken; dividing by it could overflow.
GREEDY = 1e-6


@dataclass(frozen=True)
class Choice:
    """How codes are drawn, in this order.

    Attributes:
        temperature: divides the logits; 0 takes the likeliest code.
        top_k: only the k likeliest codes; None: all.
        top_p: only the likeliest codes that together reach this probability (Holtzman et al.,
            arXiv 1904.09751); None: all.

    Raises:
        ValueError: a number out of its range.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.temperature) or self.temperature < 0:
            raise ValueError(f"The temperature must be 0 or more, got {self.temperature}.")
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"Top-k must be at least 1, got {self.top_k}.")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"Top-p must be above 0 and at most 1, got {self.top_p}.")

    def draw(self, logits: Tensor, uniforms: Tensor) -> Tensor:
        """Codes (N,) for logits (N, V), by the inverse of their distribution function.

        Args:
            uniforms: random numbers (N,) in [0, 1), one a draw. A draw depends on nothing else,
                so it does not matter in which order or company the draws are made.
        """
        logits = logits.double()
        if self.temperature < GREEDY or self.top_k == 1:
            return logits.argmax(-1)
        logits = self.filter(logits / self.temperature)
        summed = logits.softmax(-1).cumsum(-1)  # (N, V)
        drawn = uniforms.to(summed)[:, None] * summed[:, -1:]
        # Right: a code of probability zero adds nothing to the sum and is passed over.
        return torch.searchsorted(summed, drawn, right=True).squeeze(-1)

    def filter(self, logits: Tensor) -> Tensor:
        """Logits (N, V) with minus infinity for the codes that top-k and top-p leave out."""
        if self.top_k is not None and self.top_k < logits.shape[-1]:
            least = logits.topk(self.top_k).values[:, -1:]
            logits = logits.masked_fill(logits < least, -math.inf)
        if self.top_p is not None and self.top_p < 1:
            ranked, order = logits.sort(descending=True, stable=True)
            probabilities = ranked.softmax(-1)
            before = probabilities.cumsum(-1) - probabilities
            logits = logits.masked_fill(
                (before > self.top_p).gather(-1, order.argsort(-1)), -math.inf
            )
        return logits
