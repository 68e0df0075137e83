"""taming's minGPT (``transformer.*`` of a Net2NetTransformer) as a ``CausalPrior``, its permuter.

The names differ, and query, key and value become one matrix; the causal mask, a buffer there, is
not a weight.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ...models.permuters import Permuter
from ...models.prior import CausalPrior

_TOP = {
    "pos_emb": "pos_emb",
    "tok_emb.weight": "tok_emb.weight",
    "ln_f.weight": "norm.weight",
    "ln_f.bias": "norm.bias",
    "head.weight": "head.weight",
}
_LAYERS = {
    "ln1": "norm1",
    "ln2": "norm2",
    "attn.proj": "attention.proj",
    "mlp.0": "expand",
    "mlp.2": "contract",
}
_ATTENTION = ("query", "key", "value")
_BLOCK = re.compile(r"blocks\.(\d+)\.(ln1|ln2|attn\.\w+|mlp\.[02])\.(weight|bias)")
_MASK = re.compile(r"blocks\.\d+\.attn\.mask")
_PERMUTERS = {
    "Identity": "identity",
    "Subsample": "subsample",
    "ZCurve": "z-curve",
    "SpiralOut": "spiral-out",
    "SpiralIn": "spiral-in",
    "Random": "random",
    "AlternateParsing": "alternate",
}


def prior_from_taming(params: Mapping[str, Any], state: Mapping[str, Tensor]) -> CausalPrior:
    """A ``CausalPrior`` in float32, eval mode, with taming's weights.

    Args:
        params: ``transformer_config.params`` of the yaml.
        state: the state dict's ``transformer.*``, without that prefix.

    Raises:
        ValueError: an unknown parameter or key, a missing one, or one of another size.
    """
    known = set(inspect.signature(CausalPrior.__init__).parameters) - {"self"}
    unknown = sorted(set(params) - known)
    if unknown:
        raise ValueError(f"The transformer's yaml has unknown parameters: {_some(unknown)}.")
    if not {"vocab_size", "block_size"} <= set(params):
        raise ValueError("The transformer's yaml must give vocab_size and block_size.")
    prior = CausalPrior(**params)
    converted = convert_keys(state)
    expected = prior.state_dict()
    if missing := sorted(set(expected) - set(converted)):
        raise ValueError(f"The transformer's weights lack {_some(missing)}.")
    if unknown := sorted(set(converted) - set(expected)):
        raise ValueError(f"The yaml describes a transformer without {_some(unknown)}.")
    for name, value in expected.items():
        if converted[name].shape != value.shape:
            raise ValueError(
                f"The transformer's {name} is {tuple(converted[name].shape)}, but its yaml "
                f"describes {tuple(value.shape)}: take the yaml that belongs to this checkpoint."
            )
    prior.load_state_dict({name: value.float() for name, value in converted.items()})
    return prior.eval()


def convert_keys(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """taming's names and separate query, key and value to ours.

    Raises:
        ValueError: keys that taming's transformer does not have, or an incomplete attention.
    """
    converted: dict[str, Tensor] = {}
    attention: dict[str, dict[str, Tensor]] = {}
    unknown = []
    for key, value in state.items():
        if _MASK.fullmatch(key):
            continue
        match = _BLOCK.fullmatch(key)
        if key in _TOP:
            converted[_TOP[key]] = value
        elif match is None:
            unknown.append(key)
        elif match[2] in _LAYERS:
            converted[f"blocks.{match[1]}.{_LAYERS[match[2]]}.{match[3]}"] = value
        elif (part := match[2].removeprefix("attn.")) in _ATTENTION:
            attention.setdefault(f"blocks.{match[1]}.attention.qkv.{match[3]}", {})[part] = value
        else:
            unknown.append(key)
    if unknown:
        raise ValueError(f"taming's transformer has no weights called {_some(sorted(unknown))}.")
    for name, parts in attention.items():
        if lacking := [part for part in _ATTENTION if part not in parts]:
            raise ValueError(f"The transformer's weights lack the {lacking[0]} of {name}.")
        if len({parts[part].shape for part in _ATTENTION}) > 1:
            raise ValueError(f"The transformer's query, key and value of {name} differ in size.")
        converted[name] = torch.cat([parts[part] for part in _ATTENTION])  # (3*D[, D])
    return converted


def permuter_from_taming(
    config: Mapping[str, Any] | None, state: Mapping[str, Tensor]
) -> Permuter | None:
    """The order of ``permuter_config``; None where codes are read row by row.

    Args:
        config: ``permuter_config`` of the yaml, with its ``target`` and ``params``.
        state: the state dict's ``permuter.*``, without that prefix.

    Raises:
        ValueError: an unknown permuter, one without its size, or another order in the checkpoint.
    """
    target = str((config or {}).get("target", "Identity")).rpartition(".")[2]
    if target not in _PERMUTERS:
        raise ValueError(f"The yaml's permuter {target!r} is not known: {_some([*_PERMUTERS], 9)}.")
    if unknown := sorted(set(state) - {"forward_shuffle_idx", "backward_shuffle_idx"}):
        raise ValueError(f"taming's permuters have no {_some(unknown)}.")
    if target == "Identity":
        if state:
            raise ValueError("The checkpoint has a permuter, but its yaml names none.")
        return None
    params = (config or {}).get("params") or {}
    if set(params) != {"H", "W"}:
        raise ValueError(f"The yaml's permuter {target} must give H and W, its grid of codes.")
    permuter = Permuter(_PERMUTERS[target], int(params["H"]), int(params["W"]))
    order = state.get("forward_shuffle_idx")
    if order is not None and order.tolist() != permuter.forward_index.tolist():
        raise ValueError(f"The checkpoint's order of codes is not that of the yaml's {target}.")
    return permuter


def _some(names: list[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
