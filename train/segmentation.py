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
# ]
# ///
"""Train the small U-Net that judges synthesised scenes: which class does every pixel have?

    python train/segmentation.py --scenes 2000 --vqgan vqgan-f16 --out runs/segmenter-scenes
    accelerate launch --multi_gpu --num_processes 2 train/segmentation.py ...

Scenes are drawn once and kept in memory, and with ``--vqgan`` their reconstructions too, since
decoded pictures are what it will judge. Every ``--evaluate-every`` steps held-out scenes are
measured, and ``OUT/checkpoint`` is written, from which ``--resume`` goes on to the same loss curve.
The trained network, EMA weights in half precision, is in ``OUT/segmenter``.
"""

from __future__ import annotations

import json
import math
import shlex
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
import tyro
from accelerate import Accelerator
from accelerate.utils import set_seed
from diffusers.training_utils import EMAModel
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space import load
from vqgan_space.data.datasets import Numbers
from vqgan_space.data.labelled import (
    LabelledCrops,
    draw_scenes,
    rarity_weights,
    read_scenes,
    to_floats,
)
from vqgan_space.data.labels import COCO_STUFF, NO_CLASS
from vqgan_space.data.scenes.dataset import HELD_OUT, Scenes
from vqgan_space.data.scenes.ids import DRAWN
from vqgan_space.models.origin import forget_origin
from vqgan_space.models.segmenter import Segmenter
from vqgan_space.training.metrics import to_bytes
from vqgan_space.training.progress import Progress, cosine_schedule
from vqgan_space.training.publishing import Publisher, PublishOptions
from vqgan_space.training.segmentation_metrics import (
    class_iou,
    confusion,
    mean_iou,
    pixel_accuracy,
)
from vqgan_space.training.synthesis import load_segmenter


@dataclass
class Options(PublishOptions):
    """Everything that a run depends on; saved beside its weights."""

    out: Path = Path("runs/segmenter-scenes")
    scenes: int = 2000
    """How many are drawn; 1,000 of 256 pixels take 262 MB, and as much again with --vqgan."""
    drawn: Path | None = None
    """Folder of scenes that python -m vqgan_space.data.scenes wrote, of the same size, to be taken
    instead of new ones."""
    start_from: Path | None = None
    """Folder of a trained set whose weights to start from."""
    size: int = 256
    """Side of a scene in pixels."""
    crop: int = 192
    """Side of the crops to train on, a multiple of the network's factor."""
    vqgan: str | None = None
    """Shipped name, folder or Hub repo of a VQGAN whose reconstructions are half of the data."""
    widths: tuple[int, ...] = (32, 48, 64, 96, 112)
    """Channels at 1/2, 1/4, 1/8, ... of the sides."""

    steps: int = 6000
    batch_size: int = 8
    """Crops a process and step."""
    lr: float = 2e-3
    warmup: int = 100
    weight_decay: float = 0.01
    clip: float = 1.0
    ema: float = 0.998
    precision: Literal["no", "bf16"] = "bf16"
    seed: int = 0
    workers: int = 1
    """Processes that draw the scenes, and cut crops out of them; 0: the training's own."""

    evaluate_every: int = 1000
    val_scenes: int = 256
    tracker: Literal["tensorboard", "trackio", "none"] = "tensorboard"
    max_minutes: float | None = None
    """Minutes of training after which it ends, if its steps take longer; the learning rate falls to
    zero by then."""
    stop_after: int | None = None
    """Steps after which to stop with a checkpoint, for runs cut in pieces; the schedule stays."""
    resume: bool = False


@torch.inference_mode()
def reconstruct(pictures: Tensor, vqgan: str, device: torch.device) -> Tensor:
    """Pictures (N, 3, H, W) as a VQGAN gives them back; uint8 both."""
    model = load(vqgan, device=device)
    parts = [
        to_bytes(model.decode_codes(model.encode_codes(to_floats(part.to(device))))).cpu()
        for part in pictures.split(8)
    ]
    return torch.cat(parts)


@torch.inference_mode()
def measure(model: Segmenter, pictures: Tensor, label_maps: Tensor) -> tuple[float, float, Tensor]:
    """Pixel accuracy, mean IoU and every class's IoU (C,) over pictures (N, 3, H, W), uint8."""
    classes = model.config.num_classes
    matrix = torch.zeros(classes, classes, dtype=torch.int64)
    for part, truth in zip(pictures.split(8), label_maps.split(8), strict=True):
        found = model.label_maps(to_floats(part.to(model.device)))
        matrix += confusion(truth, found.cpu(), classes)
    return pixel_accuracy(matrix), mean_iou(matrix), class_iou(matrix)


