"""Scenes as a captioned data set in a folder: pictures, label maps, captions and a card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image
from torch.utils.data import DataLoader, Dataset

from .dataset import use_one_thread
from .scene import scene


def write(
    out: Path,
    count: int,
    size: tuple[int, int],
    seed: int,
    wishes: dict[str, Any],
    workers: int = 0,
) -> None:
    """The scenes of ``count`` seeds from ``seed`` on, with captions and a card, under ``out``.

    A run that is cut leaves whole files, and the lists name those that are there.

    Args:
        size: (height, width) in pixels.
        wishes: as ``scene`` takes them.
        workers: processes that draw; 0: this one.
    """
    if count < 1:
        raise ValueError("count must be 1 or more")
    for folder in (out / "pictures", out / "label_maps"):
        folder.mkdir(parents=True, exist_ok=True)
    written = _Written(out, count, size, seed, wishes)
    rows = DataLoader(written, batch_size=None, num_workers=workers)
    captions, metadata = out / "captions.jsonl", out / "metadata.jsonl"
    with captions.open("w", buffering=1) as full, metadata.open("w", buffering=1) as table:
        for row, extra in rows:
            table.write(json.dumps(row) + "\n")
            full.write(json.dumps(row | extra) + "\n")
    (out / "README.md").write_text(_card(count, size))


class _Written(Dataset):
    """A scene's picture and label map are written when it is asked for; an item is what
    ``metadata.jsonl`` says of it, and what ``captions.jsonl`` says more."""

    def __init__(
        self, out: Path, count: int, size: tuple[int, int], seed: int, wishes: dict[str, Any]
    ) -> None:
        self.out, self.count, self.size, self.seed, self.wishes = out, count, size, seed, wishes

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
        if not 0 <= number < self.count:
            raise IndexError(f"scene {number} of {self.count}")
        use_one_thread()
        seed = self.seed + number
        one = scene(seed, self.size, **self.wishes)
        name = f"{seed:07}.png"
        _save(one.picture, self.out / "pictures" / name)
        _save(Image.fromarray(one.label_map), self.out / "label_maps" / name)
        row = {
            "file_name": f"pictures/{name}",
            "label_map_file_name": f"label_maps/{name}",
            "caption": one.caption,
            "long_caption": one.long_caption,
        }
        return row, {"seed": seed, "attributes": one.attributes.to_dict()}


def _save(picture: Image.Image, path: Path) -> None:
    part = path.with_suffix(".part")
    # Pillow's own level takes three times as long, for 4 % less.
    picture.save(part, format="PNG", compress_level=2)
    part.rename(path)


def _card(count: int, size: tuple[int, int]) -> str:
    from huggingface_hub import DatasetCard, DatasetCardData

    data = DatasetCardData(
        license="cc0-1.0",
        pretty_name="Drawn scenes",
        task_categories=["text-to-image", "image-segmentation"],
        tags=["synthetic", "landscape", "captions", "label-maps"],
        size_categories=["n<1K" if count < 1000 else "1K<n<10K" if count < 10000 else "10K<n<100K"],
        configs=[{"config_name": "default", "data_files": "**"}],
    )
    text = f"""---
{data.to_yaml()}
---

# Drawn scenes

{count} landscapes of {size[0]} x {size[1]} pixels, drawn by the `vqgan_space.data.scenes` module
of vqgan-space: pictures, label maps and captions that say what is there.

- `pictures/`: RGB, PNG.
- `label_maps/`: 8-bit grey PNG, ids of COCO-Stuff less one (0 = person .. 181, 255 unlabeled).
- `metadata.jsonl`: file names with a short caption and one of two to four sentences.
- `captions.jsonl`: the same with each scene's seed and attributes.

```python
from datasets import load_dataset

scenes = load_dataset("imagefolder", data_dir=".", split="train")
```
"""
    return str(DatasetCard(text))
