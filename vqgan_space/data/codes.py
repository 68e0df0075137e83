"""Codes of a data set in shards of safetensors: written by ``train/encode.py``, read by a trainer.

A folder holds ``shard-00000.safetensors`` and so on, each with ``codes`` (N, h, w) of int32 and,
where there is a condition, ``condition``: (N, h, w) of int32 for a grid, (N,) of int32 for classes,
(N, D) of float16 for vectors, or (N, T, D) where a picture has several; of label maps also
``seen``, the ids that they held. ``codes.json`` says what they are, and is written last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

INFO, COMMAND = "codes.json", "command"


@dataclass(frozen=True)
class CodesInfo:
    """What the codes of a folder are.

    Attributes:
        vqgan: name or folder of the model that made them.
        num_codes: size of its codebook.
        condition: ``grid``: a code for every code; ``class``; ``vector``; ``none``.
        num_conditions: how many codes or classes the condition has.
        vector_dim: length of its vectors.
        clip: name or folder of the CLIP that made them; empty: they are no texts'.
        seen: ids that its label maps held; None where it is none.
        grid: height and width in codes.
        count: how many pictures.
        source: the pictures, in words.
    """

    vqgan: str
    num_codes: int
    condition: Literal["grid", "class", "vector", "none"]
    grid: tuple[int, int]
    count: int
    num_conditions: int = 0
    vector_dim: int = 0
    clip: str = ""
    seen: tuple[int, ...] | None = None
    source: str = ""


class CodesData:
    """All codes of a folder, in memory.

    Attributes:
        info: what they are.
        codes: (N, h, w), int64.
        condition: (N, h, w) or (N,) of int64, (N, D) or (N, T, D) of float32, or None.

    Raises:
        ValueError: the folder holds no codes, or not all of them.
    """

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        try:
            values = json.loads((folder / INFO).read_text())
            values["grid"] = tuple(values["grid"])
            values["seen"] = values["seen"] and tuple(values["seen"])
            self.info = CodesInfo(**values)
        except OSError as error:
            raise ValueError(
                f"{folder} holds no finished codes ({INFO}): make them with train/encode.py."
            ) from error
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(f"{folder / INFO} can't be read: {error}") from error
        shards = []
        for path in sorted(folder.glob("shard-*.safetensors")):
            try:
                shards.append(load_file(path))
            except SafetensorError as error:
                raise ValueError(
                    f"{path} is damaged: delete it and run train/encode.py again."
                ) from error
        self.codes = torch.cat([shard["codes"] for shard in shards] or [torch.empty(0)]).long()
        if len(self.codes) != self.info.count:
            raise ValueError(
                f"{folder} holds the codes of {len(self.codes)} pictures, not of all "
                f"{self.info.count}: run train/encode.py again."
            )
        self.condition: Tensor | None = None
        if self.info.condition != "none":
            condition = torch.cat([shard["condition"] for shard in shards])
            is_vector = self.info.condition == "vector"
            self.condition = condition.float() if is_vector else condition.long()

    def __len__(self) -> int:
        return len(self.codes)

    def measured_condition(self, part: slice) -> Tensor | None:
        """The condition of some pictures, where one has several the first of them."""
        if self.condition is None:
            return None
        condition = self.condition[part]
        several = self.info.condition == "vector" and condition.ndim == 3
        return condition[:, 0] if several else condition


def start(folder: str | Path, command: str) -> None:
    """Make the folder, or go on in one that the same ``command`` began.

    Raises:
        ValueError: it holds shards of another command.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / COMMAND
    if marker.exists() and marker.read_text() != command:
        raise ValueError(
            f"{folder} holds codes made with other options: name another folder, or delete it."
        )
    marker.write_text(command)


def has_shard(folder: str | Path, number: int) -> bool:
    """Whether that shard is there, whole."""
    return _shard(folder, number).is_file()


def save_codes(folder: str | Path, number: int, tensors: Mapping[str, Tensor]) -> None:
    """Write a shard; it appears under its name when it is whole."""
    path = _shard(folder, number)
    part = path.with_suffix(".part")
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, part)
    part.replace(path)


def seen_classes(folder: str | Path) -> tuple[int, ...] | None:
    """Ids that the label maps of all shards held; None where they are of no label maps."""
    found: set[int] = set()
    for path in sorted(Path(folder).glob("shard-*.safetensors")):
        with safe_open(path, "pt") as file:
            names = set(file.keys())
            if "seen" not in names:
                return None
            found |= set(file.get_tensor("seen").tolist())
    return tuple(sorted(found))


def finish(folder: str | Path, info: CodesInfo) -> None:
    """Write ``codes.json``: all shards are there."""
    (Path(folder) / INFO).write_text(json.dumps(asdict(info), indent=1) + "\n")


def _shard(folder: str | Path, number: int) -> Path:
    return Path(folder) / f"shard-{number:05}.safetensors"
