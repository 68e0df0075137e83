"""What a guided run starts from: latents (B, D, h, w) of random codes, a picture, or a draft."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from PIL import Image, ImageColor, ImageOps
from torch import Tensor

from vqgan_space.generation.given import Progress
from vqgan_space.generation.seeds import generator, variant_seeds
from vqgan_space.generation.synthesizer import Synthesizer
from vqgan_space.generation.windows import Size
from vqgan_space.images import to_tensor
from vqgan_space.models.clip import CLIP
from vqgan_space.models.codes_model import CodesModel
from vqgan_space.models.conditions import VectorCondition

from .prompts import Prompt, Target, embed_prompts

MAX_SIDE = 512


def check_size(vqgan: CodesModel, size: tuple[int, int]) -> Size:
    """Height and width in codes of a picture of ``size``, height and width in pixels.

    Raises:
        ValueError: sides that are no multiples of what a code stands for, or too large.
    """
    factor = vqgan.factor
    if any(not factor <= side <= MAX_SIDE or side % factor for side in size):
        raise ValueError(
            f"Both sides of the picture must be multiples of {factor} up to {MAX_SIDE} pixels, "
            f"got {size[1]} x {size[0]}."
        )
    return size[0] // factor, size[1] // factor


@torch.no_grad()
def from_noise(vqgan: CodesModel, size: Size, seeds: Sequence[int]) -> Tensor:
    """Codes at random, (B, D, h, w): ``size`` is h and w."""
    count = vqgan.codebook.shape[0]
    codes = [torch.randint(count, size, generator=generator(seed)) for seed in seeds]
    return vqgan.lookup(torch.stack(codes).to(vqgan.codebook.device)).clone()


@torch.no_grad()
def from_picture(vqgan: CodesModel, picture: Image.Image, size: Size, count: int = 1) -> Tensor:
    """A picture, cropped to ``size`` in codes and encoded: (count, D, h, w), all the same.

    Raises:
        ValueError: a picture of no size.
    """
    if 0 in picture.size:
        raise ValueError("The starting picture has no pixels: choose another.")
    height, width = (side * vqgan.factor for side in size)
    fitted = ImageOps.fit(picture.convert("RGB"), (width, height), Image.Resampling.LANCZOS)
    latents = vqgan.encode(to_tensor(fitted).to(vqgan.codebook.device))[0]
    return latents.float().repeat(count, 1, 1, 1)


@torch.no_grad()
def from_codes(vqgan: CodesModel, codes: Tensor, count: int = 1) -> Tensor:
    """Codes (h, w) as latents (count, D, h, w), all the same."""
    return vqgan.lookup(codes[None].to(vqgan.codebook.device)).repeat(count, 1, 1, 1)


def gradient(top: str, bottom: str, size: tuple[int, int]) -> Image.Image:
    """A picture of ``size``, height and width in pixels, from one colour at its top to another.

    Raises:
        ValueError: no such colour.
    """
    ends = []
    for name in (top, bottom):
        try:
            ends.append(ImageColor.getrgb(name)[:3])
        except ValueError as error:
            raise ValueError(
                f"There is no colour {name!r}: write a name or #rrggbb, such as #7fb2e5."
            ) from error
    share = np.linspace(0, 1, size[0])[:, None, None]  # (H, 1, 1)
    pixels = (1 - share) * np.array(ends[0]) + share * np.array(ends[1])
    return Image.fromarray(np.broadcast_to(pixels.round(), (*size, 3)).astype(np.uint8).copy())


def draft_steps(
    synthesizer: Synthesizer,
    embedding: Tensor | None,
    size: Size,
    seeds: Sequence[int],
    steps: int = 10,
    guidance: float = 6.0,
    top_p: float = 0.8,
) -> Iterator[Progress]:
    """A masked prior writes codes, step by step.

    Args:
        synthesizer: the set that drafts.
        embedding: what it is to show, as ``draft_embedding`` makes it; None: anything.
        size: h and w.
        steps, guidance, top_p: of the sampling; a small prior's unlikely codes are mostly wrong.

    Raises:
        ValueError: a set whose prior is not a masked one.
    """
    if not synthesizer.is_masked:
        raise ValueError("This set makes no drafts: its prior is not a masked one.")
    options = {"seed": list(seeds), "steps": steps, "guidance": guidance, "top_p": top_p}
    return synthesizer.sample_steps(embedding, size, **options)  # type: ignore[arg-type]


def draft_embedding(
    synthesizer: Synthesizer, clip: CLIP, prompts: Sequence[Prompt]
) -> Tensor | None:
    """The condition (1, D) of a drafting set: the direction of all prompts together.

    None for a set that reads no embeddings, of whose drafts ``best`` chooses one.

    Raises:
        ValueError: the set reads embeddings of another CLIP.
    """
    condition = synthesizer.condition
    if not isinstance(condition, VectorCondition):
        return None
    if condition.dim != clip.dim:
        raise ValueError(
            f"This set reads embeddings of {condition.dim} numbers, but this CLIP makes "
            f"{clip.dim}: choose the CLIP that it was trained with."
        )
    return wanted(embed_prompts(clip, prompts))[None].float().cpu()  # (1, D)


def wanted(targets: Sequence[Target]) -> Tensor:
    """The direction (D,) of all targets together, by their weights."""
    total = torch.stack([target.weight * target.embedding for target in targets]).sum(dim=0)
    return torch.nn.functional.normalize(total, dim=0)


def candidate_seeds(seeds: Sequence[int], count: int) -> list[int]:
    """``count`` seeds for each, the first of them itself."""
    return [each for seed in seeds for each in variant_seeds(seed, count)]


@torch.no_grad()
def choose(
    vqgan: CodesModel,
    clips: Sequence[CLIP],
    prompts: Sequence[Prompt],
    candidates: Tensor,
    count: int,
    batch: int = 8,
) -> Tensor:
    """Of every ``count`` candidates the one whose picture the CLIPs find nearest to the prompts.

    Liu et al., *FuseDream* (arXiv 2112.01573), sec. 3.2: a good start saves steps.

    Args:
        candidates: latents (B * count, D, h, w).

    Returns:
        Their numbers (B,), on the CPU.
    """
    groups = torch.arange(len(candidates)).view(-1, count)
    if count == 1:
        return groups[:, 0]
    scores = torch.zeros(len(candidates))
    directions = [(clip, wanted(embed_prompts(clip, prompts))) for clip in clips]
    for first in range(0, len(candidates), batch):
        part = slice(first, first + batch)
        codes = vqgan.nearest_codes(candidates[part])
        pictures = vqgan.decode_codes(codes).float().clamp(-1, 1)
        for clip, direction in directions:
            scores[part] += (clip.embed_pictures(pictures.to(clip.device)) @ direction).cpu()
    return groups[torch.arange(len(groups)), scores.view(-1, count).argmax(dim=1)]


def best(
    vqgan: CodesModel,
    clips: Sequence[CLIP],
    prompts: Sequence[Prompt],
    candidates: Tensor,
    count: int,
) -> Tensor:
    """What ``choose`` chooses of candidates (B * count, D, h, w): (B, D, h, w)."""
    return candidates[choose(vqgan, clips, prompts, candidates, count).to(candidates.device)]
