"""Publishing a set and loading it by its repo's name, against a Hub on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import Repos, serve_hub

from vqgan_space.hub import model_revision
from vqgan_space.hub.card import CardFacts, write_card
from vqgan_space.models.vqgan import VQGAN

ROOT = Path(__file__).resolve().parent.parent.parent
PUSH = "from vqgan_space.hub.push import push_set; print(push_set({folder!r}, {repo!r}))"
REVISION = "from vqgan_space.hub import model_revision; print(model_revision({repo!r}))"


def python(script: str, endpoint: str, home: Path, token: str = "") -> tuple[bool, str]:
    """Whether the script ran, and its last line; the Hub's client reads its address on import."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment |= {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    if token:
        environment["HF_TOKEN"] = token
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    output = done.stdout if done.returncode == 0 else done.stderr
    return done.returncode == 0, output.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_vqgan: VQGAN) -> Path:
    """A trained set with what a training leaves beside it."""
    folder = tmp_path_factory.mktemp("set")
    tiny_vqgan.save_pretrained(folder / "vqgan")
    for extra in ("checkpoint/optimizer.bin", "checkpoint/model.safetensors", "samples/grid.png"):
        (folder / extra).parent.mkdir(exist_ok=True)
        (folder / extra).write_bytes(b"...")
    facts = CardFacts(
        "tiny", trained_on="Nothing.", trained_how="Not at all.", command="python train/vqgan.py"
    )
    write_card(folder, facts)
    return folder


def test_a_published_set_is_found_by_its_name(folder: Path, tmp_path: Path) -> None:
    repos: Repos = {}
    script = PUSH.format(folder=str(folder), repo="ann/tiny")
    with serve_hub(repos) as endpoint:
        ran, said = python(script, endpoint, tmp_path, token="hf_right")
        assert ran, said
        assert said == f"{endpoint}/ann/tiny"
        assert sorted(repos["ann/tiny"]) == [
            "README.md",
            "samples/grid.png",
            "vqgan/config.json",
            "vqgan/diffusion_pytorch_model.safetensors",
        ]
        find = REVISION.format(repo="ann/tiny")
        online = python(find, endpoint, tmp_path)
        assert online == (True, model_revision(folder))
    assert python(find, endpoint, tmp_path) == online, "the copy on this machine is used offline"


@pytest.mark.parametrize("name", ["segmentation_f16", "transformer_class"])
def test_converted_checkpoints_are_published_whole(name: str, shared: Path, tmp_path: Path) -> None:
    repos: Repos = {}
    source, out = shared / "fixtures" / "taming" / name, tmp_path / "out"
    script = (
        "from vqgan_space.hub.taming.__main__ import main; "
        f"main([{str(source)!r}, {str(out)!r}, '--push-to-hub', 'ann/converted'])"
    )
    with serve_hub(repos) as endpoint:
        ran, said = python(script, endpoint, tmp_path / "home", token="hf_right")
    assert ran, said
    written = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert set(repos["ann/converted"]) == written


def test_what_goes_wrong_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    push = PUSH.format(folder=str(folder), repo="ann/tiny")
    with serve_hub({}) as endpoint:
        calls = {
            "log in with": python(push, endpoint, tmp_path),
            "may not write": python(push, endpoint, tmp_path, token="hf_wrong"),
            "no Hub repo ann/none": python(REVISION.format(repo="ann/none"), endpoint, tmp_path),
        }
    calls |= {
        "can't be reached to publish": python(push, endpoint, tmp_path, token="hf_right"),
        "Hub can't be reached": python(REVISION.format(repo="ann/tiny"), endpoint, tmp_path),
    }
    for reason, (ran, said) in calls.items():
        assert not ran
        assert said.startswith("ValueError: ")
        assert reason in said
