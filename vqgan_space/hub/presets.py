"""The trained sets that ship with the package: a folder each under ``vqgan_space/weights``."""

from __future__ import annotations

import re
from pathlib import Path

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"


def list_models() -> list[str]:
    """Names of the models that ship, the first being what the app starts with.

    VQGANs come before VQ-VAEs, and f8 before f16.
    """
    vqgans, vqvaes = (
        [path.parent.parent.name for path in WEIGHTS.glob(f"*/{kind}/config.json")]
        for kind in ("vqgan", "vqvae")
    )
    return sorted(vqgans, key=_numbers) + sorted(vqvaes, key=_numbers)


def _numbers(name: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", name)] or [0]


def shipped_folder(name: str) -> Path | None:
    """Folder of the trained set of that name, or None where nothing by that name ships."""
    return WEIGHTS / name if name in list_models() else None
