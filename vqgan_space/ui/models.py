"""The models a visitor can choose from: loaded once, at first use, and shared by all visitors.

Those that ship are on this machine; public ones are downloaded from the Hugging Face Hub by the
first who chooses them; ``own_set`` adds those that visitors name.
"""

from __future__ import annotations

import contextvars
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .. import hub
from .imports import import_models

if TYPE_CHECKING:
    from ..models.codes_model import CodesModel


# Sets of visitors' own that stay in memory: the last ones used.
OWN_LOADED = 2


@dataclass(frozen=True)
class Loaded:
    """A model ready for inference, with the name and revision that go into files."""

    name: str
    revision: str
    model: CodesModel

    @property
    def num_codes(self) -> int:
        """Size of the codebook, K."""
        return int(self.model.codebook.shape[0])


class Models:
    """Names on offer, and the models behind them.

    Visitors choose among these names, and among those of their own sets once ``add_own`` knows
    them: nothing else that they send is looked for on the disk or on the Hub.
    """

    def __init__(
        self,
        extra: Sequence[str] = (),
        *,
        device: str = "cpu",
        dtype: str | None = None,
        presets: bool = False,
    ) -> None:
        """Offer ``extra`` (presets, folders or Hub repos) first, then everything that ships, then,
        with ``presets``, public models of the Hub.

        Raises:
            ValueError: one of ``extra`` is no model, or can't be had; or there is no such device.
        """
        _check_device(device)
        for source in extra:
            hub.model_revision(source)
        ships = hub.list_models()
        self._sources: dict[str, str] = {}
        for source in dict.fromkeys([*extra, *ships]):
            self._sources[source if source in ships else self._free_name(source, ships)] = source
        self._given = bool(extra)
        self._labels = {name: name for name in self._sources}
        for preset in hub.list_presets() if presets else []:
            if preset.name not in self._sources:
                size = f"{preset.megabytes} MB, " if preset.megabytes else ""
                self._sources[preset.name] = preset.name
                self._labels[preset.name] = f"{preset.name} ({size}from the Hub)"
        self._device, self._dtype = device, dtype
        self._loaded: dict[str, Loaded] = {}
        # One a model: while one is downloaded the others serve.
        self._locks = {name: threading.Lock() for name in self._sources}
        self._own_folders: dict[str, str] = {}
        self._own_loaded: OrderedDict[str, Loaded] = OrderedDict()
        self._own_lock = threading.Lock()

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What the dropdowns show, and the name that it stands for; the default first."""
        return [(label, name) for name, label in self._labels.items()]

    @property
    def names(self) -> list[str]:
        """The names on offer, the default first."""
        return list(self._sources)

    @property
    def default(self) -> str | None:
        """The model that is chosen at first, if there is any."""
        return next(iter(self._sources), None)

    def first(self, preferred: str) -> str | None:
        """The default where the app was started with models; ``preferred``, if it ships, else."""
        return preferred if not self._given and preferred in self._sources else self.default

    def revision(self, name: str | None) -> str | None:
        """Which weights a model on offer has, unloaded; None where it is another's or none."""
        source = self._sources.get(name or "")
        return None if source is None else hub.model_revision(source)

    def get(self, name: str | None) -> Loaded:
        """The model of that name, loaded now if nobody has used it yet.

        Raises:
            ValueError: a name that is not on offer, in a sentence that lists what is.
        """
        if name in self._own_folders and name not in self._sources:
            return self._get_own(name)
        if name not in self._sources:
            raise ValueError(
                f"There is no model called {name!r} here: choose one of {', '.join(self.names)}."
                if self._sources
                else "No model is installed: start the app with --model and a folder or Hub repo."
            )
        with self._locks[name]:
            if name not in self._loaded:
                self._loaded[name] = self._load(name, self._sources[name])
            return self._loaded[name]

    def add_own(self, name: str, folder: Path) -> bool:
        """Know a visitor's set by its repo's name; whether there is a model in it."""
        try:
            hub.model_revision(folder)
        except ValueError:
            return False
        with self._own_lock:
            if self._own_folders.get(name) != str(folder):  # new, or another commit
                self._own_loaded.pop(name, None)
            self._own_folders[name] = str(folder)
        return True

    def _get_own(self, name: str) -> Loaded:
        with self._own_lock:
            if name not in self._own_loaded:
                self._own_loaded[name] = self._load(name, self._own_folders[name])
            self._own_loaded.move_to_end(name)
            while len(self._own_loaded) > OWN_LOADED:
                self._own_loaded.popitem(last=False)
            return self._own_loaded[name]

    def _free_name(self, source: str, taken: Sequence[str]) -> str:
        """A folder goes by its own name, and by its parent's too where that name is taken."""
        parts = Path(source).resolve().parts if Path(source).is_dir() else (source,)
        for length in range(1, len(parts) + 1):
            name = "/".join(parts[-length:])
            if name not in self._sources and name not in taken:
                break
        return name

    def _load(self, name: str, source: str) -> Loaded:
        import torch

        dtype = getattr(torch, self._dtype) if self._dtype else None
        model = hub.load(source, device=self._device, dtype=dtype, progress=progress_on_page())
        return Loaded(name, hub.model_revision(source), model)

    def warm_up(self) -> None:
        """Load what a first picture needs now, so that the first visitor does not wait for it."""
        if self.default is None:
            return
        import_models()
        from PIL import Image

        from ..generation.reconstruct import reconstruct

        reconstruct(self.get(self.default).model, Image.new("RGB", (256, 256), "gray"))


def progress_on_page() -> Callable[[int, int], None]:
    """What tells the visitor whom this thread serves how far a download is."""
    import gradio as gr

    visitor = contextvars.copy_context()

    def show(done: int, total: int) -> None:
        if total:
            megabytes = f"{done >> 20} of {total >> 20} MB"
            gr.Progress()(min(done / total, 1.0), desc=f"Downloading: {megabytes}")

    # The Hub's client reports from threads of its own; a context is entered by one at a time.
    return lambda done, total: visitor.copy().run(show, done, total)


def _check_device(device: str) -> None:
    if device == "cpu":  # always there, and no need to wait for PyTorch to know it
        return
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # unknown, or PyTorch is built without it
        raise ValueError(f"There is no device {device!r} on this machine: try cpu.") from error
