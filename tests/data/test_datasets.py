"""Where pictures come from, and that a number alone determines a crop."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from vqgan_space.data.datasets import CenterCrops, Numbers, RandomCrops, decode, find_pictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    (tmp_path / "deeper").mkdir()
    for index in range(5):
        array = rng.integers(0, 255, (40, 60, 3), dtype=np.uint8)
        Image.fromarray(array).save(tmp_path / "deeper" / f"{index}.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    return tmp_path


def test_a_folder_is_searched_at_any_depth(folder: Path) -> None:
    pictures = find_pictures(folder)
    assert len(pictures) == 5
    assert decode(pictures[0]).size == (60, 40)


def test_parquet_in_the_hubs_column_layout(tmp_path: Path) -> None:
    import datasets

    buffer = io.BytesIO()
    Image.new("RGB", (20, 20), (10, 200, 30)).save(buffer, "PNG")
    rows = {"img": [{"bytes": buffer.getvalue(), "path": None}] * 3, "label": [0, 1, 2]}
    datasets.Dataset.from_dict(rows).to_parquet(tmp_path / "train.parquet")
    for source in (tmp_path, tmp_path / "train.parquet"):
        pictures = find_pictures(source)
        assert len(pictures) == 3
        assert decode(pictures[2]).getpixel((3, 3)) == (10, 200, 30)
    with pytest.raises(ValueError, match="name one of"):
        find_pictures(tmp_path, column="photo")


def test_cifar10s_own_file(shared: Path) -> None:
    pictures = find_pictures(shared / "data" / "cifar10" / "test-00000-of-00001.parquet")
    assert len(pictures) == 5000
    assert decode(pictures[0]).size == (32, 32)


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no pictures and no parquet files"):
        find_pictures(tmp_path)


def test_crops_do_not_depend_on_workers_and_cover_an_epoch(folder: Path) -> None:
    crops = RandomCrops(find_pictures(folder), size=16, seed=3)
    alone = torch.stack([crops[n] for n in range(10)])
    sampler = Numbers(0, 10)
    with_workers = torch.cat(list(DataLoader(crops, 2, sampler=sampler, num_workers=2)))
    assert torch.equal(alone, with_workers)
    resumed = torch.cat(list(DataLoader(crops, 2, sampler=Numbers(4, 10))))
    assert torch.equal(alone[4:], resumed)
    assert alone.shape == (10, 3, 16, 16) and -1 <= alone.min() < alone.max() <= 1
    assert not torch.equal(
        alone, torch.stack([RandomCrops(crops.pictures, 16, seed=4)[n] for n in range(10)])
    )


def test_vivid_crops_are_more_colourful_and_as_bright(folder: Path) -> None:
    pictures = find_pictures(folder)
    plain, vivid = RandomCrops(pictures, 16), RandomCrops(pictures, 16, vivid=1.0)
    a, b = (torch.stack([crops[n] for n in range(10)]) for crops in (plain, vivid))
    assert b.std(dim=1).mean() > 1.2 * a.std(dim=1).mean()
    assert (b.mean(dim=1) - a.mean(dim=1)).abs().mean() < 0.1
    assert b.abs().max() <= 1


def test_every_picture_comes_once_an_epoch(tmp_path: Path) -> None:
    for shade in range(6):
        Image.new("RGB", (32, 32), (shade * 40,) * 3).save(tmp_path / f"{shade}.png")
    crops = RandomCrops(find_pictures(tmp_path), size=8)
    for epoch in range(3):
        means = {round(crops[epoch * 6 + n].mean().item(), 2) for n in range(6)}
        assert len(means) == 6


def test_center_crops_keep_the_middle(tmp_path: Path) -> None:
    picture = Image.new("RGB", (90, 30), (255, 0, 0))
    picture.paste((0, 255, 0), (30, 0, 60, 30))
    picture.save(tmp_path / "flag.png")
    crop = CenterCrops(find_pictures(tmp_path), 24)[0]
    assert crop.shape == (3, 24, 24)
    assert crop[1].mean() > 0.98 and crop[0].mean() < -0.98
