"""Measure a trained label-map VQGAN on held-out label maps.

    python train/evaluate_labels.py --model runs/label-f16 --val scenes

Centre squares in float32; prints a figure a line and, with ``--out``, writes figures.json and
samples.png.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from torchvision.utils import save_image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.data.label_maps import find_label_maps
from vqgan_space.data.labels import ADE20K, CAMVID, COCO_STUFF
from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.training.label_evaluation import center_square, measure_label_maps


@dataclass
class Options:
    """What to measure, on what."""

    model: Path
    """Folder of a set with a label-map VQGAN in it."""
    val: str = "scenes"
    """Folder of held-out label maps, or "scenes" for drawn ones."""
    count: int = 256
    """How many scenes; of a folder it is all."""
    size: int = 256
    """Side of the centre squares in pixels."""
    columns: int = 8
    """Label maps a row of the samples, above what their codes give back."""
    out: Path | None = None
    """Folder for figures.json and samples.png."""


def main(options: Options) -> None:
    model = LabelVQGAN.from_pretrained(
        options.model, subfolder="label_vqgan", torch_dtype=torch.float32
    ).eval()
    label_set = {len(each): each for each in (ADE20K, CAMVID)}.get(model.num_classes, COCO_STUFF)
    held_out = {"count": options.count, "size": options.size, "held_out": True}
    maps = find_label_maps(options.val, label_set, **held_out)
    squares = [center_square(label_map, options.size) for label_map in maps]
    figures, grid = measure_label_maps(model, squares, label_set, options.columns)
    for name, value in figures.items():
        print(f"{name}: {value:.4f}")
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        record = {"label maps": len(squares), "size": options.size}
        (options.out / "figures.json").write_text(json.dumps(record | figures, indent=1))
        save_image(grid, options.out / "samples.png", nrow=options.columns)


if __name__ == "__main__":
    main(tyro.cli(Options))
