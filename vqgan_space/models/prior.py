"""The causal prior: a GPT over the condition's codes followed by the picture's codes.

Esser et al., *Taming Transformers for High-Resolution Image Synthesis* (arXiv 2012.09841), sec.
3.2, eq. 9 to 11: p(s | c) = prod_i p(s_i | s_<i, c). The architecture is GPT-2's as minGPT has it:
normalisation in front of attention and MLP, learned positions, GELU. Condition and picture share
one embedding. Query, key and value are one linear layer here; nothing else differs from the weights
that taming-transformers writes.
"""

from __future__ import annotations

import math
from typing import Any, Self

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from .packed import PackedLinear, packs
from .vqgan import has_native_bfloat16


class CastLinear(nn.Linear):
    """A linear layer that takes its input in any float type; the result is in the weight's."""

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out)."""
        return F.linear(x.to(self.weight.dtype), self.weight, self.bias)


class SelfAttention(nn.Module):
    """Multi-head self-attention over (B, T, D) with one layer for query, key and value."""

    def __init__(self, dim: int, heads: int, attention_dropout: float, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.attention_dropout = attention_dropout
        self.qkv = CastLinear(dim, 3 * dim)
        self.proj = CastLinear(dim, dim)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None, is_causal: bool = False) -> Tensor:
        """Attention of every position to those that the mask (T, T) allows."""
        query, key, value = self._split(self.qkv(x))
        dropout = self.attention_dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, dropout_p=dropout, is_causal=is_causal
        )
        return self.drop(self.proj(mixed.transpose(1, 2).flatten(2)))  # (B, T, D)

    def extend(self, x: Tensor, past: Tensor, start: int, mask: Tensor | None) -> Tensor:
        """The same for T more positions after ``start`` earlier ones, whose keys and values are in
        ``past`` (2, N, heads, capacity, d); those of the new ones are written there.

        Rows of ``x`` (R, T, D) beyond the N of ``past`` are padding and attend to nothing.
        """
        rows, stop = past.shape[1], start + x.shape[1]
        query, key, value = self._split(self.qkv(x)[:rows].to(past.dtype))
        past[0, :, :, start:stop], past[1, :, :, start:stop] = key, value
        key, value = past[0, :, :, :stop], past[1, :, :, :stop]  # (N, heads, stop, d)
        if x.shape[1] == 1:
            # One query: faster than the fused kernel on a processor, and as fast elsewhere.
            scores = (query @ key.transpose(2, 3)).mul_(1 / math.sqrt(query.shape[-1]))
            mixed = scores.softmax(-1) @ value
        else:
            is_causal = mask is None
            mixed = F.scaled_dot_product_attention(query, key, value, mask, is_causal=is_causal)
        mixed = mixed.transpose(1, 2).flatten(2)  # (N, T, D)
        if rows < x.shape[0]:
            mixed = F.pad(mixed, (0, 0, 0, 0, 0, x.shape[0] - rows))
        return self.proj(mixed)

    def _split(self, qkv: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, 3*D) -> three of (B, heads, T, d)."""
        query, key, value = qkv.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return query, key, value


class Block(nn.Module):
    """x + attention(norm(x)), then x + MLP(norm(x)); the sums keep their own, wider, type."""

    def __init__(self, dim: int, heads: int, attention_dropout: float, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attention = SelfAttention(dim, heads, attention_dropout, dropout)
        self.norm2 = nn.LayerNorm(dim)
        self.expand = CastLinear(dim, 4 * dim)
        self.contract = CastLinear(4 * dim, dim)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None, is_causal: bool = False) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        return self._mlp(x + self.attention(self.norm1(x), mask, is_causal))

    def extend(self, x: Tensor, past: Tensor, start: int, mask: Tensor | None) -> Tensor:
        """See ``SelfAttention.extend``."""
        return self._mlp(x + self.attention.extend(self.norm1(x), past, start, mask))

    def _mlp(self, x: Tensor) -> Tensor:
        return x + self.drop(self.contract(F.gelu(self.expand(self.norm2(x)))))


def cast_blocks(blocks: Any, dtype: torch.dtype) -> None:
    """The blocks' matrices in ``dtype`` and, on a processor, in the order in which they are read.

    Saving puts them back.
    """
    for block in blocks:
        for layer in (block.attention, block):
            for name, linear in list(layer.named_children()):
                if isinstance(linear, CastLinear):
                    linear.to(dtype)
                    if packs(linear):
                        setattr(layer, name, PackedLinear(linear))


