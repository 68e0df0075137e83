"""Codes as a file: a grid of codebook indices with the name of the model that wrote it.

The file is a plain NumPy ``.npz`` (``numpy.load`` opens it) without a pickle. Reading is bounded:
the header's shape is checked before a value is read, so a small file cannot unpack to a large one.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from numpy.lib import format as npy
from torch import Tensor

MAX_SIDE = 256
MAX_CODES = 1 << 20
_MAX_FILE = 2 << 20
_MAX_NAME = 200

_UNREADABLE = "This is not a file of codes: choose an .npz that was saved here."


@dataclass(frozen=True, eq=False)
class Codes:
    """A grid of codes and where it comes from.

    Attributes:
        grid: codes (h, w), int64, each in 0..num_codes - 1.
        model: name of the model that wrote them.
        revision: short hash of that model's weights; empty where it is not known.
        num_codes: size of its codebook, K.
        factor: pixels of a side that one code stands for.
    """

    grid: np.ndarray
    model: str
    revision: str
    num_codes: int
    factor: int

    def tensor(self) -> Tensor:
        """The grid as a tensor (h, w), int64."""
        return torch.from_numpy(np.array(self.grid, dtype=np.int64))


def save_codes(codes: Codes, path: str | Path) -> Path:
    """Write ``codes`` to an ``.npz`` file.

    Raises:
        ValueError: a grid that ``load_codes`` would refuse.
    """
    _check(codes)
    path = Path(path)
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            grid=np.ascontiguousarray(codes.grid, dtype=np.int64),
            model=np.array(codes.model),
            revision=np.array(codes.revision),
            num_codes=np.array(codes.num_codes),
            factor=np.array(codes.factor),
        )
    return path


def load_codes(path: str | Path) -> Codes:
    """Read what ``save_codes`` wrote.

    Raises:
        ValueError: not such a file, more than 256 x 256 codes, or indices out of range.
    """
    try:
        if Path(path).stat().st_size > _MAX_FILE:
            raise ValueError(_UNREADABLE)
        with zipfile.ZipFile(path) as archive:
            grid = _read(archive, "grid").astype(np.int64)
            codes = Codes(
                grid=grid,
                model=str(_read(archive, "model")),
                revision=str(_read(archive, "revision")),
                num_codes=int(_read(archive, "num_codes")),
                factor=int(_read(archive, "factor")),
            )
    except _RefusedError as error:
        raise ValueError(str(error)) from error
    except Exception as error:  # a damaged archive may raise anything
        raise ValueError(_UNREADABLE) from error
    _check(codes)
    return codes


def check_codes(codes: Codes, model_name: str, revision: str, num_codes: int) -> None:
    """Make sure that ``codes`` were written by this model.

    Where both revisions are known they decide alone, so a model may be renamed or moved.

    Raises:
        ValueError: written by another model (named), or indices outside its codebook.
    """
    known = codes.revision and revision
    if codes.revision != revision if known else codes.model != model_name:
        written = f"{codes.model!r} (revision {codes.revision or 'unknown'})"
        loaded = f"{model_name!r} (revision {revision or 'unknown'})"
        raise ValueError(
            f"These codes were written by the model {written}, not by {loaded}: "
            "choose the model that wrote them."
        )
    if codes.grid.max() >= num_codes or codes.grid.min() < 0:
        raise ValueError(
            f"These codes hold the index {_outside(codes.grid, num_codes)}, but the codebook of "
            f"{model_name!r} ends at {num_codes - 1}: choose another file."
        )


class _RefusedError(Exception):
    """A reason that the user should read as it stands."""


def _read(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    info = archive.getinfo(f"{name}.npy")
    # numpy writes no other method; the others can take a great deal of memory to unpack.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"unexpected compression of {name}")
    with archive.open(info) as file:
        shape, dtype = _read_header(file)
        if name == "grid":
            _check_grid_header(shape, dtype)
        elif shape != () or dtype.kind not in "Uiu" or dtype.itemsize > 4 * _MAX_NAME:
            raise ValueError(f"unexpected {name}")
        size = int(np.prod(shape)) * dtype.itemsize
        data = file.read(size)
    return np.frombuffer(data, dtype, count=int(np.prod(shape))).reshape(shape)


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    if npy.read_magic(file) != (1, 0):
        raise ValueError("unexpected version of the npy format")
    shape, fortran_order, dtype = npy.read_array_header_1_0(file)
    if fortran_order and len(shape) > 1:
        raise ValueError("unexpected memory order")
    return shape, dtype


def _check_grid_header(shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "iu" or len(shape) != 2 or 0 in shape:
        raise ValueError("the grid must be integers (h, w)")
    if max(shape) > MAX_SIDE:
        raise _RefusedError(
            f"This file holds {shape[0]} x {shape[1]} codes: at most {MAX_SIDE} x {MAX_SIDE} "
            "can be decoded here."
        )


def _check(codes: Codes) -> None:
    grid = codes.grid
    if not isinstance(grid, np.ndarray) or grid.dtype.kind not in "iu" or grid.ndim != 2:
        raise ValueError("The grid of codes must be an array of integers (h, w).")
    if not grid.size or max(grid.shape) > MAX_SIDE:
        raise ValueError(f"A grid of codes has 1 x 1 to {MAX_SIDE} x {MAX_SIDE} cells.")
    if not 1 <= codes.num_codes <= MAX_CODES or codes.factor < 1:
        raise ValueError(_UNREADABLE)
    for name in (codes.model, codes.revision):
        # Names are shown in messages that a browser may render.
        if len(name) > _MAX_NAME or not name.isprintable() or set('<>&"') & set(name):
            raise ValueError(f"A model's name has at most {_MAX_NAME} plain characters.")
    if grid.min() < 0 or grid.max() >= codes.num_codes:
        raise ValueError(
            f"These codes hold the index {_outside(grid, codes.num_codes)}, outside "
            f"0 to {codes.num_codes - 1}: choose another file."
        )


def _outside(grid: np.ndarray, num_codes: int) -> int:
    return int(grid.min()) if grid.min() < 0 else int(grid.max())
