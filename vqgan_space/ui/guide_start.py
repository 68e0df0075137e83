"""What a guided run starts from: made, and shown while it is made."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import gradio as gr

from .errors import filled
from .files import read_grid
from .guide_models import Guides
from .guide_request import (
    CODES,
    COLOURS,
    DRAFT,
    FORMATS,
    GIVEN,
    NOISE,
    PICTURE,
    SCENE,
    GuideRequest,
)
from .guide_shown import Shown
from .models import Loaded

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from ..generation.given import Progress
    from ..generation.guidance import Prompt
    from ..generation.synthesizer import Synthesizer
    from ..models.clip import CLIP
    from ..models.masked_prior import MaskedPrior

# Of the steps in which a picture is drawn anew every so many-th is a frame of the film.
FILM_STEP = 2


@dataclass(frozen=True, eq=False)
class Drafting:
    """What drafts with a VQGAN's codes.

    Attributes:
        synthesizer: the set.
        embeddings: what it reads of each scene, (1, D); None: it reads no texts.
    """

    synthesizer: Synthesizer
    embeddings: list[Tensor | None]

    @property
    def prior(self) -> MaskedPrior:
        """Its prior: only sets with a masked one are on offer."""
        from ..models.masked_prior import MaskedPrior

        assert isinstance(self.synthesizer.prior, MaskedPrior)
        return self.synthesizer.prior


@dataclass(frozen=True, eq=False)
class Start:
    """What a start is made from.

    Attributes:
        request, loaded, clips: what is asked for, the VQGAN, and what guides.
        prompts: of the first scene.
        seeds: of each picture.
        drafting: what drafts with this VQGAN's codes; None: nothing does.
        way: pictures on the way from what was given to what is started from, filled in.
    """

    request: GuideRequest
    loaded: Loaded
    clips: list[CLIP]
    prompts: list[Prompt]
    seeds: list[int]
    drafting: Drafting | None
    way: list[Image.Image] = field(default_factory=list)


def find_drafting(
    loaded: Loaded,
    clips: list[CLIP],
    guides: Guides,
    request: GuideRequest,
    scenes: list[list[Prompt]],
) -> Drafting | None:
    """What drafts with this VQGAN's codes, where a set does.

    Raises:
        ValueError: a draft is asked for, and none does.
    """
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
    return Drafting(synthesizer, [draft_embedding(synthesizer, clip, scene) for scene in scenes])


def make_start(start: Start) -> Generator[Shown, None, Tensor]:
    """Latents (B, D, h, w) to start from; what is tried for them is shown.

    Raises:
        ValueError: what it asks for is missing, or can't be read.
    """
    request = start.request
    if request.going_on is None and request.start == DRAFT:
        return (yield from _drafts(start))
    latents = _plain(start)
    if request.going_on is not None or request.start not in GIVEN:
        return latents
    share = filled(request.numbers.redraw, "Draw anew")
    if start.drafting is None:
        if share:
            gr.Info(f"Nothing draws anew in the codes of {start.loaded.name}: CLIP alone pulls.")
        return latents
    embedding = start.drafting.embeddings[0]
    if embedding is None or not share:
        return latents
    return (yield from _redrawn(start, start.drafting.synthesizer, embedding, latents, share))


def scene_change(start: Start) -> Callable[[int, Tensor], Tensor] | None:
    """What makes the beginning of a story's next scene of the end of the last: what fits its
    prompts least is drawn anew. None where nothing is."""
    import torch

    from ..generation.guidance.redraw import fitting, redraw_steps
    from ..generation.seeds import variant_seeds

    drafting, vqgan = start.drafting, start.loaded.model
    share = filled(start.request.numbers.redraw, "Draw anew")
    if drafting is None or not share or drafting.embeddings[0] is None:
        return None

    def change(number: int, latents: Tensor) -> Tensor:
        synthesizer, embedding = drafting.synthesizer, drafting.embeddings[number]
        assert embedding is not None  # a set reads texts or does not
        changed = []
        for each, codes, seed in zip(
            latents.split(1), vqgan.nearest_codes(latents), start.seeds, strict=True
        ):
            known = fitting(synthesizer, embedding, codes, share)
            own = variant_seeds(seed, number + 1)[-1:]
            *_, last = redraw_steps(synthesizer, embedding, codes, known, own)
            drawn = vqgan.lookup(last.codes.to(latents.device))
            changed.append(each.where(known.to(latents.device), drawn))
        return torch.cat(changed)

    return change


def _drafts(start: Start) -> Generator[Shown, None, Tensor]:
    from ..generation.guidance.start import check_size, draft_steps

    assert start.drafting is not None  # or there is no such start
    synthesizer, embedding = start.drafting.synthesizer, start.drafting.embeddings[0]
    size = check_size(start.loaded.model, FORMATS[start.request.format])

    def draft(seed: int) -> Iterator[Progress]:
        return draft_steps(synthesizer, embedding, size, [seed])

    drawn = yield from _best(start, "Draft", draft, start.loaded.model.lookup)
    return drawn[0]


def _redrawn(
    start: Start, synthesizer: Synthesizer, embedding: Tensor, latents: Tensor, share: float
) -> Generator[Shown, None, Tensor]:
    """The start's codes that fit the text least drawn anew; the others' latents stay."""
    import torch

    from ..generation.guidance.redraw import fitting, redraw_steps
    from ..generation.video import strip
    from ..images import to_pictures

    vqgan = start.loaded.model
    codes = vqgan.nearest_codes(latents[:1])[0]
    known = fitting(synthesizer, embedding, codes, share)

    def redraw(seed: int) -> Iterator[Progress]:
        return redraw_steps(synthesizer, embedding, codes, known, [seed])

    def as_latents(codes: Tensor) -> Tensor:
        return latents[:1].where(known.to(latents.device), vqgan.lookup(codes))

    drawn, ways = yield from _best(start, "Drawn anew", redraw, as_latents)
    for moments in list(zip(*ways, strict=True))[::FILM_STEP]:
        shown = torch.cat([m.codes.where(m.known, codes[None].cpu()) for m in moments])
        with torch.no_grad():
            start.way.append(strip(to_pictures(vqgan.decode_codes(shown.to(latents.device)))))
    return drawn


def _best(
    start: Start,
    name: str,
    draw: Callable[[int], Iterator[Progress]],
    as_latents: Callable[[Tensor], Tensor],
) -> Generator[Shown, None, tuple[Tensor, list[list[Progress]]]]:
    """Shows candidates as they are drawn; what is returned is the best of each seed's, latents
    (B, D, h, w) and how they came along."""
    import torch

    from ..generation.guidance.start import candidate_seeds, choose
    from ..images import to_pictures

    vqgan = start.loaded.model
    count = int(filled(start.request.numbers.best_of, "Best of"))
    candidates, ways = [], []
    tried = candidate_seeds(start.seeds, count)
    for number, seed in enumerate(tried):
        ways.append(list(draw(seed)))
        codes = ways[-1][-1].codes.to(vqgan.codebook.device)
        candidates.append(as_latents(codes).clone())
        with torch.no_grad():
            picture = to_pictures(vqgan.decode_codes(codes))[0]
        yield Shown(f"{name} {number + 1} of {len(tried)}", [(picture, name.lower())])
    latents = torch.cat(candidates)
    chosen = choose(vqgan, start.clips, start.prompts, latents, count).tolist()
    return latents[chosen], [ways[each] for each in chosen]


def _plain(start: Start) -> Tensor:
    """The start as it is asked for, before anything is drawn anew."""
    from ..generation.guidance import start as starts
    from ..images import open_picture

    request, loaded, seeds = start.request, start.loaded, start.seeds
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
        return starts.best(vqgan, start.clips, start.prompts, candidates, count)
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
