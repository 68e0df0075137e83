"""Seconds in which label maps become pictures with the set that ships, as the app makes them."""

from __future__ import annotations

import resource
import sys
import time

from common import HEADER, print_row

from vqgan_space.data.scenes import scene
from vqgan_space.generation.painting import PaintSettings, paint
from vqgan_space.hub import load_synthesizer

WIDE = (256, 512)


def main() -> None:
    synthesizer = load_synthesizer("scenes-f16")
    square, wide = scene(1, 256).label_map, scene(1, WIDE).label_map
    for _ in paint(synthesizer, square, (16, 16), [0], PaintSettings(steps=2)):
        pass  # to warm up
    name = f"scenes-f16, masked prior, {PaintSettings.steps} steps, guided"
    start = time.perf_counter()
    preview = None
    for moment in paint(synthesizer, square, (16, 16), [1, 2, 3, 4]):
        if preview is None and moment.previews and moment.fraction > 0:
            preview = time.perf_counter() - start
    print_row(f"{name}: first preview", f"{preview or 0:.2f} s", "< 1 s")
    seconds = time.perf_counter() - start
    print_row(f"{name}: four pictures of 256 x 256", f"{seconds:.1f} s", "< 8 s")
    start = time.perf_counter()
    for _ in paint(synthesizer, wide, (16, 32), [1]):
        pass
    print_row(f"{name}: 512 x 256", f"{time.perf_counter() - start:.1f} s", "< 12 s")
    causal = load_synthesizer("scenes-f16", "causal_prior")
    start = time.perf_counter()
    for _ in paint(causal, square, (16, 16), [1]):
        pass
    seconds = time.perf_counter() - start
    print_row("scenes-f16, causal prior: a picture of 256 x 256", f"{seconds:.1f} s", "< 8 s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print_row("scenes-f16: peak memory of the process", f"{peak:.2f} GB", "< 2 GB")


if __name__ == "__main__":
    if "--row" not in sys.argv:
        print(HEADER)
    main()
