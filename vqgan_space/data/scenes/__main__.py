"""``python -m vqgan_space.data.scenes --count 64 --out DIR``: scenes as a captioned data set.

The folder has the layout that the Hub's ``imagefolder`` reads: pictures, label maps and
``metadata.jsonl``; the same rows with everything known of a scene are in ``captions.jsonl``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .attributes import OBJECTS, WEIGHTS
from .writing import write


def main(arguments: list[str] | None = None) -> None:
    """Writes, and with ``--push-to-hub`` uploads, a data set of scenes."""
    parser = _parser()
    options = parser.parse_args(arguments)
    size = (options.height or options.size, options.width or options.size)
    wishes = {
        key: (options.frozen if key == "frozen" else getattr(options, key))
        for key in WEIGHTS
        if getattr(options, key) is not None
    }
    if options.objects:
        wishes["objects"] = options.objects
    try:
        write(options.out, options.count, size, options.seed, wishes, options.workers)
        print(f"{options.count} scenes are in {options.out}")
        if options.push_to_hub:
            from ...hub.push import push_dataset

            print(push_dataset(options.out, options.push_to_hub, private=options.private))
    except ValueError as error:
        raise SystemExit(f"{parser.prog}: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vqgan_space.data.scenes",
        description="Write drawn scenes: pictures, label maps and captions.",
    )
    parser.add_argument("--count", type=int, default=64, help="how many (default: 64)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--size", type=int, default=256, help="side in pixels (default: 256)")
    parser.add_argument("--height", type=int, help="where it is not --size")
    parser.add_argument("--width", type=int, help="where it is not --size")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first (default: 0)")
    parser.add_argument("--workers", type=int, default=0, help="processes that draw; 0: this one")
    for key, options in WEIGHTS.items():
        if key == "frozen":
            action = argparse.BooleanOptionalAction
            parser.add_argument("--frozen", action=action, help="whether the water is ice")
        else:
            parser.add_argument(f"--{key}", choices=list(options), help=f"the {key} of them all")
    parser.add_argument(
        "--objects", nargs="+", metavar="OBJECT", help=f"must be there, of {', '.join(OBJECTS)}"
    )
    parser.add_argument("--push-to-hub", metavar="USER/REPO", help="data set to upload to")
    parser.add_argument("--private", action="store_true", help="make the uploaded one private")
    return parser


if __name__ == "__main__":
    main()
