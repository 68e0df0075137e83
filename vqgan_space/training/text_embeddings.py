"""Captions to CLIP's vectors, all of a training's at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from vqgan_space.models.clip import sentences


class TextEncoder(Protocol):
    """What is asked of a CLIP here."""

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Texts to unit vectors (N, D)."""


@torch.inference_mode()
def embed_captions(
    encoder: TextEncoder, captions: Sequence[Sequence[str]], batch: int = 256
) -> list[Tensor]:
    """For each picture the unit vectors (T, D) of its T captions.

    A caption is the mean of its sentences, as ``CLIP.embed_long_text`` has it; a sentence that
    several captions share is embedded once.

    Raises:
        ValueError: a caption without words.
    """
    parts = [[sentences(caption) for caption in said] for said in captions]
    texts = list(dict.fromkeys(text for said in parts for caption in said for text in caption))
    chunks = [encoder.embed_texts(texts[at : at + batch]) for at in range(0, len(texts), batch)]
    vectors = dict(zip(texts, torch.cat(chunks).float().cpu().clone(), strict=True))
    return [
        torch.stack(
            [
                F.normalize(torch.stack([vectors[text] for text in caption]).mean(0), dim=0)
                for caption in said
            ]
        )
        for said in parts
    ]
