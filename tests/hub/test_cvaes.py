"""Sets of conditional VAEs by name: their variants, what is missing, and what they load as."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from cvae_sets import save_clothes_set, save_texts_set

from vqgan_space.data.idx import load_labelled
from vqgan_space.generation.cvae import reconstruct, similarity
from vqgan_space.hub import list_cvaes, load_cvae, presets
from vqgan_space.hub.cvaes import list_variants, read_tsne


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clothes_set(tmp_path_factory.mktemp("sets") / "clothes")


def test_a_folder_is_a_set_of_variants(folder: Path, tmp_path: Path) -> None:
    found = list_variants(folder)
    assert [(each.folder, each.condition, each.size) for each in found] == [
        ("concat", "concat", 28),
        ("add", "add", 28),
        ("vae", None, 28),
    ]
    texts = list_variants(save_texts_set(tmp_path / "texts", "clip-scenes"))
    assert [each.folder for each in texts] == ["concat-64", "add-64", "concat-128"]
    assert {each.text_encoder for each in texts} == {"clip-scenes"}
    assert texts[0].text_dim == 32


def test_a_variant_loads_ready_for_use(folder: Path) -> None:
    model = load_cvae(folder, "add")
    assert not model.training and model.config.condition == "add"
    assert model.decode(torch.zeros(1, 6), torch.tensor([3])).shape == (1, 1, 28, 28)
    assert load_cvae(folder).config.condition == "concat"


def test_shipped_sets_go_by_their_names(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other" / "vqgan").mkdir(parents=True)
    (tmp_path / "other" / "vqgan" / "config.json").write_text('{"_class_name": "VQGAN"}')
    (tmp_path / "clothes").symlink_to(folder)
    monkeypatch.setattr(presets, "WEIGHTS", tmp_path)
    assert list_cvaes() == ["clothes"]
    assert load_cvae("clothes", "vae").config.condition is None


def test_what_is_missing_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no 'concat-64', but concat, add, vae"):
        load_cvae(folder, "concat-64")
    with pytest.raises(ValueError, match="no CVAE called 'nothing'"):
        load_cvae("nothing")
    with pytest.raises(ValueError, match="holds no CVAE"):
        load_cvae(tmp_path)
    (tmp_path / "add").mkdir()
    config = json.loads((folder / "add" / "config.json").read_text())
    (tmp_path / "add" / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="can't be loaded as a CVAE"):
        load_cvae(tmp_path)


def test_a_plane_of_latents_is_read_where_it_is_whole(folder: Path, tmp_path: Path) -> None:
    found = read_tsne(folder / "vae")
    assert found is not None and found["label"] == [0, 4, 9]
    assert read_tsne(tmp_path) is None
    (tmp_path / "tsne.json").write_text('{"x": [1], "y": [], "label": [1]}')
    assert read_tsne(tmp_path) is None


def test_the_shipped_clothes_keep_their_figures(shared: Path) -> None:
    test = load_labelled(shared / "data" / "fashion_mnist", "test")
    pictures = test.pictures.float() / 255
    assert [each.folder for each in list_variants("fashion-cvae")] == ["concat", "add", "vae"]
    found = {}
    for name in ("concat", "add"):
        rebuilt = reconstruct(load_cvae("fashion-cvae", name), pictures, test.labels)
        found[name] = similarity(rebuilt, pictures)
    assert found["concat"] >= 0.76 and found["add"] >= 0.75
    # Told another class, it reconstructs worse.
    wrong = reconstruct(load_cvae("fashion-cvae"), pictures, (test.labels + 3) % 10)
    assert similarity(wrong, pictures) < found["concat"] - 0.005
    files = [path for path in (presets.WEIGHTS / "fashion-cvae").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 4_000_000
