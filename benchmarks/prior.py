"""Seconds to sample 16 x 16 codes with a prior of taming's size, against taming's own two ways.

305 M parameters (24 layers, 16 heads, 1024 wide), 256 codes of the condition, random weights: speed
does not depend on them. taming-transformers' algorithms are restated here in plain float32 PyTorch,
on the same weights and in the same run: its sampling script computes all positions anew for every
code (a few such passes are measured and multiplied by 256), its faster sampler appends every
layer's keys and values to those before with ``torch.cat``.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import torch
from common import HEADER, print_row
from torch import Tensor
from torch.nn import functional as F

from vqgan_space.generation.choice import Choice
from vqgan_space.generation.sampling import sample
from vqgan_space.models.prior import Block, CausalPrior
from vqgan_space.models.vqgan import has_native_bfloat16

SIZE = (16, 16)
CODES, TOP_K = 256, 100
PASSES, ROUNDS = 2, 3
ALL_BUT_ONE = torch.arange(CODES).view(SIZE) < CODES - 1


def attend(block: Block, x: Tensor, mask: Tensor, past: Tensor | None) -> tuple[Tensor, Tensor]:
    """taming's attention (``mingpt.py``): scores, mask, softmax; past keys and values in front."""
    attention = block.attention
    query, key, value = attention._split(attention.qkv(block.norm1(x)))
    present = torch.stack((key, value))
    if past is not None:
        key, value = torch.cat((past[0], key), dim=-2), torch.cat((past[1], value), dim=-2)
    scores = (query @ key.transpose(-2, -1)) * (1.0 / math.sqrt(key.shape[-1]))
    if past is None:
        length = x.shape[1]
        scores = scores.masked_fill(mask[:, :, :length, :length] == 0, float("-inf"))
    mixed = F.softmax(scores, dim=-1) @ value
    x = x + attention.proj(mixed.transpose(1, 2).contiguous().flatten(2))
    return x + block.contract(F.gelu(block.expand(block.norm2(x)))), present


def forward(
    prior: CausalPrior, codes: Tensor, mask: Tensor, past: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Logits (B, T, V), and the keys and values of these positions."""
    start = 0 if past is None else past.shape[-2]
    x = prior.tok_emb(codes) + prior.pos_emb[:, start : start + codes.shape[1]]
    presents = []
    for n, block in enumerate(prior.blocks):
        x, present = attend(block, x, mask, None if past is None else past[n])
        presents.append(present)
    return prior.head(prior.norm(x)), torch.stack(presents)


def sample_with_past(prior: CausalPrior, condition: Tensor, mask: Tensor) -> Tensor:
    """taming's ``sample_with_past``, with top-k."""
    codes, past, drawn = condition, [], []
    for _ in range(CODES):
        before = torch.cat(past, dim=-2) if past else None
        logits, present = forward(prior, codes, mask, before)
        past.append(present)
        logits = logits[:, -1]
        least = torch.topk(logits, TOP_K)[0][..., -1, None]
        logits[logits < least] = -float("inf")
        codes = torch.multinomial(F.softmax(logits, dim=-1), num_samples=1)
        drawn.append(codes)
    return torch.cat(drawn, dim=1)


@torch.inference_mode()
def main() -> None:
    torch.manual_seed(0)
    prior = CausalPrior(vocab_size=1024, block_size=512, n_layer=24, n_head=16, n_embd=1024).eval()
    millions = sum(parameter.numel() for parameter in prior.parameters()) / 1e6
    mask = torch.tril(torch.ones(512, 512)).view(1, 1, 512, 512)
    condition = torch.randint(1024, (1, *SIZE))
    sequence = torch.randint(1024, (1, 512))

    forward(prior, sequence[:, :CODES], mask)  # to warm up
    passes = [timed(lambda: forward(prior, sequence, mask)) for _ in range(PASSES)]
    full = CODES * statistics.median(passes)
    cached = timed(lambda: sample_with_past(prior, condition.flatten(1), mask))
    name = f"a prior of {millions:.0f} M parameters, 16 x 16 codes"
    print_row(f"{name}: taming's way, all 512 positions for every code", f"{full:.0f} s", "")
    print_row(f"{name}: taming's cached sampler", f"{cached:.1f} s", "")
    formats = {"float32": torch.float32}
    if has_native_bfloat16("cpu"):
        formats["bfloat16"] = torch.bfloat16
    for label, dtype in formats.items():
        seconds, four = measure(prior, dtype, condition)
        print_row(
            f"{name}: ours, {label}",
            f"{seconds:.1f} s: {full / seconds:.0f} and {cached / seconds:.1f} times faster",
            "> 40 and > 2 times",
        )
        print_row(f"{name}: ours, {label}, four pictures together", f"{four:.1f} s", "")


def measure(prior: CausalPrior, dtype: torch.dtype, condition: Tensor) -> tuple[float, float]:
    """Seconds of our sampler for one picture, the median of a few, and for four together."""
    ours = CausalPrior.from_config(prior.config)
    ours.load_state_dict(prior.state_dict())
    ours.prepare_inference(dtype=dtype)
    run = partial(sample, ours, condition, SIZE, SIZE, choice=Choice(top_k=TOP_K))
    run(known=condition, known_region=ALL_BUT_ONE)  # to warm up
    seconds = statistics.median(timed(run) for _ in range(ROUNDS))
    return seconds, timed(partial(run, seed=[1, 2, 3, 4]))


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    if "--row" not in sys.argv:
        print(HEADER)
    main()
