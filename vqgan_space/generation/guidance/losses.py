"""What the latents are pulled by: distances in CLIP's space, smoothness, and the start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .prompts import Target


def spherical_distance(first: Tensor, second: Tensor) -> Tensor:
    """Half the squared angle between unit vectors, ``2 asin(|x - y| / 2)^2``.

    Crowson et al., *VQGAN-CLIP* (arXiv 2204.08583), sec. 3. From 0 (the same) to pi^2 / 2.

    Args:
        first, second: (..., D), which broadcast.

    Returns:
        (...).
    """
    # The root's slope is infinite where two vectors are one.
    chord = (first - second).square().sum(dim=-1).clamp_min(1e-12).sqrt()
    return 2 * (chord / 2).clamp(max=1 - 1e-6).asin().square()


class _Substitute(torch.autograd.Function):
    """The first argument's value with the second's gradient."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, slope: Tensor) -> Tensor:
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:
        return None, gradients[0]


def prompt_loss(embeddings: Tensor, target: Target) -> Tensor:
    """How far the cutouts of pictures are from a target, times its weight.

    A target of a negative weight counts its distance negatively. Cutouts that are nearer than its
    stop add to the value, but no longer pull.

    Args:
        embeddings: (B, n, D), unit length, of n cutouts of each of B pictures.
        target: what they are pulled to.

    Returns:
        (B,).
    """
    sign = 1.0 if target.weight > 0 else -1.0
    distances = sign * spherical_distance(embeddings, target.embedding.to(embeddings.dtype))
    pulled = _Substitute.apply(distances, distances.clamp_min(target.stop))
    return abs(target.weight) * pulled.mean(dim=1)


def similarity(embeddings: Tensor, targets: Sequence[Target]) -> Tensor:
    """The cosine of the cutouts and the wanted targets, weighted: (B, n, D) -> (B,)."""
    wanted = [target for target in targets if target.weight > 0]
    total = sum(target.weight for target in wanted)
    cosines = [
        target.weight / total * (embeddings @ target.embedding.to(embeddings.dtype)).mean(dim=1)
        for target in wanted
    ]
    return torch.stack(cosines).sum(dim=0)


def total_variation(pictures: Tensor) -> Tensor:
    """The mean squared step from a pixel to those beside and below: (B, 3, H, W) -> (B,)."""
    across = (pictures[..., 1:] - pictures[..., :-1]).square().mean(dim=(1, 2, 3))
    down = (pictures[..., 1:, :] - pictures[..., :-1, :]).square().mean(dim=(1, 2, 3))
    return across + down


def start_pull(latents: Tensor, start: Tensor) -> Tensor:
    """The mean squared distance of latents (B, D, h, w) from where they started: (B,)."""
    return (latents - start).square().mean(dim=(1, 2, 3))


class _ClampInside(torch.autograd.Function):
    """A clamp whose gradient passes where it points back inside, outside too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, low: float, high: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.low, ctx.high = low, high
        return x.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (x,) = ctx.saved_tensors
        outside = x - x.clamp(ctx.low, ctx.high)
        return gradients[0] * (gradients[0] * outside >= 0), None, None


def clamp_inside(x: Tensor, low: float = -1.0, high: float = 1.0) -> Tensor:
    """``x`` clamped; a step along the gradient may bring it back, but takes it no further out."""
    return _ClampInside.apply(x, low, high)
