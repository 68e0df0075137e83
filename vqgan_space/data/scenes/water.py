"""Lake, sea and river: what they mirror, ripples and waves, glitter, ice and foam."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from .canvas import Array, Canvas, mix, rgb, smoothstep
from .ids import LAKE, RIVER, SEA
from .light import Light
from .noise import at
from .view import Path, View

LABELS = {"lake": LAKE, "river": RIVER, "sea": SEA}
DEEP = {"lake": 0x1F5568, "river": 0x2A5F66, "sea": 0x1B5A7C}


def paint_water(
    canvas: Canvas,
    rng: Generator,
    light: Light,
    view: View,
    kind: str,
    alpha: Array,
    rows: slice,
    axis: float,
    calm: float,
    frozen: bool = False,
) -> None:
    """Water over a region, mirroring what is painted above y = ``axis``.

    Args:
        kind: lake, river or sea.
        alpha: coverage (h, W) of the region's ``rows``.
        axis: y of the far shore, about which the picture is mirrored.
        calm: 1 a mirror, 0 rough.
    """
    y = canvas.y[rows]
    near = np.maximum(y - view.horizon, 0.008)
    px = view.across(canvas, near) + 64
    pz = 1 / near + 64
    ripples = at(rng, px * 1.6, pz * 5.5, 3, 0.7)
    rough = np.float32(0.012 + 0.05 * (1 - calm))
    sway = ripples * rough * np.clip(near * 3.2 + 0.15, 0, 1)
    source = (2 * axis - y + sway) * canvas.height
    if frozen:
        # Ice mirrors as through frosted glass.
        source = source + at(rng, px * 9, pz * 9, 1) * np.float32(0.02 * canvas.height)
    last = round(axis * canvas.height) - 1
    source = np.clip(source.astype(np.int32), 0, max(last, 0))
    index = source * canvas.width + np.arange(canvas.width, dtype=np.int32)
    mirrored = canvas.colour.reshape(3, -1)[:, index]  # (3, h, W)

    deep = light.shaded(rgb(DEEP[kind]), 0.55)
    # The steeper one looks down, the deeper one sees.
    mirror_share = (0.86 if kind != "sea" else 0.66) - np.float32(0.9) * np.clip(near - 0.02, 0, 1)
    mirror_share = np.clip(mirror_share, 0.30, 0.9)
    if frozen:
        colour = _ice(rng, light, mirrored, px, pz)
    else:
        colour = mix(deep, mirrored * np.float32(0.95), mirror_share)
        slope = ripples if kind != "sea" else _waves(rng, px, pz, ripples)
        strength = np.float32(0.07 if kind != "sea" else 0.15) * (1.15 - calm)
        colour = colour * (1 + strength * slope)
        if kind == "sea":
            crests = smoothstep(1.5, 2.2, slope + np.float32(0.5 * (1 - calm)))
            crests = crests * np.clip(near * 6, 0, 1)
            colour = mix(colour, light.shaded(rgb(0xF2F6F8), 0.8), crests * np.float32(0.75))
        colour = colour + _glitter(canvas, light, view, ripples, y, near)
    colour = mix(colour, light.haze, view.veil(near) * np.float32(0.8))
    canvas.paint(colour, alpha, LABELS[kind], rows)


def _waves(rng: Generator, px: Array, pz: Array, ripples: Array) -> Array:
    swell = at(rng, px * 0.8, pz * 3.2, 3, 0.6)
    return np.float32(0.75) * swell + np.float32(0.5) * ripples


def _ice(rng: Generator, light: Light, mirrored: Array, px: Array, pz: Array) -> Array:
    drift = at(rng, px * 0.8, pz * 1.9, 4)
    lines = np.abs(at(rng, px * 1.2 + 5, pz * 1.6, 3, 0.5))
    cracks = smoothstep(0.045, 0.0, lines)
    ice = mix(mirrored, light.shaded(rgb(0xBFD8E6), 0.62), 0.52)
    ice = mix(ice, light.shaded(rgb(0xEAF4FA), 0.8), cracks * np.float32(0.5))
    return mix(ice, light.shaded(rgb(0xF4F8FC), 0.78), smoothstep(0.15, 0.9, drift))


def _glitter(
    canvas: Canvas, light: Light, view: View, ripples: Array, y: Array, near: Array
) -> Array:
    """The path of light below the sun or moon."""
    low = np.float32(np.clip(1.1 - 1.2 * light.height, 0.15, 1))
    width = 0.02 + 0.22 * near
    path = np.exp(-(((canvas.x - light.x) / width) ** 2))
    sparkle = smoothstep(0.35, 1.5, ripples + np.float32(0.3))
    strength = np.float32(0.9 * float(light.sun.mean()) / 0.5) * low
    return light.glow * (path * sparkle * strength * np.float32(0.8))


def shore_alpha(canvas: Canvas, rows: slice, far: Array, close: Array) -> Array:
    """Coverage (h, W) of what lies between y = ``far`` (W,) and y = ``close`` (W,)."""
    y = canvas.y[rows]
    return canvas.coverage(y - far) * canvas.coverage(close - y)


def path_alpha(canvas: Canvas, rng: Generator, rows: slice, path: Path) -> Array:
    """Coverage (h, W) of a path's rows, its banks a little ragged."""
    y = canvas.y[rows]
    middle, half = path.at(y)
    across = canvas.x - middle
    ragged = at(rng, across * 9 + 30, y * 26 + 30, 3) * (half * np.float32(0.07))
    return canvas.coverage(half + ragged - np.abs(across))


def paint_foam(canvas: Canvas, rng: Generator, light: Light, rows: slice, close: Array) -> None:
    """Foam where the sea runs out on the shore y = ``close`` (W,), in two or three lines."""
    y = canvas.y[rows]
    n = at(rng, canvas.x * 7 + 10, y * 14 + 10, 4, 0.6)
    distance = close - y + np.float32(0.012) * n
    lines = np.exp(-(((distance - 0.004) / 0.006) ** 2)) + np.float32(0.6) * np.exp(
        -(((distance - 0.035) / 0.008) ** 2)
    ) * smoothstep(-0.4, 0.8, n)
    alpha = np.clip(lines, 0, 1) * np.float32(0.85) * (y < close + 0.01)
    canvas.paint(light.shaded(rgb(0xF4F8FA), 0.85), alpha, None, rows)
