"""Model cards: what the Hub reads in the front matter, and what a reader needs below it."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from vqgan_space.hub.card import CardFacts, write_card
from vqgan_space.models.vqgan import VQGAN

FACTS = CardFacts(
    "vqgan-small",
    trained_on="1000 photographs of doors.",
    trained_how="100 steps.",
    command="python train/vqgan.py --data doors --steps 100",
    figures={"PSNR": "19.7 dB", "usage": "97 %"},
    measured_on="100 other doors",
    samples="samples/doors.png",
    repo_id="ann/doors",
)


@pytest.fixture
def folder(tmp_path: Path, tiny_vqgan: VQGAN) -> Path:
    tiny_vqgan.save_pretrained(tmp_path / "vqgan")
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "doors.png").write_bytes(b"...")
    return tmp_path


def test_the_front_matter_is_what_the_hub_lists_by(folder: Path) -> None:
    data = ModelCard.load(write_card(folder, FACTS)).data
    assert data.license == "mit"
    assert data.library_name == "diffusers"
    assert data.pipeline_tag == "image-to-image"
    assert "vqgan" in data.tags


def test_the_text_says_how_it_was_made_and_what_was_measured(folder: Path) -> None:
    text = ModelCard.load(write_card(folder, FACTS)).text
    for needed in (
        "1000 photographs of doors.",
        FACTS.command,
        "| PSNR | 19.7 dB |",
        "100 other doors",
        "![Held-out pictures and their reconstructions](samples/doors.png)",
        'vqgan_space.load("ann/doors")',
        "32 x 32 codes out of a codebook of 64 vectors of 8 numbers",
    ):
        assert needed in text


def test_the_parameters_are_counted(folder: Path, tiny_vqgan: VQGAN) -> None:
    millions = sum(p.numel() for p in tiny_vqgan.parameters()) / 1e6
    assert f"{millions:.1f} M parameters" in write_card(folder, FACTS).read_text()


def test_a_picture_that_is_not_there_is_refused(folder: Path) -> None:
    (folder / "samples" / "doors.png").unlink()
    with pytest.raises(ValueError, match=r"samples/doors\.png is not in"):
        write_card(folder, FACTS)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no VQGAN"):
        write_card(tmp_path, CardFacts("x", trained_on="", trained_how="", command=""))
