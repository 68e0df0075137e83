"""Seconds of a step of CLIP guidance, beside the loop of nerdyrodent/VQGAN-CLIP, and how soon a
picture fits its text with the models that ship.

The peer is a plain implementation of what that tool does by default: the whole picture pooled for
every cutout, affine and perspective warps, jitter, erasing and noise; AdamW at 0.1; float32. Its
augmentation library is left out: the warps here are no slower. Weights of taming's size and of
ViT-B-32 are random, by seed: speed does not depend on them.
"""

from __future__ import annotations

import copy
import math
import resource
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import open_clip
import torch
import torch.nn.functional as F
from common import HEADER, print_row
from diffusers import VQModel
from torch import Tensor, nn

from vqgan_space.generation.guidance import GuideSettings, Moment, guide, parse_prompts
from vqgan_space.generation.guidance.losses import clamp_inside, spherical_distance
from vqgan_space.generation.guidance.naturalness import Naturalness
from vqgan_space.generation.guidance.start import (
    best,
    draft_embedding,
    draft_steps,
    from_noise,
)
from vqgan_space.generation.seeds import variant_seeds
from vqgan_space.hub import load_clip, load_synthesizer
from vqgan_space.images import to_tensor
from vqgan_space.models.clip import CLIP
from vqgan_space.models.codes_model import CodesModel
from vqgan_space.models.masked_prior import MaskedPrior
from vqgan_space.models.sizes import VQGAN_SIZES
from vqgan_space.models.vqgan import VQGAN
from vqgan_space.ui.guide_models import Guides
from vqgan_space.ui.guide_request import DRAFT, NOISE, GuideRequest, Numbers
from vqgan_space.ui.guide_run import run_request
from vqgan_space.ui.models import Models

