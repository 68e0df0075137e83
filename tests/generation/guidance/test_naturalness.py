"""The pull towards what a prior expects."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from vqgan_space.generation.guidance import GuideSettings, guide, parse_prompts
from vqgan_space.generation.guidance.naturalness import Naturalness
from vqgan_space.generation.guidance.start import from_noise
from vqgan_space.models.clip import CLIP
from vqgan_space.models.masked_prior import MaskedPrior
from vqgan_space.models.vqgan import VQGAN

FAVOURITE = 7


def one_code_prior(**options: Any) -> MaskedPrior:
    """A prior that expects one and the same code everywhere."""
    prior = MaskedPrior(
        num_codes=64, height=6, width=6, n_layer=1, n_head=2, n_embd=16, **options
    ).eval()
    with torch.no_grad():
        prior.head.weight.zero_()
        prior.head.bias.zero_()
        prior.head.bias[FAVOURITE] = 50.0
    return prior.requires_grad_(False)


def test_only_hidden_codes_are_expected_and_only_within_the_window(vivid_vqgan: VQGAN) -> None:
    natural = Naturalness(one_code_prior(), vivid_vqgan.codebook)
    codes = torch.randint(64, (8, 10), generator=torch.Generator().manual_seed(0))
    seen = torch.zeros(8, 10, dtype=torch.bool)
    random = torch.Generator().manual_seed(1)
    for _ in range(200):
        latents, region = natural.expected(codes, random)
        assert latents.shape == (8, 8, 10) and 0 < region.sum() <= 36
        expected = vivid_vqgan.codebook[FAVOURITE].expand(int(region.sum()), 8)
        torch.testing.assert_close(latents.permute(1, 2, 0)[region], expected)
        assert (latents[:, ~region] == 0).all()
        seen |= region
    assert seen.all()  # a larger grid is looked at in all its parts


def test_a_prior_that_reads_texts_follows_its_condition(vivid_vqgan: VQGAN) -> None:
    prior = one_code_prior(condition="vector", vector_dim=4)
    with torch.no_grad():
        for parameter in prior.parameters():
            torch.nn.init.normal_(parameter, std=0.5, generator=torch.Generator().manual_seed(2))
    codes = torch.zeros(6, 6, dtype=torch.int64)

    def expected(condition: torch.Tensor | None) -> torch.Tensor:
        natural = Naturalness(prior, vivid_vqgan.codebook, condition)
        return natural.expected(codes, torch.Generator().manual_seed(0))[0]

    first, second = expected(torch.ones(1, 4)), expected(-torch.ones(1, 4))
    assert not torch.allclose(first, second, atol=1e-3)
    assert not torch.allclose(first, expected(None), atol=1e-3)


def test_a_strong_pull_wins(vivid_vqgan: VQGAN, clip: CLIP) -> None:
    natural = Naturalness(one_code_prior(), vivid_vqgan.codebook)
    start = from_noise(vivid_vqgan, (6, 6), [0])

    def share(weight: float) -> float:
        settings = GuideSettings(steps=40, cutouts=2, learning_rate=0.3, natural=weight)
        scenes = [parse_prompts("a lake")]
        *_, last = guide(vivid_vqgan, [clip], scenes, start, [0], settings, 0, naturalness=natural)
        assert last.latents is not None and ("naturalness" in last.losses) == (weight > 0)
        return float((vivid_vqgan.nearest_codes(last.latents) == FAVOURITE).float().mean())

    assert share(100.0) > 0.8 > 0.3 > share(0.0)


def test_a_prior_of_other_codes_is_refused(tiny_vqgan: VQGAN) -> None:
    prior = MaskedPrior(num_codes=65, n_layer=1, n_head=2, n_embd=16)
    with pytest.raises(ValueError, match="choose a set of this VQGAN"):
        Naturalness(prior, tiny_vqgan.codebook)
