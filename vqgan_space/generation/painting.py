"""Pictures from a painted label map, and parts of a picture made anew.

All of it is one call of a ``Synthesizer``: what is to stay is given as known codes, the rest is
sampled. *Taming Transformers* (arXiv 2012.09841), sec. 4.2, completes pictures so; Chang et al.,
*MaskGIT* (arXiv 2202.04200), sec. 4.3, any region of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from vqgan_space.data.labels import NO_CLASS, LabelMap
from vqgan_space.generation.given import Progress
from vqgan_space.generation.synthesizer import Synthesizer
from vqgan_space.generation.windows import Size
from vqgan_space.images import to_pictures, to_tensor
from vqgan_space.models.label_vqgan import LabelVQGAN

Region = NDArray[np.bool_]

# Seconds between two previews at least, and between two moments that say how far it has come.
PREVIEW, MOMENT = 0.5, 0.2
_GREY = 128


@dataclass(frozen=True)
class PaintSettings:
    """How codes are sampled; ``Synthesizer.sample`` says what each number means."""

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = 0.8
    stride: int = 4
    steps: int = 32
    guidance: float = 3.0


@dataclass(frozen=True, eq=False)
class Earlier:
    """A picture of which a part is made anew.

    Attributes:
        picture: RGB.
        codes: its codes (h, w), int64.
        remade: bool (h, w), which of them are sampled again; ``remade_codes`` finds them.
    """

    picture: Image.Image
    codes: Tensor
    remade: Tensor


@dataclass(frozen=True, eq=False)
class Variant:
    """A finished picture, its codes (h, w) and the seed that makes it again."""

    picture: Image.Image
    codes: Tensor
    seed: int


@dataclass(frozen=True, eq=False)
class Moment:
    """How far the painting has come.

    Attributes:
        fraction: of all codes, 0 to 1.
        finished: the variants that are done, in the order of their seeds.
        previews: of those that are under way, grey where nothing is known yet.
        is_new: whether anything can be seen that the moment before did not show.
    """

    fraction: float
    finished: list[Variant]
    previews: list[Image.Image]
    is_new: bool


def paint(
    synthesizer: Synthesizer,
    condition: Any,
    size: Size,
    seeds: Sequence[int],
    settings: PaintSettings | None = None,
    earlier: Earlier | None = None,
) -> Iterator[Moment]:
    """Make a picture for each seed, moment by moment; stop by not asking for the next.

    Args:
        condition: a label map (H, W) of ids, a class, or None where there is nothing to say.
        size: height and width of the picture in codes.
        seeds: one for each variant. The same seed gives the same picture, alone or among others.
        settings: how codes are sampled.
        earlier: a picture to make a part of anew. Pixels more than a code away from that part
            stay as they are, to the bit.

    Yields:
        A moment now and then, and a last one with all variants.

    Raises:
        ValueError: sizes that don't fit together, or a number out of its range.
    """
    settings = settings or PaintSettings()
    if isinstance(condition, np.ndarray):
        condition = torch.from_numpy(condition.astype(np.int64))[None]  # (1, H, W)
    options: dict[str, Any] = {
        "temperature": settings.temperature,
        "top_k": settings.top_k,
        "top_p": settings.top_p,
        "stride": settings.stride,
        "steps": settings.steps,
        "guidance": settings.guidance,
    }
    if earlier is not None:
        if tuple(earlier.codes.shape) != size:
            raise ValueError("The earlier picture has another size: choose the same format.")
        options |= {"known": earlier.codes[None], "known_region": ~earlier.remade}
    # A masked prior gains nothing from a batch on a processor, and one by one it stops sooner.
    groups = [[seed] for seed in seeds] if synthesizer.is_masked else [list(seeds)]
    work = _Painting(synthesizer, len(seeds), earlier)
    for group in groups:
        yield from work.run(synthesizer.sample_steps(condition, size, seed=group, **options), group)


class _Painting:
    """The variants as they are made."""

    def __init__(self, synthesizer: Synthesizer, count: int, earlier: Earlier | None) -> None:
        self.synthesizer, self.count, self.earlier = synthesizer, count, earlier
        self.finished: list[Variant] = []
        self.next_preview = self.next_moment = 0.0
        self.turn = 0

    def run(self, steps: Iterator[Progress], seeds: list[int]) -> Iterator[Moment]:
        previews: dict[int, Image.Image] = {}
        last = None
        for last in steps:
            now = time.monotonic()
            is_due = now >= self.next_preview and not last.known.all()
            if is_due:
                # One at a time: all of them could take longer than a visitor waits for a stop.
                turn = self.turn = (self.turn + 1) % len(seeds)
                previews[turn] = self._preview(last.codes[turn], last.known[turn])
                cost = time.monotonic() - now
                self.next_preview = time.monotonic() + max(PREVIEW, 3 * cost)
            if is_due or now >= self.next_moment:
                self.next_moment = time.monotonic() + MOMENT
                yield self._moment(last.fraction * len(seeds), previews, is_due)
        assert last is not None  # samplers tell what is known before they begin
        for n, seed in enumerate(seeds):
            picture = self._decode(last.codes[n])
            if self.earlier is not None:
                picture = paste_back(picture, self.earlier.picture, self.earlier.remade)
            self.finished.append(Variant(picture, last.codes[n].cpu(), seed))
            previews.pop(n, None)
            yield self._moment(len(seeds) - n - 1, previews, True)

    def _moment(self, under_way: float, previews: dict[int, Image.Image], is_new: bool) -> Moment:
        fraction = min((len(self.finished) + under_way) / self.count, 1.0)
        return Moment(
            fraction, list(self.finished), [previews[n] for n in sorted(previews)], is_new
        )

    def _decode(self, codes: Tensor) -> Image.Image:
        return to_pictures(self.synthesizer.decode(codes[None]))[0]

    def _preview(self, codes: Tensor, known: Tensor) -> Image.Image:
        picture = self._decode(codes)
        grey = Image.new("RGB", picture.size, (_GREY,) * 3)
        picture = Image.composite(picture, grey, _mask(known, picture.size))
        if self.earlier is None:
            return picture
        return paste_back(picture, self.earlier.picture, self.earlier.remade)


def remade_codes(
    factor: int,
    before: LabelMap | None = None,
    after: LabelMap | None = None,
    erased: Region | None = None,
) -> Tensor:
    """Which codes (h, w) are to be made anew, bool: all that are touched, and their neighbours.

    Args:
        factor: pixels of a side that one code stands for.
        before, after: label maps (H, W); codes are touched where the two differ.
        erased: bool (H, W), the erased part of the picture.

    Raises:
        ValueError: maps and region of different sizes, or nothing that is touched.
    """
    regions = [] if erased is None else [erased]
    if before is not None and after is not None:
        if before.shape != after.shape:
            raise ValueError("The label map has another size than the picture it changes.")
        regions.append(before != after)
    if len({region.shape for region in regions}) > 1:
        raise ValueError("The erased part has another size than the label map.")
    if not any(region.any() for region in regions):
        raise ValueError("Repaint a part of the label map, or erase a part of the picture first.")
    return dilate(touched_codes(np.logical_or.reduce(regions), factor))


def touched_codes(region: Region, factor: int) -> Tensor:
    """The codes (h, w), bool, of which any pixel is in a region (H, W).

    Raises:
        ValueError: sides that are no multiples of ``factor``.
    """
    height, width = region.shape
    if height % factor or width % factor:
        raise ValueError(f"Both sides must be multiples of {factor}, got {height} x {width}.")
    pixels = torch.from_numpy(region.astype(np.float32))[None]
    return F.max_pool2d(pixels, factor)[0] > 0


def dilate(cells: Tensor, by: int = 1) -> Tensor:
    """A region (h, w), bool, with everything ``by`` cells around it, corners included."""
    return F.max_pool2d(cells[None].float(), 2 * by + 1, stride=1, padding=by)[0] > 0


def paste_back(new: Image.Image, old: Image.Image, remade: Tensor) -> Image.Image:
    """``new`` where codes were made anew, ``old`` elsewhere, with a soft edge of a code's width.

    Args:
        new, old: pictures of one size.
        remade: bool (h, w). Around it the decoder has changed pixels too, up to its receptive
            field; from a code's width on, ``old`` is copied to the bit.

    Raises:
        ValueError: pictures of different sizes.
    """
    if new.size != old.size:
        raise ValueError(f"The pictures have different sizes: {new.size} and {old.size}.")
    factor = new.height // remade.shape[0]
    share = torch.from_numpy(np.array(_mask(remade, new.size))).float()[None] / 255  # (1, H, W)
    reach = factor // 2
    # Half a code grown and half a code smoothed: 1 in the region, 0 from a code's width on.
    share = F.max_pool2d(share, 2 * reach + 1, stride=1, padding=reach)
    share = F.pad(share[None], (reach,) * 4, mode="replicate")
    share = F.avg_pool2d(share, 2 * reach + 1, stride=1)[0, 0]
    far = ~np.asarray(_mask(dilate(remade), new.size)).astype(bool)
    weights = np.where(far, 0.0, share.numpy())[..., None]  # (H, W, 1)
    mixed = weights * np.asarray(new, np.float64) + (1 - weights) * np.asarray(old, np.float64)
    return Image.fromarray(mixed.round().astype(np.uint8))


def picture_codes(
    synthesizer: Synthesizer, picture: Image.Image, size: Size
) -> tuple[Image.Image, Tensor]:
    """A picture to be completed: cropped to ``size`` in codes, and its codes (h, w)."""
    height, width = (side * synthesizer.vqgan.factor for side in size)
    fitted = ImageOps.fit(picture.convert("RGB"), (width, height), Image.Resampling.LANCZOS)
    with torch.inference_mode():
        images = to_tensor(fitted).to(synthesizer.vqgan.codebook.device)
        return fitted, synthesizer.vqgan.encode_codes(images)[0].cpu()


def label_condition(
    synthesizer: Synthesizer, label_map: LabelMap, may_be_empty: bool = False
) -> LabelMap | None:
    """What to give the set for a label map; None for an empty one where the prior does without.

    Raises:
        ValueError: the set reads no label maps, or the map is empty and may not be.
    """
    if not isinstance(synthesizer.condition, LabelVQGAN):
        raise ValueError("This set reads no label maps: choose another set.")
    if (label_map != NO_CLASS).any():
        return label_map
    if not may_be_empty:
        raise ValueError("The label map is empty: paint something, or start from an example.")
    return None if synthesizer.is_masked else label_map


def unseen_classes(label_map: LabelMap, seen: Sequence[int] | None) -> list[int]:
    """Ids on a label map that are not among those ``seen`` in training; [] if these are unknown."""
    if seen is None:
        return []
    return sorted({int(each) for each in np.unique(label_map)} - {NO_CLASS, *seen})


def fill(label_map: LabelMap, index: int, only_holes: bool = False) -> LabelMap:
    """A label map with one class everywhere, or only where there is none yet."""
    everywhere = np.full_like(label_map, index)
    return np.where(label_map == NO_CLASS, everywhere, label_map) if only_holes else everywhere


def _mask(cells: Tensor, size: tuple[int, int]) -> Image.Image:
    """Cells (h, w), bool, as a grey picture of ``size`` (width, height): 255 where true."""
    cell = Image.fromarray(cells.cpu().numpy().astype(np.uint8) * 255)
    return cell.resize(size, Image.Resampling.NEAREST)
