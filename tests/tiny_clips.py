"""Untrained CLIPs that are quick: pictures of 64 x 64 pixels, a few words."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import open_clip
import torch

from vqgan_space.models.clip import CLIP, save_clip
from vqgan_space.models.sizes import CLIP_SIZES
from vqgan_space.models.word_tokenizer import WordTokenizer

TEXTS = ("a snow-covered spruce by a lake", "a summer meadow with people", "a boat at night")


def save_tiny_clip(
    folder: Path, texts: Sequence[str] = TEXTS, context_length: int = 12, seed: int = 0
) -> Path:
    """Write one in open_clip's layout that knows the words of ``texts``; returns ``folder``."""
    tokenizer = WordTokenizer.from_texts(texts, context_length)
    sizes = copy.deepcopy(CLIP_SIZES["tiny"])
    sizes["text_cfg"] |= {"vocab_size": len(tokenizer), "context_length": context_length}
    sizes["text_cfg"] |= {"hf_tokenizer_name": "words", "tokenizer_kwargs": {"clean": "lower"}}
    given = copy.deepcopy(sizes)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = open_clip.CLIP(given["embed_dim"], given["vision_cfg"], given["text_cfg"])
    reads = {"mean": [0.2, 0.3, 0.4], "std": [0.5, 0.6, 0.7]}
    save_clip(model, tokenizer, {"model_cfg": sizes, "preprocess_cfg": reads}, folder)
    return folder


def tiny_clip(folder: Path, seed: int = 0) -> CLIP:
    """The same, loaded."""
    return CLIP.from_folder(save_tiny_clip(folder, seed=seed))
