"""In which order a prior reads a grid of codes.

The orders of *Taming Transformers* (arXiv 2012.09841), fig. 47: row by row, a subsampled pyramid,
the Z-curve, spirals out of and into the middle, a fixed random order, and rows in alternating
directions. Each is a permutation of the grid's row-major indices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Permuter:
    """One order of a grid of ``height`` x ``width`` codes.

    Args:
        name: one of ``ORDERS``.

    Raises:
        ValueError: no such order, or the order does not exist for that size.
    """

    name: str
    height: int
    width: int
    forward_index: Tensor = field(init=False, repr=False, compare=False)
    """(h*w,): row-major index of the n-th code that is read."""
    inverse_index: Tensor = field(init=False, repr=False, compare=False)
    """(h*w,): when the code of a row-major index is read."""

    def __post_init__(self) -> None:
        if self.name not in ORDERS:
            raise ValueError(f"There is no order {self.name!r}: choose {', '.join(ORDERS)}.")
        if self.height < 1 or self.width < 1:
            raise ValueError(f"A grid has at least 1 x 1 codes, not {self.height} x {self.width}.")
        indices = np.ascontiguousarray(ORDERS[self.name](self.height, self.width))
        forward_index = torch.from_numpy(indices.astype(np.int64))
        object.__setattr__(self, "forward_index", forward_index)
        object.__setattr__(self, "inverse_index", forward_index.argsort())

    def forward(self, codes: Tensor) -> Tensor:
        """Codes (B, h*w, ...) row by row to the order in which they are read."""
        return codes[:, self.forward_index.to(codes.device)]

    def inverse(self, codes: Tensor) -> Tensor:
        """Codes (B, h*w, ...) in the order in which they are read to row by row."""
        return codes[:, self.inverse_index.to(codes.device)]


def _identity(height: int, width: int) -> np.ndarray:
    return np.arange(height * width)


def _subsample(height: int, width: int) -> np.ndarray:
    """Every second row and column first, each of the four quarters ordered likewise."""
    side = max(height, width)
    if height != width or side & (side - 1):
        raise ValueError(
            f"Subsampling needs a square whose side is a power of 2, {_not(height, width)}."
        )
    grids = _identity(height, width).reshape(1, height, width)
    while grids.shape[1] > 1:
        n, half = len(grids), grids.shape[1] // 2
        grids = grids.reshape(n, half, 2, half, 2).transpose(0, 2, 4, 1, 3)  # (n, 2, 2, h/2, w/2)
        grids = grids.reshape(n * 4, half, half)
    return grids.ravel()


def _z_curve(height: int, width: int) -> np.ndarray:
    """By Morton code: the bits of row and column interleaved, the row's in front."""
    rows, columns = np.divmod(_identity(height, width), width)
    morton = np.zeros(height * width, dtype=np.int64)
    for bit in range(max(height, width).bit_length()):
        morton |= ((columns >> bit) & 1) << (2 * bit) | ((rows >> bit) & 1) << (2 * bit + 1)
    return morton.argsort(kind="stable")


def _spiral_out(height: int, width: int) -> np.ndarray:
    """From the middle: up, right, down, left, each pair of arms one longer than the last."""
    if height != width or height % 2:
        raise ValueError(f"A spiral needs a square with an even side, {_not(height, width)}.")
    row, column = height // 2, width // 2 - 1
    path = [(row, column)]
    steps = ((-1, 0), (0, 1), (1, 0), (0, -1))
    arm = 0
    while len(path) < height * width:
        for down, right in (steps[2 * arm % 4], steps[(2 * arm + 1) % 4]):
            for _ in range(arm + 1):
                row, column = row + down, column + right
                path.append((row, column))
        arm += 1
    return np.array([row * width + column for row, column in path[: height * width]])


def _spiral_in(height: int, width: int) -> np.ndarray:
    return _spiral_out(height, width)[::-1]


def _random(height: int, width: int) -> np.ndarray:
    """The same in every run: taming's own, by NumPy's legacy generator with seed 1."""
    return np.random.RandomState(1).permutation(height * width)


def _alternate(height: int, width: int) -> np.ndarray:
    """Rows from left to right and from right to left in turn."""
    grid = _identity(height, width).reshape(height, width)
    grid[1::2] = grid[1::2, ::-1].copy()
    return grid.ravel()


def _not(height: int, width: int) -> str:
    return f"not {height} x {width} codes"


ORDERS: dict[str, Callable[[int, int], np.ndarray]] = {
    "identity": _identity,
    "subsample": _subsample,
    "z-curve": _z_curve,
    "spiral-out": _spiral_out,
    "spiral-in": _spiral_in,
    "random": _random,
    "alternate": _alternate,
}
