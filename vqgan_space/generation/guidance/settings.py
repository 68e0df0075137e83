"""The numbers of a guided run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from .camera import Camera
from .cutouts import AUGMENTATIONS

Schedule = Literal["constant", "cosine", "step"]
SCHEDULES: tuple[Schedule, ...] = ("constant", "cosine", "step")
MAX_STEPS, MAX_CUTOUTS = 2000, 128


@dataclass(frozen=True)
class GuideSettings:
    """How latents are pulled.

    Attributes:
        steps: of the optimiser.
        learning_rate: of Adam, in standard deviations of the codebook.
        schedule: "constant", "cosine" down to a tenth, or "step": a tenth after three quarters.
        quantise: whether the decoder sees codebook vectors, gradients passing straight through; or
            the latents themselves.
        cutouts: how many of each picture a step shows to CLIP.
        whole: which share of them is the whole picture.
        smallest: shortest side of the others, of the picture's shorter side; the longest is 1.
        augmentation: "none", "gentle" or "strong".
        noise: standard deviation of the noise on a cutout, at most; pictures are in [-1, 1].
        tv: weight of the total variation.
        start_weight: of the pull back to the start.
        start_decay: what that weight is multiplied with, step by step.
        natural: weight of the pull towards what a prior expects, where one is given.
        average: how much of the moving average of the latents a step keeps, 0 to below 1; 0: none.
        coarse: share of the steps at half the size, for pictures whose shorter side is 256 or more:
            sooner there from noise, but little is left of a start that shows something.
        camera: how the picture moves between frames, None: not at all.
        deadline: seconds after which no further step begins.
    """

    steps: int = 60
    learning_rate: float = 0.1
    schedule: Schedule = "cosine"
    quantise: bool = True
    cutouts: int = 16
    whole: float = 0.25
    smallest: float = 0.6
    augmentation: str = "gentle"
    noise: float = 0.1
    tv: float = 0.0
    start_weight: float = 0.0
    start_decay: float = 1.0
    natural: float = 1.0
    average: float = 0.0
    coarse: float = 0.0
    camera: Camera | None = None
    deadline: float = math.inf

    def __post_init__(self) -> None:
        """Raises ``ValueError`` where a number is out of its range."""
        _check("steps", self.steps, 1, MAX_STEPS)
        _check("number of cutouts", self.cutouts, 1, MAX_CUTOUTS)
        _check("learning rate", self.learning_rate, 1e-4, 10)
        _check("share of whole pictures", self.whole, 0, 1)
        _check("smallest cutout", self.smallest, 0.05, 1)
        _check("noise", self.noise, 0, 2)
        _check("weight of the total variation", self.tv, 0, 1000)
        _check("weight of the start", self.start_weight, 0, 1000)
        _check("decay of the start's weight", self.start_decay, 0, 1)
        _check("weight of the prior", self.natural, 0, 1000)
        _check("moving average", self.average, 0, 0.999)
        _check("share of coarse steps", self.coarse, 0, 1)
        if not self.deadline > 0:
            raise ValueError(f"The deadline must lie ahead, got {self.deadline} seconds.")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"A schedule is one of {', '.join(SCHEDULES)}: {self.schedule!r}?")
        if self.augmentation not in AUGMENTATIONS:
            names = ", ".join(AUGMENTATIONS)
            raise ValueError(f"Augmentations are one of {names}: {self.augmentation!r}?")

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        if self.schedule == "constant":
            return self.learning_rate
        done = step / self.steps
        if self.schedule == "step":
            return self.learning_rate * (0.1 if done >= 0.75 else 1.0)
        return self.learning_rate * (0.1 + 0.9 * (1 + math.cos(math.pi * done)) / 2)


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"The {name} must be from {low:g} to {high:g}, got {value:g}.")
