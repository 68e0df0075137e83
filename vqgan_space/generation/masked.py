"""Sample codes from a masked prior: all at once, in a few steps, the surest first.

Chang et al., *MaskGIT: Masked Generative Image Transformer* (arXiv 2202.04200), sec. 3.2. A step
predicts all hidden codes, draws each, and keeps those in which the prior has most confidence;
the others are hidden again. Known codes are never touched, so that completing a picture, making a
region of it anew and sampling all of it are one and the same; a canvas larger than the prior's
window is painted window by window, each continuing what the half of it that is there begins.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from vqgan_space.generation.choice import Choice
from vqgan_space.generation.given import Progress, Seed, batch_size, draw_uniforms, given
from vqgan_space.generation.windows import Position, Size
from vqgan_space.models.masked_prior import MaskedPrior

MOST_STEPS = 256


def sample_masked(
    prior: MaskedPrior, condition: Tensor | None, size: Size, **options: Any
) -> Tensor:
    """The codes (B, h, w) that ``sample_masked_steps`` ends with; same arguments."""
    return deque(sample_masked_steps(prior, condition, size, **options), maxlen=1).pop().codes


def sample_masked_steps(
    prior: MaskedPrior,
    condition: Tensor | None,
    size: Size,
    *,
    steps: int = 10,
    guidance: float = 3.0,
    choice: Choice | None = None,
    seed: Seed = 0,
    known: Tensor | None = None,
    known_region: Tensor | None = None,
    annealing: float = 2.0,
) -> Iterator[Progress]:
    """Sample codes step by step; stop by not asking for the next.

    Args:
        condition: what the prior takes: codes (B, h, w), classes (B,) or vectors (B, D); None:
            nothing.
        size: height and width of the canvas in codes.
        steps: in how many steps.
        guidance: how far the condition is followed, beyond what the prior learnt:
            u + s (c - u) for logits with and without condition (Ho and Salimans, arXiv 2207.12598),
            where s grows from 1 in the first step to this in the last (Chang et al., *Muse*, arXiv
            2301.00704, sec. 2.7). 1: as learnt, and half the work.
        choice: how codes are drawn.
        seed: of the first picture, the others' as ``variant_seeds`` gives them; or one for each
            picture; or a generator on the CPU.
        known: codes (B, h, w) that are given.
        known_region: bool (h, w) or (B, h, w): where ``known`` holds.
        annealing: Gumbel noise on the confidence, at first; none at the end. Without it samples
            grow from the dullest codes and look alike.

    Yields:
        What is known before the first step, then after every step.

    Raises:
        ValueError: sizes that don't fit together, or a number out of its range.
    """
    if not 1 <= steps <= MOST_STEPS:
        raise ValueError(f"Take 1 to {MOST_STEPS} steps, not {steps}.")
    if not (math.isfinite(guidance) and guidance >= 0):
        raise ValueError(f"The guidance scale must be 0 or more, got {guidance}.")
    is_grid = prior.config.condition == "grid"
    if is_grid and condition is not None and tuple(condition.shape[1:]) != size:
        raise ValueError(
            f"The condition covers {tuple(condition.shape[1:])} codes, the picture {size}: give "
            "both the same size."
        )
    codes, region = given(known, known_region, size, prior.hidden)
    one = torch.empty(1) if condition is None else condition
    batch = batch_size(one, codes, seed)
    if condition is not None:
        condition = condition.expand(batch, *condition.shape[1:])
    work = _Sampling(
        prior,
        condition,
        codes.expand(batch, *size),
        region.expand(batch, *size),
        draw_uniforms(seed, batch, (steps, 2, *size)),
        choice or Choice(),
        guidance,
        annealing,
    )
    return work.run(steps)


class _Sampling:
    """A canvas for each picture."""

    def __init__(
        self,
        prior: MaskedPrior,
        condition: Tensor | None,
        codes: Tensor,
        known: Tensor,
        uniforms: Tensor,
        choice: Choice,
        guidance: float,
        annealing: float,
    ) -> None:
        self.prior, self.condition, self.choice = prior, condition, choice
        self.guidance, self.annealing, self.uniforms = guidance, annealing, uniforms
        self.device = prior.row_emb.device
        self.codes = torch.where(known, codes, prior.hidden)
        self.known = known.clone()
        self.windows = cover((codes.shape[1], codes.shape[2]), prior.window)

    def run(self, steps: int) -> Iterator[Progress]:
        yield self._progress()
        height, width = self.prior.window
        for top, left in self.windows:
            part = (slice(top, top + height), slice(left, left + width))
            missing = [int((~known[part]).sum()) for known in self.known]
            if not any(missing):
                continue
            for step in range(steps):
                share = math.cos(math.pi / 2 * (step + 1) / steps) if step + 1 < steps else 0.0
                # One by one: the sums then round alike, alone and among other pictures.
                for n, count in enumerate(missing):
                    left_over = min(int(count * share), int((~self.known[n][part]).sum()) - 1)
                    if left_over >= 0:
                        self._step(n, part, step, steps, left_over)
                yield self._progress()

    def _progress(self) -> Progress:
        return Progress(self.codes.where(self.known, 0), self.known.clone())

    def _step(
        self, n: int, part: tuple[slice, slice], step: int, steps: int, left_over: int
    ) -> None:
        """Draw the hidden codes of a window and keep the surest; ``left_over`` stay hidden."""
        done = (step + 1) / steps
        scale = 1 + (self.guidance - 1) * (step / (steps - 1) if steps > 1 else 1.0)
        codes, known = self.codes[n][part], self.known[n][part]  # views: written to below
        hidden = ~known
        logits = self._logits(n, part, scale)[hidden]  # (N, K)
        drawing, noise = self.uniforms[n, step][:, part[0], part[1]][:, hidden].double()
        drawn = self.choice.draw(logits, drawing)  # (N,)
        confidence = logits.log_softmax(-1).gather(1, drawn[:, None])[:, 0]
        gumbel = -(-(noise.clamp(1e-9, 1 - 1e-9)).log()).log()
        temperature = self.annealing * min(self.choice.temperature, 1.0) * (1 - done)
        surest = (confidence + temperature * gumbel).argsort(descending=True, stable=True)
        keep = surest[: len(surest) - left_over]
        rows, columns = hidden.nonzero()[keep].unbind(1)  # (M,) each
        codes[rows, columns] = drawn[keep]
        known[rows, columns] = True

    @torch.inference_mode()
    def _logits(self, n: int, part: tuple[slice, slice], scale: float) -> Tensor:
        """Logits (h', w', K) of a window, guided."""
        codes = self.codes[n][part][None].to(self.device)
        if self.condition is None or scale == 0:
            return self.prior(codes)[0].double().cpu()
        condition = self.condition[n]
        if self.prior.config.condition == "grid":
            condition = condition[part]
        condition = condition[None].to(self.device)
        if scale == 1:
            return self.prior(codes, condition)[0].double().cpu()
        dropped = torch.tensor([False, True], device=self.device)
        both = condition.expand(2, *condition.shape[1:])
        with_it, without = self.prior(codes.expand(2, -1, -1), both, dropped).double().cpu()
        return without + scale * (with_it - without)


def cover(size: Size, window: Size) -> list[Position]:
    """Upper left corners of windows that cover a canvas and overlap by half."""
    starts = []
    for length, side in zip(size, window, strict=True):
        last = max(length - side, 0)
        steps = math.ceil(last / max(side // 2, 1))
        starts.append([round(last * k / max(steps, 1)) for k in range(steps + 1)])
    return [(top, left) for top in starts[0] for left in starts[1]]