def save_set(
    model: Segmenter, options: Options, figures: dict[str, float], ious: Tensor, trained: str
) -> None:
    """What is published, under OUT: weights in half precision, figures and a card."""
    half = Segmenter.from_config(model.config)
    half.load_state_dict(model.state_dict())
    forget_origin(half.half()).save_pretrained(options.out / "segmenter")
    by_class = {COCO_STUFF.names[i]: ious[i].item() for i in DRAWN if not ious[i].isnan()}
    record = {"options": asdict(options), "figures": figures, "IoU": by_class}
    (options.out / "training.json").write_text(json.dumps(record, indent=1, default=str))
    rows = [f"| {name} | {value:.4f} |" for name, value in figures.items()]
    rows += [f"| IoU of {name} | {value:.4f} |" for name, value in sorted(by_class.items())]
    lines = [
        "---\nlicense: mit\nlibrary_name: diffusers\npipeline_tag: image-segmentation\n---\n",
        f"# {options.out.name}\n",
        "A U-Net ([Ronneberger et al.](https://arxiv.org/abs/1505.04597)) of "
        f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters that says which of "
        f"{len(model.ids)} classes of COCO-Stuff each pixel of a drawn scene has. It measures how "
        "well a synthesised picture follows its label map; its features stand in for Inception's "
        "in a Frechet distance. It knows drawn scenes, not photographs.\n",
        "## Use\n\n```python\nfrom vqgan_space.models.segmenter import Segmenter\n",
        f'segmenter = Segmenter.from_pretrained("{options.push_to_hub or options.out.name}", '
        'subfolder="segmenter")',
        "segmenter.eval().label_maps(pictures)  # (B, 3, H, W) in [-1, 1] -> ids (B, H, W)\n```\n",
        f"## Figures\n\nMeasured on {options.val_scenes} held-out scenes of {options.size} px; "
        "the mean IoU is over the classes that they have, those of single classes are of the "
        "scenes as they were drawn.\n\n| figure | value |\n| --- | --- |",
        *rows,
        f"\n## Training\n\n{options.scenes} drawn scenes of {options.size} px"
        + (f", and as {options.vqgan} gives them back" if options.vqgan else "")
        + f". {trained} of {options.batch_size} crops of {options.crop} px.\n",
        f"```\n{shlex.join(['python', *sys.argv])}\n```\n",
    ]
    (options.out / "README.md").write_text("\n".join(lines))


