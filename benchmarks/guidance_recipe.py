"""In which share of its time a picture fits its text as well as VQGAN-CLIP's recipe makes it at its
best in 200 steps, with the models that ship.

    python benchmarks/guidance_recipe.py --judge runs/clip-judge

Ours as the app has it, from a draft and held by naturalness; and pulled by CLIP alone, from random
codes, as the peer is. What fits is said by the guiding CLIP; and, where one is named, by a second
one that guides neither, which no recipe can please without painting what the text says.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace

import torch
from common import HEADER, print_row
from torch import Tensor
from vqgan_clip import plain_loop, plain_model

from vqgan_space.generation.guidance import Moment, guide, parse_prompts
from vqgan_space.generation.guidance.naturalness import Naturalness
from vqgan_space.generation.guidance.start import best, draft_embedding, draft_steps, from_noise
from vqgan_space.generation.seeds import variant_seeds
from vqgan_space.generation.synthesizer import Synthesizer
from vqgan_space.hub import load_clip, load_synthesizer
from vqgan_space.images import to_tensor
from vqgan_space.models.clip import CLIP
from vqgan_space.models.masked_prior import MaskedPrior
from vqgan_space.ui.guide_request import NOISE, GuideRequest

PROMPTS = ("a snow-covered spruce", "a sailing boat on the sea at sunset", "a church in a meadow")
SIZE = (16, 16)
STEPS, CUTOUTS, LOOK_EVERY = 200, 32, 10
NATURAL, ALONE = "from a draft, natural", "from noise, CLIP alone"
Judges = dict[str, CLIP]


def similarities(judges: Judges, text: str, picture: Tensor) -> dict[str, float]:
    """What each CLIP says of a picture (1, 3, H, W) in [-1, 1]."""
    with torch.no_grad():
        return {
            name: float(clip.embed_pictures(picture)[0] @ clip.embed_texts([text])[0])
            for name, clip in judges.items()
        }


def their_best(
    judges: Judges, text: str, pictures: Iterator[Tensor]
) -> tuple[dict[str, float], float]:
    """The highest similarities on the peer's way, and the seconds that it took."""
    reached = dict.fromkeys(judges, -1.0)
    seconds = 0.0
    for step in range(1, STEPS + 1):
        began = time.perf_counter()
        picture = next(pictures)
        seconds += time.perf_counter() - began
        if step % LOOK_EVERY == 0:
            found = similarities(judges, text, picture * 2 - 1)
            reached = {name: max(reached[name], value) for name, value in found.items()}
    return reached, seconds


def seconds_until(
    judges: Judges, text: str, moments: Iterator[Moment], reached: dict[str, float]
) -> dict[str, float]:
    """Seconds until the whole picture is so similar, by each CLIP; inf: it never is."""
    seconds, found = 0.0, dict.fromkeys(judges, math.inf)
    while math.inf in found.values():
        began = time.perf_counter()
        moment = next(moments, None)
        seconds += time.perf_counter() - began
        if moment is None:
            break
        if moment.pictures is None:
            continue
        for name, value in similarities(judges, text, to_tensor(moment.pictures[0])).items():
            if value >= reached[name]:
                found[name] = min(found[name], seconds)
    return found


def our_ways(
    synthesizer: Synthesizer, clip: CLIP, text: str, noise: Tensor
) -> Iterator[tuple[str, float, Iterator[Moment]]]:
    """Both of ours: the name, the seconds that its start took, and its moments."""
    vqgan, prior, prompts = synthesizer.vqgan, synthesizer.prior, parse_prompts(text)
    assert isinstance(prior, MaskedPrior)
    began = time.perf_counter()
    embedding = draft_embedding(synthesizer, clip, prompts)
    *_, drafts = draft_steps(synthesizer, embedding, SIZE, variant_seeds(0, 4))
    draft = best(vqgan, [clip], prompts, vqgan.lookup(drafts.codes).clone(), 4)
    drafting = time.perf_counter() - began
    natural = Naturalness(prior, vqgan.codebook, embedding)
    yield NATURAL, drafting, guide(vqgan, [clip], [prompts], draft, [0], naturalness=natural)
    alone = replace(GuideRequest("", start=NOISE).settings(), natural=0.0)
    yield ALONE, 0.0, guide(vqgan, [clip], [prompts], noise, [0], alone)


def main(judge: str | None) -> None:
    clip, synthesizer = load_clip("clip-scenes"), load_synthesizer("draft-f16")
    judges = {"the CLIP that guides": clip}
    if judge is not None:
        judges["a CLIP that guides neither"] = load_clip(judge)
    vqgan = synthesizer.vqgan
    plain = plain_model(vqgan, vqgan.config)
    shares: dict[tuple[str, str], list[float]] = {}
    for text in PROMPTS:
        noise = from_noise(vqgan, SIZE, [0])
        theirs = plain_loop(plain, clip, clip.mean, clip.std, text, noise, CUTOUTS)
        reached, seconds = their_best(judges, text, theirs)
        for way, began, moments in our_ways(synthesizer, clip, text, noise):
            for name, spent in seconds_until(judges, text, moments, reached).items():
                shares.setdefault((name, way), []).append((began + spent) / seconds)
    for (name, way), found in shares.items():
        median = statistics.median(found)
        measured = "not in 60 steps" if median == math.inf else f"{median:.2g} of its time"
        row = f"vqgan-f16 and clip-scenes, {way}: as similar to {name} as VQGAN-CLIP's recipe"
        print_row(row, f"{measured}, median of {len(PROMPTS)} prompts", "< 0.33")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judge", help="folder or name of a second CLIP")
    parser.add_argument("--row", action="store_true", help="rows alone, without a header")
    given = parser.parse_args()
    if not given.row:
        print(HEADER)
    main(given.judge)
