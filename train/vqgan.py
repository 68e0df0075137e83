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
"""Train a VQGAN (arXiv 2012.09841) on a folder, a parquet file or a data set of the Hub.

    python train/vqgan.py --data photos/train --val photos/val --size f16 --out runs/f16
    accelerate launch --multi_gpu --num_processes 2 train/vqgan.py ...
    ACCELERATE_USE_CPU=1 torchrun --nproc_per_node 2 train/vqgan.py ...   # without accelerators

Every ``--evaluate-every`` steps the held-out pictures are measured and painted as a grid, and
``OUT/checkpoint`` is written, from which ``--resume`` goes on to the same loss curve. The trained
set, EMA weights in half precision, is in ``OUT/vqgan``.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import huggingface_hub
import torch
import torch.nn.functional as F
import tyro
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.utils import set_seed
from diffusers.training_utils import EMAModel
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision.utils import save_image
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.data.datasets import CenterCrops, Numbers, find_pictures
from vqgan_space.models.sizes import VQGAN_SIZES
from vqgan_space.models.vqgan import VQGAN, last_layer
from vqgan_space.training import losses
from vqgan_space.training.adversary import Adversary
from vqgan_space.training.autoencoder import Autoencoder, averaged
from vqgan_space.training.codebook import quantizer_for
from vqgan_space.training.evaluation import measure_reconstructions
from vqgan_space.training.perceptual import load_perceptual
from vqgan_space.training.progress import Progress, cosine_schedule
from vqgan_space.training.publishing import Publisher, PublishOptions
from vqgan_space.training.vqgan_data import training_crops
from vqgan_space.training.vqgan_set import save_set


@dataclass
class Options(PublishOptions):
    """Everything that a run depends on; saved beside its weights."""

    data: str
    """Folder, parquet file or Hub data set to train on."""
    val: str
    """The same, held out, for measuring."""
    out: Path = Path("runs/vqgan")
    size: str = "f16"
    """One of the named sizes in vqgan_space/models/sizes.py."""
    column: str | None = None
    """Column of the pictures in a parquet file or Hub data set."""
    start_from: Path | None = None
    """Folder of a trained set whose weights to start from."""
    decoder_only: bool = False
    """Train the decoder of ``start_from`` alone: the codes of pictures, and priors over them, stay
    what they are."""

    quantizer: Literal["ema", "straight-through"] = "ema"
    unit_length: bool = True
    rotation: bool = False
    codes: int | None = None
    """Size of the codebook, where it is not the named size's."""
    beta: float = 0.25
    decay: float = 0.99
    revive_below: float = 0.1
    """A code chosen less often than this share of the mean is revived (EMA codebook)."""
    k_means_step: int = 500
    """Steps without quantisation, after which k-means starts the codebook; 0: random codes."""

    l1: float = 1.0
    l2: float = 0.0
    gradients: float = 0.0
    """Weight of the multi-scale gradient loss."""
    colour: float = 0.0
    """Weight of the coarse colour loss, for trainings too short to learn colour otherwise."""
    green: float = 3.0
    """How much heavier its green difference weighs than its red-blue difference."""
    probe: float = 0.0
    """Weight of the same loss, and L1, on mean colours read linearly off the latents."""
    perceptual: float = 1.0
    perceptual_net: Literal["vgg", "alex"] = "vgg"
    stand_in: Literal["features", "gradients", "none"] = "features"
    """What takes LPIPS's place where its backbone can't be downloaded."""
    gan: float = 0.8
    """Weight of the adversarial loss, before the adaptive weight; 0 trains none."""
    gan_start: int = 30_000
    critic_first: int = 0
    """Steps from ``gan_start`` on in which the discriminator learns, and the VQGAN not yet from it;
    a decoder that is good already would be spoilt by one that knows nothing."""
    feature_matching: float = 0.0
    adaptive: bool = True
    lecam: float = 0.0
    discriminator_width: int = 64

    steps: int = 100_000
    batch_size: int = 16
    """Pictures a process and step."""
    crop: int = 128
    scale: tuple[float, float] = (0.5, 1.0)
    """Share of the shorter side that a crop covers."""
    vivid: float = 0.0
    """Share of crops with shuffled channels and stronger colours."""
    scenes: float = 0.0
    """Share of drawn scenes (vqgan_space/data/scenes) among the crops."""
    drawn: Path | None = None
    """Folder of scenes that python -m vqgan_space.data.scenes wrote, to be taken instead of new
    ones. They and the other pictures are decoded once and kept where the model is."""
    emphasis: float = 0.0
    """With --drawn, how much more rare classes' pixels weigh in the losses of pixels and gradients:
    0 weighs all pixels alike, 1 all classes."""
    lr: float = 5e-4
    discriminator_lr: float = 2e-4
    warmup: int = 200
    weight_decay: float = 0.0
    clip: float = 1.0
    ema: float = 0.999
    precision: Literal["no", "bf16"] = "bf16"
    seed: int = 0
    workers: int = 1

    evaluate_every: int = 1000
    val_size: int = 256
    val_pictures: int = 64
    tracker: Literal["tensorboard", "trackio", "none"] = "tensorboard"
    max_minutes: float | None = None
    """Minutes of training after which it ends, if its steps take longer; the learning rate falls to
    zero by then."""
    stop_after: int | None = None
    """Steps after which to stop with a checkpoint, for runs cut in pieces; the schedule stays."""
    resume: bool = False


