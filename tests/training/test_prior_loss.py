"""What priors are trained for, against plain formulas."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vqgan_space.models.masked_prior import MaskedPrior
from vqgan_space.models.prior import CausalPrior
from vqgan_space.training.prior_loss import causal_loss, hide, masked_loss, masked_nll, raster_loss

CODES = torch.arange(24).view(2, 3, 4) % 7
FRONT = torch.tensor([[1, 2], [3, 4]])


@pytest.fixture(scope="module")
def causal() -> CausalPrior:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return CausalPrior(vocab_size=9, block_size=14, n_layer=1, n_head=2, n_embd=16).eval()


@pytest.fixture(scope="module")
def masked() -> MaskedPrior:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        options = {"condition": "grid", "num_conditions": 5}
        return MaskedPrior(
            num_codes=7, height=3, width=4, n_layer=1, n_head=2, n_embd=16, **options
        ).eval()


def test_all_codes_kept_is_plain_teacher_forcing(causal: CausalPrior) -> None:
    flat = CODES.flatten(1)
    sequence = torch.cat([FRONT, flat], dim=1)
    logits = causal(sequence[:, :-1])
    expected = F.cross_entropy(logits[:, 1:].flatten(0, 1), flat.flatten())
    assert causal_loss(causal, CODES, FRONT, 9).item() == pytest.approx(expected.item(), rel=1e-6)


def test_pkeep_changes_what_is_read_and_not_what_is_asked_for() -> None:
    read: list[Tensor] = []

    def prior(sequence: Tensor) -> Tensor:
        read.append(sequence)
        return F.one_hot(torch.cat([FRONT, CODES.flatten(1)], 1)[:, 1:], 9) * 50.0

    torch.manual_seed(0)
    loss = causal_loss(prior, CODES, FRONT, 9, pkeep=0.5)
    assert loss.item() == pytest.approx(0, abs=1e-6)  # the targets are the true codes
    (sequence,) = read
    assert torch.equal(sequence[:, :2], FRONT)  # the condition is never replaced
    kept = (sequence[:, 2:] == CODES.flatten(1)[:, :-1]).float().mean()
    assert 0.3 < kept < 0.85


def test_codes_of_the_condition_cost_nothing(causal: CausalPrior) -> None:
    def prior(sequence: Tensor) -> Tensor:
        logits = causal(sequence)
        logits[:, : FRONT.shape[1] - 1] = torch.nan
        return logits

    with torch.no_grad():
        assert causal_loss(prior, CODES, FRONT, 9).isfinite()


def test_hidden_codes_are_as_many_as_asked_for() -> None:
    codes = torch.zeros(4, 5, 6, dtype=torch.int64)
    hidden = hide(codes, torch.tensor([0.0, 0.5, 0.51, 1.0]), torch.Generator().manual_seed(1))
    assert hidden.flatten(1).sum(1).tolist() == [1, 15, 16, 30]


def test_the_masked_loss_is_over_hidden_codes_alone() -> None:
    seen: list[Tensor] = []

    def prior(codes: Tensor, condition: Tensor | None, dropped: Tensor | None) -> Tensor:
        seen.append(codes)
        right = F.one_hot(CODES, 7) * 50.0
        wrong = -right
        return torch.where((codes == 7)[..., None], right, wrong)

    torch.manual_seed(3)
    for schedule in ("cosine", "arccos"):
        loss = masked_loss(prior, CODES, None, 7, schedule=schedule)
        assert loss.item() == pytest.approx(0, abs=1e-6)
        hidden = seen[-1] == 7
        assert hidden.flatten(1).any(1).all()
        assert torch.equal(seen[-1][~hidden], CODES[~hidden])


def test_equal_logits_cost_the_logarithm_of_the_number_of_codes() -> None:
    def prior(codes: Tensor, *given: Tensor | None) -> Tensor:
        return torch.zeros(*codes.shape, 7)

    assert masked_loss(prior, CODES, None, 7).item() == pytest.approx(math.log(7))
    assert masked_nll(prior, CODES, None, 7).item() == pytest.approx(math.log(7))
    assert raster_loss(prior, CODES, None).item() == pytest.approx(math.log(7))


def test_the_held_out_figure_repeats_and_sees_the_condition(masked: MaskedPrior) -> None:
    condition = torch.randint(0, 5, CODES.shape)
    first = masked_nll(masked, CODES, condition, 7)
    assert torch.equal(first, masked_nll(masked, CODES, condition, 7))
    assert not torch.equal(first, masked_nll(masked, CODES, None, 7))
