"""The Frechet distance between two sets of features, as the Frechet Inception distance has it.

Heusel et al., *GANs Trained by a Two Time-Scale Update Rule* (arXiv 1706.08500), eq. 6. Over other
features than Inception's the figures do not compare with published ones: ``frechet_name`` says
whose they are.
"""

from __future__ import annotations

import torch
from torch import Tensor


def frechet_name(features: str) -> str:
    """What a figure is called that was computed from these features."""
    return f"Frechet distance ({features})"


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2) of the Gaussians fitted to two sets of features.

    Args:
        first, second: (N, D) and (M, D), two rows at least. Where there are few, the distance is
            too large: compare only figures from equally many.

    Raises:
        ValueError: sets of other shapes, or numbers that are not finite.
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(
            "two sets of features must be (N, D) and (M, D), "
            f"got {tuple(first.shape)} and {tuple(second.shape)}"
        )
    if min(len(first), len(second)) < 2:
        raise ValueError("a Frechet distance needs two pictures a set or more")
    first, second = first.double(), second.double()
    if not (first.isfinite().all() and second.isfinite().all()):
        raise ValueError("the features hold numbers that are not finite")
    mean = (first.mean(0) - second.mean(0)).square().sum()
    a, b = _root(first), _root(second)
    # With S1 = A^T A and S2 = B^T B, (S1 S2)^1/2 has the trace sum(singular values of A B^T): no
    # root of a matrix that may be singular, and nothing complex.
    cross = torch.linalg.svdvals(a @ b.T).sum()
    distance = mean + a.square().sum() + b.square().sum() - 2 * cross
    return max(distance.item(), 0.0)


def _root(features: Tensor) -> Tensor:
    """A triangular A with A^T A = covariance of the rows of (N, D)."""
    centred = features - features.mean(0)
    return torch.linalg.qr(centred, mode="r").R / (len(features) - 1) ** 0.5
