"""Seconds in which the conditional VAEs make pictures of words and of captions."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from common import HEADER, print_row

from vqgan_space.generation.cvae import sample_classes, sample_text
from vqgan_space.hub import list_cvaes, load_clip, load_cvae
from vqgan_space.models.cvae import CVAE

CAPTION = "A winter evening. Deep snow before a dark spruce forest and mountains."


def main() -> None:
    clothes = load_cvae("fashion-cvae")
    classes = [number % 10 for number in range(64)]
    seconds = warm(lambda: sample_classes(clothes, classes))
    print_row("fashion-cvae: 64 samples of 28 x 28, warm", f"{seconds:.3f} s", "< 0.3 s")
    article = CVAE().eval()
    seconds = warm(lambda: sample_classes(article, classes))
    print_row("the article's own sizes: the same", f"{seconds:.3f} s", "< 0.3 s")
    if "scenes-cvae" in list_cvaes():
        scenes = load_cvae("scenes-cvae", "concat-128")
        clip = load_clip(scenes.config.text_encoder)
        seconds = warm(lambda: sample_text(scenes, CAPTION, 16, encoder=clip))
        print_row(
            "scenes-cvae: 16 samples of a caption at 128 x 128, warm", f"{seconds:.2f} s", "< 1 s"
        )


def warm(make: Callable[[], object], times: int = 5) -> float:
    """The median of several runs after a first."""
    make()
    found = []
    for _ in range(times):
        start = time.perf_counter()
        make()
        found.append(time.perf_counter() - start)
    return sorted(found)[times // 2]


if __name__ == "__main__":
    if "--row" not in sys.argv:
        print(HEADER)
    main()
