"""The widgets of the tab Text to image, by name."""

from __future__ import annotations

from types import SimpleNamespace

import gradio as gr

from .guide_models import Guides
from .guide_request import DRAFT, FORMATS, NOISE, STARTS, Numbers
from .inputs import MAX_SEED, MODEL_CHOICE, codes_input, picture_input, seed_field
from .models import Models

_ROLL = f"() => Math.floor(Math.random() * {MAX_SEED + 1})"
# Of the words that the shipped CLIP knows.
STYLES = [
    "in winter", "in autumn", "in spring", "at sunset", "at night", "under the stars",
    "in the fog", "in the rain", "in falling snow", "in bright sunshine",
]  # fmt: skip
AUGMENTATION_NAMES = [
    ("Not at all", "none"),
    ("Gently: mirrored, turned, tilted", "gentle"),
    ("Strongly: erased in parts, too", "strong"),
]
SCHEDULE_NAMES = [
    ("Falls gently to a tenth", "cosine"),
    ("A tenth after three quarters", "step"),
    ("Stays", "constant"),
]
HOW_TO_TRAIN = """### No CLIP is installed
A CLIP says how well a picture fits a text. Train a small one on drawn scenes, then start the app
with it:

```
python train/clip.py --out runs/clip
python app.py --clip runs/clip
```"""
_PROMPT = "One prompt a line, or parted by |. A number behind a colon is its weight: a lake:0.5"
_HINT = """CLIP says how well a picture fits your words, and its gradient pulls the latents until it
fits better. `^` parts the scenes of a story: *a summer meadow ^ a snowy meadow*."""


def lay_out(models: Models, guides: Guides) -> SimpleNamespace:
    """Everything that can be seen, and the states behind it."""
    ui = SimpleNamespace(
        going_on=gr.State(None, time_to_live=3600), stop_file=gr.State("", time_to_live=3600)
    )
    with gr.Row():
        with gr.Column(scale=1, min_width=320):
            _lay_out_inputs(ui, models, guides)
        with gr.Column(scale=1, min_width=320):
            _lay_out_results(ui)
    return ui


def _lay_out_inputs(ui: SimpleNamespace, models: Models, guides: Guides) -> None:
    gr.Markdown(_HINT, elem_classes="hint")
    ui.prompt = gr.Textbox(
        label="Prompt",
        info=_PROMPT,
        placeholder="a snow-covered spruce",
        lines=2,
        max_lines=6,
        elem_id="guide-prompt",
    )
    ui.styles = gr.CheckboxGroup(
        STYLES, label="Add to every prompt", elem_id="guide-styles", elem_classes="chips"
    )
    ui.negative = gr.Textbox(
        label="Not this",
        placeholder="people | houses:1",
        lines=1,
        max_lines=4,
        elem_id="guide-negative",
    )
    _lay_out_start(ui, guides, first_start(models, guides))
    with gr.Row():
        ui.run = gr.Button("Make it", variant="primary", min_width=120, elem_id="run-guide")
        ui.go_on = gr.Button("Continue", min_width=110, interactive=False, elem_id="continue-guide")
        ui.stop = gr.Button("Stop", variant="stop", min_width=70, elem_id="stop-guide")
    with gr.Accordion("Models, size and seeds", open=False, elem_id="guide-models"):
        _lay_out_models(ui, models, guides)
    with gr.Accordion("A picture as a prompt", open=False, elem_id="guide-picture-prompt"):
        ui.picture_prompt = picture_input("Come near to this picture", height=200)
        ui.picture_weight = gr.Slider(-2, 2, value=1, step=0.1, label="Weight")
    with gr.Accordion("How it is pulled", open=False, elem_id="guide-settings"):
        _lay_out_settings(ui)
    with gr.Accordion("Camera", open=False, elem_id="guide-camera"):
        _lay_out_camera(ui)
    with gr.Accordion("Words that this CLIP knows", open=False, elem_id="guide-words") as ui.words:
        ui.word_list = gr.Markdown("", elem_classes="hint")


