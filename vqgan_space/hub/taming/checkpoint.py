"""Read a taming checkpoint and its yaml: tensors and plain values, never code.

A Lightning checkpoint is a pickle, which can run code as it is read. It is read with
``weights_only=True``, which refuses that; nothing gets around the refusal.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

PICKLED = (".ckpt", ".pt", ".pth", ".bin")
# Where Lightning and people put them, best first.
WEIGHTS = ("last.ckpt", "checkpoints/last.ckpt", "*.ckpt", "checkpoints/*.ckpt", "*.safetensors")
CONFIGS = ("model.yaml", "configs/*project.yaml", "*project.yaml", "configs/model.yaml", "*.yaml")


def find(source: str | Path, config: str | Path | None = None) -> tuple[Path, Path]:
    """The checkpoint and the yaml of a folder, or of a checkpoint with its yaml beside it.

    Raises:
        ValueError: there is none, or there are several and none is the obvious one.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        weights, folder = _one(path, WEIGHTS, "checkpoint (.ckpt or .safetensors)"), path
    elif path.is_file():
        weights = path
        folder = path.parent.parent if path.parent.name == "checkpoints" else path.parent
    else:
        raise ValueError(f"There is no folder or file {source}.")
    if config is None:
        return weights, _one(folder, CONFIGS, "yaml with the model's parameters")
    if not Path(config).is_file():
        raise ValueError(f"There is no yaml {config}.")
    return weights, Path(config)


def _one(folder: Path, patterns: tuple[str, ...], what: str) -> Path:
    for pattern in patterns:
        found = sorted(folder.glob(pattern))
        if len(found) > 1:
            names = ", ".join(path.name for path in found[:4])
            raise ValueError(f"{folder} has more than one {what}: name one of {names}.")
        if found:
            return found[0]
    raise ValueError(f"{folder} has no {what}.")


def read_weights(path: Path) -> dict[str, Tensor]:
    """The state dict of a checkpoint, on the CPU.

    Raises:
        ValueError: it is damaged, holds more than weights, or no weights.
    """
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except (SafetensorError, OSError) as error:
            raise ValueError(
                f"{path.name} is damaged or incomplete: download or copy it again."
            ) from error
    if path.suffix not in PICKLED:
        raise ValueError(f"{path.name} is no checkpoint: give a .ckpt or .safetensors file.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(_refusal(path, str(error))) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{path.name} is damaged or incomplete: download or copy it again."
        ) from error
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, Mapping) or not state:
        raise ValueError(f"{path.name} holds no state_dict.")
    if not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"The state_dict of {path.name} holds more than tensors.")
    return dict(state)


def _refusal(path: Path, reason: str) -> str:
    """Why a pickle is refused, in one sentence."""
    found = re.search(r"GLOBAL ([\w.]+)", reason)
    if found is None:
        return f"{path.name} is damaged or incomplete: download or copy it again."
    return (
        f"{path.name} holds more than weights ({found[1]}), which could run code as it is read, "
        "and is refused: save its state_dict alone, with the program that wrote it."
    )


def read_config(path: Path) -> dict[str, Any]:
    """``model`` of a yaml: its ``target`` and ``params``.

    Raises:
        ValueError: it can't be read, or describes no model.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} can't be read as yaml.") from error
    model = content.get("model") if isinstance(content, dict) else None
    if not isinstance(model, dict) or not isinstance(model.get("target"), str):
        raise ValueError(f"{path.name} describes no model: it needs model.target and model.params.")
    if not isinstance(model.get("params"), dict):
        raise ValueError(f"{path.name} gives its model no parameters (model.params).")
    return model


def class_of(config: Mapping[str, Any] | str) -> str:
    """The class's name in a ``target``; of taming's ``__is_...__`` words, the word."""
    target = config if isinstance(config, str) else str(config.get("target", ""))
    return target.rpartition(".")[2]
