"""The losses of a VQGAN besides its quantizer's and the perceptual one. Plain functions.

Esser et al., arXiv 2012.09841, eq. 5 to 7; PatchGAN with hinge loss; LeCAM, arXiv 2104.03310.
Pictures are (B, 3, H, W) in [-1, 1], weights of their pixels (B, 1, H, W) with a mean of about 1,
logits (B, 1, h, w), results scalars.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def pixel_loss(
    output: Tensor,
    target: Tensor,
    l1: float = 1.0,
    l2: float = 0.0,
    weights: Tensor | None = None,
) -> Tensor:
    """Weighted sum of the mean absolute and the mean squared error."""
    error = output - target
    losses = l1 * error.abs() + l2 * error.square()
    return losses.mean() if weights is None else (weights * losses).mean()


def gradient_loss(
    output: Tensor, target: Tensor, scales: int = 4, weights: Tensor | None = None
) -> Tensor:
    """Mean absolute error of horizontal and vertical differences at several scales.

    Scale k averages squares of 2^k pixels first. It asks for edges of the right place and strength.
    A difference has the higher weight of its two pixels.
    """
    error, loss = output - target, output.new_zeros(())
    for scale in range(scales):
        if min(error.shape[-2:]) < 2:
            break
        for dim in (2, 3):
            change = error.diff(dim=dim).abs()
            if weights is not None:
                size = weights.shape[dim] - 1
                pair = weights.narrow(dim, 0, size), weights.narrow(dim, 1, size)
                change = change * torch.maximum(*pair)
            loss = loss + change.mean()
        if scale + 1 < scales:
            error = F.avg_pool2d(error, 2)
            weights = None if weights is None else F.avg_pool2d(weights, 2)
    return loss / scales


def colour_loss(output: Tensor, target: Tensor, pool: int = 4, green: float = 3.0) -> Tensor:
    """Mean absolute error of two colour differences, over squares of pool x pool pixels.

    Red minus blue and, ``green`` times as heavy because it varies least in photographs, green minus
    the mean of both. Colour varies far less than brightness, so a pixel loss learns it last, and in
    a short training not at all; at a coarse scale it is cheap to get right.
    """
    red, g, blue = F.avg_pool2d(output - target, pool).unbind(1)
    return (red - blue).abs().mean() + green * (g - (red + blue) / 2).abs().mean()


def feature_matching_loss(output: list[Tensor], target: list[Tensor]) -> Tensor:
    """Mean absolute error of a discriminator's features (arXiv 1711.11585, eq. 4)."""
    errors = [F.l1_loss(a, b.detach()) for a, b in zip(output, target, strict=True)]
    return torch.stack(errors).mean()


def discriminator_hinge_loss(real: Tensor, fake: Tensor) -> Tensor:
    """.5 E[max(0, 1 - D(x))] + .5 E[max(0, 1 + D(x^))]."""
    return 0.5 * (F.relu(1 - real).mean() + F.relu(1 + fake).mean())


def generator_loss(fake: Tensor) -> Tensor:
    """-E[D(x^)], the generator's side of the hinge loss."""
    return -fake.mean()


def adaptive_weight(
    reconstruction: Tensor, adversarial: Tensor, delta: float = 1e-4, most: float = 1e4
) -> Tensor:
    """lambda = |grad reconstruction| / (|grad adversarial| + delta), eq. 7 of arXiv 2012.09841.

    Both are gradients at the decoder's last layer, averaged over all processes. ``delta`` is the
    1e-4 of the paper's code (its text has 1e-6).
    """
    return (reconstruction.norm() / (adversarial.norm() + delta)).clamp(0, most).detach()


class LeCAM(nn.Module):
    """LeCAM regularisation, arXiv 2104.03310, eq. 5: keeps D near its own moving averages."""

    def __init__(self, decay: float = 0.999) -> None:
        super().__init__()
        self.decay = decay
        self.real: Tensor
        self.fake: Tensor
        self.register_buffer("real", torch.zeros(()))
        self.register_buffer("fake", torch.zeros(()))

    @torch.no_grad()
    def update(self, real_mean: Tensor, fake_mean: Tensor) -> None:
        """Take in the mean logits of one batch, averaged over all processes."""
        self.real.lerp_(real_mean.float(), 1 - self.decay)
        self.fake.lerp_(fake_mean.float(), 1 - self.decay)

    def forward(self, real: Tensor, fake: Tensor) -> Tensor:
        """E[relu(D(x) - fake average)^2] + E[relu(real average - D(x^))^2]."""
        return F.relu(real - self.fake).square().mean() + F.relu(self.real - fake).square().mean()
