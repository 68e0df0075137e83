"""Label maps: their classes' names and colours, as pictures, from pictures, one-hot.

A label map is an array (H, W) of uint8 ids. Ids outside a set's classes mean nothing and are
refused, except 255: no class at all.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from vqgan_space.data import label_names
from vqgan_space.images import MAX_PIXELS

LabelMap = NDArray[np.uint8]
ArrayOrTensor = TypeVar("ArrayOrTensor", np.ndarray, Tensor)

NO_CLASS = 255
# Formats of label maps: none that runs a program.
FORMATS = ("PNG", "GIF", "BMP", "WEBP", "TIFF", "JPEG")


@dataclass(frozen=True, eq=False)
class LabelSet:
    """Classes and their palette.

    Attributes:
        name: how it is shown.
        names: K names, in the order of their ids.
        colours: (K, 3) uint8, all different, none but that of ``unlabeled`` black.
        unlabeled: the id of pixels without a class: one of the K, or 255.
    """

    name: str
    names: tuple[str, ...]
    colours: NDArray[np.uint8]
    unlabeled: int

    def __len__(self) -> int:
        return len(self.names)

    def id(self, name: str) -> int:
        """The id of a class.

        Raises:
            ValueError: no class of that name.
        """
        if name in self.names:
            return self.names.index(name)
        near = difflib.get_close_matches(name, self.names)
        near += [other for other in self.names if name and name in other.split("-")]
        hint = f": is it {' or '.join(dict.fromkeys(near))}?" if near else "."
        raise ValueError(f"{self.name} has no class {name!r}{hint}")

    def colour_of(self, index: int) -> tuple[int, int, int]:
        """The colour of an id, (red, green, blue) in 0..255; black for 255.

        Raises:
            ValueError: the id is out of range.
        """
        self.check(np.array([index]))
        red, green, blue = (int(value) for value in self._table()[index])
        return red, green, blue

    def check(self, ids: np.ndarray) -> None:
        """Raises ``ValueError`` with the first id that is neither a class nor 255."""
        wrong = ids[((ids < 0) | (ids >= len(self))) & (ids != NO_CLASS)]
        if wrong.size:
            raise ValueError(
                f"{self.name} has no id {wrong.flat[0]}: ids are 0 to {len(self) - 1}, or "
                f"{NO_CLASS} for no class."
            )

    def _table(self) -> NDArray[np.uint8]:
        """Colours by id (256, 3), black where there is no class."""
        table = np.zeros((256, 3), np.uint8)
        table[: len(self)] = self.colours
        return table


def _label_set(name: str, entries: str, unlabeled: str | None) -> LabelSet:
    pairs = [entry.split(maxsplit=1) for entry in entries.replace("\n", " ").split(", ")]
    names = tuple(pair[1].strip() for pair in pairs)
    colours = np.array([list(bytes.fromhex(pair[0])) for pair in pairs], np.uint8)
    colours.setflags(write=False)
    return LabelSet(name, names, colours, names.index(unlabeled) if unlabeled else NO_CLASS)


COCO_STUFF = _label_set("COCO-Stuff", label_names.COCO_STUFF, None)
ADE20K = _label_set("ADE20K", label_names.ADE20K, "unlabeled")
CAMVID = _label_set("CamVid", label_names.CAMVID, "unlabeled")


def to_picture(label_map: np.ndarray | Tensor, label_set: LabelSet) -> Image.Image:
    """A label map (H, W) of ids in the colours of its classes, as RGB; 255 is black.

    Raises:
        ValueError: another shape, or an id out of range.
    """
    ids = label_map.cpu().numpy() if isinstance(label_map, Tensor) else np.asarray(label_map)
    if ids.ndim != 2:
        raise ValueError(f"a label map must be (H, W), got {ids.shape}")
    label_set.check(ids)
    return Image.fromarray(label_set._table()[ids])


def from_picture(
    picture: Image.Image, label_set: LabelSet, tolerance: float = 8.0, share: float = 0.001
) -> LabelMap:
    """The label map (H, W), uint8, that a picture shows.

    A picture of one grey channel ("1", "L", "I") or of palette indices ("P") holds ids: its values
    are taken as they are, and no colour is looked at. Any other holds colours. A pixel of exactly
    a class's colour has that class. Every other one, as on a soft brush edge or after JPEG, has
    the nearest colour among the classes that the picture holds: a mixture of two neighbours does
    not become a third class. Pixels more than half transparent have no class.

    Args:
        picture: of ids or of colours.
        label_set: what ids and colours stand for.
        tolerance: how far from a class's colour a pixel may be to count as painted in it, as the
            Euclidean distance of RGB values in 0..255.
        share: the picture holds a class where this share of all pixels has its colour exactly;
            in one that is mostly inexact (a JPEG), where ten times that share is within
            ``tolerance`` of it. Where it holds none, all classes are candidates.

    Raises:
        ValueError: an id out of range.
    """
    if picture.mode in ("1", "L", "P") or picture.mode.startswith("I"):
        ids = np.asarray(picture)
        label_set.check(ids)
        return ids.astype(np.uint8)
    layer = picture.convert("RGBA") if picture.has_transparency_data else picture.convert("RGB")
    pixels = np.asarray(layer).astype(np.int32)  # (H, W, 3 or 4)
    packed = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
    opaque = pixels[..., 3] >= 128 if pixels.shape[-1] == 4 else np.ones(packed.shape, bool)
    colours, inverse, counts = np.unique(packed[opaque], return_inverse=True, return_counts=True)
    found = np.full(packed.shape, label_set.unlabeled, np.uint8)
    if colours.size:
        found[opaque] = _nearest(colours, counts, label_set, tolerance, share)[inverse]
    return found


def load_label_map(source: str | Path | Image.Image, label_set: LabelSet) -> LabelMap:
    """A label map (H, W), uint8, from a picture of ids or of palette colours (``from_picture``).

    Raises:
        ValueError: no such file, no picture, too large, or an id out of range.
    """
    if isinstance(source, Image.Image):
        return from_picture(source, label_set)
    try:
        with Image.open(source, formats=FORMATS) as picture:
            too_large = picture.width * picture.height > MAX_PIXELS
            if not too_large:
                picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"No label map can be read from {Path(source).name}: choose a PNG of ids or colours."
        ) from error
    if too_large:
        raise ValueError(
            f"{Path(source).name} is too large: make it smaller than "
            f"{MAX_PIXELS // 1_000_000} megapixels first."
        )
    return from_picture(picture, label_set)


def one_hot(label_maps: Tensor, num_classes: int) -> Tensor:
    """Label maps (B, H, W) of integers as float32 (B, C, H, W); 255 is zero in every channel.

    Raises:
        ValueError: another shape, or an id that is neither below ``num_classes`` nor 255.
    """
    if label_maps.ndim != 3:
        raise ValueError(f"label maps must be (B, H, W), got {tuple(label_maps.shape)}")
    ids = label_maps.long()
    known = ids != NO_CLASS if num_classes <= NO_CLASS else torch.ones_like(ids, dtype=torch.bool)
    wrong = ids[known & ((ids < 0) | (ids >= num_classes))]
    if wrong.numel():
        raise ValueError(f"id {int(wrong[0])} is out of range: there are {num_classes} classes")
    batch, height, width = ids.shape
    channels = torch.zeros(batch, num_classes, height, width, device=ids.device)
    return channels.scatter_(1, ids.where(known, 0)[:, None], known[:, None].float())


def resize(label_map: ArrayOrTensor, size: tuple[int, int]) -> ArrayOrTensor:
    """A label map (..., H, W) at ``size`` (height, width): each pixel the one at its centre.

    Raises:
        ValueError: a side of ``size`` is less than one.
    """
    if min(size) < 1:
        raise ValueError(f"A label map must be at least 1 x 1 pixels, got {size[0]} x {size[1]}.")
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(np.int64)
        for new, old in zip(size, label_map.shape[-2:], strict=True)
    )
    if isinstance(label_map, Tensor):
        index = [torch.from_numpy(each).to(label_map.device) for each in (rows, columns)]
        return label_map[..., index[0][:, None], index[1]]
    return label_map[..., rows[:, None], columns]


def _nearest(
    colours: NDArray[np.int32],
    counts: NDArray[np.int64],
    label_set: LabelSet,
    tolerance: float,
    share: float,
) -> LabelMap:
    """The ids (N,) of the different colours of a picture, packed as 0xRRGGBB, by their counts."""
    ids = np.arange(len(label_set))
    palette = label_set.colours
    if label_set.unlabeled == NO_CLASS:
        ids = np.append(ids, NO_CLASS)
        palette = np.concatenate([palette, np.zeros((1, 3), np.uint8)])
    channels = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)  # (N, 3)
    entry, squared = _closest(channels, palette)
    size = len(ids)
    exact = np.bincount(entry, np.where(squared == 0, counts, 0), minlength=size)
    near = np.bincount(entry, np.where(squared <= tolerance**2, counts, 0), minlength=size)
    # Mixtures pass close to third classes' colours, and by chance hit one exactly: a picture
    # that is mostly exact is judged by its exact pixels, another by more of the close ones.
    clean = 2 * exact.sum() > counts.sum()
    counted, least = (exact, share) if clean else (near, 10 * share)
    held = np.flatnonzero(counted >= max(least * counts.sum(), 1))
    if held.size:
        entry = np.where(squared == 0, entry, held[_closest(channels, palette[held])[0]])
    return ids[entry].astype(np.uint8)


def _closest(
    channels: NDArray[np.int32], palette: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """For each of N colours the closest entry of the palette and its squared distance."""
    entries = palette.astype(np.float32)
    closest = np.empty(len(channels), np.int64)
    squared = np.empty(len(channels), np.float32)
    for start in range(0, len(channels), 1 << 16):  # a photograph has a million colours
        part = channels[start : start + (1 << 16)].astype(np.float32)
        # |a - b|^2 of integers below 2^9: exact in float32.
        table = (part**2).sum(1)[:, None] - 2 * part @ entries.T + (entries**2).sum(1)
        closest[start : start + (1 << 16)] = table.argmin(1)
        squared[start : start + (1 << 16)] = table.min(1)
    return closest, squared
