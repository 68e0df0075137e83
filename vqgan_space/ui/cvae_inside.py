"""Inside a CVAE: reconstruction, a walk through two latents, a morph, and where latents lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from .cvae_files import save_sample, save_samples
from .cvae_words import CONDITIONINGS, NAMES, sample_gallery
from .cvaes import GREY, Cvaes
from .errors import filled, sentences
from .inputs import MODEL_QUEUE, seed_field

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

_QUIET: dict[str, Any] = {"api_visibility": "private", "queue": False}
_PUBLIC: dict[str, Any] = {"concurrency_id": MODEL_QUEUE}
_SIDE = 112
_ALL = {"vae": "VAE", **NAMES}


def inside_tab(cvaes: Cvaes, shown_by: Sequence[gr.Tab]) -> None:
    """Lay out the sections and wire them; adds the endpoints ``/walk`` and ``/morph``."""
    name = gr.State(cvaes.of_classes[0])
    _reconstructions(cvaes, name, shown_by)
    _walk(cvaes, name)
    _morph(cvaes, name)
    _latents_plot(cvaes, name, shown_by)


def _kinds(cvaes: Cvaes) -> list[tuple[str, str]]:
    """Conditionings of the first set's variants, as a Radio takes them."""
    have = {each.condition for each in cvaes.variants(cvaes.of_classes[0])}
    return [(text, kind) for text, kind in CONDITIONINGS if kind in have]


def _classes(label: str, value: int, elem_id: str) -> gr.Dropdown:
    from ..generation.words import CLASSES

    choices = [(name, number) for number, name in enumerate(CLASSES)]
    return gr.Dropdown(choices, value=value, label=label, elem_id=elem_id, min_width=120)


def _reconstructions(cvaes: Cvaes, name: gr.State, shown_by: Sequence[gr.Tab]) -> None:
    gr.Markdown(_RECONSTRUCT)
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            samples = sample_gallery(
                "Held-out samples",
                "inside-samples",
                columns=5,
                allow_preview=False,
                buttons=[],
            )
        with gr.Column(scale=3, min_width=320):
            results = sample_gallery("The sample and its reconstructions", "inside-results")

    @sentences
    def held_out(name: str) -> Any:
        from ..generation.cvae import to_images

        pictures = cvaes.held_out(name)
        if pictures is None:
            return gr.update(visible=False)
        return [save_sample(picture, 56, {}) for picture in to_images(pictures)]

    @sentences
    def reconstruct(name: str, event: gr.SelectData) -> list[tuple[str, str]]:
        return _reconstruct(cvaes, name, int(event.index))

    for tab in shown_by:
        tab.select(held_out, name, samples, **_QUIET)
    samples.select(
        reconstruct,
        name,
        results,
        api_visibility="private",
        concurrency_id=MODEL_QUEUE,
        show_progress_on=results,
    )


def _reconstruct(cvaes: Cvaes, name: str, number: int) -> list[tuple[str, str]]:
    """A held-out sample and what every variant makes of it, with its SSIM."""
    import torch

    from ..generation.cvae import reconstruct, similarity, to_images

    pictures = cvaes.held_out(name)
    if pictures is None:
        raise ValueError("This set has no held-out samples.")
    picture = pictures[number : number + 1]
    label = torch.tensor([number % 10])
    shown: list[tuple[Any, str, dict[str, Any]]] = [(to_images(picture)[0], "held-out sample", {})]
    for variant in cvaes.variants(name):
        model = cvaes.get(name, variant.folder)
        rebuilt = reconstruct(model, picture, label)
        text = f"{_ALL[variant.folder]}, SSIM {similarity(rebuilt, picture):.2f}"
        shown.append((to_images(rebuilt)[0], text, {"made by": "CVAE", "variant": variant.folder}))
    return save_samples(shown, _SIDE)


def _walk(cvaes: Cvaes, name: gr.State) -> None:
    gr.Markdown(_WALK)
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            label = _classes("Class", 7, "walk-class")
            how = gr.Radio(_kinds(cvaes), value="concat", label="Conditioning")
            with gr.Row():
                across = gr.Number(0, label="Latent across", precision=0, minimum=0, min_width=120)
                down = gr.Number(1, label="Latent down", precision=0, minimum=0, min_width=120)
            reach = gr.Slider(0.5, 6, value=3, step=0.5, label="Reach", info="To both sides of 0.")
            busiest = gr.Button("Take the two that show most", size="md", elem_id="walk-busiest")
            run = gr.Button("Walk", variant="primary", elem_id="run-walk")
        with gr.Column(scale=3, min_width=320):
            grid = gr.Image(
                label="Two latents, all others 0",
                format="png",
                interactive=False,
                buttons=["download", "fullscreen"],
                elem_id="walk-grid",
            )

    @sentences
    def walk(
        label: int = 7,
        condition: str = "concat",
        across: int = 0,
        down: int = 1,
        reach: float = 3.0,
        set_name: str | None = None,
    ) -> str:
        """A grid of pictures of one class while two latents change (PNG)."""
        from ..generation.cvae import sheet, walk_grid

        (folder,) = cvaes.folders(set_name, condition, GREY)
        model = cvaes.get(set_name, folder)
        dimensions = (int(filled(across, "Latent across")), int(filled(down, "Latent down")))
        rows = walk_grid(model, int(label), dimensions, reach=reach)
        settings = {"made by": "CVAE", "variant": folder, "latents": list(dimensions)}
        return save_sample(sheet(rows, 56), 1, settings | {"class": int(label)})

    def find_busiest(label: int, condition: str, set_name: str) -> list[int]:
        from ..generation.cvae import busiest_latents

        (folder,) = cvaes.folders(set_name, condition, GREY)
        return list(busiest_latents(cvaes.get(set_name, folder), int(label)))

    inputs = [label, how, across, down, reach, name]
    gr.on([], walk, inputs, grid, api_name="walk", **_PUBLIC)
    private: dict[str, Any] = {"api_visibility": "private", "concurrency_id": MODEL_QUEUE}
    gr.on([run.click, across.submit, down.submit, reach.release], walk, inputs, grid, **private)
    found = busiest.click(find_busiest, [label, how, name], [across, down], **private)
    found.then(walk, inputs, grid, **private)


