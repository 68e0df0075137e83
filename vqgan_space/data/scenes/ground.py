"""The ground in front, in perspective: meadow, snow, sand or rock; roads on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from .canvas import Array, Canvas, mix, rgb, shifted, smoothstep
from .ids import FLOWER, GRASS, ROAD, ROCK, SAND, SNOW
from .land import GRASS as GRASSES
from .light import Light
from .noise import at, dots, fractal, stones
from .view import Path, View

LABELS = {"meadow": GRASS, "snow": SNOW, "sand": SAND, "rock": ROCK}
ROADS = {
    "meadow": (0x8A6E4C, 0xC4A67A),
    "snow": (0xA0AEC6, 0xD6DEEA),
    "sand": (0xA8875A, 0xD2B484),
    "rock": (0x7A7068, 0xB4AAA0),
}
BLOSSOMS = (0xF2F0E8, 0xF4D23C, 0xD8483C, 0x9A6AD0, 0xE88AB8, 0x5A7ADC, 0xF08A30)


def paint_ground(
    canvas: Canvas,
    rng: Generator,
    light: Light,
    view: View,
    ground: str,
    season: str,
    top: Array,
    wet: bool = False,
) -> None:
    """The ground from y = ``top`` (W,) down to the lower edge; ``wet`` darkens it along ``top``."""
    rows = canvas.rows(float(top.min()) - 0.01)
    y = canvas.y[rows]
    if not len(y):
        return
    alpha = canvas.coverage(y - top)
    near = np.maximum(y - view.horizon, 0.012)  # (h, 1)
    px = view.across(canvas, near) + 64
    pz = 1 / near + 64
    near_share = np.clip(near * 2.2, 0, 1)
    stretch = Stretch(canvas, rng, light, season, rows, px, pz, near_share)
    albedo, shade = SURFACES[ground](stretch)
    # Toward the horizon texture is finer than any pixel: only its mean is left.
    seen = smoothstep(0.0, 0.07, y - view.horizon)
    albedo = mix(albedo.mean((1, 2), keepdims=True), albedo, seen)
    shade = mix(shade.mean(), shade, seen)
    if wet:
        edge = smoothstep(0.0, 1.0, (y - top) / (0.015 + 0.10 * near))
        albedo = albedo * (np.float32(0.68) + np.float32(0.32) * edge)
    # Wide, soft differences of light lead the eye into the picture.
    shade = shade * (1 + 0.10 * fractal(rng, canvas, (3, 1.5), 2, rows=rows))
    shade = shade * (1.04 - np.float32(0.22) * smoothstep(0.25, 0.55, near))
    colour = light.shaded(albedo, shade)
    colour = mix(colour, light.haze, view.veil(near))
    canvas.paint(colour, alpha, LABELS[ground], rows)


def paint_fringe(canvas: Canvas, rng: Generator, light: Light, season: str) -> None:
    """Tall grass close to the eye, along the lower edge of the picture."""
    rows = canvas.rows(0.86)
    x, y = canvas.x, canvas.y[rows]
    dark, bright = (rgb(code) for code in GRASSES[season])
    tallest = 0.05 + 0.05 * np.clip(at(rng, x * 2 + 9, x * 0 + 9, 2), -0.8, 1.2)
    for layer, shade in ((1.0, 0.30), (0.72, 0.48), (0.46, 0.62)):
        lean = float(rng.uniform(-0.5, 0.5))
        # Blades: narrow cells of a line, each a spike of its own height, leaning a little.
        place = (x + lean * (1 - y) + 4) * np.float32(46 / (0.5 + layer))
        cell = np.floor(place)
        height = (np.sin(cell * 12.9898 + 78.2 * layer) * 43758.547) % 1
        width = 1 - np.abs(2 * (place - cell) - 1)
        top = 1 - tallest * layer * (0.35 + 0.65 * height) * np.sqrt(width)
        alpha = canvas.coverage((y - top) * np.float32(0.6))
        up = np.clip((1 - y) / np.float32(0.1), 0, 1)
        albedo = mix(dark, bright, np.clip(0.2 + 0.6 * up + 0.3 * (height - 0.5), 0, 1))
        canvas.paint(light.shaded(albedo, shade + 0.25 * up), alpha, GRASS, rows)


@dataclass(frozen=True)
class Stretch:
    """Rows of the canvas as ground.

    Attributes:
        canvas, rng, light, season: the scene's.
        rows: which they are.
        across, ahead: position on the ground of each pixel, (h, W) and (h, 1).
        near: 0 at the horizon to 1 close by, (h, 1).
    """

    canvas: Canvas
    rng: Generator
    light: Light
    season: str
    rows: slice
    across: Array
    ahead: Array
    near: Array


def _fall(n: Array, canvas: Canvas, light: Light) -> Array:
    """How much a relief (h, W) falls toward the light, and toward the viewer."""
    k = max(round(0.012 * canvas.height), 1)
    aside = n - shifted(n, 0, k if light.side > 0 else -k)
    ahead = n - shifted(n, k, 0)
    return np.float32(0.4 + 0.6 * abs(light.side)) * aside + np.float32(0.25) * ahead


def _meadow(stretch: Stretch) -> tuple[Array, Array]:
    canvas, rng = stretch.canvas, stretch.rng
    px, pz = stretch.across, stretch.ahead
    dark, bright = (rgb(code) for code in GRASSES[stretch.season])
    patches = at(rng, px * 0.8, pz * 0.8, 3)
    tufts = at(rng, px * 4, pz * 5, 3, 0.65)
    blades = fractal(rng, canvas, (16, 44), 4, 0.75, stretch.rows)
    albedo = mix(dark, bright, np.clip(0.42 + 0.28 * patches + 0.16 * tufts, 0, 1))
    shade = 0.62 + 0.13 * tufts + 0.12 * blades * stretch.near
    # Clumps of taller grass: a light head over a dark foot.
    place = pz * 6 + 0.35 * blades
    distance, one, two = dots(rng, px * 6 + 0.2 * tufts, place, 0.6)
    clump = np.clip(1.25 - distance / (0.16 + 0.2 * one), 0, 1)
    albedo = mix(albedo, bright * (0.75 + 0.4 * two), clump * np.float32(0.6))
    shade = shade + clump * (np.float32(0.5) * (place - np.floor(place)) - np.float32(0.32))
    if stretch.season == "autumn":
        albedo = mix(albedo, rgb(0xC8642C), (clump > 0.5) * (two > 0.55) * np.float32(0.5))
    return albedo, np.clip(shade, 0.1, 1.1)


def _snow(stretch: Stretch) -> tuple[Array, Array]:
    canvas, rng, light = stretch.canvas, stretch.rng, stretch.light
    px, pz = stretch.across, stretch.ahead
    drifts = at(rng, px * 0.9, pz * 2.4, 3, 0.45)
    crust = fractal(rng, canvas, (34, 22), 4, 0.7, stretch.rows)
    shade = 0.74 + 0.5 * _fall(drifts, canvas, light) + 0.05 * drifts + 0.045 * crust
    shade = np.clip(shade, 0.2, 1.15)
    albedo = mix(rgb(0xC4D2EA), rgb(0xF8FAFC), np.clip(shade, 0, 1))
    return albedo, shade


def _sand(stretch: Stretch) -> tuple[Array, Array]:
    canvas, rng = stretch.canvas, stretch.rng
    px, pz = stretch.across, stretch.ahead
    drifts = at(rng, px * 0.7, pz * 1.2, 4)
    ripples = np.sin(pz * 26 + px * 5 + 2.6 * drifts) * stretch.near
    grain = fractal(rng, canvas, (46, 60), 2, 0.8, stretch.rows)
    albedo = mix(rgb(0xC8A468), rgb(0xEBD3A0), np.clip(0.55 + 0.22 * drifts, 0, 1))
    shade = 0.7 + 0.07 * ripples + 0.08 * drifts + 0.05 * grain * stretch.near
    return albedo, np.clip(shade, 0.2, 1.1)


def _rock(stretch: Stretch) -> tuple[Array, Array]:
    canvas, rng, light = stretch.canvas, stretch.rng, stretch.light
    px, pz = stretch.across, stretch.ahead
    n = at(rng, px * 1.4, pz * 1.8, 4, 0.6)
    crack, piece = stones(rng, px * 2.0 + 0.22 * n, pz * 1.5 + 0.22 * n)
    small, pebble = stones(rng, px * 7, pz * 6)
    grey = mix(rgb(0x66625E), rgb(0xA8A296), np.clip(0.1 + 0.75 * piece + 0.16 * n, 0, 1))
    albedo = grey * (0.9 + np.float32(0.25) * (pebble - 0.5) * smoothstep(0.3, 1.0, n))
    moss = 0x9AA0A8 if stretch.season == "winter" else GRASSES[stretch.season][0]
    albedo = mix(albedo, rgb(moss), smoothstep(1.0, 1.7, n + 0.3 * (1 - piece)))
    rounded = np.clip(crack * 2.6, 0, 1)
    shade = 0.22 + 0.5 * np.sqrt(rounded) + 0.4 * _fall(rounded, canvas, light)
    shade = shade + 0.07 * n + np.float32(0.08) * np.minimum(small * 4, 1)
    return albedo, np.clip(shade, 0.08, 1.1)


SURFACES = {"meadow": _meadow, "snow": _snow, "sand": _sand, "rock": _rock}


def paint_flowers(canvas: Canvas, rng: Generator, light: Light, view: View, top: float) -> None:
    """Flowers in drifts over the meadow below y = ``top``, two colours to a meadow."""
    rows = canvas.rows(top)
    y = canvas.y[rows]
    if not len(y):
        return
    near = np.maximum(y - view.horizon, 0.02)
    px, pz = view.across(canvas, near) + 64, 1 / near + 64
    drifts = at(rng, px * 0.9, pz * 0.9, 2)
    grass = canvas.labels[rows] == GRASS
    chosen = rng.permutation(len(BLOSSOMS))[:2].tolist()
    for k, cells in enumerate((15.0, 22.0)):
        distance, one, two = dots(rng, px * np.float32(cells), pz * np.float32(cells * 0.8), 0.9)
        size = np.maximum(0.20 + 0.16 * one, 0.5 * canvas.pixel * cells / near)
        place = smoothstep(-0.2, 0.5, drifts if k else -drifts + 0.6) > two
        fade = np.minimum(near * 9, 1)
        alpha = np.clip((size - distance) * near * canvas.height / cells + 0.5, 0, 1)
        alpha *= place & grass
        alpha *= fade
        albedo = rgb(BLOSSOMS[chosen[k]]) * (0.8 + 0.35 * one)
        colour = mix(light.shaded(albedo, 0.75), light.haze, view.veil(near))
        canvas.paint(colour, alpha, FLOWER, rows)


def paint_road(
    canvas: Canvas, rng: Generator, light: Light, view: View, path: Path, ground: str
) -> None:
    """A road along ``path``."""
    rows = canvas.rows(path.top, path.bottom)
    y = canvas.y[rows]
    if len(y):
        middle, half = path.at(y)  # (h, 1) each
        _paint_band(canvas, rng, light, view, rows, (canvas.x - middle) / half, half, ground)


def paint_crossing(
    canvas: Canvas, rng: Generator, light: Light, view: View, place: float, ground: str
) -> None:
    """A road from edge to edge about y = ``place``, as one that leads over a bridge."""
    half = 0.11 * (place - view.horizon)
    rows = canvas.rows(place - 3 * half, place + 3 * half)
    sway = np.float32(0.6 * half) * np.sin(canvas.x * 4 + np.float32(rng.uniform(0, 6)))
    across = (canvas.y[rows] - place - sway) / half
    _paint_band(canvas, rng, light, view, rows, across, half, ground)


def _paint_band(
    canvas: Canvas,
    rng: Generator,
    light: Light,
    view: View,
    rows: slice,
    across: Array,
    half: Array | float,
    ground: str,
) -> None:
    """Earth, gravel or trodden snow with two tracks, where ``across`` is from -1 to 1."""
    near = np.maximum(canvas.y[rows] - view.horizon, 0.012)
    px = view.across(canvas, near) + 64
    n = at(rng, px * 5, 5 / near + 20, 4, 0.65)
    inside = (1 - np.abs(across) + np.float32(0.10) * n) * half
    dark, bright = ROADS[ground]
    tracks = np.exp(-(((np.abs(across) - np.float32(0.5)) / np.float32(0.2)) ** 2))
    albedo = mix(rgb(bright), rgb(dark), np.clip(0.35 + 0.2 * n + 0.45 * tracks, 0, 1))
    shade = 0.74 + 0.06 * n - np.float32(0.2) * smoothstep(0.75, 1.0, np.abs(across))
    colour = mix(light.shaded(albedo, shade), light.haze, view.veil(near))
    canvas.paint(colour, canvas.coverage(inside), ROAD, rows)
