"""``python -m vqgan_space.data.scenes --count 64 --out DIR``: scenes as a captioned data set.

The folder has the layout that the Hub's ``imagefolder`` reads: pictures, label maps and
``metadata.jsonl``; the same rows with everything known of a scene are in ``captions.jsonl``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from PIL import Image

from .attributes import OBJECTS, WEIGHTS
from .scene import scene


def main(arguments: list[str] | None = None) -> None:
    """Writes, and with ``--push-to-hub`` uploads, a data set of scenes."""
    parser = _parser()
    options = parser.parse_args(arguments)
    size = (options.height or options.size, options.width or options.size)
    wishes = {
        key: (options.frozen if key == "frozen" else getattr(options, key))
        for key in WEIGHTS
        if getattr(options, key) is not None
    }
    if options.objects:
        wishes["objects"] = options.objects
    try:
        write(options.out, options.count, size, options.seed, wishes)
        print(f"{options.count} scenes are in {options.out}")
        if options.push_to_hub:
            from ...hub.push import push_dataset

            print(push_dataset(options.out, options.push_to_hub, private=options.private))
    except ValueError as error:
        raise SystemExit(f"{parser.prog}: {error}") from error


def write(out: Path, count: int, size: tuple[int, int], seed: int, wishes: dict) -> None:
    """The scenes of ``count`` seeds from ``seed`` on, with captions and a card, under ``out``."""
    if count < 1:
        raise ValueError("count must be 1 or more")
    for folder in (out / "pictures", out / "label_maps"):
        folder.mkdir(parents=True, exist_ok=True)
    with (out / "captions.jsonl").open("w") as full, (out / "metadata.jsonl").open("w") as table:
        for number in range(count):
            one = scene(seed + number, size, **wishes)
            name = f"{seed + number:07}.png"
            one.picture.save(out / "pictures" / name)
            Image.fromarray(one.label_map).save(out / "label_maps" / name)
            row = {
                "file_name": f"pictures/{name}",
                "label_map_file_name": f"label_maps/{name}",
                "caption": one.caption,
                "long_caption": one.long_caption,
            }
            table.write(json.dumps(row) + "\n")
            extra = {"seed": seed + number, "attributes": one.attributes.to_dict()}
            full.write(json.dumps(row | extra) + "\n")
    (out / "README.md").write_text(_card(count, size))


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vqgan_space.data.scenes",
        description="Write drawn scenes: pictures, label maps and captions.",
    )
    parser.add_argument("--count", type=int, default=64, help="how many (default: 64)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--size", type=int, default=256, help="side in pixels (default: 256)")
    parser.add_argument("--height", type=int, help="where it is not --size")
    parser.add_argument("--width", type=int, help="where it is not --size")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first (default: 0)")
    for key, options in WEIGHTS.items():
        if key == "frozen":
            action = argparse.BooleanOptionalAction
            parser.add_argument("--frozen", action=action, help="whether the water is ice")
        else:
            parser.add_argument(f"--{key}", choices=list(options), help=f"the {key} of them all")
    parser.add_argument(
        "--objects", nargs="+", metavar="OBJECT", help=f"must be there, of {', '.join(OBJECTS)}"
    )
    parser.add_argument("--push-to-hub", metavar="USER/REPO", help="data set to upload to")
    parser.add_argument("--private", action="store_true", help="make the uploaded one private")
    return parser


if __name__ == "__main__":
    main()
