"""Where trained sets come from and go to: what ships, folders and the Hugging Face Hub."""

from __future__ import annotations

from .load import load, model_revision
from .presets import list_models

__all__ = ["list_models", "load", "model_revision"]
