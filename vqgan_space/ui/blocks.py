"""The page: header, tabs, and what they share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from ..hub.own import MAX_BYTES
from .cvae import cvae_tab
from .cvaes import Cvaes
from .gpu import borrow_gpu
from .guide import guide_tab
from .guide_models import Guides
from .inputs import CLASS_CVAE_CHOICE, MODEL_CHOICE, SET_CHOICE, TEXT_CVAE_CHOICE
from .latents import latents_tab
from .models import Models
from .own_set import Shelf, own_set_box
from .paint import paint_tab
from .reconstruct import reconstruct_tab
from .sets import Sets
from .shuffle import shuffle_tab

QUEUE_SIZE = 32
MAX_FILE_SIZE = "32mb"
# Seconds: how often the cache is looked through, and how old a file may grow.
CACHE = (3600, 3600)


def build(
    models: Models,
    examples: Sequence[Path] = (),
    sets: Sets | None = None,
    max_bytes: int = MAX_BYTES,
    cvaes: Cvaes | None = None,
    guides: Guides | None = None,
) -> gr.Blocks:
    """The app, ready to launch.

    Args:
        models: what the dropdowns offer.
        examples: pictures to start from, shown under each picture input.
        sets: what can be painted with; None: nothing.
        max_bytes: how large a visitor's own set may be.
        cvaes: conditional VAEs; None: none.
        guides: what turns texts into pictures; None: nothing.
    """
    shelves: dict[str, tuple[Shelf, str]] = {
        MODEL_CHOICE: (models.add_own, "pictures are taken apart by it, and put together again")
    }
    if sets is not None:
        shelves[SET_CHOICE] = (sets.add_own, "the tab Paint paints with it")
    if cvaes is not None:
        for kind, of_texts in ((CLASS_CVAE_CHOICE, False), (TEXT_CVAE_CHOICE, True)):
            take_in = partial(cvaes.add_own, of_texts=of_texts)
            shelves[kind] = (take_in, "the tab CVAE makes pictures with it")
    with gr.Blocks(title="VQGAN Space", analytics_enabled=False, delete_cache=CACHE) as demo:
        gr.HTML(_HEADER, apply_default_css=False, elem_id="header")
        wire_own_set = own_set_box(demo, shelves, max_bytes)
        with gr.Tab("Reconstruct", id="reconstruct"):
            first = reconstruct_tab(models, examples)
        with gr.Tab("Shuffle", id="shuffle") as shuffle:
            shuffled, start = shuffle_tab(models, examples)
        with gr.Tab("Latents", id="latents") as latents:
            edited = latents_tab(models, examples)
        with gr.Tab("Paint", id="paint") as paint:
            paint_tab(sets, paint)
        with gr.Tab("Text to image", id="guide") as guide:
            guide_tab(models, guides, guide)
        with gr.Tab("CVAE", id="cvae") as cvae:
            cvae_tab(cvaes, cvae)
        quiet: dict[str, Any] = {"api_visibility": "private", "queue": False}
        shuffle.select(_carry_over, [shuffled, first, start], shuffled, **quiet)
        latents.select(_carry_over, [edited, first], edited, **quiet)
        wire_own_set()
        borrow_gpu(demo)
    return demo.queue(max_size=QUEUE_SIZE, default_concurrency_limit=1)


def _carry_over(own: str | None, other: str | None, start: str = "picture") -> Any:
    """A tab that wants a picture and has none starts from that of the first tab."""
    return gr.skip() if own or not other or start != "picture" else other


_LOGO_COLOURS = ("#1f968a", "#e4b04a", "#1f968a", "#7b5ea7", "#d9694f", "#1f968a",
                 "#7b5ea7", "#e4b04a", "#d9694f")  # fmt: skip
_LOGO = "".join(
    f'<rect x="{at % 3}" y="{at // 3}" width="0.9" height="0.9" rx="0.12" fill="{colour}"/>'
    for at, colour in enumerate(_LOGO_COLOURS)
)
_HEADER = f"""
<header class="page-header">
  <svg viewBox="0 0 2.9 2.9" aria-hidden="true">{_LOGO}</svg>
  <div><h1>VQGAN Space</h1>
  <p>Take a picture apart into a grid of codes, put it together again, and move its parts.</p></div>
</header>"""
