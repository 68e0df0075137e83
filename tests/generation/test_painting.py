"""Painting after label maps, and making parts of pictures anew."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from painting_sets import painting_set
from PIL import Image

from vqgan_space.data.labels import NO_CLASS
from vqgan_space.generation.painting import (
    Earlier,
    Moment,
    PaintSettings,
    Variant,
    dilate,
    fill,
    label_condition,
    paint,
    paste_back,
    picture_codes,
    remade_codes,
    touched_codes,
    unseen_classes,
)
from vqgan_space.generation.synthesizer import Synthesizer

GRASS, SKY = 123, 156
FEW = PaintSettings(steps=3)


@pytest.fixture(scope="module", params=[True, False], ids=["masked", "causal"])
def synthesizer(request: pytest.FixtureRequest) -> Synthesizer:
    return painting_set(masked=request.param)


@pytest.fixture(scope="module")
def masked() -> Synthesizer:
    return painting_set()


def small_map() -> np.ndarray:
    """Sky over grass, 64 x 96 pixels: 4 x 6 codes."""
    label_map = np.full((64, 96), SKY, np.uint8)
    label_map[32:] = GRASS
    return label_map


def finished(*args: object, **options: object) -> list[Variant]:
    *_, last = paint(*args, **options)  # type: ignore[arg-type]
    assert last.fraction == 1
    return last.finished


def test_a_seed_gives_the_same_picture_alone_and_among_variants(synthesizer: Synthesizer) -> None:
    three = finished(synthesizer, small_map(), (4, 6), [3, 4, 5], FEW)
    assert [variant.seed for variant in three] == [3, 4, 5]
    assert {variant.picture.size for variant in three} == {(96, 64)}
    (alone,) = finished(synthesizer, small_map(), (4, 6), [5], FEW)
    assert torch.equal(alone.codes, three[2].codes)
    assert alone.picture.tobytes() == three[2].picture.tobytes()
    assert not torch.equal(three[0].codes, three[1].codes)


def test_the_label_map_matters(masked: Synthesizer) -> None:
    (first,) = finished(masked, small_map(), (4, 6), [1], FEW)
    (second,) = finished(masked, small_map()[::-1].copy(), (4, 6), [1], FEW)
    assert not torch.equal(first.codes, second.codes)


def test_it_shows_how_far_it_has_come(
    synthesizer: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqgan_space.generation.painting.PREVIEW", 0.0)
    monkeypatch.setattr("vqgan_space.generation.painting.MOMENT", 0.0)
    moments: list[Moment] = list(paint(synthesizer, small_map(), (4, 6), [0, 1], FEW))
    fractions = [moment.fraction for moment in moments]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    early = next(moment for moment in moments if moment.previews)
    assert not early.finished
    shown = np.asarray(early.previews[0])
    assert (shown == 128).all(-1).mean() > 0.3  # grey where nothing is known yet
    assert moments[-1].previews == []


def test_only_a_part_is_made_anew(synthesizer: Synthesizer) -> None:
    before = np.full((128, 128), SKY, np.uint8)
    (old,) = finished(synthesizer, before, (8, 8), [0], FEW)
    after = before.copy()
    after[96:, 96:] = GRASS
    remade = remade_codes(16, before, after)
    assert remade.sum() == 9  # 2 x 2 codes are touched, and those beside them
    earlier = Earlier(old.picture, old.codes, remade)
    (new,) = finished(synthesizer, after, (8, 8), [7], FEW, earlier)
    assert torch.equal(new.codes[~remade], old.codes[~remade])
    assert not torch.equal(new.codes[remade], old.codes[remade])
    changed = (np.asarray(new.picture) != np.asarray(old.picture)).any(-1)
    assert changed[80:, 80:].mean() > 0.5
    changed[64:, 64:] = False  # the part, and a code's width around it
    assert not changed.any()


def test_a_picture_is_completed_without_a_label_map(
    synthesizer: Synthesizer, photo: Image.Image
) -> None:
    fitted, codes = picture_codes(synthesizer, photo, (8, 8))
    assert fitted.size == (128, 128)
    lower = np.zeros((128, 128), bool)
    lower[64:] = True
    condition = label_condition(synthesizer, np.full((128, 128), NO_CLASS, np.uint8), True)
    earlier = Earlier(fitted, codes, remade_codes(16, erased=lower))
    (done,) = finished(synthesizer, condition, (8, 8), [0], FEW, earlier)
    assert np.array_equal(np.asarray(done.picture)[:32], np.asarray(fitted)[:32])
    assert not np.array_equal(np.asarray(done.picture)[64:], np.asarray(fitted)[64:])
    assert torch.equal(done.codes[:3], codes[:3])


@pytest.mark.parametrize("condition, given", [("class", 4), ("none", None)])
@pytest.mark.parametrize("is_masked", [True, False])
def test_classes_and_nothing_can_be_the_condition(
    condition: str, given: int | None, is_masked: bool
) -> None:
    synthesizer = painting_set(masked=is_masked, condition=condition)
    first, second = finished(synthesizer, given, (4, 4), [0, 1], FEW)
    assert first.picture.size == (64, 64)
    assert not torch.equal(first.codes, second.codes)


def test_a_code_is_touched_where_any_of_its_pixels_is() -> None:
    region = np.zeros((64, 96), bool)
    region[15, 32] = True
    cells = touched_codes(region, 16)
    assert cells.nonzero().tolist() == [[0, 2]]
    assert dilate(cells).nonzero().tolist() == [[y, x] for y in (0, 1) for x in (1, 2, 3)]


def test_pasting_is_exact_far_away_and_new_inside() -> None:
    old, new = (Image.new("RGB", (128, 128), grey) for grey in ("black", "white"))
    remade = torch.zeros(8, 8, dtype=torch.bool)
    remade[3:5, 3:5] = True
    pixels = np.asarray(paste_back(new, old, remade))[..., 0].astype(int)
    assert (pixels[48:80, 48:80] == 255).all()
    assert (pixels[:32] == 0).all() and (pixels[:, 96:] == 0).all()
    edge = pixels[64, 32:49]
    assert (np.diff(edge) >= 0).all() and np.diff(edge).max() < 64  # no seam


def test_filling() -> None:
    label_map = np.array([[NO_CLASS, SKY]], np.uint8)
    assert fill(label_map, GRASS).tolist() == [[GRASS, GRASS]]
    assert fill(label_map, GRASS, only_holes=True).tolist() == [[GRASS, SKY]]


def test_classes_that_were_never_seen_are_named() -> None:
    label_map = np.array([[SKY, GRASS, NO_CLASS]], np.uint8)
    assert unseen_classes(label_map, [GRASS]) == [SKY]
    assert unseen_classes(label_map, None) == []


def test_what_makes_no_sense_is_refused(masked: Synthesizer) -> None:
    empty = np.full((64, 96), NO_CLASS, np.uint8)
    with pytest.raises(ValueError, match="paint something"):
        label_condition(masked, empty)
    with pytest.raises(ValueError, match="reads no label maps"):
        label_condition(painting_set(condition="none"), small_map())
    with pytest.raises(ValueError, match="erase a part"):
        remade_codes(16, small_map(), small_map(), np.zeros((64, 96), bool))
    with pytest.raises(ValueError, match="another size"):
        remade_codes(16, small_map(), empty[:32])
    with pytest.raises(ValueError, match="multiples of 16"):
        touched_codes(np.ones((60, 96), bool), 16)
    earlier = Earlier(Image.new("RGB", (64, 64)), torch.zeros(4, 4).long(), torch.ones(4, 4) > 0)
    with pytest.raises(ValueError, match="another size"):
        finished(masked, small_map(), (4, 6), [0], FEW, earlier)
