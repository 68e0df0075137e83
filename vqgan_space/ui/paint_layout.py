"""The widgets of the Paint tab, by name."""

from __future__ import annotations

from types import SimpleNamespace

import gradio as gr

from . import paint_canvas as canvas
from .inputs import MAX_SEED, SET_CHOICE, picture_input, seed_field
from .paint_results import Numbers
from .sets import SetFacts, Sets

_ROLL = f"() => Math.floor(Math.random() * {MAX_SEED + 1})"
HOW_TO_TRAIN = """### No set to paint with is installed
A set turns a label map into a picture: a VQGAN, a VQGAN of label maps, and a prior that writes
the codes. Train one with the scripts of this project, then start the app with it:

```
python train/label_vqgan.py --data scenes --val scenes --out runs/label-f16
python train/encode.py --data scenes --vqgan vqgan-f16 --condition labels \\
    --label-vqgan runs/label-f16 --out codes/train
python train/encode.py --data scenes --held-out --count 500 --vqgan vqgan-f16 \\
    --condition labels --label-vqgan runs/label-f16 --out codes/val
python train/prior.py --data codes/train --val codes/val \\
    --label-vqgan runs/label-f16 --architecture masked --out runs/scenes-f16
python app.py --set runs/scenes-f16
```"""
_HINT = """Choose a class, paint with it, and let the set make pictures of the map. What you leave
empty is up to the set."""
_GO_ON = """### Go on with this picture
Repaint a part of the label map, or erase a part of this picture with the brush: only that part is
made anew, and every other pixel stays as it is."""


def prior_name(is_masked: bool) -> str:
    """A prior as the dropdown calls it."""
    return "Masked: fast, in a few steps" if is_masked else "Causal: one code at a time"


def lay_out(sets: Sets) -> SimpleNamespace:
    """Everything that can be seen, and the states behind it."""
    ui = SimpleNamespace(
        made=gr.State([], time_to_live=3600),
        going_on=gr.State(None, time_to_live=3600),
        stop_file=gr.State("", time_to_live=3600),
    )
    facts = sets.facts(None)
    with gr.Row():
        with gr.Column(scale=1, min_width=320):
            _lay_out_inputs(ui, sets, facts)
        with gr.Column(scale=1, min_width=320):
            _lay_out_results(ui)
    return ui


def _lay_out_inputs(ui: SimpleNamespace, sets: Sets, facts: SetFacts) -> None:
    reads_maps = facts.kind == "label map"
    with gr.Row():
        ui.set_name = gr.Dropdown(
            sets.names,
            value=facts.name,
            label="Set",
            filterable=False,
            min_width=175,
            elem_classes=SET_CHOICE,
        )
        ui.format = gr.Dropdown(
            list(canvas.FORMATS),
            value=next(iter(canvas.FORMATS)),
            label="Format",
            filterable=False,
            min_width=175,
            elem_id="paint-format",
        )
    ui.no_map = gr.Markdown(
        "This set reads no label map.", visible=not reads_maps, elem_classes="hint"
    )
    ui.class_number = gr.Number(
        0,
        label=f"Class, 0 to {max(facts.num_classes - 1, 0)}",
        precision=0,
        minimum=0,
        visible=facts.kind == "class",
        elem_id="paint-class",
    )
    with gr.Column(visible=reads_maps) as ui.map_side:
        _lay_out_canvas(ui, facts)
    ui.variants = gr.Slider(1, 8, value=2, step=1, label="Variants", elem_id="paint-variants")
    with gr.Row():
        ui.run = gr.Button("Make pictures", variant="primary", min_width=140, elem_id="run-paint")
        ui.stop = gr.Button("Stop", variant="stop", min_width=80, elem_id="stop-paint")
    with gr.Accordion("Settings", open=False, elem_id="paint-settings"):
        _lay_out_settings(ui, facts)


