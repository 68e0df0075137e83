"""Trees and bushes: which to draw, how large, in which season, and their colours in the light."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..canvas import Array, Sprite
from ..light import Light
from .broadleaf import draw_birch, draw_broadleaf, draw_bush
from .spruce import draw_spruce
from .strokes import ALL_SNOW, ALPHA, RIGHT, SOME_SNOW, UP, Shape, Strokes, shrunk

KINDS = ("spruce", "broadleaf", "birch", "bush")
SEASONS = ("spring", "summer", "autumn", "winter")
# Heights that shapes are drawn at are powers of this one.
STEP = 1.08
SMALL, MIDDLE = 64.0, 128.0
# Small ones are averaged from one shape of this height, far sooner than drawn anew.
MASTER = 96.0
# How frayed the leaves' edges are, and how high the bare trunk is, in heights of the plant.
RAGGED = {
    "spruce": (0.0025, 0.06),
    "broadleaf": (0.006, 0.2),
    "birch": (0.0035, 0.3),
    "bush": (0.011, 0.02),
}
SNOW = np.asarray([0.93, 0.95, 0.99], np.float32).reshape(3, 1, 1)


def tree(
    kind: str,
    pixels: float,
    variant: int,
    light: Light,
    season: str,
    snow: float = 0.0,
    tint: float = 0.0,
) -> Sprite:
    """A tree or a bush as it stands in the light.

    Args:
        kind: "spruce", "broadleaf", "birch" or "bush".
        pixels: height, 3 to 500; drawn within 4 % of it. Bushes are wider than high.
        variant: seed of its form; the same form at every size and in every season.
        season: "spring" (some in blossom), "summer", "autumn" or "winter" (all but spruces bare).
        snow: how much lies on it, 0 to 1.
        tint: -1 (cooler and darker) to 1 (warmer and lighter).

    Raises:
        ValueError: of an unknown kind or season, or a height that it is not made for.
    """
    if kind not in KINDS or season not in SEASONS:
        raise ValueError(
            f"There is no {kind!r} in {season!r}: choose a kind of {', '.join(KINDS)} "
            f"and a season of {', '.join(SEASONS)}."
        )
    if not 3 <= pixels <= 500:
        raise ValueError(f"A tree is 3 to 500 pixels high: choose another height than {pixels}.")
    height = STEP ** round(float(np.log(pixels) / np.log(STEP)))
    form = "summer" if kind == "spruce" else season
    shape_of = _small if pixels < SMALL else _middle if pixels < MIDDLE else _large
    shape = shape_of(kind, height, variant, form, snow > 0)
    return _lit(shape, light, snow, tint)


def _shape(kind: str, height: float, variant: int, season: str, snowy: bool) -> Shape:
    rng = np.random.default_rng((KINDS.index(kind), variant))
    strokes: Strokes
    if kind == "spruce":
        strokes = draw_spruce(rng, snowy)
    elif kind == "broadleaf":
        strokes = draw_broadleaf(rng, season, snowy)
    elif kind == "birch":
        strokes = draw_birch(rng, season, snowy)
    else:
        strokes = draw_bush(rng, season, snowy)
    leafy = kind == "spruce" or season != "winter"
    ragged, trunk = RAGGED[kind] if leafy else (0.0, 0.0)
    return strokes.shape(height, ragged, trunk)


# Small shapes come again; large ones seldom do. Some 45 MB at most.
_master = lru_cache(maxsize=640)(_shape)
_middle = lru_cache(maxsize=48)(_shape)
_large = lru_cache(maxsize=4)(_shape)


@lru_cache(maxsize=1024)
def _small(kind: str, height: float, variant: int, season: str, snowy: bool) -> Shape:
    return shrunk(_master(kind, MASTER, variant, season, snowy), height / MASTER)


def _lit(shape: Shape, light: Light, snow: float, tint: float) -> Sprite:
    planes = shape.planes.astype(np.float32)
    planes *= np.float32(1 / 255)
    albedo, alpha = planes[:3], planes[ALPHA]
    warm = np.asarray([1 + 0.14 * tint, 1 + 0.09 * tint, 1 - 0.04 * tint], np.float32)
    albedo *= warm.reshape(3, 1, 1)
    if snow > 0:
        cover = _cover(planes, snow)
        albedo += cover * (SNOW - albedo)
    # A low sun lights the sides, a high one what faces up.
    low = max(1 - light.height, 0.6 * light.night)
    shade = planes[UP] * np.float32(0.9 - 0.45 * low)
    sideways = np.float32(light.side * (0.9 + 0.6 * low))
    shade += sideways * planes[RIGHT] + np.float32(0.12) - np.float32(0.5) * sideways
    np.clip(shade, 0, 1, out=shade)
    colour = light.shaded(albedo, shade)
    if low > 0.5:
        # Against a low light the leaves at the edge let it through.
        edge = np.float32(2 * light.side) * (planes[RIGHT] - np.float32(0.5)) - np.float32(0.45)
        np.clip(edge, 0, 0.5, out=edge)
        colour += light.sun * (edge * np.float32(0.85))
    return Sprite(colour, alpha, shape.foot)


def _cover(planes: Array, snow: float) -> Array:
    """Share of snow between none, some (a half) and all of it: (h, w)."""
    if snow < 0.5:
        return planes[SOME_SNOW] * np.float32(2 * snow)
    t = np.float32(2 * snow - 1)
    return planes[SOME_SNOW] + t * (planes[ALL_SNOW] - planes[SOME_SNOW])
