"""Paint README's sheets of the second stage: variants of label maps, panoramas, completions.

python docs/paint.py --set scenes-f16
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.data.labels import COCO_STUFF, to_picture
from vqgan_space.data.scenes import scene
from vqgan_space.data.scenes.dataset import HELD_OUT
from vqgan_space.generation.painting import Earlier, PaintSettings, paint, paste_back
from vqgan_space.generation.synthesizer import Synthesizer
from vqgan_space.hub import load_synthesizer
from vqgan_space.images import to_pictures, to_tensor

DOCS = Path(__file__).resolve().parent
# Scenes that no training has drawn.
MAPS = [HELD_OUT + n for n in (0, 2, 3, 4, 7, 12, 21, 30)]
PANORAMAS = [HELD_OUT + n for n in (40, 44)]
HOW: dict[str, Any] = {"top_p": PaintSettings.top_p, "steps": PaintSettings.steps}
PHOTOS = [HELD_OUT + n for n in (3, 4, 50, 57)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", default="scenes-f16", help="shipped name or folder")
    synthesizer = load_synthesizer(parser.parse_args().set)
    save(variants(synthesizer), "variants.jpg", 176)
    save(panoramas(synthesizer), "panoramas.jpg", 0)
    save(completions(synthesizer), "completions.jpg", 176)


def variants(synthesizer: Synthesizer) -> list[list[Image.Image]]:
    """Label maps, and below each of them four pictures of it."""
    columns = []
    for seed in MAPS:
        label_map = scene(seed, 256).label_map
        given = torch.from_numpy(label_map)[None].long()
        codes = synthesizer.sample(given, **HOW, seed=[1, 2, 3, 4])
        columns.append([to_picture(label_map, COCO_STUFF), *pictures(synthesizer, codes)])
    return [list(row) for row in zip(*columns, strict=True)]


def panoramas(synthesizer: Synthesizer) -> list[list[Image.Image]]:
    """Two label maps of 768 x 256 pixels, each above a picture of it."""
    rows = []
    for seed in PANORAMAS:
        label_map = scene(seed, (256, 768)).label_map
        codes = synthesizer.sample(torch.from_numpy(label_map)[None].long(), **HOW, seed=1)
        rows += [[to_picture(label_map, COCO_STUFF)], pictures(synthesizer, codes)]
    return rows


def completions(synthesizer: Synthesizer) -> list[list[Image.Image]]:
    """What is kept of four pictures, and below it two ways in which the rest was made."""
    columns = []
    for number, seed in enumerate(PHOTOS):
        given = scene(seed, 256)
        kept = torch.zeros(16, 16, dtype=torch.bool)
        if number % 2:
            kept[:, :8] = True
        else:
            kept[:8] = True
        codes = synthesizer.vqgan.encode_codes(to_tensor(given.picture))[0]
        grey = Image.new("RGB", given.picture.size, (235, 235, 235))
        earlier = Earlier(given.picture, codes, ~kept)
        made = [*paint(synthesizer, given.label_map, (16, 16), [1, 2], earlier=earlier)][-1]
        shown = paste_back(grey, given.picture, ~kept)
        columns.append([shown, *(variant.picture for variant in made.finished)])
    return [list(row) for row in zip(*columns, strict=True)]


def pictures(synthesizer: Synthesizer, codes: Tensor) -> list[Image.Image]:
    return to_pictures(synthesizer.decode(codes))


def save(rows: list[list[Image.Image]], name: str, side: int, gap: int = 4) -> None:
    """Write a sheet, its pictures ``side`` pixels wide, or as they are where that is 0."""
    if side:
        size = (side, side)
        rows = [[each.resize(size, Image.Resampling.LANCZOS) for each in row] for row in rows]
    width, height = rows[0][0].size
    sheet = Image.new(
        "RGB",
        (len(rows[0]) * (width + gap) - gap, len(rows) * (height + gap) - gap),
        "white",
    )
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            sheet.paste(picture, (x * (width + gap), y * (height + gap)))
    sheet.save(DOCS / name, quality=88)


if __name__ == "__main__":
    main()
