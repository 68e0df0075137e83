"""The sets of the second stage on offer: loaded at first use, each once, shared by all visitors."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .. import hub
from ..hub.synthesizers import CONFIG, list_priors, locate_synthesizer
from .models import OWN_LOADED, Loaded

if TYPE_CHECKING:
    from ..data.labels import LabelSet
    from ..generation.synthesizer import Synthesizer

Kind = Literal["label map", "class", "nothing"]
# Kinds of a condition, as synthesizer.json names them, that can be chosen on a page.
KINDS: dict[str, Kind] = {
    "label_vqgan": "label map",
    "class": "class",
    "start": "nothing",
    "coordinates": "nothing",
}
# Classes that fit into a legend.
_LEGEND = 40


@dataclass(frozen=True)
class SetFacts:
    """What is known of a set before it is loaded.

    Attributes:
        name: as it is on offer.
        kind: what its prior is conditioned on.
        priors: folders of its priors, and whether each is masked; the default first.
        num_classes: of its label maps, or of its class condition; 0: neither.
        seen: ids of the classes that its training data held; None: not known.
    """

    name: str
    kind: Kind
    priors: dict[str, bool]
    num_classes: int
    seen: tuple[int, ...] | None

    @property
    def label_set(self) -> LabelSet:
        """Names and colours of the classes of its label maps."""
        from ..data.labels import ADE20K, CAMVID, COCO_STUFF

        for label_set in (ADE20K, CAMVID):
            if self.num_classes == len(label_set):
                return label_set
        return COCO_STUFF

    @property
    def brushes(self) -> list[int]:
        """Ids to paint with: what it has seen, or else what landscapes are made of."""
        from ..data.labels import COCO_STUFF
        from ..data.scenes.ids import DRAWN

        label_set = self.label_set
        if self.seen is not None and len(self.seen) <= _LEGEND:
            ids = list(self.seen)
        elif len(label_set) <= _LEGEND:
            ids = list(range(len(label_set)))
        else:
            words = {word for each in DRAWN for word in COCO_STUFF.names[each].split("-")}
            ids = [
                each
                for each, name in enumerate(label_set.names)
                if (each in DRAWN if label_set is COCO_STUFF else name in words)
            ]
        return sorted(ids, key=lambda each: label_set.names[each])


@dataclass(frozen=True)
class LoadedSet:
    """A set ready for inference.

    Attributes:
        facts: what it is.
        prior: folder of its prior.
        synthesizer: the set.
        vqgan: its VQGAN with the name and revision that go into files.
        lock: held while it computes.
    """

    facts: SetFacts
    prior: str
    synthesizer: Synthesizer
    vqgan: Loaded
    lock: threading.Lock


class Sets:
    """Names on offer, and the sets behind them; a visitor's own once ``add_own`` knows them."""

    def __init__(
        self, extra: Sequence[str] = (), *, device: str = "cpu", dtype: str | None = None
    ) -> None:
        """Offer ``extra`` (folders or Hub repos) first, then everything that ships.

        Raises:
            ValueError: one of ``extra`` is no set, or can't be had, or can't be painted with.
        """
        self._sources: dict[str, str] = {}
        self._facts: dict[str, SetFacts] = {}
        for source in dict.fromkeys([*extra, *hub.list_synthesizers()]):
            name = Path(source).resolve().name if Path(source).is_dir() else source
            name = source if name in self._sources else name
            facts = read_facts(source, name)
            if facts is not None:
                self._sources[name], self._facts[name] = source, facts
            elif source in extra:
                raise ValueError(f"The set {source} reads neither label maps nor classes.")
        self._device, self._dtype = device, dtype
        self._loaded: dict[tuple[str, str], LoadedSet] = {}
        self._own: dict[str, tuple[str, SetFacts]] = {}
        self._own_loaded: OrderedDict[tuple[str, str], LoadedSet] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def names(self) -> list[str]:
        """What the dropdown lists, the default first."""
        return list(self._sources)

    def facts(self, name: str | None) -> SetFacts:
        """What is known of a set; of the default where no name is given.

        Raises:
            ValueError: a name that is not on offer, in a sentence that lists what is.
        """
        name = name or next(iter(self._sources), None)
        if name in self._own and name not in self._sources:
            return self._own[name][1]
        if name not in self._facts:
            raise ValueError(
                f"There is no set called {name!r} here: choose one of {', '.join(self.names)}."
                if self._sources
                else "No set is installed: start the app with --set and a folder or Hub repo."
            )
        return self._facts[name]

    def get(self, name: str | None, prior: str | None = None) -> LoadedSet:
        """A set with one of its priors, loaded now if nobody has used it yet.

        Raises:
            ValueError: a name that is not on offer.
        """
        facts = self.facts(name)
        prior = prior or next(iter(facts.priors))
        if prior not in facts.priors:
            have = ", ".join(facts.priors)
            raise ValueError(f"The set {facts.name} has no prior {prior!r}, but {have}.")
        key = (facts.name, prior)
        with self._lock:
            if facts.name not in self._sources:
                if key not in self._own_loaded:
                    source = self._own[facts.name][0]
                    self._own_loaded[key] = self._load(facts, prior, source)
                self._own_loaded.move_to_end(key)
                while len(self._own_loaded) > OWN_LOADED:
                    self._own_loaded.popitem(last=False)
                return self._own_loaded[key]
            if key not in self._loaded:
                self._loaded[key] = self._load(facts, prior, self._sources[facts.name])
            return self._loaded[key]

    def add_own(self, name: str, folder: Path) -> bool:
        """Know a visitor's set by its repo's name; whether it can be painted with."""
        try:
            facts = read_facts(str(folder), name)
        except ValueError:
            return False
        if facts is None or not facts.priors:
            return False
        with self._lock:
            if name in self._own and self._own[name][0] != str(folder):  # another commit
                for prior in facts.priors:
                    self._own_loaded.pop((name, prior), None)
            self._own[name] = (str(folder), facts)
        return True

    def _load(self, facts: SetFacts, prior: str, source: str) -> LoadedSet:
        import torch

        dtype = getattr(torch, self._dtype) if self._dtype else None
        synthesizer = hub.load_synthesizer(source, prior, device=self._device, dtype=dtype)
        folder = locate_synthesizer(source)
        named = _read(folder / CONFIG).get("vqgan")
        revision = hub.model_revision(named if isinstance(named, str) else str(folder))
        vqgan = Loaded(str(named or facts.name), revision, synthesizer.vqgan)
        return LoadedSet(facts, prior, synthesizer, vqgan, threading.Lock())


def read_facts(source: str, name: str) -> SetFacts | None:
    """What the files of a set say; None where its condition can't be chosen on a page.

    Raises:
        ValueError: there is no such set, or it can't be had.
    """
    folder = locate_synthesizer(source)
    config = _read(folder / CONFIG)
    condition = config.get("condition")
    condition = condition if isinstance(condition, dict) else {}
    kind = condition.get("kind")
    if kind not in KINDS:
        return None
    if kind == "label_vqgan":
        num_classes = _read(folder / "label_vqgan" / "config.json").get("in_channels", 0)
    else:
        num_classes = condition.get("num_classes", 0)
    priors = {
        each: _read(folder / each / "config.json").get("_class_name") == "MaskedPrior"
        for each in list_priors(source)
    }
    seen = config.get("classes", _read(folder / "training.json").get("classes"))
    if not isinstance(seen, list) or not all(
        isinstance(each, int) and 0 <= each < num_classes for each in seen
    ):
        seen = None
    return SetFacts(name, KINDS[kind], priors, num_classes, None if seen is None else tuple(seen))


def _read(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty where there is none."""
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
