"""Short texts to clothes: the words that are known, samples of each, one conditioning or both."""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import Image

from .cvae_files import save_samples
from .cvaes import BOTH, GREY, Cvaes
from .errors import filled, sentences
from .inputs import CLASS_CVAE_CHOICE, MODEL_QUEUE, seed_field

CONDITIONINGS = [("Concat", "concat"), ("Add", "add"), ("Side by side", BOTH)]
NAMES = {"concat": "Concat", "add": "Add"}
EXAMPLES = ("two sneakers and a coat", "ankle boots, a bag", "Trousers under a PULLOVER", "t-shirt")
_SIDE = 112  # pixels of a sample on the page: each of its own becomes 4 x 4


def words_tab(cvaes: Cvaes) -> None:
    """Lay out the box and wire it; adds the endpoint ``/words``."""
    from ..generation.words import known_words

    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            text = gr.Textbox(
                EXAMPLES[0],
                label="Text",
                info=f"Words that it knows: {known_words()}.",
                max_lines=3,
                elem_id="words-text",
            )
            gr.Examples([[each] for each in EXAMPLES], text, label="Or", api_visibility="private")
            how = gr.Radio(CONDITIONINGS, value=BOTH, label="Conditioning", elem_id="words-how")
            count = gr.Slider(1, 8, value=4, step=1, label="Samples of each word")
            temperature = gr.Slider(
                0, 2, value=0.6, step=0.05, label="Temperature", info="Spread of z; 0: no chance."
            )
            seed, rolling = seed_field()
            name = _set_choice(cvaes.of_classes)
            run = gr.Button("Make samples", variant="primary", elem_id="run-words")
        with gr.Column(scale=3, min_width=320):
            found = gr.Markdown("", elem_id="words-found", elem_classes="hint")
            with gr.Row():
                galleries = [sample_gallery(NAMES[each], f"words-{each}") for each in NAMES]
            gr.Markdown(_ABOUT, elem_classes="hint")

    @sentences
    def words(
        text: str,
        condition: str = BOTH,
        count: int = 4,
        temperature: float = 0.6,
        seed: int = 0,
        set_name: str | None = None,
    ) -> list[tuple[str, str]]:
        """Pictures of the clothes that a text names, of each so many (PNG), with captions: by
        concat, then by add, or by the one that is asked for."""
        _, made = _make(cvaes, text, condition, count, temperature, seed, set_name)
        return [picture for variant in made.values() for picture in variant]

    @sentences
    def show(text: str, how: str, count: int, *settings: Any) -> list[Any]:
        said, made = _make(cvaes, text, how, count, *settings)
        shown = [
            gr.update(value=made.get(each), visible=each in made, columns=min(int(count), 4))
            for each in NAMES
        ]
        return [said, *shown]

    inputs = [text, how, count, temperature, seed, name]
    hidden = sample_gallery("Samples", None, visible=False)
    gr.on([], words, inputs, hidden, api_name="words", concurrency_id=MODEL_QUEUE)
    options: dict[str, Any] = {
        "api_visibility": "private",
        "concurrency_id": MODEL_QUEUE,
        "show_progress_on": found,
    }
    triggers = [run.click, text.submit, how.input, count.release, temperature.release, seed.submit]
    gr.on(triggers, show, inputs, [found, *galleries], trigger_mode="always_last", **options)
    rolling.then(show, inputs, [found, *galleries], **options)


def sample_gallery(label: str, elem_id: str | None, **options: Any) -> gr.Gallery:
    """Where samples are shown, with their captions."""
    given: dict[str, Any] = {
        "columns": 4,
        "object_fit": "contain",
        "height": "auto",
        "format": "png",
        "interactive": False,
        "buttons": ["download", "fullscreen"],
        "elem_classes": "samples",
    }
    return gr.Gallery(label=label, elem_id=elem_id, **given | options)


def _set_choice(names: list[str]) -> gr.Dropdown:
    return gr.Dropdown(
        names,
        value=names[0],
        label="Set",
        filterable=False,
        visible=len(names) > 1,
        elem_classes=CLASS_CVAE_CHOICE,
    )


def _make(
    cvaes: Cvaes,
    text: str,
    how: str,
    count: int,
    temperature: float,
    seed: int,
    name: str | None,
) -> tuple[str, dict[str, list[tuple[str, str]]]]:
    """What was understood, and for each conditioning files with their captions."""
    from ..generation.cvae import sample_classes
    from ..generation.seeds import variant_seeds
    from ..generation.words import CLASSES, find_classes

    matches = find_classes(text)
    seeds = variant_seeds(filled(seed, "Seed"), int(count))
    made = {}
    for folder in cvaes.folders(name, how, GREY):
        model = cvaes.get(name, folder)
        shown: list[tuple[Image.Image, str, dict[str, Any]]] = []
        for match in matches:
            pictures = sample_classes(model, [match.label] * len(seeds), seeds, temperature)
            for picture, each in zip(pictures, seeds, strict=True):
                settings = {
                    "made by": "CVAE", "variant": folder, "word": match.word, "seed": each,
                    "temperature": temperature,
                }  # fmt: skip
                shown.append((picture, match.text, settings))
        made[folder] = save_samples(shown, _SIDE)
    understood = ", ".join(f"**{match.text}** is *{CLASSES[match.label]}*" for match in matches)
    return f"Understood: {understood}.", made


_ABOUT = """Each column has one z: down a column only the word changes, along a row only z. *Concat*
joins the class's embedding to the features and to z, *add* adds it to them."""
