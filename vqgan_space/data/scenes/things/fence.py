"""A wooden fence along a line on the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..canvas import Array, Canvas, mix, rgb
from ..light import Light
from .shapes import Point, hashed

WOODS = (0x8A7456, 0x7C7468, 0x9A7A52, 0xE6E0D2)
SNOW = rgb(0xF2F6FC)


def paint_fence(
    canvas: Canvas,
    light: Light,
    start: Point,
    end: Point,
    h0: float,
    h1: float,
    posts: int,
    label: int,
    veil: float = 0.0,
    variant: int = 0,
    snow: float = 0.0,
) -> None:
    """Paints a fence, as far as it falls onto the canvas.

    Args:
        start, end: (x, y) of the first and last post's feet, in canvas coordinates.
        h0, h1: their heights; the posts between stand as perspective spaces them.
        posts: how many, at least 2.
        label: id of what it covers by more than half.
        veil: share of ``light.haze``, 0 to 1.
        variant: wood, rails and the posts' unevenness.
        snow: how much lies on rails and posts, 0 to 1.

    Raises:
        ValueError: fewer than two posts, or a height that is not positive.
    """
    if posts < 2 or min(h0, h1) <= 0:
        raise ValueError("A fence needs at least 2 posts and heights above 0.")
    (x0, y0), (x1, y1) = start, end
    rise, margin = 1.3, 0.1 * max(h0, h1) + 2 * canvas.pixel
    rows = canvas.rows(min(y0 - rise * h0, y1 - rise * h1), max(y0, y1) + margin)
    columns = canvas.columns(min(x0, x1) - margin, max(x0, x1) + margin)
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return
    size = float(canvas.height)
    x, y = canvas.x[:, columns] * np.float32(size), canvas.y[rows] * np.float32(size)
    line = _Line(x0 * size, y0 * size, h0 * size, x1 * size, y1 * size, h1 * size)
    layers = np.zeros((3, len(y), x.shape[1]), np.float32)
    for up in (0.42, 0.80) if variant % 3 else (0.28, 0.56, 0.84):
        _lay_rail(layers, x, y, line, up, snow)
    for k in range(posts):
        share = k / (posts - 1)
        # A post's depth is one over its height: equal steps in depth crowd toward the far end.
        t = share * h0 / (share * h0 + (1 - share) * h1)
        top = 1.0 + 0.09 * float(hashed(variant * 64 + k, 5))
        _lay_post(layers, x, y, line, t, top, light.side, snow)
    alpha = layers[0]
    scale = 1 / np.maximum(alpha, np.float32(1e-3))
    wood = mix(rgb(WOODS[variant % len(WOODS)]), SNOW, layers[2] * scale)
    colour = light.shaded(wood, layers[1] * scale)
    canvas.paint(mix(colour, light.haze, veil), alpha, label, rows, columns)


@dataclass(frozen=True)
class _Line:
    """Both ends of a fence: feet and heights, in pixels."""

    x0: float
    y0: float
    h0: float
    x1: float
    y1: float
    h1: float

    def share(self, x: Array) -> Array:
        """How far along the line it is at ``x``, 0 to 1."""
        run = self.x1 - self.x0
        run = run if abs(run) > 1 else math.copysign(1, run)
        return np.clip((x - self.x0) * np.float32(1 / run), 0, 1)


def _lay(
    layers: Array, part: tuple[slice, slice], coverage: Array, tone: Array, white: Any
) -> None:
    """Lays wood over a part of the layers: coverage, tone and snow, the latter weighted by it."""
    alpha, tones, whites = (plane[part] for plane in layers)
    alpha += coverage * (1 - alpha)
    tones += coverage * (tone - tones)
    whites += coverage * (white - whites)


def _lay_rail(layers: Array, x: Array, y: Array, line: _Line, up: float, snow: float) -> None:
    t = line.share(x)  # (1, w)
    h = line.h0 + (line.h1 - line.h0) * t
    middle = line.y0 + (line.y1 - line.y0) * t - np.float32(up) * h
    # No thinner than a good part of a pixel, or it would not be seen at all.
    half = np.maximum(np.float32(0.045) * h, 0.65)
    r0 = max(int(np.floor((middle - 4 * half).min() - y[0, 0])), 0)
    r1 = max(int(np.ceil((middle + 2 * half).max() - y[0, 0])) + 1, 0)
    part = np.s_[r0:r1, :]
    above = (middle - y[part[0]]) / half  # (h, w): -1 at the lower edge, 1 at the upper
    head = 1 + 1.2 * snow if snow > 0.05 else 1.0
    ends = np.minimum(x - min(line.x0, line.x1), max(line.x0, line.x1) - x)
    coverage = np.clip(np.minimum(head - above, 1 + above) * half + 0.5, 0, 1)
    coverage *= np.clip(ends + 0.5, 0, 1)
    tone = np.clip(0.70 + 0.35 * above, 0.42, 0.95)
    white = np.clip((above - 0.3) * half + 0.5, 0, 1) if snow > 0.05 else 0.0
    _lay(layers, part, coverage, tone, white)


def _lay_post(
    layers: Array,
    x: Array,
    y: Array,
    line: _Line,
    t: float,
    top: float,
    side: float,
    snow: float,
) -> None:
    h = line.h0 + (line.h1 - line.h0) * t
    centre, foot = line.x0 + (line.x1 - line.x0) * t, line.y0 + (line.y1 - line.y0) * t + 0.02 * h
    half, head = max(0.055 * h, 0.7), foot - top * h
    cap = half * (0.8 + 1.2 * snow) if snow > 0.05 else 0.0
    c0 = max(int(centre - half - 1 - x[0, 0]), 0)
    c1 = max(int(centre + half + 2 - x[0, 0]), 0)
    r0 = max(int(head - cap - 1 - y[0, 0]), 0)
    r1 = max(int(foot + 2 - y[0, 0]), 0)
    part = np.s_[r0:r1, c0:c1]
    across, down = (x[:, part[1]] - centre) / np.float32(half), y[part[0]]
    coverage = np.clip((1 - np.abs(across)) * np.float32(half) + 0.5, 0, 1)
    coverage = coverage * np.clip(np.minimum(down - head + cap, foot - down) + 0.5, 0, 1)
    # One side in the light, the other in shadow.
    tone = np.clip(0.62 + 0.42 * np.float32(side) * np.clip(across, -1, 1), 0.05, 1)
    white = np.clip(head + 0.5 * half - down + 0.5, 0, 1) if cap else 0.0
    _lay(layers, part, coverage, tone + 0.3 * white, white)
