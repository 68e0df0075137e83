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
"""Train a label-map VQGAN (arXiv 2012.09841, sec. 3.2) on drawn scenes or a folder of label maps.

    python train/label_vqgan.py --data scenes --val scenes --out runs/label-f16
    accelerate launch --multi_gpu --num_processes 2 train/label_vqgan.py ...

Every ``--evaluate-every`` steps the held-out label maps are measured and painted as a grid, and
``OUT/checkpoint`` is written, from which ``--resume`` goes on to the same loss curve. The trained
set, EMA weights in half precision, is in ``OUT/label_vqgan``.
"""

from __future__ import annotations

import json
import math
import shlex
import shutil
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
import tyro
from accelerate import Accelerator
from accelerate.utils import set_seed
from diffusers.training_utils import EMAModel
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision.utils import save_image
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.data.datasets import Numbers
from vqgan_space.data.label_maps import LabelCrops, find_label_maps
from vqgan_space.data.labels import ADE20K, CAMVID, COCO_STUFF, LabelMap
from vqgan_space.hub.card import CardFacts, write_card
from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.models.origin import forget_origin
from vqgan_space.models.sizes import LABEL_VQGAN_SIZES
from vqgan_space.training.codebook import quantizer_for
from vqgan_space.training.label_autoencoder import (
    LabelAutoencoder,
    choose_classes,
    patterns_of,
    with_details,
    with_fresh_decoder,
)
from vqgan_space.training.label_evaluation import center_square, measure_label_maps
from vqgan_space.training.progress import Progress, cosine_schedule
from vqgan_space.training.publishing import Publisher, PublishOptions, run_facts

LABEL_SETS = {"coco-stuff": COCO_STUFF, "ade20k": ADE20K, "camvid": CAMVID}


@dataclass
class Options(PublishOptions):
    """Everything that a run depends on; saved beside its weights."""

    data: str = "scenes"
    """Folder of label maps to train on, or "scenes" for drawn ones."""
    val: tuple[str, ...] = ("scenes",)
    """The same, held out, for measuring; several are measured apart."""
    out: Path = Path("runs/label-vqgan")
    size: str = "f16"
    """One of the named sizes in vqgan_space/models/sizes.py."""
    label_set: Literal["coco-stuff", "ade20k", "camvid"] = "coco-stuff"
    maps: int = 4096
    """How many scenes are drawn."""
    start_from: Path | None = None
    """Folder of a trained set whose weights to start from."""
    decoder_channels: tuple[int, ...] | None = None
    """Channels of a fresh decoder for the codes of ``start_from``, which stay what they are:
    nothing else is trained."""
    detail_codes: int | None = None
    """How many patterns of edges, at twice the resolution, are found for the codes of
    ``start_from``, which stay what they are: edges run where they should."""

    quantizer: Literal["ema", "straight-through"] = "ema"
    unit_length: bool = False
    codes: int | None = None
    """Size of the codebook, where it is not the named size's."""
    beta: float = 0.25
    decay: float = 0.99
    revive_below: float = 0.1
    """A code chosen less often than this share of the mean is revived (EMA codebook)."""
    k_means_step: int = 1000
    """Steps without quantisation, after which k-means starts the codebook; 0: random codes."""

    loss: Literal["classes", "binary"] = "classes"
    """Cross-entropy over classes, or taming-transformers' binary one on one-hot maps."""
    balance: float = 0.25
    """By which power of its share of the pixels a class weighs less (loss over classes)."""
    absent: int | None = 32
    """How many classes that a batch does not have the loss is over, drawn at random: with many
    classes, all of them would cost more than the rest of the model. None: all."""
    random_ids: float = 0.5
    """Share of label maps whose classes are exchanged for others at random."""
    random_ids_step: int = 0
    """From which step on."""

    steps: int = 10_000
    batch_size: int = 8
    """Label maps a process and step."""
    crop: int = 128
    scale: tuple[float, float] = (0.4, 0.7)
    """Share of the shorter side that a crop covers."""
    lr: float = 1e-3
    warmup: int = 200
    weight_decay: float = 0.0
    clip: float = 1.0
    ema: float = 0.998
    precision: Literal["no", "bf16"] = "bf16"
    seed: int = 0
    workers: int = 1

    evaluate_every: int = 1000
    val_size: int = 256
    val_maps: int = 256
    tracker: Literal["tensorboard", "trackio", "none"] = "tensorboard"
    max_minutes: float | None = None
    """Minutes of training after which it ends, if its steps take longer; the learning rate falls to
    zero by then."""
    stop_after: int | None = None
    """Steps after which to stop with a checkpoint, for runs cut in pieces; the schedule stays."""
    resume: bool = False


