"""PyTorch and all that stands on it, imported by one thread while the others wait.

Several events are the first at once: the page's own warming up, a tab that is opened, a visitor who
is quick. diffusers and transformers import themselves piece by piece, and two threads that meet in
them half-way may be handed modules that are not complete yet.
"""

from __future__ import annotations

import importlib
import threading

_LOCK = threading.RLock()
_BASE = (
    "torch",
    "vqgan_space.models.vqgan",
    "vqgan_space.generation.reconstruct",
    "vqgan_space.generation.painting",
    "vqgan_space.generation.guidance",
    "vqgan_space.generation.cvae",
    "vqgan_space.generation.video",
)


def import_models(*more: str) -> None:
    """Import what model events need, and the modules named in ``more``; waits for who does.

    To be called before anything of it is imported otherwise: ``errors.sentences`` does so for
    handlers, threads of the app's own do it themselves.
    """
    with _LOCK:
        for name in (*_BASE, *more):
            importlib.import_module(name)
        # Bars for each file of weights would stand among the app's own lines on the terminal.
        importlib.import_module("diffusers.utils.logging").disable_progress_bar()
