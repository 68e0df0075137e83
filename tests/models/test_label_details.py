"""Detail codes of label maps: numbers that hold two levels, and what they are for."""

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


@pytest.fixture(scope="module")
def plain() -> LabelVQGAN:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LabelVQGAN(**CONFIG)
        torch.nn.init.normal_(model.codebook)
        return model.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def detailed(plain: LabelVQGAN) -> LabelVQGAN:
    """The same with details, which are told apart."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = with_details(plain, 20).eval().requires_grad_(False)
        assert model.details is not None
        torch.nn.init.normal_(model.details.codebook)
        torch.nn.init.normal_(model.details.classes.weight)
        return model


def label_maps(count: int = 2, side: int = 32) -> Tensor:
    random = torch.Generator().manual_seed(2)
    blocks = torch.randint(6, (count, side // 4, side // 4), generator=random)
    return blocks.repeat_interleave(4, 1).repeat_interleave(4, 2)


def test_two_levels_are_one_number_and_come_back() -> None:
    random = torch.Generator().manual_seed(0)
    codes = torch.randint(2**24, (2, 3, 5), generator=random)
    details = torch.randint(-1, 800, (2, 6, 10), generator=random)
    details[0, 0, 0], details[0, 0, 1] = -1, 799
    joined = join(codes, details, 800)
    assert joined.dtype == torch.int64 and bool((joined >= 0).all())
    found = split(joined, 800)
    assert torch.equal(found[0], codes) and torch.equal(found[1], details)
    assert torch.equal(coarse(joined), codes)
    none = torch.full_like(details, -1)
    assert torch.equal(join(codes, none, 800), codes)  # without details a code is the plain one


def test_codes_stay_what_they_are(plain: LabelVQGAN, detailed: LabelVQGAN) -> None:
    given = label_maps()
    codes = detailed.encode_codes(given)
    assert codes.shape == (2, 4, 4)
    assert torch.equal(coarse(codes), plain.encode_codes(given))
    assert torch.equal(detailed.encode_codes(given, with_details=False), plain.encode_codes(given))
    assert not torch.equal(codes, coarse(codes))


def test_fresh_details_change_nothing_until_they_are_trained(plain: LabelVQGAN) -> None:
    fresh = with_details(plain, 20).eval()
    codes = fresh.encode_codes(label_maps(), with_details=False)
    torch.testing.assert_close(fresh.decode_codes(codes), plain.decode_codes(codes))


def test_a_detail_changes_its_quarter_most(detailed: LabelVQGAN) -> None:
    codes, details = split(detailed.encode_codes(label_maps()), 20)
    other = details.clone()
    other[:, 2, 5] = (other[:, 2, 5] + 7) % 20
    with torch.inference_mode():
        before, after = (detailed.decode_codes(join(codes, d, 20)) for d in (details, other))
    change = (before - after).abs().mean(1)  # (B, H, W)
    inside = change[:, 8:12, 20:24].mean()
    assert inside > 2 * change.mean() > 0


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
    codes = join(torch.zeros(1, 4, 4, dtype=torch.int64), torch.full((1, 8, 8), 700), 800)
    with pytest.raises(ValueError, match="not among this model's 20"):
        detailed.decode_codes(codes)
    with pytest.raises(ValueError, match="1 to 800 detail codes, not 900"):
        LabelVQGAN(**CONFIG, detail_codes=900)
