"""A city at dusk with lit windows, a moon, and its reflection in rippled water."""

from __future__ import annotations

import numpy as np
from common import (
    Array,
    bilinear,
    bloom,
    fbm,
    filmic,
    gamma,
    hash01,
    linear,
    mix,
    noise,
    shrink,
    smoothstep,
    to_picture,
)
from PIL import Image

WIDTH, HEIGHT, SCALE = 640, 360, 2
WATER = 0.66  # where the water begins, as a share of the height
MOON = (1.32, 0.16, 0.045)  # x, y, radius in units of the height


def render() -> Image.Image:
    """The picture, 640 x 360 pixels."""
    height, width = HEIGHT * SCALE, WIDTH * SCALE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / height
    light = _sky(x, y)
    for layer in range(3):  # far to near
        light = _buildings(light, x, y, layer)
    light = _water(light, x, y)
    light = bloom(light, (3.0 * SCALE, 12.0 * SCALE), 0.22)
    return to_picture(gamma(filmic(shrink(light, SCALE), 1.25)))


def _sky(x: Array, y: Array) -> Array:
    low = mix(linear(255, 138, 84), linear(214, 92, 120), smoothstep(WATER, 0.42, y))
    light = mix(low, linear(34, 38, 92), smoothstep(0.52, 0.05, y)) * 0.75
    clouds = fbm(x * 2.2, y * 9, 6, seed=3)
    lit = mix(linear(255, 170, 130), linear(120, 84, 140), smoothstep(0.5, 0.1, y))
    light = mix(light, lit * 0.8, 0.75 * smoothstep(0.52, 0.78, clouds))
    stars = hash01(np.floor(x * 180), np.floor(y * 180), 5) > 0.9965
    twinkle = stars * hash01(np.floor(x * 180), np.floor(y * 180), 6) * smoothstep(0.3, 0.05, y)
    light = light + twinkle[..., None] * 0.6
    distance = np.hypot(x - MOON[0], y - MOON[1])
    disc = smoothstep(MOON[2] + 0.002, MOON[2] - 0.002, distance)
    face = 1.6 - 0.7 * smoothstep(0.45, 0.7, fbm(x * 40, y * 40, 4, seed=9))
    glow = np.exp(-distance * 9)[..., None] * linear(255, 220, 190) * 0.25
    return mix(light + glow, face[..., None] * linear(255, 244, 220), disc)


def _buildings(light: Array, x: Array, y: Array, layer: int) -> Array:
    """One row of towers in front of what is there, hazier the farther it is."""
    wide = (0.085, 0.11, 0.15)[layer]
    lot = np.floor(x / wide + 0.37 * layer)
    inside = x / wide + 0.37 * layer - lot  # 0..1 across the lot
    lot_tall = (0.30, 0.24, 0.15)[layer] * (0.35 + hash01(lot, lot * 0, 11 + layer))
    margin = 0.04 + 0.1 * hash01(lot, lot * 0, 31 + layer)
    crown = (np.abs(inside - 0.5) < 0.22) * 0.05 * (hash01(lot, lot * 0, 41) > 0.5)
    mast = (np.abs(inside - 0.5) < 0.012) * 0.05 * (hash01(lot, lot * 0, 51 + layer) > 0.6)
    top = WATER - lot_tall - np.maximum(crown, mast)
    body = (inside > margin) & (inside < 1 - margin) & (y > top) & (y < WATER)
    facade = mix(linear(196, 110, 120), linear(30, 30, 56), (0.45, 0.72, 0.94)[layer])
    facade = facade * (0.22 + 0.1 * inside[..., None]) * (1.2, 0.9, 0.6)[layer]
    light = np.where(body[..., None], facade, light)

    pitch = (0.0085, 0.0105, 0.014)[layer]
    column, row = np.floor(x / (pitch * 0.8)), np.floor(y / pitch)
    across, down = x / (pitch * 0.8) - column, y / pitch - row
    pane = (across > 0.25) & (across < 0.8) & (down > 0.3) & (down < 0.78)
    awake = hash01(column, row, 61 + layer) < (0.22 + 0.3 * hash01(lot, lot * 0, 71 + layer))
    warm = hash01(column, row, 81 + layer)
    lamp = mix(linear(255, 176, 92), linear(190, 220, 255), smoothstep(0.8, 0.9, warm))
    on = body & pane & awake & (y > WATER - lot_tall + 0.012) & (y < WATER - 0.012)
    strength = (0.55, 0.9, 1.5)[layer] * (0.4 + hash01(row, column, 91))[..., None]
    return np.where(on[..., None], lamp * strength, light)


def _water(light: Array, x: Array, y: Array) -> Array:
    """Mirrors what stands above the water line in waves that grow towards the viewer."""
    height = len(y)
    depth = np.maximum(y - WATER, 0)
    near = depth / (1 - WATER)
    waves = fbm(x * 14 / (0.25 + near), 5 / (0.04 + near), 4, seed=101) - 0.5
    sideways = (noise(x * 30, 9 / (0.05 + near), seed=103) - 0.5) * 0.02 * near
    source_y = WATER - depth * 1.35 + waves * (0.015 + 0.16 * near)
    source_y = np.clip(source_y, 0, WATER - 0.004)
    mirrored = bilinear(light, (x + sideways) * height, source_y * height)
    water = mirrored * (0.82 - 0.35 * near[..., None]) + linear(18, 26, 52) * 0.25
    return np.where((y > WATER)[..., None], water, light)
