"""Boats: a rowing boat with its oars, a sailing boat under sail."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from ..canvas import Array, Sprite, mix, rgb, smoothstep
from ..light import Light
from ..noise import at
from .shapes import Sheet, lit, shape

VARIANTS = 9
PAINTS = (0xE9E4D6, 0x3E6E8E, 0x4A7A58, 0xA8453A, 0x9A6E44, 0x2F4A6A, 0xC9973F)
STRIPES = (0xF2EEE4, 0xA8453A, 0x37597C, 0xD0A850)
SAILS = (0xF6F1E4, 0xF6F1E4, 0xF0E2C4, 0xB4583E, 0xD8884A)
WOOD = rgb(0x9C7448)


def boat(pixels: float, variant: int, light: Light, kind: str) -> Sprite:
    """A boat on the water, its foot the middle of its waterline.

    Args:
        pixels: length of the hull, 4 to 512; a sail rises 1.3 times as high.
        variant: which of ``VARIANTS`` boats, counted round; odd ones point left.
        light: the scene's.
        kind: "rowing boat" or "sailing boat".

    Raises:
        ValueError: an unknown kind.
    """
    if kind not in ("rowing boat", "sailing boat"):
        raise ValueError(f"There is no boat of kind {kind!r}: take rowing boat or sailing boat.")
    draw = _draw_rowing if kind == "rowing boat" else _draw_sailing
    thing = shape(draw, (variant % VARIANTS,), pixels)
    return lit(thing, light, -1 if variant % 2 else 1)


def _hull(
    sheet: Sheet, rng: Generator, sheer: Array, bow: float, paint: int, stripe: int, bottom: int
) -> None:
    """The near side of a hull from the waterline to ``sheer``, the height (1, w) of its edge."""
    x, y = sheet.x, sheet.y
    up = y / sheer  # (h, w): 0 at the waterline, 1 at the edge
    stern = -0.46 - 0.04 * np.clip(up, 0, 1)
    stem = bow - 0.10 * (1 - np.sqrt(np.clip(up, 0, 1))) - 0.02
    distance = np.minimum(np.minimum(x - stern, stem - x), np.minimum(sheer - y, y + 0.004))
    strake = np.abs((up * 4.5) % 1 - 0.5)
    grain = at(rng, x * 5 + 9, y * 60 + 9, 3)
    albedo = mix(rgb(paint), rgb(stripe), smoothstep(0.70, 0.74, up) * (up < 0.92))
    albedo = mix(albedo, rgb(bottom), smoothstep(0.20, 0.16, up))
    tone = (1 + 0.05 * grain) * (1 - 0.22 * smoothstep(0.40, 0.5, strake))
    # The side flares outward: it turns down to the water and away at the ends.
    shade = 0.42 + 0.30 * np.clip(up, 0, 1) - 0.10 * smoothstep(0.15, 0.0, up)
    lean = np.float32(0.75) * x
    sheet.paint((np.s_[:, :], sheet.within(distance)), albedo * tone, shade, lean)


def _foot(sheet: Sheet) -> None:
    """Softens the lowest edge, where the hull stands in the water."""
    rows = sheet.window(-0.5, 0.5, -1, 0.03)[0]
    sheet.planes[:, rows] *= smoothstep(-0.012, 0.010, sheet.y[rows])


def _draw_rowing(variant: int, pixels: int) -> Sheet:
    rng = np.random.default_rng((variant, 3))
    sheet = Sheet((-0.5625, 0.5625, -0.0625, 0.4375), pixels)
    x, y = sheet.x, sheet.y
    paint = int(rng.choice(PAINTS))
    stripe = int(rng.choice([s for s in STRIPES if s != paint]))
    depth, curl = float(rng.uniform(0.115, 0.14)), float(rng.uniform(0.09, 0.13))
    forward, aft = np.clip(x / 0.5, 0, 1), np.clip(-x / 0.5, 0, 1)
    sheer = depth + curl * forward**2 + 0.035 * aft**2
    open_ = np.clip((1 - (2 * np.abs(x) / 0.98) ** 2.4), 0, 1) ** 0.7
    far = sheer + 0.062 * open_
    # The inside: the far wall lighter at its edge, dark below.
    inside = sheet.within(np.minimum(far - y, y - sheer + 0.02)) * (open_ > 0)
    depth_in = (far - y) / np.float32(0.062)
    ribs = 0.85 + 0.2 * smoothstep(0.25, 0.4, np.abs((x * 9) % 1 - 0.5))
    wood = WOOD * (ribs * (1.05 - 0.55 * np.clip(depth_in, 0, 1)))
    sheet.paint((np.s_[:, :], inside), wood, 0.42 + 0 * depth_in, -0.5 * x)
    for bench in (-0.24, 0.02, 0.25):
        top = float(np.interp(bench, x[0], sheer[0])) + 0.03
        place = sheet.convex((bench - 0.03, top), (bench + 0.035, top),
                             (bench + 0.05, top - 0.05), (bench - 0.03, top - 0.05))  # fmt: skip
        sheet.paint(place, WOOD * 1.12, 0.85)
    bright = rgb(stripe) if rng.random() < 0.4 else WOOD * 1.1
    edge = sheet.within(0.006 - np.abs(y - far)) * (open_ > 0.02)
    sheet.paint((np.s_[:, :], edge), bright, 0.7)
    _hull(sheet, rng, sheer, 0.52, paint, stripe, 0x5A3A2C)
    ends = (x > -0.5) & (x < 0.5)
    sheet.paint((np.s_[:, :], sheet.within(0.009 - np.abs(y - sheer)) * ends), bright, 0.85)
    # An oar rests in its lock, its blade at the water.
    lock = (-0.06, float(np.interp(-0.06, x[0], sheer[0])) + 0.012)
    blade = (-0.34, 0.012)
    sheet.paint(sheet.stroke((0.12, lock[1] + 0.05), blade, 0.014), WOOD * 1.2, 0.8)
    sheet.paint(sheet.stroke((-0.26, 0.052), blade, 0.018, 0.036), WOOD * 1.25, 0.85)
    _foot(sheet)
    return sheet


def _draw_sailing(variant: int, pixels: int) -> Sheet:
    rng = np.random.default_rng((variant, 4))
    sheet = Sheet((-0.5625, 0.5625, -0.0625, 1.4375), pixels)
    x, y = sheet.x, sheet.y
    paint = int(rng.choice(PAINTS))
    stripe = int(rng.choice([s for s in STRIPES if s != paint]))
    sail = int(rng.choice(SAILS))
    mast, top = float(rng.uniform(0.02, 0.09)), float(rng.uniform(1.18, 1.32))
    boom, clew = 0.20, float(rng.uniform(-0.46, -0.40))
    wood = rgb(0x7A5A3C)
    sheet.paint(sheet.stroke((mast, 0.1), (mast, top + 0.03), 0.022, 0.014), wood, 0.55, 0.2)
    # Mainsail: luff at the mast, its outer edge bulging; a belly that catches light.
    up = np.clip((y - boom) / (top - boom), 0, 1)
    leech = clew + (mast - clew) * up - 0.10 * np.sin(np.pi * up) * (1 - 0.5 * up)
    foot = boom - 0.022 * np.sin(np.pi * np.clip((x - clew) / (mast - clew), 0, 1))
    main = np.minimum(np.minimum(mast - 0.012 - x, (x - leech) * 0.92), y - foot)
    across = np.clip((x - leech) / np.maximum(mast - leech, 0.02), 0, 1)
    _sail(sheet, rng, np.minimum(main, top - 0.01 - y), sail, across, up, 0.0)
    # Jib: from the bow to the mast.
    bow, head = 0.50, top * float(rng.uniform(0.78, 0.95))
    up = np.clip((y - 0.17) / (head - 0.17), 0, 1)
    luff = bow + (mast + 0.012 - bow) * up
    back = mast + 0.04 + (luff - mast - 0.04) * up**1.6 - 0.02 * np.sin(np.pi * up)
    jib = np.minimum(np.minimum((luff - x) * 0.94, x - back), np.minimum(y - 0.17, head - y))
    across = np.clip((x - back) / np.maximum(luff - back, 0.02), 0, 1)
    _sail(sheet, rng, jib, SAILS[0] if rng.random() < 0.6 else sail, across, up, 0.10)
    sheet.paint(sheet.stroke((clew - 0.02, boom - 0.005), (mast, boom - 0.012), 0.018), wood, 0.6)
    if rng.random() < 0.7:
        flag = rgb(int(rng.choice([0xC8402E, 0x2F5A9A, 0xE0B040])))
        tip, hoist = (mast - 0.10, top + 0.045), (mast, top + 0.075)
        place = sheet.convex((mast, top + 0.03), tip, (mast - 0.02, top + 0.075), hoist)
        sheet.paint(place, flag, 0.8)
    cabin = sheet.convex((-0.20, 0.08), (0.16, 0.08), (0.13, 0.155), (-0.18, 0.15))
    sheet.paint(cabin, rgb(0xE8E2D2), 0.62, -0.1)
    for k in range(3):
        sheet.paint(sheet.ellipse((-0.11 + 0.09 * k, 0.122), 0.022, 0.014), rgb(0x26303C), 0.3,
                    0.0, 0.4, 0.8)  # fmt: skip
    sheer = 0.105 + 0.045 * np.clip(x / 0.5, 0, 1) ** 2 + 0.012 * np.clip(-x / 0.5, 0, 1) ** 2
    _hull(sheet, rng, sheer, 0.52, paint, stripe, 0x6A2E26)
    ends = (x > -0.49) & (x < 0.5)
    sheet.paint((np.s_[:, :], sheet.within(0.006 - np.abs(y - sheer)) * ends), WOOD, 0.85)
    _foot(sheet)
    return sheet


def _sail(
    sheet: Sheet, rng: Generator, distance: Array, colour: int, across: Array, up: Array, k: float
) -> None:
    """A sail; ``across`` runs from its outer edge (0) to its luff (1), ``up`` from foot to head."""
    seams = np.abs((up * 6) % 1 - 0.5)
    fold = at(rng, across * 2 + 9, up * 5 + across * 2 + 9, 2)
    albedo = rgb(colour) * ((1 + 0.02 * fold) * (1 - 0.10 * smoothstep(0.46, 0.5, seams)))
    # Light shines through the cloth, so no side of it is ever dark.
    shade = 0.62 + 0.22 * np.sin(np.pi * across) * (1 - 0.3 * up) + 0.03 * fold - k
    lean = 0.36 * (0.35 - across) + 0.05 * fold
    sheet.paint((np.s_[:, :], sheet.within(distance)), albedo, shade, lean)