def _lay_out_canvas(ui: SimpleNamespace, facts: SetFacts) -> None:
    first = canvas.brush_names(facts)[0]
    start = canvas.canvas_value(canvas.empty_map(next(iter(canvas.FORMATS))), facts.label_set)
    gr.Markdown(_HINT, elem_classes="hint")
    ui.editor = canvas.editor(
        "Label map",
        "paint-canvas",
        canvas.class_brush(facts, first, "Medium"),
        start,
        height=440,
    )
    ui.legend = gr.HTML(canvas.legend_style(facts), elem_id="paint-legend")
    ui.brush = gr.Radio(
        canvas.legend(facts), value=first, label="Paint with", elem_id="paint-brush"
    )
    ui.brush_size = gr.Radio(
        list(canvas.SIZES), value="Medium", label="Brush", elem_id="paint-brush-size"
    )
    with gr.Row():
        ui.fill_all = gr.Button("Fill all", size="md", min_width=90, elem_id="fill-all")
        ui.fill_holes = gr.Button("Fill holes", size="md", min_width=90, elem_id="fill-holes")
        ui.clear = gr.Button("Clear", size="md", min_width=80, elem_id="clear-map")
    with gr.Accordion("Start from another map", open=False, elem_id="paint-start"):
        ui.examples = gr.Gallery(
            label="Example maps",
            columns=len(canvas.EXAMPLES),
            rows=1,
            height=None,
            format="png",
            interactive=False,
            allow_preview=False,
            buttons=[],
            elem_id="example-maps",
        )
        ui.scene_seed = gr.Number(0, visible=False, precision=0)
        with gr.Row():
            roll = gr.Button("A random scene's map", size="md", min_width=160, elem_id="roll-map")
            ui.upload_map = gr.UploadButton(
                "Upload a map", file_types=["image"], size="md", min_width=130
            )
            ui.use_last = gr.Button("The last result's map", size="md", min_width=160)
        ui.scene_rolled = roll.click(
            None, outputs=ui.scene_seed, js=_ROLL, api_visibility="private"
        )


def _lay_out_settings(ui: SimpleNamespace, facts: SetFacts) -> None:
    masked = next(iter(facts.priors.values()))
    ui.prior = gr.Dropdown(
        [(prior_name(each), folder) for folder, each in facts.priors.items()],
        value=next(iter(facts.priors)),
        label="Prior",
        filterable=False,
    )
    ui.steps = gr.Slider(
        1, 64, value=Numbers.steps, step=1, label="Steps", visible=masked, elem_id="paint-steps",
        info="In how many steps the masked prior fills in all codes.",
    )  # fmt: skip
    ui.guidance = gr.Slider(
        0, 10, value=3, step=0.1, label="Guidance scale", visible=masked,
        info="How far the map or the class is followed; 1: as learnt.",
    )  # fmt: skip
    ui.stride = gr.Slider(
        1, 8, value=4, step=1, label="Stride", visible=not masked,
        info="By how many codes the window moves on a large canvas; 1 is exact, and slow.",
    )  # fmt: skip
    ui.temperature = gr.Slider(0, 2, value=1, step=0.05, label="Temperature")
    ui.top_k = gr.Slider(
        0, 1024, value=0, step=1, label="Top-k", info="Only so many of the likeliest codes; 0: all."
    )
    ui.top_p = gr.Slider(
        0.05, 1, value=Numbers.top_p, step=0.05, label="Top-p",
        info="Only the likeliest codes of this probability together; 1: all.",
    )  # fmt: skip
    ui.seed, _ = seed_field()


def _lay_out_results(ui: SimpleNamespace) -> None:
    ui.gallery = gr.Gallery(
        label="Pictures",
        format="png",
        columns=2,
        object_fit="contain",
        height="auto",
        interactive=False,
        buttons=["download", "fullscreen"],
        elem_id="painted",
    )
    ui.status = gr.Markdown("", elem_id="paint-status", elem_classes="hint")
    with gr.Column(visible=False) as ui.work:
        gr.Markdown(_GO_ON)
        ui.erase = canvas.editor(
            "Picture", "erase-canvas", canvas.erasing_brush("Medium"), None, height=400
        )
        ui.erase_size = gr.Radio(list(canvas.SIZES), value="Medium", label="Brush")
        with gr.Row():
            ui.erase_lower = gr.Button(
                "Erase lower half", size="md", min_width=130, elem_id="erase-lower"
            )
            ui.erase_right = gr.Button("Erase right half", size="md", min_width=130)
            ui.restore = gr.Button("Erase nothing", size="md", min_width=120)
        ui.remake = gr.Button("Make that part anew", variant="primary", elem_id="run-remake")
    with gr.Row(visible=False) as ui.downloads:
        ui.png, ui.codes_file, ui.map_file = (
            gr.DownloadButton(f"Download {what}", size="md", min_width=90, elem_id=elem_id)
            for what, elem_id in (
                ("picture", "painted-picture"),
                ("codes", "painted-codes"),
                ("map", "painted-map"),
            )
        )
    with gr.Accordion("Complete a picture of your own", open=False, elem_id="paint-own"):
        ui.own = picture_input(
            "Upload it, erase what is to be made anew, with or without a label map",
            height=220,
            elem_id="own-picture",
        )
