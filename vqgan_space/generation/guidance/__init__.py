"""CLIP guidance: the latents of a VQGAN are pulled until CLIP finds a text in their picture.

Crowson et al., *VQGAN-CLIP: Open Domain Image Generation and Editing with Natural Language
Guidance* (arXiv 2204.08583). ``guide`` runs it step by step; ``prompts`` reads what is asked for,
``start`` makes what it starts from.
"""

from __future__ import annotations

from .loop import Moment, guide
from .prompts import Prompt, parse_prompts, parse_story
from .settings import GuideSettings

__all__ = ["GuideSettings", "Moment", "Prompt", "guide", "parse_prompts", "parse_story"]
