"""Untrained CLIPs that are quick: pictures of 64 x 64 pixels, a few words."""

from __future__ import annotations

import copy
from pathlib import Path

import open_clip
import torch

from vqgan_space.models.clip import CLIP, save_clip
from vqgan_space.models.sizes import CLIP_SIZES
from vqgan_space.models.word_tokenizer import WordTokenizer

TEXTS = ("a snow-covered spruce by a lake", "a summer meadow with people", "a boat at night")


def save_tiny_clip(folder: Path, seed: int = 0) -> Path:
    """Write one in open_clip's layout; another seed has other weights."""
    tokenizer = WordTokenizer.from_texts(TEXTS, 12)
    sizes = copy.deepcopy(CLIP_SIZES["tiny"])
    sizes["text_cfg"] |= {"vocab_size": len(tokenizer), "context_length": 12}
    sizes["text_cfg"] |= {"hf_tokenizer_name": "words", "tokenizer_kwargs": {"clean": "lower"}}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = open_clip.CLIP(
            sizes["embed_dim"], dict(sizes["vision_cfg"]), dict(sizes["text_cfg"])
        )
    reads = {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}
    save_clip(model, tokenizer, {"model_cfg": sizes, "preprocess_cfg": reads}, folder)
    return folder


def tiny_clip(folder: Path, seed: int = 0) -> CLIP:
    """The same, loaded."""
    return CLIP.from_folder(save_tiny_clip(folder, seed))
