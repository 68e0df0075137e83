"""The trained sets that ship with the package: a folder each under ``vqgan_space/weights``."""

from __future__ import annotations

import re
from pathlib import Path

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"


def list_models() -> list[str]:
    """Names of the VQGANs that ship, f8 before f16: the first is what the app starts with."""
    names = (path.parent.parent.name for path in WEIGHTS.glob("*/vqgan/config.json"))
    return sorted(names, key=lambda name: [int(n) for n in re.findall(r"\d+", name)] or [0])


def shipped_folder(name: str) -> Path | None:
    """Folder of the trained set of that name, or None where nothing by that name ships."""
    return WEIGHTS / name if name in list_models() else None
