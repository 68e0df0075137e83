"""Captions say what the attributes hold, the long ones all of it, in plain and varied English."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from vqgan_space.data.scenes.attributes import OBJECTS, Attributes, draw_attributes
from vqgan_space.data.scenes.captioning.captions import Captions, captions, mentions

SEEDS = 1000
# Read by eye, not by the table that writes: who says this word must mean one of these.
MEANINGS = {
    r"snow(?!y? ?flak| ?fall| falls| is falling)|laden": lambda a: (
        a.ground == "snow" or a.weather == "snowfall"
    ),
    r"snowflake|snow falls|snow is falling|falling snow": lambda a: a.weather == "snowfall",
    r"winter": lambda a: a.season == "winter",
    r"spring": lambda a: a.season == "spring",
    r"summer": lambda a: a.season == "summer",
    r"autumn|golden|colourful (?!flowers)": lambda a: a.season == "autumn",
    r"night|moon|stars|starry|after dark": lambda a: a.time == "night",
    r"noon|midday|daylight|sunshine|blue sky|\bsun shines": lambda a: a.time == "noon",
    r"dusk|sunset|evening|twilight|goes down": lambda a: a.time == "dusk",
    r"dawn|sunrise|daybreak|morning": lambda a: a.time == "dawn",
    r"stars|starry": lambda a: a.weather in ("clear", "wispy"),
    r"moon|goes down": lambda a: a.weather in ("clear", "wispy", "cloudy"),
    r"\bfog|\bmist": lambda a: a.weather == "fog",
    r"\brain": lambda a: a.weather == "rain",
    r"storm": lambda a: a.weather == "storm",
    r"\bthin|feathery|wispy": lambda a: a.weather == "wispy",
    r"frozen|\bice|\bicy": lambda a: a.frozen,
    r"\blake|lakeside": lambda a: a.water == "lake",
    r"river|stream|\bbank": lambda a: a.water == "river",
    r"\bsea\b|ocean|coast|waves": lambda a: a.water == "sea",
    r"water|shore": lambda a: a.water != "none",
    r"desert|dunes": lambda a: a.ground == "sand" and a.water == "none",
    r"beach|sandy shore": lambda a: a.ground == "sand" and a.water != "none",
    r"\bsand": lambda a: a.ground == "sand",
    r"meadow|grass|in the field": lambda a: a.ground == "meadow",
    r"rocky|bare rock|stony": lambda a: a.ground == "rock",
    r"mountain|peak": lambda a: a.relief == "mountains",
    r"hill": lambda a: a.relief == "hills",
    r"plain|flat": lambda a: a.relief == "plain",
    r"forest|woods": lambda a: a.forest != "none",
    r"(spruce|fir|conifer)(?! (forest|woods))": lambda a: "spruce" in a.objects,
    r"(spruce|fir) (forest|woods)": lambda a: a.forest == "spruce",
    r"mixed": lambda a: a.forest == "mixed",
    r"bare (?!rock|sand|spruce|fir)": lambda a: a.season == "winter",
    r"\bboats?\b|sailboat|rowboat": lambda a: a.objects & {"rowing boat", "sailing boat"},
    r"house|cottage|cabin": lambda a: "house" in a.objects,
    r"church|chapel": lambda a: "church" in a.objects,
    r"birds": lambda a: "birds" in a.objects,
    r"sheep": lambda a: "sheep" in a.objects,
    r"cows|cattle": lambda a: "cow" in a.objects,
    r"\broad\b|\bpath\b|\btrack\b": lambda a: "road" in a.objects,
}


@pytest.fixture(scope="module")
def drawn() -> list[tuple[Attributes, Captions]]:
    scenes = [draw_attributes(seed) for seed in range(SEEDS)]
    return [(attributes, captions(attributes, seed)) for seed, attributes in enumerate(scenes)]


def make(**changes: object) -> Attributes:
    values = {
        "season": "winter", "time": "dusk", "weather": "clear", "relief": "mountains",
        "ground": "snow", "water": "lake", "frozen": True, "forest": "none",
        "objects": frozenset({"spruce"}),
    }  # fmt: skip
    return Attributes(**{**values, **changes})  # type: ignore[arg-type]


def test_every_claim_agrees_with_the_attributes(drawn: list[tuple[Attributes, Captions]]) -> None:
    for attributes, text in drawn:
        for caption in (text.short, text.long):
            for key, values in mentions(caption).items():
                if key == "objects":
                    assert values <= attributes.objects, caption
                else:
                    assert getattr(attributes, key) in values, (caption, key)


def test_words_mean_what_a_reader_takes_them_for(
    drawn: list[tuple[Attributes, Captions]],
) -> None:
    seen: Counter[str] = Counter()
    for attributes, text in drawn:
        for caption in (text.short, text.long.lower()):
            for pattern, holds in MEANINGS.items():
                if re.search(pattern, caption):
                    seen[pattern] += 1
                    assert holds(attributes), (pattern, caption, attributes)
    assert not set(MEANINGS) - set(seen)


def test_long_captions_leave_nothing_out(drawn: list[tuple[Attributes, Captions]]) -> None:
    for attributes, text in drawn:
        said = mentions(text.long)
        assert said.get("objects", set()) == attributes.objects, text.long
        named = {"season", "time", "weather", "ground"}
        named |= {key for key in ("water", "forest") if getattr(attributes, key) != "none"}
        if attributes.relief != "plain":
            named.add("relief")
        assert named <= set(said), (named - set(said), text.long)
        if attributes.frozen:
            assert said["frozen"] == {True}


def test_captions_are_well_formed(drawn: list[tuple[Attributes, Captions]]) -> None:
    for _, text in drawn:
        sentences = text.long.removesuffix(".").split(". ")
        assert 2 <= len(sentences) <= 4 and text.long.endswith("."), text.long
        assert all(sentence[0].isupper() for sentence in sentences)
        assert max(len(sentence.split()) for sentence in sentences) <= 24, text.long
        assert 4 <= len(text.short.split()) <= 14, text.short
        assert text.short == text.short.lower() and "." not in text.short
        for caption in (text.short, text.long):
            assert not re.search(r"  | [,.]|[,.]{2}|,\w|, and,|,$", caption), caption
            assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", caption, re.IGNORECASE), caption
            assert not re.search(r"\b(\w+) \1\b|\b(the|a|an) (the|a|an)\b", caption), caption
            assert not re.search(r"\b(no|not|without|none)\b", caption), caption
        # Verbs agree with their subjects.
        assert not re.search(
            r"(?<!row of )\b(mountains|hills|peaks|birches|rocks|sheep|cows) (rises|stands|lies)\b",
            text.long,
        ), text.long


def test_captions_vary_within_a_moderate_vocabulary(
    drawn: list[tuple[Attributes, Captions]],
) -> None:
    assert len({text.short for _, text in drawn}) >= 600
    assert len({text.long for _, text in drawn}) >= 950
    words = {
        word
        for _, text in drawn
        for word in re.findall(r"[a-z-]+", f"{text.short} {text.long}".lower())
    }
    assert 150 < len(words) < 400
    same = [captions(make(), seed) for seed in range(200)]
    assert len({text.short for text in same}) > 60 and len({text.long for text in same}) > 150


def test_a_short_caption_seldom_says_a_word_twice(
    drawn: list[tuple[Attributes, Captions]],
) -> None:
    def repeats(caption: str) -> bool:
        stems = [word[:4] for word in re.findall("[a-z]+", caption) if len(word) > 4]
        return len(set(stems)) < len(stems)

    assert sum(repeats(text.short) for _, text in drawn) < SEEDS / 100


def test_the_same_words_in_every_process() -> None:
    """Sets of names have another order in each process; the captions do not follow it."""
    objects = frozenset({"spruce", "birch", "bush", "house", "birds"})
    text = captions(make(objects=objects), 5)
    assert text.short == "small bushes by a frozen lake on a clear winter evening"
    assert text.long == (
        "It is a winter evening under a clear sky. A frozen lake lies before distant mountains, "
        "with a snowy field in front. A flock of birds passes above. There are small bushes, "
        "silver birches, a snow-covered fir and a cabin in front."
    )


def test_spruces_in_snow_are_snowy_more_often_than_not() -> None:
    longs = [captions(make(), seed).long for seed in range(200)]
    snowy = r"snow\S* (spruce|fir|conifer)|(spruce|fir) (laden with|covered in) snow"
    assert sum(bool(re.search(snowy, text)) for text in longs) > 120
    meadow = make(ground="meadow", frozen=False)
    assert not any("snow" in captions(meadow, seed).long for seed in range(50))


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_can_lead_a_short_caption(name: str) -> None:
    attributes = draw_attributes(3, objects=name)
    named = [mentions(captions(attributes, seed).short).get("objects", set()) for seed in range(60)]
    assert any(name in objects for objects in named)


def test_many_objects_are_all_named_in_whole_sentences() -> None:
    wishes = [name for name in OBJECTS if name not in ("bridge", "rowing boat")]
    attributes = draw_attributes(1, objects=wishes, season="summer", water="lake", time="noon")
    for seed in range(20):
        text = captions(attributes, seed).long
        assert mentions(text)["objects"] == attributes.objects
        assert text.count(". ") <= 3


def test_reading_what_a_person_writes() -> None:
    said = mentions("A snow-covered spruce by a frozen lake at dusk")
    assert said == {
        "objects": {"spruce"}, "ground": {"snow"}, "water": {"lake"}, "frozen": {True},
        "time": {"dusk"},
    }  # fmt: skip
    assert mentions("a spruce forest at noon") == {"forest": {"spruce"}, "time": {"noon"}}
    assert mentions("a path into the mountains")["relief"] == {"mountains"}
    assert mentions("at noon on a starry night")["time"] == set()
    assert mentions("a purple elephant") == {}
