"""A prior whose codes are exchanged for another VQGAN's."""

from __future__ import annotations

import pytest
import torch

from vqgan_space.models.masked_prior import MaskedPrior
from vqgan_space.training.prior_translation import translate


def prior() -> MaskedPrior:
    torch.manual_seed(0)
    model = MaskedPrior(num_codes=16, height=4, width=4, n_layer=1, n_head=2, n_embd=16).eval()
    torch.nn.init.normal_(model.head.weight)
    torch.nn.init.normal_(model.head.bias)
    return model


def test_renamed_codes_change_nothing_but_the_names() -> None:
    old_prior, new_prior = prior(), prior()
    renamed = torch.randperm(16, generator=torch.Generator().manual_seed(1))
    old = torch.arange(16).repeat(8).view(8, 4, 4)
    translate(new_prior, old, renamed[old])
    codes = torch.randint(16, (2, 4, 4))
    codes[:, 0] = 16  # hidden: the same under either names
    shown = torch.cat([renamed, torch.tensor([16])])[codes]
    with torch.no_grad():
        logits = new_prior(shown)[..., renamed]
        assert torch.allclose(logits, old_prior(codes), atol=1e-4)


def test_a_code_that_parts_in_two_keeps_its_likelihood() -> None:
    model = prior()
    before = model(torch.full((1, 4, 4), 16)).softmax(-1)[0, 0, 0]
    old = torch.arange(15).repeat(64).view(-1, 3, 5)
    new = old.clone()
    halves = (old == 3).nonzero()[::2]
    new[tuple(halves.T)] = 15  # half of the threes, while 15 stood nowhere
    translate(model, old, new)
    after = model(torch.full((1, 4, 4), 16)).softmax(-1)[0, 0, 0]
    share = (after[3] / after[15]).item()
    assert share == pytest.approx(1, abs=0.05)
    kept = [n for n in range(15) if n != 3]
    ratios = before[kept] / after[kept]
    assert ratios.max() / ratios.min() < 1.01
    together = (after[3] + after[15]) / after[0]
    assert together.item() == pytest.approx((before[3] / before[0]).item(), rel=0.05)


def test_codes_of_other_pictures_are_an_error() -> None:
    with pytest.raises(ValueError, match="same pictures"):
        translate(prior(), torch.zeros(2, 4, 4).long(), torch.zeros(1, 4, 4).long())
    with pytest.raises(ValueError, match="16 codes, fewer"):
        translate(prior(), torch.zeros(1, 4, 4).long(), torch.full((1, 4, 4), 16))
