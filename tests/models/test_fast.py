"""The fast blocks compute what diffusers' own do, and leave the weights as they are."""

from __future__ import annotations

import pytest
import torch
from diffusers import VQModel

from vqgan_space.models.fast import fold_upsample, use_fast_blocks
from vqgan_space.models.sizes import VQGAN_SIZES
from vqgan_space.models.vqgan import VQGAN

WITH_ATTENTION = {
    **VQGAN_SIZES["tiny"],
    "down_block_types": ("DownEncoderBlock2D",) * 3 + ("AttnDownEncoderBlock2D",),
    "up_block_types": ("AttnUpDecoderBlock2D",) + ("UpDecoderBlock2D",) * 3,
}


@pytest.fixture
def plain() -> VQModel:
    torch.manual_seed(0)
    model = VQModel(**WITH_ATTENTION).eval()
    torch.nn.init.normal_(model.quantize.embedding.weight)
    return model


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(2, 3, 40, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


def same_as(plain: VQModel) -> VQGAN:
    model = VQGAN(**WITH_ATTENTION)
    model.load_state_dict(plain.state_dict())
    return model


@torch.no_grad()
def test_float32_is_the_plain_forward(plain: VQModel, images: torch.Tensor) -> None:
    fast = same_as(plain).prepare_inference(dtype=torch.float32)
    torch.testing.assert_close(fast(images).sample, plain(images).sample, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_bfloat16_is_near_the_plain_forward(plain: VQModel, images: torch.Tensor) -> None:
    fast = same_as(plain).prepare_inference(dtype=torch.bfloat16)
    codes = torch.randint(0, 64, (2, 5, 8), generator=torch.Generator().manual_seed(0))
    decoded, exact = fast.decode_codes(codes), same_as(plain).eval().decode_codes(codes)
    assert decoded.dtype == torch.float32
    assert (decoded - exact).abs().mean() / 2 < 0.005
    assert (decoded - exact).abs().max() > 0, "bfloat16 was asked for"


@torch.no_grad()
def test_saved_weights_load_into_diffusers(plain: VQModel, tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("saved")
    same_as(plain).prepare_inference(dtype=torch.float32).save_pretrained(folder)
    loaded = VQModel.from_pretrained(folder).state_dict()
    assert loaded.keys() == plain.state_dict().keys()
    assert all(torch.equal(loaded[name], value) for name, value in plain.state_dict().items())


@torch.no_grad()
def test_new_weights_are_taken_over(plain: VQModel, images: torch.Tensor) -> None:
    fast = same_as(plain).prepare_inference(dtype=torch.float32)
    fast(images)
    for value in plain.state_dict().values():
        value.mul_(1.1)
    fast.load_state_dict(plain.state_dict())
    torch.testing.assert_close(fast(images).sample, plain(images).sample, rtol=1e-4, atol=1e-5)


def test_gradients_reach_the_latents(plain: VQModel) -> None:
    fast = same_as(plain).prepare_inference(dtype=torch.float32)
    plain.requires_grad_(False)
    with torch.inference_mode():  # first used by a visitor's picture, then to guide one
        fast.decode_latents(torch.zeros(1, 4, 4, 4))
    latents = torch.randn(1, 4, 4, 4, generator=torch.Generator().manual_seed(0))
    gradients = []
    for decode in (fast.decode_latents, lambda z: plain.decode(z, force_not_quantize=True).sample):
        leaf = latents.clone().requires_grad_()
        decode(leaf).square().sum().backward()
        gradients.append(leaf.grad)
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-3, atol=1e-5)


def test_a_training_block_is_diffusers_own(plain: VQModel, images: torch.Tensor) -> None:
    model = same_as(plain).train()
    use_fast_blocks(model.decoder.up_blocks)
    use_fast_blocks(model.decoder.mid_block)
    hidden = torch.randn(1, 16, 4, 4, generator=torch.Generator().manual_seed(0))
    block = model.decoder.up_blocks[0].upsamplers[0]
    assert torch.equal(block(hidden), plain.decoder.up_blocks[0].upsamplers[0](hidden))


def test_folding_is_exact() -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randint(-8, 9, (3, 5, 3, 3), generator=generator).float()
    pictures = torch.randint(-8, 9, (1, 5, 4, 6), generator=generator).float()
    enlarged = torch.nn.functional.interpolate(pictures, scale_factor=2.0, mode="nearest")
    expected = torch.nn.functional.conv2d(enlarged, weight, padding=1)
    folded, _ = fold_upsample(weight, None)
    phases = torch.nn.functional.conv2d(pictures, folded, padding=1).split(3, dim=1)
    for index, phase in enumerate(phases):
        row, column = divmod(index, 2)
        got = phase[:, :, row : row + 4, column : column + 6]
        assert torch.equal(got, expected[:, :, row::2, column::2])
