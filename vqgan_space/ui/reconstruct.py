"""The Reconstruct tab: a picture, its codes, and the picture that the codes give back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from .codes_view import codes_html, codes_view
from .errors import sentences
from .facts import figures, figures_html, steps_html
from .files import codes_of, read_grid, save_grid, save_picture, shown
from .inputs import MODEL_QUEUE, codes_input, examples_row, model_choice, picture_input
from .models import Loaded, Models

if TYPE_CHECKING:
    from ..generation.reconstruct import Reconstruction


def reconstruct_tab(models: Models, examples: Sequence[Path]) -> gr.Image:
    """Lay out the tab and wire it; returns the picture that the other tabs may start from."""
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            picture = picture_input(height=300, elem_id="reconstruct-picture")
            examples_row(examples, picture, "reconstruct-examples")
            model = model_choice(models)
        with gr.Column(scale=3, min_width=320):
            slider = gr.ImageSlider(
                label="Before and after",
                format="png",
                interactive=False,
                buttons=["fullscreen"],
                max_height=520,
                elem_id="before-after",
            )
            measures = gr.HTML(_WAITING, elem_id="figures")
            with gr.Row(visible=False) as downloads:
                png = gr.DownloadButton(
                    "Download the picture", size="md", min_width=150, elem_id="download-picture"
                )
                codes_file = gr.DownloadButton(
                    "Download the codes", size="md", min_width=150, elem_id="download-codes"
                )
    with gr.Column(visible=False) as details:
        gr.Markdown(_CODES)
        view = codes_view("reconstruct-codes")
        with gr.Accordion("What happens at each step", open=False):
            steps = gr.HTML()
    gr.Markdown(_FROM_CODES)
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            uploaded = codes_input("Codes file", elem_id="upload-codes")
        with gr.Column(scale=3, min_width=320):
            decoded = gr.Image(
                label="Decoded from the codes",
                format="png",
                interactive=False,
                buttons=["download", "fullscreen"],
                height=240,
                elem_id="decoded",
            )
    figures_json = gr.JSON(label="Figures", visible=False)

    @sentences
    def reconstruct(
        picture: str | None, model: str | None = None
    ) -> tuple[str, str, dict[str, Any]]:
        """Take a picture apart into codes and put it together again.

        Returns the reconstruction (PNG), its codes (.npz) and its figures.
        """
        loaded, result = _reconstruct(models, picture, model)
        after, codes = _save(loaded, result)
        return after, codes, figures(result)

    @sentences
    def show(picture: str | None, model: str | None) -> list[Any]:
        if picture is None:
            hidden = gr.update(visible=False)
            return [None, _WAITING, "", "", None, None, hidden, hidden]
        loaded, result = _reconstruct(models, picture, model)
        after, codes = _save(loaded, result)
        before = save_picture(result.original, "original", loaded, {"made by": "fit"})
        return [
            (shown(before, loaded), shown(after, loaded)),
            figures_html(result),
            codes_html(result.codes, loaded.num_codes),
            steps_html(result),
            codes,
            after,
            gr.update(visible=True),
            gr.update(visible=True),
        ]

    @sentences
    def decode_codes(codes_file: str | None, model: str | None = None) -> str:
        """Decode a codes file (.npz): the same codes always give the same picture (PNG)."""
        from ..generation.reconstruct import decode_picture

        if codes_file is None:
            raise ValueError("Choose a codes file first.")
        loaded = models.get(model)
        result = decode_picture(loaded.model, read_grid(codes_file, loaded))
        return save_picture(result, "decoded", loaded, {"made by": "decode codes"})

    @sentences
    def show_decoded(codes_file: str | None, model: str | None) -> str | None:
        if codes_file is None:
            return None
        return shown(decode_codes(codes_file, model), models.get(model))

    # No trigger: the endpoints for programs. The page has its own events below.
    public: dict[str, Any] = {"concurrency_id": MODEL_QUEUE}
    given, returned = [picture, model], [png, codes_file, figures_json]
    gr.on([], reconstruct, given, returned, api_name="reconstruct", **public)
    gr.on([], decode_codes, [uploaded, model], decoded, api_name="decode_codes", **public)
    gr.on(
        [picture.change, model.change],
        show,
        [picture, model],
        [slider, measures, view, steps, codes_file, png, details, downloads],
        api_visibility="private",
        trigger_mode="always_last",
        concurrency_id=MODEL_QUEUE,
        show_progress_on=slider,
    )
    uploaded.change(
        show_decoded,
        [uploaded, model],
        decoded,
        api_visibility="private",
        concurrency_id=MODEL_QUEUE,
    )
    return picture


def _reconstruct(
    models: Models, picture: str | None, name: str | None
) -> tuple[Loaded, Reconstruction]:
    from ..generation.reconstruct import reconstruct
    from ..images import open_picture

    source = open_picture(picture)
    loaded = models.get(name)
    return loaded, reconstruct(loaded.model, source)


def _save(loaded: Loaded, result: Reconstruction) -> tuple[str, str]:
    settings = {"made by": "reconstruct", "size": list(result.original.size)}
    after = save_picture(result.result, f"reconstruction-{loaded.name}", loaded, settings)
    codes = save_grid(codes_of(result.codes, loaded), f"codes-{loaded.name}")
    return after, codes


_WAITING = """<p class="waiting">Upload a picture, or click one of the examples: it is encoded to a
grid of codes and decoded again at once.</p>"""
_CODES = """### The codes
Every square of the picture has become one index into the model's codebook; equal codes have equal
colours. These indices are all that the decoder needs."""
_FROM_CODES = """### From codes back to a picture
A codes file, downloaded here or made by the Python package, decodes to the same picture, pixel by
pixel."""
