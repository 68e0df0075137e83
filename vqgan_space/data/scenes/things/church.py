"""Small churches: a nave, a tower with a spire."""

from __future__ import annotations

import numpy as np

from ..canvas import mix, rgb, smoothstep
from .body import WHITE, Body, settle
from .shapes import SNOW_STEPS, Point, Sheet
from .walls import LIME, RED_ROOFS, SLATES, Face, Material, plaster, stones, tiles, wall


def draw_church(kind: str, variant: int, lying: int, pixels: int) -> Sheet:
    rng = np.random.default_rng((variant, len(kind)))
    sheet = Sheet((-0.0625, 1.0625, -0.0625, 1.5625), pixels)
    snow = lying / SNOW_STEPS
    stone = rng.random() < 0.35
    material: Material
    if stone:
        material = stones(rng, int(rng.choice([0xA8A090, 0xB4AA96])), 0.045)
    else:
        material = plaster(rng, int(rng.choice(LIME[:3])))
    roof_colour = int(rng.choice([*SLATES, RED_ROOFS[0], 0x5E7A6C]))
    roof, frame = tiles(rng, roof_colour, 0.03), 0xD8D0C0
    wide, height = float(rng.uniform(0.30, 0.36)), float(rng.uniform(0.30, 0.36))
    depth = (0.985 - wide - 0.10, 0.05)
    body = Body(0.10, 0.012, wide, height, wide * 0.75, depth, snow)
    body.walls(sheet, material)
    for k in range(3):
        _arched(body.side, sheet, body.length * (k + 0.62) / 3.25, height * 0.34, 0.055, 0.17)
    body.roof(sheet, rng, roof, 0xB8AE9C, 0.035, 0.014)
    tower = float(rng.uniform(0.20, 0.235))
    tall, deep = float(rng.uniform(0.68, 0.78)), tower * 0.42
    left = 0.10 + wide / 2 - tower / 2 - 0.045
    front = Face((left, 0.0), (1.0, 0.0), (0.0, 1.0), 0.60, -0.36, snow)
    side = Face((left + tower, 0.0), (0.98, 0.10), (0.0, 1.0), 0.42, 0.46, snow)
    wall(sheet, side, [(0, 0), (deep, 0), (deep, tall), (0, tall)], material, tall)
    wall(sheet, front, [(0, 0), (tower, 0), (tower, tall), (0, tall)], material, tall)
    for level in (0.52, 0.985):
        for face, long in ((side, deep), (front, tower)):
            face.block(sheet, (-0.006, long + 0.006), (tall * level - 0.02, tall * level),
                       rgb(frame), 1.0)  # fmt: skip
    _arched(front, sheet, tower / 2, tall * 0.72, 0.07, 0.14)
    _arched(side, sheet, deep / 2, tall * 0.72, 0.035, 0.14)
    clock = sheet.ellipse(front.point(tower / 2, tall * 0.62), 0.034, 0.034)
    sheet.paint(clock, rgb(0xF4EEDC), 0.75, -0.3)
    for hand in (
        front.point(tower / 2, tall * 0.62 + 0.024),
        front.point(tower / 2 + 0.02, tall * 0.62),
    ):
        sheet.paint(
            sheet.stroke(front.point(tower / 2, tall * 0.62), hand, 0.006), rgb(0x302C28), 0.4
        )
    door = front.rectangle(sheet, tower / 2 - 0.045, tower / 2 + 0.045, 0.0, 0.13)
    sheet.paint(door, rgb(0x5A3C2A), 0.5, -0.25)
    sheet.paint(sheet.ellipse(front.point(tower / 2, 0.13), 0.045, 0.05), rgb(0x5A3C2A), 0.5, -0.25)
    _spire(sheet, front.point(0, tall), tower, deep, float(rng.uniform(0.44, 0.56)), roof, snow)
    settle(sheet, rng, 0.012 * smoothstep(left + tower, left + tower + 0.1, sheet.x))
    return sheet


def _arched(face: Face, sheet: Sheet, s: float, t: float, width: float, height: float) -> None:
    """A tall window with a round head."""
    for grow, colour in ((0.012, 0xE8E0CE), (0.0, 0x2A303C)):
        w, h = width / 2 + grow, height - width / 2
        body = face.rectangle(sheet, s - w, s + w, t - grow, t + h)
        head = sheet.ellipse(face.point(s, t + h), w * face.along[0], w)
        for place in (body, head):
            inner = grow == 0.0
            sheet.paint(place, rgb(colour), 0.4 if inner else face.shade,
                        0.0 if inner else face.lean, 0.35 * inner, 0.85 * inner)  # fmt: skip
    sheet.shine(face.point(s, t + height / 2), width, height * 0.6, 0.22)


def _spire(
    sheet: Sheet, corner: Point, wide: float, deep: float, rise: float, roof: Material, snow: float
) -> None:
    """A four-sided spire over a tower, a cross on top."""
    x, y = corner
    over = 0.02
    a, b = (x - over, y - 0.004), (x + wide + over, y - 0.004)
    c = (x + wide + deep + over * 0.6, y + 0.10 * deep)
    apex = (x + (wide + deep) / 2, y + rise)
    faces = (((b, c, apex), 0.5, 0.48), ((a, b, apex), 0.68, -0.34))
    for corners, shade, lean in faces:
        window, coverage = sheet.convex(*corners)
        sx, sy = sheet.at(window)
        albedo = roof(sx - x + 0 * sy, apex[1] - sy + 0 * sx)
        white = snow * (0.55 + 0.4 * smoothstep(apex[1], y, sy))
        albedo = mix(albedo, WHITE, white + 0 * sx)
        sheet.paint((window, coverage), albedo, shade, lean)
    gold = rgb(0xD8B456)
    top = apex[1] + 0.085
    sheet.paint(sheet.stroke((apex[0], apex[1] - 0.01), (apex[0], top), 0.011), gold, 0.8)
    sheet.paint(sheet.stroke((apex[0] - 0.026, top - 0.03), (apex[0] + 0.026, top - 0.03), 0.010),
                gold, 0.8)  # fmt: skip
