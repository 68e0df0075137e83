"""Sampling from a masked prior: seeds, known codes, guidance, canvases larger than the window."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vqgan_space.generation.choice import Choice
from vqgan_space.generation.masked import sample_masked, sample_masked_steps
from vqgan_space.models.masked_prior import MaskedPrior

SIZE = (6, 6)


@pytest.fixture(scope="module")
def prior() -> MaskedPrior:
    """Trained for a moment: a code is twice its condition's, or one more."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        options = {"condition": "grid", "num_conditions": 4}
        model = MaskedPrior(
            num_codes=8, height=6, width=6, n_layer=1, n_head=2, n_embd=32, **options
        )
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
        for _ in range(120):
            condition = torch.randint(0, 4, (16, *SIZE))
            codes = 2 * condition + torch.randint(0, 2, condition.shape)
            read = torch.where(torch.rand(codes.shape) < 0.7, 8, codes)
            dropped = torch.rand(16) < 0.2
            logits = model(read, condition, dropped)
            loss = F.cross_entropy(logits.flatten(0, 2), codes.flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.prepare_inference(dtype=torch.float32)


def conditions(n: int, size: tuple[int, int] = SIZE) -> Tensor:
    return torch.randint(0, 4, (n, *size), generator=torch.Generator().manual_seed(5))


def test_a_seed_gives_the_same_picture_alone_and_among_others(prior: MaskedPrior) -> None:
    condition = conditions(1)
    together = sample_masked(prior, condition, SIZE, seed=[3, 9, 4])
    alone = sample_masked(prior, condition, SIZE, seed=9)
    assert torch.equal(together[1:2], alone)
    assert len({tuple(codes.flatten().tolist()) for codes in together}) == 3


def test_samples_follow_their_condition(prior: MaskedPrior) -> None:
    condition = conditions(4)
    codes = sample_masked(prior, condition, SIZE, seed=0)
    assert (codes // 2 == condition).float().mean() > 0.95


def test_guidance_pulls_towards_the_condition(prior: MaskedPrior) -> None:
    condition = conditions(8)
    hot = Choice(temperature=3.0)
    agreement = [
        (sample_masked(prior, condition, SIZE, guidance=scale, choice=hot) // 2 == condition)
        .float()
        .mean()
        for scale in (0.0, 1.0, 6.0)
    ]
    assert agreement[0] < agreement[1] < agreement[2]


def test_known_codes_stay_whatever_they_are(prior: MaskedPrior) -> None:
    known = torch.full((1, *SIZE), 7)
    region = torch.zeros(SIZE, dtype=torch.bool)
    region[:3] = True
    steps = list(
        sample_masked_steps(prior, conditions(2), SIZE, known=known, known_region=region, steps=4)
    )
    assert all((step.codes[:, :3] == 7).all() for step in steps)
    assert steps[0].known[:, :3].all() and not steps[0].known[:, 3:].any()
    assert steps[-1].known.all() and (steps[-1].codes[:, 3:] != 7).any()
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions) and len(steps) == 5


def test_with_everything_known_nothing_is_made(prior: MaskedPrior) -> None:
    known = torch.randint(0, 8, (1, *SIZE))
    region = torch.ones(SIZE, dtype=torch.bool)
    found = sample_masked(prior, None, SIZE, known=known, known_region=region)
    assert torch.equal(found, known)


def test_one_step_and_more_steps_than_codes_both_fill_the_canvas(prior: MaskedPrior) -> None:
    for steps in (1, 100):
        found = list(sample_masked_steps(prior, conditions(1), SIZE, steps=steps))
        assert found[-1].known.all()


def test_a_wide_canvas_follows_its_condition_everywhere(prior: MaskedPrior) -> None:
    size = (8, 17)
    condition = conditions(1, size)
    codes = sample_masked(prior, condition, size, seed=1)
    assert codes.shape == (1, *size)
    assert (codes // 2 == condition).float().mean() > 0.9
    small = (4, 5)
    assert sample_masked(prior, conditions(1, small), small).shape == (1, *small)


def test_it_stops_when_nobody_asks_on(prior: MaskedPrior) -> None:
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    handle = prior.register_forward_pre_hook(count)
    steps = sample_masked_steps(prior, conditions(1), SIZE, steps=8)
    assert not next(steps).known.any() and calls == 0
    next(steps)
    handle.remove()
    assert calls == 1


def test_the_likeliest_codes_need_no_seed(prior: MaskedPrior) -> None:
    greedy = Choice(temperature=0.0)
    found = [sample_masked(prior, conditions(1), SIZE, choice=greedy, seed=n) for n in (1, 2)]
    assert torch.equal(*found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "1 to 256 steps"),
        ({"guidance": float("nan")}, "guidance scale"),
        ({"seed": -1}, "seed"),
        ({"known": torch.zeros(1, 6, 6, dtype=torch.int64)}, "belong together"),
    ],
)
def test_what_is_out_of_range_is_said(
    prior: MaskedPrior, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        sample_masked(prior, conditions(1), SIZE, **options)
    with pytest.raises(ValueError, match="same size"):
        sample_masked(prior, conditions(1), (3, 3))
