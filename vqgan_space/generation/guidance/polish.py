"""A guided picture's codes are written anew by the prior, so that it looks drawn and not pulled.

What is pulled towards the mean of all that may be there grows soft. The prior knows what stands
beside what: one random half of the codes is hidden and written anew given the other, then the other
half given the first. What the picture shows stays, since half of it is always there to go by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from vqgan_space.generation.given import Progress
from vqgan_space.generation.seeds import generator, variant_seeds
from vqgan_space.generation.synthesizer import Synthesizer


def polish_steps(
    synthesizer: Synthesizer,
    embedding: Tensor | None,
    codes: Tensor,
    seeds: Sequence[int],
    steps: int = 6,
    guidance: float = 6.0,
    top_p: float = 0.8,
) -> Iterator[Progress]:
    """All codes are written anew, step by step, in two halves.

    Args:
        synthesizer: the set that drafts, with a masked prior.
        embedding: what it is to show, (1, D), as ``draft_embedding`` makes it; None: anything.
        codes: (B, h, w).
        seeds: of each picture. The same seed gives the same picture, alone or among others.
        steps, guidance, top_p: of the sampling of each half.

    Yields:
        Codes (B, h, w) so far; those that are hidden at the moment are not known.

    Raises:
        ValueError: a set whose prior is not a masked one.
    """
    if not synthesizer.is_masked:
        raise ValueError("This set polishes no pictures: its prior is not a masked one.")
    codes = codes.cpu()
    size = (codes.shape[1], codes.shape[2])
    own = [variant_seeds(seed, 4)[1:] for seed in seeds]  # apart from those that made the picture
    first = torch.stack([_half(size, each[0]) for each in own])  # (B, h, w)
    for number, kept in enumerate((first, ~first), start=1):
        for progress in synthesizer.sample_steps(
            embedding,
            size,
            seed=[each[number] for each in own],
            known=codes,
            known_region=kept,
            steps=steps,
            guidance=guidance,
            top_p=top_p,
        ):
            yield progress
        codes = progress.codes


def _half(size: tuple[int, int], seed: int) -> Tensor:
    """A random half of a grid, bool (h, w)."""
    order = torch.randperm(size[0] * size[1], generator=generator(seed))
    return (order < len(order) // 2).view(size)
