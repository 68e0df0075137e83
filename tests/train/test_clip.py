"""CLIP's trainer as it is called: learning a batch by heart, resuming, what it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from tests.running import history, run
from vqgan_space.data.captions import load_captioned
from vqgan_space.hub import load_clip
from vqgan_space.training.retrieval import measure_retrieval


@pytest.fixture(autouse=True)
def on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")


def train(out: Path, *options: str) -> None:
    arguments = f"""--out {out} --scenes 16 --size tiny --steps 60 --batch-size 16 --lr 3e-3
        --warmup 4 --ema 0.8 --evaluate-every 30 --val-pictures 16 --workers 0 --precision no
        --tracker none""".split()
    run("clip", [*arguments, *options])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "clip-whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCELERATE_USE_CPU", "true")
        train(out)
    return out


def test_it_learns_its_pictures_captions(whole: Path) -> None:
    lines = history(whole)
    assert lines[-1]["loss"] < 0.5 * lines[0]["loss"]
    clip = load_clip(whole)
    data = load_captioned("scenes", clip.size, count=16)
    figures = measure_retrieval(clip, data.pictures, data.captions)
    assert figures["captions to pictures: R@1"] >= 0.8
    assert figures["captions to pictures: R@10"] == 1


def test_what_it_leaves_is_what_it_measured(whole: Path) -> None:
    record = json.loads((whole / "training.json").read_text())
    held_out = load_captioned("scenes", 64, count=16, held_out=True)
    found = measure_retrieval(load_clip(whole), held_out.pictures, held_out.captions)
    assert found == pytest.approx(record["figures"], abs=0.07)  # saved in float16; 16 pictures
    card = (whole / "README.md").read_text()
    assert "captions to pictures: R@1" in card and "samples/retrieval.jpg" in card
    assert (whole / "samples" / "retrieval.jpg").is_file()
    assert "lake" in (load_clip(whole).vocabulary or ())


def test_resuming_goes_on_to_the_same_loss_curve(whole: Path, tmp_path: Path) -> None:
    train(tmp_path / "run", "--stop-after", "30")
    train(tmp_path / "run", "--resume", "--stop-after", "40")
    found = [line["loss"] for line in history(tmp_path / "run")]
    assert found == pytest.approx([line["loss"] for line in history(whole)[:40]], rel=1e-2)


def test_the_pictures_tower_is_trained_alone_for_texts_that_stay(
    whole: Path, tmp_path: Path
) -> None:
    start = ["--start-from", str(whole), "--lock-text", "--stop-after", "3"]
    train(tmp_path / "run", *start, "--scenes", "6", "--batch-size", "6")
    before, after = load_clip(whole), load_clip(tmp_path / "run")
    texts = ["a boat on a lake", "snow"]
    assert torch.equal(before.embed_texts(texts), after.embed_texts(texts))
    pictures = torch.rand(2, 3, 64, 64)
    assert not torch.allclose(before.embed_pictures(pictures), after.embed_pictures(pictures))
    assert before.vocabulary == after.vocabulary  # also of data with fewer words


def test_what_can_not_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="nothing to resume"):
        train(tmp_path, "--resume")
    with pytest.raises(ValueError, match=r"no captions\.jsonl"):
        train(tmp_path, "--data", str(tmp_path))
    with pytest.raises(SystemExit, match="'huge' is not one of"):
        train(tmp_path, "--size", "huge")
    with pytest.raises(SystemExit, match="--lock-text needs --start-from"):
        train(tmp_path, "--lock-text")


def test_other_captioned_folders_serve_too(tmp_path: Path) -> None:
    from vqgan_space.data.scenes.writing import write

    write(tmp_path / "data", 6, (72, 72), 0, {})
    data = str(tmp_path / "data")
    train(tmp_path / "run", "--data", data, "--val", data, "--batch-size", "6", "--stop-after", "2")
    assert torch.isfinite(load_clip(tmp_path / "run").embed_texts(["a lake"])).all()
