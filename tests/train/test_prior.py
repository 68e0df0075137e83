"""The prior's trainer as it is called, from encoded pictures to a set that samples."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.running import history, run
from vqgan_space.data.codes import CodesData, CodesInfo
from vqgan_space.hub import load, load_synthesizer
from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.models.sizes import LABEL_VQGAN_SIZES, VQGAN_SIZES
from vqgan_space.models.vqgan import VQGAN
from vqgan_space.training.prior_set import build_prior


@pytest.fixture(scope="module", autouse=True)
def on_the_processor() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCELERATE_USE_CPU", "true")
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures in two classes with label maps, and untrained models that make codes of them."""
    folder = tmp_path_factory.mktemp("prior")
    (folder / "labels").mkdir()
    for name, colour in (("red", (220, 40, 30)), ("blue", (20, 60, 200))):
        (folder / "pictures" / name).mkdir(parents=True)
        for index in range(4):
            picture = np.full((32, 32, 3), 255, np.uint8)
            picture[4 * index :, 4:] = colour
            stem = f"{name}-{index}"
            Image.fromarray(picture).save(folder / "pictures" / name / f"{stem}.png")
            label_map = np.where(picture[..., 1] == 255, 105, 95).astype(np.uint8)
            Image.fromarray(label_map).save(folder / "labels" / f"{stem}.png")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        vqgan = VQGAN(**VQGAN_SIZES["tiny"])
        labels = LabelVQGAN(in_channels=182, out_channels=182, **LABEL_VQGAN_SIZES["tiny"])
        for model, name in ((vqgan, "vqgan"), (labels, "label_vqgan")):
            torch.nn.init.normal_(model.codebook, std=0.5)
            model.save_pretrained(folder / "models" / name)
    encode(folder, "labels", "--condition", "labels", "--label-maps", str(folder / "labels"))
    encode(folder, "class", "--condition", "class")
    encode(folder, "none")
    return folder


def encode(folder: Path, name: str, *options: str) -> None:
    models = folder / "models"
    given = f"""--data {folder / "pictures"} --out {folder / "codes" / name} --vqgan {models}
        --label-vqgan {models} --size 32 --batch-size 3 --shard 5 --workers 0"""
    run("encode", [*given.split(), *options])


def train(folder: Path, data: str, out: Path, *options: str) -> None:
    codes = folder / "codes" / data
    given = f"""--data {codes} --val {codes} --out {out} --size tiny --label-vqgan
        {folder / "models"} --batch-size 8 --steps 60 --warmup 2 --lr 1e-2 --ema 0.8 --smoothing 0
        --evaluate-every 30 --samples 2 --precision no --tracker none"""
    run("prior", [*given.split(), *options])


def nll(out: Path) -> float:
    return json.loads((out / "training.json").read_text())["figures"]["NLL"]


def test_codes_are_those_of_the_models(folder: Path) -> None:
    data = CodesData(folder / "codes" / "labels")
    assert data.info.condition == "grid" and data.info.grid == (4, 4) and len(data) == 8
    first = sorted((folder / "pictures").rglob("*.png"))[0]
    picture = torch.from_numpy(np.array(Image.open(first))).permute(2, 0, 1)[None] / 127.5 - 1
    assert torch.equal(load(folder / "models").encode_codes(picture)[0], data.codes[0])
    labels = LabelVQGAN.from_pretrained(folder / "models" / "label_vqgan").eval()
    label_map = torch.from_numpy(np.array(Image.open(folder / "labels" / first.name)))[None]
    assert data.condition is not None
    assert torch.equal(labels.encode_codes(label_map.long())[0], data.condition[0])
    classes = CodesData(folder / "codes" / "class").condition
    assert data.info.seen == (95, 105) and CodesData(folder / "codes" / "none").info.seen is None
    assert classes is not None and classes.tolist() == [0] * 4 + [1] * 4


def test_encoding_again_keeps_what_is_there(folder: Path) -> None:
    out = folder / "codes" / "none"
    shards = sorted(out.glob("shard-*"))
    before = [path.stat().st_mtime_ns for path in shards]
    assert len(shards) == 2
    encode(folder, "none")
    assert [path.stat().st_mtime_ns for path in shards] == before
    shards[1].unlink()
    with pytest.raises(ValueError, match="the codes of 5 pictures, not of all 8"):
        CodesData(out)
    encode(folder, "none")
    assert len(CodesData(out)) == 8
    with pytest.raises(ValueError, match="other options"):
        encode(folder, "none", "--flip")


