"""Sampling: against full passes for every code, seeds and company, known codes, stopping, draws."""

from __future__ import annotations

from itertools import islice

import pytest
import torch
from torch import Tensor

from vqgan_space.generation import sampling
from vqgan_space.generation.choice import Choice
from vqgan_space.generation.sampling import sample, sample_at_once, sample_steps
from vqgan_space.models.permuters import Permuter
from vqgan_space.models.prior import CausalPrior
from vqgan_space.models.vqgan import has_native_bfloat16

GREEDY = Choice(temperature=0)
WINDOW = (4, 4)
FORMATS = [torch.float32] + [torch.bfloat16] * has_native_bfloat16("cpu")


def tiny_prior(dtype: torch.dtype = torch.float32) -> CausalPrior:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        prior = CausalPrior(vocab_size=30, block_size=32, n_layer=2, n_head=2, n_embd=32)
        for parameter in prior.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.3)
    return prior.prepare_inference(dtype=dtype)


@pytest.fixture(scope="module")
def prior() -> CausalPrior:
    """A prior that reads 16 codes of a condition and 16 of a picture. Change nothing on it."""
    return tiny_prior()


def condition(*shape: int) -> Tensor:
    return torch.randint(30, shape, generator=torch.Generator().manual_seed(5))


def local(i: int, length: int, side: int) -> int:
    """Where the code is in its window, as taming-transformers says it (for a side of 16)."""
    half = side // 2
    if i <= half:
        return i
    return side - (length - i) if length - i < half else half


@torch.inference_mode()
def plain_sliding(prior: CausalPrior, front: Tensor, size: tuple[int, int]) -> Tensor:
    """Greedy codes by a full pass for every code, the canvas begun with the condition's codes."""
    canvas, (side, _) = front.clone(), WINDOW
    for i in range(size[0]):
        for j in range(size[1]):
            row, column = local(i, size[0], side), local(j, size[1], side)
            top, left = i - row, j - column
            crops = [
                grid[:, top : top + side, left : left + side].flatten(1) for grid in (front, canvas)
            ]
            logits = prior(torch.cat(crops, dim=1)[:, :-1])[:, -side * side :]
            canvas[:, i, j] = logits[:, row * side + column].argmax(-1)
    return canvas


@pytest.mark.parametrize("size", [(4, 4), (4, 9), (7, 4), (10, 7), (5, 12)])
@pytest.mark.parametrize("wavefront", [False, True])
def test_the_exact_window_gives_what_full_passes_give(
    prior: CausalPrior, size: tuple[int, int], wavefront: bool
) -> None:
    front = condition(2, *size)
    got = sample(prior, front, size, WINDOW, choice=GREEDY, wavefront=wavefront)
    assert torch.equal(got, plain_sliding(prior, front, size))


