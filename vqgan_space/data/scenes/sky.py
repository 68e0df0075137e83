"""The sky: its colours, stars, sun or moon, and clouds of several kinds."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from .canvas import Array, Canvas, mix, rgb, shifted, smoothstep
from .ids import CLOUDS, SKY
from .light import Light
from .noise import at, dots, fractal

STARRY = ("clear", "wispy")


def paint_sky(
    canvas: Canvas, rng: Generator, light: Light, time: str, weather: str, horizon: float
) -> None:
    """Everything above the horizon, and what is mirrored below it."""
    rows = canvas.rows(0, horizon + 0.02)
    _paint_air(canvas, light, time, weather, horizon, rows)
    if light.night and weather in (*STARRY, "cloudy"):
        _paint_stars(canvas, rng, horizon, rows)
    if weather not in ("overcast", "rain", "snowfall", "storm"):
        _paint_disc(canvas, rng, light, time, 0.35 if weather == "fog" else 1.0)
    if weather == "cloudy":
        _paint_heaps(canvas, rng, light, horizon, rows)
    elif weather == "wispy":
        _paint_wisps(canvas, rng, light, horizon, rows)
    elif weather in ("overcast", "rain", "snowfall", "storm"):
        _paint_cover(canvas, rng, light, weather, horizon, rows)


def _paint_air(
    canvas: Canvas, light: Light, time: str, weather: str, horizon: float, rows: slice
) -> None:
    up = np.clip(1 - canvas.y[rows] / horizon, 0, 1)  # (h, 1): 0 at the horizon
    colour = mix(light.low, light.middle, smoothstep(0.0, 0.42, up)[None])
    colour = mix(colour, light.top, smoothstep(0.3, 1.05, up)[None])
    dx, dy = canvas.x - light.x, canvas.y[rows] - light.y
    low_sun = time in ("dawn", "dusk")
    reach = np.float32(2.6 if low_sun else 5.0)
    distance = np.sqrt(dx * dx * (0.45 if low_sun else 1.0) + dy * dy)
    strength = {"dawn": 0.75, "dusk": 0.85, "noon": 0.5, "night": 0.3}[time]
    strength *= 0.4 if weather in ("overcast", "rain", "snowfall", "storm") else 1.0
    glow = np.float32(strength) * np.exp(-reach * distance)
    canvas.paint(mix(colour, light.glow, glow), 1.0, SKY, rows)


def _paint_stars(canvas: Canvas, rng: Generator, horizon: float, rows: slice) -> None:
    x, y = np.broadcast_to(canvas.x, (1, canvas.width)), canvas.y[rows]
    high = smoothstep(1.0, 0.45, y / horizon)
    # The Milky Way: a tilted band of faint light.
    tilt, place = float(rng.uniform(-0.7, 0.7)), float(rng.uniform(0.2, 0.8)) * canvas.aspect
    across = x - place + tilt * (y - 0.2)
    clouds = fractal(rng, canvas, 5, 5, rows=rows)
    band = np.exp(-((across / 0.16) ** 2)) * np.clip(0.6 + 0.35 * clouds, 0, 1) * high
    canvas.add(rgb(0x5A6A9A) * (band * np.float32(0.5)), rows)
    radius = max(0.0028, 0.62 * canvas.pixel)
    for cells, share, most in ((16, 0.5, 1.0), (34, 0.4, 0.6)):
        distance, one, two = dots(rng, x * np.float32(cells), y * np.float32(cells), share)
        size = np.float32(radius * cells) * (0.55 + 0.75 * one)
        light = np.clip(1.4 - distance / size, 0, 1) * high * (np.float32(0.25) + one) * most
        canvas.add(mix(rgb(0xFFE6C8), rgb(0xCFE0FF), two) * light, rows)


def _paint_disc(canvas: Canvas, rng: Generator, light: Light, time: str, clearness: float) -> None:
    radius = {"dawn": 0.034, "noon": 0.028, "dusk": 0.042, "night": 0.036}[time]
    phase, craters = float(rng.uniform(0.0, 1.5)), int(rng.integers(1 << 30))
    reach = 3 * radius
    rows = canvas.rows(light.y - reach, light.y + reach)
    columns = canvas.columns(light.x - reach, light.x + reach)
    dx, dy = canvas.x[:, columns] - light.x, canvas.y[rows] - light.y
    distance = np.sqrt(dx * dx + dy * dy)
    disc = canvas.coverage(radius - distance) * clearness
    halo = np.exp(-((distance / (1.5 * radius)) ** 2)) * np.float32(0.35 * clearness)
    if time == "night":
        # The part in the moon's own shadow lies within a second, shifted disc.
        shifted = np.sqrt((dx - phase * radius) ** 2 + (dy + 0.25 * phase * radius) ** 2)
        if phase > 0.45:
            disc = disc * (1 - canvas.coverage(radius - shifted))
        spots = at(np.random.default_rng(craters), dx * 22 + 40, dy * 22 + 40, 3)
        colour = mix(rgb(0xF2F0E2), rgb(0xB9BCC6), np.clip(0.25 + 0.3 * spots, 0, 0.8))
        halo = halo * np.float32(0.6)
    else:
        low, high = {"dawn": (0xFFE2B0, 0xFFF6DC), "noon": (0xFFFBE8, 0xFFFFFF)}.get(
            time, (0xFFB45A, 0xFFF0BE)
        )
        colour = mix(rgb(high), rgb(low), np.clip(distance / radius, 0, 1) ** 2)
    canvas.paint(light.glow * 1.05, halo, None, rows, columns)
    canvas.paint(colour, disc, None, rows, columns)


def _lit(n: Array, canvas: Canvas, light: Light, reach: float = 0.03) -> Array:
    """How much more light falls on a cloud's point than on average: thinner toward the sun."""
    k = max(round(reach * canvas.height), 1)
    toward = shifted(n, 0, k if light.side > 0 else -k)
    return np.float32(abs(light.side)) * (n - toward) + (n - shifted(n, -k, 0))


