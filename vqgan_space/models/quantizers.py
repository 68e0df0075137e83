"""Quantizers for training: each replaces latents by codebook vectors and exports a plain codebook.

Straight-through with a learned codebook (van den Oord et al., arXiv 1711.00937, eq. 3), moving
averages (the same paper, appendix A.1) with a k-means start and revival of dead codes
(arXiv 2005.00341), unit-length low-dimensional codes (arXiv 2110.04627), and the rotation trick
(arXiv 2410.06424). With unit-length codes the Euclidean nearest code of an unnormalised latent is
its cosine nearest, so an exported codebook needs nothing but ``nearest_codes`` at inference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

_ROWS = 8192  # rows of distances held at once: 8192 x 16384 codes are 512 MB of float32


def nearest_codes(latents: Tensor, codebook: Tensor) -> Tensor:
    """Index of the Euclidean nearest codebook row: (B, D, h, w), (K, D) -> (B, h, w) int64.

    Distances are float32 whatever the dtype of the latents.
    """
    batch, dim, height, width = latents.shape
    rows = latents.permute(0, 2, 3, 1).reshape(-1, dim).float()  # (B*h*w, D)
    codebook = codebook.float()
    offset = codebook.square().sum(dim=1)  # |z|^2 is the same for every code and left out
    chosen = [
        torch.addmm(offset, part, codebook.T, alpha=-2).argmin(1) for part in rows.split(_ROWS)
    ]
    return torch.cat(chosen).view(batch, height, width)  # (B, h, w)


def usage_statistics(counts: Tensor) -> tuple[Tensor, Tensor]:
    """Perplexity exp(-sum p log p) and the share of codes used at all, of counts (K,)."""
    share = counts.float() / counts.sum().clamp(min=1)
    perplexity = torch.exp(-torch.special.xlogy(share, share).sum())
    return perplexity, (counts > 0).float().mean()


@dataclass
class Quantized:
    """What a quantizer returns.

    latents: (B, D, h, w), codebook vectors with a gradient to the encoder. codes: (B, h, w).
    loss: scalar. perplexity, usage (0..1): of this batch, over all processes.
    """

    latents: Tensor
    codes: Tensor
    loss: Tensor
    perplexity: Tensor
    usage: Tensor


def rotate_to(latents: Tensor, quantised: Tensor) -> Tensor:
    """The rotation trick, arXiv 2410.06424, eq. 4: values of ``quantised``, rotated gradients.

    Both (N, D). The rotation and scaling that takes a latent to its code is applied as a constant,
    so that angles between gradient and code survive the quantisation.
    """
    norm_z = latents.norm(dim=1, keepdim=True).clamp(min=1e-6)
    norm_q = quantised.norm(dim=1, keepdim=True).clamp(min=1e-6)
    unit_z, unit_q = (latents / norm_z).detach(), (quantised / norm_q).detach()
    middle = F.normalize(unit_z + unit_q, dim=1)
    scale = (norm_q / norm_z).detach()
    reflected = latents - 2 * (latents * middle).sum(1, keepdim=True) * middle
    return scale * (reflected + 2 * (latents * unit_z).sum(1, keepdim=True) * unit_q)


class Quantizer(nn.Module):
    """What the quantizers share: the choice of codes, the way of the gradient, the statistics.

    Args:
        size: K, the number of codes.
        dim: D, numbers a code.
        beta: weight of the commitment term |z - sg(e)|^2.
        unit_length: normalise latents and codes to length one.
        rotation: pass gradients by the rotation trick instead of straight through.
    """

    def __init__(
        self,
        size: int,
        dim: int,
        beta: float = 0.25,
        unit_length: bool = False,
        rotation: bool = False,
    ) -> None:
        super().__init__()
        self.size, self.dim, self.beta = size, dim, beta
        self.unit_length, self.rotation = unit_length, rotation

    @property
    def codebook(self) -> Tensor:
        """The plain codebook (K, D), of unit length if asked: what a VQModel is given."""
        raise NotImplementedError

    def normalise(self, latents: Tensor) -> Tensor:
        """Latents as they are compared: float32, of unit length along dimension 1 if asked."""
        latents = latents.float()
        return F.normalize(latents, dim=1) if self.unit_length else latents

    def forward(self, latents: Tensor) -> Quantized:
        """Quantise latents (B, D, h, w); in training mode also update what is kept of them."""
        if latents.ndim != 4 or latents.shape[1] != self.dim:
            raise ValueError(f"latents must be (B, {self.dim}, h, w), got {tuple(latents.shape)}")
        # A codebook is compared and updated in float32 also where the network runs in bfloat16.
        with torch.autocast(latents.device.type, enabled=False):
            latents = self.normalise(latents)
            codes = nearest_codes(latents.detach(), self.codebook.detach())
            flat = latents.permute(0, 2, 3, 1).reshape(-1, self.dim)  # (B*h*w, D)
            quantised = self.codebook[codes.flatten()]  # (B*h*w, D)
            counts = torch.bincount(codes.flatten(), minlength=self.size).to(flat.dtype)
            counts = _sum_over_processes(counts)
            loss = self._loss(flat, quantised)
            if self.rotation:
                passed = rotate_to(flat, quantised)
            else:
                passed = quantised.detach() + (flat - flat.detach())
            if self.training:
                self._update(flat.detach(), codes.flatten(), counts)
        passed = passed.view(*codes.shape, self.dim).permute(0, 3, 1, 2)  # (B, D, h, w)
        return Quantized(passed, codes, loss, *usage_statistics(counts))

    @torch.no_grad()
    def start_from(self, latents: Tensor, iterations: int = 10) -> None:
        """Set the codebook to k-means centres of latents (N, D), N >= K, over all processes."""
        rows = _gather(F.normalize(latents.float(), dim=1) if self.unit_length else latents.float())
        if len(rows) < self.size:
            raise ValueError(f"k-means needs at least {self.size} latents, got {len(rows)}")
        self.set_codebook(_from_first_process(self._k_means(rows, iterations)))

    def _k_means(self, rows: Tensor, iterations: int) -> Tensor:
        centres = rows[torch.randperm(len(rows), device=rows.device)[: self.size]].clone()
        for _ in range(iterations):
            codes = nearest_codes(rows.T[None, :, :, None], centres).flatten()
            counts = torch.bincount(codes, minlength=self.size)[:, None]
            means = torch.zeros_like(centres).index_add_(0, codes, rows) / counts.clamp(min=1)
            # An empty cluster takes a random latent: k-means must not start with dead codes.
            spare = rows[torch.randint(len(rows), (self.size,), device=rows.device)]
            centres = torch.where(counts > 0, means, spare)
            if self.unit_length:
                centres = F.normalize(centres, dim=1)
        return centres

    def _loss(self, latents: Tensor, quantised: Tensor) -> Tensor:
        raise NotImplementedError

    def _update(self, latents: Tensor, codes: Tensor, counts: Tensor) -> None:
        """Take in one batch: latents (N, D), codes (N,), counts (K,) over all processes."""

    def set_codebook(self, vectors: Tensor) -> None:
        """Take over a codebook (K, D)."""
        raise NotImplementedError


class StraightThroughQuantizer(Quantizer):
    """A learned codebook: |sg(z) - e|^2 + beta |z - sg(e)|^2 (arXiv 1711.00937, eq. 3)."""

    def __init__(self, size: int, dim: int, **options: float | bool) -> None:
        super().__init__(size, dim, **options)  # type: ignore[arg-type]
        self.weight = nn.Parameter(torch.empty(size, dim).uniform_(-1 / size, 1 / size))

    @property
    def codebook(self) -> Tensor:
        return F.normalize(self.weight, dim=1) if self.unit_length else self.weight

    def _loss(self, latents: Tensor, quantised: Tensor) -> Tensor:
        codebook_term = (quantised - latents.detach()).square().mean()
        return codebook_term + self.beta * (quantised.detach() - latents).square().mean()

    def set_codebook(self, vectors: Tensor) -> None:
        self.weight.data.copy_(vectors)


class EMAQuantizer(Quantizer):
    """Codes as moving averages of the latents that chose them (arXiv 1711.00937, A.1).

    N <- decay N + (1 - decay) n, Laplace-smoothed as (N + eps) / (sum N + K eps) * sum N;
    m <- decay m + (1 - decay) sum z; e = m / N. The loss is beta |z - sg(e)|^2 alone.
    A code whose N falls under ``revive_below`` times the mean N takes a random latent of the batch,
    its N reset to the mean and m with it; 0 revives none.
    """

    def __init__(
        self,
        size: int,
        dim: int,
        decay: float = 0.99,
        eps: float = 1e-5,
        revive_below: float = 0.0,
        **options: float | bool,
    ) -> None:
        super().__init__(size, dim, **options)  # type: ignore[arg-type]
        self.decay, self.eps, self.revive_below = decay, eps, revive_below
        vectors = torch.empty(size, dim).uniform_(-1 / size, 1 / size)
        if self.unit_length:
            vectors = F.normalize(vectors, dim=1)
        self.vectors: Tensor
        self.counts: Tensor
        self.sums: Tensor
        self.register_buffer("vectors", vectors)
        self.register_buffer("counts", torch.ones(size))
        self.register_buffer("sums", vectors.clone())

    @property
    def codebook(self) -> Tensor:
        return self.vectors

    def _loss(self, latents: Tensor, quantised: Tensor) -> Tensor:
        return self.beta * (quantised - latents).square().mean()

    @torch.no_grad()
    def _update(self, latents: Tensor, codes: Tensor, counts: Tensor) -> None:
        sums = torch.zeros_like(self.sums).index_add_(0, codes, latents)
        self.counts.lerp_(counts, 1 - self.decay)
        self.sums.lerp_(_sum_over_processes(sums), 1 - self.decay)
        total = self.counts.sum()
        smoothed = (self.counts + self.eps) / (total + self.size * self.eps) * total
        vectors = self.sums / smoothed[:, None]
        self.vectors.copy_(F.normalize(vectors, dim=1) if self.unit_length else vectors)
        if self.revive_below > 0:
            self._revive(latents)

    def _revive(self, latents: Tensor) -> None:
        mean = self.counts.mean()
        dead = self.counts < self.revive_below * mean
        if not dead.any():
            return
        rows = _gather(latents)
        picked = torch.randint(len(rows), (int(dead.sum()),), device=rows.device)
        fresh = _from_first_process(rows[picked])
        self.vectors[dead] = fresh
        self.counts[dead] = mean
        self.sums[dead] = fresh * mean

    def set_codebook(self, vectors: Tensor) -> None:
        self.vectors.copy_(vectors)
        self.counts.fill_(1.0)
        self.sums.copy_(vectors)


def make_quantizer(
    kind: Literal["ema", "straight-through"],
    size: int,
    dim: int,
    *,
    decay: float = 0.99,
    revive_below: float = 0.1,
    **options: Any,
) -> Quantizer:
    """A fresh codebook of ``size`` vectors of ``dim`` numbers, learning as a trainer's options say.

    ``decay`` and ``revive_below`` are of averaged codebooks alone.
    """
    if kind == "ema":
        return EMAQuantizer(size, dim, decay=decay, revive_below=revive_below, **options)
    return StraightThroughQuantizer(size, dim, **options)


def _several_processes() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def _sum_over_processes(tensor: Tensor) -> Tensor:
    if _several_processes():
        dist.all_reduce(tensor)
    return tensor


def _from_first_process(tensor: Tensor) -> Tensor:
    if _several_processes():
        dist.broadcast(tensor, 0)
    return tensor


def _gather(rows: Tensor) -> Tensor:
    """Rows (N, D) of every process, (P*N, D), in the order of the processes."""
    if not _several_processes():
        return rows
    parts = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, rows.contiguous())
    return torch.cat(parts)
