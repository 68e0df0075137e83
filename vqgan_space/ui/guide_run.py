"""A guided run, moment by moment, and the files that come of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from .errors import filled
from .files import codes_of, read_grid, result_path, save_grid, save_picture
from .guide_curve import curve_html
from .guide_models import Guides
from .guide_request import (
    CODES,
    COLOURS,
    DRAFT,
    FORMATS,
    NOISE,
    PICTURE,
    SCENE,
    GoingOn,
    GuideRequest,
)
from .models import Loaded, Models

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from ..generation.guidance import Moment, Prompt
    from ..generation.synthesizer import Synthesizer
    from ..models.clip import CLIP

# Seconds between two previews at least; frames of the way that are kept, and shown a second.
PREVIEW, MAX_FRAMES, FPS = 0.5, 240, 12
_ENDED = {
    "finished": "Done",
    "deadline": "Out of time",
    "not finite": "Stopped: a loss was no longer a number. This is the last good picture",
}


@dataclass(frozen=True)
class Files:
    """Paths of what a run made; the film is missing where nothing moved."""

    picture: str
    codes: str
    video: str | None = None
    gif: str | None = None
    frames: str | None = None


@dataclass(frozen=True)
class Shown:
    """What the page shows at a moment; None where nothing changed, ``files`` with the last."""

    status: str
    gallery: list[tuple[Any, str]] | None = None
    curve: str | None = None
    going_on: GoingOn | None = None
    files: Files | None = None


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
    from ..models.masked_prior import MaskedPrior

    if request.going_on is None:
        seeds = variant_seeds(filled(request.seed, "Seed"), int(request.variants))
        frames: list[Path] = []
    else:
        seeds = request.going_on.seeds
        frames = [path for path in map(Path, request.going_on.frames) if path.exists()]
    way = _Way(request, loaded, seeds, frames)
    prior = _prior(loaded, clips, guides, request, scenes[0])
    if request.start == DRAFT and request.going_on is None:
        start = yield from _drafts(way, clips, prior, scenes[0])
    else:
        start = _start(loaded, clips, request, scenes[0], seeds)
    natural = None
    if prior is not None:
        synthesizer, embedding = prior
        assert isinstance(synthesizer.prior, MaskedPrior)  # no other is on offer
        natural = Naturalness(synthesizer.prior, loaded.model.codebook, embedding)
    moment: Moment | None = None
    next_preview, stopped = 0.0, False
    for moment in guide(loaded.model, clips, scenes, start, seeds, settings, naturalness=natural):
        _remember(way, moment)
        stopped = moment.ended is None and is_stopped()
        if stopped or moment.ended is not None:
            break
        if time.monotonic() >= next_preview:
            next_preview = time.monotonic() + PREVIEW
            yield Shown(_status(way, moment), _gallery(way, moment), _curve(way, moment))
    assert moment is not None  # there is one before the first step
    yield Shown(f"{_status(way, moment)} · writing the film ...", None, _curve(way, moment))
    yield _last(way, moment, stopped)


def _prior(
    loaded: Loaded,
    clips: list[CLIP],
    guides: Guides,
    request: GuideRequest,
    prompts: list[Prompt],
) -> tuple[Synthesizer, Tensor | None] | None:
    """The set that drafts with this VQGAN's codes, and the embedding that it reads."""
    from ..generation.guidance.start import draft_embedding

    name = guides.draft_for(loaded.revision)
    if name is None:
        if request.start == DRAFT and request.going_on is None:
            raise ValueError(
                f"No set makes drafts in the codes of {loaded.name}: choose another start."
            )
        return None
    synthesizer = guides.draft(name)
    clip = guides.clip_of_draft(name, request.clips[0])
    return synthesizer, draft_embedding(synthesizer, clip, prompts)


def _drafts(
    way: _Way,
    clips: list[CLIP],
    prior: tuple[Synthesizer, Tensor | None] | None,
    prompts: list[Prompt],
) -> Generator[Shown, None, Tensor]:
    """Shows drafts as they are made; the best of each seed's are what is returned."""
    import torch

    from ..generation.guidance import start as starts
    from ..images import to_pictures

    assert prior is not None  # or there is no such start
    vqgan, numbers = way.loaded.model, way.request.numbers
    size = starts.check_size(vqgan, FORMATS[way.request.format])
    count = int(filled(numbers.best_of, "Best of"))
    candidates = []
    tried = starts.candidate_seeds(way.seeds, count)
    for number, seed in enumerate(tried):
        *_, drafted = starts.draft_steps(*prior, size, [seed])
        codes = drafted.codes.to(vqgan.codebook.device)
        candidates.append(vqgan.lookup(codes).clone())
        with torch.no_grad():
            picture = to_pictures(vqgan.decode_codes(codes))[0]
        yield Shown(f"Draft {number + 1} of {len(tried)}", [(picture, "a draft")])
    return starts.best(vqgan, clips, prompts, torch.cat(candidates), count)


def _start(
    loaded: Loaded,
    clips: list[CLIP],
    request: GuideRequest,
    prompts: list[Prompt],
    seeds: list[int],
) -> Tensor:
    """Latents (B, D, h, w) to start from."""
    from ..generation.guidance import start as starts
    from ..images import open_picture

    if request.going_on is not None:
        if request.going_on.revision != loaded.revision:
            raise ValueError(
                f"That picture was made by the model {request.going_on.model}: choose it again."
            )
        return request.going_on.latents
    vqgan = loaded.model
    pixels = FORMATS[request.format]
    size = starts.check_size(vqgan, pixels)
    if request.start == NOISE:
        count = int(filled(request.numbers.best_of, "Best of"))
        candidates = starts.from_noise(vqgan, size, starts.candidate_seeds(seeds, count))
        return starts.best(vqgan, clips, prompts, candidates, count)
    if request.start == CODES:
        if request.codes_file is None:
            raise ValueError("Choose a codes file to start from first.")
        grid = read_grid(request.codes_file, loaded)
        starts.check_size(vqgan, (grid.shape[0] * vqgan.factor, grid.shape[1] * vqgan.factor))
        return starts.from_codes(vqgan, grid, len(seeds))
    picture: Image.Image
    if request.start == SCENE:
        from ..data.scenes import scene

        picture = scene(int(filled(request.scene, "Scene")), pixels).picture
    elif request.start == COLOURS:
        picture = starts.gradient(request.top, request.bottom, pixels)
    elif request.start == PICTURE:
        if request.picture is None:
            raise ValueError("Choose a picture to start from first.")
        picture = open_picture(request.picture)
    else:
        raise ValueError(f"There is no start called {request.start!r}.")
    return starts.from_picture(vqgan, picture, size, len(seeds))


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
    from ..generation.guidance.film import thin
    from ..generation.video import strip

    frame = moment.pictures[0] if len(moment.pictures) == 1 else strip(moment.pictures)
    settings = way.request.described() | {
        "seeds": way.seeds,
        "step": moment.step,
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
