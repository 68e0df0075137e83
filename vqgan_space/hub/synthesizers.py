"""Load a second stage by its name: a shipped set, a folder, or a repo of the Hugging Face Hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from . import presets
from .download import download
from .load import REPO_ID, locate

if TYPE_CHECKING:
    import torch

    from ..generation.synthesizer import Synthesizer

CONFIG = "synthesizer.json"
PRIORS = ("prior", "causal_prior")
FILES = ("config.json", "*.safetensors", "*.safetensors.index.json")
FOLDERS = ("vqgan", "label_vqgan", "condition_vqgan", *PRIORS)


def list_synthesizers() -> list[str]:
    """Names of the sets that ship."""
    return sorted(path.parent.name for path in presets.WEIGHTS.glob(f"*/{CONFIG}"))


def list_priors(name_or_folder: str | Path) -> list[str]:
    """Folders of the priors that a set has: ``prior``, and perhaps ``causal_prior``.

    Raises:
        ValueError: as ``load_synthesizer`` does.
    """
    folder = locate_synthesizer(name_or_folder)
    return [prior for prior in PRIORS if (folder / prior / "config.json").is_file()]


def clip_of(name_or_folder: str | Path) -> str | None:
    """Name of the CLIP whose texts' embeddings a set is conditioned on; None: it is no such set.

    Raises:
        ValueError: as ``load_synthesizer`` does.
    """
    try:
        config = json.loads((locate_synthesizer(name_or_folder) / CONFIG).read_text())
    except ValueError as error:
        raise ValueError(f"{name_or_folder} can't be loaded: {CONFIG} is no JSON.") from error
    found = config.get("clip") if isinstance(config, dict) else None
    return found if isinstance(found, str) else None


def load_synthesizer(
    name_or_folder: str | Path,
    prior: str = "prior",
    *,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    revision: str | None = None,
) -> Synthesizer:
    """A ``Synthesizer`` ready for inference.

    Args:
        name_or_folder: a name that ``list_synthesizers()`` gives, a folder, or a Hub repo
            "user/repo".
        prior: which of its priors.
        device: where to put it.
        dtype: number format inside; None: the fastest that the device has.
        revision: branch, tag or commit of a Hub repo.

    Raises:
        ValueError: there is no such set, or it can't be had.
    """
    folder = locate_synthesizer(name_or_folder, revision=revision)
    found = [each for each in PRIORS if (folder / each / "config.json").is_file()]
    if prior not in found:
        raise ValueError(f"{name_or_folder} has no {prior!r}, but {', '.join(found) or 'none'}.")
    from ..generation.synthesizer import Synthesizer
    from ..generation.synthesizer_files import read_parts

    try:
        config = json.loads((folder / CONFIG).read_text())
    except ValueError as error:
        raise ValueError(f"{name_or_folder} can't be loaded: {CONFIG} is no JSON.") from error
    named = config.get("vqgan") if isinstance(config, dict) else None
    vqgan_folder = locate(named) if isinstance(named, str) else None
    parts = read_parts(folder, prior, vqgan_folder)
    return Synthesizer(**parts).prepare_inference(device, dtype)


def locate_synthesizer(name_or_folder: str | Path, *, revision: str | None = None) -> Path:
    """The folder on this machine that holds the set. Shipped names never touch the network.

    Raises:
        ValueError: as ``load_synthesizer`` does.
    """
    name = str(name_or_folder)
    if name in list_synthesizers():
        return presets.WEIGHTS / name
    folder = Path(name_or_folder).expanduser()
    if name and folder.is_dir():
        if not (folder / CONFIG).is_file():
            raise ValueError(f"{name} holds no set of a second stage: it has no {CONFIG}.")
        return folder
    if isinstance(name_or_folder, str) and REPO_ID.fullmatch(name):
        files = [f"{part}/{file}" for part in FOLDERS for file in FILES]
        folder = download(name, revision, [CONFIG, *files])
        if not (folder / CONFIG).is_file():
            raise ValueError(f"The Hub repo {name} holds no set of a second stage: no {CONFIG}.")
        return folder
    ships = ", ".join(list_synthesizers()) or "none"
    raise ValueError(
        f"There is no second stage called {name!r}: {ships} ships with vqgan-space, or name a "
        "folder or a Hub repo (user/repo)."
    )
