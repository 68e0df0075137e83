"""Stopping a run between two of its steps, whatever process it runs in.

A run is told by a file of its own, which the button makes: on ZeroGPU the run goes on in another
process than the button's handler, and what Gradio cancels ends without keeping what there is.
"""

from __future__ import annotations

import uuid
from pathlib import Path

from .files import result_path


def begin() -> str:
    """The path that a run is stopped by; nothing is there yet."""
    return str(result_path(f"stop-{uuid.uuid4().hex}"))


def stop(path: str) -> None:
    """Stop the run that was begun with ``path``, if one was."""
    if path:
        Path(path).touch()


def is_stopped(path: str) -> bool:
    """Whether somebody has stopped it."""
    return bool(path) and Path(path).exists()
