"""Fixtures that more than one test file uses."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vqgan_space.models.vqgan import VQGAN

ROOT = Path(__file__).resolve().parent.parent
NO_DATA = "no data folder"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI a skipped test is a failed one, unless the data that it needs are not there."""
    report = yield
    if report.skipped and os.environ.get("CI") and NO_DATA not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped where it had to run: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data beside the repository; skips where it is absent."""
    folder = Path(os.environ.get("VQGAN_SPACE_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"{NO_DATA} at {folder}: set VQGAN_SPACE_SHARED to it")
    return folder


@pytest.fixture(scope="session")
def tiny_vqgan() -> VQGAN:
    """An untrained VQGAN, factor 8, 64 codes of 8 numbers; the same weights in every run.

    Shared by all tests: change nothing on it.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = VQGAN(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(8, 8, 16, 16),
            layers_per_block=1,
            latent_channels=8,
            num_vq_embeddings=64,
            vq_embed_dim=8,
            norm_num_groups=4,
        )
        # As spread as the latents are, so that pictures use many codes.
        torch.nn.init.normal_(model.codebook, std=0.5)
    return model.prepare_inference(dtype=torch.float32)


@pytest.fixture(scope="session")
def photo() -> Image.Image:
    """A picture of 96 x 64 pixels with smooth areas, edges and texture, the same in every run."""
    y, x = np.mgrid[0:64, 0:96].astype(np.float64)
    red = 255 * x / 95
    green = 255 * (np.hypot(x - 60, y - 30) < 18)
    blue = 127 + 100 * np.sin(x / 2) * np.cos(y / 3)
    return Image.fromarray(np.stack([red, green, blue], axis=-1).round().astype(np.uint8))
