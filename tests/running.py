"""Runs a script of ``train/`` in this process, which has waited for its imports already."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import torch
import tyro

ROOT = Path(__file__).resolve().parent.parent


def script(name: str) -> ModuleType:
    """The script ``train/<name>.py`` as a module."""
    spec = importlib.util.spec_from_file_location(f"train_{name}", ROOT / "train" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def run(name: str, arguments: list[str]) -> None:
    """Call it with these arguments; random numbers outside are left as they were."""
    module = script(name)
    with torch.random.fork_rng():
        module.main(tyro.cli(module.Options, args=arguments))


def history(out: Path) -> list[dict[str, float]]:
    """What it wrote for every step."""
    return [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