def first_start(models: Models, guides: Guides) -> str:
    """The start that is chosen at first: a draft, where a set makes them for the first model."""
    return NOISE if guides.draft_for(models.revision(best_model(models))) is None else DRAFT


def _lay_out_start(ui: SimpleNamespace, guides: Guides, first: str) -> None:
    offered = [(label, key) for key, label in STARTS.items() if key != DRAFT or guides.drafts]
    ui.start = gr.Radio(offered, value=first, label="Start from", elem_id="guide-start")
    with gr.Column(visible=False) as ui.scene_side:
        with gr.Row(equal_height=True, elem_classes="seed-row"):
            ui.scene = gr.Number(
                0, label="Scene", precision=0, minimum=0, maximum=MAX_SEED, min_width=140, scale=4,
                elem_id="guide-scene",
            )  # fmt: skip
            roll = gr.Button("Another scene", size="md", scale=1, min_width=120)
        ui.scene_picture = gr.Image(
            label="The scene",
            format="png",
            interactive=False,
            height=180,
            buttons=[],
            elem_id="guide-scene-picture",
        )
        ui.scene_rolled = roll.click(None, outputs=ui.scene, js=_ROLL, api_visibility="private")
    with gr.Column(visible=False) as ui.picture_side:
        ui.picture = picture_input("Starting picture", height=200, elem_id="guide-picture")
    with gr.Row(visible=False) as ui.colour_side:
        ui.top = gr.ColorPicker("#7fb2e5", label="Top", min_width=120)
        ui.bottom = gr.ColorPicker("#5f8f4a", label="Bottom", min_width=120)
    with gr.Column(visible=False) as ui.codes_side:
        ui.codes_file = codes_input("Codes to start from")
    ui.redraw = gr.Slider(
        0, 1, value=Numbers.redraw, step=0.05, label="Draw anew",
        info="Share of the start, and between a story's scenes, that fits your words least.",
        visible=False, elem_id="guide-redraw",
    )  # fmt: skip
    ui.hold = gr.Slider(
        0, 2, value=Numbers.hold, step=0.05, label="Hold on to the start",
        info="0: free to leave it; 1 and more: stays near.", visible=False,
        elem_id="guide-hold",
    )  # fmt: skip


def _lay_out_models(ui: SimpleNamespace, models: Models, guides: Guides) -> None:
    ui.clips = gr.Dropdown(
        guides.choices,
        value=[guides.default or ""],
        multiselect=True,
        label="CLIP",
        info="Several guide together, and cost as much as all of them.",
        elem_id="guide-clip",
    )
    ui.model = gr.Dropdown(
        models.choices,
        value=best_model(models),
        label="VQGAN",
        filterable=False,
        elem_classes=MODEL_CHOICE,
        elem_id="guide-model",
    )
    ui.format = gr.Dropdown(
        list(FORMATS), value=next(iter(FORMATS)), label="Size", filterable=False,
        elem_id="guide-format",
    )  # fmt: skip
    ui.variants = gr.Slider(1, 4, value=1, step=1, label="Variants", elem_id="guide-variants")
    ui.best_of = gr.Slider(
        1, 16, value=Numbers.best_of, step=1, label="Best of",
        info="So many starts are made for each picture; CLIP chooses one.",
    )  # fmt: skip
    ui.seed, _ = seed_field()


def best_model(models: Models) -> str | None:
    """The model that paints at first: of coarse codes, which a few steps move further."""
    return models.first("vqgan-f16")


