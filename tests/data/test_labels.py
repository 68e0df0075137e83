"""Names and palettes of the classes, and label maps to pictures and back."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from vqgan_space.data import labels
from vqgan_space.data.labels import ADE20K, CAMVID, COCO_STUFF, LabelSet
from vqgan_space.data.scenes import ids

SETS = {
    "label_maps/sflckr": COCO_STUFF,
    "label_maps/coco": COCO_STUFF,
    "label_maps/ade20k": ADE20K,
    "camvid/val": CAMVID,
}


def spread(label_set: LabelSet) -> np.ndarray:
    """Every id of a set and its unlabeled one, in blocks of 4 x 4 pixels (H, W)."""
    every = np.append(np.arange(len(label_set)), label_set.unlabeled).astype(np.uint8)
    return np.kron(every.reshape(1, -1), np.ones((4, 4), np.uint8))


def test_ids_are_those_of_the_data_sets() -> None:
    assert (len(COCO_STUFF), len(ADE20K), len(CAMVID)) == (182, 151, 12)
    assert (COCO_STUFF.unlabeled, ADE20K.unlabeled, CAMVID.unlabeled) == (255, 0, 11)
    # The unused ids keep their places, so every later one is the same as in the label maps.
    for name, index in {"person": 0, "street sign": 11, "hair brush": 90, "wood": 181}.items():
        assert COCO_STUFF.id(name) == index
    for name, index in {"wall": 1, "sky": 3, "lake": 129, "flag": 150}.items():
        assert ADE20K.id(name) == index
    assert CAMVID.id("sign") == 6
    assert COCO_STUFF.id("sky-other") == ids.SKY and COCO_STUFF.id("water-other") == ids.LAKE
    drawn = {COCO_STUFF.names[index] for index in ids.DRAWN}
    assert {"boat", "clouds", "flower", "mountain", "rock", "snow", "tree"} <= drawn


@pytest.mark.parametrize("label_set", [COCO_STUFF, ADE20K, CAMVID])
def test_every_class_has_a_name_and_a_colour_of_its_own(label_set: LabelSet) -> None:
    assert len(set(label_set.names)) == len(label_set)
    colours = {label_set.colour_of(index) for index in (*range(len(label_set)), 255)}
    assert len(colours) == len(label_set) + (label_set.unlabeled == 255)
    assert label_set.colour_of(label_set.unlabeled) == (0, 0, 0)


def test_published_palettes() -> None:
    assert ADE20K.colour_of(ADE20K.id("building")) == (180, 120, 120)
    assert ADE20K.colour_of(ADE20K.id("flag")) == (92, 0, 255)
    assert CAMVID.colour_of(CAMVID.id("road")) == (128, 64, 128)


def test_an_unknown_name_and_an_unknown_id_are_refused() -> None:
    with pytest.raises(ValueError, match="COCO-Stuff has no class 'sky': is it sky-other"):
        COCO_STUFF.id("sky")
    with pytest.raises(ValueError, match="no id 182: ids are 0 to 181, or 255"):
        COCO_STUFF.colour_of(182)
    with pytest.raises(ValueError, match="ADE20K has no id 200"):
        labels.to_picture(np.full((2, 2), 200, np.uint8), ADE20K)
    with pytest.raises(ValueError, match="CamVid has no id 12"):
        labels.from_picture(Image.new("L", (3, 3), 12), CAMVID)


@pytest.mark.parametrize("folder", SETS)
def test_real_label_maps_load_show_and_come_back(shared: Path, folder: str, tmp_path: Path) -> None:
    label_set = SETS[folder]
    files = sorted((shared / "data" / folder / "labels").iterdir())[:8]
    assert files
    for file in files:
        label_map = labels.load_label_map(file, label_set)
        assert label_map.dtype == np.uint8 and len(np.unique(label_map)) > 1
        assert np.array_equal(label_map, np.asarray(Image.open(file)))
        picture = labels.to_picture(torch.from_numpy(label_map), label_set)
        picture.save(tmp_path / "colours.png")
        assert np.array_equal(labels.load_label_map(tmp_path / "colours.png", label_set), label_map)


def test_real_classes_are_what_photographs_show(shared: Path) -> None:
    """Sky lies above, grass and sand below, and plants are green."""
    folder = shared / "data" / "label_maps" / "sflckr"
    heights = {"sky-other": [], "grass": [], "sand": []}  # type: dict[str, list[float]]
    greener = []
    for file in sorted((folder / "labels").iterdir()):
        label_map = labels.load_label_map(file, COCO_STUFF)
        for name, found in heights.items():
            rows = np.nonzero(label_map == COCO_STUFF.id(name))[0]
            found.extend(rows / len(label_map))
        photo = Image.open(next((folder / "images").glob(f"{file.stem}.*"))).convert("RGB")
        pixels = np.asarray(photo.resize(label_map.shape[::-1])).astype(int)
        plants = pixels[np.isin(label_map, [COCO_STUFF.id("grass"), COCO_STUFF.id("tree")])]
        greener.extend(plants[:, 1] - plants[:, 2])
    assert np.mean(heights["sky-other"]) < 0.4
    assert min(np.mean(heights["grass"]), np.mean(heights["sand"])) > 0.6
    assert np.mean(greener) > 15


@pytest.mark.parametrize("label_set", [COCO_STUFF, ADE20K, CAMVID])
def test_every_class_comes_back_from_its_colour(label_set: LabelSet) -> None:
    label_map = spread(label_set)
    assert np.array_equal(
        labels.from_picture(labels.to_picture(label_map, label_set), label_set), label_map
    )


def test_soft_brush_edges_make_no_third_class() -> None:
    """Between sky blue and sand lie the colours of fog, stone, walls and others."""
    sky, sand = COCO_STUFF.id("sky-other"), COCO_STUFF.id("sand")
    large = Image.new("RGB", (400, 400), COCO_STUFF.colour_of(sky))
    ImageDraw.Draw(large).ellipse((90, 130, 310, 350), fill=COCO_STUFF.colour_of(sand))
    soft = large.resize((80, 80), Image.Resampling.BICUBIC)
    assert len(np.unique(np.asarray(soft).reshape(-1, 3), axis=0)) > 20
    painted = labels.from_picture(soft, COCO_STUFF)
    # A mixture may by chance be exactly another class's colour.
    assert np.mean(np.isin(painted, [sky, sand])) > 0.999
    hard = labels.from_picture(large, COCO_STUFF)
    assert np.mean(labels.resize(hard, (80, 80)) == painted) > 0.99

    encoded = io.BytesIO()
    soft.save(encoded, "JPEG", quality=80)
    decoded = labels.from_picture(Image.open(encoded), COCO_STUFF)
    assert np.mean(np.isin(decoded, [sky, sand])) > 0.999


def test_a_picture_with_none_of_the_colours_takes_the_nearest() -> None:
    red, green, blue = COCO_STUFF.colour_of(COCO_STUFF.id("sea"))
    picture = Image.new("RGB", (6, 4), (red + 5, green - 5, blue + 5))
    found = labels.from_picture(picture, COCO_STUFF, tolerance=0)
    assert found.shape == (4, 6) and (found == COCO_STUFF.id("sea")).all()


def test_grey_values_and_palette_indices_are_ids() -> None:
    label_map = spread(COCO_STUFF)
    grey = Image.fromarray(label_map)
    indexed = Image.fromarray(label_map)
    indexed.putpalette(COCO_STUFF.colours[::-1].tobytes())
    for picture in (grey, indexed):
        assert np.array_equal(labels.load_label_map(picture, COCO_STUFF), label_map)


def test_transparent_pixels_have_no_class() -> None:
    picture = Image.new("RGBA", (8, 8), (*COCO_STUFF.colour_of(123), 255))
    picture.paste((200, 10, 10, 0), (0, 0, 8, 3))
    for label_set, label in ((COCO_STUFF, 123), (ADE20K, None)):
        found = labels.from_picture(picture, label_set)
        assert (found[:3] == label_set.unlabeled).all()
        assert label is None or (found[3:] == label).all()


def test_files_that_are_no_label_maps_are_named(tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("not a picture")
    for name in ("notes.png", "nowhere.png"):
        with pytest.raises(ValueError, match=rf"^No label map can be read from {name}"):
            labels.load_label_map(tmp_path / name, COCO_STUFF)


def test_one_hot_leaves_unlabeled_pixels_at_zero() -> None:
    label_maps = torch.tensor([[[0, 3], [255, 1]], [[2, 2], [3, 255]]], dtype=torch.uint8)
    channels = labels.one_hot(label_maps, 4)
    assert channels.shape == (2, 4, 2, 2) and channels.dtype == torch.float32
    assert torch.equal(channels.sum(1), (label_maps != 255).float())
    known = label_maps != 255
    assert torch.equal(channels.argmax(1)[known], label_maps[known].long())
    with pytest.raises(ValueError, match="id 3 is out of range: there are 3 classes"):
        labels.one_hot(label_maps, 3)


@pytest.mark.parametrize("size", [(3, 5), (40, 24)])
def test_resizing_keeps_ids_and_places(size: tuple[int, int]) -> None:
    label_map = np.zeros((20, 12), np.uint8)
    label_map[10:] = 154
    small = labels.resize(label_map, size)
    assert small.shape == size and set(np.unique(small)) == {0, 154}
    assert abs(np.mean(small == 154) - 0.5) < 0.2
    batch = torch.from_numpy(np.stack([label_map, label_map]))
    assert torch.equal(labels.resize(batch, size)[1], torch.from_numpy(small))
