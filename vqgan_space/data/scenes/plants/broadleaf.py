"""Broad-leaved trees, birches and bushes: clumps of leaves about their branches."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from ..canvas import Array
from .branches import branches, draw_wood, fit
from .strokes import Strokes, plane, uniform

# season: several (shaded, leaf, lit leaf); blossom comes after the leaves of spring.
LEAVES: dict[str, tuple[tuple[int, int, int], ...]] = {
    "spring": (
        (0x46702C, 0x82AC44, 0xC6DC78),
        (0x3E7438, 0x74AE58, 0xB6DC8C),
        (0x587A30, 0x9CB850, 0xDCE48C),
        (0x9A8A8A, 0xE6D6D4, 0xFFF8F4),
        (0x96566C, 0xE092AA, 0xFCCCD8),
    ),
    "summer": (
        (0x23451F, 0x44762F, 0x8FB450),
        (0x1E4430, 0x3C7246, 0x80AE62),
        (0x324E1C, 0x5E8430, 0xA8BA54),
        (0x27481C, 0x50802C, 0x9CBE58),
    ),
    "autumn": (
        (0x8C5A18, 0xD6962A, 0xF8CE5C),
        (0x84401A, 0xD06C26, 0xF4A84C),
        (0x681E1C, 0xB23A28, 0xE4764A),
        (0x583A22, 0x946436, 0xCC9E5E),
        (0x7C6A20, 0xBCA236, 0xECD66A),
    ),
}
BARK, BIRCH, MARK = 0x6A5442, 0xF8F5EC, 0x3A332F
ROUND = np.linspace(0, 2 * np.pi, 9, endpoint=False, dtype=np.float32)


def _clumps(
    strokes: Strokes,
    rng: Generator,
    centre: Array,
    size: Array,
    facing: Array,
    tones: tuple[Array, Array, Array],
    dabs: int,
    solid: bool = True,
    leaf_size: float = 1.0,
) -> None:
    """Clumps of leaves, the later in front: n of them at ``centre`` (n, 2), ``size`` (n,).

    ``facing`` (n, 2) is how far each faces right and up as a part of the crown, [-1, 1].
    """
    n = len(centre)
    dark, leaf, lit = tones
    order = 10 + np.arange(n, dtype=np.float32)
    right, up = facing[:, 0], facing[:, 1]
    if solid:
        wave = uniform(rng, 0.78, 1.12, n, 9)
        for scale, lift, colour, where in ((1.0, 0.0, dark, 0.0), (0.74, 0.22, None, 0.1)):
            radius = scale * wave * size[:, None]
            x = centre[:, :1] + 1.12 * radius * np.cos(ROUND)
            y = centre[:, 1:] + 0.88 * radius * np.sin(ROUND) - lift * size[:, None]
            t = (0.42 + 0.3 * up)[:, None]
            tone = dark + (leaf - dark) * (0.5 * t if colour is not None else 0.4 + t)
            strokes.add(
                np.stack([x, y], 2), order + where, tone, 0.7 * right, 0.25 + 0.3 * up + lift, 0.3
            )
    # Dabs of leaves: a spiral over the clump, those that face up last.
    k = np.arange(dabs, dtype=np.float32)
    turn = 2.39996 * k[None] + uniform(rng, 0, 6.28, n, 1)
    far = np.sqrt((k + 0.5) / dabs)[None] * uniform(rng, 0.92, 1.14, n, dabs)
    lx, ly = far * np.cos(turn), far * np.sin(turn)
    # (n, dabs) -> (n * dabs,)
    wx = (centre[:, :1] + 1.08 * lx * size[:, None]).ravel()
    wy = (centre[:, 1:] + 0.9 * ly * size[:, None]).ravel()
    face_up = (0.5 * up[:, None] - 0.62 * ly).ravel()
    face_right = (0.5 * right[:, None] + 0.55 * lx).ravel()
    bright = face_up + 0.22 * uniform(rng, -1, 1, n * dabs)
    low = np.clip(bright + 0.75, 0, 1)[:, None]
    high = np.clip(1.25 * bright, 0, 1)[:, None]
    colour = dark + (leaf - dark) * low
    colour = colour + (lit - colour) * high
    m = n * dabs
    radius = np.repeat(size, dabs) * leaf_size * uniform(rng, 0.16, 0.3, m)
    corner = np.linspace(0, 2 * np.pi, 7, endpoint=False, dtype=np.float32)[None]
    corner = corner + uniform(rng, 0, 6.28, m, 1)
    ragged = radius[:, None] * uniform(rng, 0.45, 1.25, m, 7)
    x = wx[:, None] + 1.15 * ragged * np.cos(corner)
    y = wy[:, None] + 0.8 * ragged * np.sin(corner)
    strokes.add(
        np.stack([x, y], 2),
        np.repeat(order, dabs) + 0.3 + 0.3 * np.clip(face_up, -1, 1),
        colour,
        np.clip(face_right, -1, 1),
        np.clip(0.42 + 0.6 * face_up, 0, 1),
        np.clip(0.35 + 0.7 * face_up, 0, 1),
    )


def _tones(rng: Generator, season: str, first: int | None = None) -> tuple[Array, Array, Array]:
    """One of the season's colours, or of the ``first`` of them."""
    pick = float(rng.random())
    choices = LEAVES[season][:first]
    dark, leaf, lit = (plane(c) for c in choices[int(pick * len(choices))])
    return dark, leaf, lit


