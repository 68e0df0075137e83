"""The words of captions, and what each claims.

One table for both directions: a phrase may be written of a scene whose attributes agree with its
claims (``options``), and a phrase that is read makes the same claims (``mentions``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..attributes import Attributes

Claims = Mapping[str, tuple[Any, ...]]

# They claim nothing by themselves and are cut off a phrase's start.
LEADING = frozenset((
    "a", "an", "the", "in", "on", "at", "by", "as", "under", "beneath", "near", "beside", "over",
    "above", "across", "among", "through", "towards", "into", "before", "below", "along",
))  # fmt: skip

SUN: Claims = {"weather": ("clear", "wispy", "cloudy")}
STARS: Claims = {"time": ("night",), "weather": ("clear", "wispy")}
SNOW: Claims = {"ground": ("snow",)}
GREEN: Claims = {"season": ("spring", "summer")}
AUTUMN: Claims = {"season": ("autumn",)}
WINTER: Claims = {"season": ("winter",)}
LAKE: Claims = {"water": ("lake",), "frozen": (False,)}
RIVER: Claims = {"water": ("river",), "frozen": (False,)}
SEA: Claims = {"water": ("sea",)}
ICY_LAKE: Claims = {"water": ("lake",), "frozen": (True,)}
ICY_RIVER: Claims = {"water": ("river",), "frozen": (True,)}
MOUNTAINS: Claims = {"relief": ("mountains",)}
HILLS: Claims = {"relief": ("hills",)}
# The sea hides the plain behind it.
PLAIN: Claims = {"relief": ("plain",), "water": ("none", "lake", "river")}
MEADOW: Claims = {"ground": ("meadow",)}
BEACH: Claims = {"ground": ("sand",), "water": ("lake", "sea")}
SANDBANK: Claims = {"ground": ("sand",), "water": ("river",)}
DESERT: Claims = {"ground": ("sand",), "water": ("none",)}
ROCK: Claims = {"ground": ("rock",)}
SNOWY_SPRUCE: Claims = {"objects": ("spruce",), "ground": ("snow",)}


def _time(name: str) -> Claims:
    return {"time": (name,)}


def _weather(name: str) -> Claims:
    return {"weather": (name,)}


def _forest(name: str) -> Claims:
    return {"forest": (name,)}


def _object(name: str) -> Claims:
    return {"objects": (name,)}


# Kind of phrase, what it claims, the phrases.
TABLE: tuple[tuple[str, Claims, str], ...] = (
    ("season", {"season": ("spring",)}, "in spring"),
    ("season", {"season": ("summer",)}, "in summer"),
    ("season", AUTUMN, "in autumn"),
    ("season", WINTER, "in winter"),
    # When: at the end or the start of a caption.
    ("when", _time("dawn"), "at dawn|at sunrise|at daybreak|in the early morning"),
    ("when", _time("noon"), "at noon|at midday|by day"),
    ("when", {**_time("noon"), **SUN}, "in broad daylight"),
    ("when", _time("dusk"), "at dusk|at sunset|in the evening|at twilight"),
    ("when", {**_time("dusk"), **SUN}, "as the sun goes down"),
    ("when", _time("night"), "at night|after dark|by night"),
    ("when", {**_time("night"), **SUN}, "by moonlight|in the moonlight"),
    ("when", STARS, "on a starry night|under the stars"),
    # Part of the day: after an adjective or "on a", and by itself.
    ("part", _time("dawn"), "morning"),
    ("part", _time("noon"), "day"),
    ("part", _time("dusk"), "evening"),
    ("part", _time("night"), "night"),
    ("hour", _time("dawn"), "dawn|daybreak|sunrise"),
    ("hour", _time("noon"), "noon|midday"),
    ("hour", _time("dusk"), "dusk|sunset|twilight|evening"),
    ("hour", _time("night"), "night"),
    # Weather as an adjective, behind words, and as a clause.
    ("light", STARS, "starry"),
    ("light", {**_time("night"), **SUN}, "moonlit"),
    ("mood", _weather("clear"), "clear"),
    ("mood", {**_weather("clear"), **_time("noon")}, "sunny|bright"),
    ("mood", _weather("cloudy"), "cloudy"),
    ("mood", _weather("overcast"), "overcast|gloomy"),
    ("mood", _weather("fog"), "foggy|misty"),
    ("mood", _weather("rain"), "rainy|wet"),
    ("mood", _weather("storm"), "stormy"),
    ("sky", _weather("clear"), "under a clear sky|in clear weather|beneath a clear sky"),
    ("sky", {**_weather("clear"), **_time("noon")}, "under a blue sky|in bright sunshine"),
    ("sky", _weather("cloudy"), "under drifting clouds|under a cloudy sky|under fluffy clouds"),
    ("sky", _weather("wispy"), "under thin clouds|under wispy clouds|beneath feathery clouds"),
    ("sky", _weather("wispy"), "under high thin clouds"),
    ("sky", _weather("overcast"), "under an overcast sky|under a heavy grey sky|under low clouds"),
    ("sky", _weather("fog"), "in the fog|in thick fog|in the mist"),
    ("sky", _weather("rain"), "in the rain|in pouring rain|under rain clouds"),
    ("sky", _weather("snowfall"), "in falling snow|as snow falls|in a flurry of snowflakes"),
    ("sky", _weather("storm"), "under dark storm clouds|in a thunderstorm|in a storm"),
    ("clause", _weather("clear"), "the sky is clear|a clear sky spans the land"),
    ("clause", {**_weather("clear"), **_time("noon")}, "the sun shines in a blue sky"),
    ("clause", {**_weather("clear"), **_time("night")}, "stars shine in a clear sky"),
    ("clause", _weather("cloudy"), "fluffy clouds drift past|heaps of clouds drift across the sky"),
    ("clause", _weather("wispy"), "thin clouds cross the sky|feathery clouds streak the sky"),
    ("clause", _weather("wispy"), "high thin clouds drift past"),
    ("clause", _weather("overcast"), "low clouds cover the sky|the sky is overcast"),
    ("clause", _weather("fog"), "thick fog lies over the land|mist hangs over the land"),
    ("clause", _weather("rain"), "rain falls|rain pours from the clouds"),
    ("clause", _weather("snowfall"), "snow is falling|snowflakes drift down"),
    ("clause", _weather("storm"), "dark storm clouds gather|a thunderstorm draws near"),
    # Waters by themselves, and what is by, on and over them.
    ("water", LAKE, "a lake"),
    ("water", {**LAKE, **MOUNTAINS}, "a mountain lake"),
    ("water", RIVER, "a river|a winding river|a stream"),
    ("water", SEA, "the sea|the ocean|the open sea"),
    ("water", ICY_LAKE, "a frozen lake|an icy lake|an ice-covered lake"),
    ("water", ICY_RIVER, "a frozen river|an icy river|a frozen stream"),
    ("by", LAKE, "by a lake|beside a lake|near a lake|on the shore of a lake"),
    ("by", RIVER, "by a river|beside a river|on the bank of a river|by a stream"),
    ("by", SEA, "by the sea|near the sea|by the ocean|on the coast"),
    ("by", ICY_LAKE, "by a frozen lake|near an icy lake|on the shore of a frozen lake"),
    ("by", ICY_RIVER, "by a frozen river|beside an icy river|near a frozen stream"),
    ("on", LAKE, "on a lake|on the lake"),
    ("on", {**LAKE, **MOUNTAINS}, "on a mountain lake"),
    ("on", RIVER, "on a river|on a stream"),
    ("on", SEA, "on the sea|on the open sea|on the ocean"),
    ("over", RIVER, "over a river|over a stream|across a river"),
    ("over", ICY_RIVER, "over a frozen river|over an icy river|across a frozen stream"),
    ("above", LAKE, "over a lake|above the lake"),
    ("above", RIVER, "over a river|above the river"),
    ("above", SEA, "over the sea|above the ocean"),
    ("above", ICY_LAKE, "over a frozen lake|above an icy lake"),
    ("above", ICY_RIVER, "over a frozen river|above an icy river"),
    ("above", MOUNTAINS, "over the mountains|above high mountains"),
    ("above", HILLS, "over the hills|above rolling hills"),
    ("above", PLAIN, "over a wide plain|over flat land"),
    ("by the", LAKE, "by the lake|near the lake|on the shore|by the water"),
    ("by the", RIVER, "by the river|near the river|on the bank|by the water"),
    ("by the", SEA, "by the sea|near the sea|on the shore|by the water"),
    ("by the", ICY_LAKE, "by the ice|near the lake|on the shore"),
    ("by the", ICY_RIVER, "by the ice|near the river|on the bank"),
    ("the water", LAKE, "the lake|the water"),
    ("the water", RIVER, "the river|the water"),
    ("the water", SEA, "the sea|the waves"),
    ("the water", ICY_LAKE, "the ice|the frozen lake"),
    ("the water", ICY_RIVER, "the ice|the frozen river"),
    # What rises behind.
    ("relief", MOUNTAINS, "high mountains|a mountain range|distant mountains|steep peaks"),
    ("relief", HILLS, "rolling hills|gentle hills|low hills|a row of hills"),
    ("relief", {**HILLS, **SNOW}, "snowy hills|snow-covered hills"),
    ("relief", PLAIN, "a wide plain|flat land|open flat land"),
    ("below", MOUNTAINS, "below the mountains|at the foot of the mountains"),
    ("below", MOUNTAINS, "before high mountains|below steep peaks"),
    ("below", HILLS, "among the hills|before rolling hills|below gentle hills"),
    ("below", {**HILLS, **SNOW}, "among snowy hills"),
    ("below", PLAIN, "on a wide plain|on flat land|on a plain"),
    ("towards", MOUNTAINS, "towards the mountains|into the mountains"),
    ("towards", HILLS, "into the hills|towards low hills"),
    ("towards", PLAIN, "across a wide plain|across flat land"),
    ("forest", _forest("spruce"), "a spruce forest|a fir forest|a dark spruce forest|fir woods"),
    ("forest", {**_forest("spruce"), **SNOW}, "a snowy spruce forest|a snow-covered fir forest"),
    ("forest", _forest("broadleaf"), "a broad-leaved forest|broad-leaved woods"),
    ("forest", {**_forest("broadleaf"), **GREEN}, "a leafy forest|green broad-leaved woods"),
    ("forest", {**_forest("broadleaf"), **AUTUMN}, "a golden forest|colourful autumn woods"),
    ("forest", {**_forest("broadleaf"), **WINTER}, "a bare forest|bare winter woods"),
    ("forest", _forest("mixed"), "a mixed forest|mixed woods|a dense mixed forest"),
    # The ground.
    ("ground", MEADOW, "a meadow|a grassy meadow|grassland|a grassy field"),
    ("ground", {**MEADOW, **GREEN}, "a green meadow|green grass"),
    ("ground", SNOW, "deep snow|fresh snow|a snowy field|a blanket of snow"),
    ("ground", BEACH, "a sandy shore|a beach|a sandy beach"),
    ("ground", SANDBANK, "a sandy bank|a strip of sand"),
    ("ground", DESERT, "a desert|a sandy desert|bare sand"),
    ("ground", ROCK, "rocky ground|bare rock|stony ground"),
    ("in", MEADOW, "in a meadow|on the grass|in a grassy field"),
    ("in", {**MEADOW, **GREEN}, "in a green meadow|on green grass"),
    ("in", SNOW, "in the snow|in deep snow|in a snowy field|on snowy ground"),
    ("in", BEACH, "on a beach|on a sandy shore|on the sand"),
    ("in", SANDBANK, "on a sandy bank|on the sand"),
    ("in", DESERT, "in the desert|in a sandy desert|among sand dunes"),
    ("in", ROCK, "on rocky ground|on bare rock|on stony ground"),
    ("in the", MEADOW, "in the meadow|on the grass|in the field"),
    ("in the", SNOW, "in the snow"),
    ("in the", BEACH, "on the sand|on the beach"),
    ("in the", SANDBANK, "on the sand|on the sandy bank"),
    ("in the", DESERT, "in the desert|in the sand"),
    ("in the", ROCK, "on the rocky ground|on the bare rock"),
    ("through", MEADOW, "through the grass|through the meadow|through grassland"),
    ("through", SNOW, "through the snow|through deep snow"),
    ("through", BEACH, "through the sand|along the beach"),
    ("through", SANDBANK, "through the sand"),
    ("through", DESERT, "through the desert|over sand dunes"),
    ("through", ROCK, "over rocky ground|over stony ground"),
    # What stands by itself; a snow-covered spruce is said to be one more often than not.
    ("spruce", _object("spruce"), "a spruce|a fir|a tall spruce|a conifer"),
    ("spruce", SNOWY_SPRUCE, "a snow-covered spruce|a snowy spruce|a spruce laden with snow"),
    ("spruce", SNOWY_SPRUCE, "a snow-covered spruce|a snowy spruce|a spruce covered in snow"),
    ("spruce", SNOWY_SPRUCE, "a snow-covered fir|a snowy fir|a fir laden with snow"),
    ("spruce", SNOWY_SPRUCE, "a snow-covered fir|a snowy conifer|a tall snow-covered spruce"),
    ("broadleaf", _object("broadleaf"), "a tree|an oak|a broad-leaved tree|an old tree"),
    ("broadleaf", {**_object("broadleaf"), **GREEN}, "a leafy tree|a green oak"),
    ("broadleaf", {**_object("broadleaf"), **AUTUMN}, "a golden tree|a colourful tree"),
    ("broadleaf", {**_object("broadleaf"), **WINTER}, "a bare tree|a bare oak|a bare old tree"),
    ("birch", _object("birch"), "birches|birch trees|silver birches|slender birches"),
    ("birch", {**_object("birch"), **AUTUMN}, "golden birches"),
    ("birch", {**_object("birch"), **WINTER}, "bare birches"),
    ("bush", _object("bush"), "bushes|shrubs|small bushes"),
    ("bush", {**_object("bush"), **WINTER}, "bare bushes"),
    ("house", _object("house"), "a house|a cottage|a cabin|a little house|a small cottage"),
    ("house", {**_object("house"), **_time("night")}, "a warmly lit house"),
    ("church", _object("church"), "a church|a small church|a chapel|an old church"),
    ("fence", _object("fence"), "a fence|a wooden fence"),
    ("road", _object("road"), "a road|a path|a winding path|a track"),
    ("bridge", _object("bridge"), "a bridge|an old bridge|a small bridge"),
    ("rowing boat", _object("rowing boat"), "a rowing boat|a rowboat|a small rowing boat"),
    ("sailing boat", _object("sailing boat"), "a sailing boat|a sailboat|a small sailboat"),
    ("rock", _object("rock"), "rocks|boulders|large stones|big boulders"),
    ("flowers", _object("flowers"), "flowers|wildflowers|colourful flowers|bright flowers"),
    ("birds", _object("birds"), "birds|a flock of birds|flying birds"),
    ("sheep", _object("sheep"), "sheep|grazing sheep|a flock of sheep"),
    ("cow", _object("cow"), "cows|cattle|grazing cows|a herd of cattle"),
)  # fmt: skip


def _sources() -> dict[str, list[tuple[Claims, tuple[str, ...]]]]:
    found: dict[str, list[tuple[Claims, tuple[str, ...]]]] = {}
    for kind, claims, phrases in TABLE:
        found.setdefault(kind, []).append((claims, tuple(phrases.split("|"))))
    return found


_BY_KIND = _sources()
_KEYS = {
    kind: tuple(sorted({key for claims, _ in entries for key in claims} - {"objects"}))
    for kind, entries in _BY_KIND.items()
}


def options(kind: str, attributes: Attributes) -> tuple[str, ...]:
    """The phrases of a kind whose claims hold; an object's kind is the object's name, if there."""
    return _options(kind, *[getattr(attributes, key) for key in _KEYS[kind]])


@lru_cache(maxsize=4096)
def _options(kind: str, *values: Any) -> tuple[str, ...]:
    known = dict(zip(_KEYS[kind], values, strict=True))
    return tuple(
        phrase
        for claims, phrases in _BY_KIND[kind]
        if all(known[key] in allowed for key, allowed in claims.items() if key != "objects")
        for phrase in phrases
    )


def mentions(text: str) -> dict[str, set[Any]]:
    """What the words of a text claim of a scene.

    Returns:
        By attribute the values that the words leave possible: one in most cases, two where a word
        fits both, none where the text contradicts itself. ``objects`` are those that are named.
        An attribute of which nothing is said is absent.
    """
    claimed: dict[str, set[Any]] = {}
    pattern, terms = _terms()
    for match in pattern.finditer(text.lower()):
        for key, values in terms[match.group()].items():
            if key not in claimed:
                claimed[key] = set(values)
            elif key == "objects":
                claimed[key] |= values
            else:
                claimed[key] &= values
    return claimed


@lru_cache(maxsize=1)
def _terms() -> tuple[re.Pattern[str], dict[str, dict[str, set[Any]]]]:
    """A pattern of all phrases, the longest first, and their claims.

    Where several rows have a phrase, as "the shore" of a lake or the sea, it claims what they
    agree on.
    """
    terms: dict[str, dict[str, set[Any]]] = {}
    for _, claims, phrases in TABLE:
        for phrase in phrases.split("|"):
            words = phrase.split()
            while words[0] in LEADING:
                words.pop(0)
            term = " ".join(words)
            new = {key: set(values) for key, values in claims.items()}
            old = terms.get(term, new)
            terms[term] = {key: old[key] | new[key] for key in old.keys() & new.keys()}
    longest_first = sorted(terms, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b"), terms
