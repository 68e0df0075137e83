"""What rises on the horizon: mountain ranges with light and snow, and hills."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from .canvas import Array, Canvas, mix, rgb, shifted, smoothstep
from .ids import HILL, MOUNTAIN
from .light import Light
from .noise import fractal, line

ROCKS = ((0x6B6A70, 0x98938E), (0x5C6470, 0x8C949C), (0x7A6A5C, 0xA8947C), (0x74605A, 0x9C8478))
GRASS = {
    "spring": (0x6E9A3A, 0x9CB850),
    "summer": (0x57883A, 0x8AA648),
    "autumn": (0x94803A, 0xB89A4C),
    "winter": (0x76704A, 0x968C60),
}
WOODS = {"spring": 0x4A7038, "summer": 0x35602F, "autumn": 0x8A5A2C, "winter": 0x4A4A3C}
SNOW = (0xD8E2F0, 0xF6F8FC)


def _gather(values: Array, canvas: Canvas, x: Array) -> Array:
    """Values a column, read at the columns of ``x``."""
    columns = (x * np.float32(canvas.height)).astype(np.int32)
    return values[np.clip(columns, 0, canvas.width - 1)]


def _slope(profile: Array, canvas: Canvas, reach: float) -> Array:
    """Fall to the right of a profile of heights, a column, over ``reach``."""
    k = max(round(reach * canvas.height), 1)
    padded = np.pad(profile, k, mode="reflect", reflect_type="odd")
    return (padded[: -2 * k] - padded[2 * k :]) * np.float32(canvas.height / (2 * k))


def _emboss(n: Array, canvas: Canvas, light: Light, reach: float = 0.012) -> Array:
    """A relief's light: how it falls toward the source, over ``reach``; about [-1, 1]."""
    k = max(round(reach * canvas.height), 1)
    aside = n - shifted(n, 0, k if light.side > 0 else -k)
    return np.float32(0.3 + 0.7 * abs(light.side)) * aside + np.float32(0.5) * (
        n - shifted(n, k, 0)
    )


def mountain_profile(rng: Generator, canvas: Canvas, peaks: int, sharpness: float) -> Array:
    """Heights (W,) in about [0, 1] of a range with some main peaks."""
    x = canvas.x[0]
    body = np.zeros_like(x)
    for _ in range(peaks):
        place = float(rng.uniform(-0.05, 1.05)) * canvas.aspect
        width, height = float(rng.uniform(0.22, 0.5)), float(rng.uniform(0.45, 1.0))
        lean = float(rng.uniform(0.7, 1.4))
        dx = (x - place) / np.float32(width)
        dx = np.where(dx > 0, dx * lean, -dx / lean)
        np.maximum(body, height * np.clip(1 - dx, 0, 1) ** np.float32(sharpness), out=body)
    rough = line(rng, x * 2.4, 7, 0.52, finest=canvas.height / 4)
    crags = 1 - np.abs(line(rng, x * 5, 5, 0.5, finest=canvas.height / 8))
    return np.maximum(body * (0.86 + 0.08 * crags) + 0.055 * rough + 0.10, 0.02)


