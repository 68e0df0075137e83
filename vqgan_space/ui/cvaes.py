"""The conditional VAEs on offer: loaded at first use, each once, shared by all visitors."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import hub
from ..hub.cvaes import SPRITE, Variant, list_variants, locate_cvae, read_tsne
from .imports import import_models
from .models import OWN_LOADED

if TYPE_CHECKING:
    from torch import Tensor

    from ..models.clip import CLIP
    from ..models.cvae import CVAE

GREY = 28
BOTH = "both"


class Cvaes:
    """Names of sets on offer, and the models behind them.

    Args:
        extra: folders or Hub repos that come before what ships.
        device: where the models compute.

    Raises:
        ValueError: one of ``extra`` is no set, or can't be had.
    """

    def __init__(self, extra: Sequence[str] = (), *, device: str = "cpu") -> None:
        self._sources: dict[str, str] = {}
        self._variants: dict[str, list[Variant]] = {}
        for source in dict.fromkeys([*extra, *hub.list_cvaes()]):
            name = Path(source).resolve().name if Path(source).is_dir() else source
            name = source if name in self._sources else name
            self._sources[name], self._variants[name] = source, list_variants(source)
        self._device = device
        self._models: dict[tuple[str, str], CVAE] = {}
        self._clips: dict[str, CLIP] = {}
        self._lock = threading.Lock()
        self._own: list[str] = []

    @property
    def of_classes(self) -> list[str]:
        """Sets that make grey pictures of clothes, the default first."""
        return [name for name, have in self._variants.items() if any(_is_grey(v) for v in have)]

    @property
    def of_texts(self) -> list[str]:
        """Sets that make colour pictures of captions, the default first."""
        return [name for name, have in self._variants.items() if any(v.text_encoder for v in have)]

    def variants(self, name: str) -> list[Variant]:
        """What a set holds."""
        return self._variants[name]

    def folders(self, name: str | None, condition: str, size: int) -> list[str]:
        """The variants of a set that are asked for: one, or with ``BOTH`` concat and add.

        Raises:
            ValueError: no such set, or one without such a variant, in a sentence that says what
                there is.
        """
        offered = self.of_classes if size == GREY else self.of_texts
        name = name or next(iter(offered), None)
        if name not in offered:
            raise ValueError(f"There is no set {name!r} here: {', '.join(offered) or 'none'}.")
        wanted = ("concat", "add") if condition == BOTH else (condition,)
        found = {v.condition or "vae": v.folder for v in self._variants[name] if v.size == size}
        missing = [each for each in wanted if each not in found]
        if missing:
            have = ", ".join(v.folder for v in self._variants[name])
            raise ValueError(f"The set {name} has no {missing[0]!r} at {size} pixels, but {have}.")
        return [found[each] for each in wanted]

    def add_own(self, name: str, folder: Path, *, of_texts: bool) -> bool:
        """Know a visitor's set by its repo's name; whether it makes pictures of texts, or classes.

        The last few are known: who opened an earlier one is told to open it again.
        """
        if name not in self._sources or name in self._own:
            try:
                variants = list_variants(folder)
            except ValueError:
                return False
            with self._lock:
                self._own = [*(each for each in self._own if each != name), name]
                forgotten, self._own = self._own[:-OWN_LOADED], self._own[-OWN_LOADED:]
                stale = {*forgotten, name}
                for key in [key for key in self._models if key[0] in stale]:
                    del self._models[key]
                # New dictionaries: others may be reading these.
                kept = {k: v for k, v in self._sources.items() if k not in stale}
                self._sources = kept | {name: str(folder)}
                self._variants = {k: self._variants[k] for k in kept} | {name: variants}
        return name in (self.of_texts if of_texts else self.of_classes)

    def get(self, name: str | None, folder: str) -> CVAE:
        """A variant, loaded now if nobody has used it yet."""
        with self._lock:
            key = (self._named(name, folder), folder)
            if key not in self._models:
                source = self._sources[key[0]]
                self._models[key] = hub.load_cvae(source, folder, device=self._device)
            return self._models[key]

    def clip_of(self, model: CVAE) -> CLIP:
        """The CLIP that a model of texts was trained with.

        Raises:
            ValueError: it can't be had.
        """
        name = model.config.text_encoder
        with self._lock:
            if name not in self._clips:
                import_models("open_clip")
                self._clips[name] = hub.load_clip(name)
            return self._clips[name]

    def held_out(self, name: str | None) -> Tensor | None:
        """Held-out pictures of a set, (rows * classes, 1, 28, 28) in [0, 1], a column a class."""
        from ..generation.cvae import from_sprite
        from ..images import open_picture

        name = name or next(iter(self.of_classes), None)
        path = locate_cvae(self._sources[name]) / SPRITE if name else None
        return from_sprite(open_picture(path)) if path and path.is_file() else None

    def tsne(self, name: str | None, folder: str) -> dict[str, Any] | None:
        """The latents of a variant on a plane, as ``train/cvae_tsne.py`` left them."""
        name = name or next(iter(self.of_classes), None)
        return read_tsne(locate_cvae(self._sources[name]) / folder) if name else None

    def _named(self, name: str | None, folder: str) -> str:
        if name:
            return name
        for each, have in self._variants.items():
            if any(v.folder == folder for v in have):
                return each
        raise ValueError(f"No set has {folder!r}.")


def _is_grey(variant: Variant) -> bool:
    return variant.size == GREY and variant.text_encoder is None
