"""Cutouts: parts of a picture at random, changed a little, all in one differentiable call.

A crop, its flip, turn, shift and perspective are one homography, so that each cutout reads its
picture once; larger ones read a copy that was halved until it is no more than twice too fine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """How cutouts are changed; every p is the part of them that is.

    Attributes:
        flip: p of mirror images.
        turn, shift, turn_p: degrees and share of the side, at most, and their p.
        perspective, perspective_p: how far corners move inwards, of half a side, and its p.
        jitter, jitter_p: brightness, contrast and saturation by up to this much, and its p.
        erase_p: p of a rectangle of grey, 10 to 40 percent of the cutout.
    """

    flip: float = 0.0
    turn: float = 0.0
    shift: float = 0.0
    turn_p: float = 0.0
    perspective: float = 0.0
    perspective_p: float = 0.0
    jitter: float = 0.0
    jitter_p: float = 0.0
    erase_p: float = 0.0


AUGMENTATIONS = {
    "none": Augmentation(),
    "gentle": Augmentation(
        flip=0.5, turn=8, shift=0.03, turn_p=0.6, perspective=0.15, perspective_p=0.4,
        jitter=0.05, jitter_p=0.5,
    ),
    "strong": Augmentation(
        flip=0.5, turn=15, shift=0.1, turn_p=0.7, perspective=0.5, perspective_p=0.7,
        jitter=0.15, jitter_p=0.7, erase_p=0.5,
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Views:
    """What n cutouts of each of B pictures look at, drawn by ``draw_views``.

    Attributes:
        homographies: (B, n, 3, 3), from the coordinates of a cutout to those of its picture, both
            -1 to 1 along their sides.
        sides: (B, n), the longer side of each in pixels of the picture.
        colours: (B, n, 3), factors of brightness, contrast and saturation.
        erased: (B, n, 4), left, top, right, bottom in [-1, 1] of a rectangle of grey.
        noise: (B, n), standard deviation of the noise.
    """

    homographies: Tensor
    sides: Tensor
    colours: Tensor
    erased: Tensor
    noise: Tensor


def draw_views(
    generators: Sequence[torch.Generator],
    count: int,
    size: tuple[int, int],
    whole: float,
    smallest: float,
    augmentation: Augmentation,
    noise: float,
) -> Views:
    """Where to look, for each picture by a generator of its own.

    Args:
        generators: one a picture, on the CPU.
        count: n, cutouts of each picture.
        size: height and width of the pictures.
        whole: share of cutouts that show all of the picture, brought to a square.
        smallest: shortest side of the others, of the shorter side of the picture.
        augmentation: how they are changed.
        noise: at most, in the range of the pictures.
    """
    drawn = [_draw(g, count, size, whole, smallest, augmentation, noise) for g in generators]
    fields = ("homographies", "sides", "colours", "erased", "noise")
    return Views(**{name: torch.stack([getattr(each, name) for each in drawn]) for name in fields})


def cut(pictures: Tensor, views: Views, size: int, generators: Sequence[torch.Generator]) -> Tensor:
    """The cutouts (B, n, 3, size, size) of pictures (B, 3, H, W), with gradients to them.

    Args:
        generators: of the noise, one a picture.
    """
    batch, count = views.sides.shape
    levels = (views.sides / size).log2().floor().clamp(min=0).long()  # (B, n)
    cutouts = pictures.new_zeros(batch * count, 3, size, size)
    grids = _grids(views.homographies.flatten(0, 1).to(pictures.device), size)
    flat, owner = levels.flatten(), torch.arange(batch).repeat_interleave(count)
    for level in flat.unique().tolist():
        chosen = (flat == level).nonzero()[:, 0]
        coarse = F.avg_pool2d(pictures, 2**level) if level else pictures
        cutouts[chosen] = _sample(coarse, owner[chosen], grids[chosen])
    cutouts = cutouts.unflatten(0, (batch, count))
    cutouts = _recolour(cutouts, views.colours.to(pictures))
    cutouts = _erase(cutouts, views.erased.to(pictures))
    if views.noise.any():
        noise = [torch.randn(cutouts.shape[1:], generator=each) for each in generators]
        scale = views.noise.to(pictures)[..., None, None, None]
        cutouts = cutouts + scale * torch.stack(noise).to(pictures)
    return cutouts


def _draw(
    g: torch.Generator,
    n: int,
    size: tuple[int, int],
    whole: float,
    smallest: float,
    augmentation: Augmentation,
    noise: float,
) -> Views:
    height, width = size
    a = augmentation
    wholes = torch.arange(n) < round(whole * n)
    short = min(size)
    share = smallest + (1 - smallest) * torch.rand(n, generator=g)
    side = (share * short).round()  # (n,)
    left = (torch.rand(n, generator=g) * (width - side)).round()
    top = (torch.rand(n, generator=g) * (height - side)).round()
    half_x = torch.where(wholes, torch.tensor(1.0), side / width)
    half_y = torch.where(wholes, torch.tensor(1.0), side / height)
    centre_x = torch.where(wholes, torch.tensor(0.0), (2 * left + side) / width - 1)
    centre_y = torch.where(wholes, torch.tensor(0.0), (2 * top + side) / height - 1)
    crop = _matrices(half_x, 0, centre_x, 0, half_y, centre_y)
    mirror = 1 - 2 * (torch.rand(n, generator=g) < a.flip).float()
    turned = (torch.rand(n, generator=g) < a.turn_p).float()
    angle = turned * math.radians(a.turn) * _symmetric(g, n)
    moved = [turned * 2 * a.shift * _symmetric(g, n) for _ in range(2)]
    cos, sin = angle.cos(), angle.sin()
    turn = _matrices(mirror * cos, -sin, moved[0], mirror * sin, cos, moved[1])
    tilted = (torch.rand(n, generator=g) < a.perspective_p).float()
    # Two slopes of the plane: the nearer edge is shortened by about this share.
    tilt = _matrices(1, 0, 0, 0, 1, 0).repeat(n, 1, 1)
    tilt[:, 2, 0] = tilted * a.perspective / 2 * _symmetric(g, n)
    tilt[:, 2, 1] = tilted * a.perspective / 2 * _symmetric(g, n)
    jittered = (torch.rand(n, generator=g) < a.jitter_p).float()[:, None]
    colours = 1 + jittered * a.jitter * _symmetric(g, n * 3).view(n, 3)
    return Views(
        homographies=crop @ turn @ tilt,
        sides=torch.where(wholes, torch.tensor(float(max(size))), side),
        colours=colours,
        erased=_rectangles(g, n, a.erase_p),
        noise=noise * torch.rand(n, generator=g),
    )


def _rectangles(g: torch.Generator, n: int, p: float) -> Tensor:
    erased = torch.rand(n, generator=g) < p
    area = 4 * (0.1 + 0.3 * torch.rand(n, generator=g))  # of the square from -1 to 1
    proportion = torch.exp(_symmetric(g, n) * math.log(3) / 2)
    width = (area * proportion).sqrt().clamp(max=2)
    height = (area / proportion).sqrt().clamp(max=2)
    left = -1 + torch.rand(n, generator=g) * (2 - width)
    top = -1 + torch.rand(n, generator=g) * (2 - height)
    boxes = torch.stack([left, top, left + width, top + height], dim=-1)
    return torch.where(erased[:, None], boxes, torch.full_like(boxes, -2.0))


def _symmetric(g: torch.Generator, n: int) -> Tensor:
    return 2 * torch.rand(n, generator=g) - 1


def _matrices(*rows: Tensor | float) -> Tensor:
    """Six entries, row by row, each a number or (n,): homographies (n, 3, 3) without a tilt."""
    entries = torch.broadcast_tensors(*(torch.as_tensor(each, dtype=torch.float) for each in rows))
    zero, one = torch.zeros_like(entries[0]), torch.ones_like(entries[0])
    matrix = torch.stack([*entries, zero, zero, one], dim=-1).unflatten(-1, (3, 3))
    return matrix if matrix.ndim == 3 else matrix[None]


def _grids(homographies: Tensor, size: int) -> Tensor:
    """Where each pixel of a cutout reads: (N, 3, 3) -> (N, size, size, 2), in [-1, 1]."""
    line = (torch.arange(size, device=homographies.device) + 0.5) * 2 / size - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    points = torch.stack([x, y, torch.ones_like(x)], dim=-1)  # (size, size, 3)
    mapped = torch.einsum("nij,hwj->nhwi", homographies, points)
    return mapped[..., :2] / mapped[..., 2:].clamp_min(0.1)


def _sample(pictures: Tensor, owner: Tensor, grids: Tensor) -> Tensor:
    """Reads pictures (B, 3, H, W) at grids (N, s, s, 2), of which ``owner`` (N,) says whose."""
    options = {"mode": "bilinear", "padding_mode": "border", "align_corners": False}
    parts = []
    for index in owner.unique_consecutive().tolist():
        own = grids[owner == index]
        count, size = own.shape[:2]
        # One picture is read at all its cutouts, stacked, so that it need not be repeated.
        stacked = own.reshape(1, count * size, size, 2)
        read = F.grid_sample(pictures[index : index + 1], stacked, **options)  # type: ignore[arg-type]
        parts.append(read.view(3, count, size, size).transpose(0, 1))
    return torch.cat(parts)


def _recolour(cutouts: Tensor, colours: Tensor) -> Tensor:
    """Factors (B, n, 3) of brightness, contrast and saturation, on (B, n, 3, s, s)."""
    if (colours == 1).all():
        return cutouts
    brightness, contrast, saturation = (each[..., None, None, None] for each in colours.unbind(-1))
    cutouts = (cutouts + 1) * brightness - 1
    mean = cutouts.mean(dim=(-3, -2, -1), keepdim=True)
    cutouts = mean + contrast * (cutouts - mean)
    grey = cutouts.mean(dim=-3, keepdim=True)
    return grey + saturation * (cutouts - grey)


def _erase(cutouts: Tensor, boxes: Tensor) -> Tensor:
    """Rectangles (B, n, 4) of grey on (B, n, 3, s, s)."""
    if (boxes <= -1.5).all():
        return cutouts
    size = cutouts.shape[-1]
    line = (torch.arange(size, device=cutouts.device) + 0.5) * 2 / size - 1
    left, top, right, bottom = (each[..., None] for each in boxes.unbind(-1))
    columns, rows = (line >= left) & (line < right), (line >= top) & (line < bottom)
    inside = rows[..., :, None] & columns[..., None, :]  # (B, n, s, s)
    return cutouts.masked_fill(inside[:, :, None], 0.0)
