"""Renders the example pictures: `python examples/render.py --out DIR [NAME ...]`.

The pictures are computed from nothing but the formulas in this folder, so they are free to use,
and the same every time.
"""

from __future__ import annotations

import argparse
import importlib
import time
from pathlib import Path

PICTURES = {
    "mountain-lake": "mountain_lake",
    "night-skyline": "night_skyline",
    "marbled-paper": "marbling",
    "frozen-lake": "frozen_lake",
    "autumn-river": "autumn_river",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Render the example pictures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all of them")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to fill")
    parser.add_argument("--png", action="store_true", help="lossless PNG in place of JPEG")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(PICTURES)
    if unknown:
        parser.error(f"no picture called {', '.join(unknown)}; there are {', '.join(PICTURES)}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or PICTURES:
        start = time.perf_counter()
        picture = importlib.import_module(PICTURES[name]).render()
        path = arguments.out / f"{name}.{'png' if arguments.png else 'jpg'}"
        picture.save(path, **({} if arguments.png else {"quality": 92, "optimize": True}))
        seconds = time.perf_counter() - start
        print(f"{path}  {picture.width} x {picture.height}, {seconds:.0f} s")


if __name__ == "__main__":
    main()
