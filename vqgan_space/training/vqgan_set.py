"""What a VQGAN's training leaves: weights, figures, samples and a card."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict
from typing import Any

from torch import Tensor
from torchvision.utils import save_image

from vqgan_space.hub.card import CardFacts, write_card
from vqgan_space.models.origin import forget_origin
from vqgan_space.models.vqgan import VQGAN

from .publishing import run_facts


def save_set(
    vqgan: VQGAN,
    options: Any,
    figures: dict[str, Any],
    grid: Tensor,
    steps: int,
    started: float,
) -> None:
    """What is published, under OUT: weights in half precision, figures, samples and a card."""
    half = VQGAN.from_config(vqgan.config)
    half.load_state_dict(vqgan.state_dict())
    # A plain git push to the Hub takes files of up to 10 MB.
    forget_origin(half.half()).save_pretrained(options.out / "vqgan", max_shard_size="9MB")
    record = {"options": asdict(options), "figures": figures}
    (options.out / "training.json").write_text(json.dumps(record, indent=1, default=str))
    samples = options.out / "samples" / "held-out.png"
    samples.parent.mkdir(exist_ok=True)
    save_image(grid, samples, nrow=len(grid) // 2)
    mixed = f", and drawn scenes as {options.scenes:.0%} of the crops" if options.scenes else ""
    facts = CardFacts(
        name=options.out.name,
        trained_on=f"Pictures: {options.data}{mixed}.",
        trained_how=f"{steps} steps of {options.batch_size} crops of {options.crop} px.",
        command=shlex.join(["python", *sys.argv]),
        figures={k: v if isinstance(v, str) else f"{v:.4g}" for k, v in figures.items()},
        measured_on=f"{options.val}, centre crops of {options.val_size} px",
        samples="samples/held-out.png",
        **run_facts(options, started),
    )
    write_card(options.out, facts)
