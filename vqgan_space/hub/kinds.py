"""Which of the app's dropdowns a named set belongs into."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .download import download
from .load import REPO_ID, VQGAN_CLASSES, VQVAE_CLASSES
from .own import PATTERNS
from .parts import SET_CONFIG, find_parts
from .presets import find_preset, shipped_folder
from .synthesizers import list_synthesizers


def sort_by_kind(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Of shipped names, folders and Hub repos: those with a VQGAN or VQ-VAE in them, and those of
    a second stage. A second stage that holds its VQGAN is both; what is neither counts as the
    first, whose loading says what is wrong with it.

    Raises:
        ValueError: a repo can't be had.
    """
    models, sets = [], []
    for name in names:
        folder = _folder(name)
        is_set = name in list_synthesizers() or bool(folder and (folder / SET_CONFIG).is_file())
        if is_set:
            sets.append(name)
        parts = find_parts(folder) if folder else {}
        if not is_set or {*VQGAN_CLASSES, *VQVAE_CLASSES} & set(parts.values()):
            models.append(name)
    return models, sets


def _folder(name: str) -> Path | None:
    """Where its files are on this machine; None for what ``load`` looks for by itself."""
    if shipped_folder(name) or name in list_synthesizers() or find_preset(name):
        return shipped_folder(name)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    return download(name, None, PATTERNS) if REPO_ID.fullmatch(name) else None
