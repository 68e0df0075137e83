"""VQGAN Space: pictures to a grid of codebook indices and back, and new pictures out of codes.

``vqgan_space.load(name_or_folder)`` gives a trained model, ``vqgan_space.VQGAN`` is its class. Both
are imported when first asked for, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .hub import list_models, load
    from .models.vqgan import VQGAN

__version__ = "0.1.0"
__all__ = ["VQGAN", "__version__", "list_models", "load"]


def __getattr__(name: str) -> Any:
    if name in ("load", "list_models"):
        from . import hub

        return getattr(hub, name)
    if name == "VQGAN":
        from .models.vqgan import VQGAN

        return VQGAN
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
