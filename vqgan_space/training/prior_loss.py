"""What priors are trained for: functions of a prior, codes (B, h, w) of int64, and a condition.

Losses and likelihoods are scalars, in nats a code.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Prior = Callable[..., Tensor]


def causal_loss(
    prior: Prior,
    codes: Tensor,
    front: Tensor,
    vocab_size: int,
    *,
    pkeep: float = 1.0,
    smoothing: float = 0.0,
) -> Tensor:
    """-log p(s | c) of Esser et al. (arXiv 2012.09841), eq. 10, over the picture's codes alone.

    Args:
        prior: codes (B, T) to logits (B, T, V), each seeing those before it.
        codes: (B, h, w).
        front: the condition's codes (B, n), at least one.
        vocab_size: V.
        pkeep: the share of the picture's codes that the prior is shown; in the place of the others
            it reads random ones. What it has to say stays the same.
        smoothing: label smoothing.
    """
    targets = codes.flatten(1)  # (B, h*w)
    read = targets
    if pkeep < 1:
        is_kept = torch.rand(targets.shape, device=targets.device) < pkeep
        read = torch.where(is_kept, targets, torch.randint_like(targets, vocab_size))
    sequence = torch.cat([front, read], dim=1)[:, :-1]  # (B, n + h*w - 1)
    logits = prior(sequence)[:, front.shape[1] - 1 :]
    return _cross_entropy(logits, targets, smoothing)


def raster_loss(
    prior: Prior, codes: Tensor, condition: Tensor | None, *, smoothing: float = 0.0
) -> Tensor:
    """The same for a prior over grids, such as PixelSNAIL.

    Args:
        prior: codes (B, h, w) and a condition to logits (B, h, w, K) of each code given those
            before it, row by row.
    """
    return _cross_entropy(prior(codes, condition), codes, smoothing)


def hide(codes: Tensor, shares: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Which codes are hidden: bool (B, h, w), at least one a picture.

    Args:
        codes: (B, h, w).
        shares: how much of each picture, (B,) in [0, 1].
        generator: None: torch's own.
    """
    count = codes[0].numel()
    hidden = (shares * count).ceil().clamp(1, count)  # (B,)
    order = torch.rand(len(codes), count, generator=generator, device=codes.device)
    ranks = order.argsort(1).argsort(1)
    return (ranks < hidden[:, None]).view_as(codes)


def masked_loss(
    prior: Prior,
    codes: Tensor,
    condition: Tensor | None,
    hidden_code: int,
    *,
    dropped: Tensor | None = None,
    schedule: Literal["cosine", "arccos"] = "cosine",
    smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy of hidden codes given the others: Chang et al. (arXiv 2202.04200), eq. 1.

    Args:
        prior: codes (B, h, w), a condition and ``dropped`` to logits (B, h, w, K).
        hidden_code: the index that stands for a hidden code.
        dropped: bool (B,): which pictures go without their condition.
        schedule: the share of hidden codes as a function of a uniform number r: cos(pi r / 2), or
            2 arccos(r) / pi, which hides more.
        smoothing: label smoothing.
    """
    uniform = torch.rand(len(codes), device=codes.device)
    if schedule == "cosine":
        shares = torch.cos(math.pi / 2 * uniform)
    else:
        shares = torch.acos(uniform) * 2 / math.pi
    is_hidden = hide(codes, shares)
    logits = prior(torch.where(is_hidden, hidden_code, codes), condition, dropped)
    return _cross_entropy(logits[is_hidden], codes[is_hidden], smoothing)


def masked_nll(
    prior: Prior, codes: Tensor, condition: Tensor | None, hidden_code: int, seed: int = 0
) -> Tensor:
    """Mean -log p of hidden codes with a quarter, half, three quarters and all of them hidden.

    It compares masked priors with one another; it is no likelihood of the picture.
    """
    generator = torch.Generator().manual_seed(seed)
    losses = []
    for share in (0.25, 0.5, 0.75, 1.0):
        shares = torch.full((len(codes),), share)
        is_hidden = hide(codes.cpu(), shares, generator).to(codes.device)
        logits = prior(torch.where(is_hidden, hidden_code, codes), condition, None)
        losses.append(_cross_entropy(logits[is_hidden], codes[is_hidden], 0.0))
    return torch.stack(losses).mean()


def _cross_entropy(logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """(..., K) and (...) to their mean."""
    flat = logits.reshape(-1, logits.shape[-1]).float()
    return F.cross_entropy(flat, targets.reshape(-1), label_smoothing=smoothing)
