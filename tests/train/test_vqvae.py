"""The VQ-VAE trainer as it is called: both codebooks, figures, resuming, the set that it leaves."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import tyro
from PIL import Image

from vqgan_space.hub import load
from vqgan_space.models.vqvae import VQVAE
from vqgan_space.training.evaluation import relative_error

ROOT = Path(__file__).resolve().parents[2]
STARTED = ("--k-means-step", "8", "--revive-below", "0.05")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}


@pytest.fixture(autouse=True)
def on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    y, x = np.mgrid[0:16, 0:16]
    for index in range(8):
        waves = [np.sin(x / (1 + index) + c) * np.cos(y / (2 + c)) for c in range(3)]
        Image.fromarray((127 + 120 * np.stack(waves, -1)).astype(np.uint8)).save(
            folder / f"{index}.png"
        )
    return folder


def arguments(pictures: Path, out: Path, *options: str) -> list[str]:
    return f"""--data {pictures} --val {pictures} --out {out} --size 16 --hidden 16 --residual 8
        --blocks 1 --dim 8 --codes 32 --batch-size 8 --steps 40 --warmup 2 --lr 1e-2 --ema 0.9
        --evaluate-every 20 --precision no --tracker none {" ".join(options)}""".split()


def train(pictures: Path, out: Path, *options: str) -> None:
    """Run the trainer in this process, which has waited for its imports already."""
    spec = importlib.util.spec_from_file_location("train_vqvae", ROOT / "train" / "vqvae.py")
    script = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = script
    spec.loader.exec_module(script)
    with torch.random.fork_rng():
        script.main(tyro.cli(script.Options, args=arguments(pictures, out, *options)))


def history(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def whole(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    command = [sys.executable, "train/vqvae.py", *arguments(pictures, out, *STARTED)]
    subprocess.run(command, check=True, cwd=ROOT, env=ENVIRONMENT)
    return out


def test_a_run_learns_and_leaves_a_set_that_loads(whole: Path, pictures: Path) -> None:
    lines = history(whole)
    assert lines[-1]["error"] < 0.7 * lines[8]["error"]
    model = load(whole)
    assert isinstance(model, VQVAE) and model.longest == 64
    figures = json.loads((whole / "training.json").read_text())["figures"]
    assert 0 < figures["MSE over variance"] < 1 and 1 < figures["perplexity"] <= 32
    arrays = [np.array(Image.open(path)) for path in sorted(pictures.glob("*.png"))]
    images = torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2) / 127.5 - 1
    error = (model.decode_codes(model.encode_codes(images)) - images).square().mean()
    ratio = (error / images.var(correction=0)).item()
    assert ratio == pytest.approx(figures["MSE over variance"], rel=0.05)  # saved in float16
    assert relative_error(model, images.split(3)) == pytest.approx(ratio, rel=1e-4)
    assert Image.open(whole / "step-000040.png").width > 64
    card = (whole / "README.md").read_text()
    assert "A VQ-VAE" in card and "4 x 4 codes out of a codebook of 32 vectors" in card


def test_resuming_goes_on_to_the_same_loss_curve(
    pictures: Path, whole: Path, tmp_path: Path
) -> None:
    train(pictures, tmp_path, *STARTED, "--stop-after", "20")
    train(pictures, tmp_path, *STARTED, "--resume")
    found = history(tmp_path)
    assert [line["step"] for line in found] == list(range(40))
    assert [line["loss"] for line in found] == pytest.approx(
        [line["loss"] for line in history(whole)], rel=1e-3
    )


def test_the_straight_through_codebook_is_trained_too(pictures: Path, tmp_path: Path) -> None:
    train(pictures, tmp_path, "--quantizer", "straight-through", "--k-means-step", "8")
    lines = history(tmp_path)
    assert lines[-1]["error"] < 0.7 * lines[8]["error"]
    assert lines[-1]["perplexity"] > 2


def test_a_size_that_is_no_multiple_is_said(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="multiple of 4, not 30"):
        train(pictures, tmp_path, "--size", "30")
    with pytest.raises(SystemExit, match="nothing to resume"):
        train(pictures, tmp_path, "--resume")
