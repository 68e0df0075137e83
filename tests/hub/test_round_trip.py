"""Every kind of set: published, fetched into an empty cache, the same bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from hub_client import point_at
from hub_server import Hub
from painting_sets import painting_set
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.tiny_clips import save_tiny_clip
from vqgan_space.hub import load, load_synthesizer
from vqgan_space.hub.clips import load_clip
from vqgan_space.hub.cvaes import load_cvae
from vqgan_space.hub.push import push_set
from vqgan_space.models.cvae import CVAE
from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.models.segmenter import Segmenter
from vqgan_space.models.sizes import LABEL_VQGAN_SIZES, VQGAN_SIZES
from vqgan_space.models.vqgan import VQGAN
from vqgan_space.models.vqvae import VQVAE

IMAGES = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
LABELS = torch.randint(182, (1, 32, 32), generator=torch.Generator().manual_seed(0))


@dataclass(frozen=True)
class Kind:
    """How a set is made in a folder, and what a folder or a repo of its kind gives."""

    save: Callable[[Path], Any]
    use: Callable[[str], Tensor]


def make(model: Any, part: str, **options: Any) -> Callable[[Path], Any]:
    return lambda folder: model.eval().half().save_pretrained(folder / part, **options)


def pictures(name: str) -> Tensor:
    model = load(name, dtype=torch.float32)
    return model.decode_codes(model.encode_codes(IMAGES))


def label_maps(name: str) -> Tensor:
    model: Any = LabelVQGAN.from_pretrained(name, subfolder="label_vqgan").eval().float()
    return model.label_maps(model.encode_codes(LABELS))


def painted(name: str) -> Tensor:
    synthesizer = load_synthesizer(name, dtype=torch.float32)
    return synthesizer.decode(synthesizer.sample(torch.tensor([3]), seed=1, size=(16, 16)))


def classes(name: str) -> Tensor:
    return Segmenter.from_pretrained(name, subfolder="segmenter").eval().float()(IMAGES)


def clip(name: str) -> Tensor:
    return load_clip(name).embed_texts(["a boat at night"])


def cvae(name: str) -> Tensor:
    with torch.inference_mode():
        return load_cvae(name).decode(torch.ones(1, 8), torch.tensor([3]))


KINDS = {
    "vqgan": Kind(make(VQGAN(**VQGAN_SIZES["tiny"]), "vqgan", max_shard_size="100KB"), pictures),
    "vqvae": Kind(make(VQVAE(hidden_channels=8, num_vq_embeddings=16), "vqvae"), pictures),
    "label_vqgan": Kind(
        make(LabelVQGAN(182, 182, **LABEL_VQGAN_SIZES["tiny"]), "label_vqgan"), label_maps
    ),
    "synthesizer": Kind(painting_set(condition="class").save_pretrained, painted),
    "segmenter": Kind(make(Segmenter(num_classes=182, widths=(4, 8)), "segmenter"), classes),
    "clip": Kind(save_tiny_clip, clip),
    "cvae": Kind(make(CVAE(latent_dim=8), "concat"), cvae),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_fresh_machine_has_what_was_published(
    hub: Hub, kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    folder = tmp_path / "trained"
    folder.mkdir()
    kind.save(folder)
    expected = kind.use(str(folder))
    assert expected.isfinite().all() and expected.float().std() > 0
    push_set(folder, "ann/trained")
    point_at(hub, tmp_path / "fresh", monkeypatch, token="")
    assert torch.equal(kind.use("ann/trained"), expected)
    push_set_again(hub, folder, tmp_path, monkeypatch)
    folder.rename(tmp_path / "gone")
    assert torch.equal(kind.use("ann/trained"), expected)


def push_set_again(hub: Hub, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_at(hub, tmp_path / "fresh", monkeypatch)
    push_set(folder, "ann/trained")
    assert len(hub.commits["ann/trained"]) == 1, "nothing new, no commit"


def test_plain_diffusers_loads_a_published_vqgan(hub: Hub, tmp_path: Path) -> None:
    KINDS["vqgan"].save(tmp_path)
    push_set(tmp_path, "ann/trained")
    script = """
from safetensors.torch import load_file, save_file
from diffusers import VQModel
model = VQModel.from_pretrained("ann/trained", subfolder="vqgan").eval()
save_file({"out": model(load_file("in.st")["in"]).sample.detach()}, "out.st")"""
    save_file({"in": IMAGES}, tmp_path / "in.st")
    environment = os.environ | hub.environment(tmp_path / "fresh")
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True)
    with torch.inference_mode():
        ours: Any = load(tmp_path, dtype=torch.float32)(IMAGES)
    assert torch.allclose(load_file(tmp_path / "out.st")["out"], ours.sample, atol=1e-4)
