"""Edits of codes: shuffle, sort, swap and cross grids of codebook indices.

Every edit takes codes (h, w), int64, and returns a new grid of the same shape. The same seed
gives the same grid. Bad arguments raise a ``ValueError`` of one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from vqgan_space.generation.brightness import code_brightness
from vqgan_space.generation.seeds import generator, variant_seeds
from vqgan_space.models.codes_model import CodesModel

CROSSES = ("checkerboard", "left-right", "top-bottom", "random")


def shuffle_all(codes: Tensor, *, seed: int) -> Tensor:
    """All cells in a random order."""
    _check_grid(codes)
    return codes.flatten()[_permutation(codes.numel(), seed, codes)].view_as(codes)


def shuffle_rows(codes: Tensor, *, seed: int) -> Tensor:
    """Whole rows in a random order."""
    _check_grid(codes)
    return codes[_permutation(codes.shape[0], seed, codes)]


def shuffle_columns(codes: Tensor, *, seed: int) -> Tensor:
    """Whole columns in a random order."""
    _check_grid(codes)
    return codes[:, _permutation(codes.shape[1], seed, codes)]


def shuffle_blocks(codes: Tensor, block: int, *, seed: int) -> Tensor:
    """Blocks of ``block`` x ``block`` cells in a random order.

    What is left at the right and the bottom, where the sides are no multiples, stays in place.
    """
    _check_grid(codes)
    height, width = codes.shape
    if not 1 <= block <= min(height, width):
        raise ValueError(
            f"A block has 1 to {min(height, width)} cells a side in a grid of "
            f"{height} x {width}, got {block}."
        )
    rows, columns = height // block, width // block
    inner = codes[: rows * block, : columns * block]
    blocks = inner.reshape(rows, block, columns, block).transpose(1, 2)
    blocks = blocks.reshape(rows * columns, block, block)  # (rows*columns, block, block)
    blocks = blocks[_permutation(rows * columns, seed, codes)]
    blocks = blocks.view(rows, columns, block, block).transpose(1, 2)
    shuffled = codes.clone()
    shuffled[: rows * block, : columns * block] = blocks.reshape(inner.shape)
    return shuffled


def shuffle_share(codes: Tensor, share: float, *, seed: int) -> Tensor:
    """A random ``share`` (0 to 1) of the cells; each of them takes the code of another of them."""
    _check_grid(codes)
    chosen = _choose(codes, share, seed)
    shuffled = codes.flatten().clone()
    shuffled[chosen] = shuffled[chosen.roll(1)]
    return shuffled.view_as(codes)


def sort_by_index(codes: Tensor) -> Tensor:
    """Codes in ascending order, row by row."""
    _check_grid(codes)
    return codes.flatten().sort().values.view_as(codes)


def sort_by_brightness(codes: Tensor, model: CodesModel) -> Tensor:
    """Codes from dark to bright, row by row, each judged by what it looks like decoded alone."""
    _check_grid(codes)
    unique, counts = codes.flatten().unique(return_counts=True)
    order = code_brightness(model, unique).argsort(stable=True).to(codes.device)
    return unique[order].repeat_interleave(counts[order]).view_as(codes)


def swap_codes(codes: Tensor, first: int, second: int, *, num_codes: int) -> Tensor:
    """``first`` wherever ``second`` was, and the other way round."""
    _check_grid(codes)
    for code in (first, second):
        if not 0 <= code < num_codes:
            raise ValueError(f"There is no code {code}: this codebook has 0 to {num_codes - 1}.")
    swapped = codes.clone()
    swapped[codes == first] = second
    swapped[codes == second] = first
    return swapped


def random_codes(height: int, width: int, num_codes: int, *, seed: int) -> Tensor:
    """Codes (height, width) drawn from the whole codebook, each index as likely as another."""
    if min(height, width, num_codes) < 1:
        raise ValueError(f"A grid has at least 1 x 1 codes, got {height} x {width}.")
    return torch.randint(num_codes, (height, width), generator=generator(seed))


def cross(
    first: Tensor,
    second: Tensor,
    how: str = "checkerboard",
    *,
    cell: int = 1,
    share: float = 0.5,
    seed: int = 0,
) -> Tensor:
    """Two grids of one shape in one.

    Args:
        how: "checkerboard" of fields of ``cell`` x ``cell`` codes, "left-right" or "top-bottom"
            halves (``first`` is left or on top), or "random": a ``share`` (0 to 1) of the cells
            is taken from ``second``.
    """
    _check_grid(first)
    _check_grid(second)
    if first.shape != second.shape:
        (height, width), (other_height, other_width) = first.shape, second.shape
        raise ValueError(
            f"Both pictures must have as many codes, got {height} x {width} and "
            f"{other_height} x {other_width}: bring them to one size first."
        )
    rows = torch.arange(first.shape[0], device=first.device)[:, None]
    columns = torch.arange(first.shape[1], device=first.device)[None, :]
    if how == "checkerboard":
        if cell < 1:
            raise ValueError(f"A field has at least 1 cell a side, got {cell}.")
        from_second = (rows // cell + columns // cell) % 2 == 1
    elif how == "left-right":
        from_second = (columns >= first.shape[1] // 2).expand_as(first)
    elif how == "top-bottom":
        from_second = (rows >= first.shape[0] // 2).expand_as(first)
    elif how == "random":
        flat = torch.zeros(first.numel(), dtype=torch.bool, device=first.device)
        flat[_choose(first, share, seed)] = True
        from_second = flat.view_as(first)
    else:
        raise ValueError(f"There is no cross {how!r}: choose one of {', '.join(CROSSES)}.")
    return torch.where(from_second, second, first)


@dataclass(frozen=True)
class ShuffleOptions:
    """What the edits in ``SHUFFLES`` may need besides the codes.

    Attributes:
        model: for the brightness and the number of codes.
        block: side of a block, in cells.
        share: part of the cells, 0 to 1.
        swap: the two codes to swap.
    """

    seed: int = 0
    model: CodesModel | None = None
    block: int = 4
    share: float = 0.5
    swap: tuple[int, int] = (0, 1)

    def require_model(self) -> CodesModel:
        """The model; ``ValueError`` where none was given."""
        if self.model is None:
            raise ValueError("This edit needs the model: give model=.")
        return self.model

    def num_codes(self) -> int:
        """The size of the model's codebook."""
        return self.require_model().codebook.shape[0]


