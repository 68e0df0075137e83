"""Branches that fork: the wood of broad-leaved trees and bushes, bare in winter."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from ..canvas import Array
from .strokes import Strokes, uniform


def branches(
    rng: Generator, fork: float, spread: float, upright: float, levels: int, lean: float = 0.0
) -> tuple[Array, Array, Array]:
    """Segments of a tree that forks: ends (n, 2, 2), widths (n, 2), levels (n,).

    Args:
        fork: height of the first fork, a share of the trunk.
        spread: angle between the children, radians.
        upright: 0 keeps their directions, 1 turns all of them up.
        levels: generations of branches after the trunk.
    """
    ends = [np.asarray([[[0, 1], [lean, 0.42]]], np.float32)]
    widths = [np.asarray([[0.046, 0.01]], np.float32)]
    ranks = [np.zeros(1, np.int32)]
    angle, length = np.full(1, lean, np.float32), np.full(1, 0.58, np.float32)
    for rank in range(1, levels + 1):
        children = (5, 4, 3, 3, 2)[min(rank, 5) - 1]
        parent, width = ends[-1], widths[-1]
        n = len(parent) * children
        at = np.tile(np.linspace(fork if rank == 1 else 0.4, 1, children), len(parent))
        at = (at + uniform(rng, -0.08, 0.08, n)).clip(0.2, 1).astype(np.float32)
        index = np.repeat(np.arange(len(parent)), children)
        begin = parent[index, 0] + at[:, None] * (parent[index, 1] - parent[index, 0])
        side = np.tile((-1.0) ** np.arange(children), len(parent)).astype(np.float32)
        side *= np.float32(1 if rng.random() < 0.5 else -1)
        turn = side * uniform(rng, 0.45, 1.1, n) * spread * (1.35 - 1.0 * at)
        angle = ((angle[index] + turn) * (1 - upright)).astype(np.float32)
        length = length[index] * uniform(rng, 0.45, 0.72, n)
        end = begin + length[:, None] * np.stack([np.sin(angle), -np.cos(angle)], 1)
        thick = width[index, 0] + at * (width[index, 1] - width[index, 0])
        ends.append(np.stack([begin, end], 1))
        widths.append(np.maximum(np.stack([0.7 * thick, 0.36 * thick], 1), 0.0045))
        ranks.append(np.full(n, rank, np.int32))
    every = np.concatenate(ends).astype(np.float32)
    top = every[..., 1].min()
    every[..., 1] = 1 - (1 - every[..., 1]) / (1 - top)
    return every, np.concatenate(widths), np.concatenate(ranks)


def fit(ends: Array, half: float, bare: bool) -> None:
    """Spreads branches ``half`` to either side; where leaves hide their ends, keeps them inside."""
    widest = max(float(np.quantile(np.abs(ends[..., 0]), 0.98)), 0.05)
    ends[..., 0] *= np.float32(half / widest * (1 if bare else 0.55))
    if not bare:
        ends[..., 1] = 1 - 0.78 * (1 - ends[..., 1])


def _tapered(ends: Array, widths: Array) -> Array:
    """Segments as quadrilaterals: (n, 4, 2)."""
    along = ends[:, 1] - ends[:, 0]
    normal = np.stack([-along[:, 1], along[:, 0]], 1)
    normal /= np.maximum(np.hypot(normal[:, :1], normal[:, 1:]), 1e-6)
    a, b = (normal * widths[:, :1] / 2), (normal * widths[:, 1:] / 2)
    return np.stack([ends[:, 0] - a, ends[:, 1] - b, ends[:, 1] + b, ends[:, 0] + a], 1)


def draw_wood(
    strokes: Strokes, rng: Generator, tree: tuple[Array, Array, Array], bark: Array, snowy: bool
) -> None:
    """Draws segments of ``branches`` with snow along the upper sides of ``snowy`` ones."""
    ends, widths, ranks = tree
    value = uniform(rng, 0.85, 1.15, len(ends))
    tone = value * (1 - 0.1 * ranks.astype(np.float32))
    colour = bark * tone[:, None]
    flat = np.abs(ends[:, 1, 0] - ends[:, 0, 0]) / np.maximum(
        np.hypot(*(ends[:, 1] - ends[:, 0]).T), 1e-6
    )
    # Twigs lie behind the limbs that bear them.
    order, width = -0.1 * ranks, widths.mean(axis=1)
    strokes.add(_tapered(ends, widths), order, colour * 0.75, -0.35, 0.55, width=width)
    # The right half of a round trunk faces right.
    thick = ranks < 4
    half = ends[thick] + np.asarray([0.22, 0], np.float32) * widths[thick, :, None]
    strokes.add(
        _tapered(half, 0.5 * widths[thick]),
        order[thick] + 0.02,
        colour[thick],
        0.5,
        0.75,
        width=0.5 * width[thick],
    )
    if snowy:
        lying = ends - np.asarray([0, 0.35], np.float32) * widths[..., None]
        lying[..., 1] -= 0.001
        some = np.clip(flat + 0.05 * ranks - 0.12, 0, 1)
        strokes.add(
            _tapered(lying, 0.6 * widths + 0.001),
            order + 0.05,
            colour,
            0.0,
            0.8,
            some,
            0.6 * width + 0.001,
        )
