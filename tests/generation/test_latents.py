"""Edits of latents: what they do to the numbers, and where quantising comes in."""

from __future__ import annotations

import pytest
import torch
from PIL import Image
from torch import Tensor

from vqgan_space.generation import latents as edits
from vqgan_space.generation.latents import LatentsEdit
from vqgan_space.generation.reconstruct import decode_picture, encode_picture
from vqgan_space.images import fit_pair, to_pictures, to_tensor
from vqgan_space.models.vqgan import VQGAN


@pytest.fixture
def latents() -> Tensor:
    return torch.randn(2, 8, 3, 5, generator=torch.Generator().manual_seed(0))


def test_scale_and_scale_channel(latents: Tensor) -> None:
    assert torch.equal(edits.scale(latents, 0.7), latents * 0.7)
    scaled = edits.scale_channel(latents, 6, 50)
    assert torch.equal(scaled[:, 6], latents[:, 6] * 50)
    others = [0, 1, 2, 3, 4, 5, 7]
    assert torch.equal(scaled[:, others], latents[:, others])


@pytest.mark.parametrize("channel", [-1, 8, 70])
def test_a_channel_out_of_range_names_the_number_of_channels(channel: int, latents: Tensor) -> None:
    with pytest.raises(ValueError, match=f"no channel {channel}: these latents have 8 channels"):
        edits.scale_channel(latents, channel, 50)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused(value: float, latents: Tensor) -> None:
    for edit in (
        LatentsEdit(scale=value),
        LatentsEdit(channel_factor=value),
        LatentsEdit(noise=value),
    ):
        with pytest.raises(ValueError, match="finite number"):
            edit.apply(latents)
    with pytest.raises(ValueError, match="0 or more"):
        LatentsEdit(noise=-1).apply(latents)


def test_noise_repeats_and_is_as_strong_as_said() -> None:
    latents = torch.randn(1, 8, 40, 40, generator=torch.Generator().manual_seed(0)) * 3 + 1
    noisy = edits.add_noise(latents, 0.5, seed=9)
    assert torch.equal(noisy, edits.add_noise(latents, 0.5, seed=9))
    assert not torch.equal(noisy, edits.add_noise(latents, 0.5, seed=10))
    assert (noisy - latents).std().item() == pytest.approx(1.5, rel=0.03)


def test_interpolation_is_straight_with_exact_ends(latents: Tensor) -> None:
    first, second = latents[:1], latents[1:]
    path = edits.interpolate(first, second, 5)
    assert path.shape == (5, 8, 3, 5)
    assert torch.equal(path[:1], first) and torch.equal(path[-1:], second)
    torch.testing.assert_close(path[2:3], (first + second) / 2)
    assert edits.interpolate(first, second, 2).shape[0] == 2


def test_bad_interpolations_are_refused(latents: Tensor) -> None:
    with pytest.raises(ValueError, match="at least 2 frames, got 1"):
        edits.interpolate(latents[:1], latents[1:], 1)
    with pytest.raises(ValueError, match="to one size first"):
        edits.interpolate(latents[:1], latents[1:, :, :2], 3)


@pytest.mark.parametrize("quantize", edits.ORDERS)
def test_no_edit_gives_the_reconstruction(
    quantize: str, tiny_vqgan: VQGAN, photo: Image.Image
) -> None:
    edited = edits.edit_picture(tiny_vqgan, photo, LatentsEdit(), quantize)
    expected = decode_picture(tiny_vqgan, encode_picture(tiny_vqgan, photo))
    assert edited.tobytes() == expected.tobytes()


def test_before_quantising_the_result_is_made_of_codes(
    tiny_vqgan: VQGAN, photo: Image.Image
) -> None:
    latents = edits.encode_latents(tiny_vqgan, photo)
    edit = LatentsEdit(scale=0.7, channel=3, channel_factor=5, noise=0.3, seed=1)
    before = edits.edit_latents(tiny_vqgan, latents, edit, "before")
    assert torch.equal(before.images, tiny_vqgan.decode_codes(before.codes))
    assert torch.equal(before.codes, tiny_vqgan.nearest_codes(edit.apply(latents)))
    after = edits.edit_latents(tiny_vqgan, latents, edit, "after")
    codes = tiny_vqgan.encode_codes(to_tensor(photo))
    assert torch.equal(after.codes, codes)
    expected = tiny_vqgan.decode_latents(edit.apply(tiny_vqgan.lookup(codes)))
    assert torch.equal(after.images, expected)
    assert not torch.equal(after.images, before.images)


def test_another_order_is_refused(tiny_vqgan: VQGAN, photo: Image.Image) -> None:
    with pytest.raises(ValueError, match="before or after quantising, got 'during'"):
        edits.edit_picture(tiny_vqgan, photo, LatentsEdit(), "during")


def test_codes_can_be_edited_as_latents(tiny_vqgan: VQGAN, photo: Image.Image) -> None:
    codes = encode_picture(tiny_vqgan, photo)
    plain = edits.edit_codes_latents(tiny_vqgan, codes, LatentsEdit())
    assert plain.tobytes() == decode_picture(tiny_vqgan, codes).tobytes()
    scaled = edits.edit_codes_latents(tiny_vqgan, codes, LatentsEdit(scale=0.2))
    assert scaled.size == plain.size and scaled.tobytes() != plain.tobytes()


@pytest.mark.parametrize("quantize", edits.ORDERS)
def test_interpolation_goes_from_one_reconstruction_to_the_other(
    quantize: str, tiny_vqgan: VQGAN, photo: Image.Image
) -> None:
    other = photo.rotate(90, expand=True)
    frames = list(edits.interpolate_pictures(tiny_vqgan, photo, other, 4, quantize))
    assert [frame.size for frame in frames] == [(96, 64)] * 4
    for frame, picture in zip((frames[0], frames[-1]), fit_pair(photo, other, 8), strict=True):
        expected = decode_picture(tiny_vqgan, encode_picture(tiny_vqgan, picture))
        assert frame.tobytes() == expected.tobytes()
    assert len({frame.tobytes() for frame in frames}) == 4


def test_interpolated_frames_after_quantising_are_no_pictures_of_codes(
    tiny_vqgan: VQGAN, photo: Image.Image
) -> None:
    ends = photo, photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    latents = [edits.encode_latents(tiny_vqgan, end) for end in ends]
    codes = [tiny_vqgan.nearest_codes(latent) for latent in latents]
    middle_of_vectors = sum(tiny_vqgan.lookup(c) for c in codes) / 2
    _, after, _ = edits.interpolate_pictures(tiny_vqgan, *ends, 3, "after")
    assert after.tobytes() == to_pictures(tiny_vqgan.decode_latents(middle_of_vectors))[0].tobytes()
    _, before, _ = edits.interpolate_pictures(tiny_vqgan, *ends, 3, "before")
    middle = tiny_vqgan.nearest_codes(sum(latents) / 2)
    assert before.tobytes() == to_pictures(tiny_vqgan.decode_codes(middle))[0].tobytes()


def test_interpolation_leaves_no_mode_behind(tiny_vqgan: VQGAN, photo: Image.Image) -> None:
    frames = edits.interpolate_pictures(tiny_vqgan, photo, photo, 3)
    next(frames)
    assert not torch.is_inference_mode_enabled()
