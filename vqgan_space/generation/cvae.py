"""Pictures from a CVAE: of classes, of a text, along two latents, between two words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..models.cvae import CVAE
from .seeds import generator, variant_seeds

MOST_PICTURES = 64
LONGEST_CAPTION = 2000
HOTTEST = 2.0


class LongTextEncoder(Protocol):
    """What is asked of a CLIP here."""

    @property
    def dim(self) -> int:
        """Numbers of an embedding."""

    def embed_long_text(self, text: str) -> Tensor:
        """Sentences' mean, (D,)."""


def draw_latents(model: CVAE, seeds: Sequence[int], temperature: float = 1.0) -> Tensor:
    """A z from N(0, temperature^2) for every seed, (N, D): the same on any machine.

    Raises:
        ValueError: no seed, too many, or a temperature out of range.
    """
    if not 1 <= len(seeds) <= MOST_PICTURES:
        raise ValueError(f"Ask for 1 to {MOST_PICTURES} pictures, not {len(seeds)}.")
    if not 0 <= temperature <= HOTTEST:
        raise ValueError(f"The temperature must be from 0 to {HOTTEST:g}, not {temperature:g}.")
    noise = [torch.randn(model.latent_dim, generator=generator(seed)) for seed in seeds]
    return temperature * torch.stack(noise)


@torch.inference_mode()
def sample_classes(
    model: CVAE, classes: Sequence[int], seed: int | Sequence[int] = 0, temperature: float = 1.0
) -> list[Image.Image]:
    """A picture for every class, the n-th with the n-th of ``variant_seeds(seed, N)``.

    A plain VAE takes the seeds alone: what it makes is of no class in particular.

    Args:
        model: of classes, or without a condition.
        classes: N of them.
        seed: of all, or one for each picture.
        temperature: spread of z; 0: the class's middle.

    Raises:
        ValueError: a model of texts, a class that there is not, too many pictures, or seeds or a
            temperature out of range.
    """
    if model.is_of_text:
        raise ValueError("This model makes pictures of texts, not of classes: choose another set.")
    if not len(classes):
        raise ValueError("Name one class or more.")
    latents = draw_latents(model, _seeds(seed, len(classes)), temperature)
    return to_images(_decode(model, latents, torch.tensor(list(classes), dtype=torch.int64)))


@torch.inference_mode()
def sample_embedding(
    model: CVAE, embedding: Tensor, seeds: Sequence[int], temperature: float = 1.0
) -> list[Image.Image]:
    """A picture of a text's embedding (D,) for every seed.

    Raises:
        ValueError: a model of classes, another CLIP's embedding, or what ``draw_latents`` refuses.
    """
    if model.config.condition is not None and not model.is_of_text:
        raise ValueError("This model makes pictures of classes, not of texts: choose another set.")
    if model.is_of_text and embedding.shape != (model.config.text_dim,):
        raise ValueError(
            f"The set was trained with texts of {model.config.text_dim} numbers, but this CLIP has "
            f"{len(embedding)}: choose the one that it names."
        )
    latents = draw_latents(model, seeds, temperature)
    return to_images(_decode(model, latents, embedding.expand(len(latents), -1)))


def sample_text(
    model: CVAE,
    text: str,
    count: int = 4,
    seed: int = 0,
    temperature: float = 1.0,
    encoder: LongTextEncoder | None = None,
) -> list[Image.Image]:
    """Pictures of a text, of one sentence or several, whose embeddings are averaged.

    Args:
        model: of texts.
        text: at most 2,000 characters, in Latin letters.
        count: how many.
        seed: of the first; the others' follow from it.
        temperature: spread of z.
        encoder: a CLIP; None: the one that the model names.

    Raises:
        ValueError: a text that can't be read, or what ``sample_embedding`` refuses.
    """
    text = check_caption(text)
    if encoder is None:
        from ..hub import load_clip

        encoder = load_clip(model.config.text_encoder or "clip-scenes")
    with torch.inference_mode():
        embedding = encoder.embed_long_text(text)
    return sample_embedding(model, embedding, variant_seeds(seed, count), temperature)


def check_caption(text: str | None) -> str:
    """The text without what surrounds it.

    Raises:
        ValueError: it is empty, too long, or has no Latin letters to read.
    """
    text = (text or "").strip()
    if not text:
        raise ValueError("Write a caption: one sentence or several.")
    if len(text) > LONGEST_CAPTION:
        raise ValueError(
            f"The caption has {len(text):,} characters: shorten it to {LONGEST_CAPTION:,}."
        )
    if not re.search("[A-Za-z]", text):
        raise ValueError("The caption has no English word in it: write it in Latin letters.")
    return text


@torch.inference_mode()
def reconstruct(model: CVAE, pictures: Tensor, classes: Tensor | None = None) -> Tensor:
    """Pictures (B, C, H, W) in [0, 1], decoded from the means of their latents: the same shape."""
    mean, _ = model.encode(pictures, classes)
    return model.decode(mean, classes)


