"""Details of label maps at twice the resolution of their codes: where edges run, to the pixel.

Two levels of codes, the finer one read with the coarser one in view, are those of Razavi et al.,
*Generating Diverse High-Fidelity Images with VQ-VAE-2* (arXiv 1906.00446), sec. 3.1. The finer ones
are not learnt features here, but patterns: of each quarter of a code's square the detail says which
pixels belong together (see ``partitions``), whatever their classes are. Which class each part has,
the decoder tells from the codes around. So few patterns serve all classes, the nearest is found by
counting pixels, and edges are as sharp as the patterns.

A code with its details is one number, so that all that handles codes handles these: the code in the
lowest 16 bits and above them, to the base K + 1, a digit for each quarter of its square: 0 for no
detail, else the pattern's index plus one. ``coarse`` gives the code alone.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .partitions import (
    PARTS,
    classes_of_parts,
    cut,
    nearest_patterns,
    of_parts,
    partition,
    put_together,
)

COARSE_BITS = 16
# Digits of four quarters fit above the code, with the sign left alone.
MOST_DETAIL_CODES = 3440
_WIDTH, _CLASS_WIDTH = 96, 24


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
    """Finds the patterns of label maps, and tells which classes their parts have.

    Args:
        count: K, how many patterns there are.
        wide: channels of the decoder's features at the resolution of the details.
        side: S, pixels of a quarter's side.
        patch_size: of the label-map VQGAN; its decoder's logits stand for squares of so many
            pixels.
        num_classes: N.
    """

    patterns: Tensor

    def __init__(
        self, count: int, *, wide: int, side: int, patch_size: int, num_classes: int
    ) -> None:
        super().__init__()
        if not 1 <= count <= MOST_DETAIL_CODES:
            raise ValueError(f"There are 1 to {MOST_DETAIL_CODES} detail codes, not {count}.")
        if side % patch_size:
            raise ValueError("Details need an encoder that halves its features at least once.")
        self.side, self.cells = side, side // patch_size
        # Parts (K, S * S); the first pattern is of one part alone.
        self.register_buffer("patterns", torch.zeros(count, side**2, dtype=torch.uint8))
        self.pattern_in = nn.Conv2d(PARTS * side**2, _WIDTH, 1)
        self.pattern_out = nn.Conv2d(_WIDTH, _WIDTH, 1)
        self.hidden_in = nn.Conv2d(wide, _WIDTH, 1)
        self.blocks = nn.Sequential(_Residual(_WIDTH), _Residual(_WIDTH))
        self.norm = nn.GroupNorm(8, _WIDTH)
        self.where = nn.Conv2d(_WIDTH, PARTS * (self.cells + 2) ** 2, 1)
        self.parts = nn.Conv2d(_WIDTH, PARTS * _CLASS_WIDTH, 1)
        nn.init.zeros_(self.parts.weight)
        nn.init.zeros_(self.parts.bias)  # type: ignore[arg-type]
        self.classes = nn.Linear(_CLASS_WIDTH, num_classes)
        nn.init.normal_(self.classes.weight, std=0.5)
        nn.init.zeros_(self.classes.bias)

    def find(self, label_maps: Tensor) -> Tensor:
        """The nearest patterns of label maps: (B, H, W) of ids -> (B, 2h, 2w) int64."""
        squares = cut(label_maps, self.side)
        found, _ = nearest_patterns(partition(squares.flatten(0, 2)), self.patterns)
        return found.view(squares.shape[:3])  # (B, 2h, 2w)

    def classes_asked(self, label_maps: Tensor, details: Tensor) -> tuple[Tensor, Tensor]:
        """The ids that the parts of patterns (B, 2h, 2w) stand for in label maps (B, H, W), and how
        many pixels of each have them: both (B, 2h, 2w, PARTS)."""
        squares, shape = cut(label_maps, self.side), (*details.shape, PARTS)
        patterns = self.patterns[details.flatten()]
        ids, pixels = classes_of_parts(squares.flatten(0, 2), patterns)
        return ids.view(shape), pixels.view(shape)

    def forward(
        self, hidden: Tensor, logits: Tensor, details: Tensor, classes: Tensor | None = None
    ) -> Tensor:
        """Class logits of the parts of each quarter.

        What a class looks like to the decoder needn't be learnt again: a part copies the decoder's
        logits from where it finds its class, in its quarter or beside it, and adds to them.

        Args:
            hidden: the decoder's features (B, C, 2h, 2w).
            logits: the decoder's own, (B, N, H / patch_size, W / patch_size).
            details: patterns (B, 2h, 2w).
            classes: those that the logits are of, (N,), where it isn't all.

        Returns:
            (B, 2h, 2w, N, PARTS).
        """
        hidden = hidden.to(self.hidden_in.weight.dtype)
        shapes = of_parts(self.patterns).flatten(1).to(hidden.dtype)  # (K, PARTS * S * S)
        shapes = shapes[details]  # (B, 2h, 2w, PARTS * S * S)
        shapes = self.pattern_out(F.silu(self.pattern_in(shapes.permute(0, 3, 1, 2))))
        features = F.silu(self.norm(self.blocks(self.hidden_in(hidden) + shapes)))
        batch, _, height, width = features.shape
        ring = self.cells + 2
        near = F.pad(logits, (1, 1, 1, 1), mode="replicate")
        near = near.unfold(2, ring, self.cells).unfold(3, ring, self.cells)
        near = near.permute(0, 2, 3, 1, 4, 5).flatten(4)  # (B, 2h, 2w, N, ring * ring)
        where = self.where(features).view(batch, PARTS, ring**2, height, width)
        where = where.permute(0, 3, 4, 2, 1).softmax(3)  # (B, 2h, 2w, ring * ring, PARTS)
        parts = self.parts(features).view(batch, PARTS, _CLASS_WIDTH, height, width)
        parts = parts.permute(0, 3, 4, 1, 2)  # (B, 2h, 2w, PARTS, D)
        asked = slice(None) if classes is None else classes
        weight, bias = self.classes.weight[asked], self.classes.bias[asked]
        added = F.linear(parts, weight, bias).transpose(3, 4)  # (B, 2h, 2w, N, PARTS)
        return near.to(where.dtype) @ where + added

    def paint(self, of_classes: Tensor, details: Tensor) -> Tensor:
        """Logits of parts (B, 2h, 2w, N, PARTS), each where its part is: (B, N, H, W)."""
        parts = self.patterns[details].long()[:, :, :, None]  # (B, 2h, 2w, 1, S * S)
        painted = of_classes.gather(4, parts.expand(*of_classes.shape[:4], -1))
        return put_together(painted, self.side)


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, width), nn.GroupNorm(8, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.conv1(F.silu(self.norm1(x)))
        return x + self.conv2(F.silu(self.norm2(hidden)))