def _morph(cvaes: Cvaes, name: gr.State) -> None:
    gr.Markdown(_MORPH)
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            with gr.Row():
                first = _classes("From", 7, "morph-from")
                second = _classes("To", 9, "morph-to")
            how = gr.Radio(_kinds(cvaes), value="concat", label="Conditioning")
            steps = gr.Slider(2, 16, value=8, step=1, label="Pictures")
            seed, rolling = seed_field()
            run = gr.Button("Morph", variant="primary", elem_id="run-morph")
        with gr.Column(scale=3, min_width=320):
            strip = gr.Image(
                label="From one word to the other",
                format="png",
                interactive=False,
                buttons=["download", "fullscreen"],
                elem_id="morph-strip",
            )

    @sentences
    def morph(
        first: int = 7,
        second: int = 9,
        condition: str = "concat",
        steps: int = 8,
        seed: int = 0,
        set_name: str | None = None,
    ) -> str:
        """From one class to another with z held: three rows of pictures, a z each (PNG)."""
        from ..generation.cvae import morph as morph_classes
        from ..generation.cvae import sheet
        from ..generation.seeds import variant_seeds

        (folder,) = cvaes.folders(set_name, condition, GREY)
        model = cvaes.get(set_name, folder)
        ends = (int(first), int(second))
        rows = [
            morph_classes(model, *ends, steps=int(steps), seed=each, temperature=0.8)
            for each in variant_seeds(filled(seed, "Seed"), 3)
        ]
        settings = {"made by": "CVAE", "variant": folder, "classes": list(ends), "seed": seed}
        return save_sample(sheet(rows, 84), 1, settings)

    inputs = [first, second, how, steps, seed, name]
    gr.on([], morph, inputs, strip, api_name="morph", **_PUBLIC)
    private: dict[str, Any] = {"api_visibility": "private", "concurrency_id": MODEL_QUEUE}
    gr.on([run.click, seed.submit, steps.release], morph, inputs, strip, **private)
    rolling.then(morph, inputs, strip, **private)


def _latents_plot(cvaes: Cvaes, name: gr.State, shown_by: Sequence[gr.Tab]) -> None:
    from ..generation.words import CLASSES

    have = [each.folder for each in cvaes.variants(cvaes.of_classes[0])]
    pair = [each for each in ("vae", "concat") if each in have]
    if not any(cvaes.tsne(None, each) for each in pair):
        return
    gr.Markdown(_LATENTS)
    colours = dict(zip(CLASSES, _COLOURS, strict=True))
    gr.HTML(_legend(colours))
    with gr.Row():
        plots = [
            gr.ScatterPlot(
                x="x",
                y="y",
                color="class",
                color_map=colours,
                colors_in_legend=[],
                title=_title(cvaes, each),
                x_title=" ",
                y_title=" ",
                height=420,
                min_width=320,
                tooltip=["class"],
                elem_id=f"tsne-{each}",
            )
            for each in pair
        ]

    @sentences
    def draw(name: str) -> list[Any]:
        return [_points(cvaes, name, each) for each in pair]

    for tab in shown_by:
        tab.select(draw, name, plots, **_QUIET)


def _title(cvaes: Cvaes, folder: str) -> str:
    """Whose latents these are, and how many of them are told by their neighbours."""
    share = (cvaes.tsne(None, folder) or {}).get("same class nearby")
    told = f": neighbours tell {share:.0%}" if isinstance(share, float) else ""
    return f"{_TITLES[folder]}{told}"


def _legend(colours: dict[str, str]) -> str:
    """The classes and their colours."""
    items = "".join(
        f'<li><i style="background: {colour}"></i>{name}</li>' for name, colour in colours.items()
    )
    return f'<ul class="class-colours">{items}</ul>'


def _points(cvaes: Cvaes, name: str, folder: str) -> pd.DataFrame | None:
    import pandas as pd

    from ..generation.words import CLASSES

    found = cvaes.tsne(name, folder)
    if found is None:
        return None
    classes = [CLASSES[int(label)] for label in found["label"]]
    return pd.DataFrame({"x": found["x"], "y": found["y"], "class": classes})


# One for each class, in their order, apart for those whose eyes tell few colours apart.
_COLOURS = (
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee",
    "#aa3377", "#888888", "#ee7733", "#004488", "#994455",
)  # fmt: skip
_TITLES = {"vae": "VAE", "concat": "CVAE (concat)"}
_RECONSTRUCT = """### Reconstruct
Choose one of these samples, which no training has seen. The CVAEs are told its class, the VAE is
not."""
_WALK = """### Walk through two latents
Everything else is held: what do these two numbers of z stand for?"""
_MORPH = """### From one word to another
z is held and the class's embedding goes over into the other's: three rows, a z each."""
_LATENTS = """### Where the latents lie
t-SNE of the latents' means of samples, coloured by class, and of how many the class can be told by
their ten nearest neighbours. The VAE has nothing but z to tell a boot from a coat, so its latents
form clusters by class. The CVAE is given the class, so z need not say it again, and classes mix.
They mix only as far as the KL divergence presses: with a small beta, as here, z still says much of
the outline, and shoes lie apart from tops."""
