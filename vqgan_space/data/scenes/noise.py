"""Noise for landscapes: fractal sums of cubic B-splines through random numbers.

On a grid, separable splines are two small matrix products an octave; at free points (perspective)
a table is read. The random numbers are windows of one pool, so that an octave costs one number of
the generator, drawn whether or not the canvas is fine enough to show it: a scene's later choices do
not depend on its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.random import Generator

from .canvas import Array, Canvas

POOL = 1 << 20
# Standard deviation of a cubic B-spline surface through unit normal numbers.
SPLINE_STD = np.float32(0.48)
TABLE = 256


@lru_cache(maxsize=1)
def _pool() -> Array:
    return np.random.default_rng(7).standard_normal(POOL, np.float32)


def _spline(coordinates: Array) -> Array:
    """Weights (n, cells) with which the lattice's numbers enter at n ``coordinates`` >= 0."""
    cell = np.floor(coordinates)
    t = (coordinates - cell)[:, None]
    first = cell.astype(np.int32)
    s = 1 - t
    taps = np.concatenate(
        [s**3, 3 * t**3 - 6 * t**2 + 4, 3 * s**3 - 6 * s**2 + 4, t**3], axis=1
    ) / np.float32(6)
    weights = np.zeros((len(coordinates), int(first.max(initial=0)) + 4), np.float32)
    np.put_along_axis(weights, first[:, None] + np.arange(4), taps.astype(np.float32), axis=1)
    return weights


@lru_cache(maxsize=512)
def _axis(size: int, height: int, cells: float) -> Array:
    return _spline((np.arange(size, dtype=np.float32) + 0.5) / height * np.float32(cells))


