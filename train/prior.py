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
"""Train a prior over codes (arXiv 2012.09841, sec. 3.2) on what ``train/encode.py`` wrote.

    python train/prior.py --data codes/train --val codes/val --label-vqgan runs/label-f16 \\
        --architecture masked --out runs/scenes-f16
    accelerate launch --multi_gpu --num_processes 2 train/prior.py ...

Masked, causal (with ``pkeep``), or PixelSNAIL; conditioned on a grid of codes, a class, a vector or
nothing, as the data are. Every ``--evaluate-every`` steps the held-out negative log-likelihood is
measured and a grid of samples is painted, and ``OUT/checkpoint`` is written, from which
``--resume`` goes on to the same loss curve. OUT is a whole set, with EMA weights in half precision,
for ``vqgan_space.hub.load_synthesizer(OUT)``.
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
from typing import Any, Literal

import torch
import tyro
from accelerate import Accelerator
from accelerate.utils import set_seed
from diffusers.training_utils import EMAModel
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision.utils import save_image
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.data.codes import CodesData
from vqgan_space.data.datasets import Numbers
from vqgan_space.hub.card import CardFacts, write_card
from vqgan_space.training.prior_data import CodesInOrder, parameter_groups, with_noise
from vqgan_space.training.prior_loss import causal_loss, masked_loss, masked_nll, raster_loss
from vqgan_space.training.prior_set import (
    Parts,
    build_prior,
    load_parts,
    sample_grid,
    save_parts,
    start_from_codebooks,
)
from vqgan_space.training.prior_translation import translate
from vqgan_space.training.progress import Progress, cosine_schedule
from vqgan_space.training.publishing import Publisher, PublishOptions, run_facts


@dataclass
class Options(PublishOptions):
    """Everything that a run depends on; saved beside its weights."""

    data: Path
    """Folder of codes to train on, as train/encode.py writes them."""
    val: Path
    """The same, held out, for measuring."""
    out: Path = Path("runs/prior")
    architecture: Literal["masked", "causal", "pixelsnail"] = "masked"
    size: str = "small"
    """One of the named sizes in vqgan_space/models/sizes.py."""
    vqgan: str | None = None
    """What made the codes, where it is not the one that the data name."""
    label_vqgan: Path | None = None
    """Folder of the set whose label-map VQGAN made the condition's codes."""
    refer_to_vqgan: bool = False
    """Name the shipped VQGAN in the set instead of copying it."""
    start_from: Path | None = None
    """Folder of a set whose prior to start from."""
    old_codes: Path | None = None
    """Folder of codes of the first pictures of ``data``, made with the VQGAN that the masked prior
    of ``start_from`` is for, where that is another one: its codes are translated."""

    pkeep: float = 1.0
    """Share of the picture's codes that a causal prior is shown; random ones for the others."""
    schedule: Literal["cosine", "arccos"] = "arccos"
    """How many codes are hidden from a masked prior."""
    drop_condition: float = 0.1
    """Share of pictures that a masked prior sees without their condition, for guidance."""
    condition_noise: float = 0.0
    """Length of the noise that is added to vectors of length one."""
    smoothing: float = 0.1
    dropout: float = 0.0

    steps: int = 10_000
    batch_size: int = 16
    """Pictures a process and step."""
    lr: float = 1e-3
    warmup: int = 200
    weight_decay: float = 0.01
    clip: float = 1.0
    ema: float = 0.999
    precision: Literal["no", "bf16"] = "bf16"
    seed: int = 0

    evaluate_every: int = 1000
    val_pictures: int = 256
    samples: int = 8
    """Pictures in the grid of samples; 0: none."""
    tracker: Literal["tensorboard", "trackio", "none"] = "tensorboard"
    max_minutes: float | None = None
    """Minutes of training after which it ends, if its steps take longer; the learning rate falls to
    zero by then."""
    stop_after: int | None = None
    """Steps after which to stop with a checkpoint, for runs cut in pieces; the schedule stays."""
    resume: bool = False


