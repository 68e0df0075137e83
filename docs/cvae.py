"""Paint README's contact sheets of the conditional VAEs.

python docs/cvae.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.generation.cvae import (
    busiest_latents,
    sample_classes,
    sample_text,
    sheet,
    walk_grid,
)
from vqgan_space.generation.words import CLASSES
from vqgan_space.hub import list_cvaes, load_clip, load_cvae

DOCS = Path(__file__).resolve().parent
TEMPERATURE, CAPTION_TEMPERATURE = 0.6, 0.4
SAMPLES = 10
CAPTIONS = (
    "A winter evening. Deep snow before a dark spruce forest and mountains.",
    "A summer day by the sea. A sandy beach under a clear sky.",
    "A red sunset over a lake.",
    "A starry night above a desert.",
)


def main() -> None:
    clothes().save(DOCS / "clothes.png", optimize=True)
    walk().save(DOCS / "clothes-walk.png", optimize=True)
    if "scenes-cvae" in list_cvaes():
        captions().save(DOCS / "captions.jpg", quality=88)


def clothes() -> Image.Image:
    """A row for each class: ten samples by concat, ten by add, the same z in both."""
    halves = []
    for variant in ("concat", "add"):
        model = load_cvae("fashion-cvae", variant)
        rows = [
            sample_classes(model, [label] * SAMPLES, 0, TEMPERATURE)
            for label in range(len(CLASSES))
        ]
        halves.append(sheet(rows, 42))
    return beside(halves)


def walk() -> Image.Image:
    """Two latents of a sneaker, and of an ankle boot."""
    model = load_cvae("fashion-cvae")
    return beside(
        [sheet(walk_grid(model, label, busiest_latents(model, label)), 42) for label in (7, 9)]
    )


def captions() -> Image.Image:
    """A row for each caption: four samples by concat and four by add, at 128 pixels."""
    halves = []
    for variant in ("concat-128", "add-128"):
        model = load_cvae("scenes-cvae", variant)
        clip = load_clip(model.config.text_encoder)
        rows = [sample_text(model, text, 4, 0, CAPTION_TEMPERATURE, clip) for text in CAPTIONS]
        halves.append(sheet(rows, 128))
    return beside(halves)


def beside(sheets: list[Image.Image], gap: int = 16) -> Image.Image:
    """Sheets of one size in a row."""
    width, height = sheets[0].size
    result = Image.new(sheets[0].mode, (len(sheets) * (width + gap) - gap, height), "white")
    for number, each in enumerate(sheets):
        result.paste(each, (number * (width + gap), 0))
    return result


if __name__ == "__main__":
    main()
