"""Small animals: a flock of birds in the distance, grazing sheep and cows."""

from __future__ import annotations

import math

import numpy as np

from ..canvas import Array, Sprite, mix, rgb, smoothstep
from ..light import Light
from ..noise import at, dots
from .shapes import Point, Sheet, hashed, lit, shape

VARIANTS = 9
# Fleece, face and legs of sheep.
FLEECES = ((0xF0E9DA, 0x3A332E), (0xEAE2D0, 0xD8CBB4), (0xF2ECE0, 0x2E2A28), (0x7A6656, 0x3A302A))
# Coat and patches of cows.
COATS = ((0xF0EAE0, 0x2A2624), (0xF0E6D6, 0x9A5A34), (0x9C6238, 0xA86E42), (0x33302E, 0xE8E0D4))


def birds(pixels: float, variant: int, light: Light) -> Sprite:
    """A distant flock of 3 to 9 birds, ``pixels`` (6 to 512) wide; its foot is its middle."""
    # Wings stay about a pixel thick, however small the flock.
    thick = 2.0 ** (round(2 * math.log2(min(max(1.15 / max(pixels, 1.0), 0.011), 0.09))) / 2)
    return lit(shape(_draw_birds, (variant % VARIANTS, thick), pixels, 32), light)


def sheep(pixels: float, variant: int, light: Light) -> Sprite:
    """A sheep, ``pixels`` (4 to 256) long from tail to muzzle, grazing or looking up."""
    return lit(shape(_draw_sheep, (variant % VARIANTS,), pixels, 32), light, _facing(variant))


def cow(pixels: float, variant: int, light: Light) -> Sprite:
    """A cow, ``pixels`` (4 to 256) long from tail to muzzle, grazing or looking up."""
    return lit(shape(_draw_cow, (variant % VARIANTS,), pixels, 32), light, _facing(variant))


def _facing(variant: int) -> int:
    return 1 if hashed(variant, 31) < 0.5 else -1


def _draw_birds(variant: int, thick: float, pixels: int) -> Sheet:
    rng = np.random.default_rng((variant, 21))
    sheet = Sheet((-0.5, 0.5, -0.25, 0.25), pixels)
    count = int(rng.integers(3, 10))
    formation = rng.random() < 0.45
    span = float(rng.uniform(0.06, 0.075)) * (1.0 if formation or count > 5 else 1.35)
    places: list[Point] = []
    for k in range(count):
        if formation:
            # A wedge: the leader ahead, the others behind on both sides.
            rank = (k + 1) // 2 * (1 if k % 2 else -1)
            x, y = 0.115 * abs(rank), 0.048 * rank
            place = (-0.3 + x + 0.012 * float(rng.normal()), y + 0.01 * float(rng.normal()))
        else:
            near = 0.0
            for _ in range(20):
                x, y = float(rng.uniform(-0.38, 0.38)), float(rng.uniform(-0.17, 0.15))
                near = min((np.hypot(x - a, 2 * (y - b)) for a, b in places), default=9.0)
                if near > 2.2 * span:
                    break
            place = (x, y)
        places.append(place)
    for x, y in places:
        size = span * float(rng.uniform(0.8, 1.15))
        lift, tilt = float(rng.uniform(0.25, 0.65)), float(rng.normal(0, 0.12))
        for side in (-1, 1):
            bend = (x + side * 0.45 * size, y + size * (lift + side * tilt * 0.45))
            tip = (x + side * size, y + size * (0.55 * lift - 0.12 + side * tilt))
            colour = rgb(0x3C4048)
            sheet.paint(sheet.stroke((x, y), bend, thick * 1.25, thick), colour, 0.25)
            sheet.paint(sheet.stroke(bend, tip, thick, thick * 0.6), colour, 0.3)
        sheet.paint(sheet.ellipse((x, y), size * 0.2, thick * 0.7), rgb(0x3C4048), 0.15)
    return sheet


def _legs(sheet: Sheet, feet: tuple[float, ...], hip: float, wide: float, colour: Array) -> None:
    """Legs from ``hip`` down, those on the far side (every other one) darker."""
    for k, x in enumerate(feet):
        far = k % 2
        place = sheet.stroke(
            (x, hip), (x + 0.012 - 0.02 * far, wide * 0.4), wide * 1.25, wide * 0.8
        )
        sheet.paint(place, colour * (0.62 if far else 1.0), 0.30 - 0.12 * far, 0.1)


