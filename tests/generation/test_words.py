"""Words of clothes in a text: whole words, plurals, the longest match, and what is refused."""

from __future__ import annotations

import pytest

from vqgan_space.generation.words import CLASSES, WORDS, find_classes


def labels(text: str) -> list[int]:
    return [match.label for match in find_classes(text)]


@pytest.mark.parametrize("word", WORDS)
def test_every_word_is_known_in_any_case_and_number(word: str) -> None:
    plural = {"dress": "dresses", "pants": "pants"}.get(word, word + "s")
    for written in (word, word.upper(), word.capitalize(), plural, f"({word}),"):
        assert labels(f"I want {written} today") == [WORDS[word]]


def test_all_ten_classes_can_be_asked_for() -> None:
    assert set(WORDS.values()) == set(range(10)) and len(CLASSES) == 10


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("two sneakers and a coat", [7, 4]),
        ("a coat, two sneakers, a coat", [4, 7, 4]),
        ("ankle boots", [9]),
        ("Ankle\n boot and boots", [9, 9]),
        ("a shirt", [6]),
        ("T-shirt, t shirts, TSHIRT", [0, 0, 0]),
        ("tops over a shirt", [0, 6]),
        ("shoe_bag", [7, 8]),
    ],
)
def test_matches_come_in_order_the_longest_first(text: str, found: list[int]) -> None:
    assert labels(text) == found


def test_a_match_says_what_was_written_and_where() -> None:
    _, match = find_classes("A bag, ankle  BOOTS")
    assert (match.text, match.word, match.start) == ("ankle  BOOTS", "ankle boot", 7)


@pytest.mark.parametrize("text", ["bootleg, stop, sweatshirt", "туфли и пальто", "👟👢", "🧥 1234"])
def test_a_text_without_a_known_word_lists_those_that_are(text: str) -> None:
    with pytest.raises(ValueError, match="no known piece of clothing") as error:
        find_classes(text)
    assert all(word in str(error.value) for word in WORDS)


def test_known_words_among_others_are_found() -> None:
    assert labels("👟 красный sneaker, 靴 boot!") == [7, 9]


@pytest.mark.parametrize("text", ["", "   \n"])
def test_an_empty_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Write what to make"):
        find_classes(text)


def test_an_endless_text_is_refused() -> None:
    with pytest.raises(ValueError, match="5,000 characters"):
        find_classes("boot " * 1000)
