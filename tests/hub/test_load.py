"""Models by name: what ships, folders, and what a visitor is told where there is none."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import vqgan_space
from vqgan_space.hub import list_models, load, model_revision, presets
from vqgan_space.models.vqgan import VQGAN
from vqgan_space.models.vqvae import VQVAE


@pytest.fixture(scope="module")
def trained_set(tmp_path_factory: pytest.TempPathFactory, tiny_vqgan: VQGAN) -> Path:
    folder = tmp_path_factory.mktemp("set")
    tiny_vqgan.save_pretrained(folder / "vqgan")
    return folder


@pytest.fixture
def shipped(trained_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a set that ships."""
    shutil.copytree(trained_set, tmp_path / "weights" / "small-f8")
    monkeypatch.setattr(presets, "WEIGHTS", tmp_path / "weights")
    return "small-f8"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("part", ["", "vqgan"])
def test_a_set_and_its_model_folder_both_load(
    trained_set: Path, part: str, tiny_vqgan: VQGAN, images: torch.Tensor
) -> None:
    model = load(trained_set / part, dtype=torch.float32)
    assert not model.training
    assert torch.equal(model.encode_codes(images), tiny_vqgan.encode_codes(images))
    assert torch.equal(model.codebook, tiny_vqgan.codebook)


@pytest.mark.usefixtures("no_network")
def test_what_ships_loads_by_name_without_a_network(shipped: str) -> None:
    assert list_models() == [shipped]
    assert load(shipped).factor == 8
    assert vqgan_space.load(shipped).factor == 8
    assert len(model_revision(shipped)) == 12


@pytest.mark.usefixtures("no_network")
def test_a_vq_vae_loads_too_and_is_listed_after_the_vqgans(
    shipped: str, images: torch.Tensor
) -> None:
    torch.manual_seed(0)
    model = VQVAE(hidden_channels=8, vq_embed_dim=4, num_vq_embeddings=16)
    model.save_pretrained(presets.WEIGHTS / "aa-f4" / "vqvae")
    assert list_models() == [shipped, "aa-f4"]
    for name in ("aa-f4", presets.WEIGHTS / "aa-f4", presets.WEIGHTS / "aa-f4" / "vqvae"):
        loaded = load(name)
        assert isinstance(loaded, VQVAE) and not loaded.training
        with torch.inference_mode():
            assert torch.equal(loaded.encode_codes(images), model.encode_codes(images))


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", list_models())
def test_every_shipped_model_reconstructs(name: str) -> None:
    model = load(name)
    images = torch.zeros(1, 3, 64, 32)
    codes = model.encode_codes(images)
    assert codes.shape == (1, 64 // model.factor, 32 // model.factor)
    assert torch.equal(model.decode_codes(codes), model(images).sample)
    assert model.decode_codes(codes).abs().mean() < 0.3, "grey in, grey out"


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", ["vqgan-f99", "", "no/such/folder", "/no/such"])
def test_an_unknown_name_lists_what_there_is(shipped: str, name: str) -> None:
    with pytest.raises(ValueError, match=shipped) as caught:
        load(name)
    assert "\n" not in str(caught.value)


def test_the_revision_tells_weights_apart(trained_set: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    model = VQGAN.from_pretrained(trained_set, subfolder="vqgan")
    model.save_pretrained(tmp_path / "same")
    model.codebook.data[0] += 1
    model.save_pretrained(changed)
    assert model_revision(trained_set) == model_revision(tmp_path / "same")
    assert model_revision(trained_set) != model_revision(changed)


def test_pickled_weights_are_not_read(trained_set: Path, tmp_path: Path) -> None:
    shutil.copy(trained_set / "vqgan" / "config.json", tmp_path)
    state = VQGAN.from_pretrained(trained_set, subfolder="vqgan").state_dict()
    torch.save(state, tmp_path / "diffusion_pytorch_model.bin")
    with pytest.raises(ValueError, match="no safetensors"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (None, "holds no VQGAN"),
        ("{", "holds no VQGAN"),
        ('{"_class_name": "AutoencoderKL"}', "holds no VQGAN"),
        ('{"_class_name": "VQModel", "latent_channels": 5}', "can't be loaded"),
    ],
)
def test_a_folder_that_is_no_vqgan(
    trained_set: Path, tmp_path: Path, config: str | None, reason: str
) -> None:
    shutil.copy(trained_set / "vqgan" / "diffusion_pytorch_model.safetensors", tmp_path)
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(ValueError, match=reason) as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


def test_cut_weights_are_one_sentence(trained_set: Path, tmp_path: Path) -> None:
    shutil.copytree(trained_set / "vqgan", tmp_path, dirs_exist_ok=True)
    weights = tmp_path / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ValueError, match="can't be loaded"):
        load(tmp_path)


def test_importing_the_package_is_instant() -> None:
    script = "import sys, vqgan_space; sys.exit('torch' in sys.modules)"
    start = time.monotonic()
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    assert time.monotonic() - start < 10
