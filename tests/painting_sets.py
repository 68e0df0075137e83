"""Untrained sets of the second stage that are quick: 16 x 16 codes of 256 x 256 pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from vqgan_space.generation.synthesizer import Synthesizer
from vqgan_space.models.conditions import ClassCondition, VectorCondition
from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.models.masked_prior import MaskedPrior
from vqgan_space.models.prior import CausalPrior
from vqgan_space.models.vqgan import VQGAN

CODES, DIM = 64, 32
_PRIOR: dict[str, Any] = {"n_layer": 1, "n_head": 2, "n_embd": 16}
_VQGAN: dict[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D",) * 5,
    "up_block_types": ("UpDecoderBlock2D",) * 5,
    "block_out_channels": (8, 8, 8, 16, 16),
    "layers_per_block": 1,
    "latent_channels": 8,
    "num_vq_embeddings": CODES,
    "vq_embed_dim": 8,
    "norm_num_groups": 4,
}


def painting_set(*, masked: bool = True, condition: str = "grid") -> Synthesizer:
    """A set that reads label maps of COCO-Stuff ("grid"), 10 classes ("class"), vectors
    ("vector", of ``DIM`` numbers) or nothing."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        vqgan = VQGAN(**_VQGAN)
        labels = LabelVQGAN(**_VQGAN, in_channels=182, out_channels=182)
        for model in (vqgan, labels):
            torch.nn.init.normal_(model.codebook, std=0.5)
        given: Any = {
            "grid": labels,
            "class": ClassCondition(10),
            "vector": VectorCondition(DIM),
            "none": None,
        }[condition]
        prior: Any
        if masked:
            conditions = {"grid": CODES, "class": 10}.get(condition, 0)
            prior = MaskedPrior(
                num_codes=CODES,
                condition=condition,  # type: ignore[arg-type]
                num_conditions=conditions,
                vector_dim=DIM if condition == "vector" else 0,
                **_PRIOR,
            )
        else:
            front = 256 if condition == "grid" else 1
            prior = CausalPrior(vocab_size=CODES, block_size=front + 256, **_PRIOR)
        for parameter in prior.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.3)
    return Synthesizer(vqgan.eval(), given, prior.eval(), window=(16, 16))


def save_painting_set(folder: Path) -> Path:
    """Write the set of label maps, with a causal prior beside the masked one."""
    painting_set().save_pretrained(folder)
    painting_set(masked=False).save_pretrained(folder, prior_folder="causal_prior")
    return folder