def _paint_heaps(canvas: Canvas, rng: Generator, light: Light, horizon: float, rows: slice) -> None:
    """Cumulus: heaps with flat bottoms, smaller and denser toward the horizon."""
    n = fractal(rng, canvas, (7, 4.5), 6, 0.6, rows)
    x, y = canvas.x, canvas.y[rows]
    body = np.full(n.shape, -2, np.float32)
    count = int(rng.integers(4, 9) * max(canvas.aspect, 0.6))
    for _ in range(count):
        cy = horizon * float(rng.uniform(0.08, 0.86))
        far = 1.15 - cy / horizon
        cx = float(rng.uniform(-0.05, 1.05)) * canvas.aspect
        rx = float(rng.uniform(0.10, 0.26)) * far + 0.04
        ry = rx * float(rng.uniform(0.35, 0.6))
        dx, dy = (x - cx) / np.float32(rx), (y - cy) / np.float32(ry)
        # Flat below: distance grows three times as fast downward.
        dy = np.maximum(dy, 0) * 3 - np.minimum(dy, 0)
        np.maximum(body, 1 - dx * dx - dy * dy, out=body)
    density = body + 0.42 * n
    alpha = smoothstep(-0.05, 0.42, density) * np.float32(0.96)
    lit = np.clip(0.52 + 0.55 * _lit(density, canvas, light), 0, 1)
    colour = mix(light.cloud_shadow, light.cloud, lit)
    fade = smoothstep(0.55, 1.05, y / horizon) * np.float32(0.6)
    canvas.paint(mix(colour, light.low, fade), alpha, CLOUDS, rows)


def _paint_wisps(canvas: Canvas, rng: Generator, light: Light, horizon: float, rows: slice) -> None:
    """Cirrus: thin streaks, drawn out along one direction."""
    x, y = canvas.x, canvas.y[rows]
    lean = float(rng.uniform(0.15, 0.55)) * (1 if rng.random() < 0.5 else -1)
    # Rows crowd toward the horizon, as a flat layer's do.
    depth = 1 / (horizon * 1.25 - y)
    bend = fractal(rng, canvas, 2, 2, rows=rows)
    px = x * (0.9 + 0.12 * depth) + 0.15 * bend + 20
    py = (y + lean * x) * 4.2 + 0.25 * bend + 0.9 * depth + 20
    streaks = at(rng, px * 0.9, py, 5, 0.62)
    patches = at(rng, px * 0.7 + 3, py * 0.3, 2)
    alpha = smoothstep(-0.1, 1.7, streaks + 0.75 * patches) * np.float32(0.85)
    alpha *= smoothstep(1.04, 0.75, y / horizon)
    colour = mix(light.cloud, light.low, smoothstep(0.3, 1.0, y / horizon) * np.float32(0.4))
    canvas.paint(colour, alpha, CLOUDS, rows)


def _paint_cover(
    canvas: Canvas, rng: Generator, light: Light, weather: str, horizon: float, rows: slice
) -> None:
    """Clouds from edge to edge, their undersides in bands toward the horizon."""
    x, y = canvas.x, canvas.y[rows]
    depth = 0.6 / (horizon * 1.3 - y)
    px, py = x * (0.7 + 0.8 * depth) + 30, depth * 2.6 + 10
    bend = at(rng, px * 0.8 + 5, py * 0.8, 2)
    n = at(rng, px + 0.25 * bend, py + 0.25 * bend, 5, 0.55)
    contrast = {"storm": 0.55, "rain": 0.36, "overcast": 0.32, "snowfall": 0.22}[weather]
    lit = np.float32(contrast) * (0.8 * _lit(n, canvas, light, 0.025) + 0.75 * n)
    lit = 0.55 + lit * smoothstep(1.1, 0.6, y / horizon)
    colour = mix(light.cloud_shadow, light.cloud, np.clip(lit, 0, 1.1))
    alpha = smoothstep(1.1, 0.6, y / horizon) * np.float32(0.95)
    canvas.paint(colour, alpha + 0 * x, CLOUDS, rows)
    if weather == "storm" and rng.random() < 0.5:
        _paint_bolt(canvas, rng, horizon)


def _paint_bolt(canvas: Canvas, rng: Generator, horizon: float) -> None:
    """A flash of lightning from the clouds to the horizon."""
    top, x = 0.25 * horizon, float(rng.uniform(0.15, 0.85)) * canvas.aspect
    rows = canvas.rows(top, horizon)
    y = canvas.y[rows, 0]
    steps = np.concatenate([[0], np.cumsum(rng.standard_normal(15, np.float32))])
    path = np.interp(y, np.linspace(top, horizon, 16), x + 0.016 * steps)
    distance = np.abs(canvas.x - path.astype(np.float32)[:, None])
    start = smoothstep(top, top + 0.12 * horizon, canvas.y[rows])
    core = np.clip(1 - distance / np.float32(max(0.005, canvas.pixel)), 0, 1)
    flash = rgb(0xE8E4FF) * core + rgb(0x8078C0) * np.exp(-distance * 22) * np.float32(0.5)
    canvas.add(flash * start, rows)
