"""Trees: one form at every size, lit from the light's side, dressed by season and snow."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image

from vqgan_space.data.scenes.canvas import Array, Sprite
from vqgan_space.data.scenes.light import Light, make_light
from vqgan_space.data.scenes.plants.trees import KINDS, SEASONS, tree


def light(time: str = "noon", side: float = 0.9) -> Light:
    made = make_light(np.random.default_rng(1), time, "clear", 0.5, 1.0)
    return dataclasses.replace(made, side=side)


def mean_colour(sprite: Sprite, where: Array | None = None) -> Array:
    weight = sprite.alpha if where is None else sprite.alpha * where
    return (sprite.colour * weight).sum((1, 2)) / weight.sum()


def right_half(sprite: Sprite) -> Array:
    columns = np.arange(sprite.alpha.shape[1]) + 0.5 > sprite.foot[1]
    return np.broadcast_to(columns, sprite.alpha.shape).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("pixels", [3, 10, 57.3, 300])
def test_stands_on_its_foot_as_high_as_asked(kind: str, season: str, pixels: float) -> None:
    sprite = tree(kind, pixels, 5, light(), season, snow=0.5)
    height, width = sprite.alpha.shape
    assert sprite.colour.shape == (3, height, width)
    assert sprite.colour.dtype == sprite.alpha.dtype == np.float32
    assert sprite.alpha.min() >= 0 and sprite.alpha.max() <= 1
    assert np.isfinite(sprite.colour).all() and sprite.colour.min() >= 0
    foot = round(sprite.foot[0])
    covered = np.flatnonzero(sprite.alpha.max(axis=1) > 0.02)
    assert foot - 2 <= covered[-1] <= foot
    assert abs(foot - covered[0] - pixels) <= 0.12 * pixels + 1.5
    # Nothing is cut off at the sides or at the top.
    if pixels > 50:
        assert max(sprite.alpha[:, 0].max(), sprite.alpha[:, -1].max(), sprite.alpha[0].max()) < 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_arguments_give_the_same_tree_and_another_variant_another(kind: str) -> None:
    first = tree(kind, 60, 3, light(), "summer")
    kept = first.colour.copy()
    first.colour[:] = 0
    assert np.array_equal(tree(kind, 60, 3, light(), "summer").colour, kept)
    other = tree(kind, 60, 4, light(), "summer")
    same_size = other.alpha.shape == first.alpha.shape
    assert not same_size or np.abs(other.alpha - first.alpha).mean() > 0.02


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("season", ["summer", "winter"])
def test_a_small_tree_is_a_shrunken_large_one(kind: str, season: str) -> None:
    small = tree(kind, 40, 2, light(), season, snow=0.7)
    large = tree(kind, 160, 2, light(), season, snow=0.7)
    picture = np.concatenate([large.colour * large.alpha, large.alpha[None]])
    # One pixel of the small one is four of the large one, counted from the foot.
    height, width = small.alpha.shape
    corners = [large.foot[1] - 4 * small.foot[1], large.foot[0] - 4 * small.foot[0]]
    box = (corners[0], corners[1], corners[0] + 4 * width, corners[1] + 4 * height)
    shrunk = np.stack(
        [
            np.asarray(
                Image.fromarray(p).transform(
                    (4 * width, 4 * height), Image.Transform.EXTENT, tuple(box)
                )
            )
            .reshape(height, 4, width, 4)
            .mean((1, 3))
            for p in picture
        ]
    )
    assert np.abs(shrunk[3] - small.alpha).mean() < 0.04
    assert np.corrcoef(shrunk[3].ravel(), small.alpha.ravel())[0, 1] > 0.95
    assert np.abs(shrunk[:3].sum((1, 2)) / shrunk[3].sum() - mean_colour(small)).max() < 0.05


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("time", ["dawn", "noon", "dusk", "night"])
def test_the_side_towards_the_light_is_the_brighter_one(kind: str, time: str) -> None:
    for side in (-0.9, 0.9):
        sprite = tree(kind, 80, 1, light(time, side), "summer")
        right = mean_colour(sprite, right_half(sprite)).mean()
        left = mean_colour(sprite, 1 - right_half(sprite)).mean()
        assert (right - left) * side > 0


@pytest.mark.parametrize("kind", ["broadleaf", "birch", "bush"])
def test_seasons_turn_the_leaves_and_take_them(kind: str) -> None:
    green = mean_colour(tree(kind, 90, 0, light(), "summer"))
    assert green[1] > green[0]
    for variant in range(12):
        red, leaf, _ = mean_colour(tree(kind, 90, variant, light(), "autumn"))
        assert red > leaf
    leafy, bare = (tree(kind, 90, 0, light(), s).alpha.sum() for s in ("summer", "winter"))
    assert bare < 0.7 * leafy


def test_some_trees_blossom_in_spring() -> None:
    spring = [mean_colour(tree("broadleaf", 60, v, light(), "spring")) for v in range(12)]
    blossoming = sum(float(c[0]) > 0.97 * float(c[1]) for c in spring)
    assert 1 <= blossoming <= 8


def test_spruces_stay_green_in_winter() -> None:
    summer, winter = (tree("spruce", 60, 1, light(), s) for s in ("summer", "winter"))
    assert np.array_equal(summer.colour, winter.colour)
    red, green, blue = mean_colour(winter)
    assert green > max(red, blue)


@pytest.mark.parametrize("variant", range(4))
def test_a_laden_spruce_is_white_above_and_green_below(variant: int) -> None:
    sprite = tree("spruce", 200, variant, light(), "winter", snow=1.0)
    inside = sprite.alpha > 0.9
    red, green, _ = sprite.colour
    white = inside & (red > 0.6)
    needles = inside & (green > red * 1.15) & (green < 0.45)
    assert white.sum() > 0.4 * inside.sum()
    assert needles.sum() > 0.08 * inside.sum()
    # Snow lies on the needles: where one borders on the other in a column, it is mostly above.
    below = (white[:-2] & needles[2:]).sum()
    above = (needles[:-2] & white[2:]).sum()
    assert white.any(axis=1)[: int(0.2 * len(white))].any() and below + above > 100


@pytest.mark.parametrize("kind", KINDS)
def test_more_snow_is_whiter(kind: str) -> None:
    shares = [
        mean_colour(tree(kind, 80, 1, light(side=0.0), "winter", snow=s)).min()
        for s in (0.0, 0.3, 0.6, 1.0)
    ]
    assert np.all(np.diff(shares) > 0)


def test_a_birch_is_slender_with_a_white_trunk() -> None:
    birch, oak = (tree(kind, 200, 2, light(), "summer") for kind in ("birch", "broadleaf"))
    assert birch.alpha.shape[1] < 0.75 * oak.alpha.shape[1]
    trunks = [s.colour[:, -20:-4][:, s.alpha[-20:-4] > 0.9].mean() for s in (birch, oak)]
    assert trunks[0] > 1.4 * trunks[1]


def test_tint_warms_and_cools() -> None:
    warm, cool = (
        mean_colour(tree("spruce", 60, 0, light(), "summer", tint=t)) for t in (1.0, -1.0)
    )
    assert warm[0] / warm[2] > 1.1 * cool[0] / cool[2]


@pytest.mark.parametrize(
    ("kind", "pixels", "season"),
    [("palm", 40, "summer"), ("spruce", 40, "monsoon"), ("spruce", 2, "summer")],
)
def test_what_it_cannot_draw_is_said(kind: str, pixels: float, season: str) -> None:
    with pytest.raises(ValueError, match="choose"):
        tree(kind, pixels, 0, light(), season)
