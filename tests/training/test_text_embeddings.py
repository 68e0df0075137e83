"""Captions to vectors: means of sentences, each embedded once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from vqgan_space.training.text_embeddings import embed_captions


class Counter:
    """Letters of a text as its vector; remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        self.asked += texts
        counts = torch.tensor([[text.count(letter) for letter in "ab"] for text in texts]).float()
        return torch.nn.functional.normalize(counts, dim=1)


def test_a_caption_is_the_mean_of_its_sentences() -> None:
    encoder = Counter()
    found = embed_captions(encoder, [["a", "a. b."], ["b.", "a. b."]], batch=2)
    half = 0.5**0.5
    assert torch.allclose(found[0], torch.tensor([[1, 0], [half, half]]))
    assert torch.allclose(found[1], torch.tensor([[0, 1], [half, half]]))
    assert sorted(encoder.asked) == sorted(set(encoder.asked))


def test_a_caption_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="at least a word"):
        embed_captions(Counter(), [["a"], [" "]])
