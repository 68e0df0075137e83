# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "torch>=2.8,<3",
#   "torchvision>=0.23,<1",
#   "numpy>=2,<3",
#   "pillow>=11.3,<13",
#   "diffusers>=0.38,<1",
#   "safetensors>=0.5,<1",
#   "huggingface_hub>=1.2,<3",
#   "lpips>=0.1.4,<0.2",
#   "scikit-image>=0.25,<1",
#   "tokenizers>=0.22,<1",
#   "threadpoolctl>=3.5,<4",
#   "pyyaml>=6,<7",
#   "accelerate>=1.10,<2",
#   "datasets>=4,<6",
#   "pyarrow>=21",
#   "tensorboard>=2.19,<3",
#   "trackio>=0.20,<1",
#   "tqdm>=4.66,<5",
#   "tyro>=1,<2",
#   "open_clip_torch>=3,<4",
# ]
# ///
"""Encode a data set to codes, once, for the training of priors: shards of safetensors.

    python train/encode.py --data scenes --count 20000 --vqgan vqgan-f16 \\
        --condition labels --label-vqgan runs/label-f16 --out codes/scenes
    python train/encode.py --data photos --label-maps labels --condition labels ...
    python train/encode.py --data scenes --condition captions --clip clip-scenes ...
    accelerate launch --multi_gpu --num_processes 2 train/encode.py ...

Shards are shared out over processes. Those that are there already are kept: the same command again
goes on where it stopped. ``train/prior.py`` reads the folder.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import tyro
from accelerate import Accelerator
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import vqgan_space
from vqgan_space.data.captions import find_captions
from vqgan_space.data.codes import (
    CodesInfo,
    finish,
    has_shard,
    save_codes,
    seen_classes,
    start,
)
from vqgan_space.data.datasets import CenterCrops, find_pictures
from vqgan_space.data.labels import COCO_STUFF, NO_CLASS, load_label_map
from vqgan_space.data.scenes.dataset import HELD_OUT, Scenes
from vqgan_space.hub import load_clip
from vqgan_space.models.clip import CLIP, sentences
from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.training.label_evaluation import center_square

# Of a condition as it is asked for, its kind as a prior reads it.
KINDS: dict[str, Any] = {"labels": "grid", "captions": "vector", "class": "class", "none": "none"}


@dataclass
class Options:
    """What is encoded, by what, and where to."""

    data: str
    """Folder of pictures, parquet file, Hub data set, or "scenes" for drawn ones."""
    out: Path
    vqgan: str = "vqgan-f16"
    """What makes the codes: a shipped set, a folder or a Hub repo."""
    condition: Literal["labels", "captions", "class", "none"] = "none"
    """What the prior will be conditioned on: label maps, captions' vectors, the folder that a
    picture is in, or nothing."""
    clip: str = "clip-scenes"
    """What makes the vectors of captions: a shipped CLIP, a folder, a preset or a Hub repo."""
    label_vqgan: Path | None = None
    """Folder of a set with a label-map VQGAN in it, which makes codes of the label maps."""
    label_maps: Path | None = None
    """Folder of the label maps, of the pictures' names (for scenes they are drawn)."""
    size: int = 256
    """Side of the centre squares in pixels."""
    count: int = 10_000
    """How many scenes; of other data it is all (of captioned ones at most so many)."""
    seed: int = 1
    """Which scenes."""
    held_out: bool = False
    """The scenes (or the split of a Hub data set) that nothing is trained on."""
    column: str | None = None
    """Column of the pictures in a parquet file or Hub data set."""
    flip: bool = False
    """Every picture a second time, mirrored."""
    batch_size: int = 8
    shard: int = 512
    """Pictures a shard."""
    workers: int = 1


class Labelled(Dataset):
    """Centre squares of pictures with what they are conditioned on, mirrored ones after the others.

    Items are dicts: ``picture`` (3, S, S) and, as asked for, ``label_map`` (S, S) or ``class``.
    """

    def __init__(self, pictures: Sequence, options: Options) -> None:
        self.squares, self.options = CenterCrops(pictures, options.size), options
        self.count = len(pictures)
        self.classes: list[str] = []
        if options.condition == "class":
            self.folders = [str(Path(item).parent.name) for item in _paths(pictures)]
            self.classes = sorted(set(self.folders))
        if options.condition == "labels":
            if options.label_maps is None:
                raise SystemExit("name the folder of the label maps with --label-maps")
            found = {p.stem: p for p in sorted(options.label_maps.rglob("*.png"))}
            stems = [Path(item).stem for item in _paths(pictures)]
            missing = [stem for stem in stems if stem not in found]
            if missing:
                raise SystemExit(f"{options.label_maps} has no label map {missing[0]}.png")
            self.maps = [found[stem] for stem in stems]

    def __len__(self) -> int:
        return self.count * (2 if self.options.flip else 1)

    def __getitem__(self, number: int) -> dict[str, Any]:
        index = number % self.count
        item: dict[str, Any] = {"picture": self.squares[index]}
        if self.options.condition == "class":
            item["class"] = self.classes.index(self.folders[index])
        if self.options.condition == "labels":
            label_map = load_label_map(self.maps[index], COCO_STUFF)
            item["label_map"] = center_square(label_map, self.options.size)
        if number >= self.count:
            item = {k: v.flip(-1) if isinstance(v, Tensor) else v for k, v in item.items()}
        return item


