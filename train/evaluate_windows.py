"""What a moving window costs: the likelihood of held-out canvases that are larger than the window.

    python train/encode.py --data scenes --count 32 --held-out --size 512 --condition labels ...
    python train/evaluate_windows.py --set scenes-f16 --prior causal_prior --data codes/canvases

Prints nats a code for every stride, and how much more that is than the exact window's (stride 1).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vqgan_space.data.codes import CodesData
from vqgan_space.hub import load_synthesizer
from vqgan_space.models.prior import CausalPrior
from vqgan_space.training.window_nll import window_nll


@dataclass
class Options:
    """What is measured, and on what."""

    data: Path
    """Folder of codes of canvases larger than the window, as train/encode.py writes them."""
    set: str = "scenes-f16"
    """A shipped set, a folder or a Hub repo with a causal prior."""
    prior: str = "causal_prior"
    """Folder of the prior in it."""
    strides: tuple[int, ...] = (1, 4, 8)
    count: int = 32
    """How many canvases."""
    batch_size: int = 8


def main(options: Options) -> None:
    synthesizer = load_synthesizer(options.set, options.prior)
    if not isinstance(synthesizer.prior, CausalPrior):
        raise SystemExit(f"{options.prior} of {options.set} is no causal prior")
    data = CodesData(options.data)
    if data.condition is None:
        raise SystemExit(f"{options.data} has no condition: encode it with --condition labels")
    count = min(options.count, len(data))
    exact: float | None = None
    for stride in options.strides:
        total = 0.0
        for start in range(0, count, options.batch_size):
            part = slice(start, min(start + options.batch_size, count))
            nll = window_nll(
                synthesizer.prior,
                data.codes[part],
                data.condition[part],
                synthesizer.window,
                stride,
            )
            total += nll * (part.stop - part.start)
        nll = total / count
        exact = nll if stride == 1 else exact
        more = "" if exact is None else f", {nll / exact - 1:+.2%} of the exact window's"
        print(f"stride {stride}: {nll:.4f} nats a code{more}", flush=True)


if __name__ == "__main__":
    main(tyro.cli(Options))