def _octaves(rng: Generator, octaves: int, gain: float) -> tuple[Sequence[int], Array]:
    """Where each octave's window of the pool starts, and how much it weighs: unit variance."""
    starts = rng.integers(0, POOL // 2, octaves).tolist()
    weights = np.float32(gain) ** np.arange(octaves, dtype=np.float32)
    return starts, weights / np.sqrt((weights**2).sum()) / SPLINE_STD


def fractal(
    rng: Generator,
    canvas: Canvas,
    cells: float | tuple[float, float],
    octaves: int = 5,
    gain: float = 0.55,
    rows: slice = slice(None),
    ridged: bool = False,
) -> Array:
    """Fractal noise over rows of the canvas: (h, W), mean about 0, standard deviation about 1.

    Args:
        cells: of the coarsest octave, to a picture's height; (down, across) where they differ.
        octaves: each twice as fine as the last; those finer than the pixels are left out.
        gain: amplitude of an octave over that of the last.
        ridged: sharp ridges where the noise changes sign; about [-1.3, 1.3].
    """
    starts, weights = _octaves(rng, octaves, gain)
    down, across = cells if isinstance(cells, tuple) else (cells, cells)
    height = len(range(*rows.indices(canvas.height)))
    total = np.zeros((height, canvas.width), np.float32)
    for k, (start, weight) in enumerate(zip(starts, weights, strict=True)):
        fine = 2**k
        if k and min(down, across) * fine > 0.7 * canvas.height:
            break
        a = _axis(canvas.height, canvas.height, down * fine)[rows]
        b = _axis(canvas.width, canvas.height, across * fine)
        n, m = a.shape[1], b.shape[1]
        lattice = _pool()[start : start + n * m].reshape(n, m)
        layer = weight * (a @ lattice) @ b.T
        if ridged:
            layer = weight - 2 * np.abs(layer)
        total += layer
    return total


def line(
    rng: Generator, coordinates: Array, octaves: int = 5, gain: float = 0.5, finest: float = np.inf
) -> Array:
    """Fractal noise along a line: (n,) at ``coordinates`` >= 0, which count coarsest cells.

    Octaves of more than ``finest`` cells to a coarsest one are left out.
    """
    starts, weights = _octaves(rng, octaves, gain)
    total = np.zeros(len(coordinates), np.float32)
    for k, (start, weight) in enumerate(zip(starts, weights, strict=True)):
        if k and 2**k > finest:
            break
        taps = _spline((coordinates * np.float32(2**k)).astype(np.float32))
        total += weight * (taps @ _pool()[start : start + taps.shape[1]])
    return total


@lru_cache(maxsize=1)
def _table() -> Array:
    """Smooth periodic noise, four samples a cell, 256 x 256 cells: (1024, 1024)."""
    small = _pool()[: TABLE * TABLE].reshape(TABLE, TABLE)
    wrapped = np.pad(small, ((1, 2), (1, 2)), mode="wrap")
    taps = _spline(np.arange(4 * TABLE, dtype=np.float32) / 4)
    return (taps @ wrapped @ taps.T / SPLINE_STD).astype(np.float32)


def at(rng: Generator, px: Array, py: Array, octaves: int = 4, gain: float = 0.55) -> Array:
    """Fractal noise at free points (h, w), a cell a unit: mean about 0, standard deviation 1."""
    weights = np.float32(gain) ** np.arange(octaves, dtype=np.float32)
    weights /= np.sqrt((weights**2).sum())
    table, period = _table().ravel(), 4 * TABLE
    # Coarse octaves would show the table's steps: those are read between its points.
    spacing = max(_spacing(px, 1), _spacing(py, 0)) * 4
    total: Array | None = None
    for k, weight in enumerate(weights):
        ox, oy = rng.integers(0, period, 2).tolist()
        sx, sy = px * np.float32(4 * 2**k) + ox, py * np.float32(4 * 2**k) + oy
        ix, iy = sx.astype(np.int32), sy.astype(np.int32)
        if spacing * 2**k > 0.8:
            layer = table[(iy & (period - 1)) * period + (ix & (period - 1))]
        else:
            tx, ty = sx - ix, sy - iy
            x0, x1 = ix & (period - 1), (ix + 1) & (period - 1)
            y0, y1 = (iy & (period - 1)) * period, ((iy + 1) & (period - 1)) * period
            upper, lower = table[y0 + x0], table[y1 + x0]
            upper = upper + tx * (table[y0 + x1] - upper)
            lower = lower + tx * (table[y1 + x1] - lower)
            layer = upper + ty * (lower - upper)
        layer = layer * weight
        total = layer if total is None else total + layer
    assert total is not None
    return total


def _spacing(points: Array, axis: int) -> float:
    """The least distance of neighbouring points (h, w) along ``axis``, at the edges."""
    if points.shape[axis] < 2:
        return 0.0
    steps = [
        abs(float(points[i, j]) - float(points[m, n]))
        for i, j, m, n in (
            ((0, 0, 1, 0), (-1, -1, -2, -1)) if axis == 0 else ((0, 0, 0, 1), (-1, -1, -1, -2))
        )
    ]
    return min(steps)


def dots(
    rng: Generator, px: Array, py: Array, share: float, spread: float = 0.4
) -> tuple[Array, Array, Array]:
    """One random dot in some of the cells of a plane, a cell a unit, at the points (px, py).

    ``share`` of the cells have one, within ``spread`` of a cell about its middle; what is drawn of
    it must not reach beyond its cell.

    Returns the distance to the cell's dot, in cells (9 where the cell has none), a random number
    in [0, 1] of the cell, and the cell's second random number.
    """
    ix, iy = np.floor(px), np.floor(py)
    offset = int(rng.integers(0, 1 << 16))
    cell = (ix.astype(np.int32) * 7919 + iy.astype(np.int32) * 104729 + offset) & 0xFFFF
    numbers = _uniform()
    u, v = numbers[cell], numbers[cell + 1]
    least = 0.5 - spread / 2
    dx = px - ix - (least + spread * u)
    dy = py - iy - (least + spread * v)
    distance = np.sqrt(dx * dx + dy * dy)
    np.putmask(distance, numbers[cell + 2] > share, 9)
    return distance, numbers[cell + 3], numbers[cell + 4]


def stones(rng: Generator, px: Array, py: Array) -> tuple[Array, Array]:
    """A plane broken into one irregular piece a cell (Worley noise), at the points (px, py).

    Returns the distance to the crack between two pieces, in cells, and a random number in [0, 1]
    of the piece.
    """
    px, py = np.broadcast_arrays(px, py)
    ix, iy = np.floor(px), np.floor(py)
    fx, fy = px - ix, py - iy
    base = ix.astype(np.int32) * 7919 + iy.astype(np.int32) * 104729
    base += int(rng.integers(0, 1 << 16))
    nearest = np.full(px.shape, 9, np.float32)
    second = nearest.copy()
    piece = np.zeros_like(nearest)
    numbers = _uniform()
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            cell = (base + (i * 7919 + j * 104729)) & 0xFFFF
            one = numbers[cell]
            dx, dy = fx - i - one, fy - j - numbers[cell + 1]
            d = dx * dx + dy * dy
            closer = d < nearest
            np.minimum(second, np.maximum(d, nearest), out=second)
            np.minimum(nearest, d, out=nearest)
            np.copyto(piece, one, where=closer)
    return np.sqrt(second) - np.sqrt(nearest), piece


@lru_cache(maxsize=1)
def _uniform() -> Array:
    return np.random.default_rng(11).random((1 << 16) + 8, np.float32)
