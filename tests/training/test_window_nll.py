"""The likelihood of canvases, window by window."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from vqgan_space.generation.windows import Windows
from vqgan_space.models.prior import CausalPrior
from vqgan_space.training.prior_loss import causal_loss
from vqgan_space.training.window_nll import window_nll


@pytest.fixture(scope="module")
def prior() -> CausalPrior:
    torch.manual_seed(0)
    sizes = {"n_layer": 2, "n_head": 2, "n_embd": 16}
    prior = CausalPrior(vocab_size=8, block_size=32, **sizes).eval()
    for parameter in prior.parameters():
        parameter.data.normal_(std=0.3)
    return prior


def drawn(*shape: int) -> torch.Tensor:
    return torch.randint(8, shape, generator=torch.Generator().manual_seed(sum(shape)))


def test_a_canvas_as_large_as_the_window_is_what_training_measures(prior: CausalPrior) -> None:
    codes, condition = drawn(3, 4, 4), drawn(3, 4, 4) // 2
    found = window_nll(prior, codes, condition, (4, 4))
    with torch.inference_mode():
        expected = causal_loss(prior, codes, condition.flatten(1), 8)
    assert found == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
@torch.inference_mode()
def test_each_code_is_judged_in_the_window_that_samples_it(prior: CausalPrior, stride: int) -> None:
    codes, condition = drawn(2, 6, 7), drawn(2, 6, 7) // 2
    windows = Windows((6, 7), (4, 4), stride)
    total = 0.0
    for row in range(6):
        for column in range(7):
            top, left = windows.origin((row, column))
            own = (slice(None), slice(top, top + 4), slice(left, left + 4))
            before = (row - top) * 4 + column - left
            read = torch.cat([condition[own].flatten(1), codes[own].flatten(1)[:, :before]], dim=1)
            logits = prior(read)[:, -1]
            total += float(F.cross_entropy(logits, codes[:, row, column], reduction="sum"))
    found = window_nll(prior, codes, condition, (4, 4), stride)
    assert found == pytest.approx(total / codes.numel(), rel=1e-5)


def test_a_condition_of_another_size_is_refused(prior: CausalPrior) -> None:
    with pytest.raises(ValueError, match="a code of the condition for every code"):
        window_nll(prior, drawn(1, 6, 6), drawn(1, 4, 4), (4, 4))
