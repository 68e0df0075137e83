"""The loop of nerdyrodent/VQGAN-CLIP, to measure against.

A plain implementation of what that tool does by default: the whole picture pooled for every cutout,
affine and perspective warps, jitter, erasing and noise; AdamW at 0.1; float32. Its augmentation
library is left out: the warps here are no slower.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import VQModel
from torch import Tensor

from vqgan_space.generation.guidance.losses import clamp_inside, spherical_distance
from vqgan_space.models.clip import CLIP
from vqgan_space.models.codes_model import CodesModel


class PlainCutouts:
    """The peer's cutouts (n, 3, size, size) of one picture in [0, 1]."""

    def __init__(self, size: int, count: int) -> None:
        self.size, self.count = size, count

    def __call__(self, picture: Tensor) -> Tensor:
        pooled = [
            (F.adaptive_avg_pool2d(picture, self.size) + F.adaptive_max_pool2d(picture, self.size))
            / 2
            for _ in range(self.count)
        ]
        batch = torch.cat(pooled)
        batch = self._warp(batch, self._affine())
        batch = self._warp(batch, self._perspective())
        batch = self._jitter(batch)
        left, top = (int(torch.randint(self.size // 2, ())) for _ in range(2))
        if torch.rand(()) < 0.7:
            side = int(self.size * 0.5)
            batch = batch.clone()
            batch[..., top : top + side, left : left + side] = 0
        noise = torch.rand(self.count, 1, 1, 1) * 0.1
        return batch + noise * torch.randn_like(batch)

    def _affine(self) -> Tensor:
        used = (torch.rand(self.count) < 0.7).float()
        angle = used * torch.deg2rad((2 * torch.rand(self.count) - 1) * 15)
        matrix = torch.eye(3).repeat(self.count, 1, 1)
        matrix[:, 0, 0] = matrix[:, 1, 1] = angle.cos()
        matrix[:, 0, 1], matrix[:, 1, 0] = -angle.sin(), angle.sin()
        matrix[:, :2, 2] = used[:, None] * 0.2 * (2 * torch.rand(self.count, 2) - 1)
        return matrix

    def _perspective(self) -> Tensor:
        matrix = torch.eye(3).repeat(self.count, 1, 1)
        used = (torch.rand(self.count) < 0.7).float()[:, None]
        matrix[:, 2, :2] = used * 0.35 * (2 * torch.rand(self.count, 2) - 1)
        return matrix

    def _warp(self, batch: Tensor, matrices: Tensor) -> Tensor:
        line = torch.linspace(-1, 1, self.size)
        y, x = torch.meshgrid(line, line, indexing="ij")
        points = torch.stack([x, y, torch.ones_like(x)], dim=-1)
        mapped = torch.einsum("nij,hwj->nhwi", matrices, points)
        grid = mapped[..., :2] / mapped[..., 2:]
        return F.grid_sample(batch, grid, padding_mode="border", align_corners=True)

    def _jitter(self, batch: Tensor) -> Tensor:
        factor = 1 + 0.1 * (2 * torch.rand(self.count, 1, 1, 1) - 1)
        grey = batch.mean(dim=1, keepdim=True)
        return grey + factor * (batch - grey)


def plain_loop(
    vqgan: VQModel, clip: CLIP, mean: Tensor, std: Tensor, text: str, start: Tensor, cutouts: int
) -> Iterator[Tensor]:
    """The peer's loop; yields the picture of each step, (1, 3, H, W) in [0, 1]."""
    codebook = vqgan.quantize.embedding.weight
    low, high = (
        values[None, :, None, None] for values in (codebook.amin(dim=0), codebook.amax(dim=0))
    )
    z = start.clone().requires_grad_(True)
    optimiser = torch.optim.AdamW([z], lr=0.1)
    cut = PlainCutouts(clip.size, cutouts)
    with torch.no_grad():
        target = clip.embed_texts([text])[0]
    while True:
        with torch.enable_grad():
            flat = z.movedim(1, 3)  # (1, h, w, D)
            distances = flat.square().sum(-1, keepdim=True) + codebook.square().sum(dim=1)
            codes = (distances - 2 * flat @ codebook.T).argmin(-1)
            quantised = F.one_hot(codes, len(codebook)).to(flat.dtype) @ codebook
            quantised = (flat + (quantised - flat).detach()).movedim(3, 1)
            decoded = vqgan.decode(quantised, force_not_quantize=True).sample
            picture = clamp_inside((decoded + 1) / 2, 0, 1)
            embeddings = clip.model.encode_image((cut(picture) - mean) / std, normalize=True)
            spherical_distance(embeddings, target).mean().backward()
        optimiser.step()
        optimiser.zero_grad()
        with torch.no_grad():
            z.copy_(z.clamp(low, high))
        yield picture.detach()


def plain_model(ours: CodesModel, sizes: Any) -> VQModel:
    """A plain float32 VQModel with the same weights."""
    plain = VQModel(**sizes).eval().requires_grad_(False)
    plain.load_state_dict({name: value.float() for name, value in ours.state_dict().items()})  # type: ignore[attr-defined]
    return plain