def loss_of(
    options: Options, model: nn.Module, raw: Any, codes: Tensor, condition: Tensor | None
) -> Tensor:
    """What is minimised, for pictures (B, h, w) and their condition."""
    smoothing = options.smoothing
    if options.architecture == "pixelsnail":
        return raster_loss(model, codes, condition, smoothing=smoothing)
    if options.architecture == "masked":
        dropped = None
        if condition is not None:
            dropped = torch.rand(len(codes), device=codes.device) < options.drop_condition
        how: dict[str, Any] = {"schedule": options.schedule, "smoothing": smoothing}
        return masked_loss(model, codes, condition, raw.hidden, dropped=dropped, **how)
    vocabulary = raw.config.vocab_size
    how = {"pkeep": options.pkeep, "smoothing": smoothing}
    return causal_loss(model, codes, front_of(codes, condition), vocabulary, **how)


def front_of(codes: Tensor, condition: Tensor | None) -> Tensor:
    """What a causal prior reads first, (B, n): condition codes, a class, or the start code 0."""
    if condition is None:
        return torch.zeros(len(codes), 1, dtype=torch.int64, device=codes.device)
    return condition.flatten(1) if condition.ndim > 1 else condition[:, None]


@torch.inference_mode()
def held_out_nll(options: Options, prior: Any, data: CodesData, device: torch.device) -> float:
    """Nats a code on the first held-out pictures; of hidden codes for a masked prior."""
    losses = []
    count = min(options.val_pictures, len(data))
    for start in range(0, count, options.batch_size):
        part = slice(start, min(start + options.batch_size, count))
        codes = data.codes[part].to(device)
        condition = data.measured_condition(part)
        condition = None if condition is None else condition.to(device)
        if options.architecture == "masked":
            loss = masked_nll(prior, codes, condition, prior.hidden, seed=start)
        elif options.architecture == "pixelsnail":
            loss = raster_loss(prior, codes, condition)
        else:
            front = front_of(codes, condition)
            loss = causal_loss(prior, codes, front, prior.config.vocab_size)
        losses.append(loss * len(codes))
    return float(torch.stack(losses).sum()) / count


