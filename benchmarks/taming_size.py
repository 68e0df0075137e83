"""A VQGAN of taming-transformers' size against a plain float32 forward of the same weights.

Both in one process, one after the other in every round, the median of the rounds. The weights are
random, by seed: speed does not depend on them, and rounding errors grow more than in a trained one.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch
from common import HEADER, picture, print_row
from diffusers import VQModel

from vqgan_space.images import to_tensor
from vqgan_space.models.sizes import VQGAN_SIZES
from vqgan_space.models.vqgan import VQGAN

ROUNDS = 7


@torch.inference_mode()
def main() -> None:
    torch.manual_seed(0)
    plain = VQModel(**VQGAN_SIZES["taming-f16"]).eval()
    ours = VQGAN(**VQGAN_SIZES["taming-f16"])
    ours.load_state_dict(plain.state_dict())
    ours.prepare_inference()
    images = to_tensor(picture())
    expected, got = plain(images).sample, ours(images).sample

    seconds: dict[str, list[float]] = {"plain": [], "ours": []}
    for _ in range(ROUNDS):
        seconds["plain"].append(timed(lambda: plain(images)))
        seconds["ours"].append(timed(lambda: ours(images)))
    before, after = (statistics.median(seconds[name]) for name in ("plain", "ours"))
    error = (got - expected).abs().mean().item() / 2
    millions = sum(parameter.numel() for parameter in plain.parameters()) / 1e6
    size = f"taming's size ({millions:.0f} M parameters), 256 x 256"
    print_row(f"{size}: plain float32 `VQModel` forward", f"{before:.2f} s", "")
    print_row(f"{size}: ours", f"{after:.2f} s, {before / after:.1f} times faster", "> 3 times")
    print_row("their pictures differ by, of full scale", f"{error:.2%}", "< 0.5 %")


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    if "--row" not in sys.argv:
        print(HEADER)
    main()
