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
"""Train a small CLIP (Radford et al., arXiv 2103.00020) on captioned pictures.

    python train/clip.py --scenes 12000 --out runs/clip-scenes
    python train/clip.py --data folder/with/captions.jsonl --val other/folder --out runs/clip
    accelerate launch --multi_gpu --num_processes 2 train/clip.py ...

open_clip's model and loss, with a vocabulary of whole words: all that the captions have. Pictures
are drawn or read once and kept in memory. Every ``--evaluate-every`` steps it is measured how often
held-out captions find their pictures, and ``OUT/checkpoint`` is written, from which ``--resume``
goes on to the same loss curve. The trained model, EMA weights in half precision, is in OUT, in
open_clip's layout, for ``vqgan_space.hub.load_clip(OUT)`` and ``open_clip.create_model`` alike.
"""

from __future__ import annotations

import copy
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
from open_clip import CLIP as OpenCLIP
from open_clip import ClipLoss
from safetensors.torch import load_file
from torch.utils.data import DataLoader
from torchvision.utils import save_image
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.data.caption_batches import CaptionedCrops
from vqgan_space.data.captions import Captioned, load_captioned
from vqgan_space.data.datasets import Numbers
from vqgan_space.hub.card import CardFacts, write_card
from vqgan_space.models.clip import CLIP, WEIGHTS_FILE, save_clip
from vqgan_space.models.sizes import CLIP_SIZES
from vqgan_space.models.word_tokenizer import WordTokenizer
from vqgan_space.training.progress import Progress, cosine_schedule
from vqgan_space.training.publishing import Publisher, PublishOptions, run_facts
from vqgan_space.training.retrieval import best_pictures, measure_retrieval

HIGHEST_SCALE = math.log(100)  # of the logits, as in the paper, sec. 2.5
MEAN, STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)


@dataclass
class Options(PublishOptions):
    """Everything that a run depends on; saved beside its weights."""

    data: str = "scenes"
    """Folder with captions.jsonl or metadata.jsonl, COCO's captions file, or "scenes"."""
    val: str = "scenes"
    """The same, held out, for measuring."""
    out: Path = Path("runs/clip")
    size: str = "resnet"
    """One of the named sizes in vqgan_space/models/sizes.py."""
    scenes: int = 12_000
    """How many scenes are drawn; of other data, how many are read at most."""
    start_from: Path | None = None
    """Folder of a trained set to start from, of the same size; its words stay."""
    lock_text: bool = False
    """Train the picture's tower of ``start_from`` alone (Zhai et al., arXiv 2111.07991): the
    vectors of texts, and what was trained on them, stay what they are."""
    margin: float = 1.125
    """How much larger than the model's pictures those kept in memory are, to be cropped from."""

    steps: int = 2000
    batch_size: int = 128
    """Pictures a process and step."""
    lr: float = 1e-3
    warmup: int = 200
    weight_decay: float = 0.2
    clip: float = 1.0
    ema: float = 0.995
    precision: Literal["no", "bf16"] = "bf16"
    seed: int = 0
    workers: int = 1
    """Processes that draw or read the data, and cut crops out of them; 0: the training's own."""

    evaluate_every: int = 500
    val_pictures: int = 256
    tracker: Literal["tensorboard", "trackio", "none"] = "tensorboard"
    max_minutes: float | None = None
    """Minutes of training after which it ends, if its steps take longer; the learning rate falls to
    zero by then."""
    stop_after: int | None = None
    """Steps after which to stop with a checkpoint, for runs cut in pieces; the schedule stays."""
    resume: bool = False


def configuration(options: Options, tokenizer: WordTokenizer) -> dict[str, Any]:
    """open_clip's configuration of the model and of what it reads."""
    model = copy.deepcopy(CLIP_SIZES[options.size])
    model["text_cfg"] |= {
        "vocab_size": len(tokenizer),
        # From a folder open_clip takes the folder's tokenizer, whatever the name.
        "hf_tokenizer_name": options.push_to_hub or options.out.name,
        "tokenizer_kwargs": {"clean": "lower"},
    }
    reads = {"mean": MEAN, "std": STD, "interpolation": "bilinear", "resize_mode": "squash"}
    return {"model_cfg": model, "preprocess_cfg": reads}


def build(config: dict[str, Any]) -> OpenCLIP:
    """A fresh model."""
    sizes = copy.deepcopy(config["model_cfg"])  # open_clip takes some of it out
    return OpenCLIP(sizes["embed_dim"], sizes["vision_cfg"], sizes["text_cfg"], output_dict=True)


