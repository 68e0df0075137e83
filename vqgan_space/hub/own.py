"""Sets that a visitor names: from the Hub only, public, safetensors and JSON, of a bounded size."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .download import Report, download
from .load import REPO_ID
from .parts import CLIP_CONFIG, CONFIG, FOLDERS, SET_CONFIG, WEIGHTS, find_parts
from .presets import WEIGHTS as WEIGHTS_FOLDER
from .presets import list_models

MAX_BYTES = 2 * 10**9
# Configurations and indices; more than this is no such file.
_MAX_JSON = 8 * 2**20
# The largest number in a configuration; of what makes a loop of layers; of a list's entries.
_MAX_NUMBER, _MAX_LAYERS, _MAX_LENGTH = 2**24, 256, 1024
_LAYERS = ("layers_per_block", "n_layer", "num_residual_blocks", "num_layers", "depth")
CLIPS = f"*/{CLIP_CONFIG}"
PATTERNS = [
    name if folder == "." else f"{folder}/{name}"
    for folder in (".", *FOLDERS)
    for name in ("*.json", f"*{WEIGHTS}")
]


def repo_name(typed: str) -> str:
    """What somebody typed or pasted, as the name of a repo."""
    return typed.strip().removeprefix("https://huggingface.co/").rstrip("/")


def fetch_own(
    repo_id: str, max_bytes: int = MAX_BYTES, progress: Report | None = None
) -> tuple[Path, dict[str, str]]:
    """A stranger's set: its folder on this machine, and its parts and their classes.

    Nothing but a public repo of the Hub is looked at, without this machine's token; never a folder.
    Every configuration is held against its weights before a model is built from it.

    Raises:
        ValueError: the repo can't be had, is too large, or is no set that can be trusted.
    """
    name = repo_name(repo_id)
    if not REPO_ID.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is no name of a Hub repo: write it as user/repo.")
    folder = download(name, None, PATTERNS, progress, max_bytes=max_bytes, use_token=False)
    parts = {part: kind for part, kind in find_parts(folder).items() if part in (*FOLDERS, ".")}
    if not parts:
        raise ValueError(
            f"The Hub repo {name} holds no set: expected folders such as vqgan/ with a config.json "
            "and safetensors weights."
        )
    for part, kind in parts.items():
        _check_part(folder / part, kind, f"{name}/{part}")
    _check_references(folder, parts, name)
    return folder, parts


def _check_part(folder: Path, kind: str, name: str) -> None:
    """Raise where a configuration asks for more than its weights are."""
    for path in folder.glob("*.json"):
        if path.stat().st_size > _MAX_JSON:
            raise ValueError(f"{name} can't be loaded: {path.name} is too large for such a file.")
    if not (folder / CONFIG).is_file():
        return  # a CLIP, whose architecture is open_clip's own
    config = _read(folder / CONFIG, name)
    for key, value in _numbers(config):
        most = _MAX_LAYERS if key in _LAYERS else _MAX_NUMBER
        if abs(value) > (_MAX_LENGTH if key.startswith("length of") else most):
            raise ValueError(f"{name} can't be loaded: its {key} of {value} is out of bounds.")
    configured = _configured(kind, config, name)
    if configured is None:
        return
    stored = _stored(folder, name)
    if configured > 1.05 * stored + 10**6:
        raise ValueError(
            f"{name} can't be loaded: its config.json describes {configured:,} parameters, but its "
            f"weights are {stored:,}."
        )


def _configured(kind: str, config: dict[str, Any], name: str) -> int | None:
    """How many parameters a configuration makes, without making them; None: an unknown kind."""
    import torch

    from ..models.cvae import CVAE
    from ..models.label_vqgan import LabelVQGAN
    from ..models.masked_prior import MaskedPrior
    from ..models.prior import CausalPrior
    from ..models.vqgan import VQGAN
    from ..models.vqvae import VQVAE

    classes: dict[str, Any] = {
        each.__name__: each for each in (VQGAN, VQVAE, LabelVQGAN, MaskedPrior, CausalPrior, CVAE)
    }
    model_class = (classes | {"VQModel": VQGAN}).get(kind)
    if model_class is None:
        return None
    try:
        with torch.device("meta"):
            model = model_class.from_config(config)
    except Exception as error:  # whatever a stranger's numbers lead to
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{name} can't be loaded: {reason}") from error
    return sum(parameter.numel() for parameter in model.parameters())


def _stored(folder: Path, name: str) -> int:
    from safetensors import SafetensorError, safe_open

    total = 0
    try:
        for path in folder.glob(f"*{WEIGHTS}"):
            with safe_open(path, "np") as file:
                names = file.keys()
                total += sum(math.prod(file.get_slice(each).get_shape()) for each in names)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{name} can't be loaded: its weights are no safetensors.") from error
    return total


def _check_references(folder: Path, parts: Iterable[str], name: str) -> None:
    """A set may name its VQGAN or its CLIP instead of holding it: one that ships, nothing else."""
    shipped = set(list_models()) | {path.parent.name for path in WEIGHTS_FOLDER.glob(CLIPS)}
    files = [folder / SET_CONFIG, *(folder / part / CONFIG for part in parts)]
    for path in files:
        values = _read(path, name) if path.is_file() else {}
        for key in ("vqgan", "clip", "text_encoder"):
            named = values.get(key)
            if isinstance(named, str) and named not in shipped:
                raise ValueError(
                    f"{name} relies on {named[:80]!r}, which is not in it and does not ship: a set "
                    "that is opened here holds all of its parts."
                )


def _read(path: Path, name: str) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{name} can't be loaded: {path.name} is no JSON.") from error
    if not isinstance(values, dict):
        raise ValueError(f"{name} can't be loaded: {path.name} is no configuration.")
    return values


def _numbers(values: Any, key: str = "") -> Iterator[tuple[str, float]]:
    """Every number in a configuration, and the length of every list, under their names."""
    if isinstance(values, dict):
        for name, value in values.items():
            yield from _numbers(value, str(name))
    elif isinstance(values, list):
        yield f"length of {key}", len(values)
        for value in values:
            yield from _numbers(value, f"number in {key}")
    elif isinstance(values, int | float) and not isinstance(values, bool):
        yield key, values
