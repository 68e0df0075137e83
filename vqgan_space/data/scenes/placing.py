"""Where a scene's objects stand: on land or afloat, apart from each other, none hidden."""

from __future__ import annotations

from random import Random

from .attributes import Attributes
from .layout import Layout, Placed

# How many of a kind stand together, their sizes in metres, and how near they like to be:
# least and most y - horizon.
KINDS: dict[str, tuple[tuple[int, int], tuple[float, float], tuple[float, float]]] = {
    "spruce": ((1, 4), (9.0, 15.0), (0.12, 0.36)),
    "broadleaf": ((1, 2), (8.0, 12.0), (0.13, 0.36)),
    "birch": ((2, 4), (8.0, 11.0), (0.12, 0.34)),
    "bush": ((2, 5), (1.8, 3.0), (0.14, 0.40)),
    "house": ((1, 2), (8.0, 11.0), (0.07, 0.20)),
    "church": ((1, 1), (10.0, 13.0), (0.06, 0.14)),
    "rock": ((2, 5), (1.2, 3.6), (0.12, 0.42)),
    "sheep": ((3, 7), (1.7, 2.0), (0.10, 0.32)),
    "cow": ((2, 4), (2.4, 2.8), (0.10, 0.30)),
    "rowing boat": ((1, 2), (4.0, 5.0), (0.06, 0.26)),
    "sailing boat": ((1, 3), (5.0, 7.0), (0.04, 0.16)),
}
# No larger than this share of the picture's height, however near.
LARGEST = {"spruce": 0.72, "broadleaf": 0.6, "birch": 0.62, "rock": 0.2, "bush": 0.16}
# Width over size; a kind whose size is its width has 1.
WIDTHS = {"spruce": 0.42, "broadleaf": 0.9, "birch": 0.5, "bush": 1.3}
AFLOAT = frozenset({"rowing boat", "sailing boat"})
# Painted first where there is room for few: what is hard to place comes first.
ORDER = (
    "house", "church", "spruce", "broadleaf", "birch", "rowing boat", "sailing boat", "cow",
    "sheep", "rock", "bush",
)  # fmt: skip


def place_objects(seed: int, attributes: Attributes, layout: Layout) -> None:
    """Fills ``layout.placed``, from far to near, with every object of the attributes."""
    for kind in ORDER:
        if kind in attributes.objects:
            # Numbers of its own: whether there are cows does not move the house.
            _place_group(Random(f"{seed} {kind}"), layout, kind)
    layout.placed.sort(key=lambda placed: placed.y)


def _place_group(random: Random, layout: Layout, kind: str) -> None:
    """A group of a kind where there is room; at least one of them always."""
    (least, most), metres, (near, nearest) = KINDS[kind]
    horizon = layout.view.horizon
    nearest = min(nearest, 0.97 - horizon)
    count = round(random.randint(least, most) * max(1.0, 0.55 * layout.aspect))
    home: tuple[float, float] | None = None
    for number in range(count):
        for attempt in range(60):
            d = random.uniform(near, nearest)
            x = random.uniform(0.06, 0.94) * layout.aspect
            if home is not None and attempt < 40:
                x, d = home[0] + random.gauss(0, 0.14), home[1] * random.uniform(0.75, 1.3)
                d = min(max(d, near), nearest)
            size = min(layout.view.size(random.uniform(*metres), horizon + d), _largest(kind))
            one = Placed(kind, x, horizon + d, size, random.randrange(1 << 20))
            # The first of a kind squeezes in if it must, the others stay away.
            loose = attempt >= 40 and not number
            if _fits(layout, one, 0.45 if loose else 0.9, 0.04 if loose else 0.35 * _width(one)):
                home = home or (x, d)
                layout.placed.append(one)
                break
        else:
            if number:
                return
            _squeeze(random, layout, kind)
            home = (layout.placed[-1].x, layout.placed[-1].y - horizon)


def _squeeze(random: Random, layout: Layout, kind: str) -> None:
    """The last resort for the first of a kind: anywhere on its element, small."""
    metres = KINDS[kind][1][0]
    horizon = layout.view.horizon
    for attempt in range(600):
        y = horizon + random.uniform(0.05, 0.97 - horizon)
        x = random.uniform(0.05, 0.95) * layout.aspect
        size = layout.view.size(metres, y) * (0.8 if attempt < 300 else 0.5)
        one = Placed(kind, x, y, min(size, 0.25), random.randrange(1 << 20))
        on_its_element = layout.in_water(x, y) is (kind in AFLOAT)
        # Where nothing else is left it may stand on the road.
        if on_its_element and (
            attempt > 500 or not (layout.on_road(x, y, 0.0) or _is_hidden(layout, one))
        ):
            break
    layout.placed.append(one)


def _largest(kind: str) -> float:
    return LARGEST.get(kind, 0.4)


def _width(one: Placed) -> float:
    return one.size * WIDTHS.get(one.kind, 1.0)


def _fits(layout: Layout, one: Placed, crowd: float, margin: float) -> bool:
    """Whether ``one`` may stand where it is: inside the picture, on its element, with room."""
    x, y, width = one.x, one.y, _width(one)
    if not margin < x < layout.aspect - margin:
        return False
    points = (x - 0.4 * width, x, x + 0.4 * width)
    if one.kind in AFLOAT:
        if not all(layout.in_water(px, y) and layout.in_water(px, y + 0.015) for px in points):
            return False
        if layout.crossing is not None and abs(y - layout.crossing) < 0.1:
            return False
    elif any(layout.in_water(px, y, 0.012) or layout.on_road(px, y, 0.01) for px in points):
        return False
    for other in layout.placed:
        reach = 0.5 * (width + _width(other)) * crowd
        # Trees and stones of a group overlap, houses don't.
        together = one.kind == other.kind and one.kind not in ("house", "church")
        if abs(x - other.x) < reach * (0.55 if together else 1.15):
            return False
    return not _is_hidden(layout, one)


def _is_hidden(layout: Layout, one: Placed) -> bool:
    """Whether another kind stands before ``one``, or ``one`` before another kind."""
    for other in layout.placed:
        if other.kind == one.kind:
            continue
        front, behind = (other, one) if other.y > one.y else (one, other)
        if front.y - front.size * 1.1 > behind.y:
            continue
        if abs(one.x - other.x) < 0.42 * _width(front) + 0.15 * _width(behind):
            return True
    return False
