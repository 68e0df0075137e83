"""Where a scene's horizon, shores, paths and fences run."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import numpy as np

from .attributes import Attributes
from .canvas import Array
from .view import Path, View

HAZE = {"fog": 3.2, "rain": 1.8, "storm": 1.6, "snowfall": 2.2, "overcast": 1.2}
GRID: Array = np.linspace(0, 1, 97, dtype=np.float32)


@dataclass(frozen=True)
class Placed:
    """One object: its kind, foot, and size in picture heights (see ``placing.KINDS``)."""

    kind: str
    x: float
    y: float
    size: float
    variant: int


@dataclass
class Layout:
    """The geometry of a scene, in canvas coordinates.

    Attributes:
        view: horizon, eye and haze.
        aspect: width over height.
        far, close: y of the far and the near shore as functions of x in [0, aspect], each as
            values on a grid; None without a lake or sea.
        river, road: paths, or None.
        crossing: y of the road over the bridge, or None.
        fence: (x0, y0, x1, y1) of its ends, or None.
        placed: the objects.
    """

    view: View
    aspect: float
    far: Array | None = None
    close: Array | None = None
    river: Path | None = None
    road: Path | None = None
    crossing: float | None = None
    fence: tuple[float, float, float, float] | None = None
    placed: list[Placed] = field(default_factory=list)

    def shore(self, values: Array, x: Array) -> Array:
        """y of a shore at ``x``."""
        return np.interp(x, GRID * self.aspect, values).astype(np.float32)

    def in_water(self, x: float, y: float, margin: float = 0.0) -> bool:
        """Whether (x, y), or what lies less than ``margin`` below or above it, is water."""
        if self.river is not None and self.river.spans(x, y, margin):
            return True
        if self.far is None or self.close is None:
            return False
        far, close = self.shore_at(self.far, x), self.shore_at(self.close, x)
        return far - margin < y < close + margin and far < close

    def shore_at(self, values: Array, x: float) -> float:
        """A shore's y at one x; many times faster than numpy's interpolation of one number."""
        place = min(max(x / self.aspect, 0.0), 1.0) * (len(values) - 1)
        cell = min(int(place), len(values) - 2)
        left, right = values.item(cell), values.item(cell + 1)
        return left + (right - left) * (place - cell)

    def on_road(self, x: float, y: float, margin: float) -> bool:
        """Whether (x, y) lies on a road or close to one."""
        if self.road is not None and self.road.spans(x, y, margin):
            return True
        return self.crossing is not None and abs(y - self.crossing) < margin + 0.02


def make_layout(seed: int, attributes: Attributes, aspect: float) -> Layout:
    """Geometry for ``attributes``, for a picture of that aspect."""
    water, objects = attributes.water, attributes.objects
    random = Random(f"{seed} view")
    horizon = random.uniform(0.44, 0.58)
    view = View(horizon, random.uniform(5.0, 7.5), HAZE.get(attributes.weather, 1.0))
    layout = Layout(view, aspect)
    random = Random(f"{seed} water")
    if water in ("lake", "sea"):
        _lay_shores(random, layout, water)
    if water == "river":
        layout.river = _path(random, layout, horizon + 0.02, random.uniform(0.11, 0.2), 0.12)
        if "bridge" in objects:
            layout.crossing = horizon + random.uniform(0.13, 0.22)
    elif "road" in objects:
        random = Random(f"{seed} road")
        top = horizon + 0.02 if layout.close is None else float(layout.close.max()) + 0.01
        layout.road = _path(random, layout, min(top, 0.93), random.uniform(0.07, 0.12), 0.10)
    if "fence" in objects:
        layout.fence = _lay_fence(Random(f"{seed} fence"), layout)
    return layout


def _path(random: Random, layout: Layout, top: float, half: float, bend: float) -> Path:
    aspect = layout.aspect
    return Path(
        top=top,
        bottom=1.1,
        start=random.uniform(0.25, 0.75) * aspect,
        end=random.uniform(0.15, 0.85) * aspect,
        half=half,
        bend=bend * random.uniform(0.6, 1.3) * random.choice((-1, 1)),
        phase=random.uniform(0, 6.3),
        turns=random.uniform(1.6, 3.0),
    )


def _wave(random: Random, layout: Layout) -> Array:
    """A smooth random line on the grid, about [-1, 1]."""
    x = GRID * np.float32(layout.aspect)
    total = np.zeros_like(x)
    for cycles, weight in ((1.1, 0.5), (2.7, 0.3), (6.1, 0.14), (13.7, 0.06)):
        total += np.float32(weight) * np.sin(
            np.float32(cycles * random.uniform(0.8, 1.25) * 3) * x
            + np.float32(random.uniform(0, 6.3))
        )
    return total


def _lay_shores(random: Random, layout: Layout, water: str) -> None:
    horizon = layout.view.horizon
    slant = random.uniform(-0.12, 0.12)
    across = GRID - np.float32(0.5)
    close = horizon + random.uniform(0.26, 0.36) + slant * across + 0.022 * _wave(random, layout)
    close = np.clip(close, horizon + 0.14, 0.95).astype(np.float32)
    if water == "sea":
        far: Array = np.full_like(GRID, horizon)
    else:
        far = horizon + random.uniform(0.025, 0.05) + 0.006 * _wave(random, layout)
        # Some lakes end within the picture, on one side or both.
        for side in (0, 1):
            if random.random() < 0.4:
                edge = random.uniform(0.1, 0.3)
                t = np.clip((GRID if side == 0 else 1 - GRID) / edge, 0, 1)
                open_share = np.sqrt(t * (2 - t))
                close = far + (close - far) * open_share - 0.012 * (open_share < 0.02)
    layout.far, layout.close = far.astype(np.float32), close.astype(np.float32)


def _lay_fence(random: Random, layout: Layout) -> tuple[float, float, float, float]:
    """The ends of a fence across a stretch of dry ground, or of the driest that was found."""
    horizon = layout.view.horizon
    best, wettest = (0.0, 0.95, 0.4, 0.97), 9
    for _ in range(40):
        x0 = random.uniform(-0.1, 0.6) * layout.aspect
        x1 = x0 + random.uniform(0.35, 0.7) * layout.aspect
        y0, y1 = (horizon + random.uniform(0.14, min(0.42, 0.97 - horizon)) for _ in range(2))
        steps = [t / 8 for t in range(9)]
        wet = sum(
            layout.in_water(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t, 0.01)
            or layout.on_road(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t, 0.0)
            for t in steps
        )
        if wet < wettest:
            best, wettest = (x0, y0, x1, y1), wet
        if not wet:
            break
    return best
