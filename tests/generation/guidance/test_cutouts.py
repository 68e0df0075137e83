"""Cutouts against slices and matrices worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vqgan_space.generation.guidance.cutouts import (
    AUGMENTATIONS,
    Augmentation,
    Views,
    cut,
    draw_views,
)

NONE = AUGMENTATIONS["none"]


def drawn(count: int = 8, size: tuple[int, int] = (64, 96), **options: Any) -> Views:
    given: dict[str, Any] = {"whole": 0.0, "smallest": 0.5, "augmentation": NONE, "noise": 0.0}
    return draw_views([torch.Generator().manual_seed(0)], count, size, **(given | options))


def taken(picture: Tensor, views: Views, size: int) -> Tensor:
    return cut(picture, views, size, [torch.Generator().manual_seed(0)])[0]


def by_hand(matrix: list[list[float]], side: float = 1) -> Views:
    """One view without any change of colours."""
    return Views(
        torch.tensor(matrix)[None, None],
        torch.full((1, 1), side),
        torch.ones(1, 1, 3),
        torch.full((1, 1, 4), -2.0),
        torch.zeros(1, 1),
    )


@pytest.fixture
def picture() -> Tensor:
    return torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(3)) * 2 - 1


def test_a_whole_cutout_of_its_own_size_is_the_picture() -> None:
    square = torch.rand(1, 3, 32, 32)
    cutout = taken(square, drawn(count=1, size=(32, 32), whole=1.0), 32)
    torch.testing.assert_close(cutout[0], square[0], atol=1e-5, rtol=0)


def test_a_crop_is_the_slice_at_its_place(picture: Tensor) -> None:
    # 32 pixels from column 40 and row 8: half sides of 1/3 and 1/2, centres at (112/96 - 1) and
    # (48/64 - 1).
    views = by_hand([[1 / 3, 0, 112 / 96 - 1], [0, 1 / 2, 48 / 64 - 1], [0, 0, 1]], side=32)
    torch.testing.assert_close(
        taken(picture, views, 32)[0], picture[0, :, 8:40, 40:72], atol=1e-5, rtol=0
    )


def test_a_flip_and_a_quarter_turn() -> None:
    square = torch.rand(1, 3, 16, 16)
    flipped = taken(square, by_hand([[-1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]], 16), 16)[0]
    torch.testing.assert_close(flipped, square[0].flip(-1), atol=1e-5, rtol=0)
    turned = taken(square, by_hand([[0.0, -1, 0], [1.0, 0, 0], [0, 0, 1.0]], 16), 16)[0]
    torch.testing.assert_close(turned, square[0].rot90(1, (1, 2)), atol=1e-5, rtol=0)


def test_a_large_cutout_is_averaged_not_skipped_over() -> None:
    stripes = torch.ones(1, 3, 64, 64)
    stripes[..., ::2] = -1
    cutout = taken(stripes, drawn(count=1, size=(64, 64), whole=1.0), 16)
    assert cutout.abs().max() < 1e-5
    torch.testing.assert_close(
        taken(stripes + 0.5, drawn(count=1, size=(64, 64), whole=1.0), 32)[0],
        F.avg_pool2d(stripes + 0.5, 2)[0],
    )


def test_a_perspective_shortens_one_edge() -> None:
    views = by_hand([[1.0, 0, 0], [0, 1.0, 0], [0, 0.5, 1.0]], 64)
    x = torch.linspace(-1, 1, 64).expand(1, 3, 64, 64)
    cutout = taken(x, views, 64)[0, 0]
    # The nearer edge, y = -1, reads from x / 0.5, the farther from x / 1.5.
    assert cutout[0, 40] / x[0, 0, 0, 40] == pytest.approx(1 / (1 - 0.5 * 63 / 64), rel=0.05)
    assert cutout[-1, 40] / x[0, 0, 0, 40] == pytest.approx(1 / (1 + 0.5 * 63 / 64), rel=0.05)


def test_sides_and_places_stay_within_what_was_asked() -> None:
    views = drawn(count=200, whole=0.25, smallest=0.5)
    assert (views.sides[0, :50] == 96).all()  # the whole pictures
    sides = views.sides[0, 50:]
    assert sides.min() >= 32 and sides.max() <= 64 and sides.unique().numel() > 20
    matrices = views.homographies[0]
    corners = matrices[:, :2, :2].abs().sum(dim=2) + matrices[:, :2, 2].abs()
    assert corners.max() <= 1 + 1e-5


def test_augmentations_change_what_they_name(picture: Tensor) -> None:
    plain = taken(picture, drawn(), 32)
    flip = taken(picture, drawn(augmentation=Augmentation(flip=1)), 32)
    torch.testing.assert_close(flip, plain.flip(-1), atol=1e-4, rtol=0)
    grey = taken(picture, drawn(augmentation=Augmentation(jitter=0.2, jitter_p=1)), 32)
    assert not torch.allclose(grey, plain, atol=0.05)
    erased = taken(picture, drawn(augmentation=Augmentation(erase_p=1)), 32)
    share = (erased == 0).all(dim=1).float().mean(dim=(1, 2))
    assert share.min() > 0.05 and share.max() < 0.45
    noisy = taken(picture, drawn(noise=0.4), 32) - plain
    deviations = noisy.std(dim=(1, 2, 3))
    assert deviations.min() > 0 and deviations.max() < 0.42
    strong = drawn(augmentation=AUGMENTATIONS["strong"], count=64)
    angle = torch.atan2(strong.homographies[0, :, 1, 0], strong.homographies[0, :, 1, 1])
    assert angle.abs().max() < math.pi / 2


def test_gradients_reach_the_picture(picture: Tensor) -> None:
    picture.requires_grad_(True)
    views = drawn(count=4, augmentation=AUGMENTATIONS["strong"], whole=0.5, noise=0.1)
    taken(picture, views, 16).square().mean().backward()
    assert picture.grad is not None and (picture.grad != 0).float().mean() > 0.5


def test_a_picture_is_cut_alike_alone_and_among_others(picture: Tensor) -> None:
    gentle = AUGMENTATIONS["gentle"]

    def run(seeds: list[int]) -> Tensor:
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        views = draw_views(generators, 4, (64, 96), 0.25, 0.5, gentle, 0.1)
        return cut(picture.expand(len(seeds), -1, -1, -1), views, 32, generators)

    both = run([5, 6])
    torch.testing.assert_close(run([6])[0], both[1])
    assert not torch.allclose(both[0], both[1], atol=0.1)
