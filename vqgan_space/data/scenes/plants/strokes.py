"""Plants as strokes: flat polygons, each with a colour, a normal and the snow that it can hold.

A shape keeps what a tree looks like apart from the light: per pixel the albedo, how far it faces
right and up, and how much of it is snow. Strokes are drawn in units of the plant's height, at least
some 200 pixels high, and averaged over the pixels: a small tree is a shrunken large one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..canvas import Array, rgb, smoothstep
from ..noise import at

# Rows of a shape's planes.
RED, BLUE, ALPHA, RIGHT, UP, SOME_SNOW, ALL_SNOW = 0, 2, 3, 4, 5, 6, 7
RIM = 0.5
# Cells of the noise that frays leaves, to a plant's height.
CELLS = 90
Indices = NDArray[np.intp]


def plane(code: int) -> Array:
    """A colour written as 0xRRGGBB: (3,) in [0, 1]."""
    return rgb(code).reshape(3)


def uniform(rng: Generator, low: float, high: float, *size: int) -> Array:
    """Random numbers of ``size`` in [low, high), float32."""
    return low + np.float32(high - low) * rng.random(size, np.float32)


@dataclass(frozen=True)
class Shape:
    """A plant without its light.

    Attributes:
        planes: (8, h, w) uint8: red, green, blue of the albedo, alpha, how far it faces right
            (128 is straight ahead), how far up, and the share of snow when half and all of it lies.
        foot: (row, column) of the point that stands on the ground.
    """

    planes: NDArray[np.uint8]
    foot: tuple[float, float]


class Strokes:
    """Polygons in the making, in units of the plant's height: y is 0 at the top, 1 at the foot."""

    def __init__(self) -> None:
        self._groups: list[tuple[Array, Array]] = []

    def add(
        self,
        points: Array,
        order: Array | float,
        colour: Array,
        right: Array | float,
        up: Array | float,
        snow: Array | float = 0.0,
        width: Array | float = np.inf,
    ) -> None:
        """Adds n polygons of k corners.

        Args:
            points: (n, k, 2) of x, y; x is 0 at the trunk.
            order: (n,) or one for all; larger ones lie in front.
            colour: (n, 3) or (3,) albedo in [0, 1].
            right: how far it faces right, [-1, 1].
            up: how far it faces up, [0, 1].
            snow: how readily snow stays on it, [0, 1]; 0 stays bare, 1 is white at half the snow.
            width: of thin ones, in heights: what is thinner than a pixel covers less than it.
        """
        n = len(points)
        table = np.empty((n, 9), np.float32)
        table[:, 0] = order
        table[:, 1:4] = colour
        table[:, 4] = width
        table[:, 5] = np.multiply(right, 0.5) + 0.5
        table[:, 6] = up
        table[:, 7] = np.multiply(snow, 2.6) - 1.4
        table[:, 8] = np.multiply(snow, 2.6)
        self._groups.append((points, table))

    def shape(self, pixels: float, ragged: float = 0.0, trunk: float = 0.0) -> Shape:
        """The strokes as a shape ``pixels`` high.

        ``ragged`` is how far the strokes' edges are frayed, in heights of the plant; the lowest
        part, ``trunk``, keeps its clean ones.
        """
        fine = int(np.clip(np.ceil(200 / pixels), 2, 64))
        half = max(float(np.abs(points[..., 0]).max()) for points, _ in self._groups)
        top = min(float(points[..., 1].min()) for points, _ in self._groups)
        centre = int(np.ceil((half + 2 * ragged) * pixels)) + 1
        above = int(np.ceil(pixels * (1 - top + 2 * ragged))) + 1
        height, width = above + 1, 2 * centre
        table = np.concatenate([table for _, table in self._groups])
        order = np.argsort(table[:, 0], kind="stable")
        corners: list[list[float]] = []
        scale = np.float32(pixels * fine)
        shift = np.asarray([centre * fine, (above - pixels) * fine], np.float32)
        for points, _ in self._groups:
            corners += (points * scale + shift).reshape(len(points), -1).tolist()
        ids = _draw((corners[k] for k in order), width * fine, height * fine)
        if ragged:
            rows_down = np.arange(height * fine, dtype=np.float32)[:, None]
            rise = ((above - rows_down / fine) / pixels).astype(np.float32)
            reach = smoothstep(trunk - 0.02, trunk + 0.06, rise) * (ragged * pixels * fine)
            ids = _frayed(ids, reach, above * fine, pixels * fine)
        rows = np.zeros((len(table) + 1, 8), np.uint8)
        # A polygon covers all the pixels that it touches, some 0.7 more than its width.
        wide = table[order, 4:5] * scale
        table[:, 4] = 1
        share = np.where(np.isinf(wide), 1, wide / np.where(np.isinf(wide), 1, wide + 0.7))
        rows[1:] = np.clip(table[order, 1:], 0, 1) * share * 255 + 0.5
        planes = _averaged(rows, ids, fine)
        alpha = planes[ALPHA]
        planes[RIGHT] += 127 * RIM * _rim(alpha / 255, max(1, round(0.02 * pixels)))
        if ragged and pixels > 60:
            # Leaves finer than strokes, where they can be seen.
            rows_read, columns_read = _grid(height, width, above, pixels)
            grain = _fraying()[0][rows_read].take(columns_read, axis=1)
            planes[UP] += min(pixels / 60 - 1, 1) * 17 * grain * (planes[UP] > 0.22 * 255)
        np.clip(planes, 0, 255, out=planes)
        return Shape((planes + 0.5).astype(np.uint8), (float(above), float(centre)))


