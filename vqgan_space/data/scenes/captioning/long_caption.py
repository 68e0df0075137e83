"""A scene in two to four sentences: when and in which weather, the land, and every object."""

from __future__ import annotations

from .writer import (
    AFLOAT,
    GRAZING,
    STANDING,
    Writer,
    agreeing,
    joined,
    sentence_of,
    singular,
    with_article,
    word_count,
)

LONGEST = 24
HERE = ("nearby", "in front", "close by")


class LongCaption(Writer):
    """Writes the long caption of a scene."""

    def write(self) -> str:
        """When and in which weather; the land; the objects."""
        first, whole = self._conditions()
        land = self._land()
        opening = f"on {first}, {land}"
        merge = whole and self.chance() < 0.4 and not land.startswith("in front")
        if merge and word_count(opening) <= LONGEST:
            sentences = [opening]
        elif self.chance() < 0.65:
            sentences = [self._weather_sentence(first, whole), land]
        else:
            sentences = [land, self._weather_sentence(first, whole)]
        objects = self._object_sentences(4 - len(sentences))
        if len(sentences) == 1 and not objects:
            sentences = [f"it is {first}", land]
        return " ".join(f"{text[0].upper()}{text[1:]}." for text in [*sentences, *objects])

    def _conditions(self) -> tuple[str, bool]:
        """Season and part of the day, and whether the weather is said with them."""
        whole = self.has("mood") and self.chance() < 0.5
        mood = f"{self.phrase('mood')} " if whole else ""
        return with_article(f"{mood}{self.attributes.season} {self.phrase('part')}"), whole

    def _weather_sentence(self, moment: str, whole: bool) -> str:
        if whole:
            return f"it is {moment}"
        self.said = set()
        form = self.chance()
        if form < 0.3:
            return f"it is {moment} {self.phrase('sky')}"
        clause = self.phrase("clause")
        if form < 0.55:
            return f"on {moment}, {clause}"
        if form < 0.8:
            return f"it is {self.phrase('hour')} {self.phrase('season')}, and {clause}"
        return f"{clause} {self.phrase('when')} {self.phrase('season')}"

    def _land(self) -> str:
        """Waters, ground, forest and what rises behind, in one sentence."""
        a = self.attributes
        self.said = set()
        ground = self.phrase("ground")
        forest = self.phrase("forest") if a.forest != "none" else ""
        relief = "" if self.open_sea else self.phrase("relief")
        if a.water == "none":
            return self._dry_land(ground, forest, relief)
        water = self.phrase("water")
        far = [part for part in (forest, relief) if part]
        form = self.chance()
        if form < 0.3 and relief:
            place = "on" if a.relief == "plain" else "before"
            wood = f"{forest} behind it and " if forest else ""
            return f"{water} lies {place} {relief}, with {wood}{ground} in front"
        if form < 0.55 and relief and a.relief != "plain":
            beyond = "beyond" if a.water == "sea" else "behind"
            rise = agreeing(relief, self._rise())
            return f"{relief} {rise} {beyond} {joined([*far[:-1], water])}, with {ground} in front"
        if form < 0.75 and far:
            return f"in front lies {ground}, then {water}, and behind it {joined(far)}"
        lies = self.one_of("lies beside", "reaches down to", "borders")
        return f"{ground} {lies} {water}{self._background(far)}"

    def _dry_land(self, ground: str, forest: str, relief: str) -> str:
        wood = [forest] if forest else []
        form = self.chance()
        if self.attributes.relief == "plain":
            lies = self.one_of("covers", "lies on")
            return f"{ground} {lies} {relief}{self._background(wood)}"
        if form < 0.35:
            rise = agreeing(relief, self._rise())
            return f"{relief} {rise} behind {joined([*wood, ground])}"
        far = joined([*wood, relief])
        if form < 0.7:
            return f"{ground} {self.one_of('stretches towards', 'lies before')} {far}"
        return f"in front lies {ground}, and behind it {far}"

    def _rise(self) -> str:
        return self.one_of("rise", "tower" if self.attributes.relief == "mountains" else "rise")

    def _background(self, far: list[str]) -> str:
        if not far:
            return ""
        distant = "dist" not in self.said and self.chance() < 0.5
        return f", with {joined(far)} {'in the distance' if distant else 'behind'}"

    def _object_sentences(self, most: int) -> list[str]:
        """All objects, in at most ``most`` sentences."""
        sentences = self._tell_objects(most, brief=len(self.attributes.objects) > 4)
        if any(word_count(sentence) > LONGEST for sentence in sentences):
            return self._tell_objects(most, brief=True)
        return sentences

    def _tell_objects(self, most: int, brief: bool) -> list[str]:
        self.said = set()
        clauses = self.shuffled(self._clauses(brief))
        if not clauses:
            return []
        several = brief or len(clauses) > 2 or self.chance() < 0.5
        count = min(most, len(clauses), 2 if several else 1)
        share = -(-len(clauses) // count)
        return [
            self._sentence(clauses[start : start + share])
            for start in range(0, len(clauses), share)
        ]

    def _sentence(self, clauses: list[str]) -> str:
        if len(clauses) == 2:
            link = ", and " if clauses[1].startswith("there") else self.one_of(", and ", " while ")
            return f"{clauses[0]}{link}{clauses[1]}"
        return ", and ".join([", ".join(clauses[:-1]), clauses[-1]]) if clauses[1:] else clauses[0]

    def _clauses(self, brief: bool) -> list[str]:
        """A clause for each group of objects that do the same."""
        a = self.attributes
        clauses = []
        standing = [name for name in STANDING if name in a.objects]
        if standing:
            clauses.append(self._standing(self.shuffled(standing), brief))
        afloat = [self.phrase(name) for name in AFLOAT if name in a.objects]
        if afloat:
            verb = self.one_of("float", "drift", "lie")
            clauses.append(f"{sentence_of(afloat, verb)} on {self.phrase('the water')}")
        if {"road", "bridge"} <= a.objects:
            road, bridge = self.phrase("road"), self.phrase("bridge")
            clauses.append(f"{road} leads over {bridge}")
        elif "bridge" in a.objects:
            over = self.one_of("spans", "crosses", "leads over")
            clauses.append(f"{self.phrase('bridge')} {over} {self.phrase('the water')}")
        elif "road" in a.objects:
            road = self.phrase("road")
            runs = self.one_of("leads", "runs", "leads" if "wind" in self.said else "winds")
            clauses.append(f"{road} {runs} {self.phrase('through')}")
        if "fence" in a.objects:
            fence = self.phrase("fence")
            place = self.one_of(f"stands {self.phrase('in the')}", f"runs {self.phrase('through')}")
            clauses.append(f"{fence} {'runs past' if brief else place}")
        grazing = [self.phrase(name) for name in GRAZING if name in a.objects]
        if grazing:
            place = self.pick(HERE) if brief else self.phrase("in the")
            verb = "stand" if "graz" in self.said else "graze"
            clauses.append(f"{sentence_of(grazing, verb)} {place}")
        if "flowers" in a.objects:
            place = self.pick(HERE) if brief else self.phrase("in the")
            clauses.append(f"{self.phrase('flowers')} bloom {place}")
        if "birds" in a.objects:
            birds, verb = self.phrase("birds"), self.one_of("pass", "circle")
            clauses.append(f"{birds} {agreeing(birds, verb)} {self.one_of('overhead', 'above')}")
        return clauses

    def _standing(self, names: list[str], brief: bool) -> str:
        named = [self.phrase(name) for name in names]
        kinds = ["in the"] + (["by the"] if self.attributes.water != "none" else [])
        place = self.pick(HERE) if brief else self.phrase(*kinds)
        if set(names) == {"rock"}:
            return f"{named[0]} lie {place}"
        if "rock" in names or "bush" in names or self.chance() < 0.2:
            named.sort(key=singular)  # "there are birches and a house", not the other way round
            be = "is" if singular(named[0]) else "are"
            return f"there {be} {joined(named)} {place}"
        return f"{sentence_of(named, 'stand')} {place}"
