"""VQ-VAE: the sizes of the article, the identity of codes and reconstruction, errors."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from vqgan_space.models.vqvae import VQVAE


@pytest.fixture(scope="module")
def model() -> VQVAE:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = VQVAE(
            hidden_channels=16, residual_channels=8, vq_embed_dim=4, num_vq_embeddings=32
        ).prepare_inference()
        # Latents of a picture as the codebook, so that other pictures use many codes.
        latents = model.encode(torch.rand(1, 3, 16, 32) * 2 - 1).latents
        model.codebook.copy_(latents[0].flatten(1).T)
    return model


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(2, 3, 32, 40, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_the_usual_sizes_are_the_articles() -> None:
    model = VQVAE()
    latents = model.encode(torch.zeros(1, 3, 32, 32)).latents
    assert latents.shape == (1, 64, 8, 8) and model.codebook.shape == (512, 64)
    assert model.factor == 4
    layers = [m for m in model.encoder.modules() if isinstance(m, nn.Conv2d)]
    shapes = [tuple(m.weight.shape) for m in layers]
    block = [(32, 128, 3, 3), (128, 32, 1, 1)]
    assert shapes == [(64, 3, 4, 4), (128, 64, 4, 4), (128, 128, 3, 3), *block, *block]
    assert [m.bias is None for m in layers] == [False] * 3 + [True] * 4


def test_the_residual_stack_adds_its_blocks_and_ends_with_a_relu(model: VQVAE) -> None:
    stack = model.encoder[-1]
    hidden = torch.randn(1, 16, 5, 5, generator=torch.Generator().manual_seed(1))
    expected = hidden
    for _, narrow, _, wide in stack.blocks:
        expected = expected + wide(narrow(expected.relu()).relu())
    torch.testing.assert_close(stack(hidden), expected.relu())


def test_decoding_the_codes_is_the_reconstruction(model: VQVAE, images: torch.Tensor) -> None:
    codes = model.encode_codes(images)
    assert codes.shape == (2, 8, 10) and codes.dtype == torch.int64
    assert len(codes.unique()) > 4
    assert torch.equal(model.decode_codes(codes), model(images).sample)
    assert model.decode_codes(codes).shape == images.shape
    assert torch.equal(model.lookup(codes), model.codebook[codes].permute(0, 3, 1, 2))
    distances = torch.cdist(model.encode(images).latents.flatten(2).mT, model.codebook)
    assert torch.equal(codes.flatten(1), distances.argmin(-1))


def test_the_identity_holds_in_bfloat16_too(model: VQVAE, images: torch.Tensor) -> None:
    half = copy.deepcopy(model).prepare_inference(dtype=torch.bfloat16)
    output = half.decode_codes(half.encode_codes(images))
    assert torch.equal(output, half(images).sample)
    assert output.dtype == torch.float32
    assert (output - model.decode_codes(half.encode_codes(images))).abs().max() < 0.02


def test_what_is_saved_loads_with_its_training_size(
    model: VQVAE, images: torch.Tensor, tmp_path: Path
) -> None:
    VQVAE(hidden_channels=8, sample_size=64).save_pretrained(tmp_path / "other")
    assert VQVAE.from_pretrained(tmp_path / "other").longest == 256
    model.save_pretrained(tmp_path / "same")
    loaded = VQVAE.from_pretrained(tmp_path / "same").eval()
    assert loaded.longest == 128
    assert torch.equal(loaded.encode_codes(images), model.encode_codes(images))


def test_gradients_reach_the_encoder_and_the_codebook() -> None:
    model = VQVAE(hidden_channels=8, residual_channels=4, vq_embed_dim=4, num_vq_embeddings=16)
    found = model(torch.rand(1, 3, 16, 16))
    (found.sample.square().mean() + found.commit_loss).backward()
    assert model.encoder[0].weight.grad.abs().sum() > 0
    assert model.codebook.grad.abs().sum() > 0


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda m: m.encode_codes(torch.zeros(1, 3, 34, 32)), "multiples of 4, got 34 x 32"),
        (lambda m: m.encode_codes(torch.zeros(1, 1, 32, 32)), r"\(B, 3, H, W\), got \(1, 1,"),
        (lambda m: m.decode_codes(torch.full((1, 2, 2), 32)), r"in 0..31, got 32..32"),
        (lambda m: m.nearest_codes(torch.zeros(1, 5, 2, 2)), r"\(B, 4, h, w\)"),
    ],
)
def test_bad_shapes_are_named(model: VQVAE, call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(model)
