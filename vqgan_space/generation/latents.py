"""Edits of latents: scale, one channel, noise, interpolation; before quantising or after.

Before: picture -> latents -> edit -> nearest codes -> decode, so what is decoded is always made of
codes. After: picture -> latents -> codes -> codebook vectors -> edit -> decode, so the decoder sees
latents that are no codebook vectors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from vqgan_space.generation.seeds import generator
from vqgan_space.images import fit, fit_pair, to_pictures, to_tensor
from vqgan_space.models.codes_model import CodesModel

ORDERS = ("before", "after")


def scale(latents: Tensor, factor: float) -> Tensor:
    """Latents (B, D, h, w) times ``factor``."""
    return latents * _finite(factor, "scale")


def scale_channel(latents: Tensor, channel: int, factor: float) -> Tensor:
    """One of the D channels of latents (B, D, h, w) times ``factor``.

    Raises:
        ValueError: no such channel; the sentence names how many there are.
    """
    channels = latents.shape[1]
    if not 0 <= channel < channels:
        raise ValueError(
            f"There is no channel {channel}: these latents have {channels} channels, "
            f"0 to {channels - 1}."
        )
    edited = latents.clone()
    edited[:, channel] *= _finite(factor, "factor of the channel")
    return edited


def add_noise(latents: Tensor, std: float, *, seed: int) -> Tensor:
    """Latents (B, D, h, w) plus Gaussian noise.

    Args:
        std: standard deviation of the noise as a multiple of these latents' own, picture by
            picture, so that the same number means as much with every model.
    """
    if _finite(std, "noise") < 0:
        raise ValueError(f"The noise must be 0 or more, got {std}.")
    noise = torch.randn(latents.shape, generator=generator(seed)).to(latents)
    own = latents.std(dim=(1, 2, 3), correction=0, keepdim=True)  # (B, 1, 1, 1)
    return latents + std * own * noise


def interpolate(first: Tensor, second: Tensor, steps: int) -> Tensor:
    """``steps`` latents from ``first`` to ``second`` on a straight line, both ends included.

    Args:
        first, second: latents (1, D, h, w).

    Returns:
        (steps, D, h, w), the ends exact.

    Raises:
        ValueError: different shapes, or fewer than 2 steps.
    """
    if first.shape != second.shape or first.ndim != 4 or first.shape[0] != 1:
        raise ValueError(
            f"Both latents must be (1, D, h, w), got {tuple(first.shape)} and "
            f"{tuple(second.shape)}: bring the pictures to one size first."
        )
    if steps < 2:
        raise ValueError(f"An interpolation has at least 2 frames, got {steps}.")
    weights = torch.linspace(0, 1, steps, device=first.device).view(-1, 1, 1, 1)
    return first * (1 - weights) + second * weights  # (steps, D, h, w)


@dataclass(frozen=True)
class LatentsEdit:
    """One edit, applied in this order.

    Attributes:
        scale: factor of all latents.
        channel, channel_factor: one channel and its factor.
        noise: standard deviation as a multiple of the latents' own.
        seed: of the noise.
    """

    scale: float = 1.0
    channel: int = 0
    channel_factor: float = 1.0
    noise: float = 0.0
    seed: int = 0

    def apply(self, latents: Tensor) -> Tensor:
        """Latents (B, D, h, w), edited."""
        latents = scale(latents, self.scale)
        latents = scale_channel(latents, self.channel, self.channel_factor)
        return add_noise(latents, self.noise, seed=self.seed)


@dataclass(frozen=True, eq=False)
class Edited:
    """What an edit gives.

    Attributes:
        images: pictures (B, 3, H, W), about [-1, 1].
        codes: (B, h, w): of the edited latents where the edit came before quantising, of the
            unedited ones where it came after.
    """

    images: Tensor
    codes: Tensor


@torch.inference_mode()
def encode_latents(model: CodesModel, picture: Image.Image, longest: int | None = None) -> Tensor:
    """A picture as latents before quantisation, (1, D, h, w).

    Args:
        longest: the longer side is at most this many pixels; None: ``model.longest``.
    """
    fitted = fit(picture, model.factor, longest or model.longest)
    images = to_tensor(fitted).to(model.codebook.device)
    return model.encode(images)[0]


@torch.inference_mode()
def edit_latents(
    model: CodesModel, latents: Tensor, edit: LatentsEdit, quantize: str = "before"
) -> Edited:
    """Decode edited latents.

    Args:
        latents: (B, D, h, w).
        quantize: "before": the edit comes before quantising; "after": it comes after.

    Raises:
        ValueError: another word, or what the edits themselves refuse.
    """
    _check_order(quantize)
    if quantize == "before":
        codes = model.nearest_codes(edit.apply(latents))
        return Edited(model.decode_codes(codes), codes)
    codes = model.nearest_codes(latents)
    return Edited(model.decode_latents(edit.apply(model.lookup(codes))), codes)


def edit_picture(
    model: CodesModel,
    picture: Image.Image,
    edit: LatentsEdit,
    quantize: str = "before",
    longest: int | None = None,
) -> Image.Image:
    """A picture with its latents edited; see ``edit_latents``."""
    latents = encode_latents(model, picture, longest)
    return to_pictures(edit_latents(model, latents, edit, quantize).images)[0]


@torch.inference_mode()
def edit_codes_latents(
    model: CodesModel, codes: Tensor, edit: LatentsEdit, quantize: str = "after"
) -> Image.Image:
    """The picture of codes (h, w) with their codebook vectors edited; see ``edit_latents``."""
    latents = model.lookup(codes[None].to(model.codebook.device))
    return to_pictures(edit_latents(model, latents, edit, quantize).images)[0]


def interpolate_pictures(
    model: CodesModel,
    first: Image.Image,
    second: Image.Image,
    steps: int,
    quantize: str = "before",
    longest: int | None = None,
) -> Iterator[Image.Image]:
    """``steps`` frames from one picture to the other, one at a time.

    The second picture is cropped and resized to the first one's size.

    Args:
        quantize: "before": the latents are mixed before quantising, so every frame is made of
            codes; "after": the codebook vectors are mixed.
    """
    _check_order(quantize)
    first, second = fit_pair(first, second, model.factor, longest or model.longest)
    ends = [encode_latents(model, picture, longest) for picture in (first, second)]
    if quantize == "after":
        ends = [_quantised(model, latents) for latents in ends]
    # Entered frame by frame: a mode held across a yield would leak into the caller.
    with torch.inference_mode():
        path = interpolate(ends[0], ends[1], steps)
    for latents in path.split(1):
        with torch.inference_mode():
            if quantize == "before":
                latents = model.lookup(model.nearest_codes(latents))
            frame = to_pictures(model.decode_latents(latents))[0]
        yield frame


@torch.inference_mode()
def _quantised(model: CodesModel, latents: Tensor) -> Tensor:
    return model.lookup(model.nearest_codes(latents))


def _check_order(quantize: str) -> None:
    if quantize not in ORDERS:
        raise ValueError(f"Latents are edited before or after quantising, got {quantize!r}.")


def _finite(value: float, name: str) -> float:
    if not math.isfinite(value):
        raise ValueError(f"The {name} must be a finite number, got {value}.")
    return value
