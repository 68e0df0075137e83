"""Details of label maps: numbers that hold two levels, and edges to the pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from vqgan_space.models.label_details import coarse, join, split
from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.training.label_autoencoder import with_details

CONFIG: dict[str, Any] = {
    "in_channels": 6,
    "out_channels": 6,
    "down_block_types": ("DownEncoderBlock2D",) * 3,
    "up_block_types": ("UpDecoderBlock2D",) * 3,
    "block_out_channels": (8, 16, 16),
    "decoder_channels": (8, 8, 16),
    "latent_channels": 8,
    "num_vq_embeddings": 16,
    "vq_embed_dim": 4,
    "norm_num_groups": 4,
    "patch_size": 2,
}


# Of squares of 4 x 4 pixels: one part; two rows of two; two columns; a corner.
FLAT = torch.zeros(4, 4, dtype=torch.uint8)
ROWS, COLUMNS, CORNER = FLAT.clone(), FLAT.clone(), FLAT.clone()
ROWS[2:], COLUMNS[:, 2:], CORNER[1:, 1:] = 1, 1, 1
PATTERNS = torch.stack([FLAT, ROWS, COLUMNS, CORNER]).flatten(1)


@pytest.fixture(scope="module")
def plain() -> LabelVQGAN:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LabelVQGAN(**CONFIG)
        torch.nn.init.normal_(model.codebook)
        return model.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def detailed(plain: LabelVQGAN) -> LabelVQGAN:
    """The same with details."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return with_details(plain, PATTERNS).eval().requires_grad_(False)


def label_maps(count: int = 2, side: int = 32) -> Tensor:
    random = torch.Generator().manual_seed(2)
    blocks = torch.randint(6, (count, side // 4, side // 4), generator=random)
    return blocks.repeat_interleave(4, 1).repeat_interleave(4, 2)


def test_two_levels_are_one_number_and_come_back() -> None:
    random = torch.Generator().manual_seed(0)
    codes = torch.randint(2**16, (2, 3, 5), generator=random)
    details = torch.randint(-1, 3440, (2, 6, 10), generator=random)
    details[0, 0, 0], details[0, 0, 1] = -1, 799
    joined = join(codes, details, 3440)
    assert joined.dtype == torch.int64 and bool((joined >= 0).all())
    found = split(joined, 3440)
    assert torch.equal(found[0], codes) and torch.equal(found[1], details)
    assert torch.equal(coarse(joined), codes)
    none = torch.full_like(details, -1)
    assert torch.equal(join(codes, none, 3440), codes)  # without details a code is the plain one


def test_codes_stay_what_they_are(plain: LabelVQGAN, detailed: LabelVQGAN) -> None:
    given = label_maps()
    codes = detailed.encode_codes(given)
    assert codes.shape == (2, 4, 4)
    assert torch.equal(coarse(codes), plain.encode_codes(given))
    assert torch.equal(detailed.encode_codes(given, with_details=False), plain.encode_codes(given))
    assert not torch.equal(codes, coarse(codes))


def test_codes_without_details_are_decoded_as_ever(plain: LabelVQGAN, detailed: LabelVQGAN) -> None:
    codes = detailed.encode_codes(label_maps(), with_details=False)
    before = plain.decode_codes(codes)
    torch.testing.assert_close(detailed.decode_codes(codes), before)
    # Where a code has none, the same goes for its quarter.
    details = torch.zeros(2, 8, 8, dtype=torch.int64)
    details[:, 2, 5] = -1
    mixed = detailed.decode_codes(join(codes, details, 4))
    torch.testing.assert_close(mixed[:, :, 8:12, 20:24], before[:, :, 8:12, 20:24])
    assert not torch.allclose(mixed, before)


def test_the_nearest_pattern_is_found_and_decoded_to_the_pixel(detailed: LabelVQGAN) -> None:
    given = torch.full((1, 16, 16), 3)
    given[:, 6:] = 5  # rows, from the middle of the second quarters on
    given[:, :, 10:] = 1
    given[0, 0, 0] = 2  # one pixel is no pattern
    codes, details = split(detailed.encode_codes(given), 4)
    assert details.tolist() == [[[0, 0, 2, 0], [1, 1, 2, 0], [0, 0, 2, 0], [0, 0, 2, 0]]]
    found = detailed.decode_codes(join(codes, details, 4))
    assert (found[:, :, 4:6, :4] == found[:, :, 4:5, :1]).all()
    assert (found[:, :, 6:8, :4] == found[:, :, 6:7, :1]).all()
    assert not torch.equal(found[:, :, 5, 0], found[:, :, 6, 0])


def test_a_set_with_details_loads_as_it_was(detailed: LabelVQGAN, tmp_path: Path) -> None:
    detailed.save_pretrained(tmp_path)
    loaded = LabelVQGAN.from_pretrained(tmp_path).eval()
    given = label_maps()
    codes = detailed.encode_codes(given)
    assert torch.equal(loaded.encode_codes(given), codes)
    assert torch.equal(loaded.label_maps(codes), detailed.label_maps(codes))
    quick = loaded.prepare_inference()
    assert (quick.label_maps(codes) == detailed.label_maps(codes)).float().mean() > 0.95


def test_details_of_another_model_are_refused(detailed: LabelVQGAN) -> None:
    codes = join(torch.zeros(1, 4, 4, dtype=torch.int64), torch.full((1, 8, 8), 700), 3440)
    with pytest.raises(ValueError, match="not among this model's 4"):
        detailed.decode_codes(codes)
    with pytest.raises(ValueError, match="1 to 3440 detail codes, not 5000"):
        LabelVQGAN(**CONFIG, detail_codes=5000)
