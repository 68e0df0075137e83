"""VQGAN: the identity of codes and reconstruction, exchange with diffusers, errors, speed path."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import torch
from diffusers import VQModel

from vqgan_space.models.sizes import VQGAN_SIZES
from vqgan_space.models.vqgan import VQGAN


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(2, 3, 48, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_decoding_the_codes_is_the_reconstruction(tiny_vqgan: VQGAN, images: torch.Tensor) -> None:
    codes = tiny_vqgan.encode_codes(images)
    assert codes.shape == (2, 6, 8) and codes.dtype == torch.int64
    assert torch.equal(tiny_vqgan.decode_codes(codes), tiny_vqgan(images).sample)
    assert torch.equal(tiny_vqgan.lookup(codes), tiny_vqgan.codebook[codes].permute(0, 3, 1, 2))


def test_the_identity_holds_in_bfloat16_too(tiny_vqgan: VQGAN, images: torch.Tensor) -> None:
    model = copy.deepcopy(tiny_vqgan).prepare_inference(dtype=torch.bfloat16)
    output = model.decode_codes(model.encode_codes(images))
    assert torch.equal(output, model(images).sample)
    assert output.dtype == torch.float32
    reference = tiny_vqgan.decode_codes(model.encode_codes(images))
    assert (output - reference).abs().mean() < 0.02


def test_diffusers_loads_what_is_saved_here(
    tiny_vqgan: VQGAN, images: torch.Tensor, tmp_path: Path
) -> None:
    tiny_vqgan.save_pretrained(tmp_path)
    assert [p.name for p in tmp_path.glob("*.safetensors")]
    plain = VQModel.from_pretrained(tmp_path).eval()
    assert type(plain) is VQModel
    with torch.inference_mode():
        codes = plain.quantize(plain.encode(images).latents)[2][2].view(2, 6, 8)
        assert torch.equal(codes, tiny_vqgan.encode_codes(images))
        torch.testing.assert_close(
            plain(images).sample, tiny_vqgan(images).sample, rtol=1e-4, atol=1e-4
        )


def test_loads_a_plain_vqmodel(tmp_path: Path, images: torch.Tensor) -> None:
    torch.manual_seed(1)
    plain = VQModel(**VQGAN_SIZES["tiny"]).eval()
    plain.save_pretrained(tmp_path)
    ours = VQGAN.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        expected = plain.quantize(plain.encode(images).latents)[2][2]
        assert torch.equal(ours.encode_codes(images).flatten(), expected)
    assert json.loads((tmp_path / "config.json").read_text())["_class_name"] == "VQModel"


def test_gradients_pass_straight_through_to_the_latents(tiny_vqgan: VQGAN) -> None:
    latents = torch.randn(1, 8, 2, 2, requires_grad=True)
    quantised, loss, _ = tiny_vqgan.quantize(latents)
    quantised.sum().backward()
    assert torch.equal(latents.grad, torch.ones_like(latents))
    assert loss > 0


@pytest.mark.parametrize("name, factor", [("f16", 16), ("f8", 8), ("taming-f16", 16)])
def test_named_sizes_have_their_factor(name: str, factor: int) -> None:
    with torch.device("meta"):
        model = VQGAN(**VQGAN_SIZES[name])
    assert model.factor == factor
    if name == "taming-f16":
        millions = sum(p.numel() for p in model.parameters()) / 1e6
        assert 70 < millions < 76


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda m: m.encode_codes(torch.zeros(1, 3, 33, 64)), "multiples of 8, got 33 x 64"),
        (lambda m: m.encode_codes(torch.zeros(1, 1, 32, 32)), r"\(B, 3, H, W\), got \(1, 1,"),
        (lambda m: m.encode_codes(torch.zeros(3, 32, 32)), r"\(B, 3, H, W\), got \(3, 32, 32\)"),
        (lambda m: m.decode_codes(torch.full((1, 2, 2), 64)), r"in 0..63, got 64..64"),
        (lambda m: m.decode_codes(torch.full((1, 2, 2), -1)), r"in 0..63, got -1..-1"),
        (lambda m: m.decode_codes(torch.zeros(1, 2, 2)), "must be integers"),
        (lambda m: m.decode_codes(torch.zeros(4, dtype=torch.int64)), r"\(B, h, w\)"),
        (lambda m: m.nearest_codes(torch.zeros(1, 5, 2, 2)), r"\(B, 8, h, w\)"),
    ],
)
def test_bad_shapes_are_named(tiny_vqgan: VQGAN, call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(tiny_vqgan)
