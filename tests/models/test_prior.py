"""CausalPrior: the cache changes nothing, nor does company; saving, unmasked positions, errors."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vqgan_space.models.prior import CausalPrior, KeyValueCache
from vqgan_space.models.vqgan import has_native_bfloat16

FORMATS = [torch.float32] + [torch.bfloat16] * has_native_bfloat16("cpu")


def tiny(**options: int) -> CausalPrior:
    """A prior with weights large enough that its logits differ, the same in every run."""
    sizes = {"vocab_size": 40, "block_size": 24, "n_layer": 2, "n_head": 2, "n_embd": 32}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        prior = CausalPrior(**(sizes | options))
        for parameter in prior.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.3)
    return prior.eval()


@pytest.fixture
def codes() -> Tensor:
    return torch.randint(40, (3, 24), generator=torch.Generator().manual_seed(1))


def read(prior: CausalPrior, codes: Tensor, parts: list[int]) -> Tensor:
    """Logits (B, parts, V) after each part of the codes."""
    cache = KeyValueCache(prior, len(codes))
    return torch.stack([prior.extend(part, cache) for part in codes.split(parts, dim=1)], dim=1)


@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("parts", [[1] * 24, [9] + [1] * 15, [5, 1, 8, 1, 1, 8], [24]])
def test_reading_in_parts_is_reading_at_once(
    codes: Tensor, parts: list[int], prepared: bool
) -> None:
    prior = tiny()
    with torch.inference_mode():
        expected = prior(codes)[:, torch.tensor(parts).cumsum(0) - 1]
    if prepared:
        prior.prepare_inference(dtype=torch.float32)
    torch.testing.assert_close(read(prior, codes, parts), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", FORMATS)
def test_a_sequence_reads_the_same_alone_and_among_others(
    codes: Tensor, dtype: torch.dtype
) -> None:
    prior = tiny(n_embd=64).prepare_inference(dtype=dtype)
    together = read(prior, codes, [7, 1, 1, 4, *[1] * 11])
    for row in range(len(codes)):
        alone = read(prior, codes[row : row + 1], [7, 1, 1, 4, *[1] * 11])
        assert torch.equal(together[row : row + 1], alone)


def test_sequences_that_begin_alike_are_read_once_with_the_same_result(codes: Tensor) -> None:
    prior = tiny()
    same = codes[:1].expand(3, -1)
    logits = read(prior, same, [8, *[1] * 16])
    assert torch.equal(logits, read(prior, codes[:1], [8, *[1] * 16]).expand_as(logits))
    follow = torch.cat([same[:, :8], codes[:, 8:]], dim=1)
    torch.testing.assert_close(
        read(prior, follow, [8, 16])[:, -1], prior(follow)[:, -1], rtol=1e-4, atol=1e-5
    )


def test_no_code_sees_a_later_one(codes: Tensor) -> None:
    prior, changed = tiny(), codes.clone()
    changed[:, 10:] = (changed[:, 10:] + 1) % 40
    before, after = prior(codes), prior(changed)
    assert torch.equal(before[:, :10], after[:, :10])
    assert not torch.allclose(before[:, 10:], after[:, 10:])


def test_unmasked_positions_see_each_other_and_are_fed_together(codes: Tensor) -> None:
    prior, changed = tiny(n_unmasked=6), codes.clone()
    changed[:, 5] = (changed[:, 5] + 1) % 40
    assert not torch.allclose(prior(codes)[:, 0], prior(changed)[:, 0])
    changed[:, 5], changed[:, 6] = codes[:, 5], (codes[:, 6] + 1) % 40
    assert torch.equal(prior(codes)[:, :6], prior(changed)[:, :6])
    logits = read(prior, codes, [8, *[1] * 16])
    torch.testing.assert_close(logits, prior(codes)[:, 7:], rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="first 6 codes see each other"):
        read(prior, codes, [4, 20])


@pytest.mark.parametrize("prepared", [False, True])
def test_saved_weights_load_again(tmp_path: Path, codes: Tensor, prepared: bool) -> None:
    prior = tiny()
    expected = prior(codes)
    if prepared:
        prior.prepare_inference(dtype=torch.float32)
    prior.save_pretrained(tmp_path)
    loaded = CausalPrior.from_pretrained(tmp_path, low_cpu_mem_usage=False)
    assert torch.equal(loaded(codes), expected)
    assert loaded.config.n_head == 2


def test_a_prepared_prior_can_be_copied(codes: Tensor) -> None:
    prior = tiny().prepare_inference()
    twin = copy.deepcopy(prior)
    assert torch.equal(twin(codes), prior(codes))
    assert twin.tok_emb.weight is not prior.tok_emb.weight


@pytest.mark.skipif(not has_native_bfloat16("cpu"), reason="no bfloat16 arithmetic here")
def test_bfloat16_is_close() -> None:
    codes = torch.randint(40, (2, 24), generator=torch.Generator().manual_seed(2))
    prior = tiny(n_embd=64)
    expected = prior(codes)
    got = prior.prepare_inference(dtype=torch.bfloat16)(codes)
    assert got.dtype == torch.float32
    assert (got - expected).norm() < 0.02 * expected.norm()


def test_it_learns() -> None:
    prior = tiny(n_layer=1).train()
    codes = torch.randint(40, (4, 12), generator=torch.Generator().manual_seed(3))
    optimizer = torch.optim.Adam(prior.parameters(), lr=3e-3)
    for _ in range(60):
        loss = torch.nn.functional.cross_entropy(prior(codes[:, :-1]).mT, codes[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.5


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda p: p(torch.zeros(1, 25, dtype=torch.int64)), "at most 24 codes.* got 25"),
        (lambda p: p(torch.full((1, 2), 40)), r"in 0..39, got 40..40"),
        (lambda p: p(torch.zeros(1, 2)), "int64"),
        (lambda p: KeyValueCache(p, p.rows + 1), "1 to"),
        (lambda p: read(p, torch.zeros(1, 30, dtype=torch.int64), [20, 10]), "got 30"),
        (
            lambda p: p.extend(torch.zeros(2, 1, dtype=torch.int64), KeyValueCache(p, 1)),
            "holds 1 sequences, got 2",
        ),
        (lambda p: tiny(n_embd=33), "multiple of the 2 heads"),
    ],
)
def test_bad_input_is_named(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(tiny())
