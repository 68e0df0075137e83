"""Samples of a CVAE as files: small pictures, enlarged so that each pixel can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PIL import Image

from .files import result_path


def save_samples(
    samples: Sequence[tuple[Image.Image, str, dict[str, Any]]], side: int
) -> list[tuple[str, str]]:
    """Write pictures with their settings in the metadata; paths with captions, for a gallery.

    Args:
        samples: picture, caption and settings of each.
        side: pixels of a side at least, by enlarging pixels to squares.
    """
    return [(save_sample(picture, side, settings), text) for picture, text, settings in samples]


def save_sample(picture: Image.Image, side: int, settings: dict[str, Any]) -> str:
    """Write one picture; its path."""
    from ..images import enlarge_pixels, save_png

    fold = max(1, side // max(picture.size))
    larger = enlarge_pixels(picture.convert("RGB"), fold) if fold > 1 else picture
    return str(save_png(larger, result_path("sample.png"), settings | {"enlarged": fold}))
