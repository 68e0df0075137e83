"""Paints a scene from its attributes, back to front."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.random import Generator

from . import ids
from .attributes import Attributes
from .canvas import Array, Canvas, smoothstep
from .ground import paint_crossing, paint_flowers, paint_fringe, paint_ground, paint_road
from .land import paint_hill, paint_range
from .layout import Placed, make_layout
from .light import make_light
from .noise import line
from .placing import place_objects
from .plants.trees import tree
from .sky import paint_sky
from .standing import SMALLEST, TWIGS, Standing
from .things.animals import birds
from .things.bridge import bridge
from .water import paint_foam, paint_water, path_alpha, shore_alpha
from .weather import paint_mist, paint_rain, paint_snowfall


class Painter:
    """One scene on its way onto a canvas."""

    def __init__(self, seed: int, attributes: Attributes, height: int, width: int) -> None:
        self.seed, self.attributes = seed, attributes
        self.canvas = Canvas(height, width)
        self.layout = make_layout(seed, attributes, self.canvas.aspect)
        place_objects(seed, attributes, self.layout)
        self.view = self.layout.view
        self.light = make_light(
            self.rng("light"),
            attributes.time,
            attributes.weather,
            self.view.horizon,
            self.canvas.aspect,
        )
        self.snow = 0.9 if attributes.ground == "snow" else 0.0

    def rng(self, part: str) -> Generator:
        """Random numbers of a part's own: what one part draws changes no other."""
        return np.random.default_rng((self.seed, *part.encode()))

    def paint(self) -> Canvas:
        """The whole scene."""
        a, canvas, light, view = self.attributes, self.canvas, self.light, self.view
        paint_sky(canvas, self.rng("sky"), light, a.time, a.weather, view.horizon)
        if "birds" in a.objects:
            self._paint_birds()
        self._paint_relief()
        far = self.layout.far
        if a.water != "sea":
            line_top = self._horizon_line()
            self._paint_ground("far ground", line_top, wet=False)
        if a.weather == "fog":
            paint_mist(canvas, self.rng("mist"), light, view.horizon - 0.02, 0.07)
        self._paint_forest()
        standing = Standing(canvas, light, view, a, self.snow, self.seed)
        behind = [p for p in self.layout.placed if self._stands_behind_water(p)]
        standing.paint(behind)
        if far is not None:
            self._paint_lake_or_sea()
        if self.layout.river is not None:
            self._paint_river()
        if self.layout.road is not None:
            paint_road(canvas, self.rng("road"), light, view, self.layout.road, a.ground)
        if self.layout.crossing is not None:
            self._paint_crossing()
        if "flowers" in a.objects:
            top = view.horizon + 0.07
            paint_flowers(canvas, self.rng("flowers"), light, view, top)
        standing.paint([p for p in self.layout.placed if p not in behind], self.layout.fence)
        if a.ground == "meadow" and a.season != "winter" and self.seed % 3:
            paint_fringe(canvas, self.rng("fringe"), light, a.season)
        if a.weather in ("rain", "storm"):
            paint_rain(canvas, self.rng("rain"), light, a.weather == "storm")
        elif a.weather == "snowfall":
            paint_snowfall(canvas, self.rng("snowfall"), light)
        return canvas

    def _horizon_line(self) -> Array:
        x = self.canvas.x[0]
        return self.view.horizon + 0.004 * line(self.rng("horizon"), x * 2, 3)

    def _paint_ground(self, part: str, top: Array, wet: bool) -> None:
        a = self.attributes
        paint_ground(
            self.canvas, self.rng(part), self.light, self.view, a.ground, a.season, top, wet
        )

    def _paint_birds(self) -> None:
        rng = self.rng("birds")
        size = float(rng.uniform(0.14, 0.24))
        sprite = birds(size * self.canvas.height, int(rng.integers(1 << 20)), self.light)
        x = float(rng.uniform(0.2, 0.8)) * self.canvas.aspect
        y = float(rng.uniform(0.25, 0.6)) * self.view.horizon
        self.canvas.paste(sprite, x, y, ids.BIRD)

    def _paint_relief(self) -> None:
        a, canvas, light, view = self.attributes, self.canvas, self.light, self.view
        rng = self.rng("relief")
        window = self.headlands if a.water == "sea" else 1.0
        base = view.horizon + 0.012
        desert = a.ground == "sand" and a.water == "none"
        thick = min(1 + 0.35 * (view.haze - 1), 1.6)
        if a.relief == "mountains":
            winter = a.ground == "snow"
            line_of_snow = float(rng.uniform(0.02, 0.25) if winter else rng.uniform(0.45, 0.85))
            line_of_snow = 2.0 if desert else line_of_snow
            wooded = 0.0 if desert else float(rng.uniform(0.15, 0.5))
            tallest = min(view.horizon - 0.12, 0.46)
            ranges = int(rng.integers(1, 4))
            for k in range(ranges):
                nearness = (k + 1) / ranges
                height = tallest * float(rng.uniform(0.75, 1.0)) * (1 - 0.26 * k)
                veil = min((0.62 - 0.42 * nearness) * thick, 0.9)
                paint_range(
                    canvas, rng, light, base, height, veil, a.season,
                    line_of_snow + 0.08 * k, wooded, window,
                )  # fmt: skip
        if a.relief == "hills" or (a.relief == "mountains" and rng.random() < 0.5):
            chains = int(rng.integers(1, 4)) if a.relief == "hills" else 1
            tall = float(rng.uniform(0.10, 0.2)) if a.relief == "hills" else 0.06
            for k in range(chains):
                nearness = (k + 1) / chains
                height = tall * (1.15 - 0.4 * nearness)
                veil = min((0.55 - 0.35 * nearness) * thick, 0.9)
                paint_hill(
                    canvas, rng, light, base + 0.012 * k, height, veil, a.season, a.ground, window
                )
        elif a.relief == "plain" and (a.water != "sea" or a.forest != "none"):
            paint_hill(canvas, rng, light, base, 0.03, 0.6, a.season, a.ground, window)

    @cached_property
    def headlands(self) -> Array:
        """Where land rises out of the sea, (W,): on one side, on both, or in an island."""
        rng = self.rng("headlands")
        x = self.canvas.x[0] / self.canvas.aspect
        kind, edge = int(rng.integers(0, 4)), float(rng.uniform(0.35, 0.75))
        left, right = smoothstep(edge, edge - 0.3, x), smoothstep(1 - edge, 1.3 - edge, x)
        if kind == 2:
            return np.maximum(smoothstep(0.42, 0.2, x), smoothstep(0.6, 0.85, x))
        if kind == 3:
            distance = np.abs(x - np.float32(rng.uniform(0.25, 0.75)))
            return smoothstep(float(rng.uniform(0.25, 0.4)), 0.1, distance)
        return right if kind else left

    def _paint_forest(self) -> None:
        """Rows of trees in the distance, from far to near, each from six trees painted once."""
        a, canvas, view = self.attributes, self.canvas, self.view
        if a.forest == "none":
            return
        rng = self.rng("forest")
        layout, aspect = self.layout, canvas.aspect
        rows = int(rng.integers(2, 5))
        deepest = float(rng.uniform(0.02, 0.05))
        tall = float(rng.uniform(0.06, 0.12))
        opening = float(rng.uniform(-0.2, 1.2)) * aspect
        open_half = float(rng.uniform(0.0, 0.3)) * aspect * (a.water != "sea")
        kinds = {"spruce": ("spruce",), "broadleaf": ("broadleaf", "broadleaf", "birch")}.get(
            a.forest, ("spruce", "broadleaf", "spruce")
        )
        window = self.headlands if a.water == "sea" else None
        for row in range(rows):
            nearness = (row + 1) / rows
            size = tall * (0.6 + 0.4 * nearness)
            y = view.horizon + 0.008 + deepest * nearness
            if layout.far is not None and a.water == "lake":
                y = min(y, float(layout.far.min()) - 0.004)
            veil = min(view.veil_at(y + 0.03) + 0.42 * (1 - nearness), 0.85)
            step = size * (0.30 if kinds[0] == "spruce" else 0.55)
            sprites = [
                tree(
                    kinds[k % len(kinds)],
                    max(size * (0.75 + 0.1 * k) * canvas.height, SMALLEST),
                    int(rng.integers(12)),
                    self.light,
                    a.season,
                    self.snow,
                    float(rng.uniform(-1, 1)),
                )
                for k in range(6)
            ]
            count = int(aspect / step) + 2
            xs = (np.arange(count) + rng.uniform(-0.4, 0.4, count)) * step
            picks = rng.integers(0, 6, count)
            gaps = rng.random(count)
            for x, pick, gap in zip(xs.tolist(), picks.tolist(), gaps.tolist(), strict=True):
                if abs(x - opening) < open_half * (1.2 - 0.5 * nearness) or gap < 0.08:
                    continue
                foot = y
                if window is not None:
                    column = min(max(int(x * canvas.height), 0), canvas.width - 1)
                    if window[column] < 0.6:
                        continue
                    foot = view.horizon + 0.006
                canvas.paste(sprites[pick], x, foot, ids.TREE, self.light.haze, veil, TWIGS)

    def _stands_behind_water(self, placed: Placed) -> bool:
        far = self.layout.far
        if far is None:
            return False
        return placed.y <= self.layout.shore_at(far, placed.x) + 0.002

    def _paint_lake_or_sea(self) -> None:
        a, canvas, layout = self.attributes, self.canvas, self.layout
        assert layout.far is not None and layout.close is not None
        x = canvas.x[0]
        far, close = layout.shore(layout.far, x), layout.shore(layout.close, x)
        rows = canvas.rows(float(far.min()) - 0.01, float(close.max()) + 0.02)
        rng = self.rng("water")
        calm = {"storm": 0.1, "rain": 0.45}.get(a.weather, float(rng.uniform(0.45, 1.0)))
        if a.water == "sea":
            canvas.labels[rows] = ids.SEA
            # What lies beyond the near shore's edge is painted over by the ground.
            alpha = canvas.coverage(canvas.y[rows] - far)
        else:
            alpha = shore_alpha(canvas, rows, far, close)
        paint_water(
            canvas, rng, self.light, self.view, a.water, alpha, rows,
            float(far.mean()), calm, a.frozen,
        )  # fmt: skip
        if a.water == "sea":
            self._paint_ground("near ground", close, wet=True)
            paint_foam(canvas, rng, self.light, rows, close)
        else:
            self._darken_shore(rows, far, close)

    def _darken_shore(self, rows: slice, far: Array, close: Array) -> None:
        """The dark, wet line where water meets its banks."""
        canvas, y = self.canvas, self.canvas.y[rows]
        wide = np.float32(0.004) + np.float32(0.035) * np.maximum(y - self.view.horizon, 0)
        edge = np.minimum(np.abs(y - far), np.abs(y - close))
        dark = np.exp(-((edge / wide) ** 2)) * np.float32(0.38) * (close - far > 0.004)
        canvas.colour[:, rows] *= 1 - dark

    def _paint_river(self) -> None:
        a, canvas, river = self.attributes, self.canvas, self.layout.river
        assert river is not None
        rows = canvas.rows(river.top, 1.0)
        rng = self.rng("water")
        alpha = path_alpha(canvas, rng, rows, river)
        y = canvas.y[rows]
        middle, half = river.at(y)
        bank = np.abs(np.abs(canvas.x - middle) - half) / (half * np.float32(0.16))
        canvas.colour[:, rows] *= 1 - np.float32(0.4) * np.exp(-(bank**2))
        calm = {"storm": 0.2, "rain": 0.4}.get(a.weather, float(rng.uniform(0.4, 0.85)))
        paint_water(
            canvas, rng, self.light, self.view, "river", alpha, rows, river.top + 0.004, calm,
            a.frozen,
        )  # fmt: skip

    def _paint_crossing(self) -> None:
        a, canvas, layout = self.attributes, self.canvas, self.layout
        place, river = layout.crossing, layout.river
        assert place is not None and river is not None
        rng = self.rng("bridge")
        if "road" in a.objects:
            paint_crossing(canvas, rng, self.light, self.view, place, a.ground)
        middle, half = river.at_row(place + 0.02)
        near = place - self.view.horizon
        sprite = bridge(
            canvas,
            self.light,
            middle - 1.35 * half - 0.03,
            middle + 1.35 * half + 0.03,
            place,
            0.42 * near,
            int(rng.integers(1 << 20)),
            bool(rng.random() < 0.6),
            self.snow,
        )
        canvas.paste(sprite, middle, place, ids.BRIDGE, self.light.haze, self.view.veil_at(place))


def finish(canvas: Canvas) -> Array:
    """The painted colours (3, H, W), with a little more contrast, in [0, 1]."""
    colour = np.clip(canvas.colour, 0, 1)
    return colour + np.float32(0.22) * (colour * (1 - colour) * (2 * colour - 1))
