"""Seconds to sample canvases with priors of the size that ships; random weights: speed does not
depend on them.

The peer of the sliding window is taming-transformers' own: a full forward for every code, of which
some are measured and multiplied.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial

import torch
from common import HEADER, print_row

from vqgan_space.generation.choice import Choice
from vqgan_space.generation.masked import sample_masked
from vqgan_space.generation.sampling import sample
from vqgan_space.models.masked_prior import MaskedPrior
from vqgan_space.models.prior import CausalPrior
from vqgan_space.models.sizes import PRIOR_SIZES

WINDOW, CANVAS = (16, 16), (32, 32)
FORWARDS = 24
GREEDY = Choice(temperature=0)


@torch.inference_mode()
def main() -> None:
    torch.manual_seed(0)
    size = PRIOR_SIZES["small"]
    causal = CausalPrior(vocab_size=2048, block_size=512, **size).prepare_inference()
    condition = torch.randint(1024, (1, *CANVAS))
    sequence = torch.randint(1024, (1, 511))
    causal(sequence)
    forward = timed(lambda: [causal(sequence) for _ in range(FORWARDS)]) / FORWARDS
    full = forward * CANVAS[0] * CANVAS[1]
    name = "a prior of 6 layers, 256 wide, 32 x 32 codes"
    print_row(f"{name}: a full forward for every code, bfloat16", f"{full:.1f} s", "")
    for label, stride, bound in (
        ("exact sliding window", 1, "> 2.5 times"),
        ("window moved by 4 codes", 4, ""),
        ("window moved by 8 codes", 8, "> 8 times"),
    ):
        options = {"choice": GREEDY, "stride": stride}
        seconds = timed(partial(sample, causal, condition, CANVAS, WINDOW, **options))
        print_row(f"{name}: {label}", f"{seconds:.1f} s, {full / seconds:.1f} times faster", bound)

    grid = {"condition": "grid", "num_conditions": 2048}
    masked = MaskedPrior(num_codes=1024, **grid, **size).prepare_inference()
    sample_masked(masked, condition[:, :16, :16], WINDOW, steps=2)
    for label, shape, seeds in (
        ("four 16 x 16 variants", WINDOW, [1, 2, 3, 4]),
        ("16 x 32 codes", (16, 32), [1]),
        ("16 x 48 codes", (16, 48), [1]),
    ):
        wide = torch.randint(2048, (1, *shape))
        seconds = timed(partial(sample_masked, masked, wide, shape, seed=seeds))
        print_row(f"a masked prior of that size, 10 steps, guided: {label}", f"{seconds:.1f} s", "")


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    if "--row" not in sys.argv:
        print(HEADER)
    main()
