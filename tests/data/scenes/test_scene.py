"""A scene is what its seed and its wishes say, at every size, in picture, labels and words."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vqgan_space.data.labels import COCO_STUFF
from vqgan_space.data.scenes import batch, ids, scene
from vqgan_space.data.scenes.attributes import Attributes, draw_attributes
from vqgan_space.data.scenes.draw import Painter, finish
from vqgan_space.data.scenes.standing import LABELS

GOLDEN = Path(__file__).with_name("golden.json")


def thumbnail(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.resize((8, 8), Image.Resampling.BOX), np.int16)


@pytest.mark.parametrize("golden", json.loads(GOLDEN.read_text()), ids=lambda g: str(g["seed"]))
def test_seeds_keep_drawing_what_they_drew(golden: dict) -> None:
    found = scene(golden["seed"], 64)
    assert found.attributes.to_dict() == golden["attributes"]
    assert found.caption == golden["caption"]
    assert found.long_caption == golden["long_caption"]
    # Means over 8 x 8 pixels: another processor rounds single pixels in another way.
    difference = np.abs(thumbnail(found.picture) - np.asarray(golden["thumbnail"]))
    assert difference.max() <= 2
    shares = np.bincount(found.label_map.ravel(), minlength=256) / found.label_map.size
    for name, share in golden["labels"].items():
        assert shares[COCO_STUFF.id(name)] == pytest.approx(share, abs=0.004)


def test_a_scene_is_the_same_alone_in_a_batch_and_again() -> None:
    alone = scene(12, 96)
    together = batch([3, 12, 7], 96)
    assert np.array_equal(np.asarray(alone.picture), together.pictures[1])
    assert np.array_equal(alone.label_map, together.label_maps[1])
    assert alone.caption == together.captions[1]
    pictures, label_maps = together.tensors()
    assert pictures.shape == (3, 3, 96, 96) and label_maps.shape == (3, 96, 96)
    assert pictures.min() >= -1 and pictures.max() <= 1
    assert not np.array_equal(together.pictures[0], together.pictures[1])


def test_a_larger_size_is_the_same_scene_only_finer() -> None:
    likeness, agreement = [], []
    for seed in range(10):
        small, large = scene(seed, 128), scene(seed, 384)
        shrunk = np.asarray(large.picture.resize((128, 128), Image.Resampling.BOX), np.float32)
        error = ((np.asarray(small.picture, np.float32) - shrunk) ** 2).mean()
        likeness.append(10 * np.log10(255**2 / error))
        agreement.append((small.label_map == large.label_map[1::3, 1::3]).mean())
    assert np.mean(likeness) > 24
    assert np.mean(agreement) > 0.96


def test_a_panorama_is_as_wide_as_it_is_asked_to_be() -> None:
    found = scene(5, (128, 512))
    assert found.picture.size == (512, 128)
    assert found.label_map.shape == (128, 512)
    halves = np.asarray(found.picture)[:, :256], np.asarray(found.picture)[:, 256:]
    assert not np.array_equal(*halves)


@pytest.mark.parametrize("size", [63, 513, (128, 4096), (32, 128)])
def test_sizes_out_of_range_are_refused(size: int | tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="64 to 512 pixels high"):
        scene(0, size)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        scene(-1)


def test_every_class_appears_and_no_pixel_is_unlabeled() -> None:
    seen: set[int] = set()
    for seed in range(250):
        seen |= set(np.unique(scene(seed, 64).label_map).tolist())
    assert seen == set(ids.DRAWN)


def test_what_the_attributes_name_is_in_the_label_map() -> None:
    missing = []
    for seed in range(150):
        attributes = draw_attributes(seed)
        labels = Painter(seed, attributes, 128, 128).paint().labels
        wanted = {name: LABELS[name] for name in attributes.objects if name in LABELS}
        more = {"road": ids.ROAD, "fence": ids.FENCE, "bridge": ids.BRIDGE, "birds": ids.BIRD}
        wanted |= {name: more[name] for name in attributes.objects if name in more}
        if "flowers" in attributes.objects:
            wanted["flowers"] = ids.FLOWER
        if attributes.water != "none":
            water = {"lake": ids.LAKE, "river": ids.RIVER, "sea": ids.SEA}
            wanted[attributes.water] = water[attributes.water]
        if attributes.forest != "none":
            wanted["forest"] = ids.TREE
        missing += [(seed, name) for name, label in wanted.items() if not (labels == label).any()]
    assert not missing


@pytest.mark.parametrize("name", ["house", "rowing boat", "rock", "birds"])
def test_taking_an_object_away_changes_picture_and_labels_in_one_place(name: str) -> None:
    label = LABELS.get(name, ids.BIRD)
    attributes = Attributes(
        season="summer", time="noon", weather="clear", relief="mountains", ground="meadow",
        water="lake", frozen=False, forest="spruce", objects=frozenset({name}),
    )  # fmt: skip
    without = replace(attributes, objects=frozenset())
    there, gone = (Painter(3, a, 192, 192).paint() for a in (attributes, without))
    changed = np.abs(finish(there) - finish(gone)).max(0) > 0.02
    is_there = there.labels == label
    assert is_there.any() and not (gone.labels == label).any()
    assert changed[is_there].mean() > 0.9
    # Beside its shadow or its mirrored picture, the rest stays as it was.
    rows, columns = np.nonzero(is_there)
    around = np.zeros_like(is_there)
    reach = 40
    around[
        max(rows.min() - reach, 0) : rows.max() + reach,
        max(columns.min() - reach, 0) : columns.max() + reach,
    ] = True
    assert not changed[~around].any()
    assert np.array_equal(there.labels[~around], gone.labels[~around])
