"""What ships: its size, its figures on real photographs, and the identity of its codes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader

import vqgan_space
from vqgan_space.data.datasets import CenterCrops, find_pictures
from vqgan_space.data.scenes import scene
from vqgan_space.data.scenes.dataset import HELD_OUT
from vqgan_space.hub import load_synthesizer
from vqgan_space.hub.presets import WEIGHTS
from vqgan_space.images import to_tensor
from vqgan_space.models.label_details import coarse
from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.models.quantizers import usage_statistics
from vqgan_space.training import metrics
from vqgan_space.training.evaluation import relative_error
from vqgan_space.training.synthesis import load_segmenter

TEST_SET = "test-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def photographs(shared: Path) -> torch.Tensor:
    """The held-out photographs, (64, 3, 256, 256)."""
    crops = CenterCrops(find_pictures(shared / "data" / "photos" / "val"), 256)
    return torch.stack([crops[index] for index in range(len(crops))])


def test_a_plain_git_push_to_the_hub_takes_every_file() -> None:
    sizes = [path.stat().st_size for path in WEIGHTS.rglob("*")]  # folders too, as du counts
    assert max(sizes) < 10_000_000
    assert sum(sizes) < 60_000_000


@pytest.mark.parametrize("name, cells, psnr", [("vqgan-f16", 16, 19.5), ("vqgan-f8", 32, 22.5)])
def test_a_shipped_set_paints_real_photographs_again(
    photographs: torch.Tensor, name: str, cells: int, psnr: float
) -> None:
    model = vqgan_space.load(name)
    with torch.inference_mode():
        codes = torch.cat([model.encode_codes(part) for part in photographs.split(8)])
        output = torch.cat([model.decode_codes(part) for part in codes.split(8)])
        assert torch.equal(output[:8], model(photographs[:8]).sample)
    assert codes.shape == (64, cells, cells)
    assert metrics.psnr(output, photographs).mean() > psnr
    # No colour cast: over all pictures every channel's mean is kept.
    cast = (output - photographs).mean(dim=(0, 2, 3)).abs()
    assert cast.max() < 0.04
    assert (WEIGHTS / name / "README.md").is_file()


def test_the_shipped_vq_vae_keeps_its_figures_on_held_out_pictures(shared: Path) -> None:
    model = vqgan_space.load("vqvae-cifar10")
    crops = CenterCrops(find_pictures(shared / "data" / "cifar10" / TEST_SET), 32)
    batches = list(DataLoader(crops, batch_size=250))
    assert sum(len(batch) for batch in batches) == 5000
    with torch.inference_mode():
        codes = torch.cat([model.encode_codes(batch) for batch in batches])
    assert codes.shape == (5000, 8, 8)
    perplexity, _ = usage_statistics(codes.flatten().bincount(minlength=512))
    assert perplexity >= 300
    assert relative_error(model, batches) <= 0.06
    files = (WEIGHTS / "vqvae-cifar10").rglob("*")
    assert sum(path.stat().st_size for path in files if path.is_file()) < 2_000_000


def test_the_shipped_second_stage_follows_its_label_maps() -> None:
    """As a network sees it that finds the classes of real scenes."""
    synthesizer = load_synthesizer("scenes-f16")
    assert synthesizer.is_masked
    segmenter = load_segmenter()
    scenes = [scene(HELD_OUT + 100 + n, 256) for n in range(6)]
    asked = torch.stack([torch.from_numpy(each.label_map).long() for each in scenes])
    codes = synthesizer.sample(asked, top_p=0.9, seed=list(range(6)))
    assert len(codes.unique()) > 150
    painted = synthesizer.decode(codes).clamp(-1, 1)
    real = torch.cat([to_tensor(each.picture) for each in scenes])
    with torch.inference_mode():
        found, found_in_real = (segmenter.label_maps(each) for each in (painted, real))
    accuracy = (found == asked).float().mean()
    assert accuracy > 0.8 * (found_in_real == asked).float().mean()
    # Another map's picture would not do.
    assert accuracy > 1.5 * (found.roll(1, 0) == asked).float().mean()


def test_details_say_where_the_edges_of_label_maps_run() -> None:
    labels = load_synthesizer("scenes-f16").condition
    assert isinstance(labels, LabelVQGAN)
    asked = torch.stack(
        [torch.from_numpy(scene(HELD_OUT + n, 256).label_map).long() for n in range(8)]
    )
    with torch.inference_mode():
        codes = labels.encode_codes(asked)
        exact, plain = (
            float((labels.label_maps(each) == asked).float().mean())
            for each in (codes, coarse(codes))
        )
    assert exact > 0.965 and 1 - exact < 0.6 * (1 - plain)
