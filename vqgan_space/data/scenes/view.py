"""Where things are: the horizon, how size and haze go with distance, paths on the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .canvas import Array, Canvas


@dataclass(frozen=True)
class View:
    """A flat ground seen from ``eye`` metres above it.

    Attributes:
        horizon: y of the horizon.
        eye: height of the eye over the ground, metres.
        haze: density of the air, 1 on a clear day.
    """

    horizon: float
    eye: float
    haze: float

    def size(self, metres: float, y: float) -> float:
        """How high, in picture heights, something appears that stands at ``y``."""
        return metres / self.eye * max(y - self.horizon, 0.004)

    def row(self, size: float, metres: float) -> float:
        """y at which something of so many metres appears of ``size``."""
        return self.horizon + size * self.eye / metres

    def across(self, canvas: Canvas, near: Array) -> Array:
        """Position across the ground, in its own units, of the pixels at ``near``: (h, W)."""
        # In a wide picture true perspective would slant everything far from the middle.
        flat = np.float32(0.12 * max(canvas.aspect - 1, 0))
        return (canvas.x - np.float32(canvas.aspect / 2)) * (1 + flat) / (near + flat)

    def veil(self, near: Array | float) -> Array:
        """Share of haze over the ground at ``near`` = y - horizon."""
        return np.float32(1) - np.exp(np.float32(-0.014 * self.haze) / np.maximum(near, 0.004))

    def veil_at(self, y: float) -> float:
        """The same of something that stands at ``y``."""
        return float(self.veil(y - self.horizon))


@dataclass(frozen=True)
class Path:
    """A winding band over the ground: a river or a road, from y = ``top`` to ``bottom``.

    Attributes:
        start, end: x of its middle at ``top`` and at ``bottom``.
        half: half its width at the lower edge of the picture.
        bend: how far it winds, in picture widths' units of x; ``phase`` and ``turns`` say how.
    """

    top: float
    bottom: float
    start: float
    end: float
    half: float
    bend: float
    phase: float
    turns: float

    def at(self, y: Array) -> tuple[Array, Array]:
        """x of its middle and half its width at rows ``y``."""
        t = np.clip((y - self.top) / np.float32(1 - self.top), 0, 1).astype(np.float32)
        # Equal stretches of a winding path crowd toward the horizon.
        turns = np.sin(self.phase + self.turns * np.log(t + np.float32(0.06)))
        sway = np.float32(self.bend) * (t + np.float32(0.03)) ** np.float32(0.8)
        middle = self.start + (self.end - self.start) * t + sway * turns
        return middle, self.half * (t + np.float32(0.012))

    def at_row(self, y: float) -> tuple[float, float]:
        """The same at one row."""
        t = min(max((y - self.top) / (1 - self.top), 0.0), 1.0)
        turns = math.sin(self.phase + self.turns * math.log(t + 0.06))
        sway = self.bend * (t + 0.03) ** 0.8
        return self.start + (self.end - self.start) * t + sway * turns, self.half * (t + 0.012)

    def spans(self, x: float, y: float, margin: float = 0.0) -> bool:
        """Whether (x, y) lies on it."""
        if not self.top - margin <= y <= self.bottom + margin:
            return False
        middle, half = self.at_row(y)
        return abs(x - middle) < half + margin
