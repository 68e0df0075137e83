"""A VAE's losses against closed forms and torch.distributions; its schedules."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Normal
from torch.distributions import kl_divergence as reference_kl

from vqgan_space.training.vae_losses import (
    active_units,
    beta_at,
    free_bits,
    kl_divergence,
    reconstruction_loss,
)


def test_the_kl_divergence_is_that_of_gaussians() -> None:
    mean, logvar = torch.randn(6, 4), torch.randn(6, 4)
    expected = reference_kl(Normal(mean, (logvar / 2).exp()), Normal(0.0, 1.0))
    assert torch.allclose(kl_divergence(mean, logvar), expected, atol=1e-5)
    assert kl_divergence(torch.zeros(1, 3), torch.zeros(1, 3)).sum() == 0
    # 1/2 (1 + 4 - 1 - ln 4)
    assert kl_divergence(torch.ones(1, 1), torch.full((1, 1), math.log(4))).item() == pytest.approx(
        2 - math.log(2), rel=1e-5
    )


def test_the_reconstruction_is_summed_over_a_picture() -> None:
    pictures = torch.ones(2, 1, 3, 3)
    pictures[1] = 0
    logits = torch.zeros(2, 1, 3, 3)
    assert torch.allclose(reconstruction_loss(logits, pictures), torch.full((2,), 9 * math.log(2)))
    assert torch.allclose(reconstruction_loss(logits, pictures, "mse"), torch.full((2,), 9 * 0.25))
    # Soft targets: -p log q - (1 - p) log(1 - q)
    soft = reconstruction_loss(torch.full((1, 1, 1, 1), math.log(3)), torch.full((1, 1, 1, 1), 0.2))
    assert soft.item() == pytest.approx(-0.2 * math.log(0.75) - 0.8 * math.log(0.25), rel=1e-5)


def test_free_bits_hold_back_only_what_is_below() -> None:
    kl = torch.tensor([[0.1, 3.0], [0.3, 1.0]], requires_grad=True)
    total = free_bits(kl, 0.5)
    assert total.item() == pytest.approx(0.5 + 2.0)
    total.backward()
    assert kl.grad is not None
    assert (kl.grad[:, 0] == 0).all() and (kl.grad[:, 1] == 0.5).all()
    assert free_bits(kl, 0).item() == pytest.approx(2.2)


def test_beta_rises_as_its_schedule_says() -> None:
    assert [beta_at(step, 100, 0.5) for step in (0, 99)] == [0.5, 0.5]
    linear = [beta_at(step, 100, 2.0, "linear") for step in (0, 25, 50, 99)]
    assert linear == [0, 1, 2, 2]
    cyclical = [beta_at(step, 80, 1.0, "cyclical") for step in range(80)]
    assert [cyclical[at] for at in (0, 5, 10, 19, 20, 25, 79)] == [0, 0.5, 1, 1, 0, 0.5, 1]


def test_a_latent_counts_where_it_tells_pictures_apart() -> None:
    means = torch.zeros(100, 3)
    means[::2, 1] = 1.0
    means[::2, 2] = 0.1  # a variance of 0.0025
    assert active_units(means) == 1