def test_folders_without_codes_are_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no finished codes"):
        CodesData(tmp_path)


@pytest.fixture(scope="module")
def masked(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("masked")
    train(folder, "labels", out)
    return out


def test_a_masked_prior_learns_and_its_set_samples(masked: Path, folder: Path) -> None:
    assert nll(masked) < 2.0  # log(64) is 4.2
    synthesizer = load_synthesizer(masked)
    assert synthesizer.is_masked
    assert json.loads((masked / "synthesizer.json").read_text())["classes"] == [95, 105]
    label_map = np.array(Image.open(folder / "labels" / "red-0.png"))
    codes = synthesizer.sample(torch.from_numpy(label_map)[None].long(), seed=1)
    assert codes.shape == (1, 4, 4)
    assert synthesizer.decode(codes).shape == (1, 3, 32, 32)
    assert Image.open(masked / "samples" / "held-out.png").height > 90
    assert "A masked prior" in (masked / "README.md").read_text()


def test_resuming_goes_on_to_the_same_loss_curve(
    folder: Path, masked: Path, tmp_path: Path
) -> None:
    train(folder, "labels", tmp_path, "--stop-after", "30")
    train(folder, "labels", tmp_path, "--resume")
    found = history(tmp_path)
    assert [line["step"] for line in found] == list(range(60))
    assert [line["loss"] for line in found] == pytest.approx(
        [line["loss"] for line in history(masked)], rel=1e-3
    )


def test_a_masked_prior_goes_on_over_the_codes_of_another_vqgan(
    folder: Path, masked: Path, tmp_path: Path
) -> None:
    """One whose codes have other numbers."""
    shutil.copytree(folder / "models", tmp_path / "models")
    shutil.copytree(folder / "labels", tmp_path / "labels")
    shutil.copytree(folder / "pictures", tmp_path / "pictures")
    vqgan = VQGAN.from_pretrained(tmp_path / "models", subfolder="vqgan")
    vqgan.codebook.data = vqgan.codebook.data.flip(0)
    vqgan.save_pretrained(tmp_path / "models" / "vqgan")
    given = ["--condition", "labels", "--label-maps", str(tmp_path / "labels")]
    encode(tmp_path, "labels", *given)
    still = ["--start-from", str(masked), "--lr", "0", "--stop-after", "1", "--samples", "0"]
    train(tmp_path, "labels", tmp_path / "untold", *still)
    old = ["--old-codes", str(folder / "codes" / "labels")]
    train(tmp_path, "labels", tmp_path / "told", *still, *old)
    # Of so few pictures the smoothed frequencies cost a little.
    assert nll(tmp_path / "told") == pytest.approx(nll(masked), abs=0.2)
    assert nll(tmp_path / "untold") > 2 * nll(masked)
    for wrong in ([], ["--start-from", str(masked), "--architecture", "causal"]):
        with pytest.raises(SystemExit, match="--old-codes needs --start-from"):
            train(tmp_path, "labels", tmp_path / "wrong", *wrong, *old)


def test_a_causal_prior_of_classes_learns_and_its_set_samples(folder: Path, tmp_path: Path) -> None:
    train(folder, "class", tmp_path, "--architecture", "causal", "--pkeep", "0.9")
    assert nll(tmp_path) < 2.5
    synthesizer = load_synthesizer(tmp_path)
    assert not synthesizer.is_masked and synthesizer.window == (4, 4)
    assert synthesizer.sample(torch.tensor([0, 1]), seed=3).shape == (2, 4, 4)


def test_pixelsnail_is_trained_on_the_same_codes(folder: Path, tmp_path: Path) -> None:
    train(folder, "none", tmp_path, "--architecture", "pixelsnail", "--lr", "3e-3")
    assert nll(tmp_path) < 3.0


def test_a_missing_label_map_model_is_said(folder: Path, tmp_path: Path) -> None:
    codes = folder / "codes" / "labels"
    arguments = f"--data {codes} --val {codes} --out {tmp_path} --precision no --tracker none"
    with pytest.raises(ValueError, match="--label-vqgan"):
        run("prior", arguments.split())


@pytest.mark.parametrize("size", ["small", "medium"])
def test_pixelsnail_is_as_large_as_the_transformer(size: str) -> None:
    info = CodesInfo("", 1024, "grid", (16, 16), 1, num_conditions=2048)
    causal, baseline = (
        sum(p.numel() for p in build_prior(kind, info, size=size).parameters())
        for kind in ("causal", "pixelsnail")
    )
    assert baseline == pytest.approx(causal, rel=0.05)
