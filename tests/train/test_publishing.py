"""Trainers publish what they trained: at the end, on the way, and never at the run's cost."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from hub_client import hub, point_at
from hub_server import Hub
from huggingface_hub import ModelCard
from packaging.requirements import Requirement
from PIL import Image

from tests.running import ROOT, run, script
from vqgan_space.hub import load
from vqgan_space.training.publishing import PublishOptions

__all__ = ["hub"]
TRAINERS = sorted(
    path.stem for path in (ROOT / "train").glob("*.py") if "push_to_hub" in path.read_text()
    or "PublishOptions" in path.read_text()
)  # fmt: skip


@pytest.fixture(autouse=True)
def on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for index in range(8):
        waves = np.sin(np.mgrid[0:16, 0:16].sum(0) / (1 + index))[..., None] * [1, 0.5, -1]
        Image.fromarray((127 + 120 * waves).astype(np.uint8)).save(folder / f"{index}.png")
    return folder


def train(pictures: Path, out: Path, *options: str) -> None:
    run(
        "vqvae",
        f"""--data {pictures} --val {pictures} --out {out} --size 16 --hidden 16 --residual 8
        --blocks 1 --dim 8 --codes 32 --batch-size 8 --steps 20 --warmup 2 --lr 1e-2 --ema 0.9
        --evaluate-every 5 --precision no --tracker none {" ".join(options)}""".split(),
    )


def test_twenty_steps_to_the_hub_and_back(
    hub: Hub,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "runs" / "waves"
    train(pictures, out, "--push-to-hub", "ann/waves", "--push-every", "10", "--private")
    assert capsys.readouterr().out.strip().endswith(f"{hub.address}/ann/waves")
    assert len(hub.commits["ann/waves"]) == 2, "after 10 steps and at the end"
    assert hub.closed["ann/waves"] == "private"
    assert not [path for path in hub.repos["ann/waves"] if "checkpoint" in path]

    point_at(hub, tmp_path / "fresh", monkeypatch, "hf_read")
    images = torch.rand(2, 3, 16, 16) * 2 - 1
    ours, theirs = load(out), load("ann/waves")
    codes = ours.encode_codes(images)
    assert torch.equal(theirs.encode_codes(images), codes)
    assert torch.equal(theirs.decode_codes(codes), ours.decode_codes(codes))


def test_the_card_says_what_was_measured_and_how_it_was_made(
    hub: Hub,
    pictures: Path,
    tmp_path: Path,
) -> None:
    train(pictures, tmp_path / "waves", "--push-to-hub", "ann/waves")
    card = ModelCard(hub.repos["ann/waves"]["README.md"].decode())
    assert card.data.license == "mit" and "vqgan-space" in card.data.tags
    measured = {result.metric_type: result.metric_value for result in card.data.eval_results}
    assert measured["psnr"] > 0 and {"ssim", "usage", "perplexity"} <= measured.keys()
    assert re.search(r"On \d+ threads? of .*; this run took", card.text)
    assert re.search(r"\| PSNR \| [\d.]+ dB \|", card.text)
    assert "| steps | `20` |" in card.text and "| batch_size | `8` |" in card.text
    assert "samples/held-out.png" in card.text
    assert hub.repos["ann/waves"]["samples/held-out.png"].startswith(b"\x89PNG")


def test_a_token_that_may_not_write_costs_no_training(
    hub: Hub,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "waves"
    point_at(hub, tmp_path / "home", monkeypatch, "")
    options = ("--push-to-hub", "ann/waves", "--push-every", "5")
    with pytest.raises(SystemExit, match="log in with `hf auth login`") as caught:
        train(pictures, out, *options)
    command = f"python -m vqgan_space.hub push {out} ann/waves"
    assert command in str(caught.value) and "\n" not in str(caught.value)
    printed = "".join(capfd.readouterr())
    assert "training goes on" in printed, "said before the first step"
    assert "step 5: Publishing needs" in printed and "step 10: Publishing needs" in printed
    assert load(out).factor == 4
    assert not hub.repos


@pytest.mark.parametrize("name", TRAINERS)
def test_every_trainer_publishes_alike(name: str) -> None:
    options = {field.name for field in fields(script(name).Options)}
    assert {field.name for field in fields(PublishOptions)} <= options


@pytest.mark.parametrize("name", [*TRAINERS, "encode"])
def test_a_script_says_what_it_needs_to_run_from_its_address(name: str) -> None:
    text = (ROOT / "train" / f"{name}.py").read_text()
    block = re.search(r"(?m)^# /// script\n((?:#.*\n)+?)# ///$", text)
    assert block, "inline metadata as `uv run` reads it"
    metadata = tomllib.loads(re.sub(r"(?m)^# ?", "", block[1]))
    needed = {Requirement(each).name: each for each in metadata["dependencies"]}
    listed: dict[str, str] = {}
    for file in ("requirements.txt", "train/requirements.txt"):
        lines = (ROOT / file).read_text().splitlines()
        listed |= {Requirement(x).name: x for x in lines if x and not x.startswith("#")}
    assert needed.items() <= listed.items(), "the same ranges as in the requirements"
    only_elsewhere = {"gradio", "av", "open_clip_torch", "tokenizers", "scikit-learn"}
    assert listed.keys() - needed.keys() <= only_elsewhere
    imported = set(re.findall(r"(?m)^\s*(?:from|import) (\w+)", text))
    assert "open_clip" not in imported or "open_clip_torch" in needed
    assert metadata["requires-python"] == ">=3.11"
