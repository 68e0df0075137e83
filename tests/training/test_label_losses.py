"""The losses of label maps against closed forms."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from vqgan_space.training.label_losses import binary_loss, class_loss


def test_equal_logits_cost_the_logarithm_of_the_number_of_classes() -> None:
    maps = torch.randint(0, 5, (2, 4, 4))
    assert class_loss(torch.zeros(2, 5, 4, 4), maps).item() == pytest.approx(math.log(5))
    # All alike, whatever they weigh.
    balanced = class_loss(torch.zeros(2, 5, 4, 4), maps, balance=0.7)
    assert balanced.item() == pytest.approx(math.log(5), rel=1e-5)


def test_pixels_without_a_class_count_for_nothing() -> None:
    logits, maps = torch.randn(1, 3, 2, 4), torch.randint(0, 3, (1, 2, 4))
    part = maps.clone()
    part[:, :, 2:] = 255
    expected = F.cross_entropy(logits[..., :2], maps[..., :2])
    assert class_loss(logits, part, balance=0).item() == pytest.approx(expected.item(), rel=1e-6)
    assert class_loss(logits, torch.full_like(maps, 255), balance=0.5).item() == 0


def test_balance_makes_classes_weigh_alike() -> None:
    """Three pixels of class 0 and one of class 1: with balance 1 each class is half of the loss."""
    maps = torch.tensor([[[0, 0], [0, 1]]])
    logits = torch.randn(1, 2, 2, 2)
    each = F.cross_entropy(logits, maps, reduction="none")[0]
    expected = (each[maps[0] == 0].mean() + each[maps[0] == 1].mean()) / 2
    assert class_loss(logits, maps, balance=1.0).item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_binary_loss_is_tamings() -> None:
    """taming-transformers' BCELossWithQuant: with logits, on one-hot maps, mean over everything."""
    logits, maps = torch.randn(2, 4, 3, 3), torch.randint(0, 4, (2, 3, 3))
    target = F.one_hot(maps, 4).permute(0, 3, 1, 2).float()
    expected = -(
        target * logits.sigmoid().log() + (1 - target) * (1 - logits.sigmoid()).log()
    ).mean()
    assert binary_loss(logits, maps).item() == pytest.approx(expected.item(), rel=1e-5)
