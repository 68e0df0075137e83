"""Figures of a label-map VQGAN on held-out label maps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from vqgan_space.data.labels import LabelMap, LabelSet, resize, to_picture
from vqgan_space.models.label_details import coarse
from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.models.quantizers import usage_statistics
from vqgan_space.training.segmentation_metrics import confusion, mean_iou, pixel_accuracy


def center_square(label_map: LabelMap, side: int) -> Tensor:
    """The centre square of a label map (H, W) at ``side`` pixels: int64 (side, side)."""
    height, width = label_map.shape
    length = min(height, width)
    top, left = (height - length) // 2, (width - length) // 2
    square = resize(label_map[top : top + length, left : left + length], (side, side))
    return torch.from_numpy(np.ascontiguousarray(square)).long()


@torch.inference_mode()
def measure_label_maps(
    model: LabelVQGAN, label_maps: Sequence[Tensor], label_set: LabelSet, columns: int = 8
) -> tuple[dict[str, float], Tensor]:
    """Pixel accuracy, mean IoU over the classes there are, perplexity and usage of the codes.

    Args:
        model: in eval mode.
        label_maps: (H, W) each, all of one size.
        label_set: for the grid's colours.
        columns: how many label maps a row of the grid shows.

    Returns:
        The figures, and a grid in [0, 1], (2 * columns, 3, H, W): label maps, and below them what
        their codes give back.
    """
    matrix = torch.zeros(model.num_classes, model.num_classes, dtype=torch.int64)
    counts = torch.zeros(len(model.codebook), device=model.codebook.device)
    results: list[Tensor] = []
    for start in range(0, len(label_maps), 8):
        truth = torch.stack(list(label_maps[start : start + 8])).to(model.codebook.device)
        codes = model.encode_codes(truth)
        counts += torch.bincount(coarse(codes).flatten(), minlength=len(counts))
        found = model.label_maps(codes)
        matrix += confusion(truth, found, model.num_classes).cpu()
        results += list(found[: max(columns - len(results), 0)].cpu())
    perplexity, usage = usage_statistics(counts)
    figures = {
        "pixel accuracy": pixel_accuracy(matrix),
        "mean IoU": mean_iou(matrix),
        "perplexity": perplexity.item(),
        "usage": usage.item(),
    }
    rows = [*label_maps[:columns], *results]
    pictures = [np.asarray(to_picture(each, label_set)) for each in rows]
    grid = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)  # (N, 3, H, W)
    return figures, grid / 255
