"""A scene in words: a short caption and a long one, made from its attributes alone.

Nothing is said that the attributes don't hold, and never what is not there. ``mentions`` reads a
text with the table that the captions are written from.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from ..attributes import Attributes
from .long_caption import LongCaption
from .short_caption import ShortCaption
from .words import mentions

__all__ = ["Captions", "captions", "mentions"]


@dataclass(frozen=True)
class Captions:
    """A scene in words.

    Attributes:
        short: a phrase of 4 to 14 words, without a full stop.
        long: two to four sentences with all that is worth saying, of at most 24 words where there
            are up to six objects.
    """

    short: str
    long: str


def captions(attributes: Attributes, seed: int) -> Captions:
    """The captions of a scene; the same attributes and seed, the same words."""
    random = Random(2 * seed + 1)  # not the numbers that drew the attributes
    return Captions(
        ShortCaption(attributes, random).write(), LongCaption(attributes, random).write()
    )
