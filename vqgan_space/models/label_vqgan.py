"""The label-map VQGAN: label maps to codes and back.

*Taming Transformers* (arXiv 2012.09841), sec. 3.2 and appendix B: a spatial condition gets a VQGAN
of its own, whose pictures are one-hot label maps.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .vqgan import VQGAN, take_options

NO_CLASS = 255


class LabelVQGAN(VQGAN):
    """A ``VQGAN`` with a channel for each class: in one-hot, out class logits.

    The configuration is diffusers' own, with ``in_channels`` and ``out_channels`` the number of
    classes. Label maps are (B, H, W) of integers whose sides are multiples of ``factor``: ids below
    ``num_classes``, or 255 for no class, which is zero in every channel.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    @property
    def num_classes(self) -> int:
        """How many classes there are, C."""
        return self.config.in_channels

    def encode_codes(self, images: Tensor) -> Tensor:
        """Label maps (B, H, W) to codes (B, h, w), int64.

        Raises:
            ValueError: another shape, an id out of range, or sides that are no multiples of
                ``factor``.
        """
        return super().encode_codes(self._one_hot(images.to(self.codebook.device)))

    def _one_hot(self, label_maps: Tensor) -> Tensor:
        """(B, H, W) of ids to (B, C, H, W)."""
        if label_maps.ndim != 3 or label_maps.is_floating_point():
            raise ValueError(
                "label maps must be integers (B, H, W), got "
                f"{label_maps.dtype} {tuple(label_maps.shape)}"
            )
        ids, classes = label_maps.long(), torch.arange(self.num_classes, device=label_maps.device)
        known = (ids >= 0) & (ids < self.num_classes)
        wrong = ids[~known & (ids != NO_CLASS)]
        if wrong.numel():
            raise ValueError(
                f"ids must be in 0..{self.num_classes - 1}, or {NO_CLASS} for no class, "
                f"got {int(wrong[0])}"
            )
        return ((ids[:, None] == classes[:, None, None]) & known[:, None]).float()

    def decode_codes(self, codes: Tensor) -> Tensor:
        """Codes (B, h, w) to class logits (B, C, H, W)."""
        return super().decode_codes(codes)

    def label_maps(self, codes: Tensor) -> Tensor:
        """Codes (B, h, w) to the likeliest label maps (B, H, W), int64."""
        return self.decode_codes(codes).argmax(dim=1)


take_options(LabelVQGAN)
