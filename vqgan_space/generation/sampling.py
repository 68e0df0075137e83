"""Sample codes from a causal prior, one after the other, on a canvas of any size.

What the prior has read is kept in a static cache of keys and values; the sliding window reuses it
wherever two codes are sampled in the same window. Nothing depends on how many pictures are made
together: the same seed gives the same picture alone and among variants.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from vqgan_space.generation.choice import Choice
from vqgan_space.generation.given import Progress, Seed, batch_size, draw_uniforms, given
from vqgan_space.generation.windows import Position, Size, WindowCaches, Windows
from vqgan_space.models.permuters import Permuter
from vqgan_space.models.prior import CausalPrior, KeyValueCache

# Bytes of caches kept for each picture while a window slides.
CACHE_BUDGET = 1 << 30
# Windows read together in a wavefront.
WAVEFRONT = 16


def sample(
    prior: CausalPrior, condition_codes: Tensor, size: Size, window: Size, **options: Any
) -> Tensor:
    """The codes (B, h, w) that ``sample_steps`` ends with; same arguments."""
    steps = sample_steps(prior, condition_codes, size, window, **options)
    return deque(steps, maxlen=1).pop().codes


def sample_steps(
    prior: CausalPrior,
    condition_codes: Tensor,
    size: Size,
    window: Size,
    *,
    choice: Choice | None = None,
    seed: Seed = 0,
    known: Tensor | None = None,
    known_region: Tensor | None = None,
    stride: int = 1,
    permuter: Permuter | None = None,
    num_codes: int | None = None,
    wavefront: bool | None = None,
) -> Iterator[Progress]:
    """Sample codes step by step; stop by not asking for the next.

    Args:
        condition_codes: (B, n): all in front of every window; or (B, h, w): a grid over the
            canvas, of which a window takes its own part.
        size: height and width of the canvas in codes.
        window: height and width of the grid that the prior was trained on.
        choice: how codes are drawn.
        seed: of the first picture, the others' as ``variant_seeds`` gives them; or one for each
            picture; or a generator on the CPU.
        known: codes (B, h, w) that are given.
        known_region: bool (h, w) or (B, h, w): where ``known`` holds.
        stride: of the window; 1 is exact.
        permuter: the order of the codes where it is not row by row. Then the canvas is the window.
        num_codes: only codes below this are drawn, where condition and picture share a vocabulary.
        wavefront: read windows of several rows together; None: where that pays, on a GPU.

    Yields:
        What is known before the first step, then after every step.

    Raises:
        ValueError: sizes that don't fit together, or a number out of its range.
    """
    windows = Windows(size, window, stride, permuter)
    if condition_codes.ndim == 3 and tuple(condition_codes.shape[1:]) != size:
        raise ValueError(
            f"The condition covers {condition_codes.shape[1]} x {condition_codes.shape[2]} codes, "
            f"the picture {size[0]} x {size[1]}: give both the same size."
        )
    num_codes = min(num_codes or prior.config.vocab_size, prior.config.vocab_size)
    codes, region = given(known, known_region, size, num_codes)
    batch = batch_size(condition_codes, codes, seed)
    work = _Sampling(
        prior,
        windows,
        condition_codes.cpu().expand(batch, *condition_codes.shape[1:]),
        codes.expand(batch, *size).clone(),
        region.expand(batch, *size).clone(),
        draw_uniforms(seed, batch, size),
        choice or Choice(),
        num_codes,
    )
    if wavefront is None:
        wavefront = prior.pos_emb.device.type != "cpu"
    return work.run(wavefront and permuter is None)


class _Sampling:
    """A canvas for each picture, and the caches of its windows."""

    def __init__(
        self,
        prior: CausalPrior,
        windows: Windows,
        condition: Tensor,
        codes: Tensor,
        known: Tensor,
        uniforms: Tensor,
        choice: Choice,
        num_codes: int,
    ) -> None:
        self.prior, self.windows, self.condition = prior, windows, condition
        self.codes, self.known, self.uniforms = codes, known, uniforms
        self.choice, self.num_codes = choice, num_codes
        self.missing = ~known.all(0)  # (h, w): sampled for some picture
        front = self._front((0, 0)).shape[1]
        # The last code is never read.
        capacity = front + windows.window[0] * windows.window[1] - 1
        if capacity > prior.config.block_size:
            raise ValueError(
                f"The prior reads {prior.config.block_size} codes, but a window of "
                f"{windows.window[0]} x {windows.window[1]} with {front} codes of the condition "
                f"needs {capacity}: choose a smaller window."
            )
        if prior.config.n_unmasked > front:
            raise ValueError(
                f"The prior leaves its first {prior.config.n_unmasked} codes unmasked, more than "
                f"the {front} of the condition: it can't be sampled code by code."
            )
        uses = Counter(windows.origin(p) for p in windows.order() if self.missing[p])
        self.caches: list[tuple[slice, WindowCaches]] = []
        for start in range(0, len(codes), prior.rows):
            pictures = slice(start, min(start + prior.rows, len(codes)))
            make = partial(KeyValueCache, prior, pictures.stop - pictures.start, capacity)
            limit = CACHE_BUDGET // KeyValueCache.bytes_each(prior, capacity)
            self.caches.append((pictures, WindowCaches(make, limit, uses)))

    def run(self, wavefront: bool) -> Iterator[Progress]:
        yield Progress(self.codes.clone(), self.known.clone())
        order = self.windows.wavefronts() if wavefront else [[p] for p in self.windows.order()]
        for group in order:
            positions = [p for p in group if self.missing[p]]
            if positions:
                self._sample(positions)
                yield Progress(self.codes.clone(), self.known.clone())

    def _sample(self, positions: list[Position]) -> None:
        """Sample codes that don't need each other."""
        alone = [p for p in positions if len(positions) > 1 and self._once_only(p)]
        for position in positions:
            if position not in alone:
                self._set(position, self._logits(position))
        alone.sort(key=self.windows.local_index)
        for _, same in groupby(alone, self.windows.local_index):
            together = list(same)
            for n in range(0, len(together), WAVEFRONT):
                part = together[n : n + WAVEFRONT]
                for position, logits in zip(part, self._logits_together(part), strict=True):
                    self._set(position, logits)

    def _once_only(self, position: Position) -> bool:
        return self.caches[0][1].once_only(self.windows.origin(position))

    def _logits(self, position: Position) -> Tensor:
        """Logits (B, V) of the code there, through the cache of its window."""
        origin = self.windows.origin(position)
        codes = self._sequence(position)
        logits = []
        for pictures, caches in self.caches:
            cache = caches.use(origin)
            logits.append(self.prior.extend(codes[pictures, cache.length :], cache))
        return torch.cat(logits)

    @torch.inference_mode()
    def _logits_together(self, positions: list[Position]) -> Tensor:
        """Logits (P, B, V) of codes that have as many before them, each window read once."""
        codes = torch.stack([self._sequence(p) for p in positions])  # (P, B, T)
        # Picture by picture, so that the sums round alike whatever their number.
        return torch.stack([self.prior(each)[:, -1] for each in codes.unbind(1)], dim=1)

    def _sequence(self, position: Position) -> Tensor:
        """What the prior reads before the code there: (B, T)."""
        origin = self.windows.origin(position)
        read = self.windows.read(self.codes, origin)[:, : self.windows.local_index(position)]
        return torch.cat([self._front(origin), read], dim=1)

    def _front(self, origin: Position) -> Tensor:
        """The condition's codes of a window, (B, n)."""
        if self.condition.ndim == 2:
            return self.condition
        return self.windows.crop(self.condition, origin)

    def _set(self, position: Position, logits: Tensor) -> None:
        """Draw the code there, except where it is given."""
        row, column = position
        uniforms = self.uniforms[:, row, column]
        drawn = self.choice.draw(logits[:, : self.num_codes].cpu(), uniforms)
        known = self.known[:, row, column]
        self.codes[:, row, column] = torch.where(known, self.codes[:, row, column], drawn)
        self.known[:, row, column] = True


