"""Label maps to train from: where they come from, and the squares that are cut out of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vqgan_space.data.label_maps import LabelCrops, find_label_maps
from vqgan_space.data.labels import COCO_STUFF, NO_CLASS
from vqgan_space.data.scenes import scene


def quarters() -> np.ndarray:
    """Four classes, a quarter of the map each, and a corner without a class."""
    label_map = np.array([[3, 70], [70, 181]], np.uint8).repeat(32, 0).repeat(32, 1)
    label_map[:8, :8] = NO_CLASS
    return label_map


def test_scenes_are_those_that_are_drawn() -> None:
    from vqgan_space.data.scenes.dataset import HELD_OUT, SPAN

    (trained,) = find_label_maps("scenes", COCO_STUFF, count=1, size=64, seed=3)
    assert np.array_equal(trained, scene(3 * SPAN, 64).label_map)
    (held_out,) = find_label_maps("scenes", COCO_STUFF, count=1, size=64, seed=3, held_out=True)
    assert np.array_equal(held_out, scene(HELD_OUT, 64).label_map)


def test_a_folder_gives_its_label_maps_and_leaves_photographs_out(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    Image.fromarray(quarters()).save(tmp_path / "deeper" / "one.png")
    Image.new("RGB", (20, 20), "red").save(tmp_path / "photo.jpg")
    (found,) = find_label_maps(tmp_path, COCO_STUFF)
    assert np.array_equal(found, quarters())
    with pytest.raises(ValueError, match="no label maps"):
        find_label_maps(tmp_path / "nowhere", COCO_STUFF)


def test_squares_are_determined_by_their_number() -> None:
    maps = [quarters(), quarters().T.copy(), quarters()[:, ::-1]]
    first = LabelCrops(maps, 16, random_ids=0.5, seed=1)
    again = LabelCrops(maps, 16, random_ids=0.5, seed=1)
    numbers = (0, 1, 5, 7, 31)
    assert all(torch.equal(first[n], again[n]) for n in reversed(numbers))
    assert any(not torch.equal(first[n], LabelCrops(maps, 16, seed=2)[n]) for n in numbers)
    assert first[0].shape == (16, 16) and first[0].dtype == torch.int64


def test_nothing_between_two_classes_appears() -> None:
    crops = LabelCrops([quarters()], 48, scale=(0.3, 1.0))
    for number in range(20):
        assert set(crops[number].unique().tolist()) <= {3, 70, 181, NO_CLASS}


def test_exchanged_classes_keep_the_shapes() -> None:
    plain = LabelCrops([quarters()], 32, scale=(1.0, 1.0))
    exchanged = LabelCrops([quarters()], 32, scale=(1.0, 1.0), random_ids=1.0)
    seen = set()
    for number in range(40):
        before, after = plain[number], exchanged[number]
        pairs = set(zip(before.flatten().tolist(), after.flatten().tolist(), strict=True))
        assert len(pairs) == len(before.unique())  # one to one
        assert (NO_CLASS, NO_CLASS) in pairs
        seen |= set(after.unique().tolist())
    assert len(seen) > 60 and max(seen - {NO_CLASS}) < 182


def test_no_label_maps_are_an_error() -> None:
    with pytest.raises(ValueError, match="no label maps"):
        LabelCrops([], 32)
