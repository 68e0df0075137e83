"""What short and long captions share: choosing phrases, and a little grammar."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from random import Random

from ..attributes import Attributes
from .words import LEADING, options

STANDING = ("house", "church", "spruce", "broadleaf", "birch", "bush", "rock")
GRAZING = ("sheep", "cow")
AFLOAT = ("rowing boat", "sailing boat")


class Writer:
    """Chooses phrases about a scene so that no word comes twice close together.

    Attributes:
        attributes: of the scene.
        chance: a random number in [0, 1).
        said: beginnings of the words that were said of late.
        open_sea: whether nothing but the sea reaches to the horizon.
    """

    def __init__(self, attributes: Attributes, random: Random) -> None:
        self.attributes = attributes
        self.chance = random.random
        self.said: set[str] = set()
        self.open_sea = attributes.water == "sea" and attributes.relief == "plain"

    def phrase(self, *kinds: str) -> str:
        """One of the phrases of those kinds, of words that were not said yet if there are any."""
        return self.pick([each for kind in kinds for each in options(kind, self.attributes)])

    def pick(self, found: Sequence[str]) -> str:
        """One of them, of words that were not said yet if there are any."""
        return self._unsaid(found) or self._say(found[int(self.chance() * len(found))])

    def fresh(self, *kinds: str) -> str:
        """As ``phrase``, but empty where each would repeat a word."""
        return self._unsaid([each for kind in kinds for each in options(kind, self.attributes)])

    def _unsaid(self, found: Sequence[str]) -> str:
        start = int(self.chance() * len(found))
        for number in range(len(found)):
            phrase = found[(start + number) % len(found)]
            if self.said.isdisjoint(_stems(phrase)):
                return self._say(phrase)
        return ""

    def _say(self, phrase: str) -> str:
        self.said |= _stems(phrase)
        return phrase

    def one_of(self, *choices: str) -> str:
        """One of them, said before or not."""
        return choices[int(self.chance() * len(choices))]

    def shuffled(self, items: Sequence[str]) -> list[str]:
        """The items in a random order."""
        return sorted(items, key=lambda _: self.chance())

    def has(self, *kinds: str) -> bool:
        """Whether there is a phrase of one of those kinds."""
        return any(options(kind, self.attributes) for kind in kinds)


def joined(parts: Sequence[str]) -> str:
    """One; one and two; one, two and three."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def singular(noun: str) -> bool:
    return noun.startswith(("a ", "an "))


def agreeing(noun: str, verb: str) -> str:
    """The verb as its subject wants it."""
    if not singular(noun):
        return verb
    return f"{verb}es" if verb.endswith("s") else f"{verb}s"


def sentence_of(nouns: Sequence[str], verb: str) -> str:
    return f"{joined(nouns)} {agreeing(nouns[0], verb) if len(nouns) == 1 else verb}"


def with_article(phrase: str) -> str:
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def word_count(text: str) -> int:
    return text.count(" ") + 1


@lru_cache(maxsize=1024)
def _stems(phrase: str) -> frozenset[str]:
    """The beginnings of a phrase's words, by which "snow" and "snowy" are one word."""
    words = phrase.replace("-", " ").split()
    return frozenset(word[:4] for word in words if word not in LEADING and len(word) > 2)
