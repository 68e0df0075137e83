"""The app: ``python app.py`` serves it, ``demo`` is what a Space or ``gradio app.py`` looks for."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr

    from vqgan_space.ui.models import Models

EXAMPLES = Path(__file__).resolve().parent / "examples"


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="VQGAN Space: pictures, codes and back.")
    parser.add_argument("--host", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, help="port (default: the first free one from 7860)")
    parser.add_argument("--share", action="store_true", help="also make a public link")
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME",
        help="a shipped model, a folder or a Hub repo to offer first; may be given several times",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="sets",
        metavar="NAME",
        help="a folder or a Hub repo of a second stage to paint with; may be given several times",
    )
    parser.add_argument(
        "--no-presets", action="store_true", help="offer no public models of the Hugging Face Hub"
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, mps (default: cpu)")
    parser.add_argument(
        "--dtype",
        choices=("float32", "bfloat16", "float16"),
        help="number format inside the model (default: the fastest that the device has)",
    )
    return parser


def make(options: argparse.Namespace) -> tuple[gr.Blocks, Models]:
    """Build the page and the models behind it, which are loaded when they are first used."""
    # Read by Gradio as it is imported.
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    from vqgan_space.ui.blocks import build
    from vqgan_space.ui.models import Models
    from vqgan_space.ui.sets import Sets

    presets = not options.no_presets
    models = Models(options.model, device=options.device, dtype=options.dtype, presets=presets)
    sets = Sets(options.sets, device=options.device, dtype=options.dtype)
    return build(models, example_pictures(), sets), models


def example_pictures() -> Sequence[Path]:
    return sorted(path for path in EXAMPLES.glob("*") if path.suffix in {".png", ".jpg"})


def serve(demo: gr.Blocks, models: Models, options: argparse.Namespace) -> None:
    from vqgan_space.ui.blocks import MAX_FILE_SIZE
    from vqgan_space.ui.theme import CSS, theme

    if options.share:
        print("Asking for a public link ...", flush=True)
    # Gradio's own lines are long and name files of its own: two plain ones say it here.
    with contextlib.redirect_stdout(io.StringIO()), _plain_address_errors():
        _, address, public = demo.launch(
            server_name=options.host,
            server_port=options.port,
            share=options.share,
            theme=theme(),
            css_paths=CSS,
            max_file_size=MAX_FILE_SIZE,
            ssr_mode=False,
            footer_links=["api", "settings"],
            prevent_thread_lock=True,
            quiet=True,
        )
    if not address:  # ``gradio app.py`` reloads this file into a server that is already running
        return
    print(f"VQGAN Space is at {address}", flush=True)
    if options.share:
        failed = "No public link could be made (is there a network?): it is served here only."
        print(f"Public link, for a week: {public}" if public else failed, flush=True)
    # Once the first page can be had: a visitor's first picture then finds the model loaded.
    threading.Thread(target=models.warm_up, daemon=True).start()
    demo.block_thread()


@contextlib.contextmanager
def _plain_address_errors() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise SystemExit("app.py: cannot listen there, try another --port or --host") from None


def parse() -> argparse.Namespace:
    """The command line's options; the defaults where something else imports this file."""
    return arguments().parse_args(None if __name__ == "__main__" else [])


options = parse()
try:
    demo, models = make(options)
except ValueError as error:
    raise SystemExit(f"app.py: {error}") from None

if __name__ == "__main__":
    serve(demo, models, options)
