"""ZeroGPU: model events borrow the accelerator, for as long as their work takes, and only there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest

from vqgan_space.ui.blocks import build
from vqgan_space.ui.gpu import borrow_gpu
from vqgan_space.ui.inputs import MODEL_QUEUE
from vqgan_space.ui.models import Models
from vqgan_space.ui.sets import Sets


class Lender:
    """``spaces.GPU`` as ZeroGPU has it: remembers what was asked for."""

    def __init__(self) -> None:
        self.lent: dict[str, int] = {}

    def __call__(self, task: Callable[..., Any], *, duration: int) -> Callable[..., Any]:
        self.lent[task.__name__] = duration
        return task


@pytest.fixture
def page() -> gr.Blocks:
    return build(Models(), sets=Sets())


def test_every_model_event_borrows_and_nothing_else_does(page: gr.Blocks) -> None:
    lender = Lender()
    borrow_gpu(page, lender)
    models = {e.fn.__name__ for e in page.fns.values() if e.fn and e.concurrency_id == MODEL_QUEUE}
    assert models == lender.lent.keys() >= {"reconstruct", "shuffle", "interpolate", "paint"}
    others = {e.fn.__name__ for e in page.fns.values() if e.fn and e.concurrency_id != MODEL_QUEUE}
    assert "choose_set" in others - lender.lent.keys()


def test_long_work_asks_for_longer(page: gr.Blocks) -> None:
    lender = Lender()
    borrow_gpu(page, lender)
    assert lender.lent["reconstruct"] < lender.lent["interpolate"] < lender.lent["paint"] <= 120


def test_without_the_package_nothing_changes(page: gr.Blocks) -> None:
    before = [event.fn for event in page.fns.values()]
    borrow_gpu(page)
    assert [event.fn for event in page.fns.values()] == before