class WithCaptions(Dataset):
    """Centre squares of pictures with what is said of them: ``picture``, and ``caption`` and
    ``long_caption``, the shortest and the longest."""

    def __init__(self, rows: Sequence[tuple[Path, tuple[str, ...]]], size: int) -> None:
        self.squares = CenterCrops([path for path, _ in rows], size)
        self.captions = [texts for _, texts in rows]

    def __len__(self) -> int:
        return len(self.captions)

    def __getitem__(self, number: int) -> dict[str, Any]:
        short, long = self.captions[number][0], self.captions[number][-1]
        return {"picture": self.squares[number], "caption": short, "long_caption": long}


def _paths(pictures: Sequence) -> Sequence[Path]:
    if not all(isinstance(item, Path) for item in pictures):
        raise SystemExit("a condition needs a folder of pictures: tables have none yet")
    return pictures


def find_data(options: Options) -> tuple[Dataset, list[str]]:
    """The data set, and the names of its classes where it has any."""
    if options.data == "scenes":
        if options.condition == "class":
            raise SystemExit("scenes have label maps, not classes: use --condition labels")
        first = HELD_OUT if options.held_out else None
        return Scenes(options.count, options.size, seed=options.seed, first=first), []
    if options.condition == "captions":
        rows = find_captions(options.data)[: options.count]
        return WithCaptions(rows, options.size), []
    split = "test" if options.held_out else "train"
    data = Labelled(find_pictures(options.data, options.column, split), options)
    return data, data.classes


def embed_captions(clip: CLIP, captions: Sequence[tuple[str, str]]) -> Tensor:
    """Unit vectors (B, 4, D) of B pairs of a short and a long caption: those of the long one, the
    short one, and the first and the last sentence of the long one."""
    texts: list[str] = []
    for short, long in captions:
        parts = sentences(long)
        texts += [long, short, parts[0], parts[-1]]
    return clip.embed_texts(texts).unflatten(0, (-1, 4))  # (B * 4, D) -> (B, 4, D)


def main(options: Options) -> None:
    accelerator = Accelerator()
    model = vqgan_space.load(options.vqgan, device=accelerator.device)
    labels = None
    if options.condition == "labels":
        if options.label_vqgan is None:
            raise SystemExit("name the folder of a label-map VQGAN with --label-vqgan")
        labels = LabelVQGAN.from_pretrained(options.label_vqgan, subfolder="label_vqgan")
        labels.prepare_inference(accelerator.device)
    clip = load_clip(options.clip) if options.condition == "captions" else None
    if clip is not None:
        clip.to(accelerator.device)
    data, classes = find_data(options)
    count = len(data)  # type: ignore[arg-type]
    side = options.size // model.factor
    info = CodesInfo(
        vqgan=options.vqgan,
        num_codes=len(model.codebook),
        condition=KINDS[options.condition],
        vector_dim=clip.dim if clip is not None else 0,
        clip=options.clip if clip is not None else "",
        num_conditions=len(labels.codebook) if labels is not None else len(classes),
        grid=(side, side),
        count=count,
        source=f"{options.data}, {count} pictures of {options.size} px",
    )
    if accelerator.is_main_process:
        fixed = {k: str(v) for k, v in asdict(options).items() if k not in ("out", "workers")}
        described = json.dumps(fixed, sort_keys=True)
        start(options.out, hashlib.sha256(described.encode()).hexdigest())
        (options.out / "encode.json").write_text(json.dumps(fixed, indent=1))
    accelerator.wait_for_everyone()

    shards = range(-(-count // options.shard))
    own = [n for n in shards if n % accelerator.num_processes == accelerator.process_index]
    own = [n for n in own if not has_shard(options.out, n)]
    for shard in tqdm(own, disable=not accelerator.is_main_process):
        part = range(shard * options.shard, min((shard + 1) * options.shard, count))
        loader = DataLoader(Subset(data, part), options.batch_size, num_workers=options.workers)
        tensors: dict[str, list[Tensor]] = {"codes": [], "condition": [], "seen": []}
        with torch.inference_mode():
            for batch in loader:
                pictures = batch["picture"].to(accelerator.device)
                tensors["codes"].append(model.encode_codes(pictures).int().cpu())
                if labels is not None:
                    label_maps = batch["label_map"].to(accelerator.device)
                    found = labels.encode_codes(label_maps, with_details=False)
                    tensors["condition"].append(found.int().cpu())
                    ids = batch["label_map"].unique()
                    tensors["seen"].append(ids[ids != NO_CLASS].int())
                elif clip is not None:
                    texts = list(zip(batch["caption"], batch["long_caption"], strict=True))
                    tensors["condition"].append(embed_captions(clip, texts).half().cpu())
                elif "class" in batch:
                    tensors["condition"].append(batch["class"].int())
        save_codes(options.out, shard, {k: torch.cat(v) for k, v in tensors.items() if v})
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        finish(options.out, replace(info, seen=seen_classes(options.out)))
        perplexities = {k: np.exp(entropy) for k, entropy in _entropies(options.out).items()}
        shown = ", ".join(f"{k} {v:.0f}" for k, v in perplexities.items())
        print(f"{count} pictures are in {options.out}; perplexity of {shown}")


def _entropies(folder: Path) -> dict[str, float]:
    """Entropy in nats of the codes, and of a condition's codes."""
    from vqgan_space.data.codes import CodesData

    data = CodesData(folder)
    grids = {"codes": data.codes, "condition": data.condition}
    found = {}
    for name, grid in grids.items():
        if grid is not None and not grid.is_floating_point():
            share = torch.bincount(grid.flatten()).double() / grid.numel()
            found[name] = float(-(share * share.clamp(min=1e-12).log()).sum())
    return found


if __name__ == "__main__":
    main(tyro.cli(Options))
