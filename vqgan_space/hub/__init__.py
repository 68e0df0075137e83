"""Where trained sets come from and go to: what ships, folders and the Hugging Face Hub."""

from __future__ import annotations

from .load import load, model_revision
from .presets import list_models, list_presets
from .synthesizers import list_priors, list_synthesizers, load_synthesizer

__all__ = [
    "list_models",
    "list_presets",
    "list_priors",
    "list_synthesizers",
    "load",
    "load_synthesizer",
    "model_revision",
]
