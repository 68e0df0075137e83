"""``python -m vqgan_space.hub push FOLDER user/repo`` and ``... deploy user/space``."""

from __future__ import annotations

import argparse

from .deploy import HARDWARE, deploy
from .push import push_set


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vqgan_space.hub", description="Publish sets and Spaces on the Hub."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    push = commands.add_parser("push", help="publish a trained set")
    push.add_argument("folder", metavar="FOLDER", help="what a training left in --out")
    push.add_argument("repo", metavar="USER/REPO", help="made where it is not there yet")
    push.add_argument("--private", action="store_true", help="make the repo private")
    push.add_argument("--message", help="of the commit")
    space = commands.add_parser("deploy", help="create or update a Space that serves the app")
    space.add_argument("repo", metavar="USER/SPACE")
    space.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="USER/REPO",
        help="a set on the Hub to offer first; may be given several times",
    )
    space.add_argument("--hardware", choices=HARDWARE, help="default: cpu-basic at first")
    space.add_argument("--private", action="store_true", help="make the Space private")
    return parser


def main(given: list[str] | None = None) -> None:
    """Runs one command and prints the address of what it made."""
    options = arguments().parse_args(given)
    try:
        if options.command == "push":
            how = {"private": options.private, "message": options.message}
            print(push_set(options.folder, options.repo, **how))
        else:
            how = {"hardware": options.hardware, "private": options.private}
            print(deploy(options.repo, options.model, **how))
    except ValueError as error:
        raise SystemExit(f"{arguments().prog}: {error}") from error


if __name__ == "__main__":
    main()