def build(options: Options) -> Autoencoder:
    """A fresh or, with ``start_from``, a trained autoencoder."""
    if options.size not in VQGAN_SIZES:
        raise ValueError(f"size {options.size!r} is not one of {', '.join(VQGAN_SIZES)}")
    if options.decoder_only and (not options.start_from or options.k_means_step):
        raise ValueError("decoder_only needs start_from, and k_means_step 0: its codebook stays")
    config = dict(VQGAN_SIZES[options.size])
    config["num_vq_embeddings"] = options.codes or config["num_vq_embeddings"]
    vqgan = VQGAN(**config)
    if options.start_from:
        vqgan = VQGAN.from_pretrained(options.start_from, subfolder="vqgan").train()
    is_trained = options.start_from is not None
    quantizer = quantizer_for(options, vqgan.codebook, is_trained, rotation=options.rotation)
    return Autoencoder(vqgan, quantizer, options.decoder_only)


def choose_perceptual(options: Options, accelerator: Accelerator) -> nn.Module | None:
    """LPIPS, or the stand-in that the options name, said in one line."""
    if not options.perceptual:
        return None
    try:
        online = not huggingface_hub.constants.HF_HUB_OFFLINE
        return load_perceptual("lpips", net=options.perceptual_net, download=online)
    except ValueError as error:
        accelerator.print(f"{error}; in its place: {options.stand_in}")
    return load_perceptual("features") if options.stand_in == "features" else None


