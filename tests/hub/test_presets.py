"""Public models by name: each layout with weights in that layout, from a Hub on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from hub_server import Repos, serve_hub
from safetensors.torch import load_file, save_file

from vqgan_space.hub import list_presets, load, model_revision
from vqgan_space.hub.presets import PRESETS, find_preset, list_models
from vqgan_space.hub.taming import convert
from vqgan_space.models.vqgan import VQGAN

ROOT = Path(__file__).resolve().parent.parent.parent
HALF = "diffusion_pytorch_model.fp16.safetensors"

LOAD = """
import json, sys
import torch
from vqgan_space.hub import load, presets
seen = []
for name in sys.argv[1:]:
    seen.clear()
    try:
        model = load(name, dtype=torch.float32, progress=lambda *found: seen.append(found))
    except ValueError as error:
        print(json.dumps({"name": name, "error": str(error)}))
        continue
    first = model.codebook.flatten()[:4].tolist()
    print(json.dumps({"name": name, "first": first, "progress": seen[-1] if seen else None}))
"""


def run(names: list[str], endpoint: str, home: Path) -> dict[str, dict]:
    """What a process says that loads these from the Hub at ``endpoint``."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment |= {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    command = [sys.executable, "-c", LOAD, *names]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {line["name"]: line for line in lines}


def files(folder: Path, under: str = "") -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {f"{under}{path.relative_to(folder)}": path.read_bytes() for path in paths}


@pytest.fixture
def wrapped(shared: Path, tmp_path: Path) -> Path:
    """taming's names under the name of an attribute, as transformers' wrappers save them."""
    source = shared / "fixtures" / "taming" / "vqgan_f8"
    state = torch.load(source / "last.ckpt", weights_only=True)["state_dict"]
    folder = tmp_path / "wrapped"
    folder.mkdir()
    kept = {f"model.{key}": value for key, value in state.items() if not key.startswith("loss")}
    save_file(kept, folder / "model.safetensors")
    config = yaml.safe_load(next(source.glob("*.yaml")).read_text())
    config["model"]["target"] = "ldm.models.autoencoder.VQModelInterface"
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "config.json").write_text('{"model_type": "vqmodel"}')
    return folder


def test_presets_load_from_the_hub_with_progress(
    tmp_path: Path, tiny_vqgan: VQGAN, wrapped: Path
) -> None:
    half = VQGAN.from_config(tiny_vqgan.config)
    half.load_state_dict(tiny_vqgan.state_dict())
    half.half().save_pretrained(tmp_path / "half", variant="fp16")
    assert (tmp_path / "half" / HALF).is_file()
    repos: Repos = {
        "amused/amused-512": {
            **files(tmp_path / "half", "vqvae/"),
            "vqvae/diffusion_pytorch_model.safetensors": b"twice the size, and not asked for",
            "transformer/diffusion_pytorch_model.safetensors": b"neither",
        },
        "ktrk115/ldm-vq-f16": {**files(wrapped), "modeling.py": b"raise SystemExit"},
    }
    with serve_hub(repos) as endpoint:
        home = tmp_path / "home"
        found = run(["amused-512", "ldm-vq-f16", "amused-256"], endpoint, home)
    first = found["amused-512"]["first"]
    assert first == pytest.approx(tiny_vqgan.codebook.flatten()[:4].tolist(), abs=1e-3)
    done, total = found["amused-512"]["progress"]
    assert done == total > 10_000
    state = load_file(wrapped / "model.safetensors")
    expected = state["model.quantize.embedding.weight"].flatten()[:4].tolist()
    assert found["ldm-vq-f16"]["first"] == pytest.approx(expected)
    assert "no Hub repo amused/amused-256" in found["amused-256"]["error"]
    downloaded = {path.name for path in home.rglob("snapshots/**/*") if path.is_file()}
    assert downloaded == {"config.json", "config.yaml", "model.safetensors", HALF}
    again = run(["amused-512"], endpoint, home)  # nobody answers there any more
    assert again["amused-512"]["first"] == first
    assert "can't be reached" in run(["amused-256"], endpoint, home)["amused-256"]["error"]


def test_a_folder_of_tamings_names_loads(wrapped: Path, shared: Path) -> None:
    plain = load(wrapped, dtype=torch.float32)
    checkpoint = shared / "fixtures" / "taming" / "vqgan_f8" / "last.ckpt"
    state = torch.load(checkpoint, weights_only=True)["state_dict"]
    assert torch.equal(plain.codebook, state["quantize.embedding.weight"])
    assert len(model_revision(wrapped)) == 12


def test_pickled_presets_are_refused_with_the_way_to_read_them() -> None:
    pickled = [preset for preset in PRESETS if not preset.is_safetensors]
    assert pickled and not set(pickled) & set(list_presets())
    for preset in pickled:
        with pytest.raises(ValueError, match=r"pickled.*vqgan_space\.hub\.taming FOLDER OUT"):
            load(preset.name)


def test_a_pickled_vqmodel_of_diffusers_is_converted(tmp_path: Path, tiny_vqgan: VQGAN) -> None:
    plain = VQGAN.from_config(tiny_vqgan.config)
    plain.load_state_dict(tiny_vqgan.state_dict())
    plain.save_pretrained(tmp_path / "pickled", safe_serialization=False)
    assert not list((tmp_path / "pickled").glob("*.safetensors"))
    with pytest.raises(ValueError, match="no safetensors"):
        load(tmp_path / "pickled")
    convert(tmp_path / "pickled", tmp_path / "converted")
    assert torch.equal(load(tmp_path / "converted").codebook, tiny_vqgan.codebook)
    (tmp_path / "pickled" / "diffusion_pytorch_model.bin").write_bytes(b"cposix\nsystem\n")
    with pytest.raises(ValueError, match="can't be read as a VQModel"):
        convert(tmp_path / "pickled", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_sharded_folder_and_a_named_subfolder_load(tmp_path: Path, tiny_vqgan: VQGAN) -> None:
    plain = VQGAN.from_config(tiny_vqgan.config)
    plain.load_state_dict(tiny_vqgan.state_dict())
    plain.save_pretrained(tmp_path / "deep" / "model", max_shard_size="50KB")
    assert len(list((tmp_path / "deep" / "model").glob("*.safetensors"))) > 1
    with pytest.raises(ValueError, match="holds no VQGAN"):
        load(tmp_path)
    found = load(tmp_path, subfolder="deep/model", dtype=torch.float32)
    assert torch.equal(found.codebook, tiny_vqgan.codebook)
    shutil.rmtree(tmp_path / "deep")


def test_names_are_all_different() -> None:
    names = [*list_models(), *(preset.name for preset in PRESETS)]
    assert len(set(names)) == len(names)
    assert find_preset("amused-512") in list_presets() and find_preset("nothing") is None
