"""Pictures kept in memory: each once an epoch, the same by number, and their variance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vqgan_space.data.datasets import find_pictures
from vqgan_space.data.preloaded import Preloaded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for index in range(5):
        array = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(array).save(tmp_path / f"{index}.png")
    return tmp_path


def test_an_epoch_has_every_picture_once_and_epochs_differ(folder: Path) -> None:
    data = Preloaded(find_pictures(folder), 8, flip=False)
    expected = {np.array(Image.open(path)).tobytes() for path in folder.glob("*.png")}
    epochs = [[data[5 * epoch + place] for place in range(5)] for epoch in range(4)]
    for epoch in epochs:
        arrays = [((p + 1) * 127.5).round().byte().permute(1, 2, 0).numpy() for p in epoch]
        assert {array.tobytes() for array in arrays} == expected
    assert any(not torch.equal(a, b) for a, b in zip(epochs[0], epochs[1], strict=True))
    again = Preloaded(find_pictures(folder), 8, flip=False)
    assert torch.equal(again[13], data[13])


def test_about_half_are_mirrored(folder: Path) -> None:
    plain, flipped = (Preloaded(find_pictures(folder), 8, flip=flip) for flip in (False, True))
    mirrored = 0
    for number in range(100):
        is_plain = torch.equal(flipped[number], plain[number])
        assert is_plain or torch.equal(flipped[number], plain[number].flip(2))
        mirrored += not is_plain
    assert 30 < mirrored < 70


def test_the_variance_is_that_of_all_numbers(folder: Path) -> None:
    data = Preloaded(find_pictures(folder), 8)
    images = torch.stack([data[number] for number in range(5)])
    assert data.variance == pytest.approx(images.var(correction=0).item(), rel=1e-5)


def test_no_pictures_are_said() -> None:
    with pytest.raises(ValueError, match="no pictures to train from"):
        Preloaded([], 8)
