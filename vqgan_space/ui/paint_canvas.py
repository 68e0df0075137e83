"""The canvas of the Paint tab: a label map in its classes' colours, and its named brushes."""

from __future__ import annotations

import functools
import html
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from .sets import SetFacts

if TYPE_CHECKING:
    from PIL import Image

    from ..data.labels import LabelMap, LabelSet

# Height and width in pixels.
FORMATS: dict[str, tuple[int, int]] = {
    "Square, 256 x 256": (256, 256),
    "Wide, 512 x 256": (256, 512),
    "Panorama, 768 x 256": (256, 768),
}
SIZES = {"Fine": 6, "Medium": 16, "Broad": 40}
NOTHING = "nothing"
# Where there is no class yet: a colour that no class of any set has.
PAPER = (241, 240, 236)
ERASED = "#d6364b"
EXAMPLES = (3, 11, 24, 42, 57, 80)


def editor(label: str, elem_id: str, brush: gr.Brush, value: Any, **options: Any) -> gr.ImageEditor:
    """An editor with a brush and nothing else, as large as what it shows."""
    return gr.ImageEditor(
        value=value,
        label=label,
        type="numpy",
        image_mode="RGBA",
        format="png",
        sources=[],
        transforms=[],
        layers=False,
        fixed_canvas=False,
        buttons=["fullscreen"],
        brush=brush,
        eraser=gr.Eraser(default_size=16),
        elem_id=elem_id,
        **options,
    )


def brush_names(facts: SetFacts) -> list[str]:
    """The classes to paint with, and nothing."""
    return [*(facts.label_set.names[each] for each in facts.brushes), NOTHING]


def legend(facts: SetFacts) -> list[tuple[str, str]]:
    """The same as they are shown, each with its name: "sky" for "sky-other"."""
    return [(name.removesuffix("-other"), name) for name in brush_names(facts)]


def brush_id(facts: SetFacts, name: str) -> int:
    """The id that a brush paints; 255 for nothing."""
    from ..data.labels import NO_CLASS

    return NO_CLASS if name == NOTHING else facts.label_set.id(name)


def class_brush(facts: SetFacts, name: str, size: str) -> gr.Brush:
    """The brush of a class; the editor's own palette holds the others."""
    colours = {each: _hex(facts, each) for each in brush_names(facts)}
    return gr.Brush(
        colors=list(colours.values()),
        default_color=colours.get(name, next(iter(colours.values()))),
        color_mode="fixed",
        default_size=SIZES[size],
    )


def erasing_brush(size: str) -> gr.Brush:
    """The one colour that marks what is to be made anew."""
    return gr.Brush(colors=[ERASED], color_mode="fixed", default_size=SIZES[size])


def legend_style(facts: SetFacts) -> str:
    """Gives every name of the legend its colour."""
    rules = "".join(
        f"#paint-brush label:nth-of-type({n}){{--swatch:{_hex(facts, name)}}}"
        for n, name in enumerate(brush_names(facts), 1)
    )
    return f"<style>{rules}</style>"


def classes_named(label_set: LabelSet, ids: list[int]) -> str:
    """Names of classes in a row, for a sentence."""
    return ", ".join(html.escape(label_set.names[each]) for each in ids)


def empty_map(format_name: str) -> LabelMap:
    """A label map (H, W) without any class."""
    from ..data.labels import NO_CLASS

    return np.full(FORMATS[format_name], NO_CLASS, np.uint8)


def canvas_value(label_map: LabelMap, label_set: LabelSet) -> dict[str, Any]:
    """A label map as an editor's value, with nothing painted over it yet."""
    return picture_value(map_picture(label_map, label_set))


def picture_value(picture: Image.Image) -> dict[str, Any]:
    """A picture as an editor's value, with nothing painted over it yet."""
    return {"background": picture, "layers": [], "composite": None}


def map_picture(label_map: LabelMap, label_set: LabelSet) -> Image.Image:
    """A label map in colours; paper where there is no class."""
    from PIL import Image

    from ..data.labels import NO_CLASS, to_picture

    colours = np.array(to_picture(label_map, label_set))
    colours[label_map == NO_CLASS] = PAPER
    return Image.fromarray(colours)


def read_canvas(value: dict[str, Any] | None, label_set: LabelSet, format_name: str) -> LabelMap:
    """The label map (H, W) that an editor shows: its ground, with what is painted over it."""
    if value is None or value.get("background") is None:
        label_map = empty_map(format_name)
    else:
        label_map = _ids(value["background"], label_set)
    for layer in _layers(value):
        if layer.shape[:2] != label_map.shape:  # the canvas was cleared, and is of another size
            continue
        painted = layer[..., 3] >= 128
        if painted.any():
            label_map = np.where(painted, _ids(layer, label_set), label_map)
    return label_map


def read_region(value: dict[str, Any] | None) -> np.ndarray | None:
    """Where an editor was painted on, bool (H, W); None where it shows nothing."""
    if value is None or value.get("background") is None:
        return None
    region = np.zeros(value["background"].shape[:2], bool)
    for layer in _layers(value):
        if layer.shape[:2] == region.shape:
            region |= layer[..., 3] >= 128
    return region


def region_value(picture: Image.Image, region: np.ndarray) -> dict[str, Any]:
    """A picture as an editor's value, with a region painted over."""
    colour = (*bytes.fromhex(ERASED[1:]), 255)
    layer = np.where(region[..., None], np.array(colour, np.uint8), np.uint8(0))
    return {"background": picture, "layers": [layer], "composite": None}


@functools.lru_cache(maxsize=64)
def scene_map(seed: int, height: int, width: int) -> LabelMap:
    """The label map of a drawn scene, (height, width) of COCO-Stuff's ids."""
    from ..data.scenes.scene import render

    label_map = render(seed, (height, width))[1]
    label_map.setflags(write=False)
    return label_map


def as_set(label_map: LabelMap, label_set: LabelSet) -> LabelMap:
    """A map of COCO-Stuff's ids in those of another set, by the classes' names; others: none."""
    from ..data.labels import COCO_STUFF, NO_CLASS

    if label_set is COCO_STUFF:
        return label_map
    table = np.full(256, NO_CLASS, np.uint8)
    for each in np.unique(label_map[label_map != NO_CLASS]):
        words = COCO_STUFF.names[each].split("-")
        found = next((word for word in words if word in label_set.names), None)
        if found is not None:
            table[each] = label_set.names.index(found)
    return table[label_map]


def _ids(pixels: np.ndarray, label_set: LabelSet) -> LabelMap:
    from PIL import Image

    from ..data.labels import NO_CLASS, from_picture

    opaque = np.ascontiguousarray(pixels[..., :3])
    if pixels.shape[-1] == 4:  # what is transparent is no colour at all
        opaque[pixels[..., 3] < 128] = PAPER
    is_paper = (opaque == np.array(PAPER, np.uint8)).all(-1)
    # Blackened, so that paper counts as no class and not as the class of the nearest colour.
    opaque = np.where(is_paper[..., None], np.uint8(0), opaque)
    ids = from_picture(Image.fromarray(opaque), label_set)
    return np.where(is_paper, np.uint8(NO_CLASS), ids)


def _layers(value: dict[str, Any] | None) -> list[np.ndarray]:
    layers = [] if value is None else value.get("layers") or []
    return [layer for layer in layers if layer is not None and layer.ndim == 3]


def _hex(facts: SetFacts, name: str) -> str:
    colour = PAPER if name == NOTHING else facts.label_set.colour_of(facts.label_set.id(name))
    return "#" + bytes(colour).hex()
