"""A guided run as the tab asks for it: starts, a stop, going on, and what is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from painting_sets import painting_set
from PIL import Image
from tiny_clips import save_tiny_clip

from vqgan_space.data.scenes import scene
from vqgan_space.generation.guidance.start import from_picture
from vqgan_space.images import read_settings, to_pictures
from vqgan_space.models.vqgan import VQGAN
from vqgan_space.ui.guide_curve import curve_html
from vqgan_space.ui.guide_layout import best_model, first_start
from vqgan_space.ui.guide_models import Guides
from vqgan_space.ui.guide_request import GuideRequest, Numbers
from vqgan_space.ui.guide_run import run_request
from vqgan_space.ui.guide_shown import Shown
from vqgan_space.ui.models import Models

FEW = Numbers(steps=2, cutouts=2, best_of=2, polish=False)


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Models, Guides]:
    """A VQGAN and a CLIP, and a set that makes drafts in the VQGAN's codes."""
    folder = tmp_path_factory.mktemp("guide")
    drafting = painting_set(condition="none")
    drafting.save_pretrained(folder / "drafting")
    models = Models([str(folder / "drafting")])
    guides = Guides([str(save_tiny_clip(folder / "tiny-clip"))], [str(folder / "drafting")])
    return models, guides


@pytest.fixture(scope="module")
def redrawing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Models, Guides]:
    """The same with a set that reads texts."""
    folder = tmp_path_factory.mktemp("redraw")
    painting_set(condition="vector").save_pretrained(folder / "drafting")
    models = Models([str(folder / "drafting")])
    guides = Guides([str(save_tiny_clip(folder / "tiny-clip"))], [str(folder / "drafting")])
    return models, guides


def request(**options: Any) -> GuideRequest:
    given = {"clips": ["tiny-clip"], "model": "drafting", "format": "Small, 128 x 128"}
    return GuideRequest(**({"prompt": "a lake", "numbers": FEW} | given | options))


def run(offered: tuple[Models, Guides], asked: GuideRequest, **options: Any) -> list[Shown]:
    return list(run_request(*offered, asked, **options))


def test_what_is_on_offer(offered: tuple[Models, Guides]) -> None:
    models, guides = offered
    assert guides.default == "tiny-clip"
    assert guides.draft_for(models.get("drafting").revision) == "drafting"
    assert guides.draft_for(models.get("vqvae-cifar10").revision) is None
    assert any("605 MB" in label for label, _ in Guides(presets=True).choices)
    with pytest.raises(ValueError, match="no CLIP called 'other'"):
        guides.clip("other")


def test_drafts_are_shown_and_the_way_is_kept(offered: tuple[Models, Guides]) -> None:
    shown = run(offered, request(start="draft", seed=5, variants=2))
    assert [each.status for each in shown if each.status.startswith("Draft ")] == [
        f"Draft {n} of 4" for n in (1, 2, 3, 4)
    ]
    last = shown[-1]
    assert last.files is not None and last.going_on is not None and last.gallery is not None
    assert last.gallery[0][1] == "seed 5" and len(last.gallery) == 2
    settings = read_settings(last.files.picture)
    assert settings.items() >= {"prompt": "a lake", "seed": 5, "step": 2, "steps": 2}.items()
    assert "naturalness" in (last.curve or "")
    frames = [read_settings(path) for path in last.going_on.frames]
    assert [frame["step"] for frame in frames] == [0, 1, 2, 2]
    with Image.open(last.files.gif or "") as gif:
        assert gif.size == (260, 128)  # side by side

    second = run(offered, request(prompt="a boat at night", going_on=last.going_on))[-1]
    assert second.going_on is not None and len(second.going_on.frames) == 7
    assert second.going_on.seeds == last.going_on.seeds