def paint_range(
    canvas: Canvas,
    rng: Generator,
    light: Light,
    base: float,
    height: float,
    veil: float,
    season: str,
    snow_line: float,
    wooded: float,
    window: Array | float = 1.0,
) -> None:
    """One mountain range.

    Args:
        base: y of its foot.
        height: of its highest peaks, in picture heights.
        veil: share of haze, 0 (near) to 1.
        season: for the woods on its lower slopes.
        snow_line: share of the height above which snow lies.
        wooded: share of the height up to which woods grow.
        window: (W,) in [0, 1], 0 where the range has sunk below its foot.
    """
    heights = mountain_profile(
        rng, canvas, int(rng.integers(2, 5)) + round(canvas.aspect), rng.uniform(1.0, 1.35)
    )
    heights = heights * window - np.float32(0.2) * (1 - np.asarray(window, np.float32))
    top = (base - height * heights).astype(np.float32)  # (W,)
    rows = canvas.rows(float(top.min()) - 0.01, base + 0.03)
    y = canvas.y[rows]
    depth = np.maximum(y - top, 0)  # (h, W) below the silhouette
    folds = fractal(rng, canvas, (7, 9), 6, 0.58, rows, ridged=True)
    drift = fractal(rng, canvas, 5, 4, 0.6, rows)
    # Each fall of the silhouette goes on below it, along lines that wander.
    x = canvas.x + drift * np.minimum(depth, 0.25) * np.float32(0.42)
    fine = _gather(_slope(heights, canvas, 0.008), canvas, x)
    broad = _gather(_slope(heights, canvas, 0.05), canvas, x)
    face = np.tanh((0.5 * fine + 0.9 * broad) * np.float32(height * 1.1))
    relief = _emboss(folds, canvas, light)
    shade = 0.46 + 0.48 * face * np.float32(np.sign(light.side) * (0.4 + 0.6 * abs(light.side)))
    shade = np.clip(shade + 0.30 * relief, 0.02, 1.1)

    up = (base - y) / np.float32(height)
    dark, bright = ROCKS[int(rng.integers(len(ROCKS)))]
    albedo = mix(rgb(dark), rgb(bright), np.clip(0.5 + 0.35 * folds, 0, 1))
    if wooded > 0:
        woods = smoothstep(wooded + 0.12, wooded - 0.06, up + 0.10 * drift + 0.05 * folds)
        albedo = mix(albedo, rgb(WOODS[season]) * (1 + 0.16 * folds), woods * np.float32(0.9))
    if snow_line < 1.2:
        lying = up - snow_line + 0.13 * drift + 0.16 * relief + 0.07 * folds
        snow = smoothstep(0.0, 0.12, lying)
        albedo = mix(albedo, rgb(SNOW[1]), snow * np.float32(0.96))
        shade = shade + 0.10 * snow
    colour = light.shaded(albedo, shade)
    # Mist gathers at the foot.
    fog = veil + (1 - veil) * np.float32(0.45) * smoothstep(0.35, -0.05, up)
    canvas.paint(mix(colour, light.haze, fog), canvas.coverage(y - top), MOUNTAIN, rows)


def paint_hill(
    canvas: Canvas,
    rng: Generator,
    light: Light,
    base: float,
    height: float,
    veil: float,
    season: str,
    ground: str,
    window: Array | float = 1.0,
) -> Array:
    """One chain of hills down to ``base``, within ``window``; y of its outline, (W,)."""
    x = canvas.x[0]
    shape = line(rng, x * float(rng.uniform(1.1, 2.0)), 3, 0.4)
    heights = np.clip(0.55 + 0.3 * shape, 0.05, 1.2)
    heights = heights * window - np.float32(0.2) * (1 - np.asarray(window, np.float32))
    top = (base - height * heights).astype(np.float32)
    rows = canvas.rows(float(top.min()) - 0.01, base + 0.02)
    y = canvas.y[rows]
    n = fractal(rng, canvas, (22, 8), 5, 0.62, rows)
    patches = fractal(rng, canvas, (9, 3), 2, 0.5, rows)
    face = np.tanh(_slope(heights, canvas, 0.03) * np.float32(height * 1.6))
    shade = 0.52 + 0.4 * face * np.float32(light.side) + 0.09 * n
    shade = np.clip(shade + 0.15 * smoothstep(0.05, 0.0, y - top), 0.05, 1.1)
    if ground == "snow":
        albedo = mix(rgb(SNOW[0]), rgb(SNOW[1]), np.clip(0.6 + 0.25 * n, 0, 1))
        woods = smoothstep(0.9, 2.3, 1.2 * n + 0.7 * patches)
        albedo = mix(albedo, rgb(WOODS["winter"]), woods * np.float32(0.6))
    elif ground == "sand":
        albedo = mix(rgb(0xC9A66C), rgb(0xE4C890), np.clip(0.5 + 0.3 * n, 0, 1))
    else:
        dark, bright = GRASS[season]
        albedo = mix(rgb(dark), rgb(bright), np.clip(0.5 + 0.35 * patches + 0.12 * n, 0, 1))
        woods = smoothstep(0.7, 1.6, patches + 0.8 * n)
        albedo = mix(albedo, rgb(WOODS[season]) * (1 + 0.2 * n), woods * np.float32(0.8))
    fog = veil + (1 - veil) * np.float32(0.3) * smoothstep(height * 0.5, 0.0, base - y)
    colour = mix(light.shaded(albedo, shade), light.haze, fog)
    canvas.paint(colour, canvas.coverage(y - top), HILL, rows)
    return top
