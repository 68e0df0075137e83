"""Codes at twice the resolution for what a label map's own codes leave out: where edges run.

Two levels of codes, the finer one told what the coarser one says, are those of Razavi et al.,
*Generating Diverse High-Fidelity Images with VQ-VAE-2* (arXiv 1906.00446), sec. 3.1. What is in a
square of a label map, its codes say; its details see no classes of their own but the edges between
them and the encoder's first features, so that few detail codes serve all classes.

A code with its details is one number, so that all that handles codes handles these: the code in the
lowest 24 bits and above them, to the base K + 1, a digit for each quarter of its square: 0 for no
detail, else the detail code's index plus one. ``coarse`` gives the code alone.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .quantizers import nearest_codes

COARSE_BITS = 24
# Digits of four quarters fit above the code, with the sign left alone.
MOST_DETAIL_CODES = 800
_WIDTH, _CHANNELS_A_PIXEL = 64, 16


def coarse(codes: Tensor) -> Tensor:
    """Codes without their details, same shape."""
    return codes & ((1 << COARSE_BITS) - 1)


def join(codes: Tensor, details: Tensor, count: int) -> Tensor:
    """Codes (B, h, w) with details (B, 2h, 2w), indices below ``count`` or -1 for none."""
    digits = F.pixel_unshuffle((details + 1)[:, None].double(), 2).long()  # (B, 4, h, w)
    joined = torch.zeros_like(codes)
    for digit in digits.unbind(1):
        joined = joined * (count + 1) + digit
    return codes | (joined << COARSE_BITS)


def split(codes: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The inverse of ``join``."""
    joined, digits = codes >> COARSE_BITS, []
    for _ in range(4):
        digits.append(joined % (count + 1))
        joined = joined // (count + 1)
    stacked = torch.stack(digits[::-1], dim=1).double()  # (B, 4, h, w)
    return coarse(codes), F.pixel_shuffle(stacked, 2)[:, 0].long() - 1


class LabelDetails(nn.Module):
    """Finds detail codes, and tells the decoder what they mean.

    Args:
        count: K, how many detail codes there are.
        dim: D', numbers a detail code.
        early: channels of the encoder's first features.
        latents: D, numbers a code.
        halvings: how often the first features are halved on their way to the codes; at least once.
        wide: channels of the decoder's first block, after which details come in.
        last: channels of its last block.
        patch_size, num_classes: of the label-map VQGAN.
    """

    def __init__(
        self,
        count: int,
        dim: int,
        *,
        early: int,
        latents: int,
        halvings: int,
        wide: int,
        last: int,
        patch_size: int,
        num_classes: int,
    ) -> None:
        super().__init__()
        if not 1 <= count <= MOST_DETAIL_CODES:
            raise ValueError(f"There are 1 to {MOST_DETAIL_CODES} detail codes, not {count}.")
        if halvings < 1:
            raise ValueError("Details need an encoder that halves its features at least once.")
        self.patch_size = patch_size
        self.codebook = nn.Parameter(torch.empty(count, dim).uniform_(-1 / count, 1 / count))
        self.codebook.requires_grad_(False)  # it only receives the finished codebook
        self.conv_in = nn.Conv2d(2 * patch_size**2 + early, _WIDTH, 1)
        self.first = _Residual(_WIDTH)
        self.down = nn.ModuleList(
            nn.Conv2d(_WIDTH, _WIDTH, 3, stride=2, padding=1) for _ in range(halvings - 1)
        )
        self.coarse_in = nn.Conv2d(latents, _WIDTH, 1)
        self.second = _Residual(_WIDTH)
        self.conv_out = nn.Conv2d(_WIDTH, dim, 1)
        self.to_decoder = nn.Conv2d(dim, wide, 1)
        with torch.no_grad():  # a decoder that knows no details is disturbed little at first
            self.to_decoder.weight.mul_(0.2)
        nn.init.zeros_(self.to_decoder.bias)  # type: ignore[arg-type]
        self.pixels = nn.Sequential(
            nn.Conv2d(last, _WIDTH, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(_WIDTH, _CHANNELS_A_PIXEL * patch_size**2, 1),
            nn.PixelShuffle(patch_size),
            nn.SiLU(),
        )
        self.classes = nn.Conv2d(_CHANNELS_A_PIXEL, num_classes, 1, bias=False)
        nn.init.zeros_(self.classes.weight)

    def encode(self, label_maps: Tensor, early: Tensor, latents: Tensor) -> Tensor:
        """Unquantised details (B, D', 2h, 2w).

        Args:
            label_maps: ids (B, H, W).
            early: the encoder's first features (B, C, H / patch_size, W / patch_size).
            latents: quantised ones, (B, D, h, w).
        """
        edges = F.pixel_unshuffle(_edges(label_maps).to(early.dtype), self.patch_size)
        hidden = self.first(self.conv_in(torch.cat([edges, early], dim=1)))
        for layer in self.down:
            hidden = layer(F.silu(hidden))
        told = F.interpolate(self.coarse_in(latents), scale_factor=2.0)
        return self.conv_out(F.silu(self.second(hidden + told)))

    def nearest(self, details: Tensor) -> Tensor:
        """Detail codes (B, 2h, 2w) of details (B, D', 2h, 2w)."""
        return nearest_codes(details, self.codebook)

    def lookup(self, codes: Tensor) -> Tensor:
        """Details (B, D', 2h, 2w) of detail codes (B, 2h, 2w); zeros where there is none (-1)."""
        found = self.codebook[codes.clamp(min=0)] * (codes >= 0)[..., None]  # (B, 2h, 2w, D')
        return found.permute(0, 3, 1, 2)

    def logits(self, hidden: Tensor, classes: Tensor | None) -> Tensor:
        """What is added to the class logits, (B, N, H, W), of the decoder's last features
        (B, C, H / patch_size, W / patch_size); of all classes, or of some (N,)."""
        weight = self.classes.weight if classes is None else self.classes.weight[classes]
        return F.conv2d(self.pixels(hidden), weight)


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, width), nn.GroupNorm(8, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.conv1(F.silu(self.norm1(x)))
        return x + self.conv2(F.silu(self.norm2(hidden)))


def _edges(label_maps: Tensor) -> Tensor:
    """Whether a pixel's class is another than that of its left, and of its upper neighbour:
    (B, H, W) -> bool (B, 2, H, W)."""
    left = F.pad(label_maps[:, :, 1:] != label_maps[:, :, :-1], (1, 0))
    above = F.pad(label_maps[:, 1:] != label_maps[:, :-1], (0, 0, 1, 0))
    return torch.stack([left, above], dim=1)
