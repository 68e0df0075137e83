"""PatchGAN: a discriminator that judges overlapping patches (Isola et al., arXiv 1611.07004)."""

from __future__ import annotations

from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn


class PatchDiscriminator(ModelMixin, ConfigMixin):
    """Pictures (B, 3, H, W) to a grid of logits, positive for "real".

    pix2pix's layers as taming-transformers has them: 4x4 convolutions, ``layers`` of them halving
    the picture (3: patches of 70 px), widths doubling up to 8 times ``width``.

    Args:
        norm: "group" (the same in training and evaluation and for any number of processes) or
            "batch", as in pix2pix.
    """

    @register_to_config
    def __init__(
        self, in_channels: int = 3, width: int = 64, layers: int = 3, norm: str = "group"
    ) -> None:
        super().__init__()
        if norm not in ("group", "batch"):
            raise ValueError(f'norm must be "group" or "batch", got {norm!r}')
        stages: list[nn.Module] = [
            nn.Sequential(nn.Conv2d(in_channels, width, 4, 2, 1), nn.LeakyReLU(0.2))
        ]
        channels = width
        for layer in range(1, layers + 1):
            inputs, channels = channels, width * min(2**layer, 8)
            stages.append(
                nn.Sequential(
                    nn.Conv2d(inputs, channels, 4, 2 if layer < layers else 1, 1, bias=False),
                    nn.GroupNorm(8, channels) if norm == "group" else nn.BatchNorm2d(channels),
                    nn.LeakyReLU(0.2),
                )
            )
        self.stages = nn.ModuleList(stages)
        self.head = nn.Conv2d(channels, 1, 4, 1, 1)
        self.apply(_normal_weights)

    def features(self, images: Tensor) -> list[Tensor]:
        """The activations of every stage, for feature matching, shallow first."""
        found = []
        for stage in self.stages:
            images = stage(images)
            found.append(images)
        return found

    def forward(self, images: Tensor) -> Tensor:
        """Logits of the patches, (B, 1, h, w)."""
        return self.head(self.features(images)[-1])


def _normal_weights(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
