"""Figures of a CVAE on held-out pictures: what it reconstructs, and what it makes up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from vqgan_space.models.cvae import CVAE, GREY
from vqgan_space.models.features import FeatureNet
from vqgan_space.training.fid import frechet_distance, frechet_name
from vqgan_space.training.metrics import ssim
from vqgan_space.training.perceptual import SHIPPED
from vqgan_space.training.synthesis import FEATURES, load_segmenter
from vqgan_space.training.vae_losses import active_units, kl_divergence

Features = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class HeldOut:
    """What a CVAE is measured on.

    Attributes:
        pictures: (N, C, H, W) in [0, 1].
        conditions: (N,) classes or (N, D) text embeddings.
    """

    pictures: Tensor
    conditions: Tensor


def load_features(size: int) -> tuple[str, Features]:
    """What the Frechet distance is computed from, by name: pictures in [0, 1] to (N, D).

    Grey pictures of clothes are judged by a classifier of CIFAR-10, colour ones by the network that
    finds the classes of scenes: Inception's figures do not compare.
    """
    if size == GREY:
        net = FeatureNet.from_pretrained(SHIPPED, low_cpu_mem_usage=False).float().eval()
        net.requires_grad_(False)

        def of_clothes(pictures: Tensor) -> Tensor:
            deepest = net.features(pictures.expand(-1, 3, -1, -1) * 2 - 1)[-1]
            return deepest.mean(dim=(2, 3))

        return "features of a CIFAR-10 classifier", of_clothes
    segmenter = load_segmenter()
    return FEATURES, lambda pictures: segmenter.features(pictures * 2 - 1)


@torch.inference_mode()
def measure(
    model: CVAE,
    held_out: HeldOut,
    features: tuple[str, Features],
    *,
    draws: int = 1,
    seed: int = 0,
    batch: int = 64,
) -> tuple[dict[str, float], Tensor]:
    """Figures of reconstruction and of generation, apart, and a grid that shows both.

    Reconstructions are decoded from the latents' means. Generated pictures are decoded from random
    z with the held-out pictures' conditions: MSE and SSIM compare each with the picture whose
    condition it has.

    Args:
        model: in eval mode.
        held_out: what is measured on.
        features: what ``load_features`` gives.
        draws: pictures generated for each condition.
        seed: of z.
        batch: pictures at once.

    Returns:
        Figures, and (3 * columns, C, H, W) in [0, 1]: pictures, reconstructions, generated ones.
        MSE is a pixel's, of values in [0, 1]; that of a whole picture is its sum over pixels.
    """
    random = torch.Generator().manual_seed(seed)
    pictures, conditions = held_out.pictures, held_out.conditions
    means, divergences, rebuilt = [], [], []
    for part, given in zip(pictures.split(batch), conditions.split(batch), strict=True):
        mean, logvar = model.encode(part, given)
        means.append(mean)
        divergences.append(kl_divergence(mean, logvar).sum(1))
        rebuilt.append(model.decode(mean, given))
    z = torch.randn(draws, len(pictures), model.latent_dim, generator=random)
    made = [
        torch.cat(
            [
                model.decode(part, given)
                for part, given in zip(each.split(batch), conditions.split(batch), strict=True)
            ]
        )
        for each in z
    ]
    figures = {
        **_compare("reconstruction", torch.cat(rebuilt), pictures, features),
        **_compare("generation", torch.cat(made), pictures, features),
        "KL (nats)": torch.cat(divergences).mean().item(),
        "active units": float(active_units(torch.cat(means))),
    }
    columns = torch.linspace(0, len(pictures) - 1, min(16, len(pictures))).long()
    grid = torch.cat([pictures[columns], torch.cat(rebuilt)[columns], made[0][columns]])
    return figures, grid


def sprite(held_out: HeldOut, rows: int = 2) -> Tensor:
    """A few pictures of every class on one sheet without gaps: a class a column.

    Args:
        held_out: pictures (N, 1, H, W) with classes.
        rows: pictures of a class, if it has as many.

    Returns:
        (1, rows * H, classes * W) in [0, 1]; what a class lacks is black.
    """
    _, _, height, width = held_out.pictures.shape
    classes = int(held_out.conditions.max()) + 1
    sheet = torch.zeros(1, rows * height, classes * width)
    for label in range(classes):
        found = held_out.pictures[held_out.conditions == label][:rows]
        for row, picture in enumerate(found):
            top, left = row * height, label * width
            sheet[:, top : top + height, left : left + width] = picture
    return sheet


def _compare(
    what: str, output: Tensor, target: Tensor, features: tuple[str, Features]
) -> dict[str, float]:
    """MSE, SSIM and Frechet distance of pictures (K * N, C, H, W) against (N, C, H, W)."""
    name, find = features
    repeated = target.repeat(len(output) // len(target), 1, 1, 1)
    error = (output - repeated).square().mean().item()
    found = [torch.cat([find(part) for part in each.split(64)]) for each in (output, target)]
    return {
        f"{what} MSE": error,
        f"{what} MSE, summed over a picture": error * target[0].numel(),
        f"{what} SSIM": ssim(output * 2 - 1, repeated * 2 - 1).mean().item(),
        f"{what} {frechet_name(name)}": frechet_distance(found[0], found[1]),
    }
