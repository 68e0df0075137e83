"""What a guided run shows on the page, moment by moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .guide_request import GoingOn


@dataclass(frozen=True)
class Files:
    """Paths of what a run made; the film is missing where nothing moved."""

    picture: str
    codes: str
    video: str | None = None
    gif: str | None = None
    frames: str | None = None


@dataclass(frozen=True)
class Shown:
    """What the page shows at a moment; None where nothing changed, ``files`` with the last."""

    status: str
    gallery: list[tuple[Any, str]] | None = None
    curve: str | None = None
    going_on: GoingOn | None = None
    files: Files | None = None
