"""The masked prior: what it reads, what it refuses, saving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from vqgan_space.models.masked_prior import MaskedPrior

SMALL: dict[str, Any] = {"num_codes": 6, "height": 4, "width": 5, "n_layer": 2, "n_head": 2}
CODES = torch.randint(0, 7, (3, 4, 5), generator=torch.Generator().manual_seed(0))


def model(**options: Any) -> MaskedPrior:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = MaskedPrior(n_embd=16, **SMALL, **options).eval()
        for parameter in (net.row_emb, net.column_emb):
            torch.nn.init.normal_(parameter)
    return net


def given(kind: str) -> tuple[dict[str, Any], Any]:
    return {
        "grid": ({"condition": "grid", "num_conditions": 3}, torch.ones(3, 4, 5).long()),
        "class": ({"condition": "class", "num_conditions": 3}, torch.tensor([0, 1, 2])),
        "vector": ({"condition": "vector", "vector_dim": 7}, torch.randn(3, 7)),
    }[kind]


@pytest.mark.parametrize("kind", ["grid", "class", "vector"])
def test_a_dropped_condition_is_none(kind: str) -> None:
    options, condition = given(kind)
    net = model(**options)
    with torch.no_grad():
        with_it, without = net(CODES, condition), net(CODES)
        dropped = net(CODES, condition, torch.tensor([False, True, False]))
    assert with_it.shape == (3, 4, 5, 6)
    assert not torch.allclose(with_it, without, atol=1e-4)
    assert torch.allclose(dropped[1], without[1], atol=1e-6)
    assert torch.allclose(dropped[::2], with_it[::2], atol=1e-6)


def test_every_code_sees_every_other_and_itself() -> None:
    net = model()
    with torch.no_grad():
        before = net(CODES)
        changed = CODES.clone()
        changed[:, 3, 4] = (changed[:, 3, 4] + 1) % 7
        assert ((net(changed) - before).abs().amax(-1) > 1e-7).all()


def test_inference_keeps_the_logits_close_and_saving_gives_them_back(tmp_path: Path) -> None:
    options, condition = given("grid")
    net = model(**options)
    with torch.no_grad():
        before = net(CODES, condition)
        net.save_pretrained(tmp_path)
        loaded = MaskedPrior.from_pretrained(tmp_path).eval()
        assert torch.equal(loaded(CODES, condition), before)
        fast = loaded.prepare_inference(dtype=torch.bfloat16)(CODES, condition)
        assert fast.dtype == torch.float32
        assert (fast - before).abs().max() < 0.05 * before.abs().max()
        loaded.save_pretrained(tmp_path / "again")
    again = MaskedPrior.from_pretrained(tmp_path / "again", torch_dtype=torch.float32)
    assert torch.allclose(again.eval()(CODES, condition), before, atol=0.02)


@pytest.mark.parametrize(
    ("codes", "condition", "message"),
    [
        (CODES.float(), None, "int64"),
        (CODES.repeat(1, 2, 1), None, "at most 4 x 5"),
        (CODES + 1, None, "0..6"),
        (CODES, torch.zeros(3, 4, 4).long(), "must be"),
        (CODES, torch.full((3, 4, 5), 9), "0..2"),
    ],
)
def test_what_does_not_fit_is_said(codes: Any, condition: Any, message: str) -> None:
    options, _ = given("grid")
    with pytest.raises(ValueError, match=message):
        model(**options)(codes, condition)
    with pytest.raises(ValueError, match="no condition"):
        model()(CODES, torch.zeros(3).long())
    with pytest.raises(ValueError, match="not 'sound'"):
        model(condition="sound")