def sample_at_once(
    prior: CausalPrior,
    condition_codes: Tensor,
    *,
    choice: Choice | None = None,
    seed: Seed = 0,
    known: Tensor | None = None,
    known_region: Tensor | None = None,
    permuter: Permuter | None = None,
    num_codes: int | None = None,
) -> Tensor:
    """Sample all codes in one pass, for a prior that was trained to see none of them (pkeep 0).

    The condition's codes stand where the picture's would.

    Args:
        condition_codes: (B, h, w).
        choice, seed, known, known_region, permuter, num_codes: as in ``sample_steps``.

    Returns:
        Codes (B, h, w).
    """
    size: Size = (condition_codes.shape[1], condition_codes.shape[2])
    windows = Windows(size, size, 1, permuter)
    num_codes = min(num_codes or prior.config.vocab_size, prior.config.vocab_size)
    codes, region = given(known, known_region, size, num_codes)
    batch = batch_size(condition_codes, codes, seed)
    flat = condition_codes.cpu().flatten(1)  # (B, n)
    with torch.inference_mode():
        logits = prior(torch.cat([flat, flat[:, :-1]], dim=1))[:, flat.shape[1] - 1 :]
    logits = logits[..., :num_codes].cpu().expand(batch, -1, -1)  # (B, n, V)
    uniforms = windows.read(draw_uniforms(seed, batch, size), (0, 0))  # (B, n)
    drawn = (choice or Choice()).draw(logits.flatten(0, 1), uniforms.flatten()).view(batch, -1)
    drawn = drawn if permuter is None else permuter.inverse(drawn)
    return torch.where(region, codes, drawn.view(batch, *size))
