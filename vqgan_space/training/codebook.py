"""The quantizer of a trainer, as its options say."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from vqgan_space.models.quantizers import Quantizer, make_quantizer


def quantizer_for(options: Any, codebook: Tensor, is_trained: bool, **more: Any) -> Quantizer:
    """A quantizer for a model's codebook (K, D), which it takes over where that is trained.

    Args:
        options: a trainer's, with ``quantizer``, ``decay``, ``revive_below``, ``beta`` and
            ``unit_length``.
        more: for ``make_quantizer``.
    """
    quantizer = make_quantizer(
        options.quantizer,
        *codebook.shape,
        decay=options.decay,
        revive_below=options.revive_below,
        beta=options.beta,
        unit_length=options.unit_length,
        **more,
    )
    if is_trained:
        quantizer.set_codebook(codebook.detach())
    return quantizer
