"""What the Shuffle tab asks for, and the variants that come of it, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import filled
from .files import read_grid
from .models import Loaded

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

CROSS = "cross"
# Pixels of a side of random codes where no picture says how large, if the model takes as many.
_SIDE = 256


@dataclass(frozen=True)
class ShuffleRequest:
    """The widgets of the tab, in their order; pictures and the codes file are paths."""

    picture: str | None
    codes_file: str | None
    how: str
    seed: int
    variants: int
    block: int
    share: float
    swap_first: int
    swap_second: int
    second_picture: str | None
    cross_how: str
    field: int

    def is_complete(self) -> bool:
        """Whether every picture or file that this edit needs has been chosen."""
        if self.how == CROSS and self.second_picture is None:
            return False
        return bool(self.picture or self.codes_file) or self.how == "random codes"

    def settings(self) -> dict[str, Any]:
        """What a result's metadata says besides its model and its seed."""
        settings: dict[str, Any] = {"made by": "shuffle", "how": self.how}
        if self.how == "blocks":
            settings["block"] = self.block
        if self.how == "share" or (self.how, self.cross_how) == (CROSS, "random"):
            settings["share"] = self.share
        if self.how == "swap":
            settings["swap"] = [self.swap_first, self.swap_second]
        if self.how == CROSS:
            settings["cross"] = self.cross_how
            if self.cross_how == "checkerboard":
                settings["field"] = self.field
        return settings


@dataclass(frozen=True)
class Variant:
    """A picture, its codes (h, w) and the seed that makes it again, None where none is needed."""

    picture: Image.Image
    codes: Tensor
    seed: int | None


def variants(request: ShuffleRequest, loaded: Loaded) -> Iterator[Variant]:
    """The variants asked for; one only where the seed does not matter.

    Raises:
        ValueError: no source, two sources, or what the edits themselves refuse.
    """
    from ..generation.reconstruct import decode_picture

    for seed, codes in _grids(request, loaded):
        yield Variant(decode_picture(loaded.model, codes), codes, seed)


def _grids(request: ShuffleRequest, loaded: Loaded) -> Iterator[tuple[int | None, Tensor]]:
    from ..generation import edits
    from ..generation.seeds import variant_seeds

    seeds = variant_seeds(filled(request.seed, "Seed"), int(request.variants))
    if request.how == CROSS:
        first, second = _two_sources(request, loaded)
        how, field, share = request.cross_how, int(request.field), request.share
        for seed in seeds if how == "random" else seeds[:1]:
            codes = edits.cross(first, second, how, cell=field, share=share, seed=seed)
            yield seed if how == "random" else None, codes
        return
    codes = _source(request, loaded)
    is_random = request.how in edits.RANDOM
    for seed in seeds if is_random else seeds[:1]:
        shuffled = edits.shuffle(
            codes,
            request.how,
            seed=seed,
            model=loaded.model,
            block=int(request.block),
            share=request.share,
            swap=(filled(request.swap_first, "Code"), filled(request.swap_second, "and code")),
        )
        yield seed if is_random else None, shuffled


def _source(request: ShuffleRequest, loaded: Loaded) -> Tensor:
    """The codes (h, w) that the edit starts from."""
    import torch

    from ..generation.reconstruct import encode_picture
    from ..images import open_picture

    if request.picture and request.codes_file:
        raise ValueError("Give a picture or a codes file, not both.")
    if request.codes_file:
        return read_grid(request.codes_file, loaded)
    if request.picture is None and request.how == "random codes":
        side = min(_SIDE, loaded.model.longest) // loaded.model.factor
        return torch.zeros(side, side, dtype=torch.int64)
    if request.picture is None:
        raise ValueError("Choose a picture or a codes file first.")
    return encode_picture(loaded.model, open_picture(request.picture))


def _two_sources(request: ShuffleRequest, loaded: Loaded) -> tuple[Tensor, Tensor]:
    """Codes of both pictures, of one shape: the second is cropped to the first."""
    from ..generation.reconstruct import decode_picture, encode_picture
    from ..images import fit_pair, open_picture

    if request.second_picture is None:
        raise ValueError("Choose a second picture to cross with.")
    model, second = loaded.model, open_picture(request.second_picture)
    if request.codes_file or request.picture is None:
        codes = _source(request, loaded)
        _, second = fit_pair(decode_picture(model, codes), second, model.factor, _longest(codes))
        return codes, encode_picture(model, second, _longest(codes))
    first, second = fit_pair(open_picture(request.picture), second, model.factor, model.longest)
    return encode_picture(model, first), encode_picture(model, second)


def _longest(codes: Tensor) -> int:
    """No less than the pixels of any grid, so that one from a file keeps its size."""
    return 64 * max(codes.shape)
