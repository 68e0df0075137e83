"""The CVAE trainer as it is called: classes and captions, figures, resuming, the set it leaves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
import tyro
from PIL import Image
from running import history, script
from torch import Tensor

from vqgan_space.hub import load_cvae
from vqgan_space.hub.cvaes import SPRITE, list_variants


@pytest.fixture(autouse=True)
def on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")


class Encoder:
    """Stands in for a CLIP: counts letters."""

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        counts = [[text.count(letter) + 0.1 for letter in "aeiou"] for text in texts]
        return torch.nn.functional.normalize(torch.tensor(counts), dim=1)


@pytest.fixture(scope="module")
def clothes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of bars, wide or high, as IDX files."""
    folder = tmp_path_factory.mktemp("clothes")
    pictures = np.zeros((24, 28, 28), np.uint8)
    for index in range(24):
        width, height = ((20, 6), (6, 20), (14, 14))[index % 3]
        pictures[index, 4 : 4 + height, 4 : 4 + width] = 100 + 6 * index
    labels = np.arange(24, dtype=np.uint8) % 3
    for split in ("train", "t10k"):
        for name, array in (("images-idx3", pictures), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, array.ndim])
            sides = b"".join(side.to_bytes(4, "big") for side in array.shape)
            (folder / f"{split}-{name}-ubyte").write_bytes(head + sides + array.tobytes())
    return folder


def train(out: Path, data: Path, *options: str) -> None:
    module = script("cvae")
    arguments = f"""--data {data} --val {data} --out {out} --latent 6 --steps 60
        --batch-size 8 --warmup 2 --lr 1e-2 --ema 0.9 --evaluate-every 30 --draws 2
        --tracker none {" ".join(options)}""".split()
    with torch.random.fork_rng():
        module.main(tyro.cli(module.Options, args=arguments), Encoder())


GREY = ("--channels", "8", "8", "16", "--vary", "0")


def lines(out: Path, variant: str) -> list[dict[str, float]]:
    (out / f"history-{variant}.jsonl").rename(out / "history.jsonl")
    return history(out)


@pytest.fixture(scope="module")
def whole(clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCELERATE_USE_CPU", "true")
        train(out, clothes, *GREY)
    return out


def test_a_run_learns_its_classes_and_leaves_a_set(whole: Path) -> None:
    model = load_cvae(whole, "concat")
    assert model.config.num_classes == 3 and model.shape == (1, 28, 28)
    # Wide bars are wider than high, and the other way round.
    with torch.inference_mode():
        wide, high, _ = model.decode(torch.zeros(3, 6), torch.arange(3))[:, 0]
    assert wide.amax(0).sum() > wide.amax(1).sum()
    assert high.amax(1).sum() > high.amax(0).sum()
    record = json.loads((whole / "concat" / "training.json").read_text())
    figures = record["figures"]
    assert figures["reconstruction SSIM"] > figures["generation SSIM"] - 0.05
    assert figures["reconstruction MSE, summed over a picture"] == pytest.approx(
        784 * figures["reconstruction MSE"], rel=1e-4
    )
    assert 0 < figures["active units"] <= 6
    card = (whole / "README.md").read_text()
    assert "load_cvae(" in card and "concat: reconstruction SSIM" in card
    assert Image.open(whole / SPRITE).size == (3 * 28, 2 * 28)


def test_resuming_goes_on_to_the_same_loss_curve(
    clothes: Path, whole: Path, tmp_path: Path
) -> None:
    train(tmp_path, clothes, *GREY, "--stop-after", "30")
    train(tmp_path, clothes, *GREY, "--resume")
    found = lines(tmp_path, "concat")
    expected = history_of(whole)
    assert [line["step"] for line in found] == list(range(60))
    assert [line["loss"] for line in found] == pytest.approx(expected, rel=1e-3)
    assert expected[-1] < 0.6 * expected[0]


def history_of(out: Path) -> list[float]:
    text = (out / "history-concat.jsonl").read_text()
    return [json.loads(line)["loss"] for line in text.splitlines()]


def test_variants_come_together_in_one_set(clothes: Path, tmp_path: Path) -> None:
    short = ("--steps", "4", "--evaluate-every", "4")
    for condition in ("none", "add"):
        train(tmp_path, clothes, *GREY, *short, "--condition", condition)
    assert [each.folder for each in list_variants(tmp_path)] == ["add", "vae"]
    card = (tmp_path / "README.md").read_text()
    assert "add: active units" in card and "vae: active units" in card


def test_captioned_pictures_are_learnt_with_their_texts(tmp_path: Path) -> None:
    data = tmp_path / "captioned"
    data.mkdir()
    rows = []
    said = {"red": "Embers everywhere. See?", "blue": "Your pool. Out you go, too."}
    for index, colour in enumerate(("red", "blue") * 4):
        Image.new("RGB", (70, 64), colour).save(data / f"{index}.png")
        rows.append({"file_name": f"{index}.png", "caption": said[colour]})
    (data / "captions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    options = (
        "--size", "64", "--channels", "8", "8", "8", "8", "--condition-width", "6",
        "--text-width", "8", "--clip", "named", "--loss", "mse", "--schedule", "linear",
        "--free-bits", "0.1", "--beta", "300",
    )  # fmt: skip
    train(tmp_path / "out", data, *options)
    (variant,) = list_variants(tmp_path / "out")
    assert (variant.folder, variant.text_encoder, variant.text_dim) == ("concat-64", "named", 5)
    model = load_cvae(tmp_path / "out")
    texts = Encoder().embed_texts(list(said.values()))
    with torch.inference_mode():
        red, blue = model.decode(torch.zeros(2, 6), texts).mean(dim=(2, 3))
    assert red[0] > red[2] and blue[2] > blue[0]
    betas = [line["beta"] for line in lines(tmp_path / "out", "concat-64")]
    assert betas[0] == 0 and betas[-1] == 300


def test_what_can_not_be_trained_is_said(clothes: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="nothing to resume"):
        train(tmp_path, clothes, *GREY, "--resume")
    with pytest.raises(ValueError, match=r"captions\.jsonl"):
        train(tmp_path, clothes, "--size", "64")
