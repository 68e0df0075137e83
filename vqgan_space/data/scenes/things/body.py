"""The body of a house: walls, a gable roof with what lies on it, a chimney."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from ..canvas import Array, mix, rgb, smoothstep
from ..noise import at
from .shapes import Point, Sheet
from .walls import Face, Material, bricks, wall

WHITE = rgb(0xE6ECF6)


class Body:
    """A box with a gable roof, seen from the front right: gable wall, side wall and one roof.

    Args:
        left, foot: the lower left corner of the gable wall.
        width, height, gable: of the gable wall; ``gable`` is the rise of its triangle.
        depth: (across, up) that the house's length shows as.
    """

    def __init__(
        self,
        left: float,
        foot: float,
        width: float,
        height: float,
        gable: float,
        depth: Point,
        snow: float,
    ) -> None:
        self.left, self.foot, self.width, self.height = left, foot, width, height
        self.gable, self.depth, self.snow = gable, depth, snow
        self.length = float(np.hypot(depth[0], depth[1])) * 1.12
        along = depth[0] / self.length, depth[1] / self.length
        self.front = Face((left, foot), (1.0, 0.0), (0.0, 1.0), 0.58, -0.34, snow)
        self.side = Face((left + width, foot), along, (0.0, 1.0), 0.46, 0.44, snow)

    def place(self, x: float, y: float, z: float) -> Point:
        """A point in the house, z from 0 (gable wall) to 1 (far end)."""
        return self.left + x + z * self.depth[0], self.foot + y + z * self.depth[1]

    def walls(self, sheet: Sheet, material: Material) -> None:
        """Both walls with the roof's shadow under the eaves."""
        w, h, g = self.width, self.height, self.gable
        wall(sheet, self.side, [(0, 0), (self.length, 0), (self.length, h), (0, h)], material, h)
        outline = [(0.0, 0.0), (w, 0.0), (w, h), (w / 2, h + g), (0.0, h)]
        s = sheet.x[:, sheet.around(*self.front.points(*outline))[1]] - self.left
        slope = h + g * (1 - np.abs(s - w / 2) * np.float32(2 / w))
        wall(sheet, self.front, outline, material, slope)

    def roof(
        self, sheet: Sheet, rng: Generator, material: Material, trim: int, over: float, thick: float
    ) -> None:
        """The roof's right plane, its edge boards, and the snow on them."""
        w, h, g, snow = self.width, self.height, self.gable, self.snow
        run, rise = w / 2, g
        slope = float(np.hypot(run, rise))
        e = over / slope
        z0, z1 = -over * 0.9 / self.length, 1 + over * 0.9 / self.length

        def on(k: float, z: float, up: float = 0.0) -> Point:
            """A point of the right plane: k from the ridge (0) to the eave (1)."""
            return self.place(run + k * run, h + (1 - k) * rise + up, z)

        def opposite(k: float, z: float, up: float = 0.0) -> Point:
            return self.place(run - k * run, h + (1 - k) * rise + up, z)

        lift = 0.028 * snow
        board, dark = rgb(trim), rgb(trim) * 0.55
        # The left plane shows its edge alone; under it the overhang is dark.
        sheet.paint(sheet.convex(opposite(1 + e, z0), opposite(0, z0), opposite(0, 0.0),
                                 opposite(1 + e, 0.0)), dark, 0.25)  # fmt: skip
        ridge, eave = on(0, z0), on(1 + e, z0)
        far = on(0, z1)
        face = Face(
            ridge,
            ((far[0] - ridge[0]) / self.length, (far[1] - ridge[1]) / self.length),
            ((eave[0] - ridge[0]) / slope, (eave[1] - ridge[1]) / slope),
            0.62,
            0.32,
        )
        corners = [ridge, far, on(1 + e, z1), eave]
        if lift:
            raised = [(x, y + lift) for x, y in corners]
            sheet.paint(sheet.convex(*raised), WHITE * 0.9, 0.62, 0.3)
        window, coverage = sheet.convex(*corners)
        s, t = face.coordinates(sheet, window)
        coarse = at(rng, s * 7 + 9, t * 7 + 9, 3)
        albedo = material(s, t)
        shade = face.shade * (0.93 + 0.10 * smoothstep(0.0, 0.3 * slope, t))
        if snow:
            edge = slope * (1 + e) - t
            lies = smoothstep(-0.25, 0.35, 2.6 * snow - 1.1 + 0.45 * coarse)
            # It has slid off the lowest tiles here and there.
            lies = lies * smoothstep(0.0, 0.012, edge - 0.022 * (1 - snow) + 0.008 * coarse)
            albedo = mix(albedo, WHITE * (0.97 + 0.025 * coarse), lies)
            shade = shade + lies * (0.06 + 0.05 * coarse)
        sheet.paint((window, coverage), albedo, shade, face.lean)
        # Edges: the eave's board and the gable's verges, with snow on top.
        under = -thick
        sheet.paint(sheet.convex(eave, on(1 + e, z1), on(1 + e, z1, under), on(1 + e, z0, under)),
                    dark, 0.35, 0.2)  # fmt: skip
        for a, b in ((on(0, z0), on(1 + e, z0)), (opposite(0, z0), opposite(1 + e, z0))):
            low = [(a[0], a[1] - 1.5 * thick), (b[0], b[1] - 1.2 * thick)]
            sheet.paint(sheet.convex(a, b, low[1], low[0]), board, 0.62, -0.3)
            if lift:
                cap = [(a[0], a[1] + lift), (b[0], b[1] + lift)]
                sheet.paint(sheet.convex(a, b, cap[1], cap[0]), WHITE, 0.8, -0.15)

    def chimney(self, sheet: Sheet, z: float, size: float, rise: float, colour: int) -> None:
        """A brick chimney behind the ridge, to be painted before the roof."""
        x, y = self.place(self.width / 2 - size * 0.2, self.height + self.gable, z)
        brick = bricks(np.random.default_rng(1), colour, 0.03)
        front = Face((x, y - 0.12), (1.0, 0.0), (0.0, 1.0), 0.6, -0.34)
        side = Face((x + size, y - 0.12), (0.9, 0.16), (0.0, 1.0), 0.45, 0.44)
        top = rise + 0.12
        wall(sheet, side, [(0, 0), (size * 0.7, 0), (size * 0.7, top), (0, top)], brick, 9.0)
        wall(sheet, front, [(0, 0), (size, 0), (size, top), (0, top)], brick, 9.0)
        ledge = 0.008
        for face, long in ((side, size * 0.7), (front, size)):
            face.block(sheet, (-ledge, long + ledge), (top - 0.02, top), rgb(colour) * 0.8, 1.0)
            if self.snow:
                white = top + 0.022 * self.snow
                face.block(sheet, (-ledge, long + ledge), (top - 0.002, white), WHITE, 1.2)


def settle(sheet: Sheet, rng: Generator, ground: Array) -> None:
    """Lets the foot of the walls end in uneven grass, ``ground`` (1, w) high."""
    rows = sheet.window(0, 0, sheet.box[2], 0.25)[0]
    y = sheet.y[rows]
    blades = at(rng, sheet.x * 38 + 3, 0 * sheet.x + 5, 3)
    keep = sheet.within((y - ground - 0.007 - 0.006 * blades) * np.float32(0.5))
    sheet.planes[:, rows] *= keep
