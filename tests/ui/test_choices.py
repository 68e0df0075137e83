"""What the dropdowns offer."""

from __future__ import annotations

from pathlib import Path

import pytest

from vqgan_space.generation.edits import CROSSES, SHUFFLES
from vqgan_space.models.vqgan import VQGAN
from vqgan_space.ui.models import Models
from vqgan_space.ui.shuffle import CROSS_WAYS, METHODS


def test_every_edit_of_codes_is_on_offer() -> None:
    assert {key for _, key in METHODS} == {*SHUFFLES, "cross"}
    assert {key for _, key in CROSS_WAYS} == set(CROSSES)


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
