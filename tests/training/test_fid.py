"""The Frechet distance against the closed form of Gaussians."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vqgan_space.training.fid import frechet_distance, frechet_name


def gaussian(mean: Tensor, root: Tensor, count: int = 200, seed: int = 0) -> Tensor:
    """Points whose mean and covariance are exactly ``mean`` and root^T root."""
    random = torch.Generator().manual_seed(seed)
    points = torch.randn(count, len(mean), generator=random, dtype=torch.float64)
    points = points - points.mean(0)
    whitened = points @ torch.linalg.inv(torch.linalg.cholesky(points.T.cov())).T
    return whitened @ root + mean


def test_gaussians_along_the_axes_have_the_distance_of_the_formula() -> None:
    means = torch.tensor([[0.0, 1, 2], [3, 1, -2]], dtype=torch.float64)
    deviations = torch.tensor([[1.0, 2, 3], [2, 2, 0.5]], dtype=torch.float64)
    first = gaussian(means[0], deviations[0].diag())
    second = gaussian(means[1], deviations[1].diag(), count=333, seed=1)
    # |m1 - m2|^2 + the sum of (s1 - s2)^2 over the axes
    assert frechet_distance(first, second) == pytest.approx(9 + 16 + 1 + 0 + 6.25)


def test_gaussians_that_lie_askew_have_the_distance_of_the_formula() -> None:
    mean = torch.zeros(2, dtype=torch.float64)
    roots = torch.tensor([[[2.0, 1], [0, 1]], [[1, -1], [0, 3]]], dtype=torch.float64)
    s1, s2 = (root.T @ root for root in roots)
    # For 2 x 2 the trace of (S1 S2)^1/2 is sqrt(tr(S1 S2) + 2 sqrt(det(S1 S2))).
    product = s1 @ s2
    cross = (product.trace() + 2 * product.det().sqrt()).sqrt()
    expected = (s1.trace() + s2.trace() - 2 * cross).item()
    points = (gaussian(mean, roots[0]), gaussian(mean, roots[1], seed=1))
    assert frechet_distance(*points) == pytest.approx(expected)
    assert frechet_distance(*reversed(points)) == pytest.approx(expected)


def test_fewer_pictures_than_features_are_no_obstacle() -> None:
    # Covariances without an inverse: 5 points in 40 dimensions, moved by 2 along each.
    points = torch.randn(5, 40, generator=torch.Generator().manual_seed(0))
    assert frechet_distance(points, points) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(points, points + 2) == pytest.approx(4 * 40, rel=1e-5)


@pytest.mark.parametrize(
    "first, second, sentence",
    [
        (torch.zeros(4, 3), torch.zeros(4, 2), "must be .N, D. and .M, D."),
        (torch.zeros(1, 3), torch.zeros(4, 3), "two pictures"),
        (torch.full((4, 3), torch.nan), torch.zeros(4, 3), "not finite"),
    ],
)
def test_what_has_no_distance_is_an_error(first: Tensor, second: Tensor, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        frechet_distance(first, second)


def test_a_figure_says_whose_features_it_is_of() -> None:
    assert frechet_name("Inception") == "Frechet distance (Inception)"
