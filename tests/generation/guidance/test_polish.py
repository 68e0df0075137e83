"""At the end every code is written anew, and the picture stays what it shows."""

from __future__ import annotations

import copy

import pytest
import torch
from painting_sets import CODES, painting_set
from seasons import SUMMER, WINTER, pictures

from vqgan_space.generation.guidance.polish import polish_steps
from vqgan_space.generation.synthesizer import Synthesizer


def spoilt(count: int) -> torch.Tensor:
    """Summer with some of its 32 codes others, which it never has: (1, 4, 8)."""
    codes = pictures(SUMMER).flatten()
    places = torch.randperm(len(codes), generator=torch.Generator().manual_seed(0))[:count]
    codes[places] = torch.randint(40, 60, (count,), generator=torch.Generator().manual_seed(1))
    return codes.view(1, 4, 8)


def test_what_no_picture_has_goes_and_the_rest_stays(seasons: Synthesizer) -> None:
    codes = spoilt(6)
    *_, last = polish_steps(seasons, SUMMER, codes, [3])
    assert bool(last.known.all())
    assert (last.codes[0] == pictures(SUMMER)).float().mean() > 0.95
    *_, free = polish_steps(seasons, None, codes, [3])  # half of the picture says which season
    assert (free.codes[0] == pictures(SUMMER)).float().mean() > 0.95


def test_every_code_is_hidden_once(seasons: Synthesizer) -> None:
    moments = list(polish_steps(seasons, WINTER, spoilt(4), [9], steps=3))
    assert len(moments) == 8  # before the first step of either half, and after each
    hidden = [~moments[0].known[0], ~moments[4].known[0]]
    assert torch.equal(hidden[0], ~hidden[1]) and int(hidden[0].sum()) == 16


def test_a_seed_repeats_alone_and_among_others(seasons: Synthesizer) -> None:
    random = torch.Generator().manual_seed(2)
    codes = torch.randint(CODES, (2, 4, 8), generator=random)
    *_, both = polish_steps(seasons, SUMMER, codes, [5, 2**32 - 1])
    for n, seed in enumerate((5, 2**32 - 1)):
        *_, alone = polish_steps(seasons, SUMMER, codes[n : n + 1], [seed])
        assert torch.equal(alone.codes[0], both.codes[n])


def test_a_prior_that_goes_code_by_code_is_refused(seasons: Synthesizer) -> None:
    causal = copy.copy(painting_set(masked=False, condition="none"))
    with pytest.raises(ValueError, match="polishes no pictures"):
        next(polish_steps(causal, None, spoilt(1), [0]))
