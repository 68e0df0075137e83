"""A trained masked prior for another codebook: what it knows of pictures stays."""

from __future__ import annotations

import torch
from torch import Tensor

from vqgan_space.models.masked_prior import MaskedPrior


@torch.no_grad()
def translate(prior: MaskedPrior, old: Tensor, new: Tensor) -> None:
    """Exchange a prior's codes for those of another VQGAN of as many codes, as a start for more
    training.

    A new code takes the mean embedding, and the mean row of the head, of the old codes that stand
    in its places, each as often as it does; the head's bias follows how frequent codes are. Codes
    that stand nowhere take the means of all.

    Args:
        prior: for the old codes, changed in place.
        old, new: codes of the same pictures by the two VQGANs, (N, h, w) int64 both.

    Raises:
        ValueError: different shapes, or codes that the prior does not have.
    """
    count = prior.config.num_codes
    if old.shape != new.shape or not old.numel():
        raise ValueError(
            "old and new codes must be of the same pictures, got "
            f"{tuple(old.shape)} and {tuple(new.shape)}"
        )
    if max(int(old.max()), int(new.max())) >= count:
        raise ValueError(f"the prior has {count} codes, fewer than there are in the data")
    pairs = torch.bincount(new.flatten() * count + old.flatten(), minlength=count**2)
    pairs = pairs.view(count, count).double()  # new down, old across
    frequent = pairs.sum(0) / pairs.sum()  # of the old codes
    found = pairs.sum(1, keepdim=True)
    share = torch.where(found > 0, pairs / found.clamp(min=1), frequent)
    # Log frequencies, with half an occurrence for codes that stand nowhere.
    logs = [
        torch.log((counts + 0.5) / (pairs.sum() + count / 2))
        for counts in (pairs.sum(0), pairs.sum(1))
    ]
    codes, head = prior.code_emb.weight[:count], prior.head
    codes.copy_(share @ codes.double())
    head.weight.copy_(share @ head.weight.double())
    head.bias.copy_(share @ (head.bias.double() - logs[0]) + logs[1])