def main(options: Options) -> None:
    started = time.monotonic()
    trackers = None if options.tracker == "none" else options.tracker
    accelerator = Accelerator(
        mixed_precision=options.precision,
        log_with=trackers,
        project_dir=options.out,
        # A straight-through codebook has no gradient in the steps before quantisation.
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
    )
    set_seed(options.seed)
    device, is_main = accelerator.device, accelerator.is_main_process
    # Without an accelerator NCHW is the faster layout to train in, by GroupNorm's backward pass.
    layout = torch.contiguous_format if device.type == "cpu" else torch.channels_last
    options.out.mkdir(parents=True, exist_ok=True)
    publisher = Publisher(options, options.out, is_main, tqdm.write)

    raw_model = build(options).to(device, memory_format=layout)
    perceptual = choose_perceptual(options, accelerator)
    measure = load_perceptual("auto").to(device)
    if perceptual is not None:
        perceptual.to(device)
    elif options.perceptual and options.stand_in == "gradients":
        options.gradients = options.gradients or options.perceptual

    trained = [p for p in raw_model.parameters() if p.requires_grad]
    adam = {"betas": (0.9, 0.95), "weight_decay": options.weight_decay}
    optimizer = torch.optim.AdamW(trained, lr=options.lr, **adam)
    progress = Progress(options.steps, options.max_minutes)
    schedule = cosine_schedule(optimizer, options.warmup, progress)
    ema = EMAModel(raw_model.vqgan.parameters(), decay=options.ema, foreach=True)
    ema.to(device)
    model, optimizer = accelerator.prepare(raw_model, optimizer)
    accelerator.register_for_checkpointing(progress, schedule, ema)
    adversary = Adversary(
        accelerator,
        width=options.discriminator_width,
        lr=options.discriminator_lr,
        clip=options.clip,
        adaptive=options.adaptive,
        matching=options.feature_matching,
        lecam=options.lecam,
    )
    checkpoint = options.out / "checkpoint"
    if options.resume:
        if not checkpoint.exists():
            raise SystemExit(f"nothing to resume: {checkpoint} does not exist")
        accelerator.load_state(checkpoint)
    if trackers:
        flat = {k: v for k, v in asdict(options).items() if isinstance(v, int | float | str)}
        accelerator.init_trackers("vqgan", config=flat)

    crops, how = training_crops(options, device)
    share = options.batch_size * accelerator.num_processes
    numbers = Numbers(progress.step * share, options.steps * share)
    loader = DataLoader(crops, options.batch_size, sampler=numbers, drop_last=True, **how)
    loader = accelerator.prepare(loader)
    held_out = find_pictures(options.val, options.column, split="test")
    held_out = [held_out[i] for i in range(min(len(held_out), options.val_pictures))]
    val_loader = DataLoader(CenterCrops(held_out, options.val_size), batch_size=4)

    history = (options.out / "history.jsonl").open("a" if options.resume else "w")
    bar = tqdm(total=options.steps, initial=progress.step, disable=not is_main)
    recent: deque[Tensor] = deque()  # latents for k-means: the last 32 a code, over all processes
    enough = 32 * raw_model.quantizer.size / accelerator.num_processes
    figures: dict[str, float] = {}
    model.train()
    for batch in loader:
        images, weights = batch if isinstance(batch, (list, tuple)) else (batch, None)
        step = progress.step
        quantise = step >= options.k_means_step
        criticised = options.gan > 0 and step >= options.gan_start
        adversarial = criticised and step >= options.gan_start + options.critic_first
        if options.k_means_step and step == options.k_means_step:
            raw_model.quantizer.start_from(torch.cat(list(recent)))
            recent.clear()

        with accelerator.autocast():
            output, means, latents, found = model(images, quantise)
            pixel = losses.pixel_loss(output, images, options.l1, options.l2, weights)
            parts = {"pixel": pixel}
            if options.gradients:
                gradients = losses.gradient_loss(output, images, weights=weights)
                parts["gradients"] = options.gradients * gradients
            if options.colour:
                colour = losses.colour_loss(output, images, green=options.green)
                parts["colour"] = options.colour * colour
            if options.probe:
                cells = F.adaptive_avg_pool2d(images, means.shape[-2:])
                probe = losses.colour_loss(means, cells, pool=1, green=options.green)
                parts["probe"] = options.probe * (probe + F.l1_loss(means, cells))
            if perceptual is not None:
                parts["perceptual"] = options.perceptual * perceptual(output, images).mean()
            reconstruction = torch.stack(list(parts.values())).sum()
            loss = reconstruction + (found.loss if quantise else 0 * found.loss)
            if adversarial:
                layer = last_layer(raw_model.vqgan)
                weighed, heard = adversary.judge(output, images, reconstruction, layer)
                parts |= heard
                loss = loss + options.gan * weighed + heard.get("matching", 0)
        accelerator.backward(loss)
        norm = accelerator.clip_grad_norm_(trained, options.clip)
        parts |= {"loss": loss, "codebook": found.loss, "gradient_norm": torch.as_tensor(norm)}
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
        ema.step(raw_model.vqgan.parameters())

        if criticised:
            share_of_lr = schedule.get_last_lr()[0] / options.lr
            scalars["critic"] = adversary.learn(images, output, share_of_lr)

        if not quantise:
            recent.append(latents.detach().permute(0, 2, 3, 1).flatten(0, 2))  # (B*h*w, D)
            if (len(recent) - 1) * len(recent[0]) >= enough:
                recent.popleft()
        bar.update()
        bar.set_postfix({k: f"{scalars[k]:.3f}" for k in ("loss", "pixel", "perplexity")})
        if is_main:
            history.write(json.dumps({"step": step, **scalars}) + "\n")
        if step % 50 == 0:
            accelerator.log({f"train/{k}": v for k, v in scalars.items()}, step=step)

        last = progress.is_over or progress.step == options.stop_after
        if progress.step % options.evaluate_every == 0 or last:
            history.flush()
            if is_main:
                with averaged(raw_model, ema) as vqgan:
                    figures, grid = measure_reconstructions(vqgan, val_loader, measure)
                    record = figures | {"perceptual_name": measure.name}
                    save_set(vqgan, options, record, grid, progress.step, started)
                shown = ", ".join(f"{k} {v:.4f}" for k, v in figures.items())
                tqdm.write(f"step {progress.step}: {shown} (perceptual: {measure.name})")
                save_image(grid, options.out / f"step-{progress.step:06}.png", nrow=8)
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
