"""Spruces: tiers of drooping fronds about a dark core, each frond with a lit upper side."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from ..canvas import Array
from .strokes import Strokes, plane

# (core, needles, lit needles) and the trunk.
GREENS = (
    (0x12281F, 0x27503A, 0x5B8C54),
    (0x142A2E, 0x2A5550, 0x66958A),
    (0x1A2E18, 0x3B6032, 0x7C9A4E),
    (0x10261C, 0x2F5A34, 0x70A058),
)
TRUNK = 0x4E3B2E
# Along a frond: how far along, and how wide the needles stand off there; teeth point to the tip.
ALONG = np.asarray([0.0, 0.30, 0.26, 0.52, 0.47, 0.74, 0.68, 0.9, 0.84], np.float32)
WIDE = np.asarray([0.25, 1.0, 0.6, 0.95, 0.5, 0.72, 0.36, 0.42, 0.2], np.float32)


def draw_spruce(rng: Generator, snowy: bool) -> Strokes:
    """A spruce; ``snowy`` ones carry cushions that only show as snow."""
    strokes = Strokes()
    core, needles, lit = (plane(c) for c in GREENS[int(rng.integers(len(GREENS)))])
    tiers = int(rng.integers(9, 13))
    reach = float(rng.uniform(0.18, 0.31))
    level = np.linspace(0, 1, tiers, dtype=np.float32)
    level += rng.uniform(-0.2, 0.2, tiers).astype(np.float32) / tiers
    level = np.clip(level, 0.01, 1)
    start = 0.035 + 0.785 * level**1.12
    span = reach * (0.10 + 0.90 * level**0.86) * rng.uniform(0.82, 1.12, tiers).astype(np.float32)
    counts = 4 + (6 * level).astype(np.int32)
    tier = np.repeat(np.arange(tiers), counts)
    n = len(tier)
    # Where around the trunk each frond points: -1 left, 0 towards us, 1 right.
    place = np.concatenate([np.linspace(-1, 1, c, dtype=np.float32) for c in counts])
    place += rng.uniform(-0.5, 0.5, n).astype(np.float32) / counts[tier]
    place = np.clip(place, -1, 1)
    front = np.sqrt(1 - 0.92 * place**2)
    jitter = rng.uniform(0.8, 1.15, n).astype(np.float32)
    fall = (0.036 + 0.085 * level[tier]) * (0.6 + 0.65 * front) * jitter
    x1 = span[tier] * place * jitter
    y0 = start[tier] - 0.012
    y1 = np.minimum(y0 + fall + 0.012, 0.965)
    dx, dy = x1, y1 - y0
    length = np.hypot(dx, dy)
    nx, ny = -dy / length, dx / length
    thick = 0.011 + 0.2 * np.minimum(length, 0.18) * (0.7 + 0.3 * front)
    thick *= rng.uniform(0.8, 1.2, n).astype(np.float32)

    def frond(along: Array, wide: Array, lift: float) -> Array:
        """Feathers about the middle line, which sags: (n, 2 k + 1, 2)."""
        sag = along**1.5 * 0.75 + along * 0.25
        mx, my = dx[:, None] * along, y0[:, None] + dy[:, None] * sag - lift * thick[:, None]
        ox, oy = nx[:, None] * wide * thick[:, None], ny[:, None] * wide * thick[:, None]
        tip = np.stack([x1, y1 - lift * thick], 1)[:, None]
        one = np.stack([mx + ox, my + oy], 2)
        other = np.stack([mx - ox, my - oy], 2)[:, ::-1]
        return np.concatenate([one, tip, other], 1)  # (n, 2 k + 1, 2)

    order = (tiers - tier) * 10 + 4 * front + rng.uniform(0, 1, n).astype(np.float32)
    value = rng.uniform(-0.16, 0.16, n).astype(np.float32)
    dark = core + (needles - core) * (0.35 + 0.4 * (1 - front) + value)[:, None]
    pale = needles + (lit - needles) * (0.45 + 0.25 * front + value)[:, None]
    # The foot of a tree stands in its own shadow.
    shadow = (1 - 0.28 * level[tier])[:, None]
    strokes.add(frond(ALONG, WIDE, -0.15), order, dark * shadow, 0.8 * place, 0.15)
    strokes.add(
        frond(ALONG, 0.55 * WIDE, 0.35),
        order + 0.3,
        pale * (0.5 + 0.5 * shadow),
        0.9 * place,
        0.75 + value,
        0.2 + value,
    )
    if snowy:
        along = np.asarray([0.2, 0.38, 0.6, 0.8, 0.94], np.float32)
        wide = np.asarray([0.4, 0.8, 1.0, 0.85, 0.5], np.float32)
        # A cushion's under side, and the top that the light falls on.
        under, top = frond(along, 0.6 * wide, 0.45), frond(along, 0.42 * wide, 0.7)
        held = 0.75 + 2 * value
        strokes.add(under, order + 0.5, pale, 0.7 * place, 0.5 + value, held)
        strokes.add(top, order + 0.6, pale, 0.9 * place, 0.95 + value, held)
    body = np.stack([np.append(-0.36 * span, 0.36 * span[::-1]), np.append(start, start[::-1])], 1)
    body[:, 1] += 0.03
    strokes.add(body[None].astype(np.float32), 0, core * 0.9, 0.0, 0.05)
    leader = np.asarray([[0, 0], [0.009, 0.05], [0, 0.075], [-0.009, 0.05]], np.float32)
    strokes.add(leader[None], 1e3, needles, 0.0, 0.6, 0.6)
    w = 0.012 + 0.02 * reach
    trunk = np.asarray([[-w, 0.8], [w, 0.8], [1.3 * w, 1], [-1.3 * w, 1]], np.float32)
    strokes.add(trunk[None], -1, plane(TRUNK) * 0.7, 0.0, 0.2)
    return strokes
