"""How many scenes a second two readers draw, with label maps and captions, once they are warm."""

from __future__ import annotations

import time

from common import print_row
from torch.utils.data import DataLoader

from vqgan_space.data.scenes import Scenes, SceneStream

READERS = 2
# Size in pixels: scenes before the clock starts, scenes on the clock, bound.
PLAN = {128: (1200, 1500, 150), 256: (400, 500, 40)}


def rate(size: int, before: int, timed: int) -> float:
    """Scenes a second at ``size``, after ``before`` have filled the caches of trees and things."""
    stream = SceneStream(Scenes(before + timed, size, seed=1))
    batch = 20
    drawn, start = 0, 0.0
    for _ in DataLoader(stream, batch_size=batch, num_workers=READERS):
        drawn += batch
        if drawn == before:
            start = time.perf_counter()
    return (drawn - before) / (time.perf_counter() - start)


def main() -> None:
    for size, (before, timed, bound) in PLAN.items():
        found = rate(size, before, timed)
        what = f"scenes drawn at {size} x {size}, {READERS} readers, warm"
        print_row(what, f"{found:.0f} a second", f"> {bound} a second")


if __name__ == "__main__":
    main()
