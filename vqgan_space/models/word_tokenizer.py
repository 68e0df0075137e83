"""A tokenizer of whole words for small CLIPs, in the file format of the ``tokenizers`` library.

open_clip's own table of 49,408 byte pairs would be larger than all the rest of a small model.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor

PAD, UNKNOWN, START, END = "<pad>", "<unk>", "<start_of_text>", "<end_of_text>"
FILE, CONFIG = "tokenizer.json", "tokenizer_config.json"


class WordTokenizer:
    """Words, in small letters and without punctuation, to numbers; called as open_clip's are.

    Numbers 0 and 1 stand for padding and for words that it doesn't know; the largest ends a text,
    which is where open_clip's text towers look for it.

    Args:
        tokenizer: the library's.
        context_length: numbers a text, its start and end among them.
    """

    def __init__(self, tokenizer: Tokenizer, context_length: int) -> None:
        self.tokenizer, self.context_length = tokenizer, context_length
        tokenizer.enable_truncation(context_length)
        tokenizer.enable_padding(length=context_length, pad_id=0, pad_token=PAD)

    @classmethod
    def from_texts(cls, texts: Iterable[str], context_length: int) -> WordTokenizer:
        """One that knows every word of ``texts``, in alphabetical order."""
        normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
        # Runs of letters and digits; a hyphen or an apostrophe parts words as a space does.
        splitter = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Whitespace(),
                pre_tokenizers.Punctuation("removed"),
            ]
        )
        words: set[str] = set()
        for text in set(texts):
            split = splitter.pre_tokenize_str(normalizer.normalize_str(text))
            words.update(word for word, _ in split)
        names = [PAD, UNKNOWN, *sorted(words), START, END]
        vocabulary = {name: number for number, name in enumerate(names)}
        tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
        tokenizer.normalizer = normalizer
        tokenizer.pre_tokenizer = splitter
        ends = [(START, vocabulary[START]), (END, vocabulary[END])]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{START} $A {END}", special_tokens=ends
        )
        return cls(tokenizer, context_length)

    @classmethod
    def from_folder(cls, folder: str | Path, context_length: int) -> WordTokenizer:
        """What ``save`` wrote."""
        return cls(Tokenizer.from_file(str(Path(folder) / FILE)), context_length)

    def save(self, folder: str | Path) -> None:
        """Two files that open_clip, through transformers, reads too."""
        self.tokenizer.save(str(Path(folder) / FILE))
        names = {"pad_token": PAD, "unk_token": UNKNOWN, "bos_token": START, "eos_token": END}
        config = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": self.context_length,
            **names,
        }
        (Path(folder) / CONFIG).write_text(json.dumps(config, indent=1) + "\n")

    def __call__(self, texts: str | Sequence[str]) -> Tensor:
        """Texts to (N, context_length) of int64; what is too long is cut before its end."""
        texts = [texts] if isinstance(texts, str) else list(texts)
        rows = [found.ids for found in self.tokenizer.encode_batch(texts)]
        return torch.tensor(rows, dtype=torch.int64).reshape(len(texts), self.context_length)

    def __len__(self) -> int:
        return self.tokenizer.get_vocab_size()

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word that it knows, in alphabetical order."""
        special = {PAD, UNKNOWN, START, END}
        return tuple(sorted(word for word in self.tokenizer.get_vocab() if word not in special))

    def words(self, text: str) -> list[str]:
        """A text in the words that are looked up, known or not."""
        text = self.tokenizer.normalizer.normalize_str(text)
        return [word for word, _ in self.tokenizer.pre_tokenizer.pre_tokenize_str(text)]

    def unknown_words(self, text: str) -> list[str]:
        """The words of a text that it doesn't know, once each, in order."""
        known = set(self.vocabulary)
        return [word for word in dict.fromkeys(self.words(text)) if word not in known]

    def count(self, text: str) -> int:
        """How many numbers the text takes, its start and end among them, uncut."""
        return len(self.words(text)) + 2
