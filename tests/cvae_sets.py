"""Untrained sets of conditional VAEs that are quick, laid out as those that ship."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torchvision.utils import save_image

from vqgan_space.hub.cvaes import SPRITE
from vqgan_space.models.cvae import CVAE


def save_clothes_set(folder: Path) -> Path:
    """Concat, add and the plain VAE of ten classes, with held-out pictures and their t-SNE."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for name, condition in (("concat", "concat"), ("add", "add"), ("vae", None)):
            model = CVAE(condition=condition, channels=(4, 4, 8), latent_dim=6)
            model.save_pretrained(folder / name)
            points = {"x": [0.0, 1.0, 2.0], "y": [1.0, 0.0, 1.0], "label": [0, 4, 9]}
            (folder / name / "tsne.json").write_text(json.dumps(points))
        (folder / SPRITE).parent.mkdir()
        save_image(torch.rand(1, 56, 280), folder / SPRITE)
    return folder


def save_texts_set(folder: Path, clip: str, text_dim: int = 32) -> Path:
    """Concat at 64 and 128 pixels, add at 64 alone, for the texts of a CLIP."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for condition, size in (("concat", 64), ("add", 64), ("concat", 128)):
            model = CVAE(
                size=size,
                condition=condition,
                text_dim=text_dim,
                text_encoder=clip,
                channels=[4] * (4 if size == 64 else 5),
                latent_dim=6,
                condition_width=5,
            )
            model.save_pretrained(folder / f"{condition}-{size}")
    return folder
