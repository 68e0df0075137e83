"""Scenes as data sets: shared out among readers, never twice; written to a folder; uploaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hub_server import Repos, serve_hub
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from vqgan_space.data.datasets import CenterCrops, WithScenes, find_pictures
from vqgan_space.data.labelled import draw_scenes, read_scenes
from vqgan_space.data.scenes import HELD_OUT, Scenes, SceneStream, scene
from vqgan_space.data.scenes.__main__ import main


def test_readers_of_a_stream_share_an_epoch_without_repeating() -> None:
    scenes = Scenes(11, 64, seed=2)
    seen = [
        item["picture"]
        for rank in range(2)
        for item in DataLoader(SceneStream(scenes, rank, 2), batch_size=None, num_workers=2)
    ]
    assert len(seen) == 11
    expected = {scenes[number]["picture"].numpy().tobytes() for number in range(11)}
    assert {picture.numpy().tobytes() for picture in seen} == expected and len(expected) == 11


def test_items_are_the_scenes_of_their_seeds() -> None:
    item = Scenes(3, (64, 96), first=HELD_OUT, season="winter")[2]
    same = scene(HELD_OUT + 2, (64, 96), season="winter")
    assert item["caption"] == same.caption and item["long_caption"] == same.long_caption
    assert np.array_equal(item["label_map"].numpy(), same.label_map)
    array = (item["picture"].permute(1, 2, 0).numpy() + 1) * 127.5
    assert np.abs(array - np.asarray(same.picture)).max() < 0.01


def test_the_held_out_scenes_are_pictures_to_measure_on() -> None:
    crops = CenterCrops(find_pictures("scenes", split="test"), 64)
    assert len(crops) == 256
    assert crops[0].shape == (3, 64, 64)
    with pytest.raises(IndexError):
        find_pictures("scenes", split="test")[256]


class Marked(Dataset):
    def __getitem__(self, number: int) -> Tensor:
        return torch.full((3, 64, 64), float(number))


def test_scenes_are_mixed_in_evenly_and_nothing_is_left_out() -> None:
    mixed = WithScenes(Marked(), 0.5, 64, seed=1)
    items = [mixed[number] for number in range(8)]
    pictures = [float(item[0, 0, 0]) for item in items if torch.equal(item, item[:1, :1, :1])]
    assert len(items) == 8 and sum(item.std() > 0 for item in items) == 4
    marked = [item.unique().item() for item in items if item.std() == 0]
    assert marked == [0, 1, 2, 3]
    assert not pictures or set(pictures) <= {0, 1, 2, 3}
    assert torch.equal(mixed[5], items[5])


def test_the_command_writes_a_folder_that_imagefolder_reads(tmp_path: Path) -> None:
    import datasets

    out = tmp_path / "scenes"
    command = [sys.executable, "-m", "vqgan_space.data.scenes", "--count", "3", "--size", "64"]
    subprocess.run([*command, "--season", "winter", "--out", str(out)], check=True)
    rows = [json.loads(line) for line in (out / "captions.jsonl").read_text().splitlines()]
    assert [row["seed"] for row in rows] == [0, 1, 2]
    assert all(row["attributes"]["season"] == "winter" for row in rows)
    label_map = np.asarray(Image.open(out / rows[1]["label_map_file_name"]))
    assert np.array_equal(label_map, scene(1, 64, season="winter").label_map)

    table = datasets.load_dataset("imagefolder", data_dir=str(out), split="train")
    assert len(table) == 3
    by_caption = {row["caption"]: row for row in table}
    assert by_caption[rows[2]["caption"]]["image"].size == (64, 64)


def test_several_processes_write_what_one_writes_and_it_is_read_back(tmp_path: Path) -> None:
    for workers in ("0", "2"):
        options = ["--count", "3", "--size", "64", "--workers", workers]
        main(["--out", str(tmp_path / workers), *options])
    names = ["metadata.jsonl", "captions.jsonl", "pictures/0000002.png", "label_maps/0000001.png"]
    for name in names:
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
    pictures, label_maps = read_scenes(tmp_path / "2")
    drawn, maps = draw_scenes(Scenes(3, 64, seed=0))
    assert torch.equal(pictures, drawn) and torch.equal(label_maps, maps)
    # Of a run that was cut, what its list names is there.
    (tmp_path / "2" / "pictures" / "0000003.png").write_bytes(b"half")
    assert len(read_scenes(tmp_path / "2")[0]) == 3
    assert len(read_scenes(tmp_path / "2", 2)[1]) == 2
    with pytest.raises(ValueError, match=r"no captions\.jsonl or metadata\.jsonl"):
        read_scenes(tmp_path)


def test_bad_options_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="snow lies on the ground in winter"):
        main(["--out", str(tmp_path), "--season", "summer", "--ground", "snow"])
    with pytest.raises(SystemExit, match="count must be 1 or more"):
        main(["--out", str(tmp_path), "--count", "0"])


def test_it_is_uploaded_as_a_data_set(tmp_path: Path) -> None:
    repos: Repos = {}
    with serve_hub(repos) as endpoint:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "vqgan_space.data.scenes", "--count", "1", "--size", "64"),
                *("--out", str(tmp_path / "scenes"), "--push-to-hub", "someone/scenes"),
            ],
            env=os.environ
            | {"HF_ENDPOINT": endpoint, "HF_TOKEN": "hf_right", "HF_HOME": str(tmp_path / "home")},
            capture_output=True,
            text=True,
            check=True,
        )
    assert "datasets/someone/scenes" in done.stdout
    files = repos["datasets/someone/scenes"]
    assert {"README.md", "captions.jsonl", "metadata.jsonl", "pictures/0000000.png"} <= set(files)
