"""The loop: gradients through the quantiser, weights, seeds, deadlines, and what goes wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from vqgan_space.generation.guidance import GuideSettings, Moment, guide, parse_prompts, parse_story
from vqgan_space.generation.guidance.camera import Camera
from vqgan_space.generation.guidance.naturalness import Naturalness
from vqgan_space.generation.guidance.start import from_noise
from vqgan_space.models.clip import CLIP
from vqgan_space.models.masked_prior import MaskedPrior
from vqgan_space.models.vqgan import VQGAN

SIZE = (8, 8)
LAKE = [parse_prompts("a lake")]
FEW: dict[str, Any] = {"steps": 6, "cutouts": 4, "learning_rate": 0.3}


def run(
    vqgan: VQGAN,
    clip: CLIP,
    scenes: Any = LAKE,
    seeds: tuple[int, ...] = (0,),
    start: Tensor | None = None,
    **options: Any,
) -> list[Moment]:
    start = from_noise(vqgan, SIZE, seeds) if start is None else start
    return list(guide(vqgan, [clip], scenes, start, seeds, GuideSettings(**(FEW | options))))


@pytest.mark.parametrize("quantise", [True, False])
def test_the_similarity_rises(vivid_vqgan: VQGAN, clip: CLIP, quantise: bool) -> None:
    options = {"steps": 40, "quantise": quantise, "augmentation": "none", "noise": 0.0}
    moments = run(vivid_vqgan, clip, **options)
    assert [moment.step for moment in moments] == [*range(41), 40]
    assert moments[0].similarity is None and moments[0].pictures is not None
    assert [moment.ended for moment in moments[-2:]] == [None, "finished"]
    rising = [float(moment.similarity) for moment in moments[1:] if moment.similarity is not None]
    assert np.mean(rising[-5:]) > np.mean(rising[:3]) + 0.02
    falling = [float(moment.losses["a lake"]) for moment in moments[1:]]
    assert falling[-1] < falling[0]
    shown = moments[-1].pictures
    assert shown is not None and shown[0].size == (64, 64)


def test_what_is_shown_is_made_of_codes(vivid_vqgan: VQGAN, clip: CLIP) -> None:
    last = run(vivid_vqgan, clip)[-1]
    assert last.latents is not None and last.pictures is not None
    again = vivid_vqgan.decode_codes(vivid_vqgan.nearest_codes(last.latents))
    difference = (again[0].clamp(-1, 1) + 1) * 127.5
    expected = difference.round().permute(1, 2, 0).numpy()
    assert np.abs(np.asarray(last.pictures[0]) - expected).max() <= 1


def test_a_negative_prompt_pushes_away(vivid_vqgan: VQGAN, clip: CLIP) -> None:
    def similarity_to_people(text: str) -> float:
        picture = run(vivid_vqgan, clip, [parse_prompts(text)], steps=30)[-1].latents
        assert picture is not None
        with torch.no_grad():
            decoded = vivid_vqgan.decode_codes(vivid_vqgan.nearest_codes(picture)).clamp(-1, 1)
            return float(clip.embed_pictures(decoded)[0] @ clip.embed_texts(["people"])[0])

    towards, away = (similarity_to_people(f"a lake:0.1 | people:{w}") for w in ("3", "-3"))
    assert towards > away + 0.02


def test_a_prompt_below_its_stop_moves_nothing(vivid_vqgan: VQGAN, clip: CLIP) -> None:
    moments = run(vivid_vqgan, clip, [parse_prompts("a lake:1:9")])
    assert moments[0].latents is not None and moments[-1].latents is not None
    torch.testing.assert_close(moments[0].latents, moments[-1].latents)


def test_seeds_repeat_alone_and_among_others(vivid_vqgan: VQGAN, clip: CLIP) -> None:
    both = run(vivid_vqgan, clip, seeds=(3, 4))[-1]
    alone = run(vivid_vqgan, clip, seeds=(4,))[-1]
    again = run(vivid_vqgan, clip, seeds=(4,))[-1]
    assert both.latents is not None and alone.latents is not None and again.latents is not None
    assert torch.equal(alone.latents, again.latents)
    assert torch.equal(both.latents[1:], alone.latents)
    assert both.pictures is not None and len(both.pictures) == 2
    assert not torch.allclose(both.latents[0], both.latents[1], atol=0.1)
    assert len(both.losses["a lake"]) == 2


def test_latents_stay_in_the_codebooks_range(vivid_vqgan: VQGAN, clip: CLIP) -> None:
    latents = run(vivid_vqgan, clip, learning_rate=5.0, schedule="constant")[-1].latents
    assert latents is not None
    low, high = vivid_vqgan.codebook.amin(0), vivid_vqgan.codebook.amax(0)
    flat = latents.permute(0, 2, 3, 1).reshape(-1, 8)  # (B*h*w, D)
    assert (flat >= low - 1e-5).all() and (flat <= high + 1e-5).all()


def test_the_start_holds_back(vivid_vqgan: VQGAN, clip: CLIP) -> None:
    def moved(**options: float) -> float:
        moments = run(vivid_vqgan, clip, steps=15, **options)
        assert moments[0].latents is not None and moments[-1].latents is not None
        return float((moments[-1].latents - moments[0].latents).square().mean())

    free, held = moved(), moved(start_weight=50.0)
    assert held < free / 2
    assert moved(start_weight=50.0, start_decay=0.1) > held


def test_a_story_changes_its_prompts(vivid_vqgan: VQGAN, clip: CLIP) -> None:
    moments = run(vivid_vqgan, clip, parse_story("a lake ^ a meadow ^ a boat"))
    assert [next(iter(moment.losses)) for moment in moments[1:-1]] == [
        *["a lake"] * 2, *["a meadow"] * 2, *["a boat"] * 2,
    ]  # fmt: skip


def test_several_clips_guide_together(vivid_vqgan: VQGAN, clip: CLIP, other_clip: CLIP) -> None:
    start = from_noise(vivid_vqgan, SIZE, [0])
    settings = GuideSettings(**FEW)
    latents = [
        list(guide(vivid_vqgan, clips, LAKE, start, settings=settings))[-1].latents
        for clips in ([clip], [clip, other_clip])
    ]
    assert latents[0] is not None and latents[1] is not None
    assert not torch.allclose(latents[0], latents[1], atol=0.05)


def test_it_never_runs_past_its_deadline(vivid_vqgan: VQGAN, clip: CLIP) -> None:
    began = time.monotonic()
    moments = run(vivid_vqgan, clip, steps=2000, deadline=1.0)
    assert time.monotonic() - began < 1.5
    assert moments[-1].ended == "deadline" and 0 < moments[-1].step < 2000
    assert moments[-1].pictures is not None


def test_it_stops_within_a_step(vivid_vqgan: VQGAN, clip: CLIP) -> None:
    moments: Iterator[Moment] = guide(
        vivid_vqgan, [clip], LAKE, from_noise(vivid_vqgan, SIZE, [0]), settings=GuideSettings(**FEW)
    )
    assert next(moments).step == 0 and next(moments).step == 1
    moments.close()  # type: ignore[attr-defined]
    assert torch.is_grad_enabled()  # nothing of it leaks into the caller


def test_a_loss_that_is_no_number_leaves_the_last_good_picture(
    vivid_vqgan: VQGAN, clip: CLIP, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    embed = clip.embed_pictures

    def broken(pictures: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return embed(pictures) * (float("nan") if calls > 3 else 1.0)

    monkeypatch.setattr(clip, "embed_pictures", broken)
    moments = run(vivid_vqgan, clip)
    assert moments[-1].ended == "not finite" and moments[-1].step == 3
    assert moments[-1].latents is not None and torch.isfinite(moments[-1].latents).all()
    assert moments[-1].pictures is not None
    assert np.asarray(moments[-1].pictures[0]).std() > 0


def test_pictures_come_as_often_as_asked(vivid_vqgan: VQGAN, clip: CLIP) -> None:
    start = from_noise(vivid_vqgan, SIZE, [0])
    moments = list(
        guide(vivid_vqgan, [clip], LAKE, start, settings=GuideSettings(**FEW), picture_every=4)
    )
    shown = [moment.step for moment in moments if moment.pictures is not None]
    assert shown == [0, 4, 6]  # the last is the end


def test_a_moving_average_is_calmer(vivid_vqgan: VQGAN, clip: CLIP) -> None:
    def restless(average: float) -> float:
        moments = run(vivid_vqgan, clip, steps=12, average=average, schedule="constant")
        latents = [moment.latents for moment in moments if moment.latents is not None]
        return float(torch.cat(latents[2:]).diff(dim=0).abs().mean())

    assert restless(0.95) < restless(0.0) / 2


def test_large_pictures_begin_coarse(vivid_vqgan: VQGAN, clip: CLIP) -> None:
    start = from_noise(vivid_vqgan, (48, 48), [0])  # 384 x 384 pixels
    moments = run(vivid_vqgan, clip, start=start, steps=4, cutouts=2, coarse=0.5)
    assert {m.pictures[0].size for m in moments if m.pictures is not None} == {(384, 384)}
    shapes = {tuple(moment.latents.shape) for moment in moments if moment.latents is not None}
    assert shapes == {(1, 8, 48, 48)}
    early = moments[1].latents
    assert early is not None
    # Of half the size: neighbours are mixtures, so they differ less than random codes do.
    assert early.diff(dim=-1).abs().mean() < start.diff(dim=-1).abs().mean() / 1.5


def test_the_camera_moves_what_is_seen(vivid_vqgan: VQGAN, clip: CLIP) -> None:
    picture = torch.zeros(1, 3, 64, 96)
    picture[..., :48] = 1
    moved = Camera(right=0.25).move(picture)
    assert (moved[0, 0, 32, :20] > 0.9).all() and (moved[0, 0, 32, 28:60] < 0.1).all()
    nearer = Camera(zoom=2).move(torch.linspace(-1, 1, 96).expand(1, 3, 64, 96))
    assert nearer[0, 0, 32, 0].item() == pytest.approx(-0.5, abs=0.02)
    moments = run(vivid_vqgan, clip, camera=Camera(zoom=1.2), learning_rate=1e-4)
    still = run(vivid_vqgan, clip, learning_rate=1e-4)
    assert moments[-1].pictures is not None and still[-1].pictures is not None
    assert not np.array_equal(
        np.asarray(moments[-1].pictures[0]), np.asarray(still[-1].pictures[0])
    )
    with pytest.raises(ValueError, match="zoom must be from"):
        Camera(zoom=9)


def test_text_towers_can_be_dropped(vivid_vqgan: VQGAN, tmp_path: Path) -> None:
    from tiny_clips import tiny_clip

    clip = tiny_clip(tmp_path / "clip")
    start = from_noise(vivid_vqgan, SIZE, [0])
    moments = list(
        guide(
            vivid_vqgan, [clip], LAKE, start, settings=GuideSettings(**FEW), drop_text_towers=True
        )
    )
    assert moments[-1].ended == "finished" and not clip.has_text_tower


def test_what_makes_no_sense_is_refused(vivid_vqgan: VQGAN, clip: CLIP) -> None:
    start = from_noise(vivid_vqgan, SIZE, [0])
    with pytest.raises(ValueError, match="Write what the picture should show"):
        next(guide(vivid_vqgan, [clip], [], start))
    with pytest.raises(ValueError, match="at least one CLIP"):
        next(guide(vivid_vqgan, [], LAKE, start))
    with pytest.raises(ValueError, match="must be latents"):
        next(guide(vivid_vqgan, [clip], LAKE, start, seeds=(1, 2)))
    for options in ({"steps": 0}, {"cutouts": 999}, {"learning_rate": -1}, {"deadline": 0}):
        with pytest.raises(ValueError):
            GuideSettings(**options)
    with pytest.raises(ValueError, match="gentle"):
        GuideSettings(augmentation="wild")


def test_scenes_have_priors_of_their_own_and_begin_with_what_is_handed_over(
    vivid_vqgan: VQGAN, clip: CLIP
) -> None:
    story = parse_story("a lake ^ a boat at night ^ a lake")
    start = from_noise(vivid_vqgan, SIZE, [0])
    expected = [Expecting(vivid_vqgan, code) for code in (1, 2, 3)]
    handed: list[tuple[int, Tensor]] = []

    def between(number: int, latents: Tensor) -> Tensor:
        handed.append((number, latents))
        return start

    settings = GuideSettings(steps=6, cutouts=2, learning_rate=1e-3)
    moments = list(
        guide(
            vivid_vqgan, [clip], story, start, [0], settings,
            naturalness=expected, between=between,
        )
    )  # fmt: skip
    assert [number for number, _ in handed] == [1, 2]
    assert [each.asked for each in expected] == [2, 2, 2]
    assert moments[2].latents is not None and torch.equal(handed[0][1], moments[2].latents)
    assert moments[-1].latents is not None
    torch.testing.assert_close(moments[-1].latents, start, atol=0.01, rtol=0.0)
    with pytest.raises(ValueError, match="3 scenes need as many priors, or one, not 2"):
        next(guide(vivid_vqgan, [clip], story, start, naturalness=expected[:2]))


class Expecting(Naturalness):
    """Expects one code, and counts how often it is asked."""

    def __init__(self, vqgan: VQGAN, code: int) -> None:
        prior = MaskedPrior(num_codes=64, height=8, width=8, n_layer=1, n_head=2, n_embd=16)
        torch.nn.init.zeros_(prior.head.weight)
        prior.head.bias.data[code] = 50.0
        super().__init__(prior.eval().requires_grad_(False), vqgan.codebook)
        self.asked = 0

    def expected(self, codes: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        self.asked += 1
        return super().expected(codes, generator)
