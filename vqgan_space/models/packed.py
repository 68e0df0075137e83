"""Linear layers whose matrix lies in memory in the order in which a processor reads it.

oneDNN multiplies blocks of a matrix. Given a plain matrix it rearranges it in every call, or takes
slower routes; with few rows of input, as when a prior makes one code at a time, that is most of the
work. Rearranged once, the matrix is read at the speed of memory: the same products, summed in
another order.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

# The block order that serves few rows best is the one chosen for many.
ROWS_HINT = 256


class PackedLinear(nn.Module):
    """A linear layer without gradients, on the processor.

    ``weight`` is opaque; ``state_dict`` gives it as it was. Only for layers that ``packs`` allows.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        with torch.inference_mode(False), torch.no_grad():
            weight = linear.weight.detach().contiguous()
            self.weight = torch.ops.mkldnn._reorder_linear_weight(weight, ROWS_HINT)
        self.bias = linear.bias

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) in any float type -> (..., out) in the weight's."""
        x = x.to(self.weight.dtype)
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")

    def __deepcopy__(self, memo: dict[int, Any]) -> PackedLinear:
        """A copy that shares the opaque weight, which can't be copied and is never written to."""
        memo[id(self.weight)] = self.weight
        twin = memo[id(self)] = PackedLinear.__new__(PackedLinear)
        twin.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return twin

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}weight"] = self.weight.to_dense()


def packs(linear: nn.Linear) -> bool:
    """Whether the layer's processor and number format allow it."""
    operators = torch.ops.mkldnn
    if linear.weight.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    if not hasattr(operators, "_reorder_linear_weight") or not hasattr(
        operators, "_linear_pointwise"
    ):
        return False
    if linear.weight.dtype == torch.bfloat16:
        return bool(operators._is_mkldnn_bf16_supported())
    return linear.weight.dtype == torch.float32