class KeyValueCache:
    """Keys and values of all layers for ``batch`` sequences of up to ``capacity`` positions.

    Allocated once and written in place. ``length`` is how many positions it holds.
    """

    def __init__(self, prior: CausalPrior, batch: int, capacity: int | None = None) -> None:
        if not 1 <= batch <= prior.rows:
            raise ValueError(f"A cache holds 1 to {prior.rows} sequences, not {batch}.")
        config, device = prior.config, prior.pos_emb.device
        capacity = capacity or config.block_size
        # On a processor attention costs as much as it has sequences. Elsewhere its kernel may
        # depend on their number, so that is always the same.
        attended = batch if device.type == "cpu" else prior.rows
        self.batch, self.length, self.capacity = batch, 0, capacity
        head = config.n_embd // config.n_head
        shape = (config.n_layer, 2, attended, config.n_head, capacity, head)
        self.memory = torch.zeros(shape, dtype=self._dtype(prior), device=device)

    @staticmethod
    def _dtype(prior: CausalPrior) -> torch.dtype:
        # float32 on a processor: reading half as much doesn't pay for converting it.
        return torch.float32 if prior.pos_emb.device.type == "cpu" else prior.inner_dtype

    @classmethod
    def bytes_each(cls, prior: CausalPrior, capacity: int) -> int:
        """Bytes of memory for one sequence."""
        return (
            prior.config.n_layer * 2 * prior.config.n_embd * capacity * cls._dtype(prior).itemsize
        )

    def reset(self) -> None:
        """Forget everything, so that the memory can serve another sequence."""
        self.length = 0