def write_records(
    options: Options,
    parts: Parts,
    prior: Any,
    figures: dict[str, float],
    steps: int,
    started: float,
) -> None:
    """Figures, options and the card, beside the set."""
    minutes = (time.monotonic() - started) / 60
    record = {"options": asdict(options), "figures": figures, "minutes": minutes}
    (options.out / "training.json").write_text(json.dumps(record, indent=1, default=str))
    parameters = sum(p.numel() for p in prior.parameters())
    what = {
        "masked": "A masked prior ([Chang et al.](https://arxiv.org/abs/2202.04200))",
        "causal": "A causal prior ([Esser et al.](https://arxiv.org/abs/2012.09841))",
        "pixelsnail": "PixelSNAIL ([Chen et al.](https://arxiv.org/abs/1712.09763))",
    }[options.architecture]
    given = {
        "grid": "a label map",
        "class": "a class",
        "vector": "a text",
        "none": "nothing",
    }
    height, width = parts.info.grid
    has_samples = (options.out / "samples" / "held-out.png").is_file()
    facts = CardFacts(
        name=options.out.name,
        description=f"{what} of {parameters / 1e6:.1f} M parameters over {height} x {width} codes "
        f"out of {parts.info.num_codes}, given {given[parts.info.condition]}; with the models that "
        "make codes and pictures.",
        example="from vqgan_space.hub import load_synthesizer\n\n"
        f'synthesizer = load_synthesizer("{options.push_to_hub or options.out.name}")\n'
        "codes = synthesizer.sample(condition, seed=0)  # (B, h, w)\n"
        "pictures = synthesizer.decode(codes)  # (B, 3, H, W)",
        trained_on=f"Codes of {parts.info.source}.",
        trained_how=f"{steps} steps of {options.batch_size} pictures.",
        command=shlex.join(["python", *sys.argv]),
        figures={name: f"{value:.4g}" for name, value in figures.items()},
        measured_on=f"{options.val.name}, held out",
        samples="samples/held-out.png" if has_samples else None,
        samples_show="Held-out pictures, what their codes give, and two samples for each condition",
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
    if options.old_codes and (options.architecture != "masked" or not options.start_from):
        raise SystemExit("--old-codes needs --start-from: it translates a trained masked prior")
    options.out.mkdir(parents=True, exist_ok=True)
    publisher = Publisher(options, options.out, is_main, tqdm.write)

    data, held_out = CodesData(options.data), CodesData(options.val)
    parts = load_parts(data.info, options.vqgan, options.label_vqgan)
    config = {"size": options.size, "dropout": options.dropout, "start_from": options.start_from}
    raw_model = build_prior(options.architecture, data.info, **config)
    if options.architecture == "masked" and options.start_from is None:
        start_from_codebooks(raw_model, parts)
    if options.old_codes:
        old = CodesData(options.old_codes).codes
        translate(raw_model, old, data.codes[: len(old)])
    raw_model.to(device)
    average = type(raw_model).from_config(raw_model.config).to(device).eval()
    groups = parameter_groups(raw_model, options.weight_decay)
    optimizer = torch.optim.AdamW(groups, lr=options.lr, betas=(0.9, 0.95))
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
        accelerator.init_trackers("prior", config=flat)

    share = options.batch_size * accelerator.num_processes
    numbers = Numbers(progress.step * share, options.steps * share)
    items = CodesInOrder(data, options.seed)
    loader = DataLoader(items, options.batch_size, sampler=numbers, drop_last=True)
    loader = accelerator.prepare(loader)

    history = (options.out / "history.jsonl").open("a" if options.resume else "w")
    bar = tqdm(total=options.steps, initial=progress.step, disable=not is_main)
    trained = [p for group in groups for p in group["params"]]
    model.train()
    for batch in loader:
        step = progress.step
        # What is drawn at random depends on the step alone, so that a resumed run draws it too.
        number = (options.seed << 32) + step * accelerator.num_processes
        torch.manual_seed(number + accelerator.process_index)
        with accelerator.autocast():
            condition = batch.get("condition")
            if options.condition_noise and condition is not None:
                condition = with_noise(condition, options.condition_noise)
            loss = loss_of(options, model, raw_model, batch["codes"], condition)
        accelerator.backward(loss)
        norm = accelerator.clip_grad_norm_(trained, options.clip)
        values = torch.stack([loss.detach().float(), torch.as_tensor(norm).to(device).float()])
        values = accelerator.reduce(values, "mean").tolist()
        scalars = dict(zip(("loss", "gradient_norm"), values, strict=True))
        if not all(map(math.isfinite, scalars.values())):
            accelerator.print(f"\nstep {step}: not finite: {scalars}")
            raise SystemExit(f"stopped at step {step}; the last good checkpoint is {checkpoint}")
        optimizer.step()
        optimizer.zero_grad()
        progress.advance(accelerator)
        schedule.step()
        ema.step(raw_model.parameters())

        bar.update()
        bar.set_postfix({k: f"{v:.3f}" for k, v in scalars.items()})
        if is_main:
            history.write(json.dumps({"step": step, **scalars}) + "\n")
        if step % 50 == 0:
            accelerator.log({f"train/{k}": v for k, v in scalars.items()}, step=step)

        last = progress.is_over or progress.step == options.stop_after
        if progress.step % options.evaluate_every == 0 or last:
            history.flush()
            if is_main:
                ema.copy_to(average.parameters())
                figures = {"NLL": held_out_nll(options, average, held_out, device)}
                save_parts(options.out, parts, average, options.pkeep, options.refer_to_vqgan)
                if options.samples and options.architecture != "pixelsnail":
                    grid = sample_grid(parts, average, held_out, options.samples)
                    (options.out / "samples").mkdir(exist_ok=True)
                    save_image(grid, options.out / "samples" / "held-out.png", nrow=options.samples)
                    shutil.copy(
                        options.out / "samples" / "held-out.png",
                        options.out / f"step-{progress.step:06}.png",
                    )
                write_records(options, parts, average, figures, progress.step, started)
                tqdm.write(f"step {progress.step}: held-out NLL {figures['NLL']:.4f} nats a code")
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
