"""Distances, stops and pulls, against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from vqgan_space.generation.guidance.losses import (
    clamp_inside,
    prompt_loss,
    similarity,
    spherical_distance,
    start_pull,
    total_variation,
)
from vqgan_space.generation.guidance.prompts import Target

EAST, NORTH = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])


@pytest.mark.parametrize("degrees", [1, 60, 90, 179])
def test_the_distance_is_half_the_squared_angle(degrees: float) -> None:
    angle = math.radians(degrees)
    other = torch.tensor([math.cos(angle), math.sin(angle)])
    assert spherical_distance(EAST, other).item() == pytest.approx(angle**2 / 2, rel=2e-3)


def test_its_slope_is_finite_even_where_two_are_one() -> None:
    for other in (EAST, -EAST):
        x = other.clone().requires_grad_(True)
        spherical_distance(x, EAST).backward()
        assert x.grad is not None and torch.isfinite(x.grad).all()


def test_weights_pull_and_push() -> None:
    start = F.normalize(torch.tensor([[[1.0, 1.0]]]), dim=-1)  # 45 degrees from both
    expected = (math.pi / 4) ** 2 / 2
    for weight in (2.0, -0.5):
        x = start.clone().requires_grad_(True)
        loss = prompt_loss(x, Target("north", NORTH, weight, -math.inf))
        assert loss.item() == pytest.approx(weight * expected, rel=1e-4)
        loss.sum().backward()
        assert x.grad is not None
        assert (x.grad[0, 0, 1] < 0) == (weight > 0)  # a step against it goes north, or away


def test_below_its_stop_a_prompt_no_longer_pulls() -> None:
    near, far = torch.tensor([0.1, 1.0]), torch.tensor([1.0, 0.0])
    x = F.normalize(torch.stack([near, far])[None], dim=-1).requires_grad_(True)
    loss = prompt_loss(x, Target("north", NORTH, 1.0, 0.3))
    expected = (math.atan(0.1) ** 2 / 2 + (math.pi / 2) ** 2 / 2) / 2
    assert loss.item() == pytest.approx(expected, rel=1e-3)  # the value counts both
    loss.sum().backward()
    assert x.grad is not None
    assert (x.grad[0, 0] == 0).all() and (x.grad[0, 1] != 0).any()


def test_similarity_is_of_what_is_wanted() -> None:
    cutouts = torch.stack([EAST, NORTH])[None]  # half of them each
    targets = [Target("e", EAST, 3, 0), Target("n", NORTH, 1, 0), Target("no", -EAST, -1, 0)]
    assert similarity(cutouts, targets).tolist() == pytest.approx([0.5])


def test_total_variation_and_the_pull_of_the_start() -> None:
    flat = torch.zeros(1, 3, 4, 4)
    ramp = torch.arange(4.0).expand(1, 3, 4, 4)
    assert total_variation(torch.cat([flat, ramp])).tolist() == [0, 1]
    latents = torch.stack([torch.ones(2, 2, 2), torch.full((2, 2, 2), 3.0)])
    assert start_pull(latents, torch.ones_like(latents)).tolist() == [0, 4]


def test_the_clamp_lets_gradients_through_that_lead_back() -> None:
    for direction, passes in ((1.0, True), (-1.0, False)):
        x = torch.tensor([0.5, 2.0], requires_grad=True)
        y = clamp_inside(x)
        assert y.tolist() == [0.5, 1.0]
        (y * direction).sum().backward()
        assert x.grad is not None
        assert x.grad[0] == direction and (x.grad[1] != 0) == passes