def main(options: Options) -> None:
    started = time.monotonic()
    trackers = None if options.tracker == "none" else options.tracker
    accelerator = Accelerator(
        mixed_precision=options.precision, log_with=trackers, project_dir=options.out
    )
    set_seed(options.seed)
    device, is_main = accelerator.device, accelerator.is_main_process
    options.out.mkdir(parents=True, exist_ok=True)
    publisher = Publisher(options, options.out, is_main, tqdm.write)

    raw_model = Segmenter(num_classes=len(COCO_STUFF), classes=DRAWN, widths=options.widths)
    if options.start_from:
        raw_model = load_segmenter(options.start_from).train().requires_grad_(True)
    if options.crop % raw_model.factor or options.size % raw_model.factor:
        raise SystemExit(f"--size and --crop must be multiples of {raw_model.factor}")
    raw_model.to(device, memory_format=torch.channels_last)
    average = Segmenter.from_config(raw_model.config).to(device).eval()
    adam = {"betas": (0.9, 0.95), "weight_decay": options.weight_decay}
    optimizer = torch.optim.AdamW(raw_model.parameters(), lr=options.lr, **adam)
    progress = Progress(options.steps, options.max_minutes)
    schedule = cosine_schedule(optimizer, options.warmup, progress)
    ema = EMAModel(raw_model.parameters(), decay=options.ema, foreach=True)
    ema.to(device)
    model, optimizer = accelerator.prepare(raw_model, optimizer)
    accelerator.register_for_checkpointing(progress, schedule, ema)
    checkpoint = options.out / "checkpoint"
    if options.resume:
        if not checkpoint.exists():
            raise SystemExit(f"nothing to resume: {checkpoint} does not exist")
        accelerator.load_state(checkpoint)
    if trackers:
        flat = {k: v for k, v in asdict(options).items() if isinstance(v, int | float | str)}
        accelerator.init_trackers("segmentation", config=flat)

    if options.drawn:
        pictures, label_maps = read_scenes(options.drawn, options.scenes, options.workers)
    else:
        drawn = Scenes(options.scenes, options.size, options.seed)
        pictures, label_maps = draw_scenes(drawn, options.workers)
    held_out = Scenes(options.val_scenes, options.size, first=HELD_OUT)
    val_pictures, val_maps = draw_scenes(held_out, options.workers)
    val = {"drawn": val_pictures}
    if options.vqgan:
        pictures = torch.cat([pictures, reconstruct(pictures, options.vqgan, device)])
        val[f"as {Path(options.vqgan).name} gives them back"] = reconstruct(
            val_pictures, options.vqgan, device
        )
    accelerator.print(f"{len(pictures)} pictures after {time.monotonic() - started:.0f} s")
    crops = LabelledCrops(pictures, label_maps, options.crop, options.seed)
    share = options.batch_size * accelerator.num_processes
    numbers = Numbers(progress.step * share, options.steps * share)
    loader = DataLoader(
        crops, options.batch_size, sampler=numbers, num_workers=options.workers, drop_last=True
    )
    loader = accelerator.prepare(loader)
    weights = rarity_weights(label_maps, 0.5)[raw_model.ids.cpu()].to(device)
    # Of an id, its place among the classes that the network tells apart.
    places = torch.full((NO_CLASS + 1,), NO_CLASS, device=device)
    places[raw_model.ids] = torch.arange(len(raw_model.ids), device=device)

    history = (options.out / "history.jsonl").open("a" if options.resume else "w")
    bar = tqdm(total=options.steps, initial=progress.step, disable=not is_main)
    model.train()
    for images, ids in loader:
        step, truth = progress.step, places[ids]
        with accelerator.autocast():
            scores = model(images, known_only=True).float()
        loss = F.cross_entropy(scores, truth, weights, ignore_index=NO_CLASS)
        accelerator.backward(loss)
        norm = accelerator.clip_grad_norm_(model.parameters(), options.clip)
        parts = {"loss": loss, "gradient_norm": torch.as_tensor(norm)}
        parts |= {"accuracy": (scores.detach().argmax(1) == truth)[truth != NO_CLASS].float()}
        values = torch.stack([part.detach().float().mean() for part in parts.values()])
        values = accelerator.reduce(values, "mean").tolist()
        scalars = dict(zip(parts, values, strict=True))
        if not all(map(math.isfinite, scalars.values())):
            accelerator.print(f"\nstep {step}: not finite: {scalars}")
            raise SystemExit(f"stopped at step {step}; the last good checkpoint is {checkpoint}")
        optimizer.step()
        optimizer.zero_grad()
        progress.advance(accelerator)
        schedule.step()
        ema.step(raw_model.parameters())

        bar.update()
        bar.set_postfix({k: f"{scalars[k]:.3f}" for k in ("loss", "accuracy")})
        if is_main:
            history.write(json.dumps({"step": step, **scalars}) + "\n")
        if step % 50 == 0:
            accelerator.log({f"train/{k}": v for k, v in scalars.items()}, step=step)

        last = progress.is_over or progress.step == options.stop_after
        if progress.step % options.evaluate_every == 0 or last:
            history.flush()
            if is_main:
                average.load_state_dict(raw_model.state_dict())  # the statistics of BatchNorm
                ema.copy_to(average.parameters())
                figures: dict[str, float] = {}
                by_class = []
                for name, val_set in val.items():
                    accuracy, iou, ious = measure(average, val_set, val_maps)
                    figures |= {f"pixel accuracy, {name}": accuracy, f"mean IoU, {name}": iou}
                    by_class.append(ious)
                trained = f"{progress.step} steps in {progress.seconds / 60:.0f} minutes,"
                save_set(average, options, figures, by_class[0], trained)
                shown = ", ".join(f"{k} {v:.4f}" for k, v in figures.items())
                tqdm.write(f"step {progress.step}: {shown}")
                accelerator.log({f"val/{k}": v for k, v in figures.items()}, step=progress.step)
            fresh = options.out / "checkpoint.new"
            accelerator.save_state(fresh)
            if is_main:
                shutil.rmtree(checkpoint, ignore_errors=True)
                fresh.rename(checkpoint)
            if not last:
                publisher.on_the_way(progress.step)
            accelerator.wait_for_everyone()
        if last:
            break
    accelerator.end_training()
    publisher.at_the_end(progress.step)


if __name__ == "__main__":
    main(tyro.cli(Options))
