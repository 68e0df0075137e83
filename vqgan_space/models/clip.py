"""CLIP, as open_clip has it: one space for texts and pictures (Radford et al., arXiv 2103.00020).

A thin face over open_clip's models: what the project asks of one, whichever it is.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .word_tokenizer import FILE as WORDS_FILE
from .word_tokenizer import WordTokenizer

CONFIG, WEIGHTS_FILE = "open_clip_config.json", "open_clip_model.safetensors"
# Ends a sentence; a line's end does too.
SENTENCE_ENDS = re.compile(r"(?<=[.!?;])\s+|\s*\n+\s*")
TEXT_TOWER = ("transformer", "token_embedding", "ln_final", "text_projection", "text")


class CLIP(nn.Module):
    """A frozen CLIP: unit vectors of texts and of pictures, whose inner products say what fits.

    Args:
        model: open_clip's.
        tokenizer: as open_clip's are called: texts to (N, context_length) of int64.
        mean, std: of each channel, for pictures in [0, 1].

    Attributes:
        dim: D of the embeddings.
        size: side of the pictures that it reads, in pixels.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, model: Any, tokenizer: Any, mean: Sequence[float], std: Sequence[float]
    ) -> None:
        super().__init__()
        self.model, self.tokenizer = model, tokenizer
        size = model.visual.image_size
        self.size = int(size if isinstance(size, int) else min(size))
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)
        self.context_length = int(getattr(tokenizer, "context_length", None) or 77)
        self.eval().requires_grad_(False)
        for layer in self.modules():
            if type(layer) is nn.MultiheadAttention and layer.in_proj_weight is not None:
                layer.__class__ = _SelfAttention
        with torch.inference_mode():
            self.dim = self.embed_texts([""]).shape[1]

    @classmethod
    def from_folder(cls, folder: str | Path) -> CLIP:
        """A model in open_clip's own layout: a configuration, safetensors, maybe a tokenizer.

        Raises:
            ValueError: one of them is missing or can't be read.
        """
        import open_clip  # four seconds with all that it brings, which nothing else needs
        from safetensors import SafetensorError

        folder = Path(folder)
        config = read_config(folder)
        if not (folder / WEIGHTS_FILE).is_file():
            raise ValueError(
                f"{folder} has no {WEIGHTS_FILE}: name a folder with a CLIP in open_clip's layout."
            )
        try:
            model = open_clip.create_model(f"local-dir:{folder}")
        except (RuntimeError, ValueError, KeyError, TypeError, OSError, SafetensorError) as error:
            raise ValueError(f"The CLIP in {folder} can't be read: {error}") from error
        context_length = config["model_cfg"].get("text_cfg", {}).get("context_length", 77)
        tokenizer: Any
        if _is_of_words(folder):
            tokenizer = WordTokenizer.from_folder(folder, context_length)
        else:
            try:
                tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
            except ImportError as error:
                raise ValueError(
                    f"The tokenizer of the CLIP in {folder} needs a package that is not here: "
                    "pip install transformers."
                ) from error
        given = model.visual.preprocess_cfg
        return cls(model, tokenizer, given["mean"], given["std"])

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.mean.device

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Texts to unit vectors (N, D); what goes beyond the context length is not read.

        Raises:
            ValueError: no texts, or the text tower was dropped.
        """
        if not texts:
            raise ValueError("there are no texts to embed")
        if not self.has_text_tower:
            raise ValueError("this CLIP's text tower was dropped: load it again to embed texts")
        numbers = self.tokenizer(list(texts)).to(self.device)
        return self.model.encode_text(numbers, normalize=True)

    def embed_long_text(self, text: str) -> Tensor:
        """A text of any number of sentences to one unit vector (D,): the mean of its sentences'.

        A sentence beyond the context length is cut at a word, with a warning.
        """
        vectors = self.embed_texts([self._cut(sentence) for sentence in sentences(text)])
        return F.normalize(vectors.mean(dim=0), dim=0)

    def embed_pictures(self, pictures: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) in [-1, 1] to unit vectors (B, D), with gradients to the pictures.

        Pictures of another size are enlarged or shrunk, smoothly, to ``size``, square or not.

        Raises:
            ValueError: another shape.
        """
        if pictures.ndim != 4 or pictures.shape[1] != 3 or 0 in pictures.shape:
            raise ValueError(f"pictures must be (B, 3, H, W), got {tuple(pictures.shape)}")
        if pictures.shape[-2:] != (self.size, self.size):
            pictures = F.interpolate(
                pictures, (self.size, self.size), mode="bilinear", antialias=True
            )
        pictures = ((pictures + 1) / 2 - self.mean) / self.std
        return self.model.encode_image(pictures, normalize=True)

    @property
    def vocabulary(self) -> tuple[str, ...] | None:
        """Every word that it knows; None: it reads words in pieces, so there is no list."""
        return self.tokenizer.vocabulary if isinstance(self.tokenizer, WordTokenizer) else None

    def unknown_words(self, text: str) -> list[str]:
        """The words of a text that it doesn't know, once each; [] where it reads any word."""
        if isinstance(self.tokenizer, WordTokenizer):
            return self.tokenizer.unknown_words(text)
        return []

    @property
    def has_text_tower(self) -> bool:
        """Whether texts can still be embedded."""
        return any(hasattr(self.model, name) for name in TEXT_TOWER)

    def drop_text_tower(self) -> None:
        """Frees its memory, once every text is embedded."""
        for name in TEXT_TOWER:
            if hasattr(self.model, name):
                delattr(self.model, name)

    def _length(self, text: str) -> int:
        """Numbers that a text takes, uncut, its start and end among them."""
        if isinstance(self.tokenizer, WordTokenizer):
            return self.tokenizer.count(text)
        if hasattr(self.tokenizer, "encode"):
            return len(self.tokenizer.encode(text)) + 2
        return len(self.tokenizer.tokenizer(text).input_ids)

    def _cut(self, sentence: str) -> str:
        if self._length(sentence) <= self.context_length:
            return sentence
        words = sentence.split()
        kept, too_many = 0, len(words)
        while too_many - kept > 1:
            middle = (kept + too_many) // 2
            if self._length(" ".join(words[:middle])) <= self.context_length:
                kept = middle
            else:
                too_many = middle
        warnings.warn(
            f"A sentence of {len(words)} words is longer than CLIP reads: what comes after "
            f"{' '.join(words[max(kept - 3, 0) : kept])!r} is left out.",
            stacklevel=3,
        )
        return " ".join(words[:kept])


