"""How often a text finds its picture."""

from __future__ import annotations

import pytest
import torch

from vqgan_space.training.retrieval import recall


def test_recall_counts_who_is_better() -> None:
    gallery = torch.eye(4)
    queries = torch.tensor(
        [
            [1.0, 0.0, 0.0, 0.0],  # its own first
            [0.9, 0.5, 0.0, 0.0],  # its own second
            [0.9, 0.8, 0.5, 0.0],  # third
            [0.9, 0.8, 0.7, 0.1],  # last
        ]
    )
    assert recall(queries, gallery, at=(1, 2, 3, 4)) == pytest.approx(
        {1: 0.25, 2: 0.5, 3: 0.75, 4: 1.0}
    )


def test_constant_vectors_are_no_better_than_chance() -> None:
    same = torch.ones(100, 8)
    assert recall(same, same, at=(1,))[1] == 0
    assert recall(same, same, at=(100,))[100] == 1
