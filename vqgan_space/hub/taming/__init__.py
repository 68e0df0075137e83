"""Checkpoints of CompVis/taming-transformers: read here, and converted to this project's layout.

``load`` gives a ``VQGAN``, a ``LabelVQGAN`` or a ``Synthesizer``; ``python -m
vqgan_space.hub.taming FOLDER OUT`` converts.
"""

from __future__ import annotations

from .convert import convert
from .load import load

__all__ = ["convert", "load"]
