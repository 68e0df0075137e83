"""The endpoint for programs that turn a text into a picture."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

from .errors import sentences
from .guide_layout import best_model
from .guide_models import Guides
from .guide_request import DRAFT, FORMATS, NOISE, PICTURE, GuideRequest, Numbers
from .guide_run import run_request
from .inputs import MODEL_QUEUE, picture_input
from .models import Models


def add_endpoint(models: Models, guides: Guides) -> None:
    """Add ``/guide``, with components of its own that nobody sees."""
    n = Numbers()
    inputs = [
        gr.Textbox(visible=False, label="Prompt"),
        gr.Textbox("", visible=False, label="Not this"),
        picture_input("Starting picture", visible=False),
        gr.Number(0, visible=False, label="Hold on to the start"),
        gr.Textbox(visible=False, label="CLIP"),
        gr.Textbox(visible=False, label="VQGAN"),
        gr.Textbox(visible=False, label="Size"),
        gr.Number(n.steps, visible=False, label="Steps", precision=0),
        gr.Number(n.cutouts, visible=False, label="Cutouts", precision=0),
        gr.Number(n.learning_rate, visible=False, label="Learning rate"),
        gr.Number(0, visible=False, label="Seed", precision=0),
        gr.Number(n.redraw, visible=False, label="Draw anew"),
    ]
    outputs = [gr.Image(visible=False, format="png"), gr.File(visible=False)]
    outputs.append(gr.Video(visible=False))

    @sentences
    def guide(
        prompt: str,
        negative: str = "",
        picture: str | None = None,
        hold: float = 0.0,
        clip: str | None = None,
        model: str | None = None,
        size: str | None = None,
        steps: int = n.steps,
        cutouts: int = n.cutouts,
        learning_rate: float = n.learning_rate,
        seed: int = 0,
        redraw: float = n.redraw,
    ) -> Iterator[tuple[str, str, str | None]]:
        """Pull a picture towards a text; it starts from a draft where there is one, or a picture,
        of which the share ``redraw`` that fits the text least is drawn anew first.

        Returns the picture (PNG), its codes (.npz) and the way there (MP4).
        """
        name = model or best_model(models)
        start = PICTURE
        if picture is None:
            start = NOISE if guides.draft_for(models.get(name).revision) is None else DRAFT
        asked = GuideRequest(
            prompt=prompt,
            negative=negative,
            start=start,
            picture=picture,
            clips=[clip or guides.default or ""],
            model=name,
            format=size or next(iter(FORMATS)),
            seed=int(seed),
            numbers=Numbers(
                steps=int(steps),
                cutouts=int(cutouts),
                learning_rate=learning_rate,
                redraw=redraw,
                hold=hold,
            ),
        )
        if asked.format not in FORMATS:
            raise ValueError(f"There is no size {size!r}: name one of {', '.join(FORMATS)}.")
        *_, last = run_request(models, guides, asked)
        assert last.files is not None
        yield last.files.picture, last.files.codes, last.files.video

    gr.on([], guide, inputs, outputs, api_name="guide", concurrency_id=MODEL_QUEUE)
