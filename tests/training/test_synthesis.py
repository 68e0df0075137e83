"""Measures of synthesised pictures, with painters whose result is known beforehand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vqgan_space.data.labelled import draw_scenes, to_floats
from vqgan_space.data.scenes.dataset import Scenes
from vqgan_space.data.scenes.scene import render
from vqgan_space.training.metrics import to_bytes
from vqgan_space.training.perceptual import load_perceptual
from vqgan_space.training.synthesis import (
    Judgement,
    compare,
    judge,
    mean_distance,
    measure_diversity,
    paint,
    relit,
    relit_scenes,
)

NAME = "Frechet distance (features of the scenes' segmenter)"


class RedSegmenter:
    """Takes a pixel's red for its class, and the mean colour for the features."""

    device = torch.device("cpu")

    class config:
        num_classes = 200

    def label_maps(self, pictures: Tensor) -> Tensor:
        return to_bytes(pictures)[:, 0].long()

    def features(self, pictures: Tensor) -> Tensor:
        return pictures.mean(dim=(2, 3))


def red(label_maps: Tensor, seeds: list[int]) -> Tensor:
    """Paints a class as its red, and the seed as blue."""
    pictures = torch.zeros(len(label_maps), 3, *label_maps.shape[1:], dtype=torch.uint8)
    pictures[:, 0] = label_maps
    pictures[:, 2] = torch.tensor(seeds)[:, None, None]
    return to_floats(pictures)


LABEL_MAPS = torch.tensor([3, 7, 3, 9, 7]).to(torch.uint8)[:, None, None].repeat(1, 4, 4)


def test_every_label_map_is_painted_with_a_seed_of_its_own() -> None:
    pictures = paint(red, LABEL_MAPS, seed=10, batch=2)
    assert pictures.dtype == torch.uint8 and torch.equal(pictures[:, 0], LABEL_MAPS)
    assert pictures[:, 2, 0, 0].tolist() == [10, 11, 12, 13, 14]


def test_pictures_that_follow_their_label_maps_have_the_whole_ratio() -> None:
    exact = judge(RedSegmenter(), paint(red, LABEL_MAPS, batch=2), LABEL_MAPS, batch=2)
    # Sevens painted as nines: of three classes one is missed, one found twice as often as it is.
    wrong_maps = LABEL_MAPS.where(LABEL_MAPS != 7, 9)
    wrong = judge(RedSegmenter(), paint(red, wrong_maps), LABEL_MAPS)
    figures = compare(wrong, exact, exact)
    assert figures["pixel accuracy of real pictures"] == figures["mean IoU of real pictures"] == 1
    assert figures["pixel accuracy"] == pytest.approx(3 / 5)
    assert figures["mean IoU"] == pytest.approx((1 + 0 + 1 / 3) / 3)
    assert figures["mean IoU over that of real pictures"] == pytest.approx(4 / 9)
    assert figures[f"{NAME} of real pictures"] == pytest.approx(0, abs=1e-9)
    assert figures[NAME] > 0


def test_the_ratio_is_to_what_real_pictures_reach() -> None:
    half = torch.tensor([[2, 2], [0, 4]])
    features = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    same = Judgement(half, features)
    assert compare(same, same, same)["mean IoU over that of real pictures"] == 1


def test_a_relit_scene_keeps_its_layout_and_changes_its_light() -> None:
    seed, (pictures, label_map) = next(
        (seed, found) for seed in range(20) if (found := relit(seed, 64, 3)) is not None
    )
    original, layout, _ = render(seed, 64)
    assert torch.equal(pictures[0].permute(1, 2, 0), torch.from_numpy(original))
    assert torch.equal(label_map, torch.from_numpy(layout))
    light = to_floats(pictures)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert (light[a] - light[b]).abs().mean() > 0.01


def test_scenes_that_can_not_be_relit_so_often_are_left_out() -> None:
    assert relit(0, 64, 17) is None  # there are sixteen lights
    found = list(relit_scenes(range(6), 64, 3))
    assert 0 < len(found) <= 6
    assert all(pictures.shape == (3, 3, 64, 64) for pictures, _ in found)


def test_a_painter_that_ignores_the_seed_has_no_diversity() -> None:
    pictures, label_maps = draw_scenes(Scenes(3, 64))
    scenes = [(pictures, label_maps[0])]
    perceptual = load_perceptual("features")
    name = f"diversity, {perceptual.name}"

    def same(asked: Tensor, seeds: list[int]) -> Tensor:
        return to_floats(pictures[:1].expand(len(asked), -1, -1, -1))

    def as_real(asked: Tensor, seeds: list[int]) -> Tensor:
        return to_floats(pictures[seeds])

    assert measure_diversity(same, scenes, perceptual)[name] == pytest.approx(0, abs=1e-6)
    figures = measure_diversity(as_real, scenes, perceptual)
    assert figures[f"{name}, over that of re-lit real scenes"] == pytest.approx(1)
    assert figures[name] == pytest.approx(mean_distance(perceptual, pictures)) and figures[name] > 0


def test_diversity_of_one_picture_or_of_none_is_an_error() -> None:
    perceptual = load_perceptual("features")
    with pytest.raises(ValueError, match="two of them or more"):
        mean_distance(perceptual, torch.zeros(1, 3, 32, 32, dtype=torch.uint8))
    with pytest.raises(ValueError, match="one label map at least"):
        measure_diversity(red, [], perceptual)
