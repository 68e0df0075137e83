"""The clothes of Fashion-MNIST that a text names, as classes."""

from __future__ import annotations

import re
from dataclasses import dataclass

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
# Words of each class. "Shirt" alone is class 6, as Fashion-MNIST's own names have it.
WORDS: dict[str, int] = {
    "t-shirt": 0,
    "top": 0,
    "trouser": 1,
    "pants": 1,
    "pullover": 2,
    "sweater": 2,
    "hoodie": 2,
    "dress": 3,
    "coat": 4,
    "jacket": 4,
    "sandal": 5,
    "shirt": 6,
    "sneaker": 7,
    "shoe": 7,
    "bag": 8,
    "ankle boot": 9,
    "boot": 9,
}
LONGEST_TEXT = 1000
# Written otherwise than with an s at the end.
_ALSO = {"t-shirt": r"t[\s-]?shirts?", "dress": r"dress(?:es)?", "pants": r"pants?"}


@dataclass(frozen=True)
class Match:
    """A word of a text and the class that it names.

    Attributes:
        text: as it was written.
        word: the word of ``WORDS`` that it is.
        label: its class, 0 to 9.
        start: where in the text it begins.
    """

    text: str
    word: str
    label: int
    start: int


def _pattern(word: str) -> str:
    if word in _ALSO:
        return _ALSO[word]
    return r"\s+".join(map(re.escape, word.split())) + "s?"


# The longest word first: "ankle boots" is not "boot", nor "t-shirt" "shirt".
_ORDERED = sorted(WORDS, key=len, reverse=True)
_ANY = re.compile(
    "|".join(
        rf"(?<![^\W_])(?P<w{at}>{_pattern(word)})(?![^\W_])" for at, word in enumerate(_ORDERED)
    ),
    re.IGNORECASE,
)


def find_classes(text: str) -> list[Match]:
    """Every piece of clothing that a text names, in its order; one named twice is there twice.

    Whole words count, in any case, in singular or plural.

    Raises:
        ValueError: an empty text, one of over 1,000 characters, or none of the known words in it.
    """
    if not text or not text.strip():
        raise ValueError(f"Write what to make, in these words: {known_words()}.")
    if len(text) > LONGEST_TEXT:
        raise ValueError(
            f"The text has {len(text):,} characters: write a short one, of at most "
            f"{LONGEST_TEXT:,}."
        )
    found = []
    for match in _ANY.finditer(text):
        word = _ORDERED[int((match.lastgroup or "w0")[1:])]
        found.append(Match(match[0], word, WORDS[word], match.start()))
    if not found:
        raise ValueError(f"There is no known piece of clothing in the text: use {known_words()}.")
    return found


def known_words() -> str:
    """All words, to be read: "t-shirt, top, trouser, ... or boot"."""
    *words, last = WORDS
    return f"{', '.join(words)} or {last}"