def shrunk(shape: Shape, ratio: float) -> Shape:
    """The shape ``ratio`` times as large, below 1, averaged over the smaller pixels."""
    planes = shape.planes.astype(np.float32)
    planes *= planes[ALPHA].copy() * np.float32(1 / 255)
    planes[ALPHA] = shape.planes[ALPHA]
    down, row = _overlaps(shape.planes.shape[1], shape.foot[0], ratio)
    across, column = _overlaps(shape.planes.shape[2], shape.foot[1], ratio)
    mean: Array = (down @ planes @ across.T).astype(np.float32, copy=False)  # (8, h, w)
    small = _straight(mean)
    return Shape((np.minimum(small, 255) + np.float32(0.5)).astype(np.uint8), (row, column))


@lru_cache(maxsize=256)
def _overlaps(size: int, foot: float, ratio: float) -> tuple[Array, float]:
    """Shares of ``size`` pixels in the larger ones, (n, size), and the foot among those."""
    before = float(np.ceil(foot * ratio))
    n = int(before + np.ceil((size - foot) * ratio))
    start = foot + (np.arange(n, dtype=np.float32)[:, None] - before) / ratio
    pixel = np.arange(size, dtype=np.float32)[None]
    overlap = np.minimum(start + 1 / ratio, pixel + 1) - np.maximum(start, pixel)
    return (np.clip(overlap, 0, 1) * ratio).astype(np.float32), before


def _draw(polygons: Iterable[list[float]], width: int, height: int) -> NDArray[np.int32]:
    """Which polygon is in front, counted from 1: (height, width)."""
    image = Image.new("I", (width, height))
    polygon = ImageDraw.Draw(image).polygon
    for k, corners in enumerate(polygons, 1):
        polygon(corners, fill=k)
    return np.asarray(image)


@lru_cache(maxsize=1)
def _fraying() -> tuple[Array, Array]:
    """Smooth noise at the scale of leaves, down and across: (512, 512) each, ``CELLS`` a height."""
    grid = np.indices((512, 512), np.float32) / 4
    rng = np.random.default_rng(3)
    return at(rng, grid[1], grid[0], octaves=2), at(rng, grid[1], grid[0], octaves=2)


def _grid(height: int, width: int, foot: float, scale: float) -> tuple[Indices, Indices]:
    """Where the rows and columns of a picture read the noise, which hangs on the plant's foot."""
    step = 4 * CELLS / scale
    rows = ((foot - np.arange(height)) * step).astype(np.intp) % 512
    return rows, ((np.arange(width) - width / 2) * step + 256).astype(np.intp) % 512


def _frayed(ids: NDArray[np.int32], reach: Array, foot: float, scale: float) -> NDArray[np.int32]:
    """``ids`` (height, width) read up to some ``reach`` (height, 1) pixels aside."""
    height, width = ids.shape
    rows, columns = _grid(height, width, foot, scale)
    down, across = (noise[rows] * reach for noise in _fraying())
    # (height, 512): the flat index, but for the column
    shift = (down.astype(np.int32) + np.arange(height, dtype=np.int32)[:, None]) * np.int32(width)
    shift += across.astype(np.int32)
    index = shift.take(columns, axis=1)
    index += np.arange(width, dtype=np.int32)
    return ids.ravel().take(index, mode="clip")


def _averaged(rows: NDArray[np.uint8], ids: NDArray[np.int32], fine: int) -> Array:
    """Planes (8, h, w) in [0, 255]: means of the ``rows`` of ``ids`` over squares of ``fine``."""
    height, width = ids.shape
    planes = np.empty((8, height // fine, width // fine), np.float32)
    for part in (slice(0, 4), slice(4, 8)):
        packed = np.ascontiguousarray(rows[:, part]).view(np.uint32).ravel().take(ids)
        # Any four channels: RGBA would be averaged by its alpha, which is done below.
        image = Image.frombuffer("CMYK", (width, height), packed, "raw", "CMYK", 0, 1)
        planes[part] = np.asarray(image.reduce(fine)).transpose(2, 0, 1)
    return _straight(planes)


def _straight(planes: Array) -> Array:
    """Means over what is covered, so that an edge keeps the colour of its leaves; in place."""
    alpha = planes[ALPHA].copy()
    planes *= 255 / np.maximum(alpha, 1)
    planes[ALPHA] = alpha
    return planes


def _rim(alpha: Array, step: int) -> Array:
    """1 at a right edge, -1 at a left one, 0 inside: (h, w)."""
    rim = np.zeros_like(alpha)
    rim[:, step:] += alpha[:, :-step]
    rim[:, :-step] -= alpha[:, step:]
    return rim
