"""taming's transformer weights as a CausalPrior: every key in its place, every mistake named."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vqgan_space.hub.taming.prior_keys import permuter_from_taming, prior_from_taming

PARAMS = {"vocab_size": 12, "block_size": 8, "n_layer": 2, "n_head": 2, "n_embd": 16}


def taming_state() -> dict[str, Tensor]:
    """Random weights under taming's names."""
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    state = {"pos_emb": random(1, 8, 16), "tok_emb.weight": random(12, 16)}
    for n in range(2):
        for name, (out, into) in {
            "attn.key": (16, 16),
            "attn.query": (16, 16),
            "attn.value": (16, 16),
            "attn.proj": (16, 16),
            "mlp.0": (64, 16),
            "mlp.2": (16, 64),
        }.items():
            state[f"blocks.{n}.{name}.weight"] = random(out, into)
            state[f"blocks.{n}.{name}.bias"] = random(out)
        for name in ("ln1", "ln2"):
            state[f"blocks.{n}.{name}.weight"] = random(16)
            state[f"blocks.{n}.{name}.bias"] = random(16)
        state[f"blocks.{n}.attn.mask"] = torch.ones(8, 8).tril()[None, None]
    return state | {
        "ln_f.weight": random(16),
        "ln_f.bias": random(16),
        "head.weight": random(12, 16),
    }


def test_every_weight_has_its_place() -> None:
    state = taming_state()
    prior = prior_from_taming(PARAMS | {"embd_pdrop": 0.1}, state)
    query, key, value = prior.blocks[1].attention.qkv.weight.chunk(3)
    assert torch.equal(query, state["blocks.1.attn.query.weight"])
    assert torch.equal(key, state["blocks.1.attn.key.weight"])
    assert torch.equal(value, state["blocks.1.attn.value.weight"])
    assert torch.equal(prior.blocks[0].contract.bias, state["blocks.0.mlp.2.bias"])
    assert torch.equal(prior.norm.bias, state["ln_f.bias"])
    assert prior.config.embd_pdrop == 0.1 and not prior.training


def test_half_precision_weights_become_float32() -> None:
    prior = prior_from_taming(PARAMS, {k: v.half() for k, v in taming_state().items()})
    assert {parameter.dtype for parameter in prior.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    "params, change, message",
    [
        ({}, {"blocks.0.attn.rope": torch.ones(1)}, "no weights called blocks.0.attn.rope"),
        ({}, {"ln_g.weight": torch.ones(1)}, "no weights called ln_g.weight"),
        ({}, {"head.weight": None}, "lack head.weight"),
        ({}, {"blocks.1.attn.key.bias": None}, "lack the key of blocks.1.attention.qkv.bias"),
        ({"n_layer": 3}, {}, "lack blocks.2"),
        ({"n_layer": 1}, {}, "yaml describes a transformer without blocks.1"),
        ({"vocab_size": 13}, {}, "describes .13, 16.*take the yaml that belongs"),
        ({"n_heads": 2}, {}, "unknown parameters: n_heads"),
        ({"n_head": 3}, {}, "multiple of the 3 heads"),
        ({}, {"blocks.0.attn.key.weight": torch.ones(4, 4)}, "differ in size"),
    ],
)
def test_what_does_not_belong_is_named(
    params: dict[str, int], change: dict[str, Tensor | None], message: str
) -> None:
    state = {k: v for k, v in (taming_state() | change).items() if v is not None}
    with pytest.raises(ValueError, match=message):
        prior_from_taming(PARAMS | params, state)


def test_the_yaml_must_give_the_sizes() -> None:
    with pytest.raises(ValueError, match="vocab_size and block_size"):
        prior_from_taming({"vocab_size": 12}, taming_state())


PERMUTER = "taming.modules.transformer.permuter."


def test_a_permuter_is_known_by_its_class() -> None:
    assert permuter_from_taming(None, {}) is None
    assert permuter_from_taming({"target": f"{PERMUTER}Identity"}, {}) is None
    config = {"target": f"{PERMUTER}AlternateParsing", "params": {"H": 2, "W": 3}}
    order = torch.tensor([0, 1, 2, 5, 4, 3])
    state = {"forward_shuffle_idx": order, "backward_shuffle_idx": order.argsort()}
    for given in ({}, state):
        permuter = permuter_from_taming(config, given)
        assert permuter is not None and torch.equal(permuter.forward_index, order)


@pytest.mark.parametrize(
    "config, state, message",
    [
        ({"target": f"{PERMUTER}Zigzag"}, {}, "'Zigzag' is not known"),
        ({"target": f"{PERMUTER}ZCurve"}, {}, "must give H and W"),
        (None, {"forward_shuffle_idx": torch.arange(4)}, "its yaml names none"),
        (None, {"shuffle": torch.arange(4)}, "have no shuffle"),
        (
            {"target": f"{PERMUTER}ZCurve", "params": {"H": 2, "W": 2}},
            {"forward_shuffle_idx": torch.tensor([3, 2, 1, 0])},
            "not that of the yaml's ZCurve",
        ),
    ],
)
def test_another_permuter_is_named(
    config: dict[str, object] | None, state: dict[str, Tensor], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        permuter_from_taming(config, state)
