"""The endpoint for programs that paint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

import gradio as gr

from . import paint_canvas as canvas
from .errors import sentences
from .inputs import MODEL_QUEUE, picture_input
from .paint_results import Numbers, PaintRequest, paint_request, result_files
from .sets import Sets

if TYPE_CHECKING:
    from ..data.labels import LabelMap, LabelSet


def add_endpoint(sets: Sets) -> None:
    """Add ``/paint``, with components of its own that nobody sees."""
    names = [each.name for each in fields(Numbers)]
    inputs = [
        picture_input("Label map", visible=False),
        gr.Textbox(visible=False, label="Set"),
        gr.Textbox(visible=False, label="Prior"),
        gr.Number(0, visible=False, label="Class", precision=0),
        gr.Number(0, visible=False, label="Seed", precision=0),
        *(gr.Number(getattr(Numbers(), name), visible=False, label=name) for name in names),
    ]
    outputs = [gr.Image(visible=False, format="png"), gr.File(visible=False)]

    @sentences
    def paint(
        label_map: str | None = None,
        set_name: str | None = None,
        prior: str | None = None,
        class_number: int = 0,
        seed: int = 0,
        steps: int = Numbers.steps,
        guidance: float = 3.0,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = Numbers.top_p,
        stride: int = 4,
    ) -> Iterator[tuple[str, str]]:
        """Paint a picture after a label map, a PNG of ids or of palette colours.

        Returns the picture (PNG) and its codes (.npz). Sides are brought to multiples of what a
        code stands for. A set of classes reads ``class_number`` instead, others neither.
        """
        numbers = Numbers(steps, guidance, temperature, top_k, top_p, stride)
        loaded = sets.get(set_name or None, prior or None)
        ids, size = None, canvas.FORMATS["Square, 256 x 256"]
        if label_map is not None and loaded.facts.kind == "label map":
            ids = _read_map(label_map, loaded.synthesizer.vqgan.factor, loaded.facts.label_set)
            size = (ids.shape[0], ids.shape[1])
        asked = PaintRequest(
            loaded.facts.name, loaded.prior, size, ids, class_number, int(seed), 1, numbers
        )
        *_, last = paint_request(sets, asked)
        picture, codes, _ = result_files(last.finished[0], loaded.facts.label_set)
        yield picture, codes

    gr.on([], paint, inputs, outputs, api_name="paint", concurrency_id=MODEL_QUEUE)


def _read_map(path: str, factor: int, label_set: LabelSet) -> LabelMap:
    """The label map (H, W) of a file, at the nearest size that the set can paint."""
    from ..data.labels import load_label_map, resize

    label_map = load_label_map(path, label_set)
    longest = max(max(size) for size in canvas.FORMATS.values())
    scale = min(1.0, longest / max(label_map.shape))
    sides = (max(factor, round(side * scale / factor) * factor) for side in label_map.shape)
    return resize(label_map, (next(sides), next(sides)))
