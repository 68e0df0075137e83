"""Where trained sets come from and go to: what ships, folders and the Hugging Face Hub."""

from __future__ import annotations

from .clips import list_clips, load_clip
from .cvaes import list_cvaes, load_cvae
from .load import load, model_revision
from .presets import list_models, list_presets
from .synthesizers import clip_of, list_priors, list_synthesizers, load_synthesizer

__all__ = [
    "clip_of",
    "list_clips",
    "list_cvaes",
    "list_models",
    "list_presets",
    "list_priors",
    "list_synthesizers",
    "load",
    "load_clip",
    "load_cvae",
    "load_synthesizer",
    "model_revision",
]
