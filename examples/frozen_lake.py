"""Snow-covered spruces by a frozen lake at dusk: one of the scenes that the package draws."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.data.scenes import scene


def render() -> Image.Image:
    """The picture, 512 x 384."""
    return scene(
        1,
        (384, 512),
        season="winter",
        time="dusk",
        weather="cloudy",
        relief="mountains",
        ground="snow",
        water="lake",
        frozen=True,
        objects=["spruce", "house"],
    ).picture