class _SelfAttention(nn.MultiheadAttention):
    """Self-attention without a mask over (B, N, D); anything else as PyTorch has it.

    PyTorch's own projects transposed inputs, and the gradient to the picture, which guidance asks
    for in every step, then takes a processor twice as long.
    """

    def forward(  # type: ignore[override]  # what open_clip's blocks call it with
        self, query: Tensor, key: Tensor, value: Tensor, **options: Any
    ) -> tuple[Tensor, Tensor | None]:
        is_plain = options == {"need_weights": False, "attn_mask": None}
        if not (is_plain and query is key is value and query.ndim == 3 and self.batch_first):
            return super().forward(query, key, value, **options)
        projected = F.linear(query, self.in_proj_weight, self.in_proj_bias)  # (B, N, 3 * D)
        heads = projected.unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(*heads)  # (B, heads, N, d)
        return self.out_proj(attended.transpose(1, 2).flatten(2)), None  # (B, N, D)


def sentences(text: str) -> list[str]:
    """A text's sentences.

    Raises:
        ValueError: it has none.
    """
    found = [part.strip() for part in SENTENCE_ENDS.split(text) if part.strip()]
    if not found:
        raise ValueError("Write at least a word.")
    return found


def read_config(folder: Path) -> dict[str, Any]:
    """open_clip's configuration of the model in a folder.

    Raises:
        ValueError: it is missing or is none.
    """
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{folder} has no readable {CONFIG}: name a folder with a CLIP in open_clip's layout."
        ) from error
    if not isinstance(config, dict) or not isinstance(config.get("model_cfg"), dict):
        raise ValueError(f"{folder / CONFIG} has no model_cfg: it is not open_clip's.")
    return config


def save_clip(
    model: Any, tokenizer: WordTokenizer, config: dict[str, Any], folder: str | Path
) -> None:
    """Weights in half precision, the configuration and the words, in open_clip's layout."""
    from safetensors.torch import save_file

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
    }
    save_file(state, folder / WEIGHTS_FILE, {"format": "pt"})
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n")
    tokenizer.save(folder)


def _is_of_words(folder: Path) -> bool:
    path = folder / WORDS_FILE
    if not path.is_file():
        return False
    return json.loads(path.read_text(encoding="utf-8")).get("model", {}).get("type") == "WordLevel"
