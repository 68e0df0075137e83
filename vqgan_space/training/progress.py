"""How far a training is: by steps or, where it is given minutes, by the clock."""

from __future__ import annotations

import math
import time

import torch
from accelerate import Accelerator  # type: ignore[import-untyped]
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


class Progress:
    """The steps done and the minutes they took, in the form that accelerate saves.

    A training ends after ``steps`` or, where that is earlier, after ``max_minutes``: from the end
    of its first step on, evaluations included, the time between a stop and a resumption left out.
    """

    def __init__(self, steps: int, max_minutes: float | None = None) -> None:
        self.step, self.steps, self.max_minutes = 0, steps, max_minutes
        self.seconds = 0.0
        self._since: float | None = None

    def advance(self, accelerator: Accelerator) -> None:
        """One more step is done. All processes keep the same time, so that they stop together."""
        self.step += 1
        now = time.monotonic()
        if self._since is not None:
            self.seconds += now - self._since
        self._since = now
        if self.max_minutes is not None and accelerator.num_processes > 1:
            seconds = torch.tensor(self.seconds, device=accelerator.device)
            self.seconds = accelerator.reduce(seconds, "mean").item()

    @property
    def is_over(self) -> bool:
        """Whether the last step or the last minute is over."""
        late = self.max_minutes is not None and self.seconds >= 60 * self.max_minutes
        return self.step >= self.steps or late

    def share(self, warmup: int) -> float:
        """How much of what comes after ``warmup`` steps is over, 0 to 1."""
        share = (self.step - warmup) / max(self.steps - warmup, 1)
        if self.max_minutes is not None:
            share = max(share, self.seconds / max(60 * self.max_minutes, 1e-9))
        return min(max(share, 0.0), 1.0)

    def state_dict(self) -> dict[str, float]:
        return {"step": self.step, "seconds": self.seconds}

    def load_state_dict(self, state: dict[str, float]) -> None:
        self.step, self.seconds = int(state["step"]), state.get("seconds", 0.0)


def cosine_schedule(optimizer: Optimizer, warmup: int, progress: Progress) -> LambdaLR:
    """The learning rate rises over ``warmup`` steps, then falls to zero along half a cosine.

    Its ``step`` is to be called after ``progress.advance``. With minutes to keep it reaches zero as
    they end, on whatever machine.
    """

    def factor(_: int) -> float:
        if progress.step < warmup:
            return progress.step / warmup
        return 0.5 * (1 + math.cos(math.pi * progress.share(warmup)))

    return LambdaLR(optimizer, factor)
