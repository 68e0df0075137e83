"""Marbled paper: inks dropped on water, drawn with a stylus and a comb, printed on paper.

Every stroke is a known deformation of the plane (Lu, Jaffer and others, "Mathematical Marbling",
2012). A pixel is carried back through the strokes, last one first, to the drop it came from.
"""

from __future__ import annotations

import numpy as np
from common import Array, blur, fbm, gamma, linear, noise, shrink, to_picture
from PIL import Image

WIDTH, HEIGHT, SUPERSAMPLING = 512, 384, 3
INKS = [
    linear(*c)
    for c in [
        (24, 47, 84), (32, 92, 120), (226, 216, 193), (176, 50, 42), (226, 160, 62),
        (236, 230, 214), (18, 32, 58), (92, 146, 150), (205, 92, 56), (240, 226, 196),
    ]
]  # fmt: skip


def undo_tine(x: Array, y: Array, angle: float, offset: float, pull: float, width: float) -> tuple:
    """Undoes one straight stroke along direction `angle`, at distance `offset` from the origin."""
    c, s = np.cos(angle), np.sin(angle)
    shift = pull * np.exp(-np.abs(-s * x + c * y - offset) / width)
    return x - c * shift, y - s * shift


def undo_comb(x: Array, y: Array, angle: float, gap: float, pull: float, width: float) -> tuple:
    """Undoes a comb of evenly spaced teeth, `gap` apart, drawn along direction `angle`."""
    c, s = np.cos(angle), np.sin(angle)
    across = -s * x + c * y
    distance = np.abs((across / gap) % 1 - 0.5) * gap
    shift = pull * (1 - distance / (gap / 2)) ** 2 * np.exp(-distance / width)
    return x - c * shift, y - s * shift


def undo_swirl(x: Array, y: Array, cx: float, cy: float, turn: float, radius: float) -> tuple:
    """Undoes a circular stroke of `turn` radians at its middle, fading over `radius`."""
    dx, dy = x - cx, y - cy
    angle = -turn * np.exp(-((dx * dx + dy * dy) / radius**2))
    c, s = np.cos(angle), np.sin(angle)
    return cx + c * dx - s * dy, cy + s * dx + c * dy


def drop_inks(x: Array, y: Array, rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """The drop (index) each point belongs to, and how near its rim it lies (0 rim, 1 middle).

    A new drop of radius r pushes everything outward: a point at distance d from its centre
    came from distance sqrt(d^2 - r^2).
    """
    centres = rng.uniform((-0.85, -0.65), (0.85, 0.65), (count, 2))
    radii = rng.uniform(0.035, 0.12, count)
    owner = np.full(x.shape, -1, np.int32)
    depth = np.ones(x.shape, np.float32)
    for k in range(count - 1, -1, -1):
        dx, dy = x - centres[k, 0], y - centres[k, 1]
        squared = dx * dx + dy * dy
        inside = (squared < radii[k] ** 2) & (owner < 0)
        owner[inside] = k
        depth[inside] = 1 - np.sqrt(squared[inside]) / radii[k]
        scale = np.sqrt(np.maximum(squared - radii[k] ** 2, 0) / np.maximum(squared, 1e-12))
        x, y = centres[k, 0] + dx * scale, centres[k, 1] + dy * scale
    return owner, depth


def render() -> Image.Image:
    """The picture, 512 x 384."""
    rng = np.random.default_rng(11)
    height, width = HEIGHT * SUPERSAMPLING, WIDTH * SUPERSAMPLING
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    px, py = (columns - width / 2) / width * 1.5, (rows - height / 2) / width * 1.5
    # The bath is never quite still: a faint drift keeps the lines from looking ruled.
    x = px + 0.012 * (fbm(px * 5, py * 5, 3, 1) - 0.5)
    y = py + 0.012 * (fbm(px * 5, py * 5, 3, 7) - 0.5)
    for cx, cy, turn, radius in [(-0.36, 0.12, 3.6, 0.17), (0.3, -0.14, -3.9, 0.2),
                                 (0.5, 0.33, 2.8, 0.12), (-0.08, -0.36, 2.6, 0.11)]:  # fmt: skip
        x, y = undo_swirl(x, y, cx, cy, turn, radius)
    x = x + 0.035 * np.sin(7.5 * y + 0.6)
    x, y = undo_comb(x, y, np.pi / 2, 0.115, 0.2, 0.05)
    x, y = undo_comb(x, y, 0.0, 0.23, 0.26, 0.09)
    owner, depth = drop_inks(x, y, rng, 150)

    order = rng.permutation(150) % len(INKS)
    palette = np.array([INKS[i] for i in order] + [linear(238, 230, 212)], np.float32)
    colour = palette[owner]
    # Ink lies thinner in the middle of a drop and gathers at its rim.
    thickness = np.clip(1.12 - 0.3 * depth, 0.8, 1.12)[..., None]
    colour = colour ** np.where(colour < 0.5, thickness, 1)
    speckle = noise(px * 420, py * 420, 21)
    colour = colour * (0.93 + 0.14 * fbm(px * 60, py * 60, 3, 30))[..., None]
    colour = np.where((speckle > 0.965)[..., None], 0.5 * colour + 0.35, colour)

    relief = blur(colour.mean(-1), 2.0)
    fibres = fbm(px * 90 + 3 * py, py * 160, 4, 40)
    surface = 0.35 * relief + 0.10 * fibres
    light = 1 + 1.2 * (np.roll(surface, 3, (0, 1)) - np.roll(surface, -3, (0, 1)))
    light *= 1.04 - 0.16 * (px**2 + py**2)
    display = gamma(shrink(colour * light[..., None], SUPERSAMPLING))
    return to_picture(display)
