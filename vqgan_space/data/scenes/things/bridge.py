"""Bridges over a river that is seen along its course: of stone with arches, or of wood."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator

from ..canvas import Array, Canvas, Sprite, rgb, smoothstep
from ..light import Light
from ..noise import at
from .shapes import SNOW_STEPS, Sheet, lit, quantised, shape
from .walls import stones

VARIANTS = 5
STONES = (0xA8A296, 0xB4A68C, 0x9A948C, 0xB89C80)
WOODS = (0x8E6E4A, 0x7C6654, 0xA07C50)
# Widths to a height of which sheets are drawn; the nearest is stretched a little.
RATIOS = (2.0, 2.5, 3.0, 3.75, 4.75, 6.0, 7.5, 9.5)


def bridge(
    canvas: Canvas,
    light: Light,
    left: float,
    right: float,
    y: float,
    height: float,
    variant: int,
    stone: bool,
    snow: float = 0.0,
) -> Sprite:
    """A bridge from bank to bank; the water shows through under it.

    Args:
        canvas: what it is to be pasted on, at ((left + right) / 2, y).
        left, right: x of its ends, in canvas coordinates.
        y: of the deck's top edge in its middle, which is the sprite's foot; rails or parapet rise
            above it.
        height: from there down to the water.
        variant: which of ``VARIANTS``, counted round.
        stone: of stone with one to three arches, else of wood on posts.
        snow: how much lies on it, 0 to 1.

    Raises:
        ValueError: no width or no height.
    """
    if right <= left or height <= 0:
        raise ValueError(
            "A bridge needs its right end right of its left one, and a height above 0."
        )
    wide = (right - left) / height
    ratio = min(RATIOS, key=lambda each: abs(math.log(each / wide)))
    pixels = height * canvas.height
    lying = quantised(snow)
    if stone:
        thing = shape(_draw_stone, (variant % VARIANTS, ratio, lying), pixels, 16, wide / ratio)
    else:
        # Beams stay about a pixel thick, however small the bridge.
        stout = 2.0 ** (round(2 * math.log2(min(max(12 / pixels, 1.0), 2.5))) / 2)
        key = (variant % VARIANTS, ratio, lying, stout)
        thing = shape(_draw_wooden, key, pixels, 16, wide / ratio)
    return lit(thing, light)


def _deck(x: Array, half: float, camber: float) -> Array:
    """Height (1, w) of the deck above the water: 1 in the middle, lower at the ends."""
    return 1 - np.float32(camber) * (x / np.float32(half)) ** 2


def _draw_stone(variant: int, ratio: float, lying: int, pixels: int) -> Sheet:
    rng = np.random.default_rng((variant, 31))
    half = ratio / 2
    sheet = Sheet((-half, half, -1.125, 0.375), pixels)
    x, y = sheet.x, sheet.y + 1
    camber, parapet = float(rng.uniform(0.10, 0.26)), float(rng.uniform(0.16, 0.22))
    deck = _deck(x, half, camber)
    top = deck + np.float32(parapet)
    arches = _arches(rng, ratio, 1 - camber)
    # How far each point lies inside the nearest arch, and which of it is the vault behind.
    hole, behind = (np.full(np.broadcast_shapes(x.shape, y.shape), -9, np.float32) for _ in "12")
    for centre, span, rise, foot in arches:
        for plane, dx, dy in ((hole, 0.0, 0.0), (behind, 0.10, -0.07)):
            across = (x - centre - dx) / np.float32(span)
            up = np.maximum(y - foot - dy, 0) / np.float32(rise)
            inside = (1 - np.sqrt(across * across + up * up)) * np.float32(min(span, rise))
            np.maximum(plane, inside, out=plane)
    colour = int(rng.choice(STONES))
    masonry = stones(rng, colour, 0.22)
    body = np.minimum(top - y, y + 0.1)
    spots = at(rng, x * 4 + 20, y * 4 + 9, 4)
    albedo = masonry(x + 9, y + 2) * (1 + 0.07 * spots)
    moss = smoothstep(0.25, 0.0, y) * 0.5 + 0.25 * smoothstep(0.9, 1.6, spots)
    albedo = albedo + np.minimum(moss, 0.7) * (rgb(0x5E6A3C) - albedo)
    vault = np.minimum(np.minimum(hole, -behind), y + 0.1)
    place = np.s_[:, :]
    dark = rgb(colour) * (0.72 + 0.08 * spots)
    sheet.paint((place, sheet.within(np.where(hole > 0, vault, -1))), dark, 0.12, 0.05)
    front = sheet.within(np.minimum(body, -hole))
    shade = 0.56 + 0.10 * spots * 0.3 - 0.22 * smoothstep(0.3, 0.0, y)
    sheet.paint((place, front), albedo, shade, 0.16)
    # Voussoirs: a ring of wedges about each arch.
    for centre, span, rise, foot in arches:
        angle = np.arctan2((y - foot) / np.float32(rise), (x - centre) / np.float32(span))
        count = max(round(9 * (span + rise)), 7)
        wedge = np.abs((angle / np.pi * count) % 1 - 0.5)
        ring = sheet.within(
            np.minimum(0.075 - np.abs(-hole - 0.04), y - foot + 0.0) * (y > foot - 0.02)
        )
        near = np.abs(x - centre) < span + 0.1
        tone = 1.1 - 0.35 * smoothstep(0.40, 0.5, wedge)
        sheet.paint((place, ring * near * (hole < 0)), rgb(colour) * tone, shade + 0.08, 0.2)
    # The string course under the parapet throws a shadow, its cap catches the light.
    for low, high, tone_of, shade_of in (
        (-0.03, 0.035, 1.12, 0.85),
        (-0.085, -0.03, 0.8, 0.25),
        (parapet - 0.045, parapet, 1.15, 1.0),
    ):
        band = sheet.within(np.minimum(y - deck - low, deck + high - y))
        sheet.paint((place, band), rgb(colour) * tone_of * (1 + 0.05 * spots), shade_of, 0.1)
    _whiten(sheet, deck + np.float32(parapet), 0.02, 0.06, lying)
    _dip(sheet, y)
    return sheet


def _arches(rng: Generator, ratio: float, low: float) -> list[tuple[float, float, float, float]]:
    """Centre, half span, rise and foot of each arch."""
    count = 1 if ratio < 3 else int(rng.integers(1, 3)) if ratio < 4.5 else 3
    pier = 0.22
    room = ratio - 0.36 - (count - 1) * pier
    arches = []
    for k in range(count):
        span = room / count / 2
        centre = -ratio / 2 + 0.18 + (2 * k + 1) * span + k * pier
        middle = count == 1 or (count == 3 and k == 1)
        rise = (0.80 if middle else 0.70 if count == 2 else 0.62) + 0.1 * (low - 0.8)
        arches.append((centre, span, rise - 0.02, 0.0))
    return arches


def _draw_wooden(variant: int, ratio: float, lying: int, stout: float, pixels: int) -> Sheet:
    rng = np.random.default_rng((variant, 32))
    half = ratio / 2
    sheet = Sheet((-half, half, -1.125, 0.625), pixels)
    x, y = sheet.x, sheet.y + 1
    camber = float(rng.uniform(0.0, 0.22))
    wood = rgb(int(rng.choice(WOODS)))
    place = np.s_[:, :]
    grain = at(rng, x * 4 + 20, y * 26 + 9, 3)
    rail = float(rng.uniform(0.36, 0.44))

    def deck_at(at_x: float) -> float:
        """The same on the sheet, whose y starts at the deck."""
        return -camber * (at_x / half) ** 2

    deck = _deck(x, half, camber)
    piers = max(round(ratio / 1.25), 2)
    for far in (True, False):
        shift, k = (0.12, 0.5) if far else (0.0, 1.0)
        for i in range(piers + 1):
            at_x = -half + 0.08 + (ratio - 0.16) * i / piers + shift
            top = deck_at(min(at_x, half)) - 0.05
            foot = (at_x, -1.08)
            sheet.paint(
                sheet.stroke(foot, (at_x, top), 0.10 * stout), wood * (0.8 * k), 0.42 * k, 0.2 * k
            )
        for i in range(piers):
            a = -half + 0.08 + (ratio - 0.16) * i / piers
            b = -half + 0.08 + (ratio - 0.16) * (i + 1) / piers
            brace = (a + shift, -0.65), (b + shift, deck_at(b) - 0.1)
            sheet.paint(sheet.stroke(*brace, 0.05 * stout), wood * (0.72 * k), 0.36 * k, 0.1)
        sheet.paint((place, _rail(sheet, deck, rail * (0.93 if far else 1), 0.045 * stout)),
                    wood * (1.05 * (0.75 if far else 1)), 0.8 * k, 0.1)  # fmt: skip
        if far:
            continue
        planks = np.abs((x * 9) % 1 - 0.5)
        beam = sheet.within(np.minimum(deck + 0.03 - y, y - deck + 0.12 * stout))
        sheet.paint((place, beam), wood * (0.82 + 0.06 * grain), 0.42, 0.1)
        edge = sheet.within(np.minimum(deck + 0.03 - y, y - deck + 0.025 * stout))
        tone = 1.12 * (1 - 0.35 * smoothstep(0.38, 0.5, planks)) + 0.06 * grain
        sheet.paint((place, edge), wood * tone, 0.92, 0.05)
        sheet.paint((place, _rail(sheet, deck, rail * 0.55, 0.035 * stout)), wood, 0.6, 0.1)
        count = max(round(ratio / 0.5), 3)
        for i in range(count + 1):
            at_x = -half + 0.06 + (ratio - 0.12) * i / count
            low = deck_at(at_x)
            post = sheet.stroke((at_x, low - 0.08), (at_x, low + rail + 0.05), 0.07 * stout)
            sheet.paint(post, wood * 1.02, 0.6, 0.28)
        sheet.paint((place, _rail(sheet, deck, rail, 0.05 * stout)), wood * 1.1, 0.9, 0.1)
        _whiten(sheet, deck + 0.03, 0.03 * stout, 0.05 * stout, lying)
        _whiten(sheet, deck + np.float32(rail + 0.025 * stout), 0.02 * stout, 0.05 * stout, lying)
    _dip(sheet, y)
    return sheet


def _rail(sheet: Sheet, deck: Array, up: float, thick: float) -> Array:
    return sheet.within(np.float32(thick / 2) - np.abs(sheet.y + 1 - deck - np.float32(up)))


def _whiten(sheet: Sheet, edge: Array, below: float, above: float, lying: int) -> None:
    """Snow on an upper edge of heights ``edge`` (1, w) over the water."""
    if lying:
        y, rise = sheet.y + 1, np.float32(above * lying / SNOW_STEPS)
        band = sheet.within(np.minimum(y - edge + np.float32(below), edge + rise - y))
        sheet.paint((np.s_[:, :], band), rgb(0xE6ECF6), 0.85, 0.1)


def _dip(sheet: Sheet, y: Array) -> None:
    """Softens the feet, where they stand in the water."""
    sheet.planes *= smoothstep(-0.10, -0.02, y)
