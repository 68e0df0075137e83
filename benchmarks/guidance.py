"""Seconds of CLIP guidance in the app, and of a step of it beside the loop of
nerdyrodent/VQGAN-CLIP.

Weights of taming's size and of ViT-B-32 are random, by seed: speed does not depend on them.
"""

from __future__ import annotations

import copy
import resource
import statistics
import sys
import time
from dataclasses import replace

import open_clip
import torch
from common import HEADER, print_row
from diffusers import VQModel
from torch import nn
from vqgan_clip import plain_loop

from vqgan_space.generation.guidance import GuideSettings, guide, parse_prompts
from vqgan_space.generation.guidance.start import from_noise
from vqgan_space.models.clip import CLIP
from vqgan_space.models.sizes import VQGAN_SIZES
from vqgan_space.models.vqgan import VQGAN
from vqgan_space.ui.guide_models import Guides
from vqgan_space.ui.guide_request import DRAFT, GuideRequest, Numbers
from vqgan_space.ui.guide_run import run_request
from vqgan_space.ui.models import Models

ROUNDS = 3
SIZE = (16, 16)
NAME = "vqgan-f16 and clip-scenes, 256 x 256"
PROMPT = "a snow-covered spruce"
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def time_steps() -> None:
    """A step at taming's size and with ViT-B-32, both loops in turn."""
    torch.manual_seed(0)
    plain = VQModel(**VQGAN_SIZES["taming-f16"]).eval().requires_grad_(False)
    ours = VQGAN(**VQGAN_SIZES["taming-f16"])
    ours.load_state_dict(plain.state_dict())
    ours.prepare_inference()
    model = open_clip.create_model("ViT-B-32", pretrained=None)
    clip = CLIP(model, open_clip.get_tokenizer("ViT-B-32"), MEAN, STD)
    peer = CLIP(copy.deepcopy(model), clip.tokenizer, MEAN, STD)
    for layer in peer.modules():
        if isinstance(layer, nn.MultiheadAttention):
            layer.__class__ = nn.MultiheadAttention  # PyTorch's own, as the peer has it
    start = from_noise(ours, SIZE, [0])
    theirs = plain_loop(plain, peer, peer.mean, peer.std, PROMPT, start, 32)
    settings = GuideSettings(steps=2000, cutouts=32)
    moments = guide(ours, [clip], [parse_prompts(PROMPT)], start, [0], settings, 0)
    next(moments)
    next(theirs), next(moments)  # to warm up
    seconds: dict[str, list[float]] = {"theirs": [], "ours": []}
    for _ in range(ROUNDS):
        for name, loop in (("theirs", theirs), ("ours", moments)):
            began = time.perf_counter()
            next(loop)
            seconds[name].append(time.perf_counter() - began)
    before, after = (statistics.median(seconds[name]) for name in ("theirs", "ours"))
    name = "guidance, taming's VQGAN, ViT-B-32, 256 x 256, 32 cutouts"
    print_row(f"{name}: a step of VQGAN-CLIP's loop", f"{before:.1f} s", "")
    times = f"{after:.1f} s, {before / after:.1f} times faster"
    print_row(f"{name}: ours", times, "> 1.6 times")


def time_app() -> None:
    """What a visitor waits for once models are loaded: the first preview, the end and its film."""
    models, guides = Models(), Guides()
    asked = GuideRequest(PROMPT, start=DRAFT, clips=["clip-scenes"], model="vqgan-f16")
    for _ in run_request(models, guides, replace(asked, numbers=Numbers(steps=1))):
        pass  # to load and to warm up
    preview = None
    began = time.perf_counter()
    for shown in run_request(models, guides, asked):
        if preview is None and shown.gallery:
            preview = time.perf_counter() - began
    seconds = time.perf_counter() - began
    print_row(f"{NAME}: first preview, a draft", f"{preview or 0:.2f} s", "< 2 s")
    steps = f"{NAME}: best of four drafts, 60 steps with 16 cutouts, film"
    print_row(steps, f"{seconds:.1f} s", "< 30 s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print_row(f"{NAME}: peak memory of the process", f"{peak:.2f} GB", "< 2 GB")


def main() -> None:
    time_app()
    time_steps()


if __name__ == "__main__":
    if "--row" not in sys.argv:
        print(HEADER)
    main()
