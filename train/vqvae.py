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
"""Train a VQ-VAE (arXiv 1711.00937) on small pictures: a folder, a parquet file or a Hub data set.

    python train/vqvae.py --data cifar10/train.parquet --val cifar10/test.parquet --out runs/vqvae
    accelerate launch --multi_gpu --num_processes 2 train/vqvae.py ...
    ACCELERATE_USE_CPU=1 torchrun --nproc_per_node 2 train/vqvae.py ...   # without accelerators

The loss is the mean squared error over the variance of the data, and the codebook's. Every
``--evaluate-every`` steps held-out pictures are measured and painted as a grid, and
``OUT/checkpoint`` is written, from which ``--resume`` goes on to the same loss curve. The trained
set, EMA weights in half precision, is in ``OUT/vqvae``.
"""

from __future__ import annotations

import json
import math
import shlex
import shutil
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

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

from vqgan_space.data.datasets import CenterCrops, Numbers, find_pictures
from vqgan_space.data.preloaded import Preloaded
from vqgan_space.hub.card import CardFacts, write_card
from vqgan_space.models.origin import forget_origin
from vqgan_space.models.quantizers import Quantized, Quantizer, make_quantizer
from vqgan_space.models.vqvae import VQVAE
from vqgan_space.training.evaluation import measure_reconstructions, relative_error
from vqgan_space.training.perceptual import load_perceptual
from vqgan_space.training.progress import Progress, cosine_schedule
from vqgan_space.training.publishing import Publisher, PublishOptions, run_facts


@dataclass
class Options(PublishOptions):
    """Everything that a run depends on; saved beside its weights."""

    data: str
    """Folder, parquet file or Hub data set to train on; all of it is kept in memory."""
    val: str
    """The same, held out, for measuring."""
    out: Path = Path("runs/vqvae")
    column: str | None = None
    """Column of the pictures in a parquet file or Hub data set."""
    size: int = 32
    """Side of the centre squares in pixels, a multiple of 4."""
    flip: bool = True

    quantizer: Literal["ema", "straight-through"] = "ema"
    codes: int = 512
    dim: int = 64
    """Numbers a code."""
    hidden: int = 128
    residual: int = 32
    blocks: int = 2
    beta: float = 0.25
    decay: float = 0.99
    revive_below: float = 0.0
    """A code chosen less often than this share of the mean is revived (EMA codebook)."""
    k_means_step: int = 0
    """Steps without quantisation, after which k-means starts the codebook; 0: random codes."""

    steps: int = 10_000
    batch_size: int = 64
    """Pictures a process and step."""
    lr: float = 1e-3
    warmup: int = 100
    weight_decay: float = 0.0
    clip: float = 1.0
    ema: float = 0.999
    precision: Literal["no", "bf16"] = "bf16"
    seed: int = 0

    evaluate_every: int = 1000
    val_pictures: int = 1000
    """Held-out pictures measured on the way; at the end it is all of them."""
    tracker: Literal["tensorboard", "trackio", "none"] = "tensorboard"
    max_minutes: float | None = None
    """Minutes of training after which it ends, if its steps take longer; the learning rate falls to
    zero by then."""
    stop_after: int | None = None
    """Steps after which to stop with a checkpoint, for runs cut in pieces; the schedule stays."""
    resume: bool = False


class Autoencoder(nn.Module):
    """The VQ-VAE with its training quantizer: one module for one wrapper that shares gradients."""

    def __init__(self, vqvae: VQVAE, quantizer: Quantizer) -> None:
        super().__init__()
        self.vqvae, self.quantizer = vqvae, quantizer
        vqvae.quantize.requires_grad_(False)  # it only receives the finished codebook

    def forward(self, images: Tensor, quantise: bool) -> tuple[Tensor, Tensor, Quantized]:
        """Reconstructions, latents (B, D, h, w), and what the quantizer made of them."""
        latents = self.vqvae.encode(images).latents
        found = self.quantizer(latents)
        output = self.vqvae.decode_latents(found.latents if quantise else latents.float())
        return output, latents, found


def build(options: Options) -> Autoencoder:
    if options.size % 4:
        raise SystemExit(f"--size must be a multiple of 4, not {options.size}")
    vqvae = VQVAE(
        hidden_channels=options.hidden,
        residual_channels=options.residual,
        num_residual_blocks=options.blocks,
        vq_embed_dim=options.dim,
        num_vq_embeddings=options.codes,
        sample_size=options.size,
    )
    quantizer = make_quantizer(
        options.quantizer,
        options.codes,
        options.dim,
        decay=options.decay,
        revive_below=options.revive_below,
        beta=options.beta,
    )
    return Autoencoder(vqvae, quantizer)