def parameter_groups(model: OpenCLIP, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices decay; gains, biases and the logits' scale don't (the paper's sec. 2.5)."""
    trained = [p for p in model.parameters() if p.requires_grad]
    matrices = [p for p in trained if p.ndim > 1]
    others = [p for p in trained if p.ndim < 2]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def save_set(
    model: OpenCLIP,
    tokenizer: WordTokenizer,
    config: dict[str, Any],
    options: Options,
    figures: dict[str, float],
    held_out: Captioned,
    trained: str,
    started: float,
) -> None:
    """What is published, under OUT: weights in half precision, figures, samples and a card."""
    save_clip(model, tokenizer, config, options.out)
    record = {"options": asdict(options), "figures": figures}
    (options.out / "training.json").write_text(json.dumps(record, indent=1, default=str))
    shown, texts = best_pictures(CLIP.from_folder(options.out), held_out, queries=6, best=6)
    samples = options.out / "samples" / "retrieval.jpg"
    samples.parent.mkdir(exist_ok=True)
    save_image(shown, samples, nrow=6)
    parameters = sum(p.numel() for p in model.parameters())
    side = config["model_cfg"]["vision_cfg"]["image_size"]
    facts = CardFacts(
        name=options.out.name,
        description=f"A small CLIP ([Radford et al.](https://arxiv.org/abs/2103.00020)) of "
        f"{parameters / 1e6:.1f} M parameters in open_clip's layout: texts in "
        f"{len(tokenizer.vocabulary)} words and pictures of {side} pixels "
        f"to vectors of {config['model_cfg']['embed_dim']} numbers.",
        example="import torch\n\nfrom vqgan_space.hub import load_clip\n"
        "from vqgan_space.images import open_picture, to_tensor\n\n"
        f'clip = load_clip("{options.push_to_hub or options.out.name}")\n'
        'texts = clip.embed_texts(["a snow-covered spruce", "a boat on a lake"])  # (2, D)\n'
        'picture = clip.embed_pictures(to_tensor(open_picture("photo.jpg")))  # (1, D)\n'
        "print(picture @ texts.T)",
        trained_on=f"Captioned pictures: {options.data}, {options.scenes} at most.",
        trained_how=trained,
        command=shlex.join(["python", *sys.argv]),
        figures={name: f"{value:.1%}" for name, value in figures.items()},
        measured_on=f"{len(held_out)} held-out pictures ({options.val}) with their captions",
        samples="samples/retrieval.jpg",
        samples_show="For each of " + "; ".join(repr(text) for text in texts) + ": the six "
        "held-out pictures that fit best",
        pipeline="zero-shot-image-classification",
        library="open_clip",
        tags=("clip", "vqgan-space"),
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
    options.out.mkdir(parents=True, exist_ok=True)
    publisher = Publisher(options, options.out, is_main, tqdm.write)

    if options.size not in CLIP_SIZES:
        raise SystemExit(f"size {options.size!r} is not one of {', '.join(CLIP_SIZES)}")
    if options.lock_text and not options.start_from:
        raise SystemExit("--lock-text needs --start-from: a fresh text tower has nothing to keep")
    side = CLIP_SIZES[options.size]["vision_cfg"]["image_size"]
    reading: dict[str, Any] = {"workers": options.workers}
    data = load_captioned(
        options.data,
        round(side * options.margin),
        count=options.scenes,
        seed=options.seed,
        **reading,
    )
    held_out = load_captioned(
        options.val, side, count=options.val_pictures, held_out=True, **reading
    )
    accelerator.print(f"{len(data)} pictures after {time.monotonic() - started:.0f} s")
    texts = (text for said in data.captions for text in said)
    context_length = CLIP_SIZES[options.size]["text_cfg"]["context_length"]
    if options.start_from:
        tokenizer = WordTokenizer.from_folder(options.start_from, context_length)
    else:
        tokenizer = WordTokenizer.from_texts(texts, context_length)
    config = configuration(options, tokenizer)

    raw_model = build(config).to(device, memory_format=torch.channels_last)
    average = build(config).to(device, memory_format=torch.channels_last).eval()
    if options.start_from:
        raw_model.load_state_dict(load_file(options.start_from / WEIGHTS_FILE))
    if options.lock_text:
        raw_model.requires_grad_(False)
        raw_model.visual.requires_grad_(True)
        raw_model.logit_scale.requires_grad_(True)
    groups = parameter_groups(raw_model, options.weight_decay)
    optimizer = torch.optim.AdamW(groups, lr=options.lr, betas=(0.9, 0.98), eps=1e-6)
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
        accelerator.init_trackers("clip", config=flat)

    # Every process compares its pictures with the texts of all.
    processes = accelerator.num_processes
    contrast = ClipLoss(gather_with_grad=True, rank=accelerator.process_index, world_size=processes)
    share = options.batch_size * processes
    numbers = Numbers(progress.step * share, options.steps * share)
    crops = CaptionedCrops(data, side, seed=options.seed)
    loader = DataLoader(
        crops, options.batch_size, sampler=numbers, num_workers=options.workers, drop_last=True
    )
    loader = accelerator.prepare(loader)

    history = (options.out / "history.jsonl").open("a" if options.resume else "w")
    bar = tqdm(total=options.steps, initial=progress.step, disable=not is_main)
    model.train()
    for batch in loader:
        step = progress.step
        pictures = (batch["picture"] + 1) / 2
        pictures = (pictures - torch.tensor(MEAN[0], device=device)) / STD[0]
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        with accelerator.autocast():
            found = model(pictures, tokenizer(batch["text"]).to(device))
        loss = contrast(
            found["image_features"].float(), found["text_features"].float(), found["logit_scale"]
        )
        accelerator.backward(loss)
        norm = accelerator.clip_grad_norm_(model.parameters(), options.clip)
        parts = {"loss": loss, "gradient_norm": torch.as_tensor(norm)}
        parts |= {"logit_scale": found["logit_scale"]}
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
        with torch.no_grad():
            raw_model.logit_scale.clamp_(0, HIGHEST_SCALE)
        ema.step(raw_model.parameters())

        bar.update()
        bar.set_postfix({k: f"{scalars[k]:.3f}" for k in ("loss", "logit_scale")})
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
                judged = CLIP(copy.deepcopy(average), tokenizer, MEAN, STD).to(device)
                figures = measure_retrieval(judged, held_out.pictures, held_out.captions)
                trained = (
                    f"{progress.step} steps of {share} pictures with one text each, "
                    f"{progress.seconds / 60:.0f} minutes."
                )
                save_set(average, tokenizer, config, options, figures, held_out, trained, started)
                shown = ", ".join(f"{k} {v:.3f}" for k, v in figures.items())
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
