"""Seconds to load a converted VQGAN of taming's size (72 M parameters), ready to use, warm."""

from __future__ import annotations

import statistics
import tempfile
import time

from common import print_row

import vqgan_space
from vqgan_space.models.sizes import VQGAN_SIZES
from vqgan_space.models.vqgan import VQGAN

REPEATS = 5


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        VQGAN(**VQGAN_SIZES["taming-f16"]).save_pretrained(folder)
        seconds = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            vqgan_space.load(folder)
            seconds.append(time.perf_counter() - start)
    what = "taming's size (72 M parameters), loaded from a folder, warm"
    print_row(what, f"{statistics.median(seconds):.2f} s", "< 2 s")


if __name__ == "__main__":
    main()
