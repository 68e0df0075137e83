"""Conditional VAE (Sohn et al., NeurIPS 2015; Kingma & Welling, arXiv 1312.6114): a small one.

It makes pictures of a class (grey, 28 x 28 pixels) or of a text's CLIP embedding (colour, 64, 128
or 256 pixels). The condition meets features and latents in one of two ways: *concat* joins it to
them, *add* adds it to them. Without a condition it is the plain VAE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

Conditioning = Literal["concat", "add"]
GREY, SIZES = 28, (28, 64, 128, 256)
# Channels after each halving of the side, down to 4 x 4 positions.
CHANNELS = {
    28: (32, 64, 128),
    64: (32, 64, 128, 256),
    128: (32, 64, 128, 256, 512),
    256: (32, 64, 128, 256, 512, 512),
}
POSITIONS = 4 * 4
# Bounds of the logarithm of the variance, within which exp() neither vanishes nor overflows.
LOGVAR = (-30.0, 20.0)


@dataclass(frozen=True)
class CVAEOutput:
    """What a CVAE makes of pictures.

    Attributes:
        logits: of the reconstruction, (B, C, H, W): a sigmoid takes them to [0, 1].
        mean, logvar: of the latents' Gaussian, (B, D).
    """

    logits: Tensor
    mean: Tensor
    logvar: Tensor

    @property
    def sample(self) -> Tensor:
        """The reconstruction, (B, C, H, W) in [0, 1]."""
        return self.logits.float().sigmoid()


class CVAE(ModelMixin, ConfigMixin):
    """Pictures (B, C, H, W) in [0, 1] to latents (B, D) and back, given a condition.

    A condition is a class each, (B,) of int64, or a text embedding each, (B, ``text_dim``).

    Args:
        size: side of a picture: 28 (grey), 64, 128 or 256 (colour).
        condition: "concat", "add", or None: the plain VAE.
        num_classes: how many classes there are; not read where ``text_dim`` is given.
        text_dim: numbers a text embedding; None: it is conditioned on classes.
        latent_dim: D; None: 128 for grey pictures, 512 for colour.
        channels: after each halving of the side in the encoder; None: ``CHANNELS``.
        condition_width: numbers that "concat" joins to the features: of a class's embedding, which
            is joined to z as well, or of a linear layer over a text's. None: 32 and 1024.
        text_width: numbers of a linear layer over a text's embedding before it meets z in "concat";
            None: the embedding itself does.
        text_encoder: name of the CLIP that embeds its texts, for who loads it.

    Raises:
        ValueError: a size or a condition that there is not, or channels that don't reach 4 x 4.
    """

    config: Any

    @register_to_config
    def __init__(
        self,
        *,
        size: int = GREY,
        condition: Conditioning | None = "concat",
        num_classes: int = 10,
        text_dim: int | None = None,
        latent_dim: int | None = None,
        channels: Sequence[int] | None = None,
        condition_width: int | None = None,
        text_width: int | None = None,
        text_encoder: str | None = None,
    ) -> None:
        super().__init__()
        if size not in SIZES:
            raise ValueError(f"size must be one of {', '.join(map(str, SIZES))}, not {size}")
        if condition not in ("concat", "add", None):
            raise ValueError(f'condition must be "concat", "add" or None, not {condition!r}')
        widths = tuple(channels or CHANNELS[size])
        if len(widths) != len(CHANNELS[size]):
            raise ValueError(f"{size} pixels take {len(CHANNELS[size])} channels, got {widths}")
        self.latent_dim = latent_dim or (128 if size == GREY else 512)
        self.is_of_text = condition is not None and text_dim is not None
        features = widths[-1] * POSITIONS
        make = _grey if size == GREY else _colour
        self.encoder, self.decoder = make(widths)

        joined, joined_to_z = 0, 0
        self.encoder_condition: nn.Module = nn.Identity()
        self.decoder_condition: nn.Module = nn.Identity()
        if condition == "concat" and text_dim is not None:
            joined, joined_to_z = condition_width or 1024, text_width or text_dim
            self.encoder_condition = nn.Linear(text_dim, joined)
            if text_width is not None:
                self.decoder_condition = nn.Linear(text_dim, text_width)
        elif condition == "concat":
            joined = joined_to_z = condition_width or 32
            self.encoder_condition = nn.Embedding(num_classes, joined)
        elif condition == "add" and text_dim is not None:
            self.encoder_condition = nn.Linear(text_dim, features)
            self.decoder_condition = nn.Linear(text_dim, self.latent_dim)
        elif condition == "add":
            self.encoder_condition = nn.Embedding(num_classes, features)
            self.decoder_condition = nn.Embedding(num_classes, self.latent_dim)
        self.mean = nn.Linear(features + joined, self.latent_dim)
        self.logvar = nn.Linear(features + joined, self.latent_dim)
        self.from_latents = nn.Linear(self.latent_dim + joined_to_z, features)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of a picture."""
        return (1 if self.config.size == GREY else 3, self.config.size, self.config.size)

    def encode(self, pictures: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Pictures (B, C, H, W) in [0, 1] to mean and logvar of their latents, (B, D) each.

        Raises:
            ValueError: pictures or a condition of another shape.
        """
        if pictures.ndim != 4 or tuple(pictures.shape[1:]) != self.shape:
            wanted = ", ".join(map(str, self.shape))
            raise ValueError(f"pictures must be (B, {wanted}), got {tuple(pictures.shape)}")
        condition = self._checked(condition, len(pictures))
        features = self.encoder(pictures.to(self.mean.weight.dtype)).flatten(1)  # (B, C * 16)
        features = self._meet(features, self.encoder_condition, condition)
        return self.mean(features), self.logvar(features).clamp(*LOGVAR)

    def decode_logits(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Latents (B, D) to pictures' logits (B, C, H, W).

        Raises:
            ValueError: latents or a condition of another shape.
        """
        hidden = self.join(latents, condition)
        return self.decoder(hidden.unflatten(1, (-1, 4, 4)))  # (B, C * 16) -> (B, C, 4, 4)

    def join(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Latents (B, D) and their condition to what the decoder's convolutions read, (B, C * 16).

        Raises:
            ValueError: latents or a condition of another shape.
        """
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim:
            raise ValueError(f"latents must be (B, {self.latent_dim}), got {tuple(latents.shape)}")
        condition = self._checked(condition, len(latents))
        latents = latents.to(self.mean.weight.dtype)
        # One embedding of the class serves both sides where it is joined.
        is_shared = self.config.condition == "concat" and not self.is_of_text
        layer = self.encoder_condition if is_shared else self.decoder_condition
        return self.from_latents(self._meet(latents, layer, condition))

    def decode(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Latents (B, D) to pictures (B, C, H, W) in [0, 1]."""
        return self.decode_logits(latents, condition).float().sigmoid()

    def forward(
        self,
        pictures: Tensor,
        condition: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> CVAEOutput:
        """Encode, draw z = mean + exp(logvar / 2) * noise (1312.6114, sec. 2.4), decode."""
        mean, logvar = self.encode(pictures, condition)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
        latents = mean + (logvar / 2).exp() * noise
        return CVAEOutput(self.decode_logits(latents, condition), mean, logvar)

    def _meet(self, values: Tensor, layer: nn.Module, condition: Tensor | None) -> Tensor:
        """Features or latents (B, N), with the condition joined or added."""
        if condition is None:
            return values
        given = layer(condition)
        if self.config.condition == "add":
            return values + given
        return torch.cat([values, given.to(values.dtype)], dim=1)

    def _checked(self, condition: Tensor | None, batch: int) -> Tensor | None:
        if self.config.condition is None:
            return None
        wanted = (batch, self.config.text_dim) if self.is_of_text else (batch,)
        if condition is None or tuple(condition.shape) != wanted:
            kind = "text embeddings" if self.is_of_text else "classes"
            got = None if condition is None else tuple(condition.shape)
            raise ValueError(f"its condition must be {kind} of shape {wanted}, got {got}")
        if self.is_of_text:
            return condition.to(self.mean.weight.dtype)
        if condition.is_floating_point():
            raise ValueError("its condition must be classes, whole numbers")
        classes = self.config.num_classes
        if batch and not 0 <= int(condition.min()) <= int(condition.max()) < classes:
            raise ValueError(f"a class must be from 0 to {classes - 1}")
        return condition


def _grey(channels: Sequence[int]) -> tuple[nn.Sequential, nn.Sequential]:
    """28 -> 14 -> 7 -> 4 pixels a side, and back."""
    down: list[nn.Module] = []
    for inputs, outputs in zip((1, *channels), channels, strict=False):
        down += [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), nn.ReLU()]
    first, second, third = channels
    up = nn.Sequential(
        nn.ConvTranspose2d(third, second, 2, stride=2, padding=1, output_padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(second, first, 3, stride=2, padding=1, output_padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(first, 1, 3, stride=2, padding=1, output_padding=1),
    )
    return nn.Sequential(*down), up


def _colour(channels: Sequence[int]) -> tuple[nn.Sequential, nn.Sequential]:
    """The side halved once a number, down to 4, and back up to half the first number's channels."""
    down: list[nn.Module] = []
    for inputs, outputs in zip((3, *channels), channels, strict=False):
        convolution = nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)
        down += [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]
    wide = (*channels[::-1], channels[0] // 2)
    up: list[nn.Module] = []
    for inputs, outputs in pairwise(wide):
        transposed = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
        up += [transposed, nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*down), nn.Sequential(*up, nn.Conv2d(wide[-1], 3, 3, padding=1))
