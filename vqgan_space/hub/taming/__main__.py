"""``python -m vqgan_space.hub.taming FOLDER OUT``: convert a taming checkpoint, and publish it."""

from __future__ import annotations

import argparse
from pathlib import Path

from .convert import convert


def main(arguments: list[str] | None = None) -> None:
    """Converts, and with ``--push-to-hub`` uploads."""
    parser = argparse.ArgumentParser(
        prog="python -m vqgan_space.hub.taming",
        description="Convert a checkpoint of taming-transformers.",
    )
    parser.add_argument("source", metavar="FOLDER", help="folder with .ckpt and yaml, or a .ckpt")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write, not there yet")
    parser.add_argument("--config", type=Path, help="the yaml, where it is not beside")
    parser.add_argument("--push-to-hub", metavar="USER/REPO", help="repo to publish it to")
    parser.add_argument("--private", action="store_true", help="make the published repo private")
    options = parser.parse_args(arguments)
    try:
        out = convert(options.source, options.out, options.config)
        print(f"{options.source} is converted in {out}")
        if options.push_to_hub:
            from ..push import push_set

            print(push_set(out, options.push_to_hub, private=options.private))
    except ValueError as error:
        raise SystemExit(f"{parser.prog}: {error}") from error


if __name__ == "__main__":
    main()