def _lay_out_settings(ui: SimpleNamespace) -> None:
    n = Numbers()
    ui.steps = gr.Slider(1, 500, value=n.steps, step=1, label="Steps", elem_id="guide-steps")
    ui.cutouts = gr.Slider(
        1, 64, value=n.cutouts, step=1, label="Cutouts",
        info="Parts of the picture that CLIP sees in every step: more is steadier, and slower.",
        elem_id="guide-cutouts",
    )  # fmt: skip
    ui.learning_rate = gr.Slider(
        0.01, 1, value=n.learning_rate, step=0.01, label="Learning rate",
        info="How far a step goes, in standard deviations of the codebook.",
    )  # fmt: skip
    ui.schedule = gr.Dropdown(
        SCHEDULE_NAMES, value=n.schedule, label="Learning rate over the steps", filterable=False
    )
    ui.quantise = gr.Checkbox(
        n.quantise, label="Quantise: the picture is made of codes at every step"
    )
    ui.augmentation = gr.Dropdown(
        AUGMENTATION_NAMES, value=n.augmentation, label="Change the cutouts", filterable=False
    )
    ui.whole = gr.Slider(
        0, 1, value=n.whole, step=0.05, label="Cutouts of the whole picture, share"
    )
    ui.smallest = gr.Slider(
        0.1, 1, value=n.smallest, step=0.05, label="Smallest cutout",
        info="Side of the smallest of the others, of the picture's.",
    )  # fmt: skip
    ui.noise = gr.Slider(0, 0.5, value=n.noise, step=0.01, label="Noise on the cutouts")
    ui.tv = gr.Slider(0, 50, value=n.tv, step=0.5, label="Smoothness (total variation)")
    ui.natural = gr.Slider(
        0, 3, value=n.natural, step=0.1, label="Naturalness",
        info="How hard a prior over codes pulls towards what pictures have.",
    )  # fmt: skip
    ui.polish = gr.Checkbox(
        n.polish, label="Polish: at the end the prior writes every code anew, half given half"
    )
    ui.hold_decay = gr.Slider(
        0.8, 1, value=n.hold_decay, step=0.01, label="Hold on the start, times, every step"
    )
    ui.average = gr.Slider(
        0, 0.99, value=n.average, step=0.01, label="Moving average of the latents"
    )
    ui.deadline = gr.Slider(5, 600, value=n.deadline, step=5, label="Seconds at most")


def _lay_out_camera(ui: SimpleNamespace) -> None:
    n = Numbers()
    gr.Markdown("The view moves a little with every step: for films.", elem_classes="hint")
    with gr.Row():
        ui.zoom = gr.Slider(0.9, 1.1, value=n.zoom, step=0.005, label="Zoom", min_width=140)
        ui.turn = gr.Slider(-5, 5, value=n.turn, step=0.5, label="Turn, degrees", min_width=140)
    with gr.Row():
        ui.right = gr.Slider(-0.1, 0.1, value=n.right, step=0.005, label="Right", min_width=140)
        ui.down = gr.Slider(-0.1, 0.1, value=n.down, step=0.005, label="Down", min_width=140)


def _lay_out_results(ui: SimpleNamespace) -> None:
    ui.gallery = gr.Gallery(
        label="Pictures",
        format="png",
        columns=1,
        object_fit="contain",
        height="auto",
        interactive=False,
        buttons=["download", "fullscreen"],
        elem_id="guided",
    )
    ui.status = gr.Markdown("", elem_id="guide-status", elem_classes="hint")
    ui.curve = gr.HTML("", elem_id="guide-curve", apply_default_css=False)
    with gr.Column(visible=False) as ui.done:
        with gr.Row():
            ui.png, ui.codes_out, ui.gif, ui.frames = (
                gr.DownloadButton(f"Download {what}", size="md", min_width=110, elem_id=elem_id)
                for what, elem_id in (
                    ("picture", "guided-picture"),
                    ("codes", "guided-codes"),
                    ("GIF", "guided-gif"),
                    ("frames", "guided-frames"),
                )
            )
        ui.video = gr.Video(
            label="The way there",
            interactive=False,
            autoplay=True,
            loop=True,
            height=320,
            buttons=["download"],
            elem_id="guided-video",
        )