class CausalPrior(ModelMixin, ConfigMixin):
    """A GPT that predicts each code of a sequence from those before it.

    Args:
        vocab_size: number of codes, V, shared by condition and picture.
        block_size: longest sequence.
        n_layer, n_head, n_embd: layers, heads, width.
        n_unmasked: the first positions, which all see each other; 0: causal throughout.
        embd_pdrop, resid_pdrop, attn_pdrop: dropout of embeddings, branches and attention.
    """

    config: Any
    blocks: Any
    head: CastLinear | PackedLinear

    @register_to_config
    def __init__(
        self,
        *,
        vocab_size: int,
        block_size: int,
        n_layer: int = 12,
        n_head: int = 8,
        n_embd: int = 256,
        n_unmasked: int = 0,
        embd_pdrop: float = 0.0,
        resid_pdrop: float = 0.0,
        attn_pdrop: float = 0.0,
    ) -> None:
        super().__init__()
        if n_embd % n_head:
            raise ValueError(f"The width {n_embd} must be a multiple of the {n_head} heads.")
        self.tok_emb = nn.Embedding(vocab_size, n_embd)
        self.pos_emb = nn.Parameter(torch.zeros(1, block_size, n_embd))
        self.drop = nn.Dropout(embd_pdrop)
        self.blocks = nn.ModuleList(
            Block(n_embd, n_head, attn_pdrop, resid_pdrop) for _ in range(n_layer)
        )
        self.norm = nn.LayerNorm(n_embd)
        self.head = CastLinear(n_embd, vocab_size, bias=False)
        self.apply(initialise)

    @property
    def rows(self) -> int:
        """How many sequences are stepped together; fewer are padded to as many.

        A matrix product may round differently with another number of rows. With one number always,
        a sequence gives the same codes alone and among others.
        """
        return 4 if self.pos_emb.device.type == "cpu" else 16

    @property
    def inner_dtype(self) -> torch.dtype:
        """The type that the blocks multiply in."""
        return self.blocks[0].expand.weight.dtype

    def prepare_inference(
        self, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
    ) -> Self:
        """Eval mode, on ``device``, with the blocks' matrices in ``dtype``.

        ``None`` picks bfloat16 where the processor multiplies it natively, else float32.
        Embeddings, normalisations, sums and the head stay in float32. On a processor the matrices
        are put into the order in which they are read, and keep that number format; saving puts
        them back.
        """
        if dtype is None:
            dtype = torch.bfloat16 if has_native_bfloat16(device) else torch.float32
        self.eval().requires_grad_(False).to(device)
        cast_blocks(self.blocks, dtype)
        if isinstance(self.head, CastLinear) and packs(self.head):
            self.head = PackedLinear(self.head)
        return self

    def forward(self, codes: Tensor) -> Tensor:
        """Codes (B, T), int64, to logits (B, T, V) of the code that follows each.

        Raises:
            ValueError: longer than the block, or codes outside the vocabulary.
        """
        self._check(codes, 0)
        mask = self._mask(0, codes.shape[1])
        x = self.drop(self._embed(codes, 0))
        for block in self.blocks:
            x = block(x, mask, is_causal=mask is None)
        return self.head(self.norm(x))

    @torch.inference_mode()
    def extend(self, codes: Tensor, cache: KeyValueCache) -> Tensor:
        """Feed T more codes (B, T) to the sequences in ``cache``; logits (B, V) of what follows.

        One code is a step of all sequences together; more are read sequence by sequence, those
        that repeat an earlier one from the start only once.

        Raises:
            ValueError: too long for the cache, codes outside the vocabulary, another number of
                sequences than the cache has, or a part only of the unmasked positions.
        """
        self._check(codes, cache.length, cache.capacity)
        batch, length = codes.shape
        if batch != cache.batch:
            raise ValueError(f"The cache holds {cache.batch} sequences, got {batch}.")
        start, stop, unmasked = cache.length, cache.length + length, self.config.n_unmasked
        if start < unmasked and (start > 0 or stop < unmasked):
            raise ValueError(f"The first {unmasked} codes see each other: feed them all at once.")
        if length == 1 and start:
            hidden = self._extend(codes, cache.memory, start, self.rows)[:batch]
        else:
            hidden = self._read(codes, cache.memory, start)
        cache.length = stop
        # The head too is always given as many rows.
        hidden = F.pad(hidden[:, -1], (0, 0, 0, self.rows - batch))  # (R, D)
        return self.head(self.norm(hidden))[:batch]

    def _read(self, codes: Tensor, memory: Tensor, start: int) -> Tensor:
        """One sequence after the other; the hidden state of the last position, (B, 1, D)."""
        hidden: list[Tensor] = []
        for row in range(len(codes)):
            known = next((r for r in range(row) if torch.equal(codes[r], codes[row])), None)
            if known is not None and start == 0:
                used = memory[:, :, :, :, : codes.shape[1]]
                used[:, :, row] = used[:, :, known]
                hidden.append(hidden[known])
                continue
            past = memory[:, :, row : row + 1]
            hidden.append(self._extend(codes[row : row + 1], past, start, 1)[:, -1:])
        return torch.cat(hidden)

    def _extend(self, codes: Tensor, memory: Tensor, start: int, rows: int) -> Tensor:
        mask = self._mask(start, codes.shape[1])
        x = self._embed(codes, start)  # (B, T, D)
        if rows > len(x):
            x = F.pad(x, (0, 0, 0, 0, 0, rows - len(x)))
        for block, past in zip(self.blocks, memory, strict=True):
            x = block.extend(x, past, start, mask)
        return x

    def _embed(self, codes: Tensor, start: int) -> Tensor:
        codes = codes.to(self.pos_emb.device)
        return self.tok_emb(codes) + self.pos_emb[:, start : start + codes.shape[1]]

    def _mask(self, start: int, length: int) -> Tensor | None:
        """Who sees whom, (T, start + T) of bool, or None where that is plainly causal."""
        unmasked, device = self.config.n_unmasked, self.pos_emb.device
        if length == 1 or (start == 0 and not unmasked):
            return None
        rows = torch.arange(start, start + length, device=device)[:, None]
        columns = torch.arange(start + length, device=device)
        return (columns <= rows) | ((rows < unmasked) & (columns < unmasked))

    def _check(self, codes: Tensor, start: int, capacity: int | None = None) -> None:
        if codes.ndim != 2 or codes.dtype != torch.int64 or not codes.numel():
            raise ValueError(f"codes must be int64 (B, T), got {codes.dtype} {tuple(codes.shape)}")
        longest = min(capacity or self.config.block_size, self.config.block_size)
        if start + codes.shape[1] > longest:
            raise ValueError(
                f"The prior reads at most {longest} codes, condition included, "
                f"got {start + codes.shape[1]}: take a smaller picture or slide a window."
            )
        if codes.min() < 0 or codes.max() >= self.config.vocab_size:
            raise ValueError(
                f"codes must be in 0..{self.config.vocab_size - 1}, "
                f"got {int(codes.min())}..{int(codes.max())}"
            )


def initialise(module: nn.Module) -> None:
    """GPT-2's start: N(0, 0.02) for matrices, zero biases."""
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
