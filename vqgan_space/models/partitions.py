"""Squares of a label map as partitions: which of their pixels share a class, whatever the class is.

A partition (P,) of the P pixels of a square numbers the parts from 0 on, in the order in which they
are first met, row by row. Patterns are partitions into at most ``PARTS`` parts.
"""

from __future__ import annotations

import torch
from torch import Tensor

PARTS = 3
# How many classes of one square are told apart; what is left counts as the last of them.
_CLASSES = 4
_ROWS = 512  # squares compared with all patterns at once


def cut(label_maps: Tensor, side: int) -> Tensor:
    """Squares of label maps: (B, H, W) -> (B, H / side, W / side, side * side)."""
    batch, height, width = label_maps.shape
    rows = label_maps.view(batch, height // side, side, width // side, side)
    return rows.transpose(2, 3).flatten(3)  # (B, h, w, side * side)


def put_together(squares: Tensor, side: int) -> Tensor:
    """The inverse of ``cut``, with channels: (B, h, w, C, side * side) -> (B, C, H, W)."""
    batch, height, width, channels, _ = squares.shape
    squares = squares.view(batch, height, width, channels, side, side)
    squares = squares.permute(0, 3, 1, 4, 2, 5)  # (B, C, h, side, w, side)
    return squares.reshape(batch, channels, height * side, width * side)


def partition(squares: Tensor) -> Tensor:
    """Ids (M, P) to partitions (M, P), uint8."""
    same = squares[:, :, None] == squares[:, None]  # (M, P, P)
    first = same.to(torch.uint8).argmax(2)  # where a pixel's class is met first
    is_first = first == torch.arange(squares.shape[1], device=squares.device)
    return (is_first.cumsum(1) - 1).gather(1, first).to(torch.uint8)


def of_parts(partitions: Tensor, parts: int = PARTS) -> Tensor:
    """Partitions (M, P) to masks of their parts, float32 (M, parts, P)."""
    numbers = torch.arange(parts, device=partitions.device)
    return (partitions[:, None] == numbers[:, None]).float()


def nearest_patterns(partitions: Tensor, patterns: Tensor) -> tuple[Tensor, Tensor]:
    """The pattern that a square of some partition is closest to, and how many pixels it gets right.

    A part of a pattern can stand for one class: it gets those pixels right that have the class
    that most of it has.

    Args:
        partitions: (M, P).
        patterns: (K, P), the first of one part alone.

    Returns:
        Indices (M,) int64 and numbers of pixels (M,) float32.
    """
    pixels = partitions.shape[1]
    found = torch.zeros(len(partitions), dtype=torch.int64, device=partitions.device)
    right = torch.full((len(partitions),), float(pixels), device=partitions.device)
    masks = of_parts(patterns).flatten(0, 1).T  # (P, K * PARTS)
    for rows in (partitions.amax(1) > 0).nonzero()[:, 0].split(_ROWS):
        classes = of_parts(partitions[rows].clamp(max=_CLASSES - 1), _CLASSES)  # (m, 4, P)
        common = (classes.flatten(0, 1) @ masks).view(len(rows), _CLASSES, len(patterns), PARTS)
        right[rows], found[rows] = common.amax(1).sum(2).float().max(1)
    return found, right


def classes_of_parts(squares: Tensor, patterns: Tensor) -> tuple[Tensor, Tensor]:
    """The class that most of a part's pixels have.

    Args:
        squares: ids (M, P).
        patterns: the pattern of each, (M, P).

    Returns:
        Ids (M, PARTS), and how many of the part's pixels have that id, float32 (M, PARTS): 0 where
        the pattern has no such part.
    """
    masks = of_parts(patterns)  # (M, PARTS, P)
    same = (squares[:, :, None] == squares[:, None]).float()  # (M, P, P)
    votes = (masks @ same) * masks  # how many pixels of the part a pixel agrees with
    most = votes.max(2)
    return squares.gather(1, most.indices), most.values


def find_patterns(partitions: Tensor, count: int, iterations: int = 6, seed: int = 0) -> Tensor:
    """Patterns that many squares are close to: k-modes, Lloyd's algorithm with a vote for a mean.

    Args:
        partitions: (M, P) of uint8, of squares with more than one class, M >= count - 1.
        count: K, with the pattern of one part alone, which is the first.
        seed: of the squares that it starts from.

    Returns:
        (K, P) of uint8.
    """
    wanted = count - 1
    if len(partitions) < wanted:
        raise ValueError(
            f"{count} patterns need {wanted} squares with edges in them, and there are "
            f"{len(partitions)}: give more label maps, or ask for fewer detail codes"
        )
    random = torch.Generator().manual_seed(seed)
    start = torch.randperm(len(partitions), generator=random)[:wanted]
    patterns = partitions[start].clamp(max=PARTS - 1)
    flat = torch.zeros_like(patterns[:1])
    for _ in range(iterations):
        found, right = nearest_patterns(partitions, torch.cat([flat, patterns]))
        ours = (found > 0).nonzero()[:, 0]
        rows, index = partitions[ours], found[ours] - 1
        # Each class of a square votes for the part of the pattern that it covers most.
        classes = of_parts(rows.clamp(max=_CLASSES - 1), _CLASSES)
        part = (classes @ of_parts(patterns[index]).transpose(1, 2)).argmax(2)  # (m, classes)
        named = part.gather(1, rows.clamp(max=_CLASSES - 1).long())
        votes = torch.zeros(wanted, PARTS, rows.shape[1])
        votes.index_add_(0, index, of_parts(named))
        used = torch.bincount(index, minlength=wanted) > 0
        patterns = torch.where(used[:, None], votes.argmax(1).to(torch.uint8), patterns)
        # Patterns that no square is closest to take the squares that are served worst.
        worst = right.topk(int((~used).sum()), largest=False).indices
        patterns[~used] = partitions[worst].clamp(max=PARTS - 1)
    return torch.cat([flat, patterns])


def squares_with_edges(label_maps: Tensor, side: int) -> Tensor:
    """Partitions (M, P) of the squares of label maps (B, H, W) that have more than one class."""
    squares = cut(label_maps, side).flatten(0, 2)
    return partition(squares[(squares != squares[:, :1]).any(1)])
