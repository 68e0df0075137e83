"""A guided run, moment by moment, and the files that come of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from .errors import filled
from .files import codes_of, result_path, save_grid, save_picture
from .guide_curve import curve_html
from .guide_models import Guides
from .guide_request import GoingOn, GuideRequest
from .guide_shown import Files, Shown
from .guide_start import Drafting, Start, find_drafting, make_start, scene_change
from .models import Loaded, Models

if TYPE_CHECKING:
    from PIL import Image

    from ..generation.guidance import Moment, Prompt
    from ..models.clip import CLIP

# Seconds between two previews at least; frames of the way that are kept, and shown a second.
PREVIEW, MAX_FRAMES, FPS = 0.5, 240, 12
_ENDED = {
    "finished": "Done",
    "deadline": "Out of time",
    "not finite": "Stopped: a loss was no longer a number. This is the last good picture",
}


@dataclass
class _Way:
    """How a run came along."""

    request: GuideRequest
    loaded: Loaded
    seeds: list[int]
    frames: list[Path]
    began: float = field(default_factory=time.monotonic)
    similarity: list[float] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)


def run_request(
    models: Models,
    guides: Guides,
    request: GuideRequest,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Shown]:
    """Guide, moment by moment.

    Args:
        is_stopped: asked after every step; the run then ends with what there is.

    Raises:
        ValueError: what the prompts, the settings or the start refuse.
    """
    scenes = request.scenes()
    settings = request.settings()
    if not request.clips:
        raise ValueError("Choose at least one CLIP to guide the picture.")
    yield Shown("Loading the models ...")
    loaded = models.get(request.model)
    clips = [guides.clip(name) for name in request.clips]
    _warn_of_unknown(clips, scenes)
    from ..generation.guidance import guide
    from ..generation.guidance.naturalness import Naturalness
    from ..generation.seeds import variant_seeds

    if request.going_on is None:
        seeds = variant_seeds(filled(request.seed, "Seed"), int(request.variants))
        frames: list[Path] = []
    else:
        seeds = request.going_on.seeds
        frames = [path for path in map(Path, request.going_on.frames) if path.exists()]
    way = _Way(request, loaded, seeds, frames)
    drafting = find_drafting(loaded, clips, guides, request, scenes)
    starting = Start(request, loaded, clips, scenes[0], seeds, drafting)
    start = yield from make_start(starting)
    for picture in starting.way:
        _add_frame(way, picture, 0)
    natural = None
    if drafting is not None:
        codebook = loaded.model.codebook
        natural = [Naturalness(drafting.prior, codebook, each) for each in drafting.embeddings]
    moment: Moment | None = None
    next_preview, stopped = 0.0, False
    how: dict[str, Any] = {"naturalness": natural, "between": scene_change(starting)}
    for moment in guide(loaded.model, clips, scenes, start, seeds, settings, **how):
        _remember(way, moment)
        stopped = moment.ended is None and is_stopped()
        if stopped or moment.ended is not None:
            break
        if time.monotonic() >= next_preview:
            next_preview = time.monotonic() + PREVIEW
            yield Shown(_status(way, moment), _gallery(way, moment), _curve(way, moment))
    assert moment is not None  # there is one before the first step
    if drafting is not None and request.numbers.polish and moment.ended == "finished":
        yield Shown(f"{_status(way, moment)} · polishing ...")
        moment = _polish(way, moment, drafting, clips, scenes[-1])
    yield Shown(f"{_status(way, moment)} · writing the film ...", None, _curve(way, moment))
    yield _last(way, moment, stopped)


def _warn_of_unknown(clips: list[CLIP], scenes: list[list[Prompt]]) -> None:
    from ..generation.guidance.prompts import unknown_words

    for clip in clips:
        unknown = unknown_words(clip, scenes)
        if unknown:
            few = ", ".join(unknown[:8]) + (" ..." if len(unknown) > 8 else "")
            gr.Warning(f"This CLIP doesn't know: {few}. It reads on without.")


def _remember(way: _Way, moment: Moment) -> None:
    if moment.similarity is not None and moment.ended is None:
        way.similarity.append(float(moment.similarity.mean()))
        way.loss.append(float(sum(loss.mean() for loss in moment.losses.values())))
    if moment.pictures is None or (moment.step == 0 and way.frames):
        return
    from ..generation.video import strip

    _add_frame(way, strip(moment.pictures), moment.step)


def _polish(
    way: _Way, moment: Moment, drafting: Drafting, clips: list[CLIP], prompts: list[Prompt]
) -> Moment:
    """The last moment with every code written anew by the prior; on the film, too."""
    import torch

    from ..generation.guidance.polish import polish_steps
    from ..generation.guidance.start import candidate_seeds, choose
    from ..generation.video import strip
    from ..images import to_pictures

    vqgan = way.loaded.model
    assert moment.latents is not None and moment.pictures is not None
    count = int(filled(way.request.numbers.best_of, "Best of"))
    pulled = vqgan.nearest_codes(moment.latents).repeat_interleave(count, 0)  # (B * n, h, w)
    embedding, seeds = drafting.embeddings[-1], candidate_seeds(way.seeds, count)
    steps = list(polish_steps(drafting.synthesizer, embedding, pulled, seeds))
    candidates = vqgan.lookup(steps[-1].codes.to(pulled.device)).clone()
    chosen = choose(vqgan, clips, prompts, candidates, count)
    codes, pictures = pulled[chosen], moment.pictures
    for progress in steps:
        known = progress.known[chosen].to(codes.device)
        codes = progress.codes[chosen].to(codes.device).where(known, codes)
        with torch.no_grad():
            pictures = to_pictures(vqgan.decode_codes(codes))
        _add_frame(way, strip(pictures), moment.step)
    return replace(moment, latents=vqgan.lookup(codes), pictures=pictures)


def _add_frame(way: _Way, frame: Image.Image, step: int) -> None:
    from ..generation.guidance.film import thin

    settings = way.request.described() | {
        "seeds": way.seeds,
        "step": step,
        "similarity": way.similarity[-1] if way.similarity else None,
    }
    way.frames.append(Path(save_picture(frame, "frame", way.loaded, settings)))
    way.frames = thin(way.frames, MAX_FRAMES)


def _gallery(way: _Way, moment: Moment) -> list[tuple[Any, str]] | None:
    if moment.pictures is None:
        return None
    return [
        (picture, f"seed {seed}") for picture, seed in zip(moment.pictures, way.seeds, strict=True)
    ]


def _status(way: _Way, moment: Moment) -> str:
    seconds = time.monotonic() - way.began
    similarity = f" · similarity {way.similarity[-1]:.3f}" if way.similarity else ""
    return f"Step {moment.step} of {moment.steps}{similarity} · {seconds:.0f} s"


def _curve(way: _Way, moment: Moment) -> str:
    last = {name: float(loss.mean()) for name, loss in moment.losses.items()}
    return curve_html(way.similarity, way.loss, moment.steps, last)


def _last(way: _Way, moment: Moment, stopped: bool) -> Shown:
    """The pictures as files, and the way there."""
    from PIL import Image

    from ..generation.guidance.film import write_archive, write_gif
    from ..generation.video import write_video

    assert moment.pictures is not None and moment.latents is not None
    model = way.loaded.model
    gallery: list[tuple[Any, str]] = []
    for n, (picture, seed) in enumerate(zip(moment.pictures, way.seeds, strict=True)):
        settings = way.request.described() | {"seed": seed, "step": moment.step}
        if moment.similarity is not None:
            settings["similarity"] = round(float(moment.similarity[n]), 4)
        saved = save_picture(picture, f"guided-seed-{seed}", way.loaded, settings)
        gallery.append((saved, f"seed {seed}"))
    codes = codes_of(model.nearest_codes(moment.latents[:1])[0], way.loaded)
    files = {"picture": gallery[0][0], "codes": save_grid(codes, f"codes-{codes.model}")}
    sizes = set()
    frames = []
    for path in way.frames:
        with Image.open(path) as frame:
            frames.append(frame.convert("RGB"))
            sizes.add(frame.size)
    if len(frames) > 1 and len(sizes) == 1:
        held = frames + [frames[-1]] * FPS  # a second of the result before it begins anew
        files["video"] = str(write_video(held, result_path("way.mp4"), FPS))
        files["gif"] = str(write_gif(held, result_path("way.gif"), FPS))
        files["frames"] = str(write_archive(way.frames, result_path("frames.zip")))
    going_on = GoingOn(
        moment.latents,
        way.seeds,
        way.loaded.name,
        way.loaded.revision,
        [str(path) for path in way.frames],
    )
    ended = "Stopped" if stopped else _ENDED[moment.ended or "finished"]
    status = f"{ended}. {_status(way, moment)}"
    return Shown(status, gallery, _curve(way, moment), going_on, Files(**files))
