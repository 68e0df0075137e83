"""Wishes are kept, contradictions refused in a sentence."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from vqgan_space.data.scenes.attributes import OBJECTS, RULES, WEIGHTS, draw_attributes


@pytest.mark.parametrize(
    "wishes",
    [
        {"season": "winter", "time": "dusk", "objects": ["spruce"], "water": "lake"},
        {"ground": "sand", "water": "none", "time": "noon"},
        {"objects": "boat", "without": ["road", "house"]},
        {"frozen": True},
        {"objects": ["road", "bridge", "sheep"], "water": "river"},
        {"weather": "snowfall"},
    ],
)
def test_wishes_are_kept(wishes: dict[str, Any]) -> None:
    for seed in range(40):
        found = draw_attributes(seed, **wishes).to_dict()
        for key in WEIGHTS:
            if key in wishes:
                assert found[key] == wishes[key]
        wanted = wishes.get("objects", [])
        wanted = [wanted] if isinstance(wanted, str) else wanted
        names = {"boat": "rowing boat"}
        assert {names.get(name, name) for name in wanted} <= set(found["objects"])
        assert not set(found["objects"]) & set(wishes.get("without", []))


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ({"season": "summer", "ground": "snow"}, "snow lies on the ground in winter"),
        ({"season": "summer", "frozen": True}, "water freezes in winter"),
        ({"objects": ["bridge"], "water": "lake"}, "a bridge needs a river"),
        ({"objects": ["flowers"], "season": "winter"}, "flowers bloom in spring and summer"),
        ({"objects": ["birds"], "time": "night"}, "birds do not fly at night"),
        ({"objects": "boat", "frozen": True}, "no boats on ice"),
        ({"objects": "boat", "without": "rowing boat"}, "wanted and unwanted"),
        ({"objects": ["road"], "water": "river", "without": ["bridge"]}, "needs a bridge"),
        ({"season": "monsoon"}, "season can't be 'monsoon'; it is one of spring"),
        ({"objects": ["castle"]}, "no object 'castle'; there are spruce"),
        ({"colour": "red"}, "no attribute 'colour'"),
    ],
)
def test_contradictions_and_unknown_wishes_are_refused(
    wishes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        draw_attributes(0, **wishes)


def test_wishes_that_only_together_leave_nothing_are_refused() -> None:
    # Falling snow lies on the ground, and flowers need a meadow: no rule names both.
    with pytest.raises(ValueError, match="No scene can have all of this at once"):
        draw_attributes(0, weather="snowfall", objects=["flowers"])


def test_rules_hold_and_everything_is_drawn_now_and_then() -> None:
    counts: Counter[str] = Counter()
    for seed in range(1500):
        attributes = draw_attributes(seed)
        facts = {key: getattr(attributes, key) for key in [*WEIGHTS, "objects"]}
        assert all(rule.holds(facts) for rule in RULES), seed
        counts.update(attributes.objects)
        counts.update(f"{key}={facts[key]}" for key in WEIGHTS)
    for name in [*OBJECTS, *(f"{key}={value}" for key in WEIGHTS for value in WEIGHTS[key])]:
        assert counts[name] >= 15, name
