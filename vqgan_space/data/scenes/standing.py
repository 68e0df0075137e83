"""What stands on the ground or floats: each object with its shadow or its mirrored picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from . import ids
from .attributes import TREES, Attributes
from .canvas import Canvas, Sprite, mix
from .layout import Placed
from .light import Light
from .plants.trees import tree
from .things.animals import cow, sheep
from .things.boats import boat
from .things.fence import paint_fence
from .things.houses import house
from .things.rocks import rock
from .view import View

Fence = tuple[float, float, float, float]

# The sky shows through a bare crown, which is labelled as the tree's all the same.
TWIGS = 0.25
# How many forms a kind of tree has: as many as are kept, for drawing one takes as long as all the
# rest of a small scene.
FORMS = 32
# Pixels below which nothing is drawn smaller.
SMALLEST = 3.0
LABELS = {
    "spruce": ids.TREE,
    "broadleaf": ids.TREE,
    "birch": ids.TREE,
    "bush": ids.BUSH,
    "house": ids.HOUSE,
    "church": ids.BUILDING,
    "rock": ids.ROCK,
    "sheep": ids.SHEEP,
    "cow": ids.COW,
    "rowing boat": ids.BOAT,
    "sailing boat": ids.BOAT,
}
AFLOAT = ("rowing boat", "sailing boat")


@dataclass(frozen=True)
class Standing:
    """The objects of one scene, on their way onto its canvas.

    Attributes:
        canvas, light, view, attributes: the scene's.
        snow: how much lies on things, 0 to 1.
        seed: of the fence's form.
    """

    canvas: Canvas
    light: Light
    view: View
    attributes: Attributes
    snow: float
    seed: int

    def paint(self, placed: list[Placed], fence: Fence | None = None) -> None:
        """Objects from far to near, the fence before the first that stands nearer."""
        for one in placed:
            if fence is not None and one.y > max(fence[1], fence[3]):
                self._paint_fence(fence)
                fence = None
            self._paint_object(one)
        if fence is not None:
            self._paint_fence(fence)

    def _paint_fence(self, fence: Fence) -> None:
        x0, y0, x1, y1 = fence
        h0, h1 = self.view.size(1.3, y0), self.view.size(1.3, y1)
        posts = int(np.hypot(x1 - x0, y1 - y0) / (1.1 * (h0 + h1) / 2)) + 2
        veil = self.view.veil_at((y0 + y1) / 2)
        paint_fence(
            self.canvas, self.light, (x0, y0), (x1, y1), h0, h1, posts, ids.FENCE, veil,
            self.seed & 1023, self.snow,
        )  # fmt: skip

    def _paint_object(self, one: Placed) -> None:
        canvas, light = self.canvas, self.light
        veil = self.view.veil_at(one.y)
        sprite = self._sprite(one)
        if one.kind in AFLOAT:
            self._paint_mirrored(sprite, one, veil)
        else:
            self._paint_shadow(one)
        covers = {"bush": 0.12}.get(one.kind, TWIGS) if one.kind in TREES else 0.5
        canvas.paste(sprite, one.x, one.y, LABELS[one.kind], light.haze, veil, covers)

    def _sprite(self, one: Placed) -> Sprite:
        light, pixels = self.light, max(one.size * self.canvas.height, SMALLEST)
        if one.kind in TREES:
            tint = (one.variant % 201) / 100 - 1
            form, season = one.variant % FORMS, self.attributes.season
            return tree(one.kind, pixels, form, light, season, self.snow, tint)
        if one.kind in ("house", "church"):
            facing = 1 if one.variant & 1 else -1
            sprite = house(pixels, one.variant, light, self.snow, facing, kind=one.kind)
            # Its foot is a corner; its place is that of its middle.
            return replace(sprite, foot=(sprite.foot[0], sprite.alpha.shape[1] / 2))
        if one.kind in AFLOAT:
            return boat(pixels, one.variant, light, one.kind)
        if one.kind == "rock":
            return rock(pixels, one.variant, light, self.snow)
        return (sheep if one.kind == "sheep" else cow)(pixels, one.variant, light)

    def _paint_shadow(self, one: Placed) -> None:
        """The shadow on the ground, away from the light and longer the lower that stands."""
        canvas, light = self.canvas, self.light
        wide = one.size * {"spruce": 0.20, "birch": 0.2, "broadleaf": 0.42}.get(one.kind, 0.5)
        long = one.size * (0.12 + 0.30 * (1 - light.height)) * -light.side
        x0, x1 = one.x + min(long, 0) - wide * 1.3, one.x + max(long, 0) + wide * 1.3
        tall = wide * 0.22
        rows = canvas.rows(one.y - 1.6 * tall, one.y + 1.6 * tall)
        columns = canvas.columns(x0, x1)
        dx = (canvas.x[:, columns] - one.x - long * 0.5) / (wide + abs(long) * 0.5)
        dy = (canvas.y[rows] - one.y) / tall
        strength = 0.18 + 0.34 * float(np.clip(light.sun.mean() / 0.5, 0, 1))
        shadow = np.exp(-1.6 * (dx * dx + dy * dy)) * np.float32(strength)
        canvas.colour[:, rows, columns] *= 1 - shadow

    def _paint_mirrored(self, sprite: Sprite, one: Placed, veil: float) -> None:
        """A boat upside down in the water below it, darker and fading."""
        below = sprite.alpha[: round(sprite.foot[0])]
        fade = np.linspace(0.55, 0.1, len(below), dtype=np.float32)[:, None]
        colour = sprite.colour[:, : len(below)][:, ::-1]
        flipped = Sprite(colour * np.float32(0.8), below[::-1] * fade, (0, sprite.foot[1]))
        top = round(one.y * self.canvas.height)
        height = min(len(below), self.canvas.height - top)
        left = round(one.x * self.canvas.height - flipped.foot[1])
        c0, c1 = max(left, 0), min(left + below.shape[1], self.canvas.width)
        if height <= 0 or c0 >= c1:
            return
        part = np.s_[:height, c0 - left : c1 - left]
        rows, columns = slice(top, top + height), slice(c0, c1)
        # It shows on the water alone, not on the bank.
        water = np.isin(self.canvas.labels[rows, columns], (ids.LAKE, ids.SEA, ids.RIVER))
        hazy = mix(flipped.colour[(slice(None), *part)], self.light.haze, veil)
        self.canvas.paint(hazy, flipped.alpha[part] * water, None, rows, columns)
