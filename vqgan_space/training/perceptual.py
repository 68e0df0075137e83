"""Perceptual distances: LPIPS where its backbone can be had, else a stand-in under its own name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from vqgan_space.models.features import FeatureNet

SHIPPED = Path(__file__).resolve().parent.parent / "weights" / "features-cifar10"
_BACKBONES = {"vgg": "vgg16-397923af.pth", "alex": "alexnet-owt-7be5be79.pth"}

Choice = Literal["auto", "lpips", "features"]


class LPIPS(nn.Module):
    """LPIPS (arXiv 1801.03924) from the ``lpips`` package: (B, 3, H, W) x 2 -> (B,)."""

    def __init__(self, net: str = "vgg") -> None:
        super().__init__()
        import lpips

        self.name = f"LPIPS ({net})"
        self.net = lpips.LPIPS(net=net, verbose=False).eval().requires_grad_(False)

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        return self.net(output, target).flatten()


class FeatureDistance(nn.Module):
    """The stand-in for LPIPS: its formula over the features of a small CIFAR-10 classifier.

    Activations are normalised to unit length along the channels, their squared differences
    averaged over positions and summed over stages: (B, 3, H, W) x 2 in [-1, 1] -> (B,). Its
    figures do not compare with LPIPS.
    """

    name = "feature distance (CIFAR-10 classifier)"

    def __init__(self, folder: Path | str = SHIPPED) -> None:
        super().__init__()
        self.net = (
            FeatureNet.from_pretrained(folder, low_cpu_mem_usage=False)
            .float()
            .eval()
            .requires_grad_(False)
        )

    def train(self, mode: bool = True) -> FeatureDistance:
        """Stays in eval mode: its BatchNorm must not follow the pictures that it judges."""
        return super().train(False)

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        distance = output.new_zeros(len(output), dtype=torch.float32)
        features = self.net.features(output), self.net.features(target)
        for a, b in zip(*features, strict=True):
            error = _unit_length(a.float()) - _unit_length(b.float())
            distance = distance + error.square().sum(1).mean(dim=(1, 2))
        return distance


def _unit_length(features: Tensor) -> Tensor:
    """(B, C, h, w), each position's vector scaled to length one; F.normalize is slow along C."""
    return features * torch.rsqrt(features.square().sum(dim=1, keepdim=True) + 1e-8)


def lpips_backbone(net: str = "vgg") -> Path | None:
    """The file of LPIPS's backbone if it is on disk already, where torch keeps its downloads."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / _BACKBONES[net]
    return path if os.path.exists(path) else None


def load_perceptual(
    choice: Choice = "auto", *, net: str = "vgg", download: bool = False
) -> LPIPS | FeatureDistance:
    """A perceptual distance with its ``name``.

    Args:
        choice: "lpips", "features", or "auto": LPIPS if its backbone is there, else features.
        net: LPIPS's backbone, "vgg" or "alex".
        download: whether the backbone may be looked for on the network.

    Raises:
        ValueError: LPIPS was asked for and its backbone can't be had.
    """
    if choice not in ("auto", "lpips", "features"):
        raise ValueError(f'choose "auto", "lpips" or "features", not {choice!r}')
    if choice == "features":
        return FeatureDistance()
    if lpips_backbone(net) or download:
        try:
            return LPIPS(net)
        except OSError as error:  # urllib's and the file system's errors alike
            if choice == "lpips":
                raise ValueError(
                    f"LPIPS's {net} backbone could not be downloaded: {error}"
                ) from error
    elif choice == "lpips":
        raise ValueError(
            f"LPIPS's {net} backbone is not on this machine; allow its download or use 'features'"
        )
    return FeatureDistance()