ROUNDS = 3
SIZE = (16, 16)
NAME = "vqgan-f16 and clip-scenes, 256 x 256"
PROMPTS = ("a snow-covered spruce", "a sailing boat on the sea at sunset", "a church in a meadow")
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class PlainCutouts:
    """The peer's cutouts (n, 3, size, size) of one picture in [0, 1]."""

    def __init__(self, size: int, count: int) -> None:
        self.size, self.count = size, count

    def __call__(self, picture: Tensor) -> Tensor:
        pooled = [
            (F.adaptive_avg_pool2d(picture, self.size) + F.adaptive_max_pool2d(picture, self.size))
            / 2
            for _ in range(self.count)
        ]
        batch = torch.cat(pooled)
        batch = self._warp(batch, self._affine())
        batch = self._warp(batch, self._perspective())
        batch = self._jitter(batch)
        left, top = (int(torch.randint(self.size // 2, ())) for _ in range(2))
        if torch.rand(()) < 0.7:
            side = int(self.size * 0.5)
            batch = batch.clone()
            batch[..., top : top + side, left : left + side] = 0
        noise = torch.rand(self.count, 1, 1, 1) * 0.1
        return batch + noise * torch.randn_like(batch)

    def _affine(self) -> Tensor:
        used = (torch.rand(self.count) < 0.7).float()
        angle = used * torch.deg2rad((2 * torch.rand(self.count) - 1) * 15)
        matrix = torch.eye(3).repeat(self.count, 1, 1)
        matrix[:, 0, 0] = matrix[:, 1, 1] = angle.cos()
        matrix[:, 0, 1], matrix[:, 1, 0] = -angle.sin(), angle.sin()
        matrix[:, :2, 2] = used[:, None] * 0.2 * (2 * torch.rand(self.count, 2) - 1)
        return matrix

    def _perspective(self) -> Tensor:
        matrix = torch.eye(3).repeat(self.count, 1, 1)
        used = (torch.rand(self.count) < 0.7).float()[:, None]
        matrix[:, 2, :2] = used * 0.35 * (2 * torch.rand(self.count, 2) - 1)
        return matrix

    def _warp(self, batch: Tensor, matrices: Tensor) -> Tensor:
        line = torch.linspace(-1, 1, self.size)
        y, x = torch.meshgrid(line, line, indexing="ij")
        points = torch.stack([x, y, torch.ones_like(x)], dim=-1)
        mapped = torch.einsum("nij,hwj->nhwi", matrices, points)
        grid = mapped[..., :2] / mapped[..., 2:]
        return F.grid_sample(batch, grid, padding_mode="border", align_corners=True)

    def _jitter(self, batch: Tensor) -> Tensor:
        factor = 1 + 0.1 * (2 * torch.rand(self.count, 1, 1, 1) - 1)
        grey = batch.mean(dim=1, keepdim=True)
        return grey + factor * (batch - grey)


def plain_loop(
    vqgan: VQModel, clip: CLIP, mean: Tensor, std: Tensor, text: str, start: Tensor, cutouts: int
) -> Iterator[Tensor]:
    """The peer's loop; yields the picture of each step, (1, 3, H, W) in [0, 1]."""
    codebook = vqgan.quantize.embedding.weight
    low, high = (
        values[None, :, None, None] for values in (codebook.amin(dim=0), codebook.amax(dim=0))
    )
    z = start.clone().requires_grad_(True)
    optimiser = torch.optim.AdamW([z], lr=0.1)
    cut = PlainCutouts(clip.size, cutouts)
    with torch.no_grad():
        target = clip.embed_texts([text])[0]
    while True:
        with torch.enable_grad():
            flat = z.movedim(1, 3)  # (1, h, w, D)
            distances = flat.square().sum(-1, keepdim=True) + codebook.square().sum(dim=1)
            codes = (distances - 2 * flat @ codebook.T).argmin(-1)
            quantised = F.one_hot(codes, len(codebook)).to(flat.dtype) @ codebook
            quantised = (flat + (quantised - flat).detach()).movedim(3, 1)
            decoded = vqgan.decode(quantised, force_not_quantize=True).sample
            picture = clamp_inside((decoded + 1) / 2, 0, 1)
            embeddings = clip.model.encode_image((cut(picture) - mean) / std, normalize=True)
            spherical_distance(embeddings, target).mean().backward()
        optimiser.step()
        optimiser.zero_grad()
        with torch.no_grad():
            z.copy_(z.clamp(low, high))
        yield picture.detach()


def plain_model(ours: CodesModel, sizes: Any) -> VQModel:
    """A plain float32 VQModel with the same weights."""
    plain = VQModel(**sizes).eval().requires_grad_(False)
    plain.load_state_dict({name: value.float() for name, value in ours.state_dict().items()})  # type: ignore[attr-defined]
    return plain


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
    theirs = plain_loop(plain, peer, peer.mean, peer.std, PROMPTS[0], start, 32)
    settings = GuideSettings(steps=2000, cutouts=32)
    moments = guide(ours, [clip], [parse_prompts(PROMPTS[0])], start, [0], settings, 0)
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
    asked = GuideRequest(PROMPTS[0], start=DRAFT, clips=["clip-scenes"], model="vqgan-f16")
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


def time_recipe() -> None:
    """In which share of its time the similarity is reached that the peer has after 200 steps.

    As the app has it, from a draft and held by naturalness; and pulled by CLIP alone, from random
    codes, as the peer is.
    """
    clip, synthesizer = load_clip("clip-scenes"), load_synthesizer("draft-f16")
    vqgan, prior = synthesizer.vqgan, synthesizer.prior
    assert isinstance(prior, MaskedPrior)
    plain = plain_model(vqgan, vqgan.config)
    alone = replace(GuideRequest("", start=NOISE).settings(), natural=0.0)
    shares: dict[str, list[float]] = {"from a draft, natural": [], "from noise, CLIP alone": []}
    for text in PROMPTS:
        prompts = parse_prompts(text)
        with torch.no_grad():
            target = clip.embed_texts([text])[0]
        noise = from_noise(vqgan, SIZE, [0])
        began = time.perf_counter()
        theirs = plain_loop(plain, clip, clip.mean, clip.std, text, noise, 32)
        for _ in range(200):
            picture = next(theirs)
        seconds = time.perf_counter() - began
        with torch.no_grad():
            reached = float(clip.embed_pictures(picture * 2 - 1)[0] @ target)
        began = time.perf_counter()
        embedding = draft_embedding(synthesizer, clip, prompts)
        *_, drafts = draft_steps(synthesizer, embedding, SIZE, variant_seeds(0, 4))
        draft = best(vqgan, [clip], prompts, vqgan.lookup(drafts.codes).clone(), 4)
        drafting = time.perf_counter() - began
        natural = Naturalness(prior, vqgan.codebook, embedding)
        for name, spent, moments in (
            (
                "from a draft, natural",
                drafting,
                guide(vqgan, [clip], [prompts], draft, [0], naturalness=natural),
            ),
            (
                "from noise, CLIP alone",
                0.0,
                guide(vqgan, [clip], [prompts], noise, [0], alone),
            ),
        ):
            spent += seconds_until(moments, clip, target, reached)
            shares[name].append(spent / seconds)
    for name, found in shares.items():
        median = statistics.median(found)
        measured = "not in 60 steps" if median == math.inf else f"{median:.2f} of its time"
        row = f"{NAME}: {name}: as similar as VQGAN-CLIP's recipe after 200 steps"
        print_row(row, f"{measured}, median of {len(PROMPTS)} prompts", "< 0.33")


def seconds_until(
    moments: Iterator[Moment], clip: CLIP, target: Tensor, similarity: float
) -> float:
    """Time that the moments take until their whole picture is so similar; inf: it never is."""
    seconds = 0.0
    while True:
        began = time.perf_counter()
        moment = next(moments, None)
        seconds += time.perf_counter() - began
        if moment is None:
            return math.inf
        with torch.no_grad():
            if float(clip.embed_pictures(to_tensor(moment.pictures[0]))[0] @ target) >= similarity:
                return seconds


def main() -> None:
    time_app()
    time_recipe()
    time_steps()


if __name__ == "__main__":
    if "--row" not in sys.argv:
        print(HEADER)
    main()
