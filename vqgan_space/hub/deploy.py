"""Create or update a Space of the Hugging Face Hub that serves this app, with sets of one's own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .load import REPO_ID
from .upload import hub_errors, upload

ROOT = Path(__file__).resolve().parent.parent.parent
# What the app needs of the project, and what `pip install git+<the Space>` and `uv run` of its
# trainers need besides; no tests, benchmarks or data.
FILES = ("app.py", "requirements.txt", "pyproject.toml", "LICENSE")
FOLDERS = ("vqgan_space", "examples", "train")
HARDWARE = ("cpu-basic", "cpu-upgrade", "zero-a10g", "t4-small", "l4x1", "a10g-small")
# Read by app.py: the sets that it offers first, parted by spaces.
MODEL_VARIABLE = "VQGAN_SPACE_MODEL"
METADATA = "# dependencies = ["


def deploy(
    repo_id: str,
    models: Sequence[str] = (),
    *,
    hardware: str | None = None,
    private: bool = False,
) -> str:
    """Make ``user/space`` serve this app, or bring it up to date.

    Args:
        repo_id: of the Space.
        models: sets on the Hub, "user/repo", which it offers first; none: those it has.
        hardware: what it runs on, as "cpu-basic" or "zero-a10g"; None: as it is, cpu-basic at
            first.
        private: whether a Space made now is private.

    Returns:
        Its address.

    Raises:
        ValueError: a model's name is no repo's, this is no checkout of the project, nobody is
            logged in, or the Hub refuses or can't be reached.
    """
    for name in models:
        if not REPO_ID.fullmatch(name) or Path(name).is_dir():
            raise ValueError(
                f"{name} is no repo of the Hub: push the set first with "
                f"`python -m vqgan_space.hub push {shlex.quote(name)} user/repo`, then name that."
            )
    command = ["python", "-m", "vqgan_space.hub", "deploy", repo_id]
    command += [word for name in models for word in ("--model", name)]
    again = f"try again with `{shlex.join(command)}`"
    files = space_files(repo_id, models, hardware)

    def obsolete(there: Sequence[str]) -> Sequence[str]:
        return [path for path in there if path not in files and path.split("/")[0] in FOLDERS]

    variables = [{"key": MODEL_VARIABLE, "value": " ".join(models)}] if models else None
    creation: dict[str, Any] = {"space_sdk": "gradio", "space_hardware": hardware}
    url = upload(
        files,
        repo_id,
        kind="space",
        private=private,
        message="Deploy vqgan-space",
        obsolete=obsolete,
        again=again,
        **creation | {"space_variables": variables},
    )
    with hub_errors(repo_id, again) as api:  # where it was there already
        known = api.get_space_variables(repo_id)
        if models and (
            MODEL_VARIABLE not in known or known[MODEL_VARIABLE].value != " ".join(models)
        ):
            api.add_space_variable(repo_id, MODEL_VARIABLE, " ".join(models))
        if hardware and api.get_space_runtime(repo_id).requested_hardware != hardware:
            api.request_space_hardware(repo_id, hardware)  # type: ignore[arg-type]
    return url


def space_files(
    repo_id: str, models: Sequence[str] = (), hardware: str | None = None
) -> dict[str, Path | bytes]:
    """Everything that the Space holds, by path.

    Raises:
        ValueError: this is no checkout of the project, which alone has the app beside the package.
    """
    if not (ROOT / "app.py").is_file():
        raise ValueError(
            "A Space is deployed from a checkout of the project: app.py is not beside the package."
        )
    files: dict[str, Path | bytes] = {name: ROOT / name for name in FILES}
    for folder in FOLDERS:
        inside = (path for path in sorted((ROOT / folder).rglob("*")) if path.is_file())
        files |= {
            path.relative_to(ROOT).as_posix(): path
            for path in inside
            if "__pycache__" not in path.parts and not path.name.startswith(".")
        }
    from huggingface_hub import constants

    address = f"{constants.ENDPOINT}/spaces/{repo_id}"
    for name, path in files.items():
        if name.startswith("train/") and isinstance(path, Path) and path.suffix == ".py":
            files[name] = with_package(path.read_text(), address).encode()
    files["README.md"] = space_readme(repo_id, models, hardware).encode()
    return files


def with_package(script: str, address: str) -> str:
    """A trainer whose inline metadata names the package's address too, so that it runs alone."""
    return script.replace(METADATA, f'{METADATA}\n#   "vqgan-space @ git+{address}",', 1)


def space_readme(repo_id: str, models: Sequence[str] = (), hardware: str | None = None) -> str:
    """The Space's card: this project's front matter, with its own name, models and hardware."""
    import yaml

    _, front, _ = (ROOT / "README.md").read_text().split("---\n", 2)
    values = yaml.safe_load(front)
    name = repo_id.split("/")[-1]
    values["title"] = re.sub(r"[-_]+", " ", name)
    values["models"] = list(dict.fromkeys([*models, *values.get("models", [])]))
    values["suggested_hardware"] = hardware or values["suggested_hardware"]
    head = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    sets = "".join(f"\n- [{each}](https://huggingface.co/{each})" for each in models)
    served = f"It serves, besides what ships with it:\n{sets}\n" if models else ""
    return f"""---
{head}---

# {values["title"]}

Pictures to a small grid of codes and back, and new pictures out of codes. {served}
Another set of the Hub is opened by naming it on the page, or in the address as `?model=user/repo`.
Duplicate the Space and set its variable `{MODEL_VARIABLE}` to start from another one.
"""
