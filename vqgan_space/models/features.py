"""A small picture classifier whose features stand in for VGG's where VGG can't be had."""

from __future__ import annotations

from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn


class FeatureNet(ModelMixin, ConfigMixin):
    """Five convolutions with BatchNorm, the second and fourth with stride 2, and a linear head.

    Works at any size of at least 8 x 8; trained on 32 x 32 pictures by ``train/features.py``.
    """

    @register_to_config
    def __init__(self, widths: tuple[int, ...] = (32, 64, 64, 128, 128), classes: int = 10) -> None:
        super().__init__()
        strides = (1, 2, 1, 2, 1)
        inputs = (3, *widths[:-1])
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(i, o, 3, stride=s, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU()
            )
            for i, o, s in zip(inputs, widths, strides, strict=True)
        )
        self.head = nn.Linear(widths[-1], classes)

    def features(self, images: Tensor) -> list[Tensor]:
        """Pictures (B, 3, H, W) in [-1, 1] to the five stages' activations, shallow first."""
        stages = []
        for stage in self.stages:
            images = stage(images)
            stages.append(images)
        return stages

    def forward(self, images: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) in [-1, 1] to class logits (B, classes)."""
        return self.head(self.features(images)[-1].mean(dim=(2, 3)))
