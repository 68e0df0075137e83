"""The inputs that the tabs have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gradio as gr
from gradio.data_classes import ImageData
from gradio.events import Dependency

from .models import Models

MAX_SEED = 2**32 - 1
# One model at a time, whatever the tab: the processor is shared.
MODEL_QUEUE = "model"
# Classes of the dropdowns to which a visitor's own set is added.
MODEL_CHOICE, SET_CHOICE = "model-choice", "set-choice"
CLASS_CVAE_CHOICE, TEXT_CVAE_CHOICE = "class-cvae-choice", "text-cvae-choice"
_DIE = str(Path(__file__).with_name("die.svg"))
_ROLL = f"() => Math.floor(Math.random() * {MAX_SEED + 1})"


def picture_input(label: str = "Picture", **options: object) -> gr.Image:
    """A picture by upload, paste or webcam; handlers get the path of the file as it was sent.

    Gradio would open the file itself before the handler runs, and fail on one that is no picture
    without saying why; the handler's ``open_picture`` says it in a sentence.
    """
    picture = gr.Image(
        label=label,
        type="filepath",
        image_mode=None,
        format="png",
        sources=["upload", "clipboard", "webcam"],
        buttons=["fullscreen"],
        **options,  # type: ignore[arg-type]
    )
    picture.preprocess = _sent_file  # type: ignore[method-assign]
    return picture


def codes_input(label: str, **options: object) -> gr.File:
    """A codes file to open."""
    return gr.File(
        label=label,
        file_types=[".npz"],
        height=150,
        **options,  # type: ignore[arg-type]
    )


def model_choice(models: Models) -> gr.Dropdown:
    """The models on offer; ``own_set`` finds it by its class."""
    return gr.Dropdown(
        models.choices,
        value=models.default,
        label="Model",
        filterable=False,
        elem_classes=MODEL_CHOICE,
    )


def seed_field() -> tuple[gr.Number, Dependency]:
    """A seed, and the event of a die that rolls another."""
    with gr.Row(equal_height=True, elem_classes="seed-row"):
        seed = gr.Number(
            0, label="Seed", precision=0, minimum=0, maximum=MAX_SEED, scale=4, min_width=140
        )
        die = gr.Button("New seed", icon=_DIE, size="md", scale=1, min_width=120)
    return seed, die.click(None, outputs=seed, js=_ROLL, api_visibility="private")


def examples_row(examples: Sequence[Path], picture: gr.Image, elem_id: str) -> None:
    """Pictures to start from; a click puts one into ``picture``."""
    if examples:
        gr.Examples(
            [[str(path)] for path in examples],
            inputs=picture,
            label="Or start from one of these",
            elem_id=elem_id,
            api_visibility="private",
        )


def _sent_file(payload: ImageData | None) -> str | None:
    if payload is None:
        return None
    if not payload.path:
        raise gr.Error("Send the picture as a file.", print_exception=False)
    return payload.path
