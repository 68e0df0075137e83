"""What the dropdowns offer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vqgan_space.generation.edits import CROSSES, SHUFFLES
from vqgan_space.images import read_settings, save_png
from vqgan_space.models.vqgan import VQGAN
from vqgan_space.models.vqvae import VQVAE
from vqgan_space.ui.files import shown
from vqgan_space.ui.models import Loaded, Models
from vqgan_space.ui.shuffle import CROSS_WAYS, METHODS


def test_every_edit_of_codes_is_on_offer() -> None:
    assert {key for _, key in METHODS} == {*SHUFFLES, "cross"}
    assert {key for _, key in CROSS_WAYS} == set(CROSSES)


def test_a_small_models_pictures_are_shown_with_their_pixels(
    tmp_path: Path, photo: Image.Image, tiny_vqgan: VQGAN
) -> None:
    small = VQVAE(hidden_channels=8, vq_embed_dim=4, num_vq_embeddings=16)
    path = str(save_png(photo, tmp_path / "photo.png", {"seed": 3}))
    assert shown(path, Loaded("large", "", tiny_vqgan)) == path
    for _ in range(2):  # the second time it is there already
        larger = shown(path, Loaded("small", "", small))
        assert larger != path and read_settings(larger) == {"seed": 3, "enlarged": 5}
        pixels = np.asarray(photo).repeat(5, axis=0).repeat(5, axis=1)
        assert np.array_equal(np.asarray(Image.open(larger)), pixels)


def test_models_go_by_short_names(tmp_path: Path, tiny_vqgan: VQGAN) -> None:
    folders = [str(tmp_path / run / "ema") for run in ("first", "second")]
    for folder in folders:
        tiny_vqgan.save_pretrained(folder)
    models = Models(folders)
    assert models.names[:2] == ["ema", "second/ema"]
    loaded = models.get("second/ema")
    assert models.get("second/ema") is loaded  # once for all visitors
    with pytest.raises(ValueError, match="choose one of ema, second/ema"):
        models.get(str(tmp_path))


def test_public_models_are_listed_with_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    models = Models(presets=True)
    assert "amused-512" in models.names and "amused-512" not in Models().names
    labels = {name: label for label, name in models.choices}
    assert labels["amused-512"] == "amused-512 (293 MB, from the Hub)"
    assert labels[models.default or ""] == models.default

    def unreachable(*_: object, **__: object) -> None:
        raise ValueError("the Hugging Face Hub can't be reached")

    monkeypatch.setattr("vqgan_space.hub.load", unreachable)
    with pytest.raises(ValueError, match="can't be reached"):
        models.get("amused-512")
    monkeypatch.undo()
    assert models.get(models.default).name == models.default
