"""Captions to pictures: sentences through CLIP, size and conditioning, samples."""

from __future__ import annotations

import warnings
from typing import Any

import gradio as gr

from .cvae_files import save_samples
from .cvae_words import sample_gallery
from .cvaes import GREY, Cvaes
from .errors import filled, sentences
from .inputs import MODEL_QUEUE, TEXT_CVAE_CHOICE, seed_field

EXAMPLES = (
    "A winter evening. Deep snow before a dark spruce forest and mountains.",
    "A summer day by the sea. A sandy beach under a clear sky.",
    "A red sunset over a lake.",
    "A starry night above a desert.",
)


def caption_tab(cvaes: Cvaes) -> None:
    """Lay out the box and wire it; adds the endpoint ``/caption``."""
    names = cvaes.of_texts
    have = [each for each in cvaes.variants(names[0]) if each.size != GREY]
    sizes = sorted({each.size for each in have})
    kinds = [each for each in ("concat", "add") if any(v.condition == each for v in have)]
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            text = gr.Textbox(
                EXAMPLES[0],
                label="Caption",
                info="One sentence or several: CLIP reads each, and their vectors are averaged.",
                lines=3,
                max_lines=6,
                elem_id="caption-text",
            )
            gr.Examples([[each] for each in EXAMPLES], text, label="Or", api_visibility="private")
            with gr.Row():
                size = gr.Radio(
                    [(f"{each} x {each}", each) for each in sizes],
                    value=sizes[-1],
                    label="Size",
                    elem_id="caption-size",
                )
                how = gr.Radio(
                    [(each.capitalize(), each) for each in kinds],
                    value=kinds[0],
                    label="Conditioning",
                    elem_id="caption-how",
                )
            count = gr.Slider(1, 16, value=8, step=1, label="Samples")
            temperature = gr.Slider(
                0, 2, value=0.4, step=0.05, label="Temperature", info="Spread of z; 0: no chance."
            )
            seed, rolling = seed_field()
            name = gr.Dropdown(
                names,
                value=names[0],
                label="Set",
                filterable=False,
                visible=len(names) > 1,
                elem_classes=TEXT_CVAE_CHOICE,
            )
            run = gr.Button("Make samples", variant="primary", elem_id="run-caption")
        with gr.Column(scale=3, min_width=320):
            status = gr.Markdown("", elem_id="caption-status", elem_classes="hint")
            gallery = sample_gallery("Samples", "caption-samples")
            gr.Markdown(_ABOUT, elem_classes="hint")

    @sentences
    def caption(
        text: str,
        size: int = 128,
        condition: str = "concat",
        count: int = 8,
        temperature: float = 0.4,
        seed: int = 0,
        set_name: str | None = None,
    ) -> list[tuple[str, str]]:
        """Pictures of a caption of one sentence or several (PNG)."""
        return _make(cvaes, text, size, condition, count, temperature, seed, set_name)[1]

    @sentences
    def show(*settings: Any) -> tuple[str, list[tuple[str, str]]]:
        return _make(cvaes, *settings)

    inputs = [text, size, how, count, temperature, seed, name]
    hidden = sample_gallery("Samples", None, visible=False)
    gr.on([], caption, inputs, hidden, api_name="caption", concurrency_id=MODEL_QUEUE)
    options: dict[str, Any] = {
        "api_visibility": "private",
        "concurrency_id": MODEL_QUEUE,
        "show_progress_on": gallery,
    }
    triggers = [run.click, size.input, how.input, count.release, temperature.release, seed.submit]
    outputs = [status, gallery]
    gr.on(triggers, show, inputs, outputs, trigger_mode="always_last", **options)
    rolling.then(show, inputs, outputs, **options)


def _make(
    cvaes: Cvaes,
    text: str,
    size: int,
    how: str,
    count: int,
    temperature: float,
    seed: int,
    name: str | None,
) -> tuple[str, list[tuple[str, str]]]:
    """What is to be said of the caption, and the files."""
    import torch

    from ..generation.cvae import check_caption, sample_embedding
    from ..generation.seeds import variant_seeds

    text = check_caption(text)
    (folder,) = cvaes.folders(name, how, int(filled(size, "Size")))
    model = cvaes.get(name, folder)
    clip = cvaes.clip_of(model)
    with warnings.catch_warnings(record=True) as cut, torch.inference_mode():
        warnings.simplefilter("always")
        embedding = clip.embed_long_text(text)
    seeds = variant_seeds(filled(seed, "Seed"), int(count))
    pictures = sample_embedding(model, embedding, seeds, temperature)
    settings = {"made by": "CVAE", "variant": folder, "caption": text, "temperature": temperature}
    shown = [
        (picture, f"seed {each}", settings | {"seed": each})
        for picture, each in zip(pictures, seeds, strict=True)
    ]
    said = [str(each.message) for each in cut if each.category is UserWarning]
    unknown = clip.unknown_words(text)
    if unknown:
        said.append(
            f"The CLIP of this set doesn't know {', '.join(unknown[:8])}: it reads past such words."
        )
    return " ".join(said), save_samples(shown, size)


_ABOUT = """One vector of a text and one random z make the whole picture: the sky's colour, the
season and the layout follow the caption, but edges and small things are averaged away. Compare the
tab *Paint*."""
