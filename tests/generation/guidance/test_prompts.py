"""The notation of prompts: weights, stops, stories, and what is refused in one sentence."""

from __future__ import annotations

import math

import pytest
import torch
from PIL import Image

from vqgan_space.generation.guidance.prompts import (
    Prompt,
    check_scenes,
    embed_prompts,
    parse_prompts,
    parse_story,
    unknown_words,
)
from vqgan_space.models.clip import CLIP


def test_weights_and_stops_are_read() -> None:
    prompts = parse_prompts("a snowy forest:1 | people:-0.5\na lake : 2 : 0.4 | dusk | fog:0")
    assert prompts == [
        Prompt("a snowy forest", 1.0),
        Prompt("people", -0.5),
        Prompt("a lake", 2.0, 0.4),
        Prompt("dusk", 1.0, -math.inf),
    ]
    assert parse_prompts("people\nfog", weight=-0.3)[1] == Prompt("fog", -0.3)


def test_a_colon_may_be_part_of_a_text() -> None:
    assert parse_prompts("winter: a spruce in the snow") == [Prompt("winter: a spruce in the snow")]
    assert parse_prompts("winter: a spruce:2") == [Prompt("winter: a spruce", 2.0)]


def test_a_story_is_a_list_of_scenes() -> None:
    story = parse_story("a meadow | people:-1 ^ a snowy meadow:2 ^ ")
    assert [[prompt.text for prompt in scene] for scene in story] == [
        ["a meadow", "people"],
        ["a snowy meadow"],
    ]


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("", "Write what the picture should show"),
        (" | \n", "Write what the picture should show"),
        ("a lake:0", "Write what the picture should show"),
        ("people:-1 | fog:-0.2", "give at least one a weight above 0"),
        ("a lake ^ people:-1", "give at least one a weight above 0"),
        ("a lake:heavy", "'heavy' is no weight"),
        ("a lake:", "'' is no weight"),
        ("a lake:nan", "a number from -100 to 100"),
        ("a lake:1e9", "a number from -100 to 100"),
        ("a lake:1:nan", "stop of 'a lake'"),
        (":2", "no text before the weight"),
        ("a" * 2000, "2,000 characters: shorten it"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        check_scenes(parse_story(text))
    assert "\n" not in str(caught.value)


def test_texts_and_pictures_are_embedded(clip: CLIP) -> None:
    red = Image.new("RGB", (80, 60), "red")
    text, picture = embed_prompts(clip, [Prompt("a lake", 2, 0.1), Prompt("it", picture=red)])
    assert (text.name, text.weight, text.stop) == ("a lake", 2, 0.1)
    torch.testing.assert_close(text.embedding, clip.embed_texts(["a lake"])[0])
    assert picture.embedding.shape == (clip.dim,)
    assert not torch.allclose(text.embedding, picture.embedding, atol=0.1)


def test_unknown_words_are_named_once(clip: CLIP) -> None:
    scenes = parse_story("a zeppelin by a lake | a zeppelin:-1 ^ a meadow with a unicorn")
    assert unknown_words(clip, scenes) == ["zeppelin", "unicorn"]