SHUFFLES: dict[str, Callable[[Tensor, ShuffleOptions], Tensor]] = {
    "all": lambda codes, o: shuffle_all(codes, seed=o.seed),
    "rows": lambda codes, o: shuffle_rows(codes, seed=o.seed),
    "columns": lambda codes, o: shuffle_columns(codes, seed=o.seed),
    "blocks": lambda codes, o: shuffle_blocks(codes, o.block, seed=o.seed),
    "share": lambda codes, o: shuffle_share(codes, o.share, seed=o.seed),
    "sort by index": lambda codes, o: sort_by_index(codes),
    "sort by brightness": lambda codes, o: sort_by_brightness(codes, o.require_model()),
    "swap": lambda codes, o: swap_codes(codes, *o.swap, num_codes=o.num_codes()),
    "random codes": lambda codes, o: random_codes(
        codes.shape[0], codes.shape[1], o.num_codes(), seed=o.seed
    ).to(codes.device),
}
# Those whose result depends on the seed: only these have variants.
RANDOM = frozenset({"all", "rows", "columns", "blocks", "share", "random codes"})


def shuffle(
    codes: Tensor,
    how: str,
    *,
    seed: int = 0,
    model: CodesModel | None = None,
    block: int = 4,
    share: float = 0.5,
    swap: tuple[int, int] = (0, 1),
) -> Tensor:
    """One of ``SHUFFLES`` by its name; see ``ShuffleOptions`` for the arguments.

    Raises:
        ValueError: an unknown name (the sentence lists what there is) or a bad argument.
    """
    if how not in SHUFFLES:
        raise ValueError(f"There is no shuffle {how!r}: choose one of {', '.join(SHUFFLES)}.")
    _check_grid(codes)
    return SHUFFLES[how](codes, ShuffleOptions(seed, model, block, share, swap))


def shuffle_variants(
    codes: Tensor,
    how: str,
    n: int,
    *,
    seed: int = 0,
    model: CodesModel | None = None,
    block: int = 4,
    share: float = 0.5,
) -> Iterator[tuple[int, Tensor]]:
    """``n`` variants, each with the seed that makes it again: (seed, codes), one at a time."""
    for own in variant_seeds(seed, n):
        yield own, shuffle(codes, how, seed=own, model=model, block=block, share=share)


def _permutation(n: int, seed: int, codes: Tensor) -> Tensor:
    return torch.randperm(n, generator=generator(seed)).to(codes.device)


def _choose(codes: Tensor, share: float, seed: int) -> Tensor:
    """Flat positions of a random share of the cells, in a random order."""
    if not 0 <= share <= 1:
        raise ValueError(f"A share is a number from 0 to 1, got {share}.")
    return _permutation(codes.numel(), seed, codes)[: round(share * codes.numel())]


def _check_grid(codes: Tensor) -> None:
    if codes.ndim != 2 or codes.dtype != torch.int64 or not codes.numel():
        raise ValueError(f"codes must be int64 (h, w), got {codes.dtype} {tuple(codes.shape)}.")
