"""A small U-Net that says which class every pixel of a picture has: the judge of synthesised ones.

Ronneberger et al., *U-Net* (arXiv 1505.04597), with sums in place of concatenations and residual
blocks. It works on squares of 2 x 2 pixels as one position with four times the channels (space to
depth, arXiv 1609.05158), which costs a processor a quarter and loses no edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn


class Residual(nn.Module):
    """x + BatchNorm(conv(x)), rectified: (B, C, h, w) -> (B, C, h, w)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm(self.conv(x)))


def _convolution(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


class Segmenter(ModelMixin, ConfigMixin):
    """Pictures (B, 3, H, W) in [-1, 1] -> class logits (B, C, H, W).

    Args:
        num_classes: C, how many classes the label set has.
        classes: the ids that occur where it was trained: it tells these apart, and every other
            has the logit minus infinity. None: all of them.
        widths: channels at 1/2, 1/4, 1/8, ... of the picture's sides.
    """

    config: Any

    @register_to_config
    def __init__(
        self,
        *,  # diffusers' from_config forgets what was given by position
        num_classes: int = 182,
        classes: Sequence[int] | None = None,
        widths: Sequence[int] = (32, 48, 64, 96, 112),
    ) -> None:
        super().__init__()
        ids = list(range(num_classes)) if classes is None else list(classes)
        if not ids or len(set(ids)) < len(ids) or not 0 <= min(ids) <= max(ids) < num_classes:
            raise ValueError(f"classes must be different ids from 0 to {num_classes - 1}")
        self.ids: Tensor
        self.register_buffer("ids", torch.tensor(ids), persistent=False)
        inputs = (12, *widths[:-1])
        self.down = nn.ModuleList(
            nn.Sequential(_convolution(i, o, stride=1 if level == 0 else 2), Residual(o))
            for level, (i, o) in enumerate(zip(inputs, widths, strict=True))
        )
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))  # deep to shallow
        self.narrow = nn.ModuleList(_convolution(i, o, kernel=1) for i, o in pairs)
        self.up = nn.ModuleList(Residual(o) for _, o in pairs)
        self.head = nn.Conv2d(widths[0], 4 * len(ids), 1)

    @property
    def factor(self) -> int:
        """What both sides of a picture are multiples of."""
        return 2 ** len(self.config.widths)

    def forward(self, pictures: Tensor, known_only: bool = False) -> Tensor:
        """Class logits (B, C, H, W), minus infinity for classes that it does not know.

        Args:
            pictures: (B, 3, H, W) in [-1, 1].
            known_only: the logits of the known classes alone, (B, len(ids), H, W) in the order of
                ``ids``: with few classes of many this costs a fraction.

        Raises:
            ValueError: no pictures, or sides that are no multiples of ``factor``.
        """
        stages = self._stages(pictures)
        x = stages.pop()
        for narrow, up in zip(self.narrow, self.up, strict=True):
            x = up(stages.pop() + F.interpolate(narrow(x), scale_factor=2, mode="nearest"))
        scores = F.pixel_shuffle(self.head(x), 2)  # (B, 4 * n, H / 2, W / 2) -> (B, n, H, W)
        if known_only:
            return scores
        batch, _, height, width = scores.shape
        logits = scores.new_full((batch, self.config.num_classes, height, width), -torch.inf)
        logits[:, self.ids] = scores
        return logits

    @torch.no_grad()
    def label_maps(self, pictures: Tensor) -> Tensor:
        """The likeliest ids (B, H, W), int64."""
        return self.ids[self(pictures, known_only=True).argmax(dim=1)]

    @torch.no_grad()
    def features(self, pictures: Tensor) -> Tensor:
        """What a picture shows, without where: the deepest stage's means, (B, D), float32."""
        return self._stages(pictures)[-1].float().mean(dim=(2, 3))

    def _stages(self, pictures: Tensor) -> list[Tensor]:
        """Activations of the way down, (B, widths[i], H / 2^(i + 1), W / 2^(i + 1))."""
        if pictures.ndim != 4 or pictures.shape[1] != 3:
            raise ValueError(f"pictures must be (B, 3, H, W), got {tuple(pictures.shape)}")
        height, width = pictures.shape[-2:]
        if height % self.factor or width % self.factor or not height or not width:
            raise ValueError(
                f"both sides of a picture must be multiples of {self.factor}, "
                f"got {height} x {width}"
            )
        x = F.pixel_unshuffle(pictures.to(self.head.weight.dtype), 2)  # (B, 12, H / 2, W / 2)
        stages = []
        for stage in self.down:
            x = stage(x)
            stages.append(x)
        return stages
