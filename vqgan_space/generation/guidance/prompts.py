"""What is asked for: texts with weights and stops, and stories of them.

The notation is that of the VQGAN-CLIP tools: prompts are parted by ``|`` or by lines, each is
``text``, ``text:weight`` or ``text:weight:stop``, and ``^`` parts the scenes of a story.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from vqgan_space.images import to_tensor
from vqgan_space.models.clip import CLIP

MAX_CHARACTERS = 1000
NO_STOP = -math.inf
_LARGEST_WEIGHT = 100.0


@dataclass(frozen=True)
class Prompt:
    """What the picture is pulled towards, or with a negative weight, away from.

    Attributes:
        text: what CLIP reads.
        weight: how hard it pulls.
        stop: the distance (``losses.spherical_distance``, with the weight's sign) below which it
            no longer pulls.
        picture: a picture in place of the text, which then only names it.
    """

    text: str
    weight: float = 1.0
    stop: float = NO_STOP
    picture: Image.Image | None = None


@dataclass(frozen=True, eq=False)
class Target:
    """A prompt as a CLIP sees it.

    Attributes:
        name: the prompt's text.
        embedding: (D,), unit length.
        weight, stop: as in ``Prompt``.
    """

    name: str
    embedding: Tensor
    weight: float
    stop: float


def parse_prompts(text: str, weight: float = 1.0) -> list[Prompt]:
    """Prompts of one picture; those of weight 0 are left out.

    Args:
        text: prompts parted by ``|`` or by lines: "a snowy forest:1 | people:-0.5".
        weight: of prompts that name none.

    Raises:
        ValueError: too long a text, or a weight or stop that is no number.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"This prompt has {len(text):,} characters: shorten it to {MAX_CHARACTERS:,} or fewer."
        )
    parts = [part.strip() for line in text.splitlines() for part in line.split("|")]
    prompts = [_parse(part, weight) for part in parts if part]
    return [prompt for prompt in prompts if prompt.weight]


def parse_story(text: str) -> list[list[Prompt]]:
    """The scenes of a story, each its prompts: "a summer meadow ^ a snowy meadow".

    Raises:
        ValueError: as ``parse_prompts``.
    """
    if len(text) > MAX_CHARACTERS:
        parse_prompts(text)
    scenes = [parse_prompts(scene) for scene in text.split("^")]
    return [scene for scene in scenes if scene]


def check_scenes(scenes: Sequence[Sequence[Prompt]]) -> None:
    """Raises ``ValueError`` where there is nothing to pull a picture towards."""
    if not scenes or not all(scenes):
        raise ValueError("Write what the picture should show first.")
    for scene in scenes:
        if all(prompt.weight < 0 for prompt in scene):
            raise ValueError(
                "Every prompt pushes the picture away: give at least one a weight above 0."
            )


def embed_prompts(clip: CLIP, prompts: Sequence[Prompt]) -> list[Target]:
    """Prompts as a CLIP sees them; texts of several sentences are the mean of their sentences."""
    with torch.no_grad():
        return [
            Target(prompt.text, _embed(clip, prompt).clone(), prompt.weight, prompt.stop)
            for prompt in prompts
        ]


def unknown_words(clip: CLIP, scenes: Sequence[Sequence[Prompt]]) -> list[str]:
    """The words of all texts that a CLIP doesn't know, once each."""
    texts = [prompt.text for scene in scenes for prompt in scene if prompt.picture is None]
    return list(dict.fromkeys(word for text in texts for word in clip.unknown_words(text)))


def _embed(clip: CLIP, prompt: Prompt) -> Tensor:
    if prompt.picture is None:
        return clip.embed_long_text(prompt.text)
    return clip.embed_pictures(to_tensor(prompt.picture).to(clip.device))[0]


def _parse(part: str, weight: float) -> Prompt:
    numbers: list[float] = []
    text = part
    while len(numbers) < 2 and ":" in text:
        before, _, after = text.rpartition(":")
        value = _number(after)
        if value is None:
            if (after.strip() and " " in after.strip()) or after.startswith(" "):
                break  # a colon of the text itself
            raise ValueError(
                f"{after.strip()!r} is no weight: end a prompt with a number, such as "
                f'"{before.strip() or "a lake"}:0.5".'
            )
        numbers.insert(0, value)
        text = before
    if not text.strip():
        raise ValueError(f"There is no text before the weight in {part!r}: write one.")
    weight = numbers[0] if numbers else weight
    stop = numbers[1] if len(numbers) > 1 else NO_STOP
    if not math.isfinite(weight) or abs(weight) > _LARGEST_WEIGHT:
        raise ValueError(f"The weight of {text.strip()!r} must be a number from -100 to 100.")
    if math.isnan(stop):
        raise ValueError(f"The stop of {text.strip()!r} must be a number.")
    return Prompt(text.strip(), weight, stop)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
