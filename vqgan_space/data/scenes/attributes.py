"""What a scene shows, drawn at random from a seed, around what is wished for.

``Attributes`` is all that a caption may speak of and all that the painter is told. Rules say what
does not go together; a wish that breaks one is refused with the rule's sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

# Values of each attribute and how often they are drawn, before the rules.
WEIGHTS: Mapping[str, Mapping[Any, float]] = {
    "season": {"spring": 1, "summer": 1.2, "autumn": 1.1, "winter": 1.2},
    "time": {"dawn": 1, "noon": 1.5, "dusk": 1.2, "night": 0.9},
    "weather": {
        "clear": 1.2,
        "cloudy": 1.5,
        "wispy": 1,
        "overcast": 0.6,
        "fog": 0.6,
        "rain": 0.45,
        "snowfall": 0.9,
        "storm": 0.35,
    },
    "relief": {"mountains": 1.4, "hills": 1, "plain": 0.6},
    "ground": {"meadow": 1.5, "snow": 3, "sand": 0.6, "rock": 0.5},
    "water": {"none": 1, "lake": 1.1, "river": 0.9, "sea": 0.9},
    "frozen": {False: 1, True: 0.9},
    "forest": {"none": 0.8, "spruce": 1, "broadleaf": 0.8, "mixed": 0.7},
}
OBJECTS: Mapping[str, float] = {
    "spruce": 1.3,
    "broadleaf": 1,
    "birch": 0.6,
    "bush": 0.7,
    "house": 1.1,
    "church": 0.35,
    "fence": 0.6,
    "road": 0.9,
    "bridge": 0.8,
    "rowing boat": 0.8,
    "sailing boat": 0.9,
    "rock": 0.8,
    "flowers": 1.1,
    "birds": 0.6,
    "sheep": 0.6,
    "cow": 0.5,
}
TREES = frozenset({"spruce", "broadleaf", "birch", "bush"})
BOATS = frozenset({"rowing boat", "sailing boat"})
ALIASES: Mapping[str, str] = {
    "tree": "broadleaf",
    "boat": "rowing boat",
    "sailboat": "sailing boat",
    "cottage": "house",
    "path": "road",
    "flower": "flowers",
    "rocks": "rock",
    "snow-covered spruce": "spruce",
}
# How often a scene has 0, 1, 2, ... objects.
COUNTS = (0.04, 0.12, 0.25, 0.28, 0.2, 0.11)
WET = frozenset({"rain", "storm"})


@dataclass(frozen=True)
class Attributes:
    """What a scene shows.

    Attributes:
        season: spring, summer, autumn or winter.
        time: dawn, noon, dusk or night.
        weather: clear, cloudy (heaps), wispy (high, thin), overcast, fog, rain, snowfall or storm.
        relief: what rises on the horizon: mountains, hills, or nothing (plain).
        ground: what lies in front: meadow, snow, sand or rock.
        water: none, lake, river or sea.
        frozen: whether ice lies on the lake or river.
        forest: in the distance: none, spruce, broadleaf or mixed.
        objects: what stands by itself, a subset of ``OBJECTS``.
    """

    season: str
    time: str
    weather: str
    relief: str
    ground: str
    water: str
    frozen: bool
    forest: str
    objects: frozenset[str]

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON takes it."""
        return asdict(self) | {"objects": sorted(self.objects)}


@dataclass(frozen=True)
class Rule:
    """What does not go together: ``holds`` over the attributes named in ``keys``."""

    keys: tuple[str, ...]
    holds: Callable[[Mapping[str, Any]], bool]
    sentence: str


RULES = (
    Rule(
        ("ground", "season"),
        lambda a: a["ground"] != "snow" or a["season"] == "winter",
        "snow lies on the ground in winter alone",
    ),
    Rule(
        ("weather", "season"),
        lambda a: a["weather"] != "snowfall" or a["season"] == "winter",
        "snow falls in winter alone",
    ),
    Rule(
        ("weather", "ground"),
        lambda a: a["weather"] != "snowfall" or a["ground"] == "snow",
        "where snow falls it also lies on the ground",
    ),
    Rule(
        ("weather", "ground"),
        lambda a: a["weather"] not in WET or a["ground"] != "snow",
        "rain does not fall on snow here",
    ),
    Rule(
        ("frozen", "ground"),
        lambda a: not a["frozen"] or a["ground"] == "snow",
        "water freezes only where snow lies on the ground",
    ),
    Rule(
        ("frozen", "season"),
        lambda a: not a["frozen"] or a["season"] == "winter",
        "water freezes in winter alone",
    ),
    Rule(
        ("frozen", "water"),
        lambda a: not a["frozen"] or a["water"] in ("lake", "river"),
        "only a lake or a river can be frozen",
    ),
    Rule(
        ("objects", "season"),
        lambda a: "flowers" not in a["objects"] or a["season"] in ("spring", "summer"),
        "flowers bloom in spring and summer",
    ),
    Rule(
        ("objects", "ground"),
        lambda a: not a["objects"] & {"flowers", "sheep", "cow"} or a["ground"] == "meadow",
        "flowers, sheep and cows need a meadow",
    ),
    Rule(
        ("objects", "water"),
        lambda a: "bridge" not in a["objects"] or a["water"] == "river",
        "a bridge needs a river",
    ),
    Rule(
        ("objects", "water"),
        lambda a: not a["objects"] & BOATS or a["water"] != "none",
        "a boat needs water",
    ),
    Rule(
        ("objects", "water"),
        lambda a: "sailing boat" not in a["objects"] or a["water"] in ("lake", "sea"),
        "a sailing boat needs a lake or the sea",
    ),
    Rule(
        ("objects", "water"),
        lambda a: a["water"] != "river" or "road" not in a["objects"] or "bridge" in a["objects"],
        "a road by a river needs a bridge",
    ),
    Rule(
        ("objects", "frozen"),
        lambda a: not a["objects"] & BOATS or not a["frozen"],
        "there are no boats on ice",
    ),
    Rule(
        ("objects", "time"),
        lambda a: "birds" not in a["objects"] or a["time"] != "night",
        "birds do not fly at night",
    ),
    Rule(
        ("ground", "water", "forest"),
        lambda a: a["ground"] != "sand" or a["water"] != "none" or a["forest"] == "none",
        "no forest grows in a desert: ask for water, or for another ground than sand",
    ),
    Rule(
        ("ground", "water", "objects"),
        lambda a: (
            a["ground"] != "sand"
            or a["water"] != "none"
            or not a["objects"] & (TREES | {"fence", "church"})
        ),
        "neither trees nor fences stand in a desert: ask for water, or for another ground",
    ),
    Rule(
        ("ground", "water", "season"),
        lambda a: a["ground"] != "sand" or a["water"] != "none" or a["season"] != "winter",
        "a desert knows no winter",
    ),
    Rule(
        ("ground", "objects"),
        lambda a: a["ground"] not in ("sand", "rock") or not a["objects"] & {"church", "fence"},
        "churches and fences stand on meadows or snow",
    ),
)


