"""Seeds that repeat: the same seed gives the same result on any machine and device."""

from __future__ import annotations

import numpy as np
import torch

MAX_SEED = 2**32 - 1


def check_seed(seed: int) -> int:
    """``seed`` itself.

    Raises:
        ValueError: not a whole number from 0 to 4294967295.
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= MAX_SEED:
        raise ValueError(f"A seed is a whole number from 0 to {MAX_SEED}, got {seed!r}.")
    return seed


def generator(seed: int) -> torch.Generator:
    """A generator on the CPU, so that its numbers do not depend on the model's device."""
    return torch.Generator().manual_seed(check_seed(seed))


def variant_seeds(seed: int, n: int) -> list[int]:
    """``n`` different seeds from one, the first of them ``seed`` itself.

    So the seed shown beside a variant, given back as the seed, makes that variant again, first.
    A longer list begins with the shorter one.

    Raises:
        ValueError: a seed out of range, or n below 1.
    """
    if n < 1:
        raise ValueError(f"Ask for at least one variant, got {n}.")
    drawn = np.random.SeedSequence(check_seed(seed)).generate_state(2 * n)
    return list(dict.fromkeys([seed, *map(int, drawn)]))[:n]