def save_set(
    vqvae: VQVAE,
    options: Options,
    figures: dict[str, float],
    grid: Tensor,
    steps: int,
    started: float,
) -> None:
    """What is published, under OUT: weights in half precision, figures, samples and a card."""
    half = VQVAE.from_config(vqvae.config)
    half.load_state_dict(vqvae.state_dict())
    forget_origin(half.half()).save_pretrained(options.out / "vqvae")
    record = {"options": asdict(options), "figures": figures}
    (options.out / "training.json").write_text(json.dumps(record, indent=1, default=str))
    samples = options.out / "samples" / "held-out.png"
    samples.parent.mkdir(exist_ok=True)
    save_image(grid, samples, nrow=len(grid) // 2)
    facts = CardFacts(
        name=options.out.name,
        trained_on=f"Pictures: {options.data}.",
        trained_how=f"{steps} steps of {options.batch_size} pictures of {options.size} px, "
        f"codebook: {options.quantizer}.",
        command=shlex.join(["python", *sys.argv]),
        figures={name: f"{value:.4g}" for name, value in figures.items()},
        measured_on=f"{options.val}, {options.size} px",
        samples="samples/held-out.png",
        **run_facts(options, started),
    )
    write_card(options.out, facts)


def main(options: Options) -> None:
    started = time.monotonic()
    trackers = None if options.tracker == "none" else options.tracker
    accelerator = Accelerator(
        mixed_precision=options.precision,
        log_with=trackers,
        project_dir=options.out,
    )
    set_seed(options.seed)
    device, is_main = accelerator.device, accelerator.is_main_process
    options.out.mkdir(parents=True, exist_ok=True)
    publisher = Publisher(options, options.out, is_main, tqdm.write)

    raw_model = build(options).to(device, memory_format=torch.channels_last)
    average = VQVAE.from_config(raw_model.vqvae.config).to(device).eval()
    measure = load_perceptual("auto").to(device)
    trained = [p for p in raw_model.parameters() if p.requires_grad]
    adam = {"betas": (0.9, 0.95), "weight_decay": options.weight_decay}
    optimizer = torch.optim.AdamW(trained, lr=options.lr, **adam)
    progress = Progress(options.steps, options.max_minutes)
    schedule = cosine_schedule(optimizer, options.warmup, progress)
    ema = EMAModel(raw_model.vqvae.parameters(), decay=options.ema, use_ema_warmup=True)
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
        accelerator.init_trackers("vqvae", config=flat)

    pictures = find_pictures(options.data, options.column)
    data = Preloaded(pictures, options.size, options.flip, options.seed)
    variance = data.variance
    share = options.batch_size * accelerator.num_processes
    numbers = Numbers(progress.step * share, options.steps * share)
    loader = DataLoader(data, options.batch_size, sampler=numbers, drop_last=True)
    loader = accelerator.prepare(loader)
    held_out = find_pictures(options.val, options.column, split="test")

    history = (options.out / "history.jsonl").open("a" if options.resume else "w")
    bar = tqdm(total=options.steps, initial=progress.step, disable=not is_main)
    recent: deque[Tensor] = deque()  # latents for k-means: the last 32 a code, over all processes
    enough = 32 * options.codes / accelerator.num_processes
    model.train()
    for images in loader:
        step = progress.step
        quantise = step >= options.k_means_step
        if options.k_means_step and step == options.k_means_step:
            raw_model.quantizer.start_from(torch.cat(list(recent)))
            recent.clear()

        with accelerator.autocast():
            output, latents, found = model(images, quantise)
        error = (output.float() - images).square().mean() / variance
        # Before quantisation too every parameter has a gradient, which several processes rely on.
        loss = error + (found.loss if quantise else 0 * found.loss)
        accelerator.backward(loss)
        norm = accelerator.clip_grad_norm_(trained, options.clip)
        parts = {"loss": loss, "error": error, "codebook": found.loss}
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
        ema.step(raw_model.vqvae.parameters())

        if not quantise:
            recent.append(latents.detach().permute(0, 2, 3, 1).flatten(0, 2))  # (B*h*w, D)
            if (len(recent) - 1) * len(recent[0]) >= enough:
                recent.popleft()
        bar.update()
        bar.set_postfix({k: f"{scalars[k]:.3f}" for k in ("loss", "error", "perplexity")})
        if is_main:
            history.write(json.dumps({"step": step, **scalars}) + "\n")
        if step % 50 == 0:
            accelerator.log({f"train/{k}": v for k, v in scalars.items()}, step=step)

        last = progress.is_over or progress.step == options.stop_after
        if progress.step % options.evaluate_every == 0 or last:
            history.flush()
            if is_main:
                ema.copy_to(average.parameters())
                average.codebook.data.copy_(raw_model.quantizer.codebook.detach())
                count = len(held_out) if last else min(len(held_out), options.val_pictures)
                part = CenterCrops([held_out[i] for i in range(count)], options.size)
                batches = DataLoader(part, batch_size=100)
                figures = {"MSE over variance": relative_error(average, batches)}
                measured, grid = measure_reconstructions(average, batches, measure, columns=16)
                figures |= measured
                save_set(average, options, figures, grid, progress.step, started)
                shown = ", ".join(f"{k} {v:.4f}" for k, v in figures.items())
                tqdm.write(f"step {progress.step}: {shown} (perceptual: {measure.name})")
                save_image(grid, options.out / f"step-{progress.step:06}.png", nrow=16)
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