def test_few_caches_give_the_same_codes(
    prior: CausalPrior, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = condition(1, 8, 12)
    expected = sample(prior, front, (8, 12), WINDOW, choice=GREEDY)
    monkeypatch.setattr(sampling, "CACHE_BUDGET", 1)
    assert torch.equal(sample(prior, front, (8, 12), WINDOW, choice=GREEDY), expected)


@pytest.mark.parametrize("stride, wavefront", [(2, False), (2, True)])
def test_a_strided_window_serves_the_codes_in_between(
    prior: CausalPrior, stride: int, wavefront: bool
) -> None:
    size, front = (9, 11), condition(1, 9, 11)
    codes = sample(prior, front, size, WINDOW, choice=GREEDY, stride=stride, wavefront=wavefront)
    for i, j in ((0, 0), (3, 2), (4, 5), (5, 5), (8, 10), (7, 3)):
        top = min(max((i - 2) // 2 * 2, 0), size[0] - 4)
        left = min(max((j - 2) // 2 * 2, 0), size[1] - 4)
        crops = [g[:, top : top + 4, left : left + 4].flatten(1) for g in (front, codes)]
        index = (i - top) * 4 + j - left
        with torch.inference_mode():
            logits = prior(torch.cat(crops, dim=1)[:, :-1])[:, -16:]
        assert logits[:, index].argmax(-1) == codes[:, i, j]


def test_a_condition_of_one_code_stands_before_every_window(prior: CausalPrior) -> None:
    codes = sample(prior, torch.tensor([[3], [8]]), (6, 6), WINDOW, choice=GREEDY)
    with torch.inference_mode():
        window = codes[:, 2:6, 2:6].flatten(1)
        logits = prior(torch.cat([torch.tensor([[3], [8]]), window], dim=1)[:, :-1])
    assert torch.equal(logits[:, -1].argmax(-1), codes[:, 5, 5])


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("size", [(4, 4), (5, 6)])
def test_a_seed_gives_the_same_picture_alone_and_among_variants(
    dtype: torch.dtype, size: tuple[int, int]
) -> None:
    prior, front = tiny_prior(dtype), condition(1, *size)
    six = sample(prior, front, size, WINDOW, seed=[11, 12, 13, 14, 15, 16])
    assert len({tuple(codes.flatten().tolist()) for codes in six}) == 6
    for row, seed in ((0, 11), (3, 14), (5, 16)):
        assert torch.equal(sample(prior, front, size, WINDOW, seed=seed)[0], six[row])


def test_one_seed_serves_several_conditions(prior: CausalPrior) -> None:
    front = condition(3, 4, 4)
    codes = sample(prior, front, WINDOW, WINDOW, seed=7)
    assert torch.equal(codes, sample(prior, front, WINDOW, WINDOW, seed=7))
    assert torch.equal(codes[:1], sample(prior, front[:1], WINDOW, WINDOW, seed=7))
    assert not torch.equal(codes, sample(prior, front, WINDOW, WINDOW, seed=8))
    drawn = [
        sample(prior, front, WINDOW, WINDOW, seed=torch.Generator().manual_seed(1))
        for _ in range(2)
    ]
    assert torch.equal(*drawn)


def test_known_codes_stay_and_the_rest_follows_them(prior: CausalPrior) -> None:
    front, given = condition(2, 4, 4), condition(2, 5, 4)[:, 1:]
    region = torch.zeros(4, 4, dtype=torch.bool)
    region[:2] = True
    region[3, 1] = True
    codes = sample(prior, front, WINDOW, WINDOW, choice=GREEDY, known=given, known_region=region)
    assert torch.equal(codes[:, region], given[:, region])
    with torch.inference_mode():
        sequence = torch.cat([front.flatten(1), codes.flatten(1)], dim=1)
        expected = prior(sequence[:, :-1])[:, -16:].argmax(-1).view(2, 4, 4)
    assert torch.equal(codes[:, ~region], expected[:, ~region])
    # Another region for each picture.
    both = torch.stack([region, ~region])
    mixed = sample(prior, front, WINDOW, WINDOW, choice=GREEDY, known=given, known_region=both)
    assert torch.equal(mixed[0], codes[0])
    assert torch.equal(mixed[1][~region], given[1][~region])


def test_a_permuted_prior_reads_in_its_own_order(prior: CausalPrior) -> None:
    permuter, front = Permuter("spiral-out", 4, 4), condition(1, 4, 4)
    codes = sample(prior, front, WINDOW, WINDOW, choice=GREEDY, permuter=permuter)
    read = permuter.forward(codes.flatten(1))
    with torch.inference_mode():
        logits = prior(torch.cat([front.flatten(1), read], dim=1)[:, :-1])[:, -16:]
    assert torch.equal(logits.argmax(-1), read)


def test_steps_show_the_codes_so_far_and_can_be_left(prior: CausalPrior) -> None:
    front = condition(1, 4, 4)
    whole = sample(prior, front, WINDOW, WINDOW, seed=3)
    steps = list(islice(sample_steps(prior, front, WINDOW, WINDOW, seed=3), 6))
    assert [round(step.fraction * 16) for step in steps] == [0, 1, 2, 3, 4, 5]
    assert torch.equal(steps[5].codes[steps[5].known], whole.flatten()[:5])
    assert not steps[5].codes[~steps[5].known].any()
    assert not torch.is_inference_mode_enabled()


def test_one_pass_samples_all_codes(prior: CausalPrior) -> None:
    front = condition(2, 4, 4)
    codes = sample_at_once(prior, front, choice=GREEDY)
    flat = front.flatten(1)
    with torch.inference_mode():
        logits = prior(torch.cat([flat, flat[:, :-1]], dim=1))[:, 15:]
    assert torch.equal(codes.flatten(1), logits.argmax(-1))
    assert torch.equal(
        sample_at_once(prior, front, seed=[1, 2])[1:], sample_at_once(prior, front[1:], seed=2)
    )


def test_codes_outside_the_picture_s_codebook_are_never_drawn(prior: CausalPrior) -> None:
    codes = sample(prior, condition(4, 4, 4), WINDOW, WINDOW, choice=Choice(3.0), num_codes=5)
    assert codes.max() < 5


def test_draws_follow_the_probabilities() -> None:
    logits = torch.tensor([0.1, 0.2, 0.3, 0.4]).log().expand(4000, 4)
    uniforms = torch.rand(4000, generator=torch.Generator().manual_seed(0))

    def frequencies(choice: Choice) -> Tensor:
        return choice.draw(logits, uniforms).bincount(minlength=4) / 4000

    def near(expected: list[float]) -> object:
        return pytest.approx(expected, abs=0.03)

    assert frequencies(Choice()).tolist() == near([0.1, 0.2, 0.3, 0.4])
    assert frequencies(Choice(temperature=0.5)).tolist() == near([1 / 30, 4 / 30, 9 / 30, 16 / 30])
    assert frequencies(Choice(top_k=2)).tolist() == near([0, 0, 3 / 7, 4 / 7])
    # 0.4 + 0.3 do not reach 0.75, so the third joins; with top-k first, they are 1.
    assert frequencies(Choice(top_p=0.75)).tolist() == near([0, 2 / 9, 3 / 9, 4 / 9])
    assert frequencies(Choice(top_k=2, top_p=0.5)).tolist() == near([0, 0, 0, 1])
    assert frequencies(Choice(temperature=0)).tolist() == [0, 0, 0, 1]
    assert frequencies(Choice(temperature=1e-300)).tolist() == [0, 0, 0, 1]
    assert frequencies(Choice(top_k=1)).tolist() == [0, 0, 0, 1]


def test_a_likely_code_is_always_kept_by_top_p() -> None:
    logits = torch.tensor([[5.0, 0.0, 0.0]])
    assert Choice(top_p=0.01).draw(logits, torch.tensor([0.999])).tolist() == [0]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"size": (0, 4)}, "at least 1 x 1"),
        ({"size": (5, 4)}, "covers 4 x 4 codes, the picture 5 x 4"),
        ({"size": (9, 9), "condition_codes": condition(1, 9, 9), "stride": 3}, "is 1 to 2, got 3"),
        ({"stride": 0}, "got 0"),
        ({"window": (4, 8), "size": (4, 8), "condition_codes": condition(1, 4, 8)}, "needs 63"),
        ({"permuter": Permuter("alternate", 2, 8)}, "makes 2 x 8 codes, not 4 x 4"),
        ({"known": condition(1, 4, 4)}, "belong together"),
        (
            {"known": condition(1, 4, 4), "known_region": torch.ones(4, 4)},
            "of bool",
        ),
        (
            {"known": condition(1, 4, 3), "known_region": torch.ones(4, 4).bool()},
            "known codes must cover 4 x 4",
        ),
        (
            {"known": torch.full((1, 4, 4), 30), "known_region": torch.ones(4, 4).bool()},
            r"in 0..29",
        ),
        ({"condition_codes": condition(2, 4, 4), "seed": [1, 2, 3]}, "one for each picture"),
        ({"condition_codes": condition(2, 4, 4), "seed": [1]}, "each of the 2 pictures"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_does_not_fit_is_named(
    prior: CausalPrior, options: dict[str, object], message: str
) -> None:
    arguments = {"condition_codes": condition(1, 4, 4), "size": WINDOW, "window": WINDOW}
    with pytest.raises(ValueError, match=message):
        sample_steps(prior, **(arguments | options))


def test_an_unmasked_picture_can_not_be_sampled_code_by_code() -> None:
    prior = CausalPrior(vocab_size=30, block_size=32, n_layer=1, n_head=1, n_embd=8, n_unmasked=17)
    with pytest.raises(ValueError, match="first 17 codes unmasked, more than the 16"):
        sample_steps(prior.eval(), condition(1, 4, 4), WINDOW, WINDOW)


@pytest.mark.parametrize(
    "options", [{"temperature": -1.0}, {"temperature": float("nan")}, {"top_k": 0}, {"top_p": 0.0}]
)
def test_numbers_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Choice(**options)
