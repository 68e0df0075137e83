"""The losses of a VAE and its schedules (Kingma & Welling, arXiv 1312.6114, eq. 7 and 10)."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor

Reconstruction = Literal["bce", "mse"]
Schedule = Literal["constant", "linear", "cyclical"]
# A latent whose mean varies less over the data than this says nothing of them.
ACTIVE = 0.01


def reconstruction_loss(logits: Tensor, pictures: Tensor, kind: Reconstruction = "bce") -> Tensor:
    """Binary cross-entropy or squared error, summed over a picture: (B, C, H, W) x 2 -> (B,).

    Args:
        logits: what a sigmoid takes to the reconstruction.
        pictures: in [0, 1].
        kind: "bce" or "mse".
    """
    if kind == "bce":
        loss = F.binary_cross_entropy_with_logits(logits.float(), pictures, reduction="none")
    else:
        loss = (logits.float().sigmoid() - pictures).square()
    return loss.flatten(1).sum(1)


def kl_divergence(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mean, exp(logvar)) || N(0, 1)) of each latent, (B, D) x 2 -> (B, D) nats.

    -1/2 (1 + logvar - mean^2 - exp(logvar)): 1312.6114, appendix B.
    """
    mean, logvar = mean.float(), logvar.float()
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar)


def free_bits(kl: Tensor, least: float) -> Tensor:
    """Sum over latents of max(least, mean over the batch): (B, D) -> one number.

    So many nats a latent are free, which keeps it from falling silent (Kingma et al., *Improved
    variational inference with inverse autoregressive flow*, arXiv 1606.04934, eq. 15).
    """
    return kl.mean(0).clamp(min=least).sum()


def beta_at(
    step: int,
    steps: int,
    beta: float = 1.0,
    schedule: Schedule = "constant",
    *,
    warmup: float = 0.5,
    cycles: int = 4,
) -> float:
    """The weight of the KL divergence at a step.

    Args:
        step, steps: where the training is, of how many.
        beta: the weight at its highest.
        schedule: "constant"; "linear": from 0, highest after ``warmup`` of the steps; "cyclical":
            the same anew in each cycle (Fu et al., arXiv 1903.10145, eq. 6).
        warmup: share of the training, or of a cycle, in which it rises.
        cycles: how many there are.
    """
    if schedule == "constant":
        return beta
    length = steps / (cycles if schedule == "cyclical" else 1)
    within = step % length if schedule == "cyclical" else step
    return beta * min(1.0, within / max(length * warmup, 1))


def active_units(means: Tensor) -> int:
    """How many latents tell pictures apart: their means' variance is above 0.01 (N, D) -> number.

    Burda et al., *Importance weighted autoencoders*, arXiv 1509.00519, sec. 5.2.
    """
    return int((means.float().var(dim=0, correction=0) > ACTIVE).sum())
