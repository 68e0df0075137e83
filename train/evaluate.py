"""Measure a trained VQGAN or VQ-VAE on held-out pictures: the figures of README and of the cards.

    python train/evaluate.py --model vqgan-f16 --val photos/val

Centre crops in float32; prints one row and, with ``--out``, writes figures.json and samples.png.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from torch.utils.data import DataLoader
from torchvision.utils import save_image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space import load
from vqgan_space.data.datasets import CenterCrops, find_pictures
from vqgan_space.training.evaluation import measure_reconstructions, relative_error
from vqgan_space.training.perceptual import Choice, load_perceptual


@dataclass
class Options:
    """What to measure, on what."""

    model: str
    """Shipped name, folder or Hub repo."""
    val: str
    """Folder, parquet file or Hub data set of held-out pictures."""
    size: int = 256
    """Side of the centre crops in pixels."""
    perceptual: Choice = "auto"
    columns: int = 8
    """Pictures a row of the samples, the originals above their reconstructions."""
    out: Path | None = None
    """Folder for figures.json and samples.png."""


def main(options: Options) -> None:
    model = load(options.model, dtype=torch.float32)
    crops = CenterCrops(find_pictures(options.val, split="test"), options.size)
    measure = load_perceptual(options.perceptual)
    batches = DataLoader(crops, batch_size=4)
    figures, grid = measure_reconstructions(model, batches, measure, options.columns)
    figures["MSE over variance"] = relative_error(model, batches)
    for name, value in figures.items():
        print(f"{measure.name if name == 'perceptual' else name}: {value:.4f}")
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        record = {"pictures": len(crops), "size": options.size, "perceptual_name": measure.name}
        (options.out / "figures.json").write_text(json.dumps(record | figures, indent=1))
        save_image(grid, options.out / "samples.png", nrow=options.columns)


if __name__ == "__main__":
    main(tyro.cli(Options))
