"""README: a front matter that a Space accepts, and commands and files that exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub.utils import validate_repo_id
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("VQGAN_SPACE_SHARED", ROOT.parent / "shared"))
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
KEYS = {
    "title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version", "app_file",
    "suggested_hardware", "short_description", "license", "models", "datasets", "tags", "thumbnail",
    "pinned", "fullWidth", "header", "startup_duration_timeout",
}  # fmt: skip


@pytest.fixture(scope="module")
def text() -> str:
    return (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def front(text: str) -> dict[str, Any]:
    _, front, _ = text.split("---\n", 2)
    return yaml.safe_load(front)


def test_the_front_matter_is_a_spaces(front: dict[str, Any]) -> None:
    assert front.keys() <= KEYS
    assert front["sdk"] == "gradio"
    assert {front["colorFrom"], front["colorTo"]} <= COLOURS
    assert re.fullmatch(r"[^\w\s]{1,2}", front["emoji"])
    assert len(front["short_description"]) <= 60
    assert front["license"] == "mit"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert all(isinstance(tag, str) for tag in front["tags"])


def test_the_models_are_repos_of_the_hub(front: dict[str, Any]) -> None:
    for repo_id in front["models"]:
        validate_repo_id(repo_id)
        assert repo_id.count("/") == 1


def test_the_space_runs_what_the_tests_ran(front: dict[str, Any]) -> None:
    assert front["sdk_version"] == version("gradio")
    requirements = {
        requirement.name: requirement.specifier
        for requirement in map(Requirement, requirement_lines())
    }
    assert front["sdk_version"] in requirements["gradio"]
    # Every release that a Space with ZeroGPU may bring.
    assert all(torch in requirements["torch"] for torch in ("2.8.0", "2.9.1", "2.10.0", "2.11.0"))
    assert "demo" in (ROOT / front["app_file"]).read_text()
    minor = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert minor
    assert front["python_version"] == minor[1]


def test_pictures_and_scripts_that_it_names_exist(text: str) -> None:
    named = re.findall(r"\]\(((?!http)[^)]+)\)", text)
    named += re.findall(r"(?<![\w/.])((?:train|benchmarks|tests|examples)/[\w/]+\.\w+)", text)
    assert "docs/app.png" in named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_make_knows_the_commands(text: str) -> None:
    targets = set(re.findall(r"\bmake (\w+)", text))
    assert {"app", "test"} <= targets
    for target in targets:
        subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)


def test_python_examples_run(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    from vqgan_space.hub import list_models

    if not list_models():
        pytest.skip("no model ships")
    monkeypatch.chdir(tmp_path)
    Image.radial_gradient("L").save("photo.jpg")
    examples = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    checkpoint = SHARED / "fixtures" / "taming" / "vqgan_f8"
    if checkpoint.is_dir():
        shutil.copytree(checkpoint, tmp_path / "logs" / "my-run")
    else:
        examples = [example for example in examples if "logs/my-run" not in example]
    names: dict[str, Any] = {}
    for example in examples:
        exec(example, names)
    assert (tmp_path / "reconstruction.png").is_file()
    assert (tmp_path / "shuffled.png").is_file()


def requirement_lines() -> list[str]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]
