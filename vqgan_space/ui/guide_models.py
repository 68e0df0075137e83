"""What guides and what drafts: CLIPs and drafting sets on offer, loaded once, at first use."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import hub
from ..hub.synthesizers import CONFIG, locate_synthesizer
from .imports import import_models
from .models import progress_on_page

if TYPE_CHECKING:
    from ..generation.synthesizer import Synthesizer
    from ..models.clip import CLIP


class Guides:
    """Names of CLIPs and of drafting sets, and what is behind them."""

    def __init__(
        self,
        clips: Sequence[str] = (),
        drafts: Sequence[str] = (),
        *,
        device: str = "cpu",
        dtype: str | None = None,
        presets: bool = False,
    ) -> None:
        """Offer ``clips`` (folders or Hub repos) first, then those that ship, then, with
        ``presets``, public ones of the Hub; ``drafts`` before the drafting sets that ship.

        Raises:
            ValueError: one of ``drafts`` is no set, or makes no drafts.
        """
        from ..hub.clips import PRESETS, list_clips

        self._clips = {_short(source, clips): source for source in [*clips, *list_clips()]}
        self._labels = {name: name for name in self._clips}
        for preset in PRESETS if presets else ():
            self._clips[preset.name] = preset.name
            self._labels[preset.name] = (
                f"{preset.name} ({preset.megabytes} MB from the Hub, {preset.gflops:g} GFLOP a "
                "cutout)"
            )
        self._drafts: dict[str, str] = {}
        # Those that read texts first; of the others' drafts CLIP chooses one.
        sources = [*drafts, *sorted(hub.list_synthesizers(), key=lambda each: not _reads(each))]
        for source in sources:
            if _is_masked(source):
                self._drafts[_short(source, drafts)] = source
            elif source in drafts:
                raise ValueError(f"The set {source} makes no drafts: it has no masked prior.")
        self._device, self._dtype = device, dtype
        self._loaded: dict[str, CLIP] = {}
        self._drafting: dict[str, Synthesizer] = {}
        self._revisions: dict[str, str] = {}
        self._lock = threading.Lock()

    @property
    def choices(self) -> list[tuple[str, str]]:
        """CLIPs as the dropdown shows them, and their names; the default first."""
        return [(label, name) for name, label in self._labels.items()]

    @property
    def default(self) -> str | None:
        """The CLIP that guides at first, if there is any."""
        return next(iter(self._clips), None)

    @property
    def drafts(self) -> list[str]:
        """Names of the drafting sets, the default first."""
        return list(self._drafts)

    def clip(self, name: str | None) -> CLIP:
        """The CLIP of that name, loaded now if nobody has used it yet.

        Raises:
            ValueError: a name that is not on offer, or it can't be had.
        """
        if name not in self._clips:
            offered = ", ".join(self._clips) or "none"
            raise ValueError(f"There is no CLIP called {name!r} here: choose one of {offered}.")
        with self._lock:
            if name not in self._loaded:
                import_models("open_clip")
                from ..hub.clips import load_clip

                clip = load_clip(self._clips[name], progress_on_page())
                self._loaded[name] = clip.to(self._device)
            return self._loaded[name]

    def draft(self, name: str | None) -> Synthesizer:
        """The drafting set of that name, loaded now if nobody has used it yet.

        Raises:
            ValueError: a name that is not on offer.
        """
        if name not in self._drafts:
            raise ValueError("No set that makes drafts is installed: choose another start.")
        with self._lock:
            if name not in self._drafting:
                import torch

                dtype = getattr(torch, self._dtype) if self._dtype else None
                self._drafting[name] = hub.load_synthesizer(
                    self._drafts[name], device=self._device, dtype=dtype
                )
            return self._drafting[name]

    def draft_for(self, revision: str | None) -> str | None:
        """The first set that writes codes of the VQGAN with these weights, if there is any.

        Told by the weights: a set trained at home may bear the name of one that ships, and another
        codebook.
        """
        for name, source in self._drafts.items():
            if name not in self._revisions:
                vqgan = _config(source).get("vqgan") or locate_synthesizer(source)
                self._revisions[name] = hub.model_revision(vqgan)
            if self._revisions[name] == revision:
                return name
        return None

    def clip_of_draft(self, name: str, chosen: str) -> CLIP:
        """The CLIP whose embeddings a drafting set reads; ``chosen`` where it does not say.

        Raises:
            ValueError: it can't be had.
        """
        return self.clip(hub.clip_of(self._drafts[name]) or chosen)

    def warm_up(self) -> None:
        """Load what a first picture needs in a thread of its own."""
        if self.default is not None:
            threading.Thread(target=self.clip, args=(self.default,), daemon=True).start()


def _short(source: str, extra: Sequence[str]) -> str:
    return Path(source).resolve().name if source in extra and Path(source).is_dir() else source


def _reads(source: str) -> bool:
    """Whether it reads the embeddings of texts."""
    return bool(_config(source).get("condition", {}).get("kind") == "vector")


def _is_masked(source: str) -> bool:
    config = locate_synthesizer(source) / "prior" / "config.json"
    return config.is_file() and json.loads(config.read_text()).get("_class_name") == "MaskedPrior"


def _config(source: str) -> dict[str, Any]:
    values = json.loads((locate_synthesizer(source) / CONFIG).read_text())
    return values if isinstance(values.get("condition"), dict) else values | {"condition": {}}
