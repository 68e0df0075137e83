"""Boulders: bodies cut by planes, so that they show facets, with noise for grain and cracks."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from ..canvas import Array, Sprite, mix, rgb, smoothstep
from ..light import Light
from ..noise import at
from .shapes import SNOW_STEPS, Sheet, lit, quantised, shape

VARIANTS = 15
# Grey granite, warm sandstone, dark basalt: shadow and light tones.
FAMILIES = ((0x7C7C80, 0xB0AEA8), (0x9A7C5C, 0xCCAA80), (0x4A4C52, 0x74767A))
# Height to width, planes in front, roughness of the outline.
FORMS = {"round": (0.66, 22, 0.010), "flat": (0.36, 15, 0.010), "jagged": (0.86, 9, 0.013)}


def rock(pixels: float, variant: int, light: Light, snow: float = 0.0) -> Sprite:
    """A boulder, or a few that lie together.

    Args:
        pixels: width, 3 to 512.
        variant: which of ``VARIANTS``, counted round: its form (round, flat, jagged) changes with
            each, its colour (grey, sandstone, basalt) with every third.
        light: the scene's.
        snow: how much lies on it, 0 to 1.
    """
    lying = quantised(snow)
    return lit(shape(_draw_rock, (variant % VARIANTS, lying), pixels, 32), light)


def _body(
    px: Array,
    py: Array,
    rng: Generator,
    centre: float,
    half: float,
    tall: float,
    planes: int,
    rough: float,
) -> tuple[Array, Array, Array, Array]:
    """How far points lie inside a body cut by random planes, and its normal there.

    The normal is (right, up, toward the viewer).
    """
    x, y = (px - np.float32(centre)) / np.float32(half), py / np.float32(tall)
    x = x + np.float32(rough / half) * at(rng, px * 9 + 3, py * 9 + 3, 4)
    y = y + np.float32(rough / tall) * at(rng, px * 9 + 3, py * 9 + 3, 4)
    depth = np.full(x.shape, 9, np.float32)
    right, up, front = (np.zeros_like(depth) for _ in range(3))
    outline = np.full(x.shape, 9, np.float32)
    count = max(planes // 3, 5)
    for k in range(count):
        angle = np.pi * (k + float(rng.uniform(0.2, 0.8))) / count
        across, rise = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        reach = np.float32(rng.uniform(0.90, 1.06))
        np.minimum(outline, reach - across * x - rise * y, out=outline)
    for _ in range(planes):
        a, b = float(rng.uniform(-1, 1)), float(rng.uniform(-0.35, 1))
        c = float(rng.uniform(0.25, 0.9))
        length = float(np.sqrt(a * a + b * b + c * c))
        a, b, c = a / length, b / length, c / length
        z = (np.float32(rng.uniform(0.80, 1.04)) - np.float32(a) * x - np.float32(b) * y) / c
        nearer = z < depth
        np.copyto(depth, z, where=nearer)
        for plane, value in ((right, a / half), (up, b / tall), (front, c * 2)):
            np.copyto(plane, np.float32(value), where=nearer)
    norm = 1 / np.sqrt(right**2 + up**2 + front**2)
    inside = np.minimum(outline, 0.35 * depth) * np.float32(min(half, tall))
    return inside, right * norm, up * norm, front * norm


def _draw_rock(variant: int, lying: int, pixels: int) -> Sheet:
    rng = np.random.default_rng((variant, 9))
    form = list(FORMS)[variant % 3]
    dark, bright = FAMILIES[variant // 3 % 3]
    sheet = Sheet((-0.5625, 0.5625, -0.0625, 1.0625), pixels)
    tall, planes, rough = FORMS[form]
    tall *= float(rng.uniform(0.88, 1.1))
    bodies = [(float(rng.uniform(-0.08, 0.08)), 0.42, tall)]
    if variant in (2, 4, 6, 9, 11, 13):
        side = 1 if rng.random() < 0.5 else -1
        small = float(rng.uniform(0.17, 0.24))
        bodies = [(-0.1 * side, 0.38, tall), (side * (0.49 - small), small, tall * 0.42)]
    snow = lying / SNOW_STEPS
    for centre, half, height in bodies:
        wide = 1.25 * half
        window = sheet.window(centre - wide, centre + wide, -0.0625, 1.25 * height)
        x, y = sheet.at(window)
        inside, right, up, front = _body(x, y, rng, centre, half, height, planes, rough)
        grain = at(rng, x * 16 + 9, y * 16 + 9, 5, 0.7)
        seed = int(rng.integers(1 << 30))
        bump = at(np.random.default_rng(seed), x * 11 + 9, y * 11 + 9, 4, 0.6)
        shifted = at(np.random.default_rng(seed), x * 11 + 9.16, y * 11 + 9, 4, 0.6)
        above = at(np.random.default_rng(seed), x * 11 + 9, y * 11 + 9.16, 4, 0.6)
        right, up = right + 0.16 * (bump - shifted), up + 0.16 * (bump - above)
        cracks = smoothstep(0.05, 0.0, np.abs(at(rng, x * 3 + 9, y * 2.2 + 9, 3)))
        tone = np.clip(0.5 + 0.26 * grain, 0, 1)
        if variant // 3 % 3 == 1:
            tone = np.clip(tone + 0.24 * np.sin(y * 52 + 2.2 * bump + x * 6), 0, 1)
        albedo = mix(rgb(dark), rgb(bright), tone) * (1 - 0.30 * cracks)
        if variant % 2 == 0:
            moss = smoothstep(0.25, 0.75, up + 0.14 * grain + 0.12 * bump)
            albedo = mix(albedo, rgb(0x6C7C3C) * (1 + 0.12 * grain), 0.75 * moss)
        if snow:
            lies = smoothstep(0.0, 0.28, up + 0.10 * bump - 0.85 + 0.80 * snow)
            albedo = mix(albedo, rgb(0xF2F6FC), lies)
            up = mix(up, np.maximum(up, 0.6), lies * np.float32(0.7))
        low = 0.45 + 0.55 * smoothstep(0.0, 0.16 * height + 0.05, y)
        shade = np.clip(0.02 + 0.66 * up + 0.30 * front, 0.02, 1.0) * low
        sheet.paint((window, sheet.within(inside)), albedo, shade, 0.75 * right * low)
    blades = at(rng, sheet.x * 34 + 3, 0 * sheet.x + 5, 3)
    sheet.planes *= sheet.within((sheet.y - 0.012 - 0.010 * blades) * np.float32(0.4))
    return sheet
