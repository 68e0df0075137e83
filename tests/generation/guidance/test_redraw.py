"""What fits a text least is drawn anew, and nothing else."""

from __future__ import annotations

import copy

import pytest
import torch
from painting_sets import CODES, painting_set
from seasons import GREEN, SUMMER, WHITE, WINTER, pictures
from torch import Tensor

from vqgan_space.generation.guidance.redraw import fitting, redraw_steps
from vqgan_space.generation.synthesizer import Synthesizer


def last(synthesizer: Synthesizer, text: Tensor, codes: Tensor, share: float, seed: int) -> Tensor:
    known = fitting(synthesizer, text, codes, share)
    *_, progress = redraw_steps(synthesizer, text, codes, known, [seed])
    assert bool(progress.known.all())
    return progress.codes[0]


def test_summer_turns_to_winter_and_trees_stay(seasons: Synthesizer) -> None:
    codes = pictures(SUMMER)
    codes[:, 6] = 33  # a tree unlike those that it knows
    winter = last(seasons, WINTER, codes, 0.5, seed=1)
    assert (winter[:, :4] == WHITE).all()
    assert torch.equal(winter[:, 4:], codes[:, 4:])
    assert torch.equal(last(seasons, SUMMER, pictures(WINTER), 0.5, seed=1), pictures(SUMMER))


def test_nothing_and_everything(seasons: Synthesizer) -> None:
    codes = pictures(SUMMER)
    assert torch.equal(last(seasons, WINTER, codes, 0.0, seed=0), codes)
    assert not fitting(seasons, WINTER, codes, 1.0).any()


def test_a_seed_repeats_alone_and_among_others(seasons: Synthesizer) -> None:
    codes = torch.randint(CODES, (4, 8), generator=torch.Generator().manual_seed(0))
    known = fitting(seasons, WINTER, codes, 0.6)
    *_, both = redraw_steps(seasons, WINTER, codes, known, [5, 6])
    for seed, together in zip((5, 6), both.codes, strict=True):
        assert torch.equal(last(seasons, WINTER, codes, 0.6, seed), together)


def test_larger_pictures_are_looked_at_window_by_window(seasons: Synthesizer) -> None:
    codes = pictures(SUMMER).repeat(2, 2)  # 8 x 16, twice the window
    known = fitting(seasons, WINTER, codes, 0.25)
    assert known.shape == (8, 16) and int((~known).sum()) == 32
    assert (codes[~known] == GREEN).all()


def test_what_is_refused(seasons: Synthesizer) -> None:
    codes = pictures(SUMMER)
    with pytest.raises(ValueError, match=r"from 0 to 1, got 1\.5"):
        fitting(seasons, WINTER, codes, 1.5)
    silent = copy.copy(painting_set(condition="none"))
    with pytest.raises(ValueError, match="its prior reads no texts"):
        fitting(silent, WINTER, codes, 0.5)
