"""Measures of label maps against ones counted by hand."""

from __future__ import annotations

import pytest
import torch

from vqgan_space.training.segmentation_metrics import (
    class_iou,
    confusion,
    mean_iou,
    pixel_accuracy,
)

TRUTH = torch.tensor([[0, 0, 1, 1], [0, 0, 255, 1]])
FOUND = torch.tensor([[0, 1, 1, 1], [0, 2, 0, 0]])


def test_measures_of_a_case_counted_by_hand() -> None:
    matrix = confusion(TRUTH, FOUND, 4)
    assert matrix.tolist() == [[2, 1, 1, 0], [1, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert pixel_accuracy(matrix) == pytest.approx(4 / 7)
    # Class 0: 2 of 4 + 3 - 2; class 1: 2 of 3 + 3 - 2; class 2 is not there, class 3 nowhere.
    assert class_iou(matrix)[:2].tolist() == pytest.approx([2 / 5, 2 / 4])
    assert class_iou(matrix)[2:].isnan().all()
    assert mean_iou(matrix) == pytest.approx((2 / 5 + 2 / 4) / 2)


def test_the_truth_itself_is_perfect() -> None:
    matrix = confusion(TRUTH, TRUTH.where(TRUTH != 255, 0), 4)
    assert pixel_accuracy(matrix) == mean_iou(matrix) == 1


def test_maps_of_different_shapes_are_an_error() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        confusion(TRUTH, FOUND[:, :3], 4)
