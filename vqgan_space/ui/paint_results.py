"""What the Paint tab asks for, and the files that come of it, moment by moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from .errors import filled
from .files import codes_of, result_path, save_grid, save_picture
from .paint_canvas import classes_named
from .sets import LoadedSet, Sets

if TYPE_CHECKING:
    from ..codes import Codes
    from ..data.labels import LabelMap, LabelSet
    from ..generation.painting import Earlier, Moment, PaintSettings, Variant


@dataclass(frozen=True, eq=False)
class Made:
    """A picture to go on with.

    Attributes:
        picture: path of the PNG.
        caption: as the gallery shows it.
        codes: its codes.
        label_map: (H, W), what it was painted after; None where the set reads none.
        set_name: the set that made it, or that encoded it.
    """

    picture: str
    caption: str
    codes: Codes
    label_map: LabelMap | None
    set_name: str


@dataclass(frozen=True)
class Shown:
    """What the page shows at a moment.

    Attributes:
        status: how far it has come.
        finished: all that is done so far.
        gallery: pictures with captions, None where there is nothing new to see.
    """

    status: str
    finished: list[Made]
    gallery: list[tuple[Any, str]] | None


@dataclass(frozen=True)
class Numbers:
    """The settings, in the order of their widgets; 0 or 1 stands for no limit in top-k, top-p."""

    steps: int = 32
    guidance: float = 3.0
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 0.8
    stride: int = 4

    def settings(self) -> PaintSettings:
        """The same as the sampler takes them.

        Raises:
            ValueError: an empty field.
        """
        from ..generation.painting import PaintSettings

        return PaintSettings(
            temperature=filled(self.temperature, "Temperature"),
            top_k=int(filled(self.top_k, "Top-k")) or None,
            top_p=filled(self.top_p, "Top-p"),
            stride=int(self.stride),
            steps=int(self.steps),
            guidance=filled(self.guidance, "Guidance scale"),
        )


@dataclass(frozen=True, eq=False)
class PaintRequest:
    """What to paint.

    Attributes:
        set_name, prior: what paints; None: the default.
        size: height and width in pixels.
        label_map: (H, W), for a set that reads label maps.
        class_number: for a set of classes.
        seed: of the first variant.
        variants: how many.
        numbers: the settings.
        going_on: a picture to make a part of anew; None: all of it is made.
        erased: bool (H, W), what is erased of that picture.
    """

    set_name: str | None
    prior: str | None
    size: tuple[int, int]
    label_map: LabelMap | None
    class_number: int | None
    seed: int
    variants: int
    numbers: Numbers = field(default_factory=Numbers)
    going_on: Made | None = None
    erased: np.ndarray | None = None


def paint_request(sets: Sets, request: PaintRequest) -> Iterator[Shown]:
    """Paint, moment by moment.

    Raises:
        ValueError: what the set or the sampler refuses.
    """
    from ..generation.painting import paint
    from ..generation.seeds import variant_seeds

    settings = request.numbers.settings()
    seeds = variant_seeds(filled(request.seed, "Seed"), int(request.variants))
    facts = sets.facts(request.set_name)
    if facts.kind == "label map" and request.label_map is not None:
        warn_of_unseen(request.label_map, facts.seen, facts.label_set)
    loaded = sets.get(request.set_name, request.prior)
    earlier = _earlier(loaded, request)
    condition = _condition(loaded, request)
    factor = loaded.synthesizer.vqgan.factor
    size = (request.size[0] // factor, request.size[1] // factor)
    finished: list[Made] = []
    moments = paint(loaded.synthesizer, condition, size, seeds, settings, earlier)
    for moment in _locked(loaded, moments):
        for variant in moment.finished[len(finished) :]:
            finished.append(_save(loaded, request, variant))
        gallery: list[tuple[Any, str]] | None = None
        if moment.is_new:
            gallery = [(made.picture, made.caption) for made in finished]
            gallery += [(preview, "under way") for preview in moment.previews]
        yield Shown(f"{moment.fraction:.0%} of the codes", list(finished), gallery)


def _locked(loaded: LoadedSet, moments: Iterator[Moment]) -> Iterator[Moment]:
    """The moments, the set's lock being held only while one is made: a stop may come between."""
    while True:
        with loaded.lock:
            moment = next(moments, None)
        if moment is None:
            return
        yield moment


