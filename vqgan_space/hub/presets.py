"""The trained sets that ship with the package: a folder each under ``vqgan_space/weights``."""

from __future__ import annotations

from pathlib import Path

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"


def list_models() -> list[str]:
    """Names of the VQGANs that ship, sorted."""
    return sorted(path.parent.parent.name for path in WEIGHTS.glob("*/vqgan/config.json"))


def shipped_folder(name: str) -> Path | None:
    """Folder of the trained set of that name, or None where nothing by that name ships."""
    return WEIGHTS / name if name in list_models() else None
