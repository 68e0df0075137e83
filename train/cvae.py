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
"""Train a conditional VAE: Fashion-MNIST by class, or captioned pictures by their text.

    python train/cvae.py --data fashion_mnist --val fashion_mnist --out runs/clothes
    python train/cvae.py --data fashion_mnist --val fashion_mnist --condition add --out runs/clothes
    python train/cvae.py --data scenes --val scenes --size 128 --clip clip-scenes --out runs/scenes
    accelerate launch --multi_gpu --num_processes 2 train/cvae.py ...

With 28 pixels ``--data`` is a folder of IDX files, a parquet file or a data set of the Hub; with
64, 128 or 256 a folder with ``captions.jsonl``, COCO's ``captions_*.json``, or "scenes", whose
captions a CLIP embeds once. The loss is the reconstruction's, summed over a picture, plus beta
times the KL divergence. A set holds several variants: each run leaves its own, EMA weights in half
precision, in ``OUT/concat``, ``OUT/add`` or ``OUT/vae`` (in colour ``OUT/concat-128`` and so on).
Every ``--evaluate-every`` steps held-out pictures are measured and ``OUT/checkpoint-VARIANT`` is
written, from which ``--resume`` goes on to the same loss curve.
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
import tyro
from accelerate import Accelerator
from accelerate.utils import set_seed
from diffusers.training_utils import EMAModel
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision.utils import save_image
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.data.captions import load_captioned
from vqgan_space.data.conditioned import ConditionedPictures
from vqgan_space.data.datasets import Numbers
from vqgan_space.data.idx import load_labelled
from vqgan_space.hub.card import CardFacts, write_card
from vqgan_space.hub.cvaes import SPRITE
from vqgan_space.models.cvae import CVAE, GREY
from vqgan_space.models.origin import forget_origin
from vqgan_space.training.progress import Progress, cosine_schedule
from vqgan_space.training.publishing import Publisher, PublishOptions, run_facts
from vqgan_space.training.text_embeddings import TextEncoder, embed_captions
from vqgan_space.training.vae_evaluation import HeldOut, load_features, measure, sprite
from vqgan_space.training.vae_losses import (
    beta_at,
    free_bits,
    kl_divergence,
    reconstruction_loss,
)


@dataclass
class Options(PublishOptions):
    """Everything that a run depends on; saved beside its weights."""

    data: str
    """Pictures with classes (28 pixels) or with captions to train on; all are kept in memory."""
    val: str
    """The same, held out, for measuring."""
    out: Path = Path("runs/cvae")
    size: Literal[28, 64, 128, 256] = 28
    """Side in pixels: 28 is grey, with classes; the others are colour, with captions."""
    condition: Literal["concat", "add", "none"] = "concat"
    column: str | None = None
    """Column of the pictures in a parquet file or Hub data set."""
    count: int = 4000
    """Captioned pictures that are drawn or read, at most."""
    workers: int = 0
    """Processes that draw or read captioned pictures."""
    clip: str = "clip-scenes"
    """CLIP that embeds the captions: shipped, a folder, or one of open_clip's."""

    latent: int | None = None
    """Numbers of z; default: 128 for grey, 512 for colour."""
    channels: tuple[int, ...] | None = None
    """After each halving of the side; default: the article's."""
    condition_width: int | None = None
    text_width: int | None = None

    loss: Literal["bce", "mse"] = "bce"
    beta: float = 1.0
    schedule: Literal["constant", "linear", "cyclical"] = "constant"
    """How beta rises: at once, over the first half of the steps, or anew in four cycles."""
    free_bits: float = 0.0
    """Nats of KL that every latent has for nothing."""
    flip: bool = True
    vary: float = 1.0
    """How far pictures are moved, turned and stretched (28 pixels); 0: not at all."""

    steps: int = 8000
    batch_size: int = 64
    """Pictures a process and step."""
    lr: float = 1e-3
    warmup: int = 100
    weight_decay: float = 0.0
    clip_norm: float = 100.0
    """Of the gradient; the loss is a sum over pixels, so it is large."""
    ema: float = 0.999
    precision: Literal["no", "bf16"] = "no"
    seed: int = 0

    evaluate_every: int = 2000
    val_pictures: int = 256
    """Held-out captioned pictures to measure on."""
    draws: int = 8
    """Pictures generated for each held-out condition, at the end; one before."""
    tracker: Literal["tensorboard", "trackio", "none"] = "tensorboard"
    max_minutes: float | None = None
    """Minutes of training after which it ends, if its steps take longer; the learning rate falls to
    zero by then."""
    stop_after: int | None = None
    """Steps after which to stop with a checkpoint, for runs cut in pieces; the schedule stays."""
    resume: bool = False