def draw_broadleaf(rng: Generator, season: str, snowy: bool) -> Strokes:
    """An oak, a lime, a maple: round, oval or wide."""
    strokes = Strokes()
    form = int(rng.integers(3))
    rx = (0.37, 0.30, 0.46)[form] * float(rng.uniform(0.92, 1.08))
    ry = (0.40, 0.42, 0.35)[form] * float(rng.uniform(0.95, 1.05))
    seed = int(rng.integers(1 << 30))
    bare = season == "winter"
    wood = branches(np.random.default_rng(seed), 0.4, 1.1 * rx / 0.36, 0.08, 5 if bare else 2)
    fit(wood[0], rx, bare)
    draw_wood(strokes, rng, wood, plane(BARK), snowy)
    if bare:
        return strokes
    tones = _tones(rng, season)
    # A ring of clumps about the crown's outline and a spiral of them in front.
    ring, n = 10, 19
    k = np.arange(n, dtype=np.float32)
    far = np.where(k < ring, 0.82, np.sqrt(np.maximum(k - ring + 0.5, 0) / (n - ring)) * 0.6)
    far = far * uniform(rng, 0.9, 1.06, n)
    turn = np.where(k < ring, 2 * np.pi / ring, 2.39996) * k + uniform(rng, -0.18, 0.18, n)
    turn += float(rng.uniform(0, 6.28))
    unit = np.stack([far * np.cos(turn), far * np.sin(turn)], 1).astype(np.float32)
    # The crown is a dome: flatter below, where it hangs no lower than the first branches.
    unit[:, 1] *= np.where(unit[:, 1] > 0, 0.82, 1)
    size = uniform(rng, 0.5 * (rx + ry), 0.75 * (rx + ry), n) * (0.3 - 0.1 * far)
    centre = (unit * np.asarray([rx, ry]) + np.asarray([0, ry * 1.03])).astype(np.float32)
    depth = unit[:, 1] * 0.25 - far + 0.35 * uniform(rng, -1, 1, n)
    sort = np.argsort(depth)
    facing = (unit * np.asarray([1.15, -1.15])).astype(np.float32)
    _clumps(strokes, rng, centre[sort], size[sort].astype(np.float32), facing[sort], tones, 16)
    return strokes


def draw_birch(rng: Generator, season: str, snowy: bool) -> Strokes:
    """A birch: a slender white trunk with dark marks, a light crown that hangs a little."""
    strokes = Strokes()
    lean = float(rng.uniform(-0.06, 0.06))
    rx = float(rng.uniform(0.17, 0.24))
    wood = branches(rng, 0.3, 0.6, 0.25, 4 if season == "winter" else 2, lean)
    ends, widths, ranks = wood
    fit(ends, rx, season == "winter")
    widths *= np.float32(0.7)
    bark = np.where(ranks[:, None] == 0, plane(BIRCH), 0.42 * plane(BIRCH))
    draw_wood(strokes, rng, (ends, widths, ranks), bark, snowy)
    # Dark marks across the trunk, more of them near the foot.
    n = 22
    y: Array = 1 - 0.72 * uniform(rng, 0, 1, n) ** 1.5
    wide = 0.026 * uniform(rng, 0.3, 0.8, n)
    x = lean * (1 - y) / 0.58 + 0.012 * uniform(rng, -1, 1, n)
    thin = 0.0022 + 0.004 * uniform(rng, 0, 1, n)
    corners = [(-0.5, -0.2), (0.1, -0.5), (0.5, 0.1), (0, 0.5)]
    marks = np.stack([np.stack([x + a * wide, y + b * thin], 1) for a, b in corners], 1)
    strokes.add(marks, 0.08, plane(MARK), 0.0, 0.2)
    if season == "winter":
        return strokes
    tones = _tones(rng, season, 3 if season != "autumn" else 2)
    n = 36
    y = 0.04 + 0.68 * np.linspace(0, 1, n, dtype=np.float32)
    reach = rx * np.sin(np.pi * np.clip(0.12 + 0.8 * y / 0.72, 0, 1)) ** 0.8
    side = (0.618 * np.arange(n, dtype=np.float32) + rng.random()) % 1 * 2 - 1
    side = (0.9 * side + uniform(rng, -0.15, 0.15, n)).astype(np.float32)
    centre = np.stack([side * reach * 0.86, y], 1)
    size = (0.055 + 0.02 * uniform(rng, -1, 1, n)) * (rx / 0.2)
    sort = np.argsort(-y * 0.5 - np.abs(side) + 0.3 * uniform(rng, -1, 1, n))
    facing = np.stack([side, 0.6 - 1.2 * y], 1)
    _clumps(strokes, rng, centre[sort], size[sort], facing[sort], tones, 14, False, 0.95)
    return strokes


def draw_bush(rng: Generator, season: str, snowy: bool) -> Strokes:
    """A bush: a low heap of leaves, wider than high."""
    strokes = Strokes()
    rx = float(rng.uniform(0.7, 1.05))
    seed = int(rng.integers(1 << 30))
    bare = season == "winter"
    wood = branches(np.random.default_rng(seed), 0.05, 1.3, 0.2, 4 if bare else 1)
    fit(wood[0], 0.9 * rx, bare)
    draw_wood(strokes, rng, (wood[0], 0.9 * wood[1], wood[2]), plane(BARK), snowy)
    if bare:
        return strokes
    tones = _tones(rng, season)
    n = 14
    side = np.linspace(-1, 1, n, dtype=np.float32) + 0.12 * uniform(rng, -1, 1, n)
    high = np.sqrt(np.clip(1 - side**2, 0.02, 1)) * uniform(rng, 0.15, 1, n)
    size = 0.3 * uniform(rng, 0.75, 1.15, n)
    centre = np.stack([side * (rx - 0.24), 0.82 - 0.55 * high], 1)
    sort = np.argsort(-high - 0.3 * np.abs(side))
    facing = np.stack([side, 1.4 * high - 0.6], 1)
    _clumps(strokes, rng, centre[sort], size[sort], facing[sort], tones, 13)
    return strokes