def build(options: Options, label_maps: Sequence[LabelMap]) -> LabelAutoencoder:
    """A fresh or, with ``start_from``, a trained autoencoder.

    Args:
        label_maps: what patterns are found in, where they are asked for.
    """
    if options.size not in LABEL_VQGAN_SIZES:
        raise SystemExit(f"size {options.size!r} is not one of {', '.join(LABEL_VQGAN_SIZES)}")
    config = dict(LABEL_VQGAN_SIZES[options.size])
    config["num_vq_embeddings"] = options.codes or config["num_vq_embeddings"]
    classes = len(LABEL_SETS[options.label_set])
    model = LabelVQGAN(in_channels=classes, out_channels=classes, **config)
    if options.start_from:
        model = LabelVQGAN.from_pretrained(options.start_from, subfolder="label_vqgan").train()
    if (options.decoder_channels or options.detail_codes) and not options.start_from:
        raise SystemExit("name the set whose codes to decode with --start-from")
    has_details = model.details is not None
    if has_details and (options.decoder_channels or options.detail_codes):
        raise SystemExit(
            f"{options.start_from} has details already, which its decoder knows: leave out "
            "--detail-codes and --decoder-channels to train it further"
        )
    if options.decoder_channels:
        model = with_fresh_decoder(model, options.decoder_channels)
    if options.detail_codes:
        patterns = patterns_of(label_maps, options.detail_codes, model.factor // 2, options.seed)
        model = with_details(model, patterns).train()
    if model.details is not None and options.loss == "binary":
        raise SystemExit("details are trained with --loss classes alone")
    codes = quantizer_for(options, model.codebook, options.start_from is not None)
    stay = bool(options.decoder_channels) or model.details is not None
    return LabelAutoencoder(model, codes, stay, options.loss, options.balance)


def save_set(
    model: LabelVQGAN,
    options: Options,
    figures: dict[str, float],
    grid: Tensor,
    steps: int,
    started: float,
) -> None:
    """What is published, under OUT: weights in half precision, figures, samples and a card."""
    half = LabelVQGAN.from_config(model.config)
    half.load_state_dict(model.state_dict())
    forget_origin(half.half()).save_pretrained(options.out / "label_vqgan", max_shard_size="9500KB")
    record = {"options": asdict(options), "figures": figures}
    (options.out / "training.json").write_text(json.dumps(record, indent=1, default=str))
    samples = options.out / "samples" / "held-out.png"
    samples.parent.mkdir(exist_ok=True)
    save_image(grid, samples, nrow=len(grid) // 2)
    facts = CardFacts(
        name=options.out.name,
        description=f"A label-map VQGAN ([Esser et al.](https://arxiv.org/abs/2012.09841)) of "
        f"{model.num_classes} classes: {len(model.codebook)} codes, one for a square of "
        f"{model.factor} x {model.factor} pixels"
        + (f", and four of {model.config.detail_codes} patterns in it." if model.details else "."),
        example="from vqgan_space.models.label_vqgan import LabelVQGAN\n\n"
        f'model = LabelVQGAN.from_pretrained("{options.push_to_hub or options.out.name}", '
        'subfolder="label_vqgan")\n'
        "codes = model.encode_codes(label_maps)  # (B, H, W) of ids -> (B, h, w)\n"
        "model.label_maps(codes)  # (B, H, W)",
        trained_on=f"Label maps: {options.data}, {options.random_ids:.0%} of them with other "
        "classes' ids drawn at random.",
        trained_how=f"{steps} steps of {options.batch_size} crops of {options.crop} px.",
        command=shlex.join(["python", *sys.argv]),
        figures={name: f"{value:.4g}" for name, value in figures.items()},
        measured_on=f"centre squares of {options.val_size} px",
        samples="samples/held-out.png",
        samples_show="Held-out label maps and what their codes give back",
        **run_facts(options, started),
    )
    write_card(options.out, facts)


def main(options: Options) -> None:
    started = time.monotonic()
    trackers = None if options.tracker == "none" else options.tracker
    accelerator = Accelerator(
        mixed_precision=options.precision, log_with=trackers, project_dir=options.out
    )
    set_seed(options.seed)
    device, is_main = accelerator.device, accelerator.is_main_process
    layout = torch.contiguous_format if device.type == "cpu" else torch.channels_last
    options.out.mkdir(parents=True, exist_ok=True)
    publisher = Publisher(options, options.out, is_main, tqdm.write)

    label_set = LABEL_SETS[options.label_set]
    drawing = {"size": options.val_size, "workers": options.workers}
    maps = find_label_maps(
        options.data, label_set, count=options.maps, seed=options.seed, **drawing
    )
    raw_model = build(options, maps).to(device, memory_format=layout)
    average = LabelVQGAN.from_config(raw_model.model.config).to(device).eval()
    trained = [p for p in raw_model.parameters() if p.requires_grad]
    adam = {"betas": (0.9, 0.95), "weight_decay": options.weight_decay}
    optimizer = torch.optim.AdamW(trained, lr=options.lr, **adam)
    progress = Progress(options.steps, options.max_minutes)
    schedule = cosine_schedule(optimizer, options.warmup, progress)
    ema = EMAModel(raw_model.model.parameters(), decay=options.ema, foreach=True)
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
        accelerator.init_trackers("label_vqgan", config=flat)

    share = options.batch_size * accelerator.num_processes
    exchange = {
        "random_ids": options.random_ids,
        "random_from": options.random_ids_step * share,
        "num_classes": len(label_set),
    }
    crops = LabelCrops(maps, options.crop, options.scale, seed=options.seed, **exchange)
    numbers = Numbers(progress.step * share, options.steps * share)
    loader = DataLoader(
        crops, options.batch_size, sampler=numbers, num_workers=options.workers, drop_last=True
    )
    loader = accelerator.prepare(loader)
    drawing |= {"count": options.val_maps, "held_out": True}
    held_out = {
        source: [center_square(m, options.val_size) for m in found[: options.val_maps]]
        for source in options.val
        if (found := find_label_maps(source, label_set, **drawing))
    }

    history = (options.out / "history.jsonl").open("a" if options.resume else "w")
    bar = tqdm(total=options.steps, initial=progress.step, disable=not is_main)
    recent: deque[Tensor] = deque()  # latents for k-means: the last 32 a code, over all processes
    enough = 32 * raw_model.quantizer.size / accelerator.num_processes
    absent = options.absent if options.loss == "classes" else None
    k_means_step = 0 if raw_model.codes_stay else options.k_means_step
    model.train()
    for label_maps in loader:
        step = progress.step
        quantise = step >= k_means_step
        if k_means_step and step == k_means_step:
            raw_model.quantizer.start_from(torch.cat(list(recent)))
            recent.clear()

        chosen = choose_classes(label_maps, len(label_set), absent)
        with accelerator.autocast():
            result = model(label_maps, chosen, quantise)
        found = result.found
        # Before quantisation too every parameter has a gradient, which several processes rely on.
        loss = result.error
        if not raw_model.codes_stay:
            loss = loss + (found.loss if quantise else 0 * found.loss)
        accelerator.backward(loss)
        norm = accelerator.clip_grad_norm_(trained, options.clip)
        parts = {"loss": loss, "error": result.error, "codebook": found.loss}
        parts |= {"accuracy": result.accuracy}
        parts |= {"gradient_norm": torch.as_tensor(norm)}
        parts |= {"perplexity": found.perplexity, "batch_usage": found.usage}
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
        ema.step(raw_model.model.parameters())

        if not quantise:
            recent.append(result.latents.detach().permute(0, 2, 3, 1).flatten(0, 2))  # (B*h*w, D)
            if (len(recent) - 1) * len(recent[0]) >= enough:
                recent.popleft()
        bar.update()
        bar.set_postfix({k: f"{scalars[k]:.3f}" for k in ("loss", "accuracy", "perplexity")})
        if is_main:
            history.write(json.dumps({"step": step, **scalars}) + "\n")
        if step % 50 == 0:
            accelerator.log({f"train/{k}": v for k, v in scalars.items()}, step=step)

        last = progress.is_over or progress.step == options.stop_after
        if progress.step % options.evaluate_every == 0 or last:
            history.flush()
            if is_main:
                ema.copy_to(average.parameters())
                raw_model.give_codebook(average)
                figures: dict[str, float] = {}
                grids = []
                for source, kept in held_out.items():
                    measured, grid = measure_label_maps(average, kept, label_set)
                    figures |= {f"{Path(source).name}: {k}": v for k, v in measured.items()}
                    grids.append(grid)
                save_set(average, options, figures, grids[0], progress.step, started)
                shown = ", ".join(f"{k} {v:.4f}" for k, v in figures.items())
                tqdm.write(f"step {progress.step}: {shown}")
                save_image(grids[-1], options.out / f"step-{progress.step:06}.png", nrow=8)
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
