"""Measures of label maps: confusion matrix, pixel accuracy, intersection over union.

Long et al., *Fully Convolutional Networks for Semantic Segmentation* (arXiv 1411.4038), sec. 5.
Pixels without a class in the truth (255) count for nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vqgan_space.data.labels import NO_CLASS


def confusion(truth: Tensor, found: Tensor, num_classes: int) -> Tensor:
    """How often each class was taken for each: (C, C) of int64, truth down, found across.

    Args:
        truth: ids of any shape, 255 where unknown.
        found: ids below ``num_classes``, of the same shape.

    Raises:
        ValueError: different shapes.
    """
    if truth.shape != found.shape:
        raise ValueError(f"label maps differ in shape: {tuple(truth.shape)}, {tuple(found.shape)}")
    known = truth != NO_CLASS
    pairs = truth[known].long() * num_classes + found[known].long()
    return torch.bincount(pairs, minlength=num_classes**2).view(num_classes, num_classes)


def pixel_accuracy(matrix: Tensor) -> float:
    """Share of the pixels that have their class; nan without pixels."""
    return float(matrix.diagonal().sum() / matrix.sum())


def class_iou(matrix: Tensor) -> Tensor:
    """Intersection over union of each class, (C,); nan for those that the truth does not have."""
    hits = matrix.diagonal().double()
    union = matrix.sum(0) + matrix.sum(1) - matrix.diagonal()
    return torch.where(matrix.sum(1) > 0, hits / union, torch.nan)


def mean_iou(matrix: Tensor) -> float:
    """Mean of it over the classes that the truth has."""
    return float(class_iou(matrix).nanmean())
