"""From captions to a prior that draws for a text: encoded, trained, loaded, sampled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.running import history, run
from tests.tiny_clips import save_tiny_clip
from vqgan_space.data.codes import CodesData
from vqgan_space.data.scenes.dataset import Scenes
from vqgan_space.data.scenes.writing import write
from vqgan_space.hub import clip_of, load_clip, load_synthesizer
from vqgan_space.training.prior_data import CodesInOrder, with_noise


@pytest.fixture(scope="module", autouse=True)
def on_the_processor() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCELERATE_USE_CPU", "true")
        yield


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = [Scenes(8, 64, seed=1)[n]["long_caption"] for n in range(8)]
    return save_tiny_clip(tmp_path_factory.mktemp("sets") / "clip", texts, 77)


@pytest.fixture(scope="module")
def codes(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("codes") / "scenes"
    run(
        "encode",
        f"""--data scenes --count 8 --size 64 --condition captions --clip {clip}
        --shard 4 --workers 0 --out {out}""".split(),
    )
    return out


def test_each_picture_has_its_captions_vectors(codes: Path, clip: Path) -> None:
    data = CodesData(codes)
    assert data.info.condition == "vector" and data.info.clip == str(clip)
    assert data.codes.shape == (8, 4, 4)
    assert data.condition is not None and data.condition.shape == (8, 4, 32)
    scene = Scenes(8, 64, seed=1)[5]
    expected = load_clip(clip).embed_texts([scene["long_caption"], scene["caption"]])
    torch.testing.assert_close(data.condition[5, :2], expected, atol=1e-3, rtol=0)
    assert torch.equal(data.measured_condition(slice(5, 6)), data.condition[5:6, 0])  # type: ignore[arg-type]


def test_training_takes_one_of_them_at_a_time(codes: Path) -> None:
    data = CodesData(codes)
    items = CodesInOrder(data)
    assert data.condition is not None
    drawn = torch.stack([items[number]["condition"] for number in range(64)])
    assert drawn.shape == (64, 32)
    assert len(drawn.unique(dim=0)) > 16  # of 32 that there are
    torch.testing.assert_close(items[3]["condition"], CodesInOrder(data)[3]["condition"])


def test_noise_turns_vectors_by_as_much_as_it_is_long() -> None:
    vectors = torch.nn.functional.normalize(torch.randn(500, 64), dim=1)
    noisy = with_noise(vectors, 1.0)
    torch.testing.assert_close(noisy.norm(dim=1), torch.ones(500))
    assert (noisy * vectors).sum(1).mean() == pytest.approx(2**-0.5, abs=0.03)


@pytest.fixture(scope="module")
def draft(codes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "draft"
    run(
        "prior",
        f"""--data {codes} --val {codes} --size tiny --steps 30 --batch-size 8 --lr 1e-2
        --warmup 2 --ema 0.8 --condition-noise 0.2 --evaluate-every 30 --samples 2
        --precision no --refer-to-vqgan --tracker none --out {out}""".split(),
    )
    return out


def test_a_trained_set_draws_for_texts(draft: Path, clip: Path) -> None:
    losses = [line["loss"] for line in history(draft)]
    assert losses[-1] < 0.8 * losses[0]
    assert clip_of(draft) == str(clip) and clip_of("scenes-f16") is None
    synthesizer = load_synthesizer(draft)
    vectors = load_clip(clip).embed_texts(["a lake"])
    once, again = (synthesizer.sample(vectors, (4, 4), seed=3) for _ in range(2))
    assert once.shape == (1, 4, 4) and torch.equal(once, again)
    with pytest.raises(ValueError, match="Vectors are"):
        synthesizer.sample(torch.zeros(1, 5), (4, 4), seed=3)


def test_guidance_is_judged_by_a_clip_that_did_not_guide(
    draft: Path, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judge = save_tiny_clip(tmp_path / "judge", ["a lake at night"], 77, seed=1)
    run(
        "evaluate_guidance",
        f"""--judge {judge} --clip {clip} --draft {draft} --prompts 3 --best-of 2 --columns 2
        --settings.steps 2 --settings.cutouts 2 --out {tmp_path / "out"}""".split(),
    )
    record = json.loads((tmp_path / "out" / "figures.json").read_text())
    for name in ("no text", "draft", "best draft"):
        assert -1 <= record["figures"][f"similarity, {name}"] <= 1
        assert 0 <= record["figures"][f"guided above {name}"] <= 1
    assert len(record["prompts"]) == 3 and record["prompts"][0] in capsys.readouterr().out
    with Image.open(tmp_path / "out" / "sheet.jpg") as sheet:
        assert sheet.size == (524, 524)  # two prompts a row, drafts above; the third has no row


def test_captioned_folders_are_encoded_too(clip: Path, tmp_path: Path) -> None:
    write(tmp_path / "pictures", 3, (64, 64), 0, {})
    run(
        "encode",
        f"""--data {tmp_path / "pictures"} --size 64 --condition captions --clip {clip}
        --workers 0 --out {tmp_path / "codes"}""".split(),
    )
    assert CodesData(tmp_path / "codes").info.count == 3
