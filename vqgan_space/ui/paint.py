"""The Paint tab: a painted label map becomes pictures, of which any part can be made anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np

from . import paint_canvas as canvas
from . import stopping
from .errors import sentences
from .inputs import MODEL_QUEUE
from .paint_api import add_endpoint
from .paint_layout import HOW_TO_TRAIN, lay_out
from .paint_results import (
    Made,
    Numbers,
    PaintRequest,
    Shown,
    paint_request,
    result_files,
    uploaded,
)
from .sets import Sets

_NUMBERS = [each.name for each in fields(Numbers)]
_QUIET: dict[str, Any] = {"api_visibility": "private", "queue": False}
_AT_ONCE = _QUIET | {"show_progress": "hidden"}


def paint_tab(sets: Sets | None, tab: gr.Tab) -> None:
    """Lay out the tab and wire it; without any set it says how to train one."""
    if sets is None or not sets.names:
        gr.Markdown(HOW_TO_TRAIN, elem_id="paint-how-to-train")
        return
    ui = lay_out(sets)
    _wire_set(ui, sets)
    _wire_canvas(ui, sets, tab)
    _wire_runs(ui, sets)
    _wire_going_on(ui, sets)
    add_endpoint(sets)


def _wire_set(ui: SimpleNamespace, sets: Sets) -> None:
    """The controls that a set or a prior brings along."""

    @sentences
    def choose_set(name: str, format_name: str, size: str) -> list[Any]:
        facts = sets.facts(name)
        reads_maps = facts.kind == "label map"
        names = canvas.brush_names(facts)
        masked = next(iter(facts.priors.values()))
        return [
            gr.update(choices=_prior_choices(facts.priors), value=next(iter(facts.priors))),
            gr.update(visible=reads_maps),
            gr.update(visible=facts.kind == "class", value=0, label=_class_label(facts)),
            gr.update(visible=not reads_maps),
            gr.update(choices=canvas.legend(facts), value=names[0]),
            canvas.legend_style(facts),
            gr.update(
                value=canvas.canvas_value(canvas.empty_map(format_name), facts.label_set),
                brush=canvas.class_brush(facts, names[0], size),
            ),
            gr.update(visible=masked),
            gr.update(visible=masked),
            gr.update(visible=not masked),
            [],
            [],
            None,
            gr.update(visible=False),
        ]

    @sentences
    def choose_prior(name: str, prior: str) -> list[Any]:
        masked = sets.facts(name).priors.get(prior, True)
        return [gr.update(visible=masked)] * 2 + [gr.update(visible=not masked)]

    by_prior = [ui.steps, ui.guidance, ui.stride]
    changed = [
        ui.prior, ui.map_side, ui.class_number, ui.no_map, ui.brush, ui.legend, ui.editor,
        *by_prior, ui.gallery, ui.made, ui.going_on, ui.work,
    ]  # fmt: skip
    ui.set_name.change(choose_set, [ui.set_name, ui.format, ui.brush_size], changed, **_QUIET)
    ui.prior.change(choose_prior, [ui.set_name, ui.prior], by_prior, **_QUIET)


def _wire_canvas(ui: SimpleNamespace, sets: Sets, tab: gr.Tab) -> None:
    """Brushes, filling, and what a map can start from."""

    @sentences
    def choose_brush(set_name: str, name: str, size: str) -> Any:
        return gr.update(brush=canvas.class_brush(sets.facts(set_name), name, size))

    @sentences
    def fill(
        set_name: str, format_name: str, value: Any, name: str, only_holes: bool
    ) -> dict[str, Any]:
        from ..generation.painting import fill as fill_map

        facts = sets.facts(set_name)
        label_map = canvas.read_canvas(value, facts.label_set, format_name)
        filled = fill_map(label_map, canvas.brush_id(facts, name), only_holes)
        return canvas.canvas_value(filled, facts.label_set)

    @sentences
    def resize(set_name: str, format_name: str, value: Any) -> dict[str, Any]:
        from ..data.labels import resize as resize_map

        label_set = sets.facts(set_name).label_set
        label_map = canvas.read_canvas(value, label_set, format_name)
        resized = resize_map(label_map, canvas.FORMATS[format_name])
        return canvas.canvas_value(resized, label_set)

    @sentences
    def clear(set_name: str, format_name: str) -> dict[str, Any]:
        label_set = sets.facts(set_name).label_set
        return canvas.canvas_value(canvas.empty_map(format_name), label_set)

    @sentences
    def scene(set_name: str, format_name: str, seed: int) -> dict[str, Any]:
        label_set = sets.facts(set_name).label_set
        drawn = canvas.scene_map(int(seed), *canvas.FORMATS[format_name])
        return canvas.canvas_value(canvas.as_set(drawn, label_set), label_set)

    @sentences
    def example(set_name: str, format_name: str, event: gr.SelectData) -> dict[str, Any]:
        return scene(set_name, format_name, canvas.EXAMPLES[event.index])

    @sentences
    def upload(set_name: str, format_name: str, path: str) -> Any:
        from ..data.labels import load_label_map
        from ..data.labels import resize as resize_map

        label_set = sets.facts(set_name).label_set
        label_map = resize_map(load_label_map(path, label_set), canvas.FORMATS[format_name])
        return canvas.canvas_value(label_map, label_set)

    @sentences
    def last_map(set_name: str, going_on: Made | None) -> list[Any]:
        if going_on is None or going_on.label_map is None:
            gr.Info("There is no result yet.")
            return [gr.skip(), gr.skip()]
        format_name = next(
            name for name, size in canvas.FORMATS.items() if size == going_on.label_map.shape
        )
        label_set = sets.facts(set_name).label_set
        return [canvas.canvas_value(going_on.label_map, label_set), format_name]

    @sentences
    def examples(set_name: str) -> list[Any]:
        label_set = sets.facts(set_name).label_set
        maps = [canvas.as_set(canvas.scene_map(n, 128, 128), label_set) for n in canvas.EXAMPLES]
        return [canvas.map_picture(each, label_set) for each in maps]

    here = [ui.set_name, ui.format]
    gr.on(
        [ui.brush.change, ui.brush_size.change],
        choose_brush,
        [ui.set_name, ui.brush, ui.brush_size],
        ui.editor,
        **_AT_ONCE,
    )
    for button, only_holes in ((ui.fill_all, False), (ui.fill_holes, True)):
        given = [*here, ui.editor, ui.brush, gr.State(only_holes)]
        button.click(fill, given, ui.editor, **_AT_ONCE)
    ui.format.input(resize, [*here, ui.editor], ui.editor, **_QUIET)
    gr.on([ui.clear.click, ui.editor.clear], clear, here, ui.editor, **_AT_ONCE)
    ui.scene_rolled.then(scene, [*here, ui.scene_seed], ui.editor, **_QUIET)
    ui.examples.select(example, here, ui.editor, **_QUIET)
    ui.upload_map.upload(upload, [*here, ui.upload_map], ui.editor, **_QUIET)
    ui.use_last.click(last_map, [ui.set_name, ui.going_on], [ui.editor, ui.format], **_QUIET)
    # Drawn when the tab is first seen, so that the page need not wait for them.
    tab.select(examples, ui.set_name, ui.examples, **_QUIET)


def _wire_runs(ui: SimpleNamespace, sets: Sets) -> None:
    """Painting all, painting a part, and stopping both."""
    outputs = [ui.gallery, ui.made, ui.status, ui.going_on, ui.erase, ui.work, ui.downloads]
    outputs += [ui.png, ui.codes_file, ui.map_file]

    def request(values: tuple[Any, ...], going_on: Made | None, erased: Any) -> PaintRequest:
        set_name, prior, format_name, value, class_number, variants, seed, *numbers = values
        facts = sets.facts(set_name)
        label_map, size = None, canvas.FORMATS[format_name]
        if facts.kind == "label map":
            label_map = canvas.read_canvas(value, facts.label_set, format_name)
        return PaintRequest(
            set_name, prior, size, label_map, class_number, seed, variants,
            Numbers(**dict(zip(_NUMBERS, numbers, strict=True))), going_on, erased,
        )  # fmt: skip

    def stream(asked: PaintRequest, stop_file: str) -> Iterator[list[Any]]:
        before = [asked.going_on] if asked.going_on is not None else []
        shown: Shown | None = None
        stopped = False
        for shown in paint_request(sets, asked):
            if stopped := stopping.is_stopped(stop_file):
                break
            gallery = gr.skip() if shown.gallery is None else shown.gallery + _before(before)
            yield [gallery, shown.finished + before, shown.status, *[gr.skip()] * 7]
        finished = [] if shown is None else shown.finished
        status = "Stopped." if stopped else "Done."
        more = [gr.skip()] * 7
        if finished:
            status += " Click a variant to go on with it."
            more = _go_on_with(sets, finished[0])
        yield [gr.skip(), finished + before, status, *more]

    @sentences
    def paint_all(stop_file: str, *values: Any) -> Iterator[list[Any]]:
        yield from stream(request(values, None, None), stop_file)

    @sentences
    def paint_part(
        stop_file: str, going_on: Made | None, erase: Any, *values: Any
    ) -> Iterator[list[Any]]:
        if going_on is None:
            raise ValueError("Paint a picture first, or upload one of your own.")
        yield from stream(request(values, going_on, canvas.read_region(erase)), stop_file)

    settings = [getattr(ui, name) for name in _NUMBERS]
    values = [
        ui.set_name, ui.prior, ui.format, ui.editor, ui.class_number, ui.variants, ui.seed,
        *settings,
    ]  # fmt: skip
    options: dict[str, Any] = {
        "api_visibility": "private",
        "concurrency_id": MODEL_QUEUE,
        "show_progress": "minimal",
        "show_progress_on": ui.status,
    }
    gr.on([ui.run.click, ui.seed.submit], stopping.begin, None, ui.stop_file, **_QUIET).then(
        paint_all, [ui.stop_file, *values], outputs, **options
    )
    ui.remake.click(stopping.begin, None, ui.stop_file, **_QUIET).then(
        paint_part, [ui.stop_file, ui.going_on, ui.erase, *values], outputs, **options
    )
    ui.stop.click(stopping.stop, ui.stop_file, None, **_QUIET)


def _wire_going_on(ui: SimpleNamespace, sets: Sets) -> None:
    """What follows a result: picking one, erasing, and a picture of one's own."""
    shown = [ui.going_on, ui.erase, ui.work, ui.downloads, ui.png, ui.codes_file, ui.map_file]

    @sentences
    def pick(made: list[Made], event: gr.SelectData) -> list[Any]:
        if event.index >= len(made):  # a variant that is still under way
            return [gr.skip()] * 7
        return _go_on_with(sets, made[event.index])

    @sentences
    def own_picture(path: str | None, set_name: str, format_name: str, value: Any) -> list[Any]:
        if path is None:
            return [gr.skip()] * 7
        facts, label_map = sets.facts(set_name), None
        if facts.kind == "label map":
            label_map = canvas.read_canvas(value, facts.label_set, format_name)
        size = canvas.FORMATS[format_name]
        return _go_on_with(sets, uploaded(sets, path, set_name, size, label_map))

    def erase(going_on: Made | None, rows: slice, columns: slice) -> Any:
        if going_on is None:
            return gr.skip()
        from PIL import Image

        with Image.open(going_on.picture) as picture:
            opened = picture.convert("RGB")
        region = np.zeros((opened.height, opened.width), bool)
        rows = slice(int(rows.start * opened.height), opened.height)
        columns = slice(int(columns.start * opened.width), opened.width)
        region[rows, columns] = True
        return canvas.region_value(opened, region)

    @sentences
    def erase_lower(going_on: Made | None) -> Any:
        return erase(going_on, slice(0.5, None), slice(0, None))

    @sentences
    def erase_right(going_on: Made | None) -> Any:
        return erase(going_on, slice(0, None), slice(0.5, None))

    def choose_size(size: str) -> Any:
        return gr.update(brush=canvas.erasing_brush(size))

    @sentences
    def restore(going_on: Made | None) -> Any:
        return gr.skip() if going_on is None else canvas.picture_value(_open(going_on))

    ui.gallery.select(pick, ui.made, shown, **_QUIET)
    ui.own.change(
        own_picture,
        [ui.own, ui.set_name, ui.format, ui.editor],
        shown,
        api_visibility="private",
        concurrency_id=MODEL_QUEUE,
    )
    ui.erase_lower.click(erase_lower, ui.going_on, ui.erase, **_QUIET)
    ui.erase_right.click(erase_right, ui.going_on, ui.erase, **_QUIET)
    ui.erase_size.change(choose_size, ui.erase_size, ui.erase, **_AT_ONCE)
    gr.on([ui.restore.click, ui.erase.clear], restore, ui.going_on, ui.erase, **_QUIET)


def _go_on_with(sets: Sets, made: Made) -> list[Any]:
    """The picture to go on with, and its files to download."""
    label_set = sets.facts(made.set_name).label_set
    picture, codes, label_map = result_files(made, label_set)
    return [
        made,
        canvas.picture_value(_open(made)),
        gr.update(visible=True),
        gr.update(visible=True),
        picture,
        codes,
        gr.update(value=label_map, visible=label_map is not None),
    ]


def _open(made: Made) -> Any:
    from PIL import Image

    with Image.open(made.picture) as picture:
        return picture.convert("RGB")


def _before(before: list[Made]) -> list[tuple[Any, str]]:
    return [(made.picture, f"before: {made.caption.removeprefix('before: ')}") for made in before]


def _prior_choices(priors: dict[str, bool]) -> list[tuple[str, str]]:
    from .paint_layout import prior_name

    return [(prior_name(masked), folder) for folder, masked in priors.items()]


def _class_label(facts: Any) -> str:
    return f"Class, 0 to {max(facts.num_classes - 1, 0)}"
