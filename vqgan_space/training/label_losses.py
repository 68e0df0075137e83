"""The losses of a label-map VQGAN besides its quantizer's. Plain functions.

Class logits are (B, C, H, W), label maps (B, H, W) of int64 ids with 255 for no class, results
scalars.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vqgan_space.data.labels import NO_CLASS, one_hot

# How much heavier than the mean a pixel may weigh.
HEAVIEST = 8.0


def class_loss(
    logits: Tensor, label_maps: Tensor, balance: float = 0.0, pixels: Tensor | None = None
) -> Tensor:
    """Cross-entropy over classes, as Esser et al. (arXiv 2012.09841, appendix B) describe it.

    Args:
        balance: a pixel weighs as its class's share of the batch to the power of minus this, so
            that what covers few pixels is learnt too; 0: all alike, 1: all classes alike.
        pixels: how many pixels each place of the label maps stands for (B, H, W); one each.
    """
    losses = F.cross_entropy(logits, label_maps, ignore_index=NO_CLASS, reduction="none").float()
    known = (label_maps != NO_CLASS).to(losses.dtype)
    if pixels is not None:
        known = known * pixels
    weights = known
    if balance:
        counts = torch.bincount(label_maps.flatten(), known.flatten(), minlength=NO_CLASS + 1)
        heavy = counts.clamp(min=1).to(losses.dtype) ** -balance
        # Of what a pixel weighs, the mean over all pixels is one.
        heavy = heavy * known.sum() / (known * heavy[label_maps]).sum().clamp(min=1e-8)
        weights = known * heavy.clamp(max=HEAVIEST)[label_maps]
    return (losses * weights).sum() / weights.sum().clamp(min=1e-8)


def binary_loss(logits: Tensor, label_maps: Tensor) -> Tensor:
    """Binary cross-entropy on one-hot label maps: what taming-transformers' code computes."""
    return F.binary_cross_entropy_with_logits(logits, one_hot(label_maps, logits.shape[1]))