def warn_of_unseen(label_map: LabelMap, seen: tuple[int, ...] | None, label_set: LabelSet) -> None:
    """Tell on the page which classes of a map the set never saw, if it is known."""
    from ..generation.painting import unseen_classes

    unseen = unseen_classes(label_map, seen)
    if unseen:
        names = classes_named(label_set, unseen)
        gr.Warning(f"This set has never seen {names}: expect something else there.")


def save_map(label_map: LabelMap, label_set: LabelSet, name: str) -> str:
    """Write a label map as ``name``.png: a picture of ids, with the classes' colours as palette."""
    from PIL import Image

    picture = Image.fromarray(label_map, mode="P")
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(label_set)] = label_set.colours
    picture.putpalette(palette.tobytes())
    path = result_path(f"{name}.png")
    picture.save(path)
    return str(path)


def uploaded(
    sets: Sets, path: str, set_name: str, size: tuple[int, int], label_map: LabelMap | None
) -> Made:
    """A visitor's own picture, cropped to ``size`` and encoded, as one to go on with."""
    from ..generation.painting import picture_codes
    from ..images import open_picture

    picture = open_picture(path)
    loaded = sets.get(set_name)
    factor = loaded.synthesizer.vqgan.factor
    with loaded.lock:
        fitted, codes = picture_codes(
            loaded.synthesizer, picture, (size[0] // factor, size[1] // factor)
        )
    saved = save_picture(fitted, "own-picture", loaded.vqgan, {"made by": "crop"})
    return Made(saved, "your picture", codes_of(codes, loaded.vqgan), label_map, set_name)


def result_files(made: Made, label_set: LabelSet) -> tuple[str, str, str | None]:
    """Paths of a picture, its codes and its label map."""
    codes = save_grid(made.codes, f"codes-{made.codes.model}")
    if made.label_map is None:
        return made.picture, codes, None
    return made.picture, codes, save_map(made.label_map, label_set, "label-map")


def _earlier(loaded: LoadedSet, request: PaintRequest) -> Earlier | None:
    if request.going_on is None:
        return None
    from ..generation.painting import Earlier, remade_codes
    from ..images import open_picture

    going_on = request.going_on
    if going_on.codes.revision != loaded.vqgan.revision:
        raise ValueError(f"That picture was made by the set {going_on.set_name}: choose it again.")
    factor = loaded.synthesizer.vqgan.factor
    remade = remade_codes(factor, going_on.label_map, request.label_map, request.erased)
    return Earlier(open_picture(going_on.picture), going_on.codes.tensor(), remade)


def _condition(loaded: LoadedSet, request: PaintRequest) -> Any:
    from ..generation.painting import label_condition

    if loaded.facts.kind == "class":
        return int(filled(request.class_number, "Class"))
    if loaded.facts.kind == "nothing":
        return None
    if request.label_map is None:
        raise ValueError("Give a label map: this set paints after one.")
    may_be_empty = request.going_on is not None
    return label_condition(loaded.synthesizer, request.label_map, may_be_empty)


def _save(loaded: LoadedSet, request: PaintRequest, variant: Variant) -> Made:
    settings: dict[str, Any] = {
        "made by": "paint" if request.going_on is None else "paint a part",
        "set": loaded.facts.name,
        "prior": loaded.prior,
        "seed": variant.seed,
        **asdict(request.numbers),
    }
    is_label_map = loaded.facts.kind == "label map"
    if loaded.facts.kind == "class":
        settings["class"] = request.class_number
    path = save_picture(variant.picture, f"painted-seed-{variant.seed}", loaded.vqgan, settings)
    codes = codes_of(variant.codes, loaded.vqgan)
    label_map = request.label_map if is_label_map else None
    return Made(path, f"seed {variant.seed}", codes, label_map, loaded.facts.name)
