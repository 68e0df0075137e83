"""The VQGAN trainer as it is called: figures, resuming, several processes, stopping at a NaN."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from vqgan_space.data.scenes.writing import write

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    y, x = np.mgrid[0:48, 0:48]
    for index in range(6):
        waves = [
            np.sin(x / (2 + index) + channel) * np.cos(y / (3 + channel)) for channel in range(3)
        ]
        array = (127 + 120 * np.stack(waves, -1)).astype(np.uint8)
        Image.fromarray(array).save(folder / f"{index}.png")
    return folder


def train(pictures: Path, out: Path, *options: str, processes: int = 1) -> str:
    """Run the script; its output. A tiny model, everything but the perceptual loss switched on."""
    launch = [sys.executable]
    if processes > 1:
        # accelerate starts several processes by --multi_gpu alone; without a GPU they use gloo.
        launch += ["-m", "accelerate.commands.launch", "--multi_gpu"]
        launch += ["--num_processes", str(processes), "--mixed_precision", "no"]
    command = f"""train/vqgan.py --data {pictures} --val {pictures} --out {out} --size tiny
        --steps 6 --batch-size 4 --crop 32 --val-size 32 --val-pictures 2 --warmup 2 --lr 1e-3
        --perceptual 0 --gradients 0.5 --gan 0.5 --gan-start 3 --feature-matching 1 --lecam 0.01
        --discriminator-width 8 --k-means-step 0 --evaluate-every 3 --precision no --workers 0
        --tracker none""".split()
    run = subprocess.run(
        [*launch, *command, *options],
        check=False,
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise AssertionError(run.stdout + run.stderr)
    return run.stdout + run.stderr


def history(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]


def weights(out: Path) -> dict[str, torch.Tensor]:
    return load_file(out / "vqgan" / "diffusion_pytorch_model.safetensors")


@pytest.fixture(scope="module")
def whole(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("whole")
    return out, train(pictures, out)


def test_a_run_leaves_a_set_that_loads_and_its_figures(whole: tuple[Path, str]) -> None:
    from vqgan_space.models.vqgan import VQGAN

    out, printed = whole
    model = VQGAN.from_pretrained(out / "vqgan")
    assert model.factor == 8 and model.codebook.norm(dim=1).sub(1).abs().max() < 1e-2
    figures = json.loads((out / "training.json").read_text())["figures"]
    assert figures["psnr"] > 5 and 0 < figures["usage"] <= 1 and figures["perplexity"] >= 1
    assert "CIFAR-10" in figures["perceptual_name"] or "LPIPS" in figures["perceptual_name"]
    assert "psnr" in printed
    assert Image.open(out / "step-000006.png").width > 32
    assert {"generator", "adaptive", "critic", "matching"} <= history(out)[-1].keys()


def test_resuming_goes_on_to_the_same_loss_curve(
    pictures: Path, whole: tuple[Path, str], tmp_path: Path
) -> None:
    cut = tmp_path / "cut"
    process = train(pictures, cut, "--stop-after", "3")
    assert "psnr" in process and len(history(cut)) == 3
    train(pictures, cut, "--resume")
    expected, found = history(whole[0]), history(cut)
    assert [line["step"] for line in found] == list(range(6))
    for a, b in zip(expected, found, strict=True):
        assert b == pytest.approx(a, rel=1e-4, abs=1e-6)
    ours, theirs = weights(cut), weights(whole[0])
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-3) for name in ours)


def test_two_processes_are_one_with_twice_the_batch(
    pictures: Path, whole: tuple[Path, str], tmp_path: Path
) -> None:
    train(pictures, tmp_path, "--batch-size", "2", processes=2)
    for a, b in zip(history(whole[0]), history(tmp_path), strict=True):
        assert b["gradient_norm"] == pytest.approx(a["gradient_norm"], rel=2e-3)
        assert b["loss"] == pytest.approx(a["loss"], rel=2e-3, abs=1e-4)
        assert b["perplexity"] == pytest.approx(a["perplexity"], rel=1e-3)
    ours, theirs = weights(tmp_path), weights(whole[0])
    assert all(torch.allclose(ours[name], theirs[name], atol=5e-3) for name in ours)


def test_a_nan_stops_the_run_and_keeps_the_checkpoint(pictures: Path, tmp_path: Path) -> None:
    train(pictures, tmp_path, "--stop-after", "3")
    with pytest.raises(AssertionError, match="last good checkpoint") as stopped:
        train(pictures, tmp_path, "--resume", "--l1", "nan")
    assert "step 3: not finite" in str(stopped.value)
    assert (tmp_path / "checkpoint" / "model.safetensors").exists()


def test_without_lpips_the_stand_in_is_named(pictures: Path, tmp_path: Path) -> None:
    from vqgan_space.training.perceptual import lpips_backbone

    printed = train(pictures, tmp_path, "--perceptual", "0.1", "--stop-after", "1")
    if lpips_backbone() is None:
        assert "could not be downloaded" in printed and "in its place: features" in printed
    assert "perceptual" in history(tmp_path)[0]


def test_a_decoder_is_trained_alone_for_codes_that_stay(
    whole: tuple[Path, str], pictures: Path, tmp_path: Path
) -> None:
    train(pictures, tmp_path, "--start-from", str(whole[0]), "--decoder-only")
    before, after = weights(whole[0]), weights(tmp_path)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert {name.partition(".")[0] for name in changed} == {"decoder", "post_quant_conv"}
    with pytest.raises(AssertionError, match="decoder_only needs start_from"):
        train(pictures, tmp_path, "--decoder-only")


def test_the_discriminator_may_learn_before_it_is_listened_to(
    pictures: Path, tmp_path: Path
) -> None:
    train(pictures, tmp_path / "run", "--critic-first", "2")
    told = [("critic" in row, "generator" in row) for row in history(tmp_path / "run")]
    assert told == [(False, False)] * 3 + [(True, False)] * 2 + [(True, True)]


def test_drawn_scenes_of_a_folder_are_mixed_in_and_a_run_resumes(
    pictures: Path, tmp_path: Path
) -> None:
    write(tmp_path / "drawn", 3, (64, 64), 0, {})
    options = ["--drawn", str(tmp_path / "drawn"), "--scenes", "0.5", "--emphasis", "0.4"]
    train(pictures, tmp_path / "whole", *options)
    train(pictures, tmp_path / "cut", *options, "--stop-after", "3")
    train(pictures, tmp_path / "cut", *options, "--resume")
    found, expected = history(tmp_path / "cut"), history(tmp_path / "whole")
    assert [line["pixel"] for line in found] == pytest.approx(
        [line["pixel"] for line in expected], rel=1e-3
    )
    train(pictures, tmp_path / "plain", *options[:4])
    plain = history(tmp_path / "plain")
    assert plain[0]["pixel"] != pytest.approx(expected[0]["pixel"], rel=1e-3)
    with pytest.raises(AssertionError, match="--emphasis needs --drawn"):
        train(pictures, tmp_path / "wrong", "--emphasis", "0.4")


def test_nothing_to_resume_and_unknown_sizes_are_said(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="nothing to resume"):
        train(pictures, tmp_path, "--resume")
    with pytest.raises(AssertionError, match="'f99' is not one of f16, f8"):
        train(pictures, tmp_path, "--size", "f99")
