"""What samplers are given: known codes, conditions and seeds, brought to one number of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vqgan_space.generation.seeds import generator, variant_seeds
from vqgan_space.generation.windows import Size

Seed = int | Sequence[int] | torch.Generator


@dataclass(frozen=True, eq=False)
class Progress:
    """How far a sampling has come.

    Attributes:
        codes: (B, h, w), int64, 0 where nothing is known yet.
        known: (B, h, w), bool: which of them are given or sampled.
    """

    codes: Tensor
    known: Tensor

    @property
    def fraction(self) -> float:
        """0 to 1."""
        return self.known.float().mean().item()


def given(
    known: Tensor | None, known_region: Tensor | None, size: Size, num_codes: int
) -> tuple[Tensor, Tensor]:
    """The given codes, 0 elsewhere, and where they are given: both (B, h, w) or (1, h, w).

    Args:
        known: codes (B, h, w), or None.
        known_region: where they hold, bool (h, w) or (B, h, w), or None.
        size: h and w.
        num_codes: codes are below this.

    Raises:
        ValueError: one without the other, another size or type, or codes out of range.
    """
    if (known is None) != (known_region is None):
        raise ValueError("Known codes and the region where they are known belong together.")
    if known is None or known_region is None:
        return torch.zeros(1, *size, dtype=torch.int64), torch.zeros(1, *size, dtype=torch.bool)
    if known_region.dtype != torch.bool:
        raise ValueError(f"The known region is of bool, got {known_region.dtype}.")
    region = known_region[None] if known_region.ndim == 2 else known_region
    for name, grid in (("known codes", known), ("known region", region)):
        if grid.ndim != 3 or tuple(grid.shape[1:]) != size:
            raise ValueError(
                f"The {name} must cover {size[0]} x {size[1]} codes, got {tuple(grid.shape)}."
            )
    if len(known) != len(region) and 1 not in (len(known), len(region)):
        raise ValueError(f"There are {len(known)} known grids of codes, but {len(region)} regions.")
    known, region = torch.broadcast_tensors(known.cpu(), region.cpu())
    codes = torch.where(region, known, 0)
    if codes.min() < 0 or codes.max() >= num_codes:
        raise ValueError(f"Known codes must be in 0..{num_codes - 1}.")
    return codes, region


def batch_size(condition: Tensor, known: Tensor, seed: Seed) -> int:
    """How many pictures there are: what has only one serves all.

    Raises:
        ValueError: different numbers.
    """
    seeds = len(seed) if isinstance(seed, Sequence) else 1
    sizes = {len(condition), len(known), seeds} - {1}
    if len(sizes) > 1 or not min(sizes, default=1):
        raise ValueError(
            f"Conditions ({len(condition)}), known codes ({len(known)}) and seeds ({seeds}) must "
            "be one for all or one for each picture."
        )
    return max(sizes, default=1)


def draw_uniforms(seed: Seed, batch: int, size: tuple[int, ...]) -> Tensor:
    """Random numbers in [0, 1), ``size`` of them for every picture: (B, *size).

    Raises:
        ValueError: another number of seeds than of pictures.
    """
    if isinstance(seed, torch.Generator):
        return torch.rand(batch, *size, generator=seed)
    seeds = variant_seeds(seed, batch) if isinstance(seed, int) else list(seed)
    if len(seeds) != batch:
        raise ValueError(f"Give one seed, or one for each of the {batch} pictures.")
    return torch.stack([torch.rand(*size, generator=generator(each)) for each in seeds])
