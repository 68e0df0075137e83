"""What guides in these tests: models that are quick, and whose answers differ from text to text."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from seasons import train_seasons
from tiny_clips import TEXTS
from torch import Tensor, nn

from vqgan_space.generation.synthesizer import Synthesizer
from vqgan_space.models.clip import CLIP
from vqgan_space.models.vqgan import VQGAN
from vqgan_space.models.word_tokenizer import WordTokenizer


class Blocks(nn.Module):
    """Stands for open_clip's model: a picture's vector is a mixture of 4 x 4 mean colours."""

    def __init__(self, words: int, seed: int) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(seed)
        self.visual = SimpleNamespace(image_size=32)
        self.mixture = nn.Parameter(torch.randn(48, 32, generator=random))
        self.token_embedding = nn.Parameter(torch.randn(words, 32, generator=random))

    def encode_text(self, numbers: Tensor, normalize: bool) -> Tensor:
        return F.normalize(self.token_embedding[numbers].sum(dim=1), dim=-1)

    def encode_image(self, pictures: Tensor, normalize: bool) -> Tensor:
        return F.normalize(F.adaptive_avg_pool2d(pictures, 4).flatten(1) @ self.mixture, dim=-1)


def blocks_clip(seed: int) -> CLIP:
    tokenizer = WordTokenizer.from_texts(TEXTS, 12)
    return CLIP(Blocks(len(tokenizer), seed), tokenizer, [0.5] * 3, [0.25] * 3)


@pytest.fixture(scope="session")
def clip() -> CLIP:
    """One that guides; change nothing on it."""
    return blocks_clip(0)


@pytest.fixture(scope="session")
def other_clip() -> CLIP:
    """Another, with other weights."""
    return blocks_clip(1)


@pytest.fixture(scope="session")
def vivid_vqgan(tiny_vqgan: VQGAN) -> VQGAN:
    """The untrained VQGAN with strong colours, which the grey pictures of chance don't have."""
    model = copy.deepcopy(tiny_vqgan)
    with torch.no_grad():
        model.decoder.conv_out.weight.mul_(6)
    return model


@pytest.fixture(scope="session")
def seasons() -> Synthesizer:
    """A set whose small prior has learnt what summer and winter look like."""
    return train_seasons()
