"""Scenes in memory: crops keep picture and label map together, and are the same every time."""

from __future__ import annotations

import pytest
import torch

from vqgan_space.data.labelled import LabelledCrops, class_frequencies, draw_scenes, to_floats
from vqgan_space.data.scenes.dataset import Scenes


def test_drawn_scenes_are_the_scenes_for_any_number_of_workers() -> None:
    scenes = Scenes(3, 64, seed=5)
    pictures, label_maps = draw_scenes(scenes)
    assert pictures.shape == (3, 3, 64, 64) and label_maps.shape == (3, 64, 64)
    for index in range(3):
        assert torch.allclose(to_floats(pictures[index]), scenes[index]["picture"], atol=1e-6)
        assert torch.equal(label_maps[index].long(), scenes[index]["label_map"])
    shared_out = draw_scenes(scenes, workers=2)
    assert torch.equal(shared_out[0], pictures) and torch.equal(shared_out[1], label_maps)


@pytest.fixture
def crops() -> LabelledCrops:
    """Of pictures whose red is their label map, drawn twice: the second time with blue."""
    label_maps = torch.arange(2 * 10 * 12).reshape(2, 10, 12).to(torch.uint8)
    pictures = torch.zeros(4, 3, 10, 12, dtype=torch.uint8)
    pictures[:, 0] = label_maps.repeat(2, 1, 1)
    pictures[2:, 2] = 255
    return LabelledCrops(pictures, label_maps, crop=8, seed=1)


def test_a_crop_and_its_label_map_are_of_one_place(crops: LabelledCrops) -> None:
    items = [crops[number] for number in range(40)]
    for picture, label_map in items:
        assert picture.shape == (3, 8, 8) and label_map.dtype == torch.int64
        assert torch.equal(((picture[0] + 1) * 127.5).round().long(), label_map)
    # Ten epochs of four pictures: each once an epoch, here and there, flipped or not.
    blue = [picture[2, 0, 0].item() for picture, _ in items]
    assert all(sum(blue[start : start + 4]) == 0 for start in range(0, 40, 4))
    rising = {bool(label_map[0, 1] > label_map[0, 0]) for _, label_map in items}
    corners = {int(label_map.min()) for _, label_map in items}
    assert rising == {True, False} and len(corners) > 10


def test_an_item_depends_on_its_number_and_the_seed_alone(crops: LabelledCrops) -> None:
    again = LabelledCrops(crops.pictures, crops.label_maps, crop=8, seed=1)
    other = LabelledCrops(crops.pictures, crops.label_maps, crop=8, seed=2)
    for number in (11, 3):
        assert torch.equal(again[number][0], crops[number][0])
    assert any(not torch.equal(other[n][1], crops[n][1]) for n in range(4))


def test_pictures_and_label_maps_that_do_not_go_together_are_an_error() -> None:
    pictures, label_maps = torch.zeros(2, 3, 8, 8), torch.zeros(2, 8, 8)
    with pytest.raises(ValueError, match="needs a label map of its size"):
        LabelledCrops(pictures, label_maps[:, :4], 4)
    with pytest.raises(ValueError, match="crops of 16 pixels need larger"):
        LabelledCrops(pictures, label_maps, 16)


def test_frequencies_are_shares_of_the_known_pixels() -> None:
    label_maps = torch.tensor([[[0, 0, 2], [255, 255, 0]]], dtype=torch.uint8)
    assert class_frequencies(label_maps, 4).tolist() == [0.75, 0, 0.25, 0]
