"""The canvas that a scene is painted on: coordinates, colours in planes, labels.

Coordinates are in units of the picture's height: ``y`` runs from 0 (top) to 1 (bottom), ``x`` from
0 to width / height. Everything is placed in them, so a scene is the same at every size, only finer.
Colours are display values, float32 in [0, 1], one plane a channel (3, H, W): numpy is several
times faster over planes than over interleaved channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# float32 throughout; numpy's own annotations widen to float64 at every product with a float.
Array = NDArray[Any]


def rgb(code: int) -> Array:
    """A colour written as 0xRRGGBB, as display values (3, 1, 1) in [0, 1]."""
    channels = [code >> 16 & 255, code >> 8 & 255, code & 255]
    return np.asarray(channels, np.float32).reshape(3, 1, 1) / 255


def mix(a: Array, b: Array, t: Array | float) -> Array:
    """``a`` where t is 0, ``b`` where t is 1; colours (3, 1, 1) and planes (h, w) broadcast."""
    return a + (b - a) * t


def smoothstep(low: float, high: float, x: Array) -> Array:
    """0 below ``low``, 1 above ``high``, smooth between; ``low`` may be the larger one."""
    t = np.clip((x - low) * np.float32(1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)


def shifted(n: Array, rows: int, columns: int) -> Array:
    """What lies so many rows below and columns to the right, edges repeated: (h, w)."""
    height, width = n.shape
    if rows:
        index = np.clip(np.arange(height) + rows, 0, height - 1)
        n = n[index]
    if columns:
        moved = np.empty_like(n)
        k = min(abs(columns), width - 1)
        if columns > 0:
            moved[:, : width - k], moved[:, width - k :] = n[:, k:], n[:, -1:]
        else:
            moved[:, k:], moved[:, :k] = n[:, : width - k], n[:, :1]
        n = moved
    return n


@dataclass(frozen=True)
class Sprite:
    """A small picture to be pasted: a tree, a house, a boat.

    Attributes:
        colour: (3, h, w), as it looks under the scene's light, before haze.
        alpha: (h, w) coverage in [0, 1].
        foot: (row, column) in its pixels of the point that stands on the ground.
        glow: light of its own (3, h, w) that is added after haze (lit windows), or None.
    """

    colour: Array
    alpha: Array
    foot: tuple[float, float]
    glow: Array | None = None


@lru_cache(maxsize=8)
def _axes(height: int, width: int) -> tuple[Array, Array]:
    y = (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height
    x = (np.arange(width, dtype=np.float32)[None, :] + 0.5) / height
    return y, x


class Canvas:
    """A picture in the making.

    Attributes:
        colour: (3, H, W) float32.
        labels: (H, W) uint8, ids of COCO-Stuff minus one.
        y, x: coordinates of the pixels' centres, (H, 1) and (1, W).
        pixel: side of a pixel, 1 / H.
        aspect: width / height, the largest x.
    """

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.colour = np.zeros((3, height, width), np.float32)
        self.labels = np.full((height, width), 255, np.uint8)
        self.y, self.x = _axes(height, width)
        self.pixel, self.aspect = 1 / height, width / height

    def rows(self, top: float, bottom: float = 1.0) -> slice:
        """The rows of pixels that touch y from ``top`` to ``bottom``."""
        first = min(max(int(top * self.height), 0), self.height)
        return slice(first, min(max(int(np.ceil(bottom * self.height)), first), self.height))

    def columns(self, left: float, right: float) -> slice:
        """The columns of pixels that touch x from ``left`` to ``right``."""
        first = min(max(int(left * self.height), 0), self.width)
        return slice(first, min(max(int(np.ceil(right * self.height)), first), self.width))

    def coverage(self, distance: Array) -> Array:
        """Coverage in [0, 1] of pixels whose centres are ``distance`` inside an edge."""
        return np.clip(distance * np.float32(self.height) + 0.5, 0, 1)

    def paint(
        self,
        colour: Array,
        alpha: Array | float = 1.0,
        label: int | None = None,
        rows: slice = slice(None),
        columns: slice = slice(None),
        covers: float = 0.5,
    ) -> None:
        """Lays ``colour`` over a region, whose label it takes where it covers more than half.

        Args:
            colour: (3, 1, 1) or (3, h, w).
            alpha: coverage, (h, w) or one for all.
            label: of what is painted; None leaves the labels as they are.
            rows, columns: the region.
            covers: the coverage above which the label is taken, where it is not half.
        """
        region = self.colour[:, rows, columns]
        if isinstance(alpha, float) and alpha == 1.0:
            region[:] = colour
        else:
            region += alpha * (colour - region)
        if label is not None:
            labels = self.labels[rows, columns]
            if isinstance(alpha, float):
                labels[:] = label
            else:
                np.copyto(labels, np.uint8(label), where=alpha > covers)

    def add(self, light: Array, rows: slice = slice(None), columns: slice = slice(None)) -> None:
        """Adds light to a region."""
        self.colour[:, rows, columns] += light

    def paste(
        self,
        sprite: Sprite,
        x: float,
        y: float,
        label: int,
        haze: Array | None = None,
        veil: float = 0.0,
        covers: float = 0.5,
    ) -> bool:
        """Pastes a sprite with its foot at (x, y); ``veil`` of it is the colour ``haze``.

        Returns whether any of it fell onto the canvas.
        """
        top = round(y * self.height - sprite.foot[0])
        left = round(x * self.height - sprite.foot[1])
        height, width = sprite.alpha.shape
        r0, r1 = max(top, 0), min(top + height, self.height)
        c0, c1 = max(left, 0), min(left + width, self.width)
        if r0 >= r1 or c0 >= c1:
            return False
        part = np.s_[r0 - top : r1 - top, c0 - left : c1 - left]
        alpha, colour = sprite.alpha[part], sprite.colour[(slice(None), *part)]
        if haze is not None and veil:
            colour = colour + (haze - colour) * np.float32(veil)
        self.paint(colour, alpha, label, slice(r0, r1), slice(c0, c1), covers)
        if sprite.glow is not None:
            glow = sprite.glow[(slice(None), *part)]
            self.add(glow * np.float32(1 - veil), slice(r0, r1), slice(c0, c1))
        return True
