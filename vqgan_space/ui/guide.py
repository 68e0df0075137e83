"""The tab Text to image: CLIP pulls the latents towards a text, and shows the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import gradio as gr

from . import stopping
from .errors import sentences
from .guide_api import add_endpoint
from .guide_layout import HOW_TO_TRAIN, lay_out
from .guide_models import Guides
from .guide_request import (
    CODES,
    COLOURS,
    DRAFT,
    FORMATS,
    PICTURE,
    SCENE,
    GoingOn,
    GuideRequest,
    Numbers,
)
from .guide_run import run_request
from .guide_shown import Shown
from .inputs import MODEL_QUEUE
from .models import Models

_NUMBERS = [each.name for each in fields(Numbers)]
_QUIET: dict[str, Any] = {"api_visibility": "private", "queue": False}
_VALUES = (
    "prompt", "negative", "styles", "picture_prompt", "picture_weight", "start", "picture", "scene",
    "top", "bottom", "codes_file", "clips", "model", "format", "variants", "seed",
)  # fmt: skip
# Prompt, styles, start, scene, share to draw anew, hold on to it, best of so many; scenes 45 and 19
# are summer days with a spruce. Where no start is named it is the one that is chosen at first.
EXAMPLES: list[list[Any]] = [
    ["a snow-covered spruce", ["in winter"], SCENE, 45, 0.5, 0.5, 8],
    ["a sailing boat on the sea", ["at sunset"], None, 0, 0.5, 0, 4],
    ["a church in a meadow in summer", [], None, 0, 0.5, 0, 4],
    ["a meadow in summer ^ a snowy field in winter", [], SCENE, 45, 0.5, 0, 4],
    ["a lake below the mountains at night | clouds:-0.5", [], SCENE, 19, 0.5, 0.5, 8],
    ["a starry winter night below steep peaks", [], None, 0, 0.5, 0, 4],
]


def guide_tab(models: Models, guides: Guides | None, tab: gr.Tab) -> None:
    """Lay out the tab and wire it; without any CLIP it says how to train one."""
    if guides is None or guides.default is None:
        gr.Markdown(HOW_TO_TRAIN, elem_id="guide-how-to-train")
        return
    ui = lay_out(models, guides)
    _add_examples(ui)
    _wire_start(ui, guides)
    _wire_runs(ui, models, guides)
    add_endpoint(models, guides)
    tab.select(guides.warm_up, None, None, **_QUIET)


def _add_examples(ui: SimpleNamespace) -> None:
    rows = [[*row[:2], row[2] or ui.start.value, *row[3:]] for row in EXAMPLES]
    gr.Examples(
        rows,
        inputs=[ui.prompt, ui.styles, ui.start, ui.scene, ui.redraw, ui.hold, ui.best_of],
        label="Or try one of these",
        elem_id="guide-examples",
        api_visibility="private",
    )


def _wire_start(ui: SimpleNamespace, guides: Guides) -> None:
    """The fields that a start or a CLIP brings along."""

    def choose(start: str) -> list[Any]:
        shown = [start == SCENE, start == PICTURE, start == COLOURS, start == CODES]
        shown += [any(shown) or start == DRAFT] * 2
        return [gr.update(visible=each) for each in shown]

    @sentences
    def draw(start: str, seed: int | None, format_name: str) -> Any:
        if start != SCENE or seed is None:
            return gr.skip()
        from ..data.scenes import scene

        height, width = FORMATS[format_name]
        return scene(int(seed), (height, width)).picture

    @sentences
    def list_words(names: Sequence[str]) -> str:
        if not names:
            return "No CLIP is chosen."
        vocabulary = guides.clip(names[0]).vocabulary
        if vocabulary is None:
            return f"{names[0]} reads any word."
        return f"{names[0]} knows {len(vocabulary):,} words: {', '.join(vocabulary)}."

    sides = [ui.scene_side, ui.picture_side, ui.colour_side, ui.codes_side, ui.redraw, ui.hold]
    ui.start.change(choose, ui.start, sides, **_QUIET)
    gr.on(
        [ui.start.change, ui.scene.change, ui.format.change],
        draw,
        [ui.start, ui.scene, ui.format],
        ui.scene_picture,
        show_progress="hidden",
        **_QUIET,
    )
    gr.on([ui.words.expand, ui.clips.change], list_words, ui.clips, ui.word_list, **_QUIET)


def _wire_runs(ui: SimpleNamespace, models: Models, guides: Guides) -> None:
    """Running, going on, and stopping both."""
    outputs = [
        ui.gallery, ui.status, ui.curve, ui.going_on, ui.go_on, ui.done,
        ui.png, ui.codes_out, ui.gif, ui.frames, ui.video,
    ]  # fmt: skip

    def request(values: tuple[Any, ...], going_on: GoingOn | None) -> GuideRequest:
        plain, numbers = values[: len(_VALUES)], values[len(_VALUES) :]
        return GuideRequest(
            **dict(zip(_VALUES, plain, strict=True)),
            numbers=Numbers(**dict(zip(_NUMBERS, numbers, strict=True))),
            going_on=going_on,
        )

    def stream(asked: GuideRequest, stop_file: str) -> Iterator[list[Any]]:
        for shown in run_request(models, guides, asked, lambda: stopping.is_stopped(stop_file)):
            yield _outputs(shown)

    @sentences
    def make_picture(stop_file: str, *values: Any) -> Iterator[list[Any]]:
        yield from stream(request(values, None), stop_file)

    @sentences
    def go_on(stop_file: str, going_on: GoingOn | None, *values: Any) -> Iterator[list[Any]]:
        if going_on is None:
            raise ValueError("Make a picture first, then continue from it.")
        yield from stream(request(values, going_on), stop_file)

    values = [getattr(ui, name) for name in (*_VALUES, *_NUMBERS)]
    options: dict[str, Any] = {
        "api_visibility": "private",
        "concurrency_id": MODEL_QUEUE,
        "show_progress": "minimal",
        "show_progress_on": ui.status,
    }
    ui.run.click(stopping.begin, None, ui.stop_file, **_QUIET).then(
        make_picture, [ui.stop_file, *values], outputs, **options
    )
    ui.go_on.click(stopping.begin, None, ui.stop_file, **_QUIET).then(
        go_on, [ui.stop_file, ui.going_on, *values], outputs, **options
    )
    ui.stop.click(stopping.stop, ui.stop_file, None, **_QUIET)


def _outputs(shown: Shown) -> list[Any]:
    """Gallery, status, curve, state, two visibilities, and the files."""
    gallery: Any = gr.skip()
    if shown.gallery is not None:
        gallery = gr.update(value=shown.gallery, columns=1 if len(shown.gallery) == 1 else 2)
    files = shown.files
    if files is None:
        return [gallery, shown.status, _kept(shown.curve), *[gr.skip()] * 8]
    return [
        gallery,
        shown.status,
        _kept(shown.curve),
        shown.going_on,
        gr.update(interactive=True),
        gr.update(visible=True),
        files.picture,
        files.codes,
        gr.update(value=files.gif, visible=files.gif is not None),
        gr.update(value=files.frames, visible=files.frames is not None),
        gr.update(value=files.video, visible=files.video is not None),
    ]


def _kept(value: Any) -> Any:
    return gr.skip() if value is None else value
