"""Things made of faces: drawn once without light, kept at several sizes, then lit for a scene.

A thing is drawn on a ``Sheet`` of planes that do not depend on the scene's light: albedo, coverage,
how much direct light it gets and how much more when the light stands on the right, what mirrors the
sky, what shines by itself. Kept as bytes, halved from size to size, it costs a scene two small
matrix products and a few operations over its pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..canvas import Array, Sprite, mix, rgb
from ..light import Light

# Planes of a sheet: albedo is the first three.
ALPHA, SHADE, LEAN, PANE, GLOW = range(3, 8)
PLANES = 8
LAMP = rgb(0xFFB04E)
SMALLEST = 8
BLOCK = 32
# Snow is drawn in so many thicknesses.
SNOW_STEPS = 3
Point = tuple[float, float]
Window = tuple[slice, slice]
# A window and the coverage in it.
Place = tuple[Window, Array]
Level = tuple[NDArray[np.uint8], tuple[float, float, float, float]]


def polygon(points: Array, height: int, width: int) -> Array:
    """Anti-aliased coverage (height, width) in [0, 1] of a polygon.

    Args:
        points: (n, 2) corners (column, row) in pixels, in order; pixel (r, c) is the square from
            (c, r) to (c + 1, r + 1). Convex ones are exact half-planes, others are supersampled.
    """
    x, y = np.asarray(points, np.float32).T
    dx, dy = np.roll(x, -1) - x, np.roll(y, -1) - y
    turns = dx * np.roll(dy, -1) - dy * np.roll(dx, -1)
    if (turns >= 0).all() or (turns <= 0).all():
        columns = np.arange(width, dtype=np.float32) + np.float32(0.5)
        rows = np.arange(height, dtype=np.float32)[:, None] + np.float32(0.5)
        return np.clip(_inside(x, y, columns, rows) + np.float32(0.5), 0, 1)
    fine = 4
    image = Image.new("L", (width * fine, height * fine))
    ImageDraw.Draw(image).polygon([(a * fine, b * fine) for a, b in zip(x, y, strict=True)], 255)
    return np.asarray(image.reduce(fine), np.float32) / 255


def _inside(x: Array, y: Array, columns: Array, rows: Array) -> Array:
    """How far points lie within the convex polygon (x, y), either way round."""
    sign = np.sign((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
    least: Array | None = None
    for k in range(len(x)):
        dx, dy = x[k] - x[k - 1], y[k] - y[k - 1]
        length = np.sqrt(dx * dx + dy * dy) * sign
        if length == 0:
            continue
        dx, dy = dx / length, dy / length
        distance = (rows - y[k]) * dx - (columns - x[k]) * dy
        least = distance if least is None else np.minimum(least, distance)
    assert least is not None
    return least


@lru_cache(maxsize=1)
def _numbers() -> Array:
    return np.random.default_rng(5).random(1 << 12, np.float32)


def hashed(i: Array | int, j: Array | int = 0) -> Array:
    """A random number in [0, 1] of each pair of whole numbers: of a brick, a tile, a board."""
    cell = np.asarray(i).astype(np.int32) * 73 + np.asarray(j).astype(np.int32) * 1879
    return _numbers()[cell & 0xFFF]


def quantised(snow: float) -> int:
    """How thick snow lies, 0 to ``SNOW_STEPS``, for ``snow`` from 0 to 1."""
    return round(min(max(snow, 0.0), 1.0) * SNOW_STEPS)


class Sheet:
    """A drawing in the making, in units of the thing's size; y runs up from the ground.

    Attributes:
        box: left, right, bottom, top; sides are multiples of 1/8.
        planes: (8, h, w), weighted by coverage.
        x, y: coordinates of the samples, (1, w) and (h, 1).
        unit: samples to a unit.
    """

    def __init__(self, box: tuple[float, float, float, float], pixels: int) -> None:
        left, right, bottom, top = self.box = box
        self.samples = 3 if pixels < 128 else 2
        self.unit = pixels * self.samples
        h, w = round((top - bottom) * self.unit), round((right - left) * self.unit)
        self.planes = np.zeros((PLANES, h, w), np.float32)
        columns, rows = (np.arange(n, dtype=np.float32) + np.float32(0.5) for n in (w, h))
        self.x: Array = (np.float32(left) + columns / np.float32(self.unit))[None, :]
        self.y: Array = (np.float32(top) - rows / np.float32(self.unit))[:, None]

    def window(self, left: float, right: float, bottom: float, top: float) -> Window:
        """The samples of a rectangle and a margin of one."""
        h, w = self.planes.shape[1:]
        c0, c1 = ((side - self.box[0]) * self.unit for side in (left, right))
        r0, r1 = ((self.box[3] - side) * self.unit for side in (top, bottom))
        return (
            slice(min(max(int(r0) - 1, 0), h), min(max(int(r1) + 2, 0), h)),
            slice(min(max(int(c0) - 1, 0), w), min(max(int(c1) + 2, 0), w)),
        )

    def around(self, *points: Point, margin: float = 0.0) -> Window:
        """The samples of the rectangle about some points."""
        xs, ys = zip(*points, strict=True)
        return self.window(min(xs) - margin, max(xs) + margin, min(ys) - margin, max(ys) + margin)

    def at(self, window: Window) -> tuple[Array, Array]:
        """Coordinates (1, w) and (h, 1) of a window's samples."""
        return self.x[:, window[1]], self.y[window[0]]

    def within(self, distance: Array) -> Array:
        """Coverage of samples that lie ``distance`` within an edge."""
        return np.clip(distance * np.float32(self.unit) + np.float32(0.5), 0, 1)

    def convex(self, *points: Point) -> Place:
        """The window of a convex polygon, and its coverage there."""
        window = self.around(*points)
        corners = np.asarray(points, np.float32)
        return window, self.within(_inside(corners[:, 0], corners[:, 1], *self.at(window)))

    def stroke(self, a: Point, b: Point, wide: float, narrow: float | None = None) -> Place:
        """The window and coverage of a line with round ends, ``wide`` thick at a, else at b."""
        end = wide if narrow is None else narrow
        window = self.around(a, b, margin=max(wide, end))
        x, y = self.at(window)
        dx, dy = b[0] - a[0], b[1] - a[1]
        along = ((x - a[0]) * dx + (y - a[1]) * dy) * np.float32(1 / max(dx * dx + dy * dy, 1e-9))
        along = np.clip(along, 0, 1)
        distance = np.hypot(x - a[0] - along * np.float32(dx), y - a[1] - along * np.float32(dy))
        return window, self.within(
            np.float32(wide / 2) + np.float32((end - wide) / 2) * along - distance
        )

    def ellipse(self, centre: Point, rx: float, ry: float) -> Place:
        """The window and coverage of an ellipse."""
        (cx, cy), window = (
            centre,
            self.window(centre[0] - rx, centre[0] + rx, centre[1] - ry, centre[1] + ry),
        )
        x, y = self.at(window)
        radius = np.hypot((x - cx) / np.float32(rx), (y - cy) / np.float32(ry))
        return window, self.within((1 - radius) * np.float32(min(rx, ry)))

    def paint(
        self,
        place: Place,
        albedo: Array,
        shade: Array | float,
        lean: Array | float = 0.0,
        pane: float = 0.0,
        glow: float = 0.0,
    ) -> None:
        """Lays a surface over what is there.

        Args:
            place: a window and the coverage in it.
            albedo: (3, 1, 1) or (3, h, w).
            shade: of the direct light, 0 to 1, with the light in front.
            lean: added to the shade with the light at the right, taken away at the left.
            pane: how much of it mirrors the sky.
            glow: how much it shines where lamps are lit.
        """
        (rows, columns), coverage = place
        region = self.planes[:, rows, columns]
        region[:3] += coverage * (albedo - region[:3])
        for plane, value in ((ALPHA, 1.0), (SHADE, shade), (LEAN, lean), (PANE, pane)):
            region[plane] += coverage * (value - region[plane])
        region[GLOW] += coverage * (glow - region[GLOW])

    def shine(self, centre: Point, rx: float, ry: float, strength: float) -> None:
        """A halo of lamplight around a point."""
        window = self.window(
            centre[0] - 2 * rx, centre[0] + 2 * rx, centre[1] - 2 * ry, centre[1] + 2 * ry
        )
        x, y = self.at(window)
        fall = np.exp(-(((x - centre[0]) / rx) ** 2) - ((y - centre[1]) / ry) ** 2)
        glow = self.planes[GLOW][window]
        np.maximum(glow, np.float32(strength) * fall * self.planes[ALPHA][window], out=glow)

    def finish(self) -> NDArray[np.uint8]:
        """The planes as bytes (8, h, w), the samples of a pixel averaged."""
        self.planes[LEAN] = (self.planes[LEAN] + self.planes[ALPHA]) / 2
        n = self.samples
        k, h, w = self.planes.shape
        small = self.planes.reshape(k, h // n, n, w // n, n).mean(axis=(2, 4))  # (8, h/n, w/n)
        return (np.clip(small, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)


Draw = Callable[..., Sheet]


@dataclass(frozen=True)
class Shape:
    """A thing at one size, before light.

    Attributes:
        planes: (8, h, w) float32, no longer weighted by coverage, its glow aside.
        foot: (row, column) of the point (0, 0) of its sheet.
        panes, glows: whether any of it mirrors the sky or shines.
    """

    planes: Array
    foot: tuple[float, float]
    panes: bool
    glows: bool


def shape(
    draw: Draw,
    key: tuple[Hashable, ...],
    pixels: float,
    coarsest: int = 64,
    stretch: float = 1.0,
) -> Shape:
    """What ``draw(*key, pixels)`` draws, at a size.

    Args:
        draw: draws a sheet at a number of pixels to a unit.
        key: what else it is told.
        pixels: to a unit.
        coarsest: smaller sizes than this power of 2 are made from what is drawn at it.
        stretch: how many times as many pixels to a unit across as up.
    """
    level = SMALLEST
    while level < pixels:
        level *= 2
    fine, (left, right, bottom, top) = _at_level(draw, key, level, coarsest)
    height = max(round((top - bottom) * pixels), 2)
    width = max(round((right - left) * pixels * stretch), 2)
    count, _, columns = fine.shape
    rows = np.empty((count, height, columns), np.float32)
    for out, used, weights in _weights(height, fine.shape[1]):
        np.matmul(weights, fine[:, used].astype(np.float32), out=rows[:, out])
    planes = np.empty((count, height, width), np.float32)
    for out, used, weights in _weights(width, columns):
        planes[:, :, out] = rows[:, :, used] @ weights.T
    alpha = planes[ALPHA]
    scale = 1 / np.maximum(alpha, np.float32(0.25))
    planes[:ALPHA] *= scale
    planes[SHADE:GLOW] *= scale
    planes[LEAN] *= 2
    planes[LEAN] -= 1
    alpha *= np.float32(1 / 255)
    planes[GLOW] *= np.float32(1 / 255)
    planes.setflags(write=False)
    foot = (top / (top - bottom) * height, -left / (right - left) * width)
    return Shape(planes, foot, bool(planes[PANE].max() > 0.02), bool(planes[GLOW].max() > 0.02))


def _drawn(draw: Draw, key: tuple[Hashable, ...], pixels: int) -> Level:
    sheet = draw(*key, pixels)
    return sheet.finish(), sheet.box


# About 40 KB each, 160 KB each, and up to 3 MB each.
_drawn_small = lru_cache(maxsize=256)(_drawn)
_drawn_middling = lru_cache(maxsize=96)(_drawn)
_drawn_large = lru_cache(maxsize=3)(_drawn)


def _at_level(draw: Draw, key: tuple[Hashable, ...], pixels: int, coarsest: int) -> Level:
    """The planes and box of a thing drawn at a power of 2 of pixels to a unit."""
    if pixels < coarsest:
        return _halved(draw, key, pixels, coarsest)
    kept = _drawn_small if pixels <= 64 else _drawn_middling if pixels <= 128 else _drawn_large
    return kept(draw, key, pixels)


@lru_cache(maxsize=256)
def _halved(draw: Draw, key: tuple[Hashable, ...], pixels: int, coarsest: int) -> Level:
    finer, box = _at_level(draw, key, pixels * 2, coarsest)
    k, h, w = finer.shape
    pairs = finer.reshape(k, h // 2, 2, w // 2, 2).astype(np.uint16)  # (8, h/2, 2, w/2, 2)
    return (pairs.sum(axis=(2, 4), dtype=np.uint16) + 2 >> 2).astype(np.uint8), box


@lru_cache(maxsize=256)
def _weights(coarse: int, fine: int) -> tuple[tuple[slice, slice, Array], ...]:
    """Area averages of ``fine`` samples in ``coarse`` ones: (coarse, fine) weights in blocks.

    Each is (coarse ones, fine ones they are made of, weights (n, m)).
    """
    edges = np.arange(coarse + 1) * (fine / coarse)
    cells = np.arange(fine)
    overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    weights = (np.maximum(overlap, 0) * (coarse / fine)).astype(np.float32)
    blocks = []
    for start in range(0, coarse, BLOCK):
        stop = min(start + BLOCK, coarse)
        used = slice(int(edges[start]), min(math.ceil(edges[stop] - 1e-9), fine))
        blocks.append((slice(start, stop), used, np.ascontiguousarray(weights[start:stop, used])))
    return tuple(blocks)


def lit(thing: Shape, light: Light, facing: int = 1, lamps: float = 1.0) -> Sprite:
    """A shape under a scene's light; mirrored where ``facing`` is negative."""
    planes, (row, column) = thing.planes, thing.foot
    side = light.side
    if facing < 0:
        planes, column, side = planes[:, :, ::-1], planes.shape[2] - column, -side
    shade = planes[LEAN] * np.float32(side)
    shade += planes[SHADE]
    np.maximum(shade, 0, out=shade)
    colour = light.sun * shade
    colour += light.ambient
    colour *= planes[:ALPHA]
    if thing.panes:
        colour += planes[PANE] * (mix(light.middle, light.low, 0.5) - colour)
    glow = None
    if thing.glows and light.lamps * lamps > 0:
        glow = planes[GLOW] * (LAMP * np.float32(light.lamps * lamps))
    return Sprite(colour, planes[ALPHA], (row, column), glow)
