"""What walls and roofs are made of, and the windows and doors in them.

A ``Face`` is a wall in oblique perspective with coordinates of its own: s along it and t up from
its foot, in units of the house. Materials are functions of (s, t).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from ..canvas import Array, mix, rgb, smoothstep
from ..noise import at
from .shapes import GLOW, Place, Point, Sheet, Window, hashed

Material = Callable[[Array, Array], Array]
LIME = (0xF2E9D8, 0xEFE2C4, 0xE9D2B0, 0xE6D9D2, 0xD9DCCF)
RED_ROOFS = (0xB4543A, 0xA84A34, 0xC0664A, 0x96452F)
SLATES = (0x5E6874, 0x4E5864, 0x6A6E72)


def _grain(rng: Generator, s: Array, t: Array, along: float, up: float) -> Array:
    return at(rng, s * np.float32(along) + 40, t * np.float32(up) + 40, 3)


def plaster(rng: Generator, colour: int) -> Material:
    """Limewash, stained toward the ground."""
    seed = int(rng.integers(1 << 30))

    def albedo(s: Array, t: Array) -> Array:
        spots = _grain(np.random.default_rng(seed), s, t, 14, 14)
        stain = smoothstep(0.10, 0.0, t + 0.02 * spots) * np.float32(0.3)
        return mix(rgb(colour) * (1 + 0.045 * spots), rgb(0x8C8674), stain)

    return albedo


def timbered(rng: Generator, colour: int, height: float) -> Material:
    """Plaster between dark beams."""
    fill, beam = plaster(rng, colour), rgb(int(rng.choice([0x4A3526, 0x3C2C22, 0x5A3C2A])))
    gap = float(rng.uniform(0.10, 0.13))

    def albedo(s: Array, t: Array) -> Array:
        post = np.abs(s / np.float32(gap) + 0.5 - np.floor(s / np.float32(gap) + 1)) * gap
        beam_at = np.float32(0.009) - post
        for level in (0.012, 0.52 * height, height):
            beam_at = np.maximum(beam_at, 0.010 - np.abs(t - level))
        # Braces rise to the left and right of every other post.
        lean = np.abs((s / np.float32(2 * gap)) % 1 - 0.5) * 2 * gap
        brace = np.abs(lean - 0.55 * np.maximum(t - 0.52 * height, -0.52 * height)) * 0.9
        beam_at = np.maximum(beam_at, np.where(t < height, 0.007 - brace, -1))
        wood = np.clip(beam_at * 240 + 0.5, 0, 1)
        return mix(fill(s, t), beam * (0.85 + 0.3 * hashed(np.floor(s * 60), 3)), wood)

    return albedo


def bricks(rng: Generator, colour: int, length: float = 0.046) -> Material:
    """Courses of bricks, each of its own tone, between light joints."""
    tall = length * 0.42

    def albedo(s: Array, t: Array) -> Array:
        row = np.floor(t / np.float32(tall))
        along = s / np.float32(length) + 0.5 * (row % 2)
        tone = 0.80 + 0.42 * hashed(np.floor(along), row)
        edge = np.maximum(
            np.abs(along % 1 - 0.5) - (0.5 - 0.0028 / length),
            np.abs(t / np.float32(tall) - row - 0.5) - (0.5 - 0.0028 / tall),
        )
        mortar = smoothstep(-0.03, 0.05, edge) * np.float32(0.75)
        return mix(rgb(colour) * tone, rgb(0xC4B8A6), mortar)

    return albedo


def boards(rng: Generator, colour: int, width: float = 0.032) -> Material:
    """Upright boards with dark gaps."""
    seed = int(rng.integers(1 << 30))

    def albedo(s: Array, t: Array) -> Array:
        board = np.floor(s / np.float32(width))
        across = s / np.float32(width) - board
        grain = _grain(np.random.default_rng(seed), s, t, 50, 5)
        tone = 0.88 + 0.2 * hashed(board, 1) + 0.05 * grain
        gap = 1 - np.float32(0.45) * smoothstep(0.36, 0.5, np.abs(across - 0.5))
        return rgb(colour) * (tone * gap)

    return albedo


def logs(rng: Generator, colour: int, tall: float = 0.046) -> Material:
    """Round logs laid on each other."""
    seed = int(rng.integers(1 << 30))

    def albedo(s: Array, t: Array) -> Array:
        row = np.floor(t / np.float32(tall))
        up = t / np.float32(tall) - row
        grain = _grain(np.random.default_rng(seed), s, t, 6, 70)
        round_ = 0.62 + 0.5 * np.sin(np.pi * np.clip(up * 0.92 + 0.12, 0, 1))
        tone = (0.88 + 0.22 * hashed(row, 7) + 0.06 * grain) * round_
        return rgb(colour) * (tone * (1 - 0.4 * smoothstep(0.10, 0.0, up)))

    return albedo


def stones(rng: Generator, colour: int, size: float = 0.05) -> Material:
    """Hewn stones in courses of uneven lengths."""
    seed = int(rng.integers(1 << 30))
    tall = size * 0.6

    def albedo(s: Array, t: Array) -> Array:
        row = np.floor(t / np.float32(tall))
        along = s / np.float32(size) + 3 * hashed(row, 11)
        along = along + 0.16 * np.sin(along * 2.1 + row)
        tone = 0.82 + 0.36 * hashed(np.floor(along), row)
        grain = _grain(np.random.default_rng(seed), s, t, 30, 30)
        edge = np.maximum(np.abs(along % 1 - 0.5), np.abs(t / np.float32(tall) - row - 0.5))
        joint = 1 - np.float32(0.38) * smoothstep(0.38, 0.5, edge)
        return rgb(colour) * (tone * joint * (1 + 0.06 * grain))

    return albedo


def tiles(rng: Generator, colour: int, size: float = 0.034) -> Material:
    """Roof tiles or slates; t runs down from the ridge."""
    seed = int(rng.integers(1 << 30))

    def albedo(s: Array, t: Array) -> Array:
        row = np.floor(t / np.float32(size))
        along = s / np.float32(size) + 0.5 * (row % 2)
        down = t / np.float32(size) - row
        tone = 0.84 + 0.28 * hashed(np.floor(along), row)
        # Each row's lower edge catches light and throws a shadow on the next.
        step = 0.74 + 0.42 * smoothstep(0.0, 0.75, down)
        gap = 1 - np.float32(0.22) * smoothstep(0.36, 0.5, np.abs(along % 1 - 0.5))
        age = _grain(np.random.default_rng(seed), s, t, 9, 9)
        return mix(rgb(colour) * (tone * step * gap), rgb(0x6E7050), np.clip(0.16 * age, 0, 0.4))

    return albedo


def thatch(rng: Generator, colour: int) -> Material:
    """Straw: streaks down the roof, in layers."""
    seed = int(rng.integers(1 << 30))

    def albedo(s: Array, t: Array) -> Array:
        noise = np.random.default_rng(seed)
        straw, wave = _grain(noise, s, t, 75, 7), _grain(noise, s, t, 6, 6)
        layer = ((t + 0.008 * wave) / np.float32(0.11)) % 1
        tone = 0.86 + 0.13 * straw + 0.07 * wave
        return rgb(colour) * (tone * (0.86 + 0.2 * smoothstep(0.0, 0.6, layer)))

    return albedo


@dataclass(frozen=True)
class Face:
    """A flat face of a body: its lower front corner and what a unit along and up it shows as.

    Attributes:
        shade, lean: of the direct light, as a ``Sheet`` takes them.
        snow: how much of it lies on ledges.
    """

    origin: Point
    along: Point
    up: Point
    shade: float
    lean: float
    snow: float = 0.0

    def point(self, s: float, t: float) -> Point:
        """Where (s, t) shows on the sheet."""
        (ox, oy), (ax, ay), (ux, uy) = self.origin, self.along, self.up
        return ox + s * ax + t * ux, oy + s * ay + t * uy

    def points(self, *corners: Point) -> list[Point]:
        """Where several (s, t) show."""
        return [self.point(s, t) for s, t in corners]

    def coordinates(self, sheet: Sheet, window: Window) -> tuple[Array, Array]:
        """(s, t) of a window's samples, each (h, w)."""
        x, y = sheet.at(window)
        (ax, ay), (ux, uy) = self.along, self.up
        scale = np.float32(1 / (ax * uy - ay * ux))
        dx, dy = x - self.origin[0], y - self.origin[1]
        return (dx * uy - dy * ux) * scale, (dy * ax - dx * ay) * scale

    def rectangle(self, sheet: Sheet, s0: float, s1: float, t0: float, t1: float) -> Place:
        """The place of a rectangle on the face."""
        return sheet.convex(*self.points((s0, t0), (s1, t0), (s1, t1), (s0, t1)))

    def block(
        self, sheet: Sheet, s: tuple[float, float], t: tuple[float, float], colour: Array, k: float
    ) -> None:
        """Paints a rectangle of one colour with ``k`` of the face's light."""
        sheet.paint(self.rectangle(sheet, *s, *t), colour, self.shade * k, self.lean * k)

    def opening(
        self,
        sheet: Sheet,
        s: float,
        t: float,
        size: tuple[float, float],
        frame: int,
        shutters: int | None = None,
        bars: tuple[int, int] = (1, 1),
    ) -> None:
        """A window centred at s with its sill at t: frame, panes, bars, sill, shutters, glow."""
        w, h = size[0] / 2, size[1]
        edge = 0.011
        if shutters is not None:
            for s0, s1 in ((s - 1.9 * w, s - w), (s + w, s + 1.9 * w)):
                self.block(sheet, (s0, s1), (t, t + h), rgb(shutters), 0.95)
                self.block(sheet, (s0 + 0.008, s1 - 0.008), (t + h * 0.48, t + h * 0.53),
                           rgb(shutters) * 0.7, 0.9)  # fmt: skip
        self.block(sheet, (s - w - edge, s + w + edge), (t - edge, t + h + edge), rgb(frame), 1.0)
        pane = self.rectangle(sheet, s - w, s + w, t, t + h)
        _, up = self.coordinates(sheet, pane[0])
        sheet.paint(pane, rgb(0x2C3644), 0.4, 0.0, pane=0.42, glow=0.0)
        # Brighter below, where the lamp's light falls on the curtains.
        light = pane[1] * (0.78 + 0.22 * smoothstep(t + h, t, up))
        glow = sheet.planes[GLOW][pane[0]]
        np.maximum(glow, light, out=glow)
        across, upright = bars
        for k in range(1, across + 1):
            at_s = s - w + 2 * w * k / (across + 1)
            self.block(sheet, (at_s - 0.004, at_s + 0.004), (t, t + h), rgb(frame), 0.9)
        for k in range(1, upright + 1):
            at_t = t + h * k / (upright + 1)
            self.block(sheet, (s - w, s + w), (at_t - 0.004, at_t + 0.004), rgb(frame), 0.9)
        self.block(sheet, (s - w, s + w), (t + h - 0.012, t + h), rgb(0x1C2028), 0.4)
        sill = mix(rgb(frame) * 0.9, rgb(0xF4F7FC), min(1.5 * self.snow, 1.0))
        self.block(sheet, (s - w - 0.018, s + w + 0.018),
                   (t - edge - 0.008, t - edge + 0.006 + 0.014 * self.snow), sill, 1.1)  # fmt: skip
        sheet.shine(self.point(s, t + h / 2), 1.7 * w + 0.02, 0.8 * h + 0.02, 0.24)


def wall(
    sheet: Sheet, face: Face, outline: list[Point], material: Material, eave: Array | float
) -> None:
    """Paints a wall of corners (s, t); it is in the roof's shadow above t = ``eave``."""
    window, coverage = sheet.convex(*face.points(*outline))
    s, t = face.coordinates(sheet, window)
    shadow = 1 - np.float32(0.55) * smoothstep(-0.075, -0.015, t - eave)
    low = 0.80 + 0.20 * smoothstep(0.0, 0.09, t)
    shade = shadow * low
    sheet.paint((window, coverage), material(s, t), face.shade * shade, face.lean * shade)
