"""Measure pictures that a synthesizer makes of held-out scenes' label maps.

    python train/evaluate_synthesis.py --synthesizer scenes-f16 --out runs/scenes-f16/figures

A segmentation network (train/segmentation.py) says how well the pictures follow the label maps that
were asked for and how far their features are from real ones; their diversity stands beside that of
real scenes in other light. Prints a figure a line and, with ``--out``, writes figures.json and
samples.png: label maps, real pictures, synthesised ones.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
import tyro
from torch import Tensor
from torchvision.utils import save_image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.data.labelled import draw_scenes
from vqgan_space.data.labels import COCO_STUFF, to_picture
from vqgan_space.data.scenes.dataset import HELD_OUT, Scenes
from vqgan_space.hub import load_synthesizer
from vqgan_space.images import to_tensor
from vqgan_space.training.perceptual import Choice, load_perceptual
from vqgan_space.training.synthesis import (
    SHIPPED,
    compare,
    judge,
    load_segmenter,
    measure_diversity,
    paint,
    relit_scenes,
)

# Seeds of the real scenes to compare with: held out, and none of those that are asked for.
REFERENCE = HELD_OUT + (1 << 20)


@dataclass
class Options:
    """What to measure, on what."""

    synthesizer: str
    """Shipped name or folder of a set whose condition is label maps."""
    prior: Literal["prior", "causal_prior"] = "prior"
    """Which of its priors."""
    segmenter: Path = SHIPPED
    """Folder that train/segmentation.py left."""
    scenes: int = 256
    """Held-out scenes whose label maps are painted."""
    size: int = 256
    """Their side in pixels."""
    reference: int = 2048
    """Other real scenes that features are compared with."""
    diverse: int = 16
    """Label maps that are painted several times; 0: diversity is not measured."""
    variants: int = 4
    """How many times."""
    perceptual: Choice = "auto"

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = 0.8
    steps: int = 32
    """Of a masked prior."""
    guidance: float = 3.0
    """Of a masked prior."""
    seed: int = 0

    batch_size: int = 8
    workers: int = 1
    """Processes that draw the scenes; 0: this one."""
    columns: int = 8
    """Pictures a row of the samples."""
    out: Path | None = None
    """Folder for figures.json and samples.png."""


def main(options: Options) -> None:
    synthesizer = load_synthesizer(options.synthesizer, prior=options.prior)
    segmenter = load_segmenter(options.segmenter)
    perceptual = load_perceptual(options.perceptual)

    def painter(label_maps: Tensor, seeds: list[int]) -> Tensor:
        for progress in synthesizer.sample_steps(
            label_maps,
            temperature=options.temperature,
            top_k=options.top_k,
            top_p=options.top_p,
            seed=seeds,
            steps=options.steps,
            guidance=options.guidance,
        ):
            codes = progress.codes
        return synthesizer.decode(codes)

    asked = Scenes(options.scenes, options.size, first=HELD_OUT)
    pictures, label_maps = draw_scenes(asked, options.workers)
    started = time.perf_counter()
    painted = paint(painter, label_maps, options.seed, options.batch_size)
    seconds = (time.perf_counter() - started) / len(painted)
    others = draw_scenes(Scenes(options.reference, options.size, first=REFERENCE), options.workers)
    synthesised = judge(segmenter, painted, label_maps)
    figures = compare(
        synthesised, judge(segmenter, pictures, label_maps), judge(segmenter, *others)
    )
    if options.diverse:
        # Some scenes can't be lit otherwise, so a few more are looked at.
        candidates = relit_scenes(
            range(HELD_OUT, HELD_OUT + 8 * options.diverse), options.size, options.variants
        )
        scenes = [scene for scene, _ in zip(candidates, range(options.diverse), strict=False)]
        figures |= measure_diversity(painter, scenes, perceptual, options.seed)
    figures["seconds a picture"] = seconds
    for name, value in figures.items():
        print(f"{name}: {value:.4f}")
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        record = {"options": asdict(options), "figures": figures}
        (options.out / "figures.json").write_text(json.dumps(record, indent=1, default=str))
        shown = slice(options.columns)
        maps = [to_tensor(to_picture(m.numpy(), COCO_STUFF))[0] for m in label_maps[shown]]
        rows = torch.cat(
            [torch.stack(maps).add(1) / 2, pictures[shown] / 255, painted[shown] / 255]
        )
        save_image(rows, options.out / "samples.png", nrow=options.columns)


if __name__ == "__main__":
    main(tyro.cli(Options))
