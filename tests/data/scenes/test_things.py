"""Houses, boats, bridges, fences, rocks and animals: lit, covered with snow, at every size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from vqgan_space.data.scenes.canvas import Array, Canvas, Sprite
from vqgan_space.data.scenes.light import Light, make_light
from vqgan_space.data.scenes.things.animals import birds, cow, sheep
from vqgan_space.data.scenes.things.boats import boat
from vqgan_space.data.scenes.things.bridge import bridge
from vqgan_space.data.scenes.things.fence import paint_fence
from vqgan_space.data.scenes.things.houses import house
from vqgan_space.data.scenes.things.rocks import rock
from vqgan_space.data.scenes.things.shapes import polygon


def light(time: str = "noon", side: float = 0.7) -> Light:
    return replace(make_light(np.random.default_rng(1), time, "clear", 0.5, 1.0), side=side)


def stone_bridge(pixels: float, variant: int, light: Light) -> Sprite:
    return bridge(Canvas(round(pixels), 8), light, 0.0, 1.0, 0.3, 0.25, variant, True)


def wooden_bridge(pixels: float, variant: int, light: Light) -> Sprite:
    return bridge(Canvas(round(pixels), 8), light, 0.0, 1.0, 0.3, 0.25, variant, False)


THINGS: dict[str, Callable[[float, int, Light], Sprite]] = {
    "house": house,
    "church": lambda pixels, variant, light: house(pixels, variant, light, kind="church"),
    "rowing boat": lambda pixels, variant, light: boat(pixels, variant, light, "rowing boat"),
    "sailing boat": lambda pixels, variant, light: boat(pixels, variant, light, "sailing boat"),
    "rock": rock,
    "birds": birds,
    "sheep": sheep,
    "cow": cow,
    "stone bridge": stone_bridge,
    "wooden bridge": wooden_bridge,
}


def shrunken(planes: Array, height: int, width: int) -> Array:
    """Area averages of planes (c, H, W)."""

    def weights(coarse: int, fine: int) -> Array:
        edges = np.arange(coarse + 1) * fine / coarse
        low, high = np.maximum, np.minimum
        cells = np.arange(fine)
        overlap = high(edges[1:, None], cells + 1) - low(edges[:-1, None], cells)
        return np.maximum(overlap, 0) * coarse / fine

    return weights(height, planes.shape[1]) @ planes @ weights(width, planes.shape[2]).T


@pytest.mark.parametrize("name", THINGS)
def test_a_small_one_is_a_shrunken_large_one(name: str) -> None:
    # Wings and beams are drawn no thinner than can be seen.
    least = 80 if name in ("birds", "wooden bridge") else 40
    small, large = (THINGS[name](pixels, 1, light()) for pixels in (least, 160))
    weighted = np.concatenate([large.colour * large.alpha, large.alpha[None]])
    reduced = shrunken(weighted, *small.alpha.shape)
    assert np.abs(reduced[3] - small.alpha).mean() < 0.02
    assert np.abs(reduced[:3] - small.colour * small.alpha).mean() < 0.02
    # Their feet are the same point.
    feet = [np.divide(each.foot, each.alpha.shape) for each in (small, large)]
    assert np.allclose(*feet, atol=0.02)


@pytest.mark.parametrize("name", THINGS)
def test_planes_that_a_canvas_takes(name: str) -> None:
    for pixels in (10, 21.5, 90):
        one, again = (THINGS[name](pixels, 2, light("dusk")) for _ in range(2))
        height, width = one.alpha.shape
        assert one.colour.shape == (3, height, width)
        assert one.colour.dtype == one.alpha.dtype == np.float32
        assert one.alpha.min() >= 0 and 0.5 < one.alpha.max() <= 1.001
        assert one.colour.min() >= 0 and one.colour.max() < 1.6
        assert 0.8 * pixels < width < 1.3 * pixels + 2
        assert np.array_equal(one.colour, again.colour)


@pytest.mark.parametrize("name", THINGS)
def test_variants_differ(name: str) -> None:
    pictures = [THINGS[name](40, variant, light()) for variant in range(4)]
    different = {(picture.colour * picture.alpha).tobytes() for picture in pictures}
    assert len(different) >= 3


@pytest.mark.parametrize("name", ["house", "rock", "rowing boat", "sheep"])
def test_the_side_toward_the_light_is_bright(name: str) -> None:
    left, right = (THINGS[name](60, 0, light("dusk", side)) for side in (-1.0, 1.0))
    middle = left.alpha.shape[1] // 2
    gain = ((right.colour - left.colour) * right.alpha).sum(axis=(0, 1))
    assert gain[middle:].sum() > 0.02 * right.alpha[:, middle:].sum()
    assert gain[: 3 * middle // 4].sum() < -0.02 * right.alpha[:, : 3 * middle // 4].sum()


def test_a_house_faces_either_way() -> None:
    one, other = house(50, 0, light(side=0.6)), house(50, 0, light(side=-0.6), facing=-1)
    assert np.allclose(one.colour, other.colour[:, :, ::-1], atol=1e-5)
    assert one.foot[1] == pytest.approx(one.alpha.shape[1] - other.foot[1])


@pytest.mark.parametrize("kind", ["house", "church"])
def test_windows_are_lit_at_night_and_not_by_day(kind: str) -> None:
    night = house(60, 1, light("night"), kind=kind)
    assert night.glow is not None and night.glow.max() > 0.7
    # Warm, and within the house.
    assert night.glow[0].sum() > 1.5 * night.glow[2].sum()
    assert (night.glow.max(axis=0) > 0.3)[night.alpha < 0.5].sum() == 0
    assert house(60, 1, light("noon"), kind=kind).glow is None


@pytest.mark.parametrize("name", ["house", "church", "rock", "stone bridge", "wooden bridge"])
def test_snow_whitens_what_faces_up(name: str) -> None:
    def draw(snow: float) -> Sprite:
        if name == "rock":
            return rock(60, 2, light(), snow)
        if name.endswith("bridge"):
            stone = name.startswith("stone")
            return bridge(Canvas(100, 8), light(), 0.0, 1.0, 0.3, 0.25, 2, stone, snow)
        return house(60, 0, light(), snow, kind=name)

    bare, half, full = draw(0.0), draw(0.5), draw(1.0)

    def white(sprite: Sprite) -> float:
        return float(((sprite.colour.min(axis=0) > 0.75) * sprite.alpha).sum())

    assert white(bare) + 20 < white(full)
    assert white(bare) <= white(half) <= white(full)


def test_every_kind_of_house_and_what_there_is_not() -> None:
    kinds = ("cottage", "log cabin", "barn", "church")
    assert len({house(40, 0, light(), kind=kind).colour.tobytes() for kind in kinds}) == 4
    with pytest.raises(ValueError, match="castle"):
        house(40, 0, light(), kind="castle")
    with pytest.raises(ValueError, match="steamer"):
        boat(40, 0, light(), "steamer")


@pytest.mark.parametrize("pixels", [10, 16, 60])
def test_a_distant_flock_can_be_seen(pixels: int) -> None:
    for variant in range(5):
        flock = birds(pixels, variant, light())
        assert (flock.alpha > 0.5).sum() >= 3
        assert flock.alpha.mean() < 0.4


@pytest.mark.parametrize("stone", [True, False])
@pytest.mark.parametrize("width", [0.5, 0.9])
def test_a_bridge_spans_its_width_and_lets_water_show(stone: bool, width: float) -> None:
    canvas = Canvas(160, 200)
    left, y, height = 0.2, 0.4, 0.16
    for variant in range(3):
        sprite = bridge(canvas, light(), left, left + width, y, height, variant, stone)
        canvas.labels[:] = 0
        canvas.paste(sprite, left + width / 2, y, 94)
        rows, columns = np.nonzero(canvas.labels == 94)
        assert abs(columns.min() / 160 - left) < 0.03
        assert abs(columns.max() / 160 - left - width) < 0.03
        assert y - 0.12 < rows.min() / 160 < y
        assert y + 0.5 * height < rows.max() / 160 < y + height + 0.03
        # The deck is whole; below it there is more water than bridge half way down.
        deck = canvas.labels[round((y + 0.04) * 160) - 4 : round((y + 0.04) * 160), :]
        assert (deck == 94).any(axis=0)[columns.min() : columns.max()].mean() > 0.97
        below = canvas.labels[round((y + 0.75 * height) * 160), columns.min() : columns.max()]
        assert (below == 0).mean() > 0.45


def test_a_bridge_needs_width_and_height() -> None:
    with pytest.raises(ValueError, match="right of its left"):
        bridge(Canvas(64, 64), light(), 0.5, 0.5, 0.4, 0.1, 0, True)


def fenced(snow: float = 0.0, veil: float = 0.0, time: str = "noon") -> Canvas:
    canvas = Canvas(160, 240)
    canvas.colour[:] = 0.3
    paint_fence(
        canvas, light(time), (0.1, 0.9), (1.2, 0.7), 0.2, 0.08, 9, 112, veil, variant=1, snow=snow
    )
    return canvas


def test_a_fence_stands_on_its_line() -> None:
    canvas = fenced()
    rows, columns = np.nonzero(canvas.labels == 112)
    assert columns.min() / 160 == pytest.approx(0.1, abs=0.03)
    assert columns.max() / 160 == pytest.approx(1.2, abs=0.03)
    near, far = rows[columns < 0.2 * 160], rows[columns > 1.1 * 160]
    assert (near.max() - near.min()) / 160 == pytest.approx(0.21, abs=0.04)
    assert (far.max() - far.min()) / 160 == pytest.approx(0.10, abs=0.04)
    # Above and below it nothing has changed; between rails one sees through.
    assert np.all(canvas.colour[:, : int(0.55 * 160)] == np.float32(0.3))
    assert np.all(canvas.labels[int(0.93 * 160) :] == 255)
    painted = np.abs(canvas.colour - 0.3).max(axis=0) > 0.02
    assert 0.08 < painted[rows.min() : rows.max()].mean() < 0.4


def test_a_fences_posts_crowd_toward_its_far_end() -> None:
    canvas = fenced()
    x = (0.1 + 1.1 * np.linspace(0, 1, 400)) * 160
    foot = (0.9 - 0.2 * np.linspace(0, 1, 400)) * 160
    # Just above the ground there are posts alone.
    tall = (0.2 - 0.12 * np.linspace(0, 1, 400)) * 160
    on_post = canvas.labels[(foot - 0.15 * tall).astype(int), x.astype(int)] == 112
    starts = x[1:][on_post[1:] & ~on_post[:-1]]
    assert 7 <= len(starts) <= 9
    gaps = np.diff(starts)
    assert gaps[0] > 1.6 * gaps[-1]


def test_snow_and_haze_on_a_fence() -> None:
    bare, snowy, distant = fenced(), fenced(snow=1.0), fenced(veil=0.9)
    fence = bare.labels == 112
    assert (snowy.colour.min(axis=0) > 0.75).sum() > (bare.colour.min(axis=0) > 0.75).sum() + 50
    haze = light().haze[:, :, 0]
    gap = [np.abs(c.colour[:, fence] - haze).mean() for c in (bare, distant)]
    assert gap[1] < 0.5 * gap[0]


def test_a_fence_off_the_canvas_leaves_it_alone() -> None:
    canvas = Canvas(64, 64)
    paint_fence(canvas, light(), (2.0, 0.5), (3.0, 0.5), 0.1, 0.1, 5, 112)
    paint_fence(canvas, light(), (0.1, -0.5), (0.9, -0.4), 0.1, 0.1, 5, 112)
    assert not canvas.colour.any() and (canvas.labels == 255).all()
    with pytest.raises(ValueError, match="2 posts"):
        paint_fence(canvas, light(), (0.0, 0.5), (1.0, 0.5), 0.1, 0.1, 1, 112)


def test_coverage_of_a_polygon_is_its_area() -> None:
    square = np.array([[2.5, 3.0], [8.0, 3.0], [8.0, 7.25], [2.5, 7.25]], np.float32)
    for points in (square, square[::-1]):
        coverage = polygon(points, 12, 12)
        assert coverage.sum() == pytest.approx(5.5 * 4.25, rel=0.01)
        assert coverage[5, 5] == 1 and coverage[5, 2] == pytest.approx(0.5) and coverage[0, 0] == 0
    arrow = np.array([[2, 2], [18, 10], [2, 18], [8, 10]], np.float32)
    concave = polygon(arrow, 20, 20)
    assert concave.sum() == pytest.approx(80, rel=0.06)
    assert concave[10, 4] == 0 and concave[10, 12] == 1
