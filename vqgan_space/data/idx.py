"""Small labelled pictures: IDX files as MNIST's (LeCun et al.), parquet tables, or the Hub."""

from __future__ import annotations

import gzip
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .datasets import PICTURE_COLUMNS, decode

# What the files of a split begin with: all data sets in the style of MNIST agree on these.
SPLITS = {"train": "train", "test": "t10k"}
LABEL_COLUMNS = ("label", "labels", "class")
# IDX's types of numbers that pictures and labels come in.
_UNSIGNED_BYTE = 0x08


@dataclass(frozen=True)
class Labelled:
    """Pictures of classes.

    Attributes:
        pictures: (N, 1, H, W) uint8.
        labels: (N,) int64.
    """

    pictures: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


def read_idx(path: str | Path) -> Tensor:
    """The array in an IDX file of unsigned bytes, packed with gzip or not.

    Raises:
        ValueError: it is no such file, or shorter than it says.
    """
    path = Path(path)
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
        raise ValueError(f"{path} can't be read: {error}") from error
    if len(data) < 4 or data[:3] != bytes([0, 0, _UNSIGNED_BYTE]):
        raise ValueError(f"{path} is not an IDX file of bytes: name MNIST's own files.")
    start = 4 + 4 * data[3]
    sides = [int.from_bytes(data[at : at + 4], "big") for at in range(4, start, 4)]
    if len(data) - start != math.prod(sides):
        raise ValueError(f"{path} is cut short or too long: download it again.")
    array = np.frombuffer(data, np.uint8, offset=start).reshape(sides)
    return torch.from_numpy(array.copy())


def load_labelled(source: str | Path, split: str = "train", column: str | None = None) -> Labelled:
    """All pictures of a split with their labels, in grey.

    Args:
        source: a folder with MNIST's four IDX files (``train-images-idx3-ubyte.gz``, ...); a
            parquet file or a folder of such; or a data set of the Hub.
        split: "train" or "test"; a parquet file is one split.
        column: of the pictures in a table; found by its usual names when not given.

    Raises:
        ValueError: nothing of that kind is there, or pictures and labels do not go together.
    """
    folder = Path(source)
    if folder.is_dir() and not any(folder.glob("*.parquet")):
        pictures = read_idx(_idx_file(folder, split, "images-idx3-ubyte"))
        labels = read_idx(_idx_file(folder, split, "labels-idx1-ubyte"))
        if pictures.ndim != 3 or labels.shape != (len(pictures),):
            raise ValueError(
                f"{source} has {tuple(pictures.shape)} pictures, but {tuple(labels.shape)} labels."
            )
        return Labelled(pictures[:, None], labels.long())
    table = _table(source, split)
    named = [column] if column else [name for name in PICTURE_COLUMNS if name in table.column_names]
    labels_in = [name for name in LABEL_COLUMNS if name in table.column_names]
    if not named or named[0] not in table.column_names or not labels_in:
        raise ValueError(
            f"{source} needs a column of pictures and one of labels: it has {table.column_names}."
        )
    grey = [np.array(decode(item).convert("L")) for item in table[named[0]]]
    if len({each.shape for each in grey}) > 1:
        raise ValueError(f"{source} has pictures of several sizes: bring them to one first.")
    return Labelled(
        torch.from_numpy(np.stack(grey))[:, None], torch.tensor(table[labels_in[0]]).long()
    )


def _idx_file(folder: Path, split: str, kind: str) -> Path:
    if split not in SPLITS:
        raise ValueError(f'split must be "train" or "test", not {split!r}')
    for ending in (".gz", ""):
        path = folder / f"{SPLITS[split]}-{kind}{ending}"
        if path.is_file():
            return path
    raise ValueError(f"There is no {SPLITS[split]}-{kind}.gz in {folder}.")


def _table(source: str | Path, split: str) -> Any:
    import datasets  # with its arrow tables it costs a second, and IDX files don't need it

    path = Path(source)
    tables = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    try:
        if path.exists():
            files = [str(each) for each in tables]
            return datasets.load_dataset("parquet", data_files=files, split="train")
        return datasets.load_dataset(str(source), split=split)
    except (FileNotFoundError, ConnectionError, OSError, ValueError) as error:
        raise ValueError(
            f"No IDX files, parquet file or Hub data set can be read at {source}: {error}"
        ) from error
