"""Captioned pictures: drawn scenes, a folder with a list of captions, or COCO's own files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from .datasets import CenterCrops
from .scenes.dataset import HELD_OUT, Scenes

LISTS = ("captions.jsonl", "metadata.jsonl")
# Columns that name a file, and those that hold captions: a string or several.
FILES = ("file_name", "image", "picture", "file")
TEXTS = ("caption", "long_caption", "captions", "text")


@dataclass(frozen=True)
class Captioned:
    """Pictures with what is said of them.

    Attributes:
        pictures: (N, 3, S, S) uint8.
        captions: for each picture one or more texts, the shortest first.
    """

    pictures: Tensor
    captions: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.pictures)


def load_captioned(
    source: str | Path,
    size: int,
    *,
    count: int | None = None,
    held_out: bool = False,
    seed: int = 0,
    workers: int = 0,
) -> Captioned:
    """Captioned pictures, drawn or read once and kept in memory.

    Args:
        source: "scenes" for drawn ones; a folder with ``captions.jsonl`` or ``metadata.jsonl`` (a
            ``file_name`` and a ``caption`` a line, and maybe a ``long_caption``); or COCO's
            ``captions_*.json``, whose pictures are in a folder named as its split is
            (``train2017``), beside it or beside its folder.
        size: side of the centre squares in pixels.
        count: how many at most; scenes need it.
        held_out: scenes that no training draws.
        seed: which scenes.
        workers: processes that draw or read; 0: this one.

    Raises:
        ValueError: nothing of that kind is there.
    """
    if str(source) == "scenes" and not Path(source).exists():
        if not count:
            raise ValueError("Say how many scenes to draw.")
        scenes = Scenes(count, size, seed=seed, first=HELD_OUT if held_out else None)
        pictures, captions = [], []
        for batch in DataLoader(scenes, batch_size=16, num_workers=workers):
            pictures.append(((batch["picture"] + 1) * 127.5).round().to(torch.uint8))
            captions += list(zip(batch["caption"], batch["long_caption"], strict=True))
        return Captioned(torch.cat(pictures), tuple(captions))
    rows = find_captions(source)[:count]
    files = CenterCrops([file for file, _ in rows], size)
    pictures = [
        ((batch + 1) * 127.5).round().to(torch.uint8)
        for batch in DataLoader(files, batch_size=16, num_workers=workers)
    ]
    return Captioned(torch.cat(pictures), tuple(texts for _, texts in rows))


def find_captions(source: str | Path) -> list[tuple[Path, tuple[str, ...]]]:
    """Files of pictures with their captions, as ``load_captioned`` finds them.

    Raises:
        ValueError: no list of captions, a line that can't be read, or a picture that is missing.
    """
    path = Path(source)
    if path.suffix == ".json" and path.is_file():
        rows = _coco(path)
    else:
        lists = [path] if path.suffix == ".jsonl" else [path / name for name in LISTS]
        found = next((file for file in lists if file.is_file()), None)
        if found is None:
            raise ValueError(
                f"There is no {' or '.join(LISTS)} in {source}: name a folder that has one, a COCO "
                'captions file, or "scenes".'
            )
        rows = _lines(found)
    if not rows:
        raise ValueError(f"{source} has no captioned pictures.")
    missing = next((file for file, _ in rows if not file.is_file()), None)
    if missing is not None:
        raise ValueError(f"{source} names a picture that is not there: {missing}.")
    return rows


def _lines(path: Path) -> list[tuple[Path, tuple[str, ...]]]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            name = next(row[column] for column in FILES if row.get(column))
            texts = _texts(row)
        except (ValueError, AttributeError, TypeError, StopIteration) as error:
            raise ValueError(
                f"Line {number} of {path} needs a file_name and a caption in JSON."
            ) from error
        if not texts:
            raise ValueError(f"Line {number} of {path} has no caption.")
        rows.append((path.parent / name, texts))
    return rows


def _texts(row: dict[str, Any]) -> tuple[str, ...]:
    texts: list[str] = []
    for column in TEXTS:
        value = row.get(column) or []
        texts += [value] if isinstance(value, str) else [str(text) for text in value]
    return _ordered(texts)


def _ordered(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted((text.strip() for text in texts if text.strip()), key=len))


def _coco(path: Path) -> list[tuple[Path, tuple[str, ...]]]:
    """COCO's ``images``, with ``id`` and ``file_name``, and ``annotations``, with captions."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        names = {image["id"]: image["file_name"] for image in table["images"]}
        said: dict[Any, list[str]] = {}
        for annotation in table["annotations"]:
            said.setdefault(annotation["image_id"], []).append(annotation["caption"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is not a COCO captions file: it needs images and annotations."
        ) from error
    split = path.stem.removeprefix("captions_")
    places = [folder / split for folder in (path.parent, path.parent.parent)]
    places += [folder / "images" / split for folder in (path.parent, path.parent.parent)]
    folder = next((place for place in places if place.is_dir()), path.parent)
    return [(folder / names[key], _ordered(texts)) for key, texts in said.items() if key in names]
