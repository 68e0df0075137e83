"""What the benchmarks share: a photograph-like picture, a table row, the repository's root."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.images import center_crop, open_picture

ROOT = Path(__file__).resolve().parent.parent
HEADER = "| what | measured | bound |\n| --- | --- | --- |"


def picture(size: int = 256) -> Image.Image:
    """One of the app's example pictures, cropped to ``size`` x ``size`` pixels."""
    examples = sorted((ROOT / "examples").glob("*.png")) + sorted((ROOT / "examples").glob("*.jpg"))
    if not examples:
        raise SystemExit("examples/ holds no picture: make them with python examples/render.py")
    return center_crop(open_picture(examples[0]), size)


def print_row(what: str, measured: str, bound: str) -> None:
    """One row of the table that README shows."""
    print(f"| {what} | {measured} | {bound} |", flush=True)
