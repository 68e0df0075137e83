"""Squares of label maps as partitions: against counting by hand, and patterns that are found."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vqgan_space.models.partitions import (
    PARTS,
    classes_of_parts,
    cut,
    find_patterns,
    nearest_patterns,
    partition,
    put_together,
    squares_with_edges,
)


def squares(count: int = 40, pixels: int = 9, classes: int = 4) -> Tensor:
    random = torch.Generator().manual_seed(0)
    return 10 * torch.randint(classes, (count, pixels), generator=random)


def right_by_hand(square: list[int], pattern: list[int]) -> int:
    total = 0
    for part in range(PARTS):
        inside = [id for id, number in zip(square, pattern, strict=True) if number == part]
        total += max((inside.count(id) for id in inside), default=0)
    return total


def test_squares_are_cut_and_put_together() -> None:
    label_maps = torch.arange(2 * 8 * 12).view(2, 8, 12)
    found = cut(label_maps, 4)
    assert found.shape == (2, 2, 3, 16)
    assert found[1, 0, 2, 5] == label_maps[1, 1, 9]
    assert torch.equal(put_together(found[:, :, :, None], 4)[:, 0], label_maps)


def test_parts_are_numbered_as_they_are_met() -> None:
    ids = torch.tensor([[7, 7, 3, 255, 3, 7, 0, 3, 0], [4] * 9])
    assert partition(ids).tolist() == [[0, 0, 1, 2, 1, 0, 3, 1, 3], [0] * 9]
    renamed = torch.tensor([[1, 1, 9, 8, 9, 1, 5, 9, 5]])
    assert torch.equal(partition(renamed), partition(ids[:1]))


def test_the_nearest_pattern_gets_most_pixels_right() -> None:
    given = squares()
    random = torch.Generator().manual_seed(1)
    patterns = torch.randint(PARTS, (12, 9), generator=random).to(torch.uint8)
    patterns[0] = 0
    found, right = nearest_patterns(partition(given), patterns)
    for square, index, pixels in zip(given.tolist(), found, right, strict=True):
        by_hand = [right_by_hand(square, pattern) for pattern in patterns.tolist()]
        assert pixels == max(by_hand) == by_hand[index]
    assert (found > 0).any()
    flat = nearest_patterns(torch.zeros(1, 9, dtype=torch.uint8), patterns)
    assert flat[0].item() == 0 and flat[1].item() == 9


def test_a_part_stands_for_the_class_that_most_of_it_has() -> None:
    square = torch.tensor([[5, 5, 8, 8, 8, 5, 2, 2, 8]])
    pattern = torch.tensor([[0, 0, 0, 1, 1, 1, 1, 1, 1]], dtype=torch.uint8)
    ids, pixels = classes_of_parts(square, pattern)
    assert ids[0, :2].tolist() == [5, 8]
    assert pixels.tolist() == [[2, 3, 0]]  # there is no third part


def test_patterns_are_those_that_squares_have() -> None:
    edges = torch.zeros(3, 4, 4, dtype=torch.int64)
    edges[0, 2:], edges[1, :, 1:], edges[2, 1:, 3:] = 1, 1, 1
    edges = edges.flatten(1).repeat(30, 1)
    noisy = edges.clone()
    noisy[torch.arange(0, 90, 7), torch.arange(0, 90, 7) % 15 + 1] ^= 1
    patterns = find_patterns(partition(noisy), 4, seed=1)
    assert patterns.shape == (4, 16) and not patterns[0].any()
    _, right = nearest_patterns(partition(edges), patterns)
    assert (right == 16).all()


def test_more_patterns_are_closer() -> None:
    random = torch.Generator().manual_seed(3)
    slopes = torch.rand(300, 2, generator=random) * 8
    rows = torch.arange(8)[None, :, None] * 1.0
    columns = torch.arange(8)[None, None] * 1.0
    maps = (rows > slopes[:, :1, None] + (slopes[:, 1:, None] - 4) * (columns - 4) / 4).long()
    given = squares_with_edges(maps, 8)
    assert 200 < len(given) < 300
    wrong = [
        64 - nearest_patterns(given, find_patterns(given, count))[1].mean() for count in (4, 32)
    ]
    assert wrong[1] < 0.4 * wrong[0]
    with pytest.raises(ValueError, match="1000 patterns need 999 squares"):
        find_patterns(given, 1000)
