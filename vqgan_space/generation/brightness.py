"""How bright each code is: its codebook vector decoded alone, as a small uniform picture."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from vqgan_space.models.codes_model import CodesModel

GRID = 2
BATCH = 64

# Brightness (K,) of the codes asked for so far, NaN for the others. A model's weights do not change
# once it decodes for a visitor, and its entry goes when the model does.
_known: WeakKeyDictionary[CodesModel, Tensor] = WeakKeyDictionary()


@torch.inference_mode()
def code_brightness(model: CodesModel, codes: Tensor | None = None) -> Tensor:
    """Mean luminance in [0, 1] (Rec. 709 weights) of codes decoded alone, each as 2 x 2 cells.

    Args:
        codes: which codes, any shape, int64; all K of the codebook where None.

    Returns:
        float32 on the CPU, of the shape of ``codes``. Computed once per model and code.
    """
    device, num_codes = model.codebook.device, model.codebook.shape[0]
    wanted = torch.arange(num_codes) if codes is None else codes.cpu()
    known = _known.get(model)
    if known is None:
        known = _known.setdefault(model, torch.full((num_codes,), torch.nan))
    weights = torch.tensor([0.2126, 0.7152, 0.0722]).view(3, 1, 1)
    missing = wanted.unique()
    missing = missing[known[missing].isnan()]
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        grids = batch.view(-1, 1, 1).expand(-1, GRID, GRID)  # (b, GRID, GRID)
        images = model.decode_codes(grids.to(device)).float().cpu()
        pixels = (images.clamp(-1, 1) + 1) / 2  # (b, 3, H, W)
        known[batch] = (pixels * weights).sum(1).mean((1, 2))
    return known[wanted].clone()
