"""The Shuffle tab: edits of codes, and a gallery of what they decode to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from .codes_view import codes_html, codes_view
from .errors import sentences
from .files import codes_of, save_grid, save_picture, shown
from .inputs import MODEL_QUEUE, codes_input, examples_row, model_choice, picture_input, seed_field
from .models import Models
from .variants import CROSS, ShuffleRequest, variants

if TYPE_CHECKING:
    from ..codes import Codes

METHODS = [
    ("Shuffle all cells", "all"),
    ("Shuffle rows", "rows"),
    ("Shuffle columns", "columns"),
    ("Shuffle blocks", "blocks"),
    ("Shuffle a share of the cells", "share"),
    ("Sort by index", "sort by index"),
    ("Sort by brightness", "sort by brightness"),
    ("Swap two codes everywhere", "swap"),
    ("Cross with a second picture", CROSS),
    ("All-random codes", "random codes"),
]
CROSS_WAYS = [
    ("Checkerboard", "checkerboard"),
    ("Left half and right half", "left-right"),
    ("Top half and bottom half", "top-bottom"),
    ("A random share of the cells", "random"),
]


def shuffle_tab(models: Models, examples: Sequence[Path]) -> tuple[gr.Image, gr.Radio]:
    """Lay out the tab and wire it; returns its picture, and what says whether it is wanted."""
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            start = gr.Radio(
                [("A picture", "picture"), ("A codes file", "codes")],
                value="picture",
                label="Start from",
                elem_id="shuffle-start",
            )
            with gr.Column() as picture_side:
                picture = picture_input(height=240, elem_id="shuffle-picture")
                examples_row(examples, picture, "shuffle-examples")
            with gr.Column(visible=False) as codes_side:
                codes_file = codes_input("Codes file", elem_id="shuffle-codes-file")
            how = gr.Dropdown(METHODS, value="all", label="What to do", filterable=False)
            with gr.Column(visible=False) as block_side:
                block = gr.Slider(1, 16, value=4, step=1, label="Block, cells a side")
            with gr.Column(visible=False) as swap_side, gr.Row():
                swap_first = gr.Number(0, label="Code", precision=0, minimum=0, min_width=100)
                swap_second = gr.Number(1, label="and code", precision=0, minimum=0, min_width=100)
            with gr.Column(visible=False) as cross_side:
                second = picture_input("Second picture", height=200, elem_id="second-picture")
                cross_how = gr.Dropdown(
                    CROSS_WAYS, value="checkerboard", label="How to cross", filterable=False
                )
            with gr.Column(visible=False) as field_side:
                field = gr.Slider(1, 16, value=2, step=1, label="Field, cells a side")
            with gr.Column(visible=False) as share_side:
                share = gr.Slider(0, 1, value=0.5, step=0.05, label="Share of the cells")
            with gr.Column() as seed_side:
                count = gr.Slider(1, 12, value=6, step=1, label="Variants")
                seed, rolling = seed_field()
            model = model_choice(models)
            with gr.Row():
                run = gr.Button("Shuffle", variant="primary", min_width=120, elem_id="run-shuffle")
                stop = gr.Button("Stop", variant="stop", min_width=80)
        with gr.Column(scale=3, min_width=320):
            gallery = gr.Gallery(
                label="Variants",
                format="png",
                columns=3,
                object_fit="contain",
                height="auto",
                interactive=False,
                buttons=["download", "fullscreen"],
                elem_id="variants",
            )
            gr.Markdown(_HINT, elem_classes="hint")
            view = codes_view("shuffle-codes")
            download = gr.DownloadButton("Download these codes", size="md", visible=False)
    made = gr.State([], time_to_live=3600)

    @sentences
    def shuffle(
        picture: str | None = None,
        codes_file: str | None = None,
        how: str = "all",
        model: str | None = None,
        seed: int = 0,
        variants: int = 6,
        block: int = 4,
        share: float = 0.5,
        swap_first: int = 0,
        swap_second: int = 1,
        second_picture: str | None = None,
        cross_how: str = "checkerboard",
        field: int = 2,
    ) -> Iterator[list[tuple[str, str]]]:
        """Edit the codes of a picture or of a codes file, and decode what comes out.

        Returns the pictures, each captioned with the seed that makes it again.
        """
        request = ShuffleRequest(
            picture, codes_file, how, seed, variants, block, share,
            swap_first, swap_second, second_picture, cross_how, field,
        )  # fmt: skip
        for pictures, _ in _gallery(models, model, request):
            yield pictures

    @sentences
    def show(
        picture: str | None, codes_file: str | None, how: str, model: str, *rest: Any
    ) -> Iterator[list[Any]]:
        request = ShuffleRequest(picture, codes_file, how, *rest)
        for pictures, grids in _gallery(models, model, request):
            loaded = models.get(model)
            pictures = [(shown(path, loaded), caption) for path, caption in pictures]
            first = len(grids) == 1
            yield [pictures, grids, *(_codes_of_variant(grids[0]) if first else _KEEP)]

    @sentences
    def show_when_ready(
        picture: str | None, codes_file: str | None, how: str, model: str, *rest: Any
    ) -> Iterator[list[Any]]:
        """As ``show``, but silent while something is still to be chosen."""
        request = ShuffleRequest(picture, codes_file, how, *rest)
        if request.is_complete():
            yield from show(picture, codes_file, how, model, *rest)
        else:  # a generator that yields nothing would empty its outputs
            yield [gr.skip()] * 4

    def pick(made: list[Any], event: gr.SelectData) -> list[Any]:
        return _codes_of_variant(made[event.index]) if event.index < len(made) else _KEEP

    inputs = [
        picture, codes_file, how, model, seed, count, block, share,
        swap_first, swap_second, second, cross_how, field,
    ]  # fmt: skip
    outputs = [gallery, made, view, download]
    # No trigger: the endpoint for programs. The page has its own events below.
    gr.on([], shuffle, inputs, gallery, api_name="shuffle", concurrency_id=MODEL_QUEUE)
    options: dict[str, Any] = {
        "api_visibility": "private",
        "concurrency_id": MODEL_QUEUE,
        "show_progress_on": gallery,
    }
    asked = gr.on([run.click, seed.submit], show, inputs, outputs, **options)
    changed = gr.on(
        [component.change for component in (picture, codes_file, second, how, cross_how, model)]
        + [slider.release for slider in (count, block, share, field)]
        + [event for code in (swap_first, swap_second) for event in (code.submit, code.blur)],
        show_when_ready,
        inputs,
        outputs,
        trigger_mode="always_last",
        **options,
    )
    rolled = rolling.then(show_when_ready, inputs, outputs, **options)
    stop.click(None, cancels=[asked, changed, rolled], api_visibility="private")
    gallery.select(pick, made, [view, download], api_visibility="private", queue=False)
    start.change(
        _switch_source,
        start,
        [picture_side, codes_side, picture, codes_file],
        api_visibility="private",
        queue=False,
    )
    gr.on(
        [how.change, cross_how.change],
        _fields_for,
        [how, cross_how],
        [block_side, share_side, swap_side, cross_side, field_side, seed_side],
        api_visibility="private",
        queue=False,
    )
    return picture, start


def _gallery(
    models: Models, model: str | None, request: ShuffleRequest
) -> Iterator[tuple[list[tuple[str, str]], list[Codes]]]:
    """Files with captions, and their codes: all that there are so far, one more at a time."""
    loaded = models.get(model)
    pictures: list[tuple[str, str]] = []
    grids: list[Codes] = []
    for variant in variants(request, loaded):
        name = request.how.replace(" ", "-")
        if variant.seed is not None:
            name += f"-seed-{variant.seed}"
        settings = request.settings() | {"seed": variant.seed}
        path = save_picture(variant.picture, name, loaded, settings)
        caption = "the same for any seed" if variant.seed is None else f"seed {variant.seed}"
        pictures = [*pictures, (path, caption)]
        grids = [*grids, codes_of(variant.codes, loaded)]
        yield pictures, grids


def _codes_of_variant(codes: Codes) -> list[Any]:
    file = save_grid(codes, f"codes-{codes.model}")
    return [codes_html(codes.tensor(), codes.num_codes), gr.update(value=file, visible=True)]


def _switch_source(start: str) -> list[Any]:
    """Show one of the two inputs and empty the other, so that only one is ever given."""
    if start == "picture":
        return [gr.update(visible=True), gr.update(visible=False), gr.skip(), None]
    return [gr.update(visible=False), gr.update(visible=True), None, gr.skip()]


def _fields_for(how: str, cross_how: str) -> list[Any]:
    """Show the fields that this edit reads: block, share, swap, cross, field, seed."""
    crosses = how == CROSS
    at_random = crosses and cross_how == "random"
    checkered = crosses and cross_how == "checkerboard"
    plain = how in ("sort by index", "sort by brightness", "swap")
    shown = [
        how == "blocks",
        how == "share" or at_random,
        how == "swap",
        crosses,
        checkered,
        at_random if crosses else not plain,
    ]
    return [gr.update(visible=visible) for visible in shown]


_KEEP = [gr.skip(), gr.skip()]
_HINT = "Click a variant to enlarge it and to see its codes below. Its seed makes it again."
