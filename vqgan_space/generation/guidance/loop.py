"""The loop: look at cutouts of the picture, ask CLIP, pull the latents, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from vqgan_space.generation.seeds import generator
from vqgan_space.images import to_pictures
from vqgan_space.models.clip import CLIP
from vqgan_space.models.codes_model import CodesModel
from vqgan_space.models.vqgan import has_native_bfloat16

from . import losses
from .cutouts import AUGMENTATIONS, cut, draw_views
from .naturalness import Naturalness
from .prompts import Prompt, Target, check_scenes, embed_prompts
from .settings import GuideSettings

End = Literal["finished", "deadline", "not finite"]
# Coarse to fine pays from this many pixels of the shorter side on.
_LARGE = 256
START_LOSS, SMOOTH_LOSS, NATURAL_LOSS = "the start", "smoothness", "naturalness"


@dataclass(frozen=True, eq=False)
class Moment:
    """How far a guided run has come.

    Attributes:
        step, steps: how many are done, and of how many.
        losses: of each prompt by its text, and of what else pulls: (B,) each; {} before a step.
        similarity: (B,), cosine of the cutouts and the wanted prompts; None before a step.
        pictures: one for each seed, where they were asked for.
        latents: (B, D, h, w), for another run to start from.
        ended: why no further step follows; None while there is one.
    """

    step: int
    steps: int
    losses: dict[str, Tensor] = field(default_factory=dict)
    similarity: Tensor | None = None
    pictures: list[Image.Image] | None = None
    latents: Tensor | None = None
    ended: End | None = None


def guide(
    vqgan: CodesModel,
    clips: Sequence[CLIP],
    scenes: Sequence[Sequence[Prompt]],
    start: Tensor,
    seeds: Sequence[int] = (0,),
    settings: GuideSettings | None = None,
    picture_every: int = 1,
    drop_text_towers: bool = False,
    naturalness: Naturalness | Sequence[Naturalness] | None = None,
    between: Callable[[int, Tensor], Tensor] | None = None,
) -> Iterator[Moment]:
    """Pull latents towards prompts; stop by not asking for the next moment.

    Args:
        vqgan: whose latents they are.
        clips: which judge; their losses are averaged.
        scenes: prompts; several lists of them are a story, each gets an equal share of the steps.
        start: latents (B, D, h, w), one for each seed, as ``start`` makes them.
        seeds: of the cutouts. The same seed gives the same picture, alone or among others.
        settings: how.
        picture_every: pictures come with every so many-th moment, with the first and the last.
        drop_text_towers: frees the memory of the CLIPs' text towers once the prompts are embedded;
            such a CLIP embeds no other texts later.
        naturalness: a prior that pulls as ``settings.natural`` says, the same for all scenes or one
            for each; None: none does.
        between: where a scene of a story begins, the first excepted, it is given the scene's number
            and the latents (B, D, h, w), and returns those to go on from.

    Yields:
        A moment before the first step, one after each, and a last one that says why it ended:
        all steps were done, the deadline would have passed in the next, or a loss was no longer
        a finite number, in which case the pictures are the last good ones.

    Raises:
        ValueError: nothing to pull towards, no CLIP, or sizes that don't fit together.
    """
    settings = settings or GuideSettings()
    began = time.monotonic()
    check_scenes(scenes)
    if not clips:
        raise ValueError("Name at least one CLIP to guide the picture.")
    if start.ndim != 4 or len(start) != len(seeds) or start.shape[1] != vqgan.codebook.shape[1]:
        raise ValueError(
            f"The start must be latents ({len(seeds)}, {vqgan.codebook.shape[1]}, h, w) for "
            f"{len(seeds)} seeds, got {tuple(start.shape)}."
        )
    targets = [[embed_prompts(clip, scene) for clip in clips] for scene in scenes]
    if drop_text_towers:
        for clip in clips:
            clip.drop_text_tower()
    naturals: Sequence[Naturalness | None]
    naturals = naturalness if isinstance(naturalness, Sequence) else [naturalness] * len(scenes)
    if len(naturals) != len(scenes):
        raise ValueError(f"{len(scenes)} scenes need as many priors, or one, not {len(naturals)}.")
    run = _Run(vqgan, clips, start, seeds, settings)
    yield Moment(0, settings.steps, pictures=run.pictures(), latents=run.latents())
    longest, last = 0.0, Moment(0, settings.steps)
    ended: End = "finished"
    for step in range(settings.steps):
        now = time.monotonic()
        if now - began + longest > settings.deadline:
            ended = "deadline"
            break
        number = step * len(targets) // settings.steps
        if between is not None and step and number != (step - 1) * len(targets) // settings.steps:
            run.go_on_from(between(number, run.latents()), run.is_coarse)
        run.prepare(step)
        run.naturalness = naturals[number]
        shown = run.step(step, targets[number])
        if shown is None:
            ended = "not finite"
            break
        asked = picture_every > 0 and (step + 1) % picture_every == 0
        last = Moment(
            step + 1,
            settings.steps,
            run.losses,
            run.similarity,
            run.shown(shown) if asked else None,
            run.latents(),
        )
        longest = max(0.7 * longest, time.monotonic() - now)
        yield last
    run.finish()
    yield Moment(
        last.step,
        settings.steps,
        last.losses,
        last.similarity,
        run.pictures(),
        run.latents(),
        ended,
    )


@dataclass(frozen=True, eq=False)
class _Judgement:
    """Of some pictures: gradient (B, D, h, w), losses (B,), similarity (B,), (B, 3, H, W)."""

    gradient: Tensor
    total: Tensor
    losses: dict[str, Tensor]
    similarity: Tensor
    pictures: Tensor


class _Run:
    """The latents and what moves them. They are held in standard deviations of the codebook."""

    def __init__(
        self,
        vqgan: CodesModel,
        clips: Sequence[CLIP],
        start: Tensor,
        seeds: Sequence[int],
        settings: GuideSettings,
    ) -> None:
        self.naturalness: Naturalness | None = None
        self.vqgan, self.clips, self.settings = vqgan, clips, settings
        self.generators = [generator(seed) for seed in seeds]
        # One by one a processor is as fast, in less memory, and a picture does not depend, not by
        # a rounding, on those beside it.
        together = len(seeds) if vqgan.codebook.is_cuda else 1
        self.parts = [slice(at, at + together) for at in range(0, len(seeds), together)]
        codebook = vqgan.codebook.detach().float()
        self.device = codebook.device
        self.spread = codebook.std(dim=0).clamp_min(1e-6).view(1, -1, 1, 1)  # (1, D, 1, 1)
        self.low = codebook.amin(dim=0).view(1, -1, 1, 1) / self.spread
        self.high = codebook.amax(dim=0).view(1, -1, 1, 1) / self.spread
        self.size = (start.shape[2] * vqgan.factor, start.shape[3] * vqgan.factor)
        is_large = min(self.size) >= _LARGE and min(start.shape[2:]) % 2 == 0
        self.coarse_steps = round(settings.coarse * settings.steps) if is_large else 0
        self.go_on_from(start, coarse=self.coarse_steps > 0)
        self.losses: dict[str, Tensor] = {}
        self.similarity = self._similarity = torch.zeros(len(seeds))

    def _begin(self, values: Tensor) -> None:
        self.values = values.clone()
        self.optimiser = torch.optim.Adam([self.values], betas=(0.9, 0.99))

    @property
    def is_coarse(self) -> bool:
        """Whether the latents are at half the size."""
        return self.values.shape != self.origin.shape

    def go_on_from(self, latents: Tensor, coarse: bool) -> None:
        """Latents (B, D, h, w) at the full size, which are what is held on to from now on."""
        self.origin = latents.detach().to(self.device, torch.float32) / self.spread
        self._begin(F.avg_pool2d(self.origin, 2) if coarse else self.origin)
        self.average: Tensor | None = None
        self.good = self.values.detach().clone()

    def latents(self) -> Tensor:
        """(B, D, h, w), at the full size."""
        values = self.values.detach() if self.average is None else self.average
        return self._full(values) * self.spread

    def prepare(self, step: int) -> None:
        """What happens between steps: from coarse to fine, and the camera."""
        if self.coarse_steps and step == self.coarse_steps:
            self.average = None if self.average is None else self._full(self.average)
            self._begin(self._full(self.values.detach()))
            self.good = self.values.detach().clone()
        camera = self.settings.camera
        if camera is not None and camera.moves and step and step % camera.every == 0:
            with torch.no_grad():
                moved = camera.move(self._decode(self.values)).clamp(-1, 1)
                self.values.copy_(self.vqgan.encode(moved)[0].float() / self.spread)
            self.average = None

    def step(self, step: int, scene: Sequence[Sequence[Target]]) -> Tensor | None:
        """One step; the pictures (B, 3, H, W) that it judged, None where a loss is not finite."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.rate(step)
        judged = [self._judge(part, step, scene) for part in self.parts]
        gradient = torch.cat([each.gradient for each in judged])
        if not torch.isfinite(torch.cat([each.total for each in judged])).all():
            return None
        if not torch.isfinite(gradient).all():
            return None
        self.losses = {
            name: torch.cat([each.losses[name] for each in judged]) for name in judged[0].losses
        }
        self.similarity = torch.cat([each.similarity for each in judged])
        self.good.copy_(self.values.detach())
        self.values.grad = gradient
        self.optimiser.step()
        with torch.no_grad():
            self.values.copy_(self.values.clamp(self.low, self.high))
            keep = self.settings.average
            if keep and self.average is None:
                self.average = self.values.detach().clone()
            elif keep and self.average is not None:
                self.average.lerp_(self.values, 1 - keep)
        return torch.cat([each.pictures for each in judged])

    def finish(self) -> None:
        """Back to the last latents that were good, should those that are left be none."""
        if not torch.isfinite(self.values).all():
            with torch.no_grad():
                self.values.copy_(self.good)
            self.average = None

    def shown(self, judged: Tensor) -> list[Image.Image]:
        """The pictures of a step, (B, 3, H, W); those of the moving average where there is one."""
        return self.pictures() if self.average is not None else self._to_pictures(judged)

    def pictures(self) -> list[Image.Image]:
        """What the latents decode to, at the full size."""
        with torch.no_grad():
            values = self.values if self.average is None else self.average
            return self._to_pictures(self._decode(values))

    def _to_pictures(self, decoded: Tensor) -> list[Image.Image]:
        pictures = to_pictures(decoded)
        size = (self.size[1], self.size[0])
        return [p if p.size == size else p.resize(size, Image.Resampling.BICUBIC) for p in pictures]

    def _full(self, values: Tensor) -> Tensor:
        if values.shape == self.origin.shape:
            return values
        return F.interpolate(values, self.origin.shape[2:], mode="bilinear", align_corners=False)

    def _decode(self, values: Tensor) -> Tensor:
        """Pictures (B, 3, H, W); gradients pass the choice of codes straight through."""
        latents = values * self.spread
        if self.settings.quantise:
            with torch.no_grad():
                nearest = self.vqgan.lookup(self.vqgan.nearest_codes(latents.detach()))
            latents = latents + (nearest - latents).detach()
        return self.vqgan.decode_latents(latents).float()

    def _judge(self, part: slice, step: int, scene: Sequence[Sequence[Target]]) -> _Judgement:
        """What the CLIPs say of some of the pictures."""
        with torch.enable_grad():
            values = self.values.detach()[part].requires_grad_(True)
            pictures = self._decode(values)
            found = self._prompt_losses(losses.clamp_inside(pictures), part, scene)
            found |= self._held(values, pictures, part, step)
            total = torch.stack(list(found.values())).sum(dim=0)  # (B,)
            (gradient,) = torch.autograd.grad(total.sum(), values)
        kept = {name: loss.detach().cpu() for name, loss in found.items()}
        return _Judgement(gradient, total.detach(), kept, self._similarity, pictures.detach())

    def _prompt_losses(
        self, pictures: Tensor, part: slice, scene: Sequence[Sequence[Target]]
    ) -> dict[str, Tensor]:
        """The losses (B,) by their prompts' texts, averaged over the CLIPs."""
        s = self.settings
        height, width = pictures.shape[-2:]
        generators = self.generators[part]
        views = draw_views(
            generators, s.cutouts, (height, width), s.whole, s.smallest,
            AUGMENTATIONS[s.augmentation], s.noise,
        )  # fmt: skip
        found: dict[str, Tensor] = {}
        similarities = []
        for clip, targets in zip(self.clips, scene, strict=True):
            embeddings = self._embed(clip, cut(pictures, views, clip.size, generators))
            for target in targets:
                loss = losses.prompt_loss(embeddings, target) / len(self.clips)
                found[target.name] = found[target.name] + loss if target.name in found else loss
            similarities.append(losses.similarity(embeddings, targets).detach().cpu())
        self._similarity = torch.stack(similarities).mean(dim=0)
        return found

    def _embed(self, clip: CLIP, cutouts: Tensor) -> Tensor:
        """Unit vectors (B, n, D) of cutouts (B, n, 3, S, S), in bfloat16 where that is native."""
        kind = torch.device(clip.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=has_native_bfloat16(clip.device)):
            embeddings = clip.embed_pictures(cutouts.flatten(0, 1).to(clip.device))
        vectors = F.normalize(embeddings.float(), dim=-1).to(self.device)
        return vectors.unflatten(0, cutouts.shape[:2])

    def _held(self, values: Tensor, pictures: Tensor, part: slice, step: int) -> dict[str, Tensor]:
        """What else pulls, (B,) each: smoothness, and the start."""
        s = self.settings
        found = {}
        if s.tv:
            found[SMOOTH_LOSS] = s.tv * losses.total_variation(pictures)
        weight = s.start_weight * s.start_decay**step
        if weight:
            origin = self.origin[part]
            if values.shape != origin.shape:
                origin = F.avg_pool2d(origin, 2)
            found[START_LOSS] = weight * losses.start_pull(values, origin)
        if self.naturalness is not None and s.natural:
            codes = self.vqgan.nearest_codes(values.detach() * self.spread)
            pulls = []
            for row, grid, g in zip(values, codes, self.generators[part], strict=True):
                expected, region = self.naturalness.expected(grid, g)
                off = (row - expected / self.spread[0]).square().mean(dim=0)  # (h, w)
                pulls.append((off * region).mean())
            found[NATURAL_LOSS] = s.natural * torch.stack(pulls)
        return found
