"""Houses in oblique perspective: cottages, log cabins, barns and, from church.py, churches."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from ..canvas import Sprite, rgb
from ..light import Light
from .body import Body, settle
from .church import draw_church
from .shapes import SNOW_STEPS, Sheet, lit, quantised, shape
from .walls import (
    LIME,
    RED_ROOFS,
    SLATES,
    Material,
    boards,
    bricks,
    logs,
    plaster,
    stones,
    thatch,
    tiles,
    timbered,
)

# What the walls of a variant's cottage are made of.
STYLES = (
    "timbered", "plaster", "stone", "boards", "brick", "brick", "plaster", "timbered", "stone",
    "plaster", "boards", "timbered", "plaster", "plaster", "boards",
)  # fmt: skip
VARIANTS = len(STYLES)
STRAW = (0xB79A62, 0xA58A5A, 0x94805A)
SHUTTERS = (0x3F6A52, 0x37597C, 0x7C3A32, 0x5A7A86)


def house(
    pixels: float,
    variant: int,
    light: Light,
    snow: float = 0.0,
    facing: int = 1,
    kind: str = "house",
) -> Sprite:
    """A house, its windows lit by ``light.lamps``.

    Args:
        pixels: its width, 6 to 512.
        variant: which of ``VARIANTS`` houses, counted round.
        light: the scene's.
        snow: how much lies on roof and sills, 0 to 1.
        facing: 1 shows the right side wall, -1 the left one.
        kind: "house" (by variant a cottage, log cabin or barn), "cottage", "log cabin", "barn" or
            "church".

    Raises:
        ValueError: an unknown kind.
    """
    draw = draw_church if kind == "church" else _draw_house
    variant %= VARIANTS
    if kind == "house":
        kind = {2: "log cabin", 4: "barn"}.get(variant % 5, "cottage")
    if kind not in ("cottage", "log cabin", "barn", "church"):
        raise ValueError(
            f"There is no house of kind {kind!r}: take house, cottage, log cabin, barn or church."
        )
    lying = quantised(snow)
    return lit(shape(draw, (kind, variant, lying), pixels), light, facing)


def _draw_house(kind: str, variant: int, lying: int, pixels: int) -> Sheet:
    rng = np.random.default_rng((variant, len(kind)))
    sheet = Sheet((-0.0625, 1.0625, -0.0625, 0.9375), pixels)
    snow = lying / SNOW_STEPS
    wide = float(rng.uniform(0.40, 0.54))
    depth = 0.985 - wide, float(rng.uniform(0.045, 0.075))
    height = float(rng.uniform(0.25, 0.33))
    steep = float(rng.uniform(0.50, 0.62))
    if kind == "barn":
        height, steep = height * 1.12, 0.46
    if kind == "log cabin":
        height, steep = height * 0.92, 0.44
    body = Body(0.0, 0.0, wide, height, wide * steep, depth, snow)
    walls, roof, trim, frame, shutters = _style(kind, STYLES[variant], rng, height)
    if kind != "barn":
        colour = int(rng.choice([0x9A5A44, 0x8A6A5A, 0xA06A50]))
        body.chimney(sheet, float(rng.uniform(0.3, 0.8)), 0.075, 0.10, colour)
    body.walls(sheet, walls)
    if kind != "barn":
        plinth = rgb(0x8A857C)
        for face, long in ((body.side, body.length), (body.front, wide)):
            face.block(sheet, (0, long), (0, 0.028), plinth, 0.85)
    if kind in ("barn", "log cabin"):
        for at_s in (0.0, wide - 0.018):
            post = rgb(trim)
            body.front.block(sheet, (at_s, at_s + 0.018), (0, height), post, 0.95)
    _openings(kind, body, sheet, rng, frame, shutters)
    over = 0.06 if kind == "log cabin" else 0.045
    body.roof(sheet, rng, roof, trim, over, 0.017)
    ground = np.clip(sheet.x - wide, 0, None) * np.float32(depth[1] / depth[0])
    settle(sheet, rng, ground)
    return sheet


def _style(
    kind: str, style: str, rng: Generator, height: float
) -> tuple[Material, Material, int, int, int | None]:
    """Materials of the walls and the roof; colours of edge boards, frames and shutters."""

    def one(*colours: int) -> int:
        return int(rng.choice(colours))

    def roof(*kinds: str) -> Material:
        name = kinds[int(rng.integers(len(kinds)))]
        if name == "straw":
            return thatch(rng, one(*STRAW))
        return tiles(rng, one(*SLATES), 0.03) if name == "slate" else tiles(rng, one(*RED_ROOFS))

    shutters = one(*SHUTTERS) if rng.random() < 0.6 else None
    if kind == "barn":
        colour = one(0x9A3A2E, 0x8C3228, 0x7A5A40)
        return boards(rng, colour), roof("slate"), 0xEDE6D8, 0xEDE6D8, None
    if kind == "log cabin":
        walls = logs(rng, one(0x8A6242, 0x7A5538, 0x6A4C38))
        return walls, roof("slate", "red", "straw"), 0x5A4230, 0xD8C8A8, None
    if style == "timbered":
        walls = timbered(rng, one(*LIME), height)
        return walls, roof("red", "straw", "red"), 0x4A3526, 0x5A3C2A, None
    if style == "brick":
        walls = bricks(rng, one(0xA85A44, 0x9A5040, 0xB0705A))
        return walls, roof("slate"), 0xE6DECE, 0xF0EADC, shutters
    if style == "boards":
        walls = boards(rng, one(0xA03C30, 0x8E342A, 0x3F6A86, 0xC8A040))
        return walls, roof("slate", "red"), 0xF2EEE4, 0xF6F2EA, None
    if style == "stone":
        walls = stones(rng, one(0xA8A090, 0x9C9488, 0xB8A888))
        return walls, roof("slate", "straw"), 0x8A7A66, 0xE8E0D0, shutters
    return plaster(rng, one(*LIME)), roof("red", "straw", "red"), 0x7A5A42, 0xF0EADC, shutters


def _openings(
    kind: str, body: Body, sheet: Sheet, rng: Generator, frame: int, shutters: int | None
) -> None:
    """Doors and windows."""
    w, h, g, long = body.width, body.height, body.gable, body.length
    if kind == "barn":
        _gate(body, sheet, frame)
        body.side.opening(sheet, long * 0.3, h * 0.42, (0.07, 0.08), frame)
        body.side.opening(sheet, long * 0.7, h * 0.42, (0.07, 0.08), frame)
        return
    size = 0.075, h * 0.36
    sill = h * 0.36
    door_at = w * float(rng.choice([0.30, 0.5, 0.70]))
    door = rgb(int(rng.choice([0x6A4630, 0x3E5E4C, 0x7A332C, 0x38506A])))
    for edge, colour, k in ((0.010, rgb(frame), 0.95), (0.0, door, 0.85)):
        place = (door_at - 0.042 - edge, door_at + 0.042 + edge)
        body.front.block(sheet, place, (0.0, h * 0.70 + edge), colour, k)
    body.front.block(sheet, (door_at - 0.003, door_at + 0.003), (0, h * 0.70), door * 0.6, 0.8)
    body.front.block(sheet, (door_at - 0.06, door_at + 0.06), (0.0, 0.016), rgb(0x9A948A), 1.0)
    for at_s in (w * 0.24, w * 0.76) if abs(door_at - w / 2) < 0.01 else (w - door_at,):
        body.front.opening(sheet, at_s, sill, size, frame, shutters)
    body.front.opening(sheet, w / 2, h + g * 0.18, (0.06, g * 0.30), frame)
    count = 3 if long > 0.62 else 2
    for k in range(count):
        body.side.opening(sheet, long * (k + 0.5) / count, sill, size, frame, shutters)


def _gate(body: Body, sheet: Sheet, frame: int) -> None:
    """A barn's double gate with crossed boards, and a loft's hatch."""
    w, h, g = body.width, body.height, body.gable
    s0, s1, top = w * 0.24, w * 0.76, h * 0.80
    body.front.block(sheet, (s0 - 0.012, s1 + 0.012), (0, top + 0.012), rgb(frame), 0.95)
    middle = (s0 + s1) / 2
    for a, b in ((s0, middle - 0.004), (middle + 0.004, s1)):
        body.front.block(sheet, (a, b), (0.0, top), rgb(0x7C2E26), 0.8)
        for t0, t1 in ((0.01, top - 0.01), (top - 0.01, 0.01)):
            p, q = body.front.point(a, t0), body.front.point(b, t1)
            sheet.paint(sheet.stroke(p, q, 0.010), rgb(frame), 0.55, -0.3)
    body.front.block(sheet, (w / 2 - 0.05, w / 2 + 0.05), (h * 1.05, h + g * 0.5), rgb(frame), 0.95)
    place = (w / 2 - 0.04, w / 2 + 0.04)
    body.front.block(sheet, place, (h * 1.05 + 0.01, h + g * 0.5 - 0.01), rgb(0x2A2220), 0.5)
