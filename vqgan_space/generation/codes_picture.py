"""Codes to look at: a grid as a picture, one colour a code, and how often each code is used."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vqgan_space.models.quantizers import usage_statistics


@functools.lru_cache(maxsize=8)
def code_colours(num_codes: int) -> np.ndarray:
    """A colour for each code, (K, 3) uint8 RGB, all different; code i's does not depend on K.

    Points of a quasi-random sequence in OKLab, a space in which distance is about how different
    two colours look, kept where sRGB can show them: neighbouring indices get unlike colours, and
    any number of first codes is spread evenly.
    """
    # R3, the three-dimensional golden ratio: the real root of x^4 = x + 1.
    root = 1.2207440846057596
    steps = root ** -np.arange(1.0, 4.0)
    colours: np.ndarray = np.empty((0, 3), dtype=np.uint8)
    count = 0
    while len(colours) < num_codes:
        count = max(2 * count, 16 * num_codes, 1024)
        points = (0.5 + np.arange(1, count + 1)[:, None] * steps) % 1  # (count, 3)
        lab = points * [0.6, 0.6, 0.6] + [0.35, -0.3, -0.3]
        rgb = _oklab_to_srgb(lab)
        inside = ((rgb >= 0) & (rgb <= 1)).all(1)
        found = (rgb[inside] * 255).round().astype(np.uint8)
        # The first of each 8 bit colour, in the order of the sequence.
        _, first = np.unique(found, axis=0, return_index=True)
        colours = found[np.sort(first)]
    colours = colours[:num_codes]
    colours.setflags(write=False)
    return colours


def codes_picture(codes: Tensor, num_codes: int, cell: int = 16) -> Image.Image:
    """Codes (h, w) as a picture of h * cell x w * cell pixels: equal codes, equal colours."""
    if codes.ndim != 2 or not codes.numel() or cell < 1:
        raise ValueError(f"codes must be (h, w), cell at least 1, got {tuple(codes.shape)}, {cell}")
    if codes.min() < 0 or codes.max() >= num_codes:
        raise ValueError(f"The codes of this picture must be in 0 to {num_codes - 1}.")
    colours = code_colours(num_codes)[codes.cpu().numpy()]  # (h, w, 3)
    return Image.fromarray(colours.repeat(cell, axis=0).repeat(cell, axis=1))


def cell_at(codes: Tensor, x: int, y: int, cell: int = 16) -> tuple[int, int, int]:
    """What is under pixel (x, y) of ``codes_picture``: (row, column, code).

    Raises:
        ValueError: outside the picture.
    """
    row, column = y // cell, x // cell
    if not (0 <= row < codes.shape[0] and 0 <= column < codes.shape[1]):
        raise ValueError(f"The point ({x}, {y}) is outside the picture of codes.")
    return row, column, int(codes[row, column])


@dataclass(frozen=True, eq=False)
class Usage:
    """How often each code is used.

    Attributes:
        counts: int64 (K,), how many cells hold each code.
        used: how many different codes there are.
        share: ``used`` as a part of the codebook, 0 to 1.
        perplexity: e to the entropy of the codes, 1 to K: as many codes, all used alike, would
            carry as much.
        top: (code, count), the most frequent first; equal counts by index.
    """

    counts: np.ndarray
    used: int
    share: float
    perplexity: float
    top: list[tuple[int, int]]


def usage(codes: Tensor, num_codes: int, top: int = 10) -> Usage:
    """The ``Usage`` of codes of any shape, with the ``top`` most frequent ones."""
    counts = torch.bincount(codes.flatten().cpu(), minlength=num_codes)
    if len(counts) != num_codes:
        raise ValueError(f"The codes of this picture must be in 0 to {num_codes - 1}.")
    perplexity, share = usage_statistics(counts.float())
    order = counts.argsort(descending=True, stable=True)[:top]
    frequent = [(int(code), int(counts[code])) for code in order if counts[code] > 0]
    used = int((counts > 0).sum())
    return Usage(counts.numpy(), used, float(share), float(perplexity), frequent)


def _oklab_to_srgb(lab: np.ndarray) -> np.ndarray:
    """OKLab (N, 3) to sRGB with gamma, (N, 3); outside [0, 1] where sRGB has no such colour."""
    to_lms = np.array(
        [
            [1.0, 0.3963377774, 0.2158037573],
            [1.0, -0.1055613458, -0.0638541728],
            [1.0, -0.0894841775, -1.2914855480],
        ]
    )
    to_linear = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = (lab @ to_lms.T) ** 3 @ to_linear.T
    curved = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, curved)
