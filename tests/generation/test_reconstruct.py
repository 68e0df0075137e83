"""A picture taken apart and put together: the identity, the figures, the steps."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio
from torch import Tensor

from vqgan_space.generation.reconstruct import (
    Reconstruction,
    decode_picture,
    encode_picture,
    reconstruct,
)
from vqgan_space.images import to_pictures, to_tensor
from vqgan_space.models.vqgan import VQGAN
from vqgan_space.models.vqvae import VQVAE


class MeanDifference:
    """A perceptual distance in name only: it needs no weights."""

    name = "mean difference"

    def __call__(self, output: Tensor, target: Tensor) -> Tensor:
        return (output - target).abs().mean((1, 2, 3))


@pytest.fixture(scope="module")
def found(tiny_vqgan: VQGAN, photo: Image.Image) -> Reconstruction:
    return reconstruct(tiny_vqgan, photo, perceptual=MeanDifference())


def test_the_result_is_the_models_own_reconstruction(
    found: Reconstruction, tiny_vqgan: VQGAN, photo: Image.Image
) -> None:
    with torch.inference_mode():
        expected = to_pictures(tiny_vqgan(to_tensor(photo)).sample)[0]
    assert found.result.tobytes() == expected.tobytes()
    assert found.original.tobytes() == photo.tobytes()


def test_the_codes_alone_give_the_same_picture(
    found: Reconstruction, tiny_vqgan: VQGAN, photo: Image.Image
) -> None:
    assert found.codes.shape == (8, 12) and found.codes.dtype == torch.int64
    assert torch.equal(found.codes, encode_picture(tiny_vqgan, photo))
    assert decode_picture(tiny_vqgan, found.codes).tobytes() == found.result.tobytes()


def test_the_figures_are_those_of_the_two_pictures_shown(found: Reconstruction) -> None:
    original, result = np.asarray(found.original), np.asarray(found.result)
    assert found.psnr == pytest.approx(peak_signal_noise_ratio(original, result), abs=1e-3)
    assert -1 <= found.ssim < 1
    difference = np.abs(original.astype(float) - result).mean() / 127.5
    assert found.perceptual == pytest.approx(difference, rel=1e-4)
    assert found.perceptual_name == "mean difference"
    assert found.figures()["PSNR"] == f"{found.psnr:.2f} dB"
    assert "Mean difference" in found.figures()


def test_bits_ratio_and_usage(found: Reconstruction) -> None:
    assert found.latents_shape == (8, 8, 12)
    assert found.bits == 8 * 12 * 6  # 64 codes
    assert found.ratio == 64 * 96 * 24 / found.bits
    assert found.usage.counts.tolist() == found.codes.flatten().bincount(minlength=64).tolist()


def test_the_steps_tell_the_numbers_of_this_picture(
    found: Reconstruction, tiny_vqgan: VQGAN, photo: Image.Image
) -> None:
    steps = {step.title: step.sentence for step in found.steps}
    assert list(steps) == [
        "Fit", "To numbers", "Encode", "Quantise", "Codes", "Size", "Decode", "Compare",
    ]  # fmt: skip
    assert all(sentence.endswith(".") for sentence in steps.values())
    assert "96 x 64 pixels was kept" in steps["Fit"]
    assert "3 x 64 x 96 = 18,432 numbers" in steps["To numbers"]
    assert "8 x 12 latents" in steps["Encode"] and "each of 8 numbers" in steps["Encode"]
    assert f"{found.usage.used} different codes" in steps["Codes"]
    assert "576 bits (72 bytes), 256 times less" in steps["Size"]
    assert f"{found.psnr:.2f} dB" in steps["Compare"]
    # How far quantising moved the latents, against the shortest way to a codebook vector.
    latents = tiny_vqgan.encode(to_tensor(photo)).latents.permute(0, 2, 3, 1).reshape(-1, 8)
    nearest = torch.cdist(latents, tiny_vqgan.codebook).min(1).values.mean().item()
    moved = re.search(r"moved it by (\d+\.\d+)", steps["Quantise"])
    assert moved and float(moved[1]) == pytest.approx(nearest, abs=0.006)


def test_a_large_picture_is_resized_and_told_so(tiny_vqgan: VQGAN, photo: Image.Image) -> None:
    large = photo.resize((300, 200))
    found = reconstruct(tiny_vqgan, large, longest=128, perceptual=MeanDifference())
    assert found.original.size == found.result.size == (128, 88)
    assert "300 x 200 pixels was resized to 128 x 88" in found.steps[0].sentence


def test_a_model_for_small_pictures_gets_no_larger_ones(photo: Image.Image) -> None:
    model = VQVAE(hidden_channels=8, vq_embed_dim=4, num_vq_embeddings=16, sample_size=16)
    model = model.prepare_inference()
    found = reconstruct(model, photo, perceptual=MeanDifference())
    assert found.original.size == found.result.size == (64, 44)
    assert found.codes.shape == encode_picture(model, photo).shape == (11, 16)
    assert "resized to 64 x 44, where both sides are multiples of 4" in found.steps[0].sentence
    assert reconstruct(model, photo.resize((20, 8)), longest=8).result.size == (8, 4)


def test_a_picture_of_one_cell_goes_through(tiny_vqgan: VQGAN) -> None:
    found = reconstruct(tiny_vqgan, Image.new("RGB", (1, 1), "red"), perceptual=MeanDifference())
    assert found.result.size == (8, 8) and found.codes.shape == (1, 1)
    assert math.isnan(found.ssim) and math.isnan(found.perceptual)
    assert found.figures()["SSIM"] == "too small a picture to tell"
    assert "in 1 cell." in found.steps[4].sentence