def variant(options: Options) -> str:
    """The folder of the model in its set."""
    kind = "vae" if options.condition == "none" else options.condition
    return kind if options.size == GREY else f"{kind}-{options.size}"


def load_data(
    options: Options, encoder: TextEncoder | None
) -> tuple[ConditionedPictures, HeldOut, dict[str, int | str]]:
    """What is trained on, what is measured on, and what the model's configuration says of it."""
    if options.size == GREY:
        clothes = load_labelled(options.data, "train", options.column)
        unseen = load_labelled(options.val, "test", options.column)
        if clothes.pictures.shape[2:] != (GREY, GREY):
            raise SystemExit(f"--data must hold pictures of 28 x 28, not {clothes.pictures.shape}")
        data = ConditionedPictures(
            clothes.pictures, clothes.labels[:, None], options.flip, options.vary, options.seed
        )
        held_out = HeldOut(unseen.pictures.float() / 255, unseen.labels)
        return data, held_out, {"num_classes": int(clothes.labels.max()) + 1}
    if encoder is None:
        from vqgan_space.hub import load_clip

        encoder = load_clip(options.clip)
    captioned = load_captioned(
        options.data, options.size, count=options.count, seed=options.seed, workers=options.workers
    )
    unseen = load_captioned(options.val, options.size, count=options.val_pictures, held_out=True)
    vectors = embed_captions(encoder, captioned.captions)
    data = ConditionedPictures(captioned.pictures, vectors, options.flip, seed=options.seed)
    longest = torch.stack([each[-1] for each in embed_captions(encoder, unseen.captions)])
    told = {"text_dim": longest.shape[1], "text_encoder": options.clip}
    return data, HeldOut(unseen.pictures.float() / 255, longest), told


def build(options: Options, told: dict[str, int | str]) -> CVAE:
    """A fresh model."""
    condition = None if options.condition == "none" else options.condition
    return CVAE(
        size=options.size,
        condition=condition,
        latent_dim=options.latent,
        channels=options.channels,
        condition_width=options.condition_width,
        text_width=options.text_width,
        **told,
    )


