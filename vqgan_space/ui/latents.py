"""The Latents tab: edits before or after quantising, and the way from one picture to another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from .errors import filled, sentences
from .files import result_path, save_picture, shown
from .inputs import MODEL_QUEUE, examples_row, model_choice, picture_input, seed_field
from .models import Models

if TYPE_CHECKING:
    from PIL import Image

ORDERS = [("Before quantising", "before"), ("After quantising", "after")]
_FRAMES_A_SECOND = 12


def latents_tab(models: Models, examples: Sequence[Path]) -> gr.Image:
    """Lay out the tab and wire it; returns its picture."""
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            picture = picture_input(height=240, elem_id="latents-picture")
            examples_row(examples, picture, "latents-examples")
            scale = gr.Slider(
                0, 2, value=0.7, step=0.05, label="All latents times", elem_id="latents-scale"
            )
            with gr.Row():
                channel = gr.Number(0, label="Channel", precision=0, minimum=0, min_width=120)
                channel_factor = gr.Number(1, label="times", min_width=120)
            noise = gr.Slider(0, 2, value=0, step=0.05, label="Noise", info=_NOISE)
            seed, rolling = seed_field()
            order = gr.Radio(ORDERS, value="before", label="Edit the latents", info=_ORDER)
            model = model_choice(models)
        with gr.Column(scale=3, min_width=320):
            slider = gr.ImageSlider(
                label="Before and after",
                format="png",
                interactive=False,
                buttons=["fullscreen"],
                max_height=520,
                elem_id="latents-result",
            )
            png = gr.DownloadButton("Download the picture", size="md", visible=False)
            gr.Markdown(_ABOUT, elem_classes="hint")
    gr.Markdown(_BETWEEN)
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            target = picture_input("Second picture", height=240, elem_id="target-picture")
            steps = gr.Slider(2, 24, value=8, step=1, label="Frames")
            with gr.Row():
                run = gr.Button("Interpolate", variant="primary", min_width=120)
                stop = gr.Button("Stop", variant="stop", min_width=80)
        with gr.Column(scale=3, min_width=320):
            strip = gr.Image(
                label="From one picture to the other",
                show_label=False,
                format="png",
                interactive=False,
                buttons=["download", "fullscreen"],
                elem_id="strip",
            )
            video = gr.Video(
                label="As a video",
                interactive=False,
                autoplay=True,
                loop=True,
                height=320,
                elem_id="video",
            )

    @sentences
    def edit_latents(
        picture: str | None,
        model: str | None = None,
        scale: float = 0.7,
        channel: int = 0,
        channel_factor: float = 1.0,
        noise: float = 0.0,
        seed: int = 0,
        order: str = "before",
    ) -> str:
        """Edit a picture's latents before or after quantising, and decode them (PNG)."""
        return _edit(models, picture, model, scale, channel, channel_factor, noise, seed, order)[1]

    @sentences
    def show(picture: str | None, *settings: Any) -> list[Any]:
        if picture is None:
            return [None, gr.update(visible=False)]
        before, after = _edit(models, picture, *settings)
        loaded = models.get(settings[0])
        pair = (shown(before, loaded), shown(after, loaded))
        return [pair, gr.update(value=after, visible=True)]

    @sentences
    def interpolate(
        picture: str | None,
        second_picture: str | None,
        model: str | None = None,
        steps: int = 8,
        order: str = "before",
    ) -> Iterator[list[Any]]:
        """Decode the latents on the straight line between two pictures.

        Returns a strip of the frames (PNG) and, with the last of them, a video (MP4).
        """
        yield from _interpolate(models, picture, second_picture, model, steps, order)

    @sentences
    def interpolate_when_ready(
        picture: str | None, second_picture: str | None, *settings: Any
    ) -> Iterator[list[Any]]:
        """As ``interpolate``, but silent while a picture is still to be chosen."""
        if picture and second_picture:
            yield from _interpolate(models, picture, second_picture, *settings)
        else:  # a generator that yields nothing would empty its outputs
            yield [gr.skip()] * 2

    inputs = [picture, model, scale, channel, channel_factor, noise, seed, order]
    ends = [picture, target, model, steps, order]
    # No trigger: the endpoints for programs. The page has its own events below.
    public: dict[str, Any] = {"concurrency_id": MODEL_QUEUE}
    gr.on([], edit_latents, inputs, png, api_name="edit_latents", **public)
    gr.on([], interpolate, ends, [strip, video], api_name="interpolate", **public)
    options: dict[str, Any] = {"api_visibility": "private", "concurrency_id": MODEL_QUEUE}
    gr.on(
        [component.change for component in (picture, model, order)]
        + [scale.release, noise.release]
        + [number.submit for number in (channel, channel_factor, seed)]
        + [number.blur for number in (channel, channel_factor)],
        show,
        inputs,
        [slider, png],
        trigger_mode="always_last",
        show_progress_on=slider,
        **options,
    )
    rolling.then(show, inputs, [slider, png], show_progress_on=slider, **options)
    asked = run.click(interpolate, ends, [strip, video], show_progress_on=strip, **options)
    chosen = target.change(
        interpolate_when_ready,
        ends,
        [strip, video],
        trigger_mode="always_last",
        show_progress_on=strip,
        **options,
    )
    stop.click(None, cancels=[asked, chosen], api_visibility="private")
    return picture


def _edit(
    models: Models,
    picture: str | None,
    name: str | None,
    scale: float,
    channel: int,
    channel_factor: float,
    noise: float,
    seed: int,
    order: str,
) -> tuple[str, str]:
    """The files of the picture as the model saw it, and of what its edited latents decode to."""
    from ..generation.latents import LatentsEdit, edit_picture
    from ..images import fit, open_picture

    source = open_picture(picture)
    loaded = models.get(name)
    edit = LatentsEdit(
        scale=scale,
        channel=filled(channel, "Channel"),
        channel_factor=filled(channel_factor, "times"),
        noise=noise,
        seed=filled(seed, "Seed"),
    )
    result = edit_picture(loaded.model, source, edit, order)
    settings = {"made by": "edit latents", "order": order} | asdict(edit)
    original = fit(source, loaded.model.factor, loaded.model.longest)
    before = save_picture(original, "original", loaded, {"made by": "fit"})
    return before, save_picture(result, "latents", loaded, settings)


def _interpolate(
    models: Models,
    picture: str | None,
    second_picture: str | None,
    name: str | None,
    steps: int,
    order: str,
) -> Iterator[list[Any]]:
    from ..generation.latents import interpolate_pictures
    from ..generation.video import strip, write_video
    from ..images import open_picture

    if picture is None or second_picture is None:
        raise ValueError("Choose both pictures first.")
    first, second = open_picture(picture), open_picture(second_picture)
    loaded = models.get(name)
    settings = {"made by": "interpolate", "order": order, "steps": steps}
    frames: list[Image.Image] = []
    for frame in interpolate_pictures(loaded.model, first, second, int(steps), order):
        frames.append(frame)
        row = save_picture(strip(frames), "interpolation", loaded, settings)
        yield [row, None]
    there_and_back = frames + frames[-2:0:-1]
    video = write_video(there_and_back, result_path("interpolation.mp4"), _FRAMES_A_SECOND)
    yield [row, str(video)]


_NOISE = "Standard deviation, as a multiple of the latents' own"
_ORDER = "Before: the result is made of codes again. After: the decoder sees what no code says."
_ABOUT = (
    "Multiply all latents by 0.7, or one channel by 50, and the same place takes another style."
)
_BETWEEN = """### Between two pictures
Every frame decodes a mixture of both pictures' latents, from the picture above to this one."""
