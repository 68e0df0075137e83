"""README's tutorial: its commands in order, with 60 pictures and a handful of steps."""

from __future__ import annotations

import re
import runpy
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import torch
from hub_client import hub
from hub_server import Hub
from huggingface_hub import ModelCard

__all__ = ["hub"]

ROOT = Path(__file__).resolve().parent.parent
# What makes it quick here, appended to what README says; a later option replaces an earlier one.
FEW = {
    "train/vqgan.py": """--steps 2 --evaluate-every 1 --batch-size 2 --crop 64 --val-size 64
        --val-pictures 4 --workers 0 --perceptual 0 --precision no --tracker none""",
    "train/evaluate.py": "--size 64",
}


def listen_to_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def commands() -> list[list[str]]:
    text = (ROOT / "README.md").read_text()
    block = re.search(r"<!-- tutorial -->\n```sh\n(.*?)```", text, flags=re.DOTALL)
    assert block
    lines = block[1].replace("\\\n", " ").strip().splitlines()
    return [shlex.split(line) for line in lines]


@pytest.fixture
def checkout(shared: Path, tmp_path: Path) -> Path:
    """A checkout with 50 pictures to train on and 10 held out, and nothing else beside it."""
    for name in ("train", "app.py", "vqgan_space", "examples", "README.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    for split, count in (("train", 50), ("val", 10)):
        found = sorted((shared / "data" / "photos" / split).rglob("*.jpg"))[:count]
        assert len(found) == count
        (tmp_path / "pictures" / split).mkdir(parents=True)
        for path in found:
            (tmp_path / "pictures" / split / path.name).symlink_to(path)
    return tmp_path


def test_the_five_commands_lead_from_a_folder_of_pictures_to_a_space(
    hub: Hub,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    monkeypatch.setattr(sys, "path", [*sys.path])
    train, evaluate, app, push, deploy = commands()
    run(train, monkeypatch)
    assert (checkout / "runs" / "mine" / "vqgan" / "config.json").is_file()
    capsys.readouterr()
    run(evaluate, monkeypatch)
    assert re.search(r"psnr: \d+\.\d+", capsys.readouterr().out)
    assert "mine" in page(app, checkout), "the app offers the set"
    run(push, monkeypatch)
    assert capsys.readouterr().out.strip() == f"{hub.address}/user/mine"
    run(deploy, monkeypatch)
    assert capsys.readouterr().out.strip() == f"{hub.address}/spaces/user/mine-space"

    card = ModelCard(hub.repos["user/mine"]["README.md"].decode())
    assert 'vqgan_space.load("user/mine")' in card.text
    assert {result.metric_type for result in card.data.eval_results} >= {"psnr", "ssim"}
    assert hub.spaces["spaces/user/mine-space"]["VQGAN_SPACE_MODEL"] == "user/mine"
    assert "app.py" in hub.repos["spaces/user/mine-space"]


def run(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run one as it stands, in this process, which has waited for its imports already."""
    assert command[0] == ".venv/bin/python"
    arguments = [*command[1:], *shlex.split(FEW.get(command[1], ""))]
    if arguments[0] == "-m":
        monkeypatch.setattr(sys, "argv", arguments[1:])
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        return
    monkeypatch.setattr(sys, "argv", arguments)
    with torch.random.fork_rng():
        runpy.run_path(arguments[0], run_name="__main__")


def page(command: list[str], folder: Path) -> str:
    """What the app tells a browser of itself, served as the command says until Ctrl-C."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [sys.executable, *command[1:], "--no-presets", "--port", str(port)]
    # What runs tests in the background may ignore Ctrl-C, which the app would inherit.
    app = subprocess.Popen(arguments, cwd=folder, preexec_fn=listen_to_ctrl_c)
    try:
        deadline = time.monotonic() + 120
        while app.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/config", timeout=5) as answer:
                    return answer.read().decode()
            except OSError:
                time.sleep(0.3)
        raise AssertionError("the app did not answer")
    finally:
        app.send_signal(signal.SIGINT)
        app.wait(timeout=30)
