"""Measures of a reconstruction, by their reference implementation in scikit-image."""

from __future__ import annotations

import numpy as np
import torch
from skimage.metrics import structural_similarity
from torch import Tensor


def psnr(output: Tensor, target: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of 8-bit pictures in dB: (B, 3, H, W) x 2 in [-1, 1] -> (B,).

    Both are rounded to 8 bits first, as a saved picture is. Infinite for equal pictures.
    """
    error = (to_bytes(output).float() - to_bytes(target).float()).square().mean(dim=(1, 2, 3))
    return 10 * torch.log10(255.0**2 / error)


def ssim(output: Tensor, target: Tensor) -> Tensor:
    """Structural similarity with Wang et al.'s Gaussian window (sigma 1.5), mean over channels.

    (B, 3, H, W) x 2 in [-1, 1] -> (B,); both sides at least 11 pixels, nan below that.
    """
    if min(output.shape[-2:]) < 11:
        return torch.full((len(output),), float("nan"))
    pairs = zip(to_bytes(output).cpu().numpy(), to_bytes(target).cpu().numpy(), strict=True)
    values = [
        structural_similarity(
            a,
            b,
            channel_axis=0,
            data_range=255,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for a, b in pairs
    ]
    return torch.from_numpy(np.array(values, dtype=np.float32))


def to_bytes(images: Tensor) -> Tensor:
    """Pictures in [-1, 1] to uint8, clamped and rounded; the shape is kept."""
    return ((images.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
