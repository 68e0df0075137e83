"""The label-map VQGAN's trainer as it is called: both losses, resuming, the set that it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.running import history, run
from vqgan_space.models.label_details import coarse
from vqgan_space.models.label_vqgan import LabelVQGAN


@pytest.fixture(autouse=True)
def on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Streets: CamVid ids in bands of different heights."""
    folder = tmp_path_factory.mktemp("maps")
    for index in range(6):
        label_map = np.zeros((40, 48), np.uint8)
        label_map[10 + index :] = 1
        label_map[24 + index :, : 20 + 2 * index] = 3
        Image.fromarray(label_map).save(folder / f"{index}.png")
    return folder


def train(maps: Path, out: Path, *options: str) -> None:
    given = f"""--data {maps} --val {maps} --out {out} --size tiny --label-set camvid
        --random-ids 0 --crop 32 --scale 0.8 1.0 --val-size 32 --batch-size 4 --steps 60 --warmup 2
        --lr 1e-2 --ema 0.9 --k-means-step 10 --revive-below 0 --evaluate-every 30 --workers 0
        --precision no --tracker none {" ".join(options)}"""
    run("label_vqgan", given.split())


@pytest.fixture(scope="module")
def whole(maps: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCELERATE_USE_CPU", "true")
        train(maps, out)
    return out


def test_a_run_learns_and_leaves_a_set_that_loads(whole: Path, maps: Path) -> None:
    figures = json.loads((whole / "training.json").read_text())["figures"]
    assert figures[f"{maps.name}: pixel accuracy"] > 0.7  # the largest class has half
    model = LabelVQGAN.from_pretrained(whole, subfolder="label_vqgan").eval()
    assert model.num_classes == 12
    label_map = torch.from_numpy(np.array(Image.open(maps / "0.png")))[None, :, :40].long()
    with torch.inference_mode():
        codes = model.encode_codes(label_map)
        assert codes.shape == (1, 5, 5)
        assert (model.label_maps(codes) == label_map).float().mean() > 0.7
    card = (whole / "README.md").read_text()
    assert "12 classes" in card and "LabelVQGAN.from_pretrained" in card
    assert Image.open(whole / "step-000060.png").width > 200


def test_resuming_goes_on_to_the_same_loss_curve(maps: Path, whole: Path, tmp_path: Path) -> None:
    train(maps, tmp_path, "--stop-after", "30")
    train(maps, tmp_path, "--resume")
    found = history(tmp_path)
    assert [line["step"] for line in found] == list(range(60))
    assert [line["loss"] for line in found] == pytest.approx(
        [line["loss"] for line in history(whole)], rel=1e-3
    )


def test_tamings_binary_loss_is_trained_too(maps: Path, tmp_path: Path) -> None:
    train(maps, tmp_path, "--loss", "binary", "--quantizer", "straight-through")
    lines = history(tmp_path)
    assert lines[-1]["error"] < 0.5 * lines[0]["error"]
    assert lines[-1]["accuracy"] > 0.6


def test_a_size_that_there_is_not_is_said(maps: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="'f32' is not one of f16"):
        train(maps, tmp_path, "--size", "f32")


def test_a_smaller_decoder_learns_the_codes_that_stay(
    whole: Path, maps: Path, tmp_path: Path
) -> None:
    fresh = ["--decoder-channels", "4", "8", "8", "8", "--k-means-step", "0"]
    train(maps, tmp_path, "--start-from", str(whole), *fresh)
    before = LabelVQGAN.from_pretrained(whole, subfolder="label_vqgan")
    after = LabelVQGAN.from_pretrained(tmp_path, subfolder="label_vqgan")
    label_maps = torch.randint(12, (2, 32, 32))
    assert torch.equal(before.encode_codes(label_maps), after.encode_codes(label_maps))
    sizes = [sum(p.numel() for p in model.decoder.parameters()) for model in (before, after)]
    assert sizes[1] < 0.7 * sizes[0]
    lines = history(tmp_path)
    assert lines[-1]["error"] < 0.7 * lines[0]["error"]
    with pytest.raises(SystemExit, match="--start-from"):
        train(maps, tmp_path, *fresh)


def test_details_are_added_to_codes_that_stay(whole: Path, maps: Path, tmp_path: Path) -> None:
    finer = ["--detail-codes", "12", "--steps", "150"]
    train(maps, tmp_path / "first", "--start-from", str(whole), *finer)
    before = LabelVQGAN.from_pretrained(whole, subfolder="label_vqgan").eval()
    after = LabelVQGAN.from_pretrained(tmp_path / "first", subfolder="label_vqgan").eval()
    label_maps = torch.stack(
        [torch.from_numpy(np.array(Image.open(path))) for path in sorted(maps.glob("*.png"))]
    )[:, :, :40].long()
    with torch.inference_mode():
        codes = after.encode_codes(label_maps)
        assert torch.equal(coarse(codes), before.encode_codes(label_maps))
        with_them, without = (
            (after.label_maps(each) == label_maps).float().mean() for each in (codes, coarse(codes))
        )
    assert with_them > without > 0.5
    train(maps, tmp_path / "second", "--start-from", str(tmp_path / "first"))
    lines = [history(tmp_path / name) for name in ("first", "second")]
    assert lines[1][5]["error"] < lines[0][5]["error"]
    assert "four of 12 patterns" in (tmp_path / "second" / "README.md").read_text()
    # Where it started is not told to those who load it.
    assert str(tmp_path) not in (tmp_path / "second" / "label_vqgan" / "config.json").read_text()
    with pytest.raises(SystemExit, match="--start-from"):
        train(maps, tmp_path / "third", *finer)
    with pytest.raises(SystemExit, match="--loss classes alone"):
        train(maps, tmp_path / "third", "--start-from", str(tmp_path / "first"), "--loss", "binary")
    with pytest.raises(SystemExit, match="has details already"):
        train(maps, tmp_path / "third", "--start-from", str(tmp_path / "first"), *finer)
