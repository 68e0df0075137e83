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
        help="a shipped model, a folder or a Hub repo to offer first, in every tab that it can "
        "serve; may be given several times (default: those in VQGAN_SPACE_MODEL)",
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
        "--clip",
        action="append",
        default=[],
        dest="clips",
        metavar="NAME",
        help="a folder or a Hub repo of a CLIP to guide pictures with; may be given several times",
    )
    parser.add_argument(
        "--draft",
        action="append",
        default=[],
        dest="drafts",
        metavar="NAME",
        help="a folder or a Hub repo of a second stage that reads a CLIP's embeddings",
    )
    parser.add_argument(
        "--cvae",
        action="append",
        default=[],
        dest="cvaes",
        metavar="NAME",
        help="a folder or a Hub repo of conditional VAEs to offer; may be given several times",
    )
    parser.add_argument(
        "--no-presets", action="store_true", help="offer no public models of the Hugging Face Hub"
    )
    parser.add_argument(
        "--max-gb",
        type=float,
        default=os.environ.get("VQGAN_SPACE_MAX_GB", "2"),
        help="how large a set that a visitor names may be (default: VQGAN_SPACE_MAX_GB, or 2)",
    )
    parser.add_argument(
        "--device",
        default="cuda" if on_zero_gpu() else "cpu",
        help="cpu, cuda, cuda:1, mps (default: cpu; cuda on a Space with ZeroGPU)",
    )
    parser.add_argument(
        "--dtype",
        choices=("float32", "bfloat16", "float16"),
        help="number format inside the model (default: the fastest that the device has)",
    )
    return parser


def on_zero_gpu() -> bool:
    """Whether this is a Space that lends its accelerator by the call."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def make(options: argparse.Namespace) -> tuple[gr.Blocks, Models]:
    """Build the page and the models behind it, which are loaded when they are first used."""
    # Read by Gradio as it is imported.
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    if on_zero_gpu():
        import spaces  # type: ignore[import-not-found]  # noqa: F401  before CUDA is touched
    from vqgan_space.hub.kinds import sort_by_kind
    from vqgan_space.ui.blocks import build
    from vqgan_space.ui.cvaes import Cvaes
    from vqgan_space.ui.guide_models import Guides
    from vqgan_space.ui.models import Models
    from vqgan_space.ui.sets import Sets

    names = options.model or os.environ.get("VQGAN_SPACE_MODEL", "").split()
    first_models, first_sets = sort_by_kind(names)
    how = {"device": options.device, "dtype": options.dtype}
    models = Models(first_models, presets=not options.no_presets, **how)
    sets = Sets([*options.sets, *first_sets], **how)
    guides = Guides(options.clips, options.drafts, presets=not options.no_presets, **how)
    max_bytes = int(options.max_gb * 1e9)
    cvaes = Cvaes(options.cvaes, device=options.device)
    return build(models, example_pictures(), sets, max_bytes, cvaes, guides), models


def example_pictures() -> Sequence[Path]:
    return sorted(path for path in EXAMPLES.glob("*") if path.suffix in {".png", ".jpg"})


def serve(demo: gr.Blocks, models: Models, options: argparse.Namespace) -> None:
    from vqgan_space.ui.blocks import MAX_FILE_SIZE
    from vqgan_space.ui.theme import CSS, theme

    if on_zero_gpu():
        # What this process has loaded is there in each call; a call's own loading is lost with it.
        models.get(models.default)
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
    if not on_zero_gpu():
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
