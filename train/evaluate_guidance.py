"""Measure how well guided pictures fit their prompts, in the eyes of a CLIP that did not guide.

    python train/evaluate_guidance.py --judge runs/clip-judge --out runs/guidance

For every prompt, a caption of a held-out scene: a sample of the drafting set for no text at all, a
draft for the text, the best of several drafts in the eyes of the guiding CLIP, that one pulled by
it, and the best of several polished by the prior, which is the guided picture as the app makes it;
the judge says how similar each is to the text. Prints a figure a line and, with ``--out``, writes
figures.json and a contact sheet: below each best draft its guided picture.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean

import torch
import tyro
from torch import Tensor
from torchvision.utils import save_image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.data.scenes import scene
from vqgan_space.data.scenes.dataset import HELD_OUT
from vqgan_space.generation.guidance import GuideSettings, Prompt, guide
from vqgan_space.generation.guidance.naturalness import Naturalness
from vqgan_space.generation.guidance.polish import polish_steps
from vqgan_space.generation.guidance.start import best, draft_embedding, draft_steps
from vqgan_space.generation.seeds import variant_seeds
from vqgan_space.generation.synthesizer import Synthesizer
from vqgan_space.hub import load_clip, load_synthesizer
from vqgan_space.models.clip import CLIP
from vqgan_space.models.masked_prior import MaskedPrior

SIZE = (16, 16)
SHOWN = ("best draft", "guided")  # on the sheet, one below the other


@dataclass
class Options:
    """What to measure, on what."""

    judge: str
    """Folder or name of a CLIP that neither guides nor drafts."""
    clip: str = "clip-scenes"
    """The CLIP that guides."""
    draft: str = "draft-f16"
    """The set that drafts, with a masked prior; one that reads no texts drafts at random."""
    prompts: int = 50
    """Captions of held-out scenes."""
    settings: GuideSettings = field(default_factory=GuideSettings)
    """How latents are pulled, such as --settings.steps 60."""
    best_of: int = 4
    """Drafts for each prompt, and polished pictures, of which the guiding CLIP chooses one."""
    seed: int = 0
    columns: int = 8
    """Pictures a row of the contact sheet."""
    out: Path | None = None
    """Folder for figures.json and sheet.jpg."""


def starts(
    synthesizer: Synthesizer, clip: CLIP, prompt: Prompt, seed: int, count: int
) -> tuple[dict[str, Tensor], Tensor | None]:
    """Latents (1, D, 16, 16) by what they are, and the embedding that the drafts read."""
    vqgan = synthesizer.vqgan
    *_, unguided = draft_steps(synthesizer, None, SIZE, [seed])
    embedding = draft_embedding(synthesizer, clip, [prompt])
    *_, drafts = draft_steps(synthesizer, embedding, SIZE, variant_seeds(seed, count))
    free, candidates = (vqgan.lookup(each.codes).clone() for each in (unguided, drafts))
    chosen = best(vqgan, [clip], [prompt], candidates, count)
    return {"no text": free, "draft": candidates[:1], "best draft": chosen}, embedding


def main(options: Options) -> None:
    clip, judge = load_clip(options.clip), load_clip(options.judge)
    synthesizer = load_synthesizer(options.draft)
    vqgan, prior = synthesizer.vqgan, synthesizer.prior
    if not isinstance(prior, MaskedPrior):
        raise SystemExit(f"{options.draft} has no masked prior: name a set that has one")
    scores: dict[str, list[float]] = {}
    texts, pictures = [], []
    for number in range(options.prompts):
        text = scene(HELD_OUT + number, 64).caption
        prompt, seed = Prompt(text), options.seed + number
        shown, embedding = starts(synthesizer, clip, prompt, seed, options.best_of)
        natural = Naturalness(prior, vqgan.codebook, embedding)
        start, how = shown["best draft"], options.settings
        *_, last = guide(vqgan, [clip], [[prompt]], start, [seed], how, 0, naturalness=natural)
        assert last.latents is not None
        codes = vqgan.nearest_codes(last.latents)
        count = options.best_of
        several = codes.expand(count, -1, -1)
        *_, polished = polish_steps(synthesizer, embedding, several, variant_seeds(seed, count))
        candidates = vqgan.lookup(polished.codes).clone()
        shown["pulled"] = last.latents
        shown["guided"] = best(vqgan, [clip], [prompt], candidates, count)
        with torch.no_grad():
            target = judge.embed_long_text(text)
            for name, latents in shown.items():
                picture = vqgan.decode_codes(vqgan.nearest_codes(latents)).float().clamp(-1, 1)
                similarity = float(judge.embed_pictures(picture)[0] @ target)
                scores.setdefault(name, []).append(similarity)
                if name in SHOWN:
                    pictures.append(picture[0])
        texts.append(text)
        said = ", ".join(f"{name} {values[-1]:.3f}" for name, values in scores.items())
        print(f"{text}: {said}", flush=True)
    figures = {f"similarity, {name}": mean(values) for name, values in scores.items()}
    guided = scores.pop("guided")
    for name, others in scores.items():
        figures[f"guided above {name}"] = mean(g > o for g, o in zip(guided, others, strict=True))
    for name, value in figures.items():
        print(f"{name}: {value:.3f}")
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        record = {"options": asdict(options), "figures": figures, "prompts": texts}
        (options.out / "figures.json").write_text(json.dumps(record, indent=1, default=str))
        save_image(
            in_pairs(pictures, options.columns),
            options.out / "sheet.jpg",
            padding=4,
            nrow=options.columns,
        )


def in_pairs(pictures: list[Tensor], columns: int) -> Tensor:
    """Pictures in [-1, 1], two for each prompt, to [0, 1] for a sheet: the second below the first.

    Prompts that fill no whole row are left out.
    """
    pairs = torch.stack(pictures).add(1).div(2).unflatten(0, (-1, len(SHOWN)))  # (N, 2, 3, H, W)
    rows = pairs[: len(pairs) // columns * columns].unflatten(0, (-1, columns))
    return rows.transpose(1, 2).flatten(0, 2)


if __name__ == "__main__":
    main(tyro.cli(Options))
