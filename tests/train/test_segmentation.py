"""The segmentation network's trainer as it is called: learning, resuming, what it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.running import history, run
from vqgan_space.data.labelled import draw_scenes
from vqgan_space.data.scenes.dataset import HELD_OUT, Scenes
from vqgan_space.data.scenes.writing import write
from vqgan_space.training.segmentation_metrics import pixel_accuracy
from vqgan_space.training.synthesis import judge, load_segmenter


@pytest.fixture(autouse=True)
def on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")


def train(out: Path, *options: str) -> None:
    arguments = f"""--out {out} --scenes 12 --size 64 --crop 64 --widths 16 16 24 24 --steps 40
        --batch-size 4 --lr 1e-2 --warmup 2 --ema 0.9 --evaluate-every 20 --val-scenes 6 --workers 0
        --precision no --tracker none""".split()
    run("segmentation", [*arguments, *options])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCELERATE_USE_CPU", "true")
        train(out)
    return out


def test_a_run_learns_and_leaves_what_measures_as_it_says(whole: Path) -> None:
    lines = history(whole)
    assert lines[-1]["loss"] < 0.75 * lines[0]["loss"]
    record = json.loads((whole / "training.json").read_text())
    accuracy = record["figures"]["pixel accuracy, drawn"]
    assert accuracy > 0.3
    held_out = draw_scenes(Scenes(6, 64, first=HELD_OUT))
    found = pixel_accuracy(judge(load_segmenter(whole), *held_out).matrix)
    assert found == pytest.approx(accuracy, abs=0.01)  # saved in float16
    card = (whole / "README.md").read_text()
    assert f"| pixel accuracy, drawn | {accuracy:.4f} |" in card and "40 steps" in card


def test_resuming_goes_on_to_the_same_loss_curve(whole: Path, tmp_path: Path) -> None:
    train(tmp_path, "--stop-after", "20")
    train(tmp_path, "--resume")
    found = history(tmp_path)
    assert [line["step"] for line in found] == list(range(40))
    assert [line["loss"] for line in found] == pytest.approx(
        [line["loss"] for line in history(whole)], rel=1e-3
    )


def test_it_stops_when_its_minutes_are_over_and_can_go_on(tmp_path: Path) -> None:
    train(tmp_path, "--max-minutes", "0")
    assert len(history(tmp_path)) == 1
    assert (tmp_path / "segmenter").is_dir()
    train(tmp_path, "--resume", "--stop-after", "3")
    assert [line["step"] for line in history(tmp_path)] == [0, 1, 2]


def test_reconstructions_join_the_scenes(tmp_path: Path) -> None:
    train(tmp_path, "--vqgan", "vqgan-f16", "--steps", "2")
    figures = json.loads((tmp_path / "training.json").read_text())["figures"]
    assert "mean IoU, as vqgan-f16 gives them back" in figures
    assert figures["mean IoU, as vqgan-f16 gives them back"] != figures["mean IoU, drawn"]


def test_it_goes_on_from_a_set_with_scenes_of_a_folder(whole: Path, tmp_path: Path) -> None:
    write(tmp_path / "drawn", 5, (64, 64), 0, {})
    drawn = ["--drawn", str(tmp_path / "drawn"), "--start-from", str(whole)]
    train(tmp_path / "run", *drawn, "--steps", "2", "--lr", "0")
    figures = [
        json.loads((out / "training.json").read_text())["figures"]["pixel accuracy, drawn"]
        for out in (whole, tmp_path / "run")
    ]
    assert figures[1] == pytest.approx(figures[0], abs=0.05)  # statistics of BatchNorm move


def test_what_can_not_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="multiples of 16"):
        train(tmp_path, "--crop", "40")
    with pytest.raises(SystemExit, match="nothing to resume"):
        train(tmp_path, "--resume")
    with pytest.raises(ValueError, match=r"train one with train/segmentation\.py"):
        load_segmenter(tmp_path)
