"""Captioned pictures from scenes, folders and COCO's files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vqgan_space.data.caption_batches import CaptionedCrops, choose_text
from vqgan_space.data.captions import find_captions, load_captioned
from vqgan_space.data.scenes.writing import write


def picture(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 20), (value, value, value)).save(path)


def test_a_folder_of_written_scenes_has_their_pictures_and_captions(tmp_path: Path) -> None:
    write(tmp_path, 3, (64, 64), 7, {})
    read = load_captioned(tmp_path, 64)
    drawn = load_captioned("scenes", 64, count=8)
    assert read.pictures.shape == (3, 3, 64, 64)
    assert torch.equal(read.pictures[0], drawn.pictures[7])
    assert read.captions[0] == drawn.captions[7]
    short, long = read.captions[0]
    assert len(short) < len(long)


def test_held_out_scenes_are_others() -> None:
    held_out = load_captioned("scenes", 64, count=1, held_out=True)
    assert held_out.captions != load_captioned("scenes", 64, count=1).captions


def test_coco_pictures_have_all_their_captions(tmp_path: Path) -> None:
    picture(tmp_path / "val2017" / "9.jpg", 200)
    table = {
        "images": [{"id": 9, "file_name": "9.jpg"}],
        "annotations": [
            {"image_id": 9, "caption": "A white wall seen from very near. "},
            {"image_id": 9, "caption": "a wall"},
        ],
    }
    path = tmp_path / "annotations" / "captions_val2017.json"
    path.parent.mkdir()
    path.write_text(json.dumps(table))
    data = load_captioned(path, 16)
    assert data.captions == (("a wall", "A white wall seen from very near."),)
    assert data.pictures.shape == (1, 3, 16, 16)
    assert abs(int(data.pictures[0, 0, 8, 8]) - 200) <= 2


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no captions.jsonl or metadata.jsonl"):
        find_captions(tmp_path)
    table = tmp_path / "captions.jsonl"
    table.write_text('{"file_name": "a.png", "caption": "a wall"}\n')
    with pytest.raises(ValueError, match=r"not there: .*a\.png"):
        find_captions(tmp_path)
    picture(tmp_path / "a.png", 0)
    table.write_text('{"file_name": "a.png", "caption": "a wall"}\n{"file_name": "a.png"}\n')
    with pytest.raises(ValueError, match=r"Line 2 .*no caption"):
        find_captions(tmp_path)
    table.write_text("a wall\n")
    with pytest.raises(ValueError, match=r"Line 1 .* needs a file_name and a caption"):
        find_captions(tmp_path)
    table.write_text("\n")
    with pytest.raises(ValueError, match="no captioned pictures"):
        find_captions(tmp_path)


def test_crops_are_determined_by_their_number() -> None:
    data = load_captioned("scenes", 72, count=4)
    once, again = (CaptionedCrops(data, 64, seed=3) for _ in range(2))
    for number in (0, 5, 11):
        assert torch.equal(once[number]["picture"], again[number]["picture"])  # type: ignore[arg-type]
        assert once[number]["text"] == again[number]["text"]
    assert once[0]["picture"].shape == (3, 64, 64)  # type: ignore[union-attr]
    epoch = {str(once[number]["text"]) for number in range(4)}
    assert len(epoch) == 4, "every picture once an epoch"


def test_texts_are_captions_or_sentences_of_theirs() -> None:
    captions = ("a wall", "A white wall. It is near.")
    random = np.random.default_rng(0)
    drawn = {choose_text(captions, random) for _ in range(200)}
    assert drawn == {
        "a wall",
        "A white wall. It is near.",
        "A white wall.",
        "It is near.",
        "a wall. A white wall. It is near",
    }
