"""Pictures of two seasons in a few codes, and a set that has learnt what both look like."""

from __future__ import annotations

import torch
from painting_sets import CODES, painting_set
from torch import Tensor

from vqgan_space.generation.synthesizer import Synthesizer
from vqgan_space.models.conditions import VectorCondition
from vqgan_space.models.masked_prior import MaskedPrior
from vqgan_space.training.prior_loss import masked_loss

SUMMER, WINTER = torch.eye(4)[:1], torch.eye(4)[1:2]
GREEN, WHITE, TREE = 3, 9, 20


def pictures(text: Tensor) -> Tensor:
    """Four codes of ground that depend on the text, four of trees that do not, 4 x 8."""
    ground = GREEN if torch.equal(text, SUMMER) else WHITE
    return torch.cat([torch.full((4, 4), ground), torch.full((4, 4), TREE)], dim=1)


def train_seasons() -> Synthesizer:
    """A set whose small prior is trained on them in a moment."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        prior = MaskedPrior(
            num_codes=CODES, height=4, width=8, condition="vector", vector_dim=4,
            n_layer=1, n_head=2, n_embd=32,
        )  # fmt: skip
        texts = torch.cat([SUMMER, WINTER]).repeat(8, 1)
        codes = torch.stack([pictures(text[None]) for text in texts])
        optimizer = torch.optim.AdamW(prior.parameters(), lr=1e-2)
        for _ in range(120):
            dropped = torch.rand(len(texts)) < 0.3
            masked_loss(prior, codes, texts, prior.hidden, dropped=dropped).backward()
            optimizer.step()
            optimizer.zero_grad()
    vqgan = painting_set(condition="none").vqgan
    return Synthesizer(vqgan, VectorCondition(4), prior.eval().requires_grad_(False))
