"""A picture taken apart into codes and put together again, with the figures of every step."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Protocol

import torch
from PIL import Image
from torch import Tensor

from vqgan_space.generation.codes_picture import Usage, usage
from vqgan_space.generation.latents import encode_latents
from vqgan_space.images import fit, to_pictures, to_tensor
from vqgan_space.models.codes_model import CodesModel
from vqgan_space.training.metrics import psnr, ssim
from vqgan_space.training.perceptual import load_perceptual


class Perceptual(Protocol):
    """A named perceptual distance: pictures (B, 3, H, W) x 2 in [-1, 1] -> (B,)."""

    @property
    def name(self) -> str: ...

    def __call__(self, output: Tensor, target: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Step:
    """One step, told with the numbers of this very picture."""

    title: str
    sentence: str


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """What ``reconstruct`` gives.

    Attributes:
        original: the picture as the model saw it: fitted, RGB.
        result: the picture decoded from ``codes``, of the same size.
        codes: (h, w) int64, on the CPU.
        latents_shape: (D, h, w).
        psnr: in dB; infinite for equal pictures.
        ssim: at most 1; nan where a side is too short for its window.
        perceptual: distance, 0 for equal pictures; nan where the picture is too small for it.
        perceptual_name: what measured ``perceptual``.
        bits: what the codes take, each ceil(log2 K) bits.
        ratio: 24 bits a pixel against ``bits``.
        usage: how often each code is used.
        steps: what happened, in order.
    """

    original: Image.Image
    result: Image.Image
    codes: Tensor
    latents_shape: tuple[int, int, int]
    psnr: float
    ssim: float
    perceptual: float
    perceptual_name: str
    bits: int
    ratio: float
    usage: Usage
    steps: list[Step]

    def figures(self) -> dict[str, str]:
        """The figures by name, written as they are shown."""
        d, h, w = self.latents_shape
        perceptual = self.perceptual_name[:1].upper() + self.perceptual_name[1:]
        return {
            "PSNR": _number(self.psnr, "{:.2f} dB"),
            "SSIM": _number(self.ssim, "{:.3f}"),
            perceptual: _number(self.perceptual, "{:.3f}"),
            "Latents": f"{d} x {h} x {w}",
            "Codes": f"{h} x {w}, {self.usage.used} different ones",
            "Bits": f"{self.bits:,}",
            "Compression": f"{self.ratio:,.0f} times",
        }


def encode_picture(model: CodesModel, picture: Image.Image, longest: int | None = None) -> Tensor:
    """The codes of a picture, (h, w) int64 on the CPU; fitted first (``images.fit``)."""
    with torch.inference_mode():
        return model.nearest_codes(encode_latents(model, picture, longest))[0].cpu()


def decode_picture(model: CodesModel, codes: Tensor) -> Image.Image:
    """The picture of codes (h, w): the same codes always give the same picture."""
    with torch.inference_mode():
        return to_pictures(model.decode_codes(codes[None].to(model.codebook.device)))[0]


@torch.inference_mode()
def reconstruct(
    model: CodesModel,
    picture: Image.Image,
    *,
    longest: int | None = None,
    perceptual: Perceptual | None = None,
) -> Reconstruction:
    """Encode a picture to codes, decode them, and measure what was lost.

    Args:
        picture: RGB, of any size and aspect ratio.
        longest: the longer side is at most this many pixels; None: ``model.longest``.
        perceptual: measures the perceptual distance; None takes what ``load_perceptual`` finds.
    """
    perceptual = perceptual or _default_perceptual()
    longest = longest or model.longest
    original = fit(picture, model.factor, longest)
    images = to_tensor(original)
    latents = encode_latents(model, original, longest)
    codes = model.nearest_codes(latents)
    decoded = model.decode_codes(codes)
    result = to_pictures(decoded)[0]
    # Measured between the two 8 bit pictures that are shown.
    shown = to_tensor(result)
    height, width = codes.shape[1:]
    num_codes = model.codebook.shape[0]
    bits = height * width * (num_codes - 1).bit_length()
    found = Reconstruction(
        original=original,
        result=result,
        codes=codes[0].cpu(),
        latents_shape=(latents.shape[1], height, width),
        psnr=psnr(shown, images).item(),
        ssim=ssim(shown, images).item(),
        perceptual=_distance(perceptual, shown, images),
        perceptual_name=perceptual.name,
        bits=bits,
        ratio=24 * original.width * original.height / max(bits, 1),
        usage=usage(codes, num_codes),
        steps=[],
    )
    quantised = model.lookup(codes)
    found.steps.extend(_describe(found, picture, images, latents, quantised, decoded, model.factor))
    return found


def _describe(
    found: Reconstruction,
    picture: Image.Image,
    images: Tensor,
    latents: Tensor,
    quantised: Tensor,
    decoded: Tensor,
    factor: int,
) -> list[Step]:
    width, height = found.original.size
    d, h, w = found.latents_shape
    num_codes = len(found.usage.counts)
    moved = (latents - quantised).norm(dim=1).mean().item()
    length = latents.norm(dim=1).mean().item()
    clamped = (decoded.abs() > 1).float().mean().item()
    if picture.size == found.original.size:
        fitted = f"was kept as it is: both sides are multiples of {factor}"
    else:
        fitted = f"was resized to {width} x {height}, where both sides are multiples of {factor}"
    code, count = found.usage.top[0]
    per_code = (num_codes - 1).bit_length()
    return [
        Step(
            "Fit",
            f"The picture of {picture.width} x {picture.height} pixels {fitted}.",
        ),
        Step(
            "To numbers",
            f"It became 3 x {height} x {width} = {3 * height * width:,} numbers between -1 (black) "
            f"and 1 (white), here from {images.min():.2f} to {images.max():.2f} "
            f"with a mean of {images.mean():.2f}.",
        ),
        Step(
            "Encode",
            f"The encoder made {h} x {w} latents of it, one for each square of {factor} x {factor} "
            f"pixels, each of {d} numbers, here from {latents.min():.2f} to {latents.max():.2f} "
            f"with a standard deviation of {latents.std(correction=0):.2f}.",
        ),
        Step(
            "Quantise",
            f"Each latent was replaced by the nearest of the codebook's {num_codes:,} vectors, "
            f"which moved it by {moved:.2f} on average, where a latent is {length:.2f} long.",
        ),
        Step(
            "Codes",
            f"What is left are {h * w:,} indices: {found.usage.used:,} different codes, with a "
            f"perplexity of {found.usage.perplexity:.1f}, and code {code} is the most frequent, "
            f"in {count:,} {'cell' if count == 1 else 'cells'}.",
        ),
        Step(
            "Size",
            f"At {per_code} bits a code they take {found.bits:,} bits "
            f"({math.ceil(found.bits / 8):,} bytes), {found.ratio:,.0f} times less than the "
            f"{3 * width * height:,} bytes of the pixels.",
        ),
        Step(
            "Decode",
            f"The decoder painted {width} x {height} pixels from the codebook vectors alone, with "
            f"values from {decoded.min():.2f} to {decoded.max():.2f}, of which {clamped:.1%} lay "
            "outside -1 to 1 and were cut off there.",
        ),
        Step(
            "Compare",
            f"Against the fitted picture it has a PSNR of {_number(found.psnr, '{:.2f} dB')}, "
            f"an SSIM of {_number(found.ssim, '{:.3f}')} and a {found.perceptual_name} of "
            f"{_number(found.perceptual, '{:.3f}')}.",
        ),
    ]


def _distance(perceptual: Perceptual, output: Tensor, target: Tensor) -> float:
    # The networks halve a picture several times, and have nothing left of a very small one.
    if min(output.shape[-2:]) < 16:
        return math.nan
    return perceptual(output, target).item()


def _number(value: float, form: str) -> str:
    return "too small a picture to tell" if math.isnan(value) else form.format(value)


@functools.cache
def _default_perceptual() -> Perceptual:
    return load_perceptual("auto")
