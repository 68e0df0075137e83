"""How likely codes are in the windows in which a prior would sample them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vqgan_space.generation.windows import Position, Size, Windows
from vqgan_space.models.prior import CausalPrior


@torch.inference_mode()
def window_nll(
    prior: CausalPrior, codes: Tensor, condition: Tensor, window: Size, stride: int = 1
) -> float:
    """Mean -log p of the codes of canvases larger than the window, in nats a code.

    Each code is judged from what sampling would have read before it, so that an exact sliding
    window (stride 1) and one that moves by several codes are compared on the same pictures.

    Args:
        codes: (B, h, w).
        condition: its codes (B, h, w), of which a window takes its own part, or (B, n), all of
            which stand in front of every window.
        window: height and width of the grid that the prior was trained on.
        stride: of the window.

    Raises:
        ValueError: codes and condition that don't go together, or a stride as in ``Windows``.
    """
    if condition.ndim == 3 and condition.shape != codes.shape:
        raise ValueError(
            f"a code of the condition for every code, not {tuple(condition.shape)} for "
            f"{tuple(codes.shape)}"
        )
    windows = Windows((codes.shape[1], codes.shape[2]), window, stride)
    served: dict[Position, list[Position]] = {}
    for position in windows.order():
        served.setdefault(windows.origin(position), []).append(position)
    total = 0.0
    for origin, positions in served.items():
        front = condition if condition.ndim == 2 else windows.crop(condition, origin)
        read = windows.crop(codes, origin)
        logits = prior(torch.cat([front, read], dim=1)[:, :-1])[:, front.shape[1] - 1 :].float()
        indices = torch.tensor([windows.local_index(position) for position in positions])
        found = logits[:, indices.to(logits.device)]  # (B, n, V)
        total += float(
            F.cross_entropy(found.flatten(0, 1), read[:, indices].flatten(), reduction="sum")
        )
    return total / codes.numel()
