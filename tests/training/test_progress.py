"""When a training ends, and what its learning rate is on the way."""

from __future__ import annotations

import pytest
import torch
from accelerate import Accelerator
from diffusers.optimization import get_cosine_schedule_with_warmup
from torch.optim import SGD
from torch.optim.lr_scheduler import LRScheduler

from vqgan_space.training import progress as module
from vqgan_space.training.progress import Progress, cosine_schedule


def optimizer() -> SGD:
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)


def step(schedule: LRScheduler, progress: Progress | None = None) -> float:
    """Goes on by a step and says the learning rate of the next one."""
    if progress is not None:
        progress.advance(Accelerator(cpu=True))
    schedule.optimizer.step()
    schedule.step()
    return float(schedule.get_last_lr()[0])


def test_by_steps_alone_it_is_the_usual_cosine_with_warmup() -> None:
    progress = Progress(20)
    ours = cosine_schedule(optimizer(), 5, progress)
    theirs = get_cosine_schedule_with_warmup(optimizer(), 5, 20)
    assert ours.get_last_lr() == theirs.get_last_lr() == [0.0]
    for number in range(20):
        assert not progress.is_over
        assert step(ours, progress) == pytest.approx(step(theirs)), number
    assert progress.is_over


def test_given_minutes_it_ends_with_them_at_a_learning_rate_of_zero(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    progress = Progress(1_000_000, max_minutes=1)
    schedule = cosine_schedule(optimizer(), 2, progress)
    rates = []
    while not progress.is_over:
        rates.append(step(schedule, progress))
    assert progress.step == 7  # a step in ten seconds, of which the first starts the clock
    assert rates[:2] == [0.25, pytest.approx(0.5 * 0.933, abs=1e-3)]
    assert rates == [rates[0], *sorted(rates[1:], reverse=True)] and rates[-1] == 0


def test_steps_that_are_fewer_than_the_minutes_end_it_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    progress = Progress(3, max_minutes=1)
    schedule = cosine_schedule(optimizer(), 0, progress)
    assert [step(schedule, progress) for _ in range(3)][-1] == pytest.approx(0)
    assert progress.is_over


def test_what_is_resumed_has_the_steps_and_minutes_that_it_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = iter([0, 20, 40, 5000, 5010])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(seconds))
    first = Progress(100, max_minutes=1)
    for _ in range(3):
        first.advance(Accelerator(cpu=True))
    second = Progress(100, max_minutes=1)
    second.load_state_dict(first.state_dict())
    assert (second.step, second.seconds) == (3, 40)
    second.advance(Accelerator(cpu=True))  # the hour in between has cost it nothing
    second.advance(Accelerator(cpu=True))
    assert (second.step, second.seconds) == (5, 50) and not second.is_over
