"""A river below the mountains on an autumn day: one of the scenes that the package draws."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.data.scenes import scene


def render() -> Image.Image:
    """The picture, 512 x 384."""
    return scene(
        3,
        (384, 512),
        season="autumn",
        time="noon",
        weather="cloudy",
        relief="mountains",
        ground="meadow",
        water="river",
        objects=["bridge", "broadleaf", "house"],
    ).picture