def draw_attributes(seed: int, **wishes: Any) -> Attributes:
    """Attributes drawn from ``seed`` around ``wishes``.

    Args:
        seed: the same seed and wishes, the same attributes.
        wishes: values by attribute name; ``objects`` names what must be there (a name or several),
            ``without`` what must not.

    Raises:
        ValueError: an unknown attribute or value, or wishes that contradict each other.
    """
    wanted, unwanted, fixed = _read(wishes)
    known: dict[str, Any] = dict(fixed)
    for rule in RULES:
        # Objects that are wished for count as known: no rule is broken by lacking more of them,
        # the bridge of a road by a river aside.
        facts = known | {"objects": _completed(wanted, unwanted, known)}
        if all(key in facts for key in rule.keys) and not rule.holds(facts):
            raise ValueError(f"These wishes contradict each other: {rule.sentence}.")
    random = Random(seed)
    for _ in range(2000):
        drawn = {key: _choose(random, options) for key, options in WEIGHTS.items()} | fixed
        drawn["objects"] = frozenset()
        if not all(rule.holds(drawn) for rule in RULES if rule.keys != ("objects",)):
            continue
        drawn["objects"] = _completed(wanted, unwanted, drawn)
        if not all(rule.holds(drawn) for rule in RULES):
            continue
        return Attributes(**_with_more_objects(random, drawn, unwanted))
    asked = ", ".join(f"{key}={value!r}" for key, value in wishes.items())
    raise ValueError(f"No scene can have all of this at once: {asked}. Leave some of it out.")


def _with_more_objects(
    random: Random, drawn: dict[str, Any], unwanted: frozenset[str]
) -> dict[str, Any]:
    """Objects added one by one up to a random count, each that the rules allow."""
    count = _choose(random, dict(enumerate(COUNTS)))
    for _ in range(12):
        if len(drawn["objects"]) >= count:
            break
        name = _choose(random, OBJECTS)
        more = drawn | {"objects": drawn["objects"] | {name}}
        more["objects"] = _completed(more["objects"], unwanted, more)
        if name not in unwanted and all(rule.holds(more) for rule in RULES):
            drawn = more
    return drawn


def _completed(
    objects: frozenset[str], unwanted: frozenset[str], known: Mapping[str, Any]
) -> frozenset[str]:
    """``objects`` with the bridge that a road by a river needs."""
    if "road" in objects and known.get("water") == "river" and "bridge" not in unwanted:
        return objects | {"bridge"}
    return objects


def _choose(random: Random, options: Mapping[Any, float]) -> Any:
    return random.choices(list(options), list(options.values()))[0]


def _read(wishes: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str], dict[str, Any]]:
    """The objects that are wanted, those that are not, and the attributes that are fixed."""
    names = [*WEIGHTS, "objects", "without"]
    for key in wishes:
        if key not in names:
            raise ValueError(f"A scene has no attribute {key!r}; it has {', '.join(names)}.")
    wanted, unwanted = _names(wishes.get("objects", ())), _names(wishes.get("without", ()))
    both = sorted(wanted & unwanted)
    if both:
        raise ValueError(f"These wishes contradict each other: {both[0]} is wanted and unwanted.")
    fixed = {key: value for key, value in wishes.items() if key in WEIGHTS}
    for key, value in fixed.items():
        if value not in WEIGHTS[key]:
            allowed = ", ".join(str(option) for option in WEIGHTS[key])
            raise ValueError(f"{key} can't be {value!r}; it is one of {allowed}.")
    return wanted, unwanted, fixed


def _names(objects: str | Iterable[str]) -> frozenset[str]:
    found = []
    for name in [objects] if isinstance(objects, str) else objects:
        canonical = ALIASES.get(name, name)
        if canonical not in OBJECTS:
            raise ValueError(f"There is no object {name!r}; there are {', '.join(OBJECTS)}.")
        found.append(canonical)
    return frozenset(found)
