"""taming-transformers' checkpoints: its own numbers, conversion, and files that are not right."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from torch import Tensor

from vqgan_space.generation.synthesizer import Synthesizer
from vqgan_space.hub.taming import convert, load
from vqgan_space.hub.taming.__main__ import main
from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.models.vqgan import VQGAN

FIRST_STAGES = ("vqgan_f8", "vqgan_f16_embed_differs", "segmentation_f16", "gumbel_f8")


@pytest.fixture(params=FIRST_STAGES)
def folder(request: pytest.FixtureRequest, shared: Path) -> Path:
    return shared / "fixtures" / "taming" / request.param


@pytest.fixture
def copied(shared: Path, tmp_path: Path) -> Path:
    """The folder of a small VQGAN that a test may spoil."""
    source = shared / "fixtures" / "taming" / "vqgan_f8"
    return Path(shutil.copytree(source, tmp_path / "spoilt"))


def relative(got: Tensor, expected: Tensor) -> float:
    return ((got - expected).abs().max() / expected.abs().max()).item()


def check(model: VQGAN, golden: dict[str, Tensor]) -> None:
    given = golden["labels"] if isinstance(model, LabelVQGAN) else golden["image"]
    with torch.inference_mode():
        codes = model.encode_codes(given)
        if model.config.get("gumbel"):
            # There taming draws, with noise, from what the layer scores.
            scores = model.quantize.proj(model.encode(given).latents).log_softmax(dim=1)
            assert torch.equal(codes, scores.argmax(dim=1))
            surprise = -scores.gather(1, golden["indices"][:, None]).mean()
            entropy = -(scores.exp() * scores).sum(dim=1).mean()
            assert surprise.item() == pytest.approx(entropy.item(), rel=0.15)
            codes = golden["indices"]
        assert torch.equal(codes, golden["indices"])
        assert relative(model.lookup(codes), golden["quantized"]) < 1e-4
        assert relative(model.decode_codes(codes), golden["reconstruction"]) < 1e-4


def test_it_gives_what_taming_gives(folder: Path, tmp_path: Path) -> None:
    golden = load_file(folder / "io.safetensors")
    model = load(folder)
    assert isinstance(model, LabelVQGAN if folder.name.startswith("seg") else VQGAN)
    check(model, golden)

    out = convert(folder, tmp_path / "converted")
    assert {path.suffix for path in out.iterdir()} <= {".safetensors", ".json", ".md"}
    again = type(model).from_pretrained(out).eval()
    check(again, golden)
    check(again.prepare_inference(dtype=torch.float32), golden)


def test_plain_diffusers_loads_what_is_converted(shared: Path, tmp_path: Path) -> None:
    folder = shared / "fixtures" / "taming" / "vqgan_f16_embed_differs"
    golden = load_file(folder / "io.safetensors")
    out = convert(folder, tmp_path / "out")
    plain = diffusers.VQModel.from_pretrained(out).eval()
    with torch.inference_mode():
        assert relative(plain(golden["image"]).sample, golden["reconstruction"]) < 1e-4


def test_a_state_dict_in_safetensors_loads_too(copied: Path) -> None:
    state = torch.load(copied / "last.ckpt", weights_only=True)["state_dict"]
    (copied / "last.ckpt").unlink()
    save_file({key: value.contiguous() for key, value in state.items()}, copied / "a.safetensors")
    check(load(copied / "a.safetensors"), load_file(copied / "io.safetensors"))


def test_training_s_own_weights_are_dropped(copied: Path) -> None:
    content = torch.load(copied / "last.ckpt", weights_only=True)
    content["state_dict"] |= {
        "loss.discriminator.main.0.weight": torch.zeros(3),
        "quantize.embedding.cluster_size": torch.zeros(3),
        "colorize": torch.zeros(3),
    }
    torch.save(content, copied / "last.ckpt")
    check(load(copied), load_file(copied / "io.safetensors"))


def test_the_command_converts_a_second_stage(shared: Path, tmp_path: Path) -> None:
    folder = shared / "fixtures" / "taming" / "transformer_class"
    out = tmp_path / "deeper" / "set"
    command = [sys.executable, "-m", "vqgan_space.hub.taming", str(folder), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert str(out) in done.stdout
    golden = load_file(folder / "io.safetensors")
    set_ = Synthesizer.from_pretrained(out)
    codes = set_.sample(golden["class_labels"], (16, 16), temperature=0)
    assert torch.equal(codes.flatten(1), golden["greedy_indices"])
    assert (out / "README.md").is_file()
    with pytest.raises(SystemExit, match="is there already"):
        main([str(folder), str(out)])


class Malicious:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {os.environ['MARK']}",)


def spoil(folder: Path, how: str, mark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ckpt, config = folder / "last.ckpt", folder / "model.yaml"
    content = torch.load(ckpt, weights_only=True)
    description = yaml.safe_load(config.read_text())
    params = description["model"]["params"]
    if how == "truncated":
        ckpt.write_bytes(ckpt.read_bytes()[: ckpt.stat().st_size // 2])
    elif how == "not a checkpoint":
        ckpt.write_bytes(b"<html>404</html>")
    elif how == "a pickle that calls code":
        monkeypatch.setenv("MARK", str(mark))
        with zipfile.ZipFile(ckpt, "w") as archive:
            archive.writestr(
                "archive/data.pkl", pickle.dumps({"state_dict": Malicious()}, protocol=2)
            )
            archive.writestr("archive/version", "3")
    elif how == "a missing weight":
        del content["state_dict"]["decoder.conv_out.bias"]
        torch.save(content, ckpt)
    elif how == "an unknown weight":
        content["state_dict"]["decoder.extra.weight"] = torch.zeros(3)
        torch.save(content, ckpt)
    elif how == "a yaml of another size":
        params["n_embed"] += 1
    elif how == "a yaml of another shape":
        params["ddconfig"]["ch_mult"] = [*params["ddconfig"]["ch_mult"], 2]
    elif how == "an unknown parameter":
        params["ddconfig"]["flavour"] = "sweet"
    elif how == "another kind":
        description["model"]["target"] = "ldm.models.diffusion.ddpm.LatentDiffusion"
    elif how == "no yaml":
        config.unlink()
        return
    if how == "yaml that is none":
        config.write_text("model: [unclosed")
    else:
        config.write_text(yaml.safe_dump(description))


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("truncated", "last.ckpt is damaged or incomplete"),
        ("not a checkpoint", "last.ckpt is damaged or incomplete"),
        ("a pickle that calls code", r"holds more than weights .*could run code"),
        ("a missing weight", r"lacks weights of its VQModel: decoder\.conv_out\.bias"),
        ("an unknown weight", r"without the weights decoder\.extra\.weight"),
        ("a yaml of another size", "take the yaml that belongs to this checkpoint"),
        ("a yaml of another shape", "lacks weights|without the weights|belongs to"),
        ("an unknown parameter", "unknown parameters: flavour"),
        ("another kind", "describes a 'LatentDiffusion'; known are VQModel"),
        ("no yaml", "has no yaml"),
        ("yaml that is none", "can't be read as yaml"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_leaves_nothing(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, sentence: str
) -> None:
    mark, out = tmp_path / "executed", tmp_path / "out"
    spoil(copied, how, mark, monkeypatch)
    with pytest.raises(ValueError, match=sentence) as caught:
        convert(copied, out)
    assert "\n" not in str(caught.value)
    assert not mark.exists() and not out.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["spoilt"]


def test_there_is_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no folder or file"):
        load(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="has no checkpoint"):
        load(tmp_path)
