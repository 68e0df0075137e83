"""Figures of a model on held-out pictures."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from vqgan_space.models.codes_model import CodesModel
from vqgan_space.models.quantizers import usage_statistics
from vqgan_space.training import metrics


@torch.inference_mode()
def measure_reconstructions(
    vqgan: CodesModel, batches: Iterable[Tensor], perceptual: nn.Module, columns: int = 8
) -> tuple[dict[str, float], Tensor]:
    """Mean PSNR (dB), SSIM and perceptual distance, perplexity and usage over all pictures.

    Args:
        vqgan: in eval mode.
        batches: pictures (B, 3, H, W) in [-1, 1], all of one size.
        perceptual: a distance with a ``name`` (``training.perceptual``).
        columns: how many pictures a row of the grid shows.

    Returns:
        The figures, and a grid of the first pictures in [0, 1], (2 * columns, 3, H, W): two rows,
        the originals and below them their reconstructions.
    """
    found: dict[str, list[Tensor]] = {"psnr": [], "ssim": [], "perceptual": []}
    counts = torch.zeros(len(vqgan.codebook), device=vqgan.codebook.device)
    originals: list[Tensor] = []
    results: list[Tensor] = []
    for images in batches:
        images = images.to(vqgan.codebook.device)
        codes = vqgan.encode_codes(images)
        output = vqgan.decode_codes(codes).clamp(-1, 1)
        counts += torch.bincount(codes.flatten(), minlength=len(counts))
        found["psnr"].append(metrics.psnr(output, images).cpu())
        found["ssim"].append(metrics.ssim(output, images).cpu())
        found["perceptual"].append(perceptual(output, images).cpu())
        originals += images[: columns - len(originals)].cpu()
        results += output[: columns - len(results)].cpu()
    figures = {name: torch.cat(values).mean().item() for name, values in found.items()}
    perplexity, usage = usage_statistics(counts)
    figures |= {"perplexity": perplexity.item(), "usage": usage.item()}
    return figures, torch.stack(originals + results).add(1).div(2)


@torch.inference_mode()
def relative_error(model: CodesModel, batches: Iterable[Tensor]) -> float:
    """Mean squared error of the unclamped reconstructions over the variance of these pictures.

    Args:
        model: in eval mode.
        batches: pictures (B, 3, H, W) in [-1, 1], all of one size.
    """
    error = total = squares = 0.0
    count = 0
    for images in batches:
        images = images.to(model.codebook.device)
        output = model.decode_codes(model.encode_codes(images))
        error += (output - images).double().square().sum().item()
        total += images.double().sum().item()
        squares += images.double().square().sum().item()
        count += images.numel()
    return error / (squares - total**2 / count)