def _draw_sheep(variant: int, pixels: int) -> Sheet:
    rng = np.random.default_rng((variant, 22))
    sheet = Sheet((-0.5625, 0.5625, -0.0625, 0.8125), pixels)
    fleece, face = FLEECES[(0, 1, 2, 0, 1, 3)[variant % 6]]
    skin = rgb(face)
    grazing = rng.random() < 0.62
    _legs(sheet, (-0.29, -0.21, 0.12, 0.19), 0.30, 0.055, skin)
    x, y = sheet.x, sheet.y
    dx, dy = (x + 0.08) / np.float32(0.375), (y - 0.435) / np.float32(0.235)
    wave = at(rng, x * 7 + 9, y * 7 + 9, 2)
    far, _, _ = dots(rng, x * 13 + 0.25 * wave + 9, y * 15 + 0.25 * wave + 9, 1.0)
    curls = 1 - 2 * smoothstep(0.1, 0.62, far)
    # A little square, so that the back is flat.
    radius = (np.abs(dx) ** 2.5 + np.abs(dy) ** 2.5) ** 0.4 - 0.03 * curls + 0.02 * wave
    tone = 0.93 + 0.06 * curls + 0.02 * wave
    shade = np.clip(0.46 + 0.40 * dy + 0.09 * curls, 0.05, 1.0)
    head = (0.40, 0.16) if grazing else (0.40, 0.60)
    neck = sheet.stroke((0.17, 0.46), (head[0] - 0.05, head[1] + 0.04), 0.26, 0.14)
    sheet.paint(neck, rgb(fleece) * 0.92, 0.42, 0.2)
    place = (np.s_[:, :], sheet.within((1 - radius) * np.float32(0.23)))
    sheet.paint(place, rgb(fleece) * tone, shade, 0.42 * np.clip(dx, -1, 1))
    nose = (head[0] + 0.075, head[1] - 0.085)
    sheet.paint(sheet.stroke(head, nose, 0.125, 0.085), skin, 0.52, 0.25)
    ear = (head[0] - 0.075, head[1] + 0.025)
    sheet.paint(sheet.stroke((head[0] - 0.01, head[1] + 0.045), ear, 0.045, 0.03), skin * 0.8, 0.5)
    tuft = sheet.ellipse((head[0] - 0.025, head[1] + 0.055), 0.06, 0.045)
    sheet.paint(tuft, rgb(fleece), 0.75)
    return sheet


def _draw_cow(variant: int, pixels: int) -> Sheet:
    rng = np.random.default_rng((variant, 23))
    sheet = Sheet((-0.5625, 0.5625, -0.0625, 0.8125), pixels)
    coat, patch = (rgb(code) for code in COATS[variant % 4])
    grazing = rng.random() < 0.55
    x, y = sheet.x, sheet.y
    spots = at(rng, x * 4.2 + 9, y * 4.2 + 9, 2)
    cover = smoothstep(0.10, 0.22, spots) if variant % 4 != 3 else smoothstep(1.0, 1.1, spots)
    hide = mix(coat, patch, cover)
    _legs(sheet, (-0.33, -0.25, 0.10, 0.17), 0.34, 0.062, mix(coat, patch, 0.25))
    sheet.paint(sheet.ellipse((-0.19, 0.285), 0.065, 0.055), rgb(0xD8A090), 0.4)
    head = (0.385, 0.17) if grazing else (0.375, 0.64)
    sheet.paint(sheet.stroke((-0.385, 0.58), (-0.415, 0.26), 0.022, 0.018), coat * 0.75, 0.4)
    sheet.paint(sheet.stroke((-0.415, 0.27), (-0.412, 0.21), 0.035), patch * 0.8, 0.35)
    # Rump, barrel and shoulders.
    barrel = np.minimum(x + 0.40, 0.27 - x)
    back = 0.625 + 0.012 * np.sin(x * 9)
    belly = 0.315 - 0.035 * np.sin((x + 0.3) * 6)
    box = np.minimum(back - y, y - belly)
    soft = np.minimum(barrel, box)
    corner = 0.075 - np.hypot(np.maximum(0.075 - barrel, 0), np.maximum(0.075 - box, 0))
    inside = np.where(soft < 0.075, np.minimum(corner, soft + 0.075), soft)
    up = np.clip((y - 0.31) / np.float32(0.31), 0, 1)
    shade = 0.16 + 0.66 * up**0.8 + 0.03 * at(rng, x * 12 + 5, y * 12 + 5, 3)
    neck = sheet.stroke((0.20, 0.54), (head[0] - 0.03, head[1] + 0.05), 0.21, 0.12)
    rows, columns = neck[0]
    sheet.paint(neck, hide[:, rows, columns], 0.45, 0.28)
    sheet.paint((np.s_[:, :], sheet.within(inside)), hide, shade, 0.42 * (x + 0.06) / 0.34)
    nose = (head[0] + 0.075, head[1] - 0.10)
    sheet.paint(
        sheet.stroke((head[0] - 0.02, head[1] + 0.05), nose, 0.135, 0.095), patch, 0.5, 0.25
    )
    blaze = sheet.stroke((head[0] + 0.005, head[1] + 0.04), (nose[0] + 0.01, nose[1] + 0.01), 0.04)
    sheet.paint(blaze, mix(coat, rgb(0xF0EAE0), 0.5), 0.6, 0.25)
    sheet.paint(sheet.ellipse(nose, 0.045, 0.038), rgb(0xC89A8A), 0.5, 0.2)
    ear = (head[0] - 0.10, head[1] + 0.06)
    sheet.paint(sheet.stroke((head[0] - 0.03, head[1] + 0.08), ear, 0.05, 0.03), patch * 0.8, 0.45)
    horn = (head[0] + 0.02, head[1] + 0.15)
    sheet.paint(
        sheet.stroke((head[0] - 0.01, head[1] + 0.10), horn, 0.028, 0.016), rgb(0xE8DCC0), 0.7
    )
    return sheet
