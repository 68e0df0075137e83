"""Seconds to reconstruct a picture of 256 pixels, or the most that a model takes: first use, warm.

The whole of what the tab does is timed: encoding, decoding, all figures. The first use loads the
weights too.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from common import HEADER, picture, print_row

REPEATS = 7


def main() -> None:
    from vqgan_space.hub import list_models

    for name in list_models():
        subprocess.run([sys.executable, __file__, "--row", name], check=True)


def measure(name: str) -> None:
    """Both figures, in a process that has used no model before."""
    from vqgan_space.generation.reconstruct import reconstruct
    from vqgan_space.hub import load
    from vqgan_space.models.vqgan import VQGAN  # noqa: F401 - its import is the app's start

    photo = picture()
    start = time.perf_counter()
    model = load(name)
    width, height = reconstruct(model, photo).result.size
    first = time.perf_counter() - start
    warm = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        reconstruct(model, photo)
        warm.append(time.perf_counter() - start)
    what = f"{name}: reconstruct {width} x {height}"
    print_row(f"{what}, first use", f"{first:.2f} s", "< 2 s")
    print_row(f"{name}: the same, warm", f"{statistics.median(warm):.3f} s", "< 0.4 s")


if __name__ == "__main__":
    if "--row" not in sys.argv:
        print(HEADER)
    names = [argument for argument in sys.argv[1:] if argument != "--row"]
    for name in names:
        measure(name)
    if not names:
        main()
