"""A scene in one phrase of 4 to 14 words: its most telling things, where they are, and when."""

from __future__ import annotations

from collections.abc import Sequence

from .writer import AFLOAT, GRAZING, STANDING, Writer, joined, with_article, word_count

LONGEST = 14
# What a short caption would rather speak of.
TELLING = {
    "church": 5, "sailing boat": 5, "rowing boat": 4, "bridge": 4, "house": 4, "sheep": 4, "cow": 4,
    "flowers": 4, "spruce": 4, "birds": 2, "broadleaf": 3, "birch": 3, "road": 2.5, "fence": 2,
    "rock": 1.5, "bush": 1,
}  # fmt: skip


class ShortCaption(Writer):
    """Writes the short caption of a scene."""

    def write(self) -> str:
        """The most telling things, where they are, and when."""
        heroes = self._heroes()
        form = self.chance()
        if heroes and form < 0.6:
            return self._objects_first(heroes)
        return self._moment_first(heroes) if form < 0.8 else self._land_first(heroes)

    def _heroes(self) -> list[str]:
        """The objects in a random order, the telling ones in front more often than not."""
        # A set's own order differs from process to process.
        names = sorted(self.attributes.objects)
        return sorted(names, key=lambda name: -(self.chance() ** (1 / TELLING[name])))

    def _objects_first(self, heroes: list[str]) -> str:
        """A spruce and a house by a frozen lake at dusk."""
        hero = heroes[0]
        group = _group(hero)
        names = [hero] + [name for name in heroes[1:] if name in group][:1]
        if self.chance() < 0.5:
            del names[1:]
        text = joined([self.phrase(name) for name in names])
        places = [self.fresh(kind) for kind in self._places(hero)]
        return self._finished(text, [place for place in places if place])

    def _places(self, hero: str) -> list[str]:
        """Kinds of phrases that say where an object is, one or two of them."""
        a = self.attributes
        by = ["by"] if a.water != "none" else []
        back = [] if self.open_sea else ["below"]
        if hero in AFLOAT:
            places = ["on"]
        elif hero == "bridge":
            places = ["over"]
        elif hero == "road":
            places = ["over"] if "bridge" in a.objects else ["through", *by]
            back = [] if self.open_sea or "bridge" in a.objects else ["towards"]
        elif hero == "birds":
            return ["above"]
        elif hero in ("flowers", *GRAZING):
            places = ["in", *by[: self.chance() < 0.4]]
        else:
            places = [*by, "in"]
            if len(places) == 2 and self.chance() < 0.4:
                places.reverse()
            places = places[:1]
        if self.chance() < 0.45:
            places = [*places[:1], *back]
        return places[: 1 + (self.chance() < 0.5)]

    def _moment_first(self, heroes: list[str]) -> str:
        """A misty autumn morning by a river, with a bridge and birches."""
        text = self._moment("part", "hour")
        a = self.attributes
        kinds = ["in"] + (["by"] if a.water != "none" else [])
        place = self.phrase(*kinds, *([] if self.open_sea else ["below"]))
        parts = []
        if heroes:
            named = [self.phrase(name) for name in heroes[: 1 + (self.chance() < 0.5)]]
            parts = [f"with {joined(named)}"]
        if not self._has_mood(text) and self.chance() < 0.5:
            parts.insert(0, self.fresh("sky"))
        return _fitting(f"{text} {place}", [part for part in parts if part])

    def _land_first(self, heroes: list[str]) -> str:
        """A frozen lake below the mountains with a cottage at dusk."""
        a = self.attributes
        kinds = [["water"]] if a.water != "none" else [["ground"]]
        if a.forest != "none":
            kinds.append(["forest"])
        text = self.phrase(*kinds[int(self.chance() * len(kinds))])
        if not self.open_sea and not (a.water == "none" and a.relief == "plain"):
            text = f"{text} {self.phrase('below')}"
        elif a.water != "none":
            text = f"{text} and {self.phrase('ground')}"
        extra = []
        if heroes and self.chance() < 0.6:
            extra = [f"with {self.phrase(heroes[0])}"]
        return self._finished(text, extra)

    def _finished(self, text: str, places: list[str]) -> str:
        """With places, and one or two of these: when, in which season, under which sky."""
        form = self.chance()
        if form < 0.25:
            tails = [f"on {self._moment('part')}"]
        else:
            kinds = self.shuffled(("when", "when", "season", "sky"))
            wanted = list(dict.fromkeys(kinds))[: 1 + (self.chance() < 0.55)]
            tails = [self.fresh(kind) for kind in sorted(wanted, key=self._tail_order)]
            tails = [tail for tail in tails if tail] or [self.phrase("when")]
        in_front = form > 0.85
        if in_front:
            text = f"{tails.pop(0)}, {text}"
        parts: list[str] = []
        for part in [*places, *tails]:
            # "in the snow in winter in the fog" is once too often.
            if not parts or part.split()[0] != parts[-1].split()[0]:
                parts.append(part)
        if tails and parts == places and not in_front:
            return _fitting(f"{tails[0]}, {text}", places)
        return _fitting(text, parts)

    def _tail_order(self, kind: str) -> float:
        """Mostly when, then under which sky, then in which season."""
        return {"when": 0.5, "season": 1.0, "sky": 0.7}[kind] * (0.5 + self.chance())

    def _moment(self, *kinds: str) -> str:
        """A clear winter night; without its adjective at times, and where none fits."""
        season, part = f"{self.attributes.season} ", self.phrase(*kinds)
        mood = ""
        if self.chance() < 0.7 and self.has("mood", "light"):
            mood = f"{self.phrase('mood', 'light')} "
        if mood and season[:4] in self.said:
            season = ""
        self.said.add(season[:4])
        return with_article(f"{mood}{season}{part}")

    def _has_mood(self, moment: str) -> bool:
        return moment.count(" ") == 3


def _group(name: str) -> Sequence[str]:
    return next((group for group in (STANDING, GRAZING, AFLOAT) if name in group), (name,))


def _fitting(text: str, parts: Sequence[str]) -> str:
    """``text`` and those of the parts that leave it short enough, the last ones first."""
    room = LONGEST - word_count(text)
    kept = []
    for part in reversed(parts):
        if word_count(part) <= room:
            kept.append(part)
            room -= word_count(part)
    return " ".join([text, *reversed(kept)])