def test_a_model_by_the_name_of_one_that_ships_gets_none_of_its_drafts(
    tmp_path: Path, tiny_vqgan: VQGAN
) -> None:
    tiny_vqgan.save_pretrained(tmp_path / "home" / "vqgan-f16")
    models = Models([str(tmp_path / "home" / "vqgan-f16")])
    guides = Guides([str(save_tiny_clip(tmp_path / "tiny-clip"))])  # with draft-f16, which ships
    name = models.default
    assert name == best_model(models) == "home/vqgan-f16" and "vqgan-f16" in models.names
    assert first_start(models, guides) == "noise" and first_start(Models(), guides) == "draft"
    assert run((models, guides), request(start="noise", model=name))[-1].files
    with pytest.raises(ValueError, match="No set makes drafts in the codes of home/vqgan-f16"):
        run((models, guides), request(start="draft", model=name))


def test_a_stop_keeps_what_there_is(offered: tuple[Models, Guides]) -> None:
    asked = request(start="noise", numbers=dataclasses.replace(FEW, steps=500))
    polls = iter([False, False, True])
    last = run(offered, asked, is_stopped=lambda: next(polls))[-1]
    assert last.status.startswith("Stopped. Step 2 of 500")
    assert last.files is not None and Path(last.files.video or "").stat().st_size > 0


@pytest.mark.parametrize(
    "options",
    [
        {"start": "scene", "scene": 3},
        {"start": "colours", "top": "#ffffff", "bottom": "black"},
        {"start": "noise", "styles": ["at night"], "negative": "people"},
    ],
)
def test_every_start_starts(offered: tuple[Models, Guides], options: dict[str, Any]) -> None:
    assert run(offered, request(**options))[-1].files is not None


def test_only_what_starts_from_nothing_starts_coarse(offered: tuple[Models, Guides]) -> None:
    last = run(offered, request(start="scene", scene=3))[-1]
    asked = [request(start=start) for start in ("noise", "colours", "draft", "scene", "picture")]
    asked.append(request(start="noise", going_on=last.going_on))
    assert [each.settings().coarse > 0 for each in asked] == [True, True] + [False] * 4


def test_pictures_and_codes_start_too(
    offered: tuple[Models, Guides], tmp_path: Path, photo: Image.Image
) -> None:
    photo.save(tmp_path / "photo.png")
    path = str(tmp_path / "photo.png")
    last = run(offered, request(start="picture", picture=path, picture_prompt=path, prompt=""))[-1]
    assert last.files is not None and "the picture" in (last.curve or "")
    again = run(offered, request(start="codes", codes_file=last.files.codes))[-1]
    assert again.files is not None


def test_a_given_start_is_drawn_anew_in_part_and_the_film_shows_it(
    redrawing: tuple[Models, Guides],
) -> None:
    few = dataclasses.replace(FEW, redraw=0.5, steps=1, learning_rate=1e-4, natural=0.0)
    asked = request(start="scene", scene=3, numbers=few, variants=2)
    shown = run(redrawing, asked)
    assert [each.status for each in shown if each.status.startswith("Drawn")] == [
        f"Drawn anew {n} of 4" for n in (1, 2, 3, 4)
    ]
    last = shown[-1]
    assert last.going_on is not None and last.files is not None
    vqgan = redrawing[0].get("drafting").model
    given = from_picture(vqgan, scene(3, 128).picture, (8, 8), 2)
    kept = (vqgan.nearest_codes(last.going_on.latents) == vqgan.nearest_codes(given)).float()
    assert 0.5 <= float(kept.mean()) < 0.7  # some of what is drawn may be what was there
    steps = [read_settings(path)["step"] for path in last.going_on.frames]
    assert steps.count(0) > 5 and steps[-1] == 1
    with Image.open(last.going_on.frames[0]) as frame:
        decoded = to_pictures(vqgan.decode_codes(vqgan.nearest_codes(given[:1])))[0]
        off = np.asarray(frame)[:, :128].astype(int) - np.asarray(decoded)
        assert np.abs(off).mean() < 1  # two pictures together round otherwise than one
    with Image.open(last.going_on.frames[steps.count(0) - 2]) as frame:
        off = np.asarray(frame)[:, :128].astype(int) - np.asarray(decoded)
        assert np.abs(off).mean() > 2

    plain = dataclasses.replace(few, redraw=0.0)
    last = run(redrawing, request(start="scene", scene=3, numbers=plain))[-1]
    assert last.going_on is not None
    kept = (vqgan.nearest_codes(last.going_on.latents) == vqgan.nearest_codes(given[:1])).float()
    assert float(kept.mean()) > 0.9