def save_set(
    model: CVAE,
    options: Options,
    held_out: HeldOut,
    figures: dict[str, float],
    grid: Tensor,
    trained: str,
    started: float,
) -> None:
    """What is published, under OUT: this variant's weights in half precision, figures, a card."""
    name = variant(options)
    folder = options.out / name
    half = CVAE.from_config(model.config)
    half.load_state_dict(model.state_dict())
    forget_origin(half.half()).save_pretrained(folder)
    command = shlex.join(["python", *sys.argv])
    record = {"command": command, "trained": trained, "figures": figures}
    record["options"] = {key: value for key, value in asdict(options).items() if key != "out"}
    (folder / "training.json").write_text(json.dumps(record, indent=1, default=str) + "\n")
    # Drawn colour pictures are a megabyte as PNG.
    samples = options.out / "samples" / f"{name}.{'png' if options.size == GREY else 'jpg'}"
    samples.parent.mkdir(exist_ok=True)
    save_image(grid, samples, nrow=len(grid) // 3)
    if options.size == GREY:
        save_image(sprite(held_out), options.out / SPRITE)
    write_set_card(options, f"samples/{samples.name}", started)


def write_set_card(options: Options, samples: str, started: float) -> None:
    """A card of all variants that the set has by now."""
    records = {
        path.parent.name: json.loads(path.read_text())
        for path in sorted(options.out.glob("*/training.json"))
    }
    source = options.push_to_hub or options.out.name
    by_class = options.size == GREY
    what = "classes" if by_class else "texts"
    given = (
        "sample_classes(model, [9, 9, 4], seed=0)"
        if by_class
        else 'sample_text(model, "a boat on a lake", 4, seed=0)'
    )
    function = given.partition("(")[0]
    facts = CardFacts(
        name=options.out.name,
        description=f"Conditional VAEs of {what}: {', '.join(records)}.",
        example=f"from vqgan_space.generation.cvae import {function}\n"
        "from vqgan_space.hub import load_cvae\n\n"
        f'model = load_cvae("{source}", "{variant(options)}")\n{given}[0].save("sample.png")',
        trained_on=f"Pictures: {options.data}.",
        trained_how=" ".join(f"{name}: {each['trained']}" for name, each in records.items()),
        command="\n".join(each["command"] for each in records.values()),
        figures={
            f"{name}: {figure}": f"{value:.4g}"
            for name, each in records.items()
            for figure, value in each["figures"].items()
        },
        measured_on=f"held-out pictures: {options.val}",
        samples=samples,
        samples_show="Held-out pictures, their reconstructions, and pictures made of their "
        "conditions alone",
        tags=("cvae", "vae", "vqgan-space"),
        **run_facts(options, started),
    )
    write_card(options.out, facts)


def main(options: Options, encoder: TextEncoder | None = None) -> None:
    """Train; ``encoder`` stands in for ``options.clip``."""
    started = time.monotonic()
    trackers = None if options.tracker == "none" else options.tracker
    accelerator = Accelerator(
        mixed_precision=options.precision, log_with=trackers, project_dir=options.out
    )
    set_seed(options.seed)
    device, is_main = accelerator.device, accelerator.is_main_process
    options.out.mkdir(parents=True, exist_ok=True)
    publisher = Publisher(options, options.out, is_main, tqdm.write)
    data, held_out, told = load_data(options, encoder)
    held_out = HeldOut(held_out.pictures.to(device), held_out.conditions.to(device))

    raw_model = build(options, told).to(device, memory_format=torch.channels_last)
    average = CVAE.from_config(raw_model.config).to(device).eval()
    features = load_features(options.size)
    optimizer = torch.optim.AdamW(
        raw_model.parameters(), lr=options.lr, weight_decay=options.weight_decay
    )
    progress = Progress(options.steps, options.max_minutes)
    schedule = cosine_schedule(optimizer, options.warmup, progress)
    ema = EMAModel(raw_model.parameters(), decay=options.ema, use_ema_warmup=True)
    ema.to(device)
    model, optimizer = accelerator.prepare(raw_model, optimizer)
    accelerator.register_for_checkpointing(progress, schedule, ema)
    name = variant(options)
    checkpoint = options.out / f"checkpoint-{name}"
    if options.resume:
        if not checkpoint.exists():
            raise SystemExit(f"nothing to resume: {checkpoint} does not exist")
        accelerator.load_state(checkpoint)
    if trackers:
        flat = {k: v for k, v in asdict(options).items() if isinstance(v, int | float | str)}
        accelerator.init_trackers("cvae", config=flat)

    share = options.batch_size * accelerator.num_processes
    numbers = Numbers(progress.step * share, options.steps * share)
    loader = DataLoader(data, options.batch_size, sampler=numbers, drop_last=True)
    loader = accelerator.prepare(loader)
    history = (options.out / f"history-{name}.jsonl").open("a" if options.resume else "w")
    bar = tqdm(total=options.steps, initial=progress.step, disable=not is_main)
    model.train()
    for pictures, condition in loader:
        step = progress.step
        # Noise by step, so that a resumed run draws what the whole one did.
        noise = torch.Generator(device).manual_seed(
            (options.seed << 32) + step * accelerator.num_processes + accelerator.process_index
        )
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        with accelerator.autocast():
            found = model(pictures, condition, noise)
        error = reconstruction_loss(found.logits, pictures, options.loss).mean()
        divergence = kl_divergence(found.mean, found.logvar)
        beta = beta_at(step, options.steps, options.beta, options.schedule)
        loss = error + beta * free_bits(divergence, options.free_bits)
        accelerator.backward(loss)
        norm = accelerator.clip_grad_norm_(raw_model.parameters(), options.clip_norm)
        parts = {"loss": loss, "reconstruction": error, "kl": divergence.sum(1)}
        parts |= {"gradient_norm": torch.as_tensor(norm), "beta": torch.tensor(beta)}
        values = torch.stack([part.detach().float().mean().to(device) for part in parts.values()])
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
        bar.set_postfix({k: f"{scalars[k]:.2f}" for k in ("loss", "reconstruction", "kl")})
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
                draws = options.draws if last else 1
                figures, grid = measure(average, held_out, features, draws=draws)
                minutes = (time.monotonic() - started) / 60
                trained = (
                    f"{progress.step} steps of {share} pictures out of {len(data.pictures)}, "
                    f"{minutes:.0f} minutes."
                )
                save_set(average, options, held_out, figures, grid, trained, started)
                shown = ", ".join(f"{k} {v:.4g}" for k, v in figures.items())
                tqdm.write(f"step {progress.step}: {shown}")
                accelerator.log({f"val/{k}": v for k, v in figures.items()}, step=progress.step)
            fresh = checkpoint.with_name(f"{checkpoint.name}.new")
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