@torch.inference_mode()
def walk_grid(
    model: CVAE,
    label: int,
    dimensions: tuple[int, int],
    *,
    side: int = 9,
    reach: float = 2.5,
    seed: int = 0,
    temperature: float = 0.0,
) -> list[list[Image.Image]]:
    """Pictures of one class while two latents go from -reach to reach: ``side`` rows of ``side``.

    Args:
        model: of classes, or without a condition.
        label: the class.
        dimensions: the latents that change along a row, and from row to row.
        side: pictures a side.
        reach: how far they go, in standard deviations of the prior.
        seed, temperature: of the other latents; 0: all others are 0.

    Raises:
        ValueError: latents that there are not, or one twice.
    """
    across, down = dimensions
    highest = model.latent_dim - 1
    if across == down or not (0 <= across <= highest and 0 <= down <= highest):
        raise ValueError(f"Choose two different latents from 0 to {highest}.")
    latents = draw_latents(model, [seed], temperature).repeat(side * side, 1)
    steps = torch.linspace(-reach, reach, side)
    latents[:, across] = steps.repeat(side)
    latents[:, down] = steps.repeat_interleave(side)
    images = to_images(_decode(model, latents, torch.full((side * side,), label)))
    return [images[at : at + side] for at in range(0, side * side, side)]


@torch.inference_mode()
def busiest_latents(model: CVAE, label: int, reach: float = 2.0) -> tuple[int, int]:
    """The two latents that change a class's picture most when they go from -reach to reach."""
    steps = reach * torch.eye(model.latent_dim)
    given = torch.full((model.latent_dim,), label)
    low, high = _decode(model, -steps, given), _decode(model, steps, given)
    changes = (high - low).square().flatten(1).mean(1)
    first, second = changes.topk(2).indices.tolist()
    return first, second


@torch.inference_mode()
def morph(
    model: CVAE,
    first: int,
    second: int,
    *,
    steps: int = 8,
    seed: int = 0,
    temperature: float = 1.0,
) -> list[Image.Image]:
    """From one class to another with z held: pictures of embeddings on the line between theirs.

    Raises:
        ValueError: a model without classes, or fewer than two steps.
    """
    if model.config.condition is None or model.is_of_text:
        raise ValueError("Only a model of classes goes from one word to another.")
    if steps < 2:
        raise ValueError(f"A way between two words takes two pictures or more, not {steps}.")
    latents = draw_latents(model, [seed], temperature).repeat(steps, 1)
    shares = torch.linspace(0, 1, steps)[:, None]
    start, end = (_hidden(model, latents, label) for label in (first, second))
    # The decoder's first layer is linear: what it makes of embeddings on a line lies on a line.
    between = torch.lerp(start, end, shares.to(start.device))
    return to_images(model.decoder(between.unflatten(1, (-1, 4, 4))).float().sigmoid())


def similarity(output: Tensor, target: Tensor) -> float:
    """Mean structural similarity of pictures (B, C, H, W) in [0, 1]; 1: they are the same."""
    from ..training.metrics import ssim

    return ssim(output * 2 - 1, target * 2 - 1).mean().item()


def to_images(pictures: Tensor) -> list[Image.Image]:
    """Pictures (B, C, H, W) in [0, 1] as grey or RGB ones."""
    array = (pictures.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(each[:, :, 0] if each.shape[2] == 1 else each) for each in array]


def sheet(rows: Sequence[Sequence[Image.Image]], side: int, gap: int = 2) -> Image.Image:
    """Rows of pictures on one sheet, each ``side`` pixels wide, pixels as squares."""
    width = max(map(len, rows))
    size = (width * (side + gap) - gap, len(rows) * (side + gap) - gap)
    result = Image.new(rows[0][0].mode, size, "white")
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            larger = picture.resize((side, side), Image.Resampling.NEAREST)
            result.paste(larger, (x * (side + gap), y * (side + gap)))
    return result


def from_sprite(sprite: Image.Image, side: int = 28) -> Tensor:
    """The pictures of a sheet without gaps, row by row: (N, 1, side, side) in [0, 1]."""
    array = torch.from_numpy(np.array(sprite.convert("L"))).float() / 255
    tiles = array.unfold(0, side, side).unfold(1, side, side)  # (rows, columns, side, side)
    return tiles.flatten(0, 1)[:, None]


def _decode(model: CVAE, latents: Tensor, condition: Tensor) -> Tensor:
    device = model.device
    given = None if model.config.condition is None else condition.to(device)
    return model.decode(latents.to(device), given).cpu()


def _hidden(model: CVAE, latents: Tensor, label: int) -> Tensor:
    """What the decoder's convolutions start from, (B, C * 16)."""
    return model.join(latents.to(model.device), torch.full((len(latents),), label))


def _seeds(seed: int | Sequence[int], count: int) -> list[int]:
    if isinstance(seed, int):
        return variant_seeds(seed, count)
    if len(seed) != count:
        raise ValueError(f"{count} pictures take {count} seeds, not {len(seed)}.")
    return list(seed)
