"""What is in the air in front of everything: mist, rain, falling snow."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from .canvas import Canvas, mix, rgb, smoothstep
from .ids import FOG
from .light import Light
from .noise import at, dots


def paint_mist(canvas: Canvas, rng: Generator, light: Light, place: float, depth: float) -> None:
    """A bank of mist lying about y = ``place``."""
    rows = canvas.rows(place - 4.2 * depth, place + 2.6 * depth)
    y = canvas.y[rows]
    n = at(rng, canvas.x * 1.6 + 10, y * 7 + 10, 4, 0.55)
    d = (y - place) / np.float32(depth)
    body = 1 - np.where(d < 0, -d * 0.55, d * 0.85) + np.float32(0.34) * np.clip(n, -2, 2)
    alpha = smoothstep(0.0, 1.0, body) * np.float32(0.88)
    colour = mix(light.haze, light.low, 0.35) * (1 + np.float32(0.03) * n)
    canvas.paint(colour, alpha, FOG, rows)


def paint_rain(canvas: Canvas, rng: Generator, light: Light, strong: bool) -> None:
    """Slanting streaks of rain in two distances."""
    lean = float(rng.uniform(-0.25, 0.25))
    x, y = canvas.x, canvas.y
    colour = light.haze * np.float32(1.2)
    for cells, long, amount in ((60, 4.0, 0.19), (110, 7.0, 0.15)):
        across = (x + lean * y) * np.float32(cells) + 40
        n = at(rng, across, (y + 0.3 * np.sin(across * 2.1)) * np.float32(long) + 40, 1)
        alpha = smoothstep(0.9, 2.0, n) * np.float32(amount * (1.4 if strong else 1.0))
        canvas.paint(colour, alpha)


def paint_snowfall(canvas: Canvas, rng: Generator, light: Light) -> None:
    """Snowflakes, small and many far away, large and few close by."""
    x = canvas.x + np.zeros_like(canvas.y)
    y = canvas.y + np.zeros_like(canvas.x)
    colour = light.shaded(rgb(0xFFFFFF), 0.6) * np.float32(0.8) + np.float32(0.2)
    lean = float(rng.uniform(-0.3, 0.3))
    for cells, size, amount in ((40, 0.13, 0.5), (29, 0.12, 0.65), (17, 0.10, 0.8)):
        px = (x + lean * y) * np.float32(cells) + 7
        distance, one, _ = dots(rng, px, y * np.float32(cells) + 7, 0.5, 0.72)
        radius = np.maximum(size * (0.5 + 0.8 * one), 0.45 * canvas.pixel * cells)
        alpha = np.clip((radius - distance) * canvas.height / cells + 0.5, 0, 1)
        canvas.paint(colour, alpha * np.float32(amount))
