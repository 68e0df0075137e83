"""What a VQGAN is trained on, as its trainer's options say."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.data import Dataset

from vqgan_space.data.crops_in_memory import CropsInMemory, decode_all
from vqgan_space.data.datasets import RandomCrops, WithScenes, find_pictures
from vqgan_space.data.labelled import rarity_weights, read_scenes


def training_crops(options: Any, device: torch.device) -> tuple[Dataset, dict[str, Any]]:
    """Crops of pictures and of scenes, and how a ``DataLoader`` is to load them.

    Items are pictures (3, S, S) in [-1, 1]; with ``options.drawn`` they come with the weights
    (1, S, S) of their pixels.

    Args:
        options: those of train/vqgan.py.
        device: where pictures are kept, with ``options.drawn``.

    Raises:
        ValueError: there are no pictures, or options that don't go together.
    """
    if options.emphasis and not options.drawn:
        raise ValueError("--emphasis needs --drawn: it weighs pixels by the scenes' label maps")
    pictures = find_pictures(options.data, options.column)
    if not options.drawn:
        crops: Dataset = RandomCrops(
            pictures, options.crop, options.scale, options.vivid, options.seed
        )
        if options.scenes:
            crops = WithScenes(crops, options.scenes, options.crop, options.seed)
        return crops, {"num_workers": options.workers}
    scenes, label_maps = read_scenes(options.drawn, workers=options.workers)
    kept = CropsInMemory(
        decode_all(pictures, device, options.workers),
        scenes.to(device),
        label_maps.to(device),
        share=options.scenes,
        size=options.crop,
        scale=options.scale,
        vivid=options.vivid,
        class_weights=rarity_weights(label_maps, options.emphasis, most=10),
        seed=options.seed,
    )
    return kept, kept.together