def test_what_is_finished_is_polished_and_what_is_stopped_is_not(
    offered: tuple[Models, Guides],
) -> None:
    vqgan = offered[0].get("drafting").model
    asked = request(start="draft", numbers=dataclasses.replace(FEW, polish=True), variants=2)
    rough, fine = run(offered, request(start="draft", variants=2))[-1], run(offered, asked)[-1]
    assert rough.going_on is not None and fine.going_on is not None and fine.files is not None
    pair = [vqgan.nearest_codes(each.going_on.latents) for each in (rough, fine)]
    assert float((pair[0] == pair[1]).float().mean()) < 0.2
    assert len(fine.going_on.frames) > len(rough.going_on.frames) + 10
    with Image.open(fine.files.picture) as picture:
        decoded = to_pictures(vqgan.decode_codes(pair[1][:1]))[0]
        assert np.abs(np.asarray(picture).astype(int) - np.asarray(decoded)).mean() < 1
    assert read_settings(fine.files.picture)["polish"] is True

    polls = iter([False, True])
    stopped = run(offered, asked, is_stopped=lambda: next(polls))[-1]
    assert stopped.going_on is not None and len(stopped.going_on.frames) == 2


def test_the_next_scene_of_a_story_begins_drawn_anew(redrawing: tuple[Models, Guides]) -> None:
    still = Numbers(steps=4, cutouts=2, best_of=1, learning_rate=1e-4, natural=0.0)
    still = dataclasses.replace(still, polish=False)
    story = "a lake ^ a boat at night"
    vqgan = redrawing[0].get("drafting").model
    for share, low, high in ((0.0, 0.9, 1.0), (0.5, 0.5, 0.7)):
        numbers = dataclasses.replace(still, redraw=share)
        asked = request(prompt=story, start="draft", numbers=numbers, seed=2**32 - 1)
        last = run(redrawing, asked)[-1]
        first = run(redrawing, dataclasses.replace(asked, prompt="a lake"))[-1]
        assert last.going_on is not None and first.going_on is not None
        pair = [vqgan.nearest_codes(each.going_on.latents) for each in (last, first)]
        assert low <= float((pair[0] == pair[1]).float().mean()) <= high


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"prompt": ""}, "Write what the picture should show"),
        ({"prompt": "a lake:-1"}, "give at least one a weight above 0"),
        ({"prompt": "x" * 2000}, "2,000 characters"),
        ({"negative": "people:many"}, "is no weight"),
        ({"start": "picture"}, "Choose a picture to start from"),
        ({"start": "codes"}, "Choose a codes file"),
        ({"start": "colours", "top": "skyish"}, "no colour 'skyish'"),
        ({"start": "draft", "model": "vqvae-cifar10"}, "No set makes drafts"),
        ({"start": "elsewhere"}, "no start called 'elsewhere'"),
        ({"clips": []}, "Choose at least one CLIP"),
        ({"clips": ["ViT-X"]}, "no CLIP called 'ViT-X'"),
        ({"seed": None}, "Fill in the field 'Seed'"),
        ({"numbers": dataclasses.replace(FEW, tv=None)}, "Fill in the field 'tv'"),  # type: ignore[arg-type]
        ({"numbers": dataclasses.replace(FEW, steps=99999)}, "must be from 1 to 2000"),
    ],
)
def test_what_makes_no_sense_is_refused(
    offered: tuple[Models, Guides], options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        run(offered, request(**options))


def test_the_curve_is_text_for_those_who_can_not_see_it() -> None:
    drawn = curve_html([0.1, 0.3], [0.9, 0.5], 10, {"<b>": 0.5})
    assert "Similarity, now 0.300, at first 0.100" in drawn
    assert "&lt;b&gt;" in drawn and "<b>" not in drawn
    assert curve_html([], [], 10, {}) == ""
