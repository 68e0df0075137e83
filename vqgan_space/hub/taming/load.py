"""Load a taming checkpoint as one of this project's models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ...generation.synthesizer import Condition, Synthesizer
from ...models.conditions import ClassCondition, CoordinateCondition
from ...models.label_vqgan import LabelVQGAN
from ...models.vqgan import VQGAN
from .checkpoint import class_of, find, read_config, read_weights
from .keys import FIRST_STAGES, first_stage_from_taming
from .prior_keys import permuter_from_taming, prior_from_taming

SYNTHESIZER = "Net2NetTransformer"
PREFIXES = ("first_stage_model", "cond_stage_model", "transformer", "permuter")


def load(
    folder_or_ckpt: str | Path, config: str | Path | None = None
) -> VQGAN | LabelVQGAN | Synthesizer:
    """A checkpoint of taming-transformers, in float32, eval mode.

    Args:
        folder_or_ckpt: a folder with a checkpoint and its yaml, or the checkpoint itself: a
            Lightning .ckpt or a .safetensors file of its state dict.
        config: the yaml, where it is not beside the checkpoint.

    Raises:
        ValueError: not there, damaged, of another kind, more than weights, or not what its yaml
            describes. Nothing in the file is executed.
    """
    weights, yaml_file = find(folder_or_ckpt, config)
    model = read_config(yaml_file)
    kind, params = class_of(model), model["params"]
    if kind not in (*FIRST_STAGES, SYNTHESIZER):
        known = ", ".join((*FIRST_STAGES, SYNTHESIZER))
        raise ValueError(f"{yaml_file.name} describes a {kind!r}; known are {known}.")
    state = read_weights(weights)
    if kind in FIRST_STAGES:
        return first_stage_from_taming(kind, params, _unwrapped(state))
    return _synthesizer(params, state)


def _unwrapped(state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """A first stage's weights without the name of what it was an attribute of, if of anything."""
    names = {key.partition(".")[0] for key in state}
    name = next(iter(names), "")
    if len(names) > 1 or f"{name}.encoder.conv_in.weight" not in state:
        return state
    return {key.partition(".")[2]: value for key, value in state.items()}


def _synthesizer(params: Mapping[str, Any], state: Mapping[str, Tensor]) -> Synthesizer:
    known = {
        "transformer_config", "first_stage_config", "cond_stage_config", "permuter_config",
        "ckpt_path", "ignore_keys", "first_stage_key", "cond_stage_key", "downsample_cond_size",
        "pkeep", "sos_token", "unconditional", "monitor", "scheduler_config",
    }  # fmt: skip
    if unknown := sorted(set(params) - known):
        raise ValueError(f"The yaml of a {SYNTHESIZER} has no parameter {unknown[0]!r}.")
    parts: dict[str, dict[str, Tensor]] = {prefix: {} for prefix in PREFIXES}
    for key, value in state.items():
        prefix, _, rest = key.partition(".")
        if prefix == "loss":
            continue
        if prefix not in parts:
            raise ValueError(f"A {SYNTHESIZER} has no weights called {key}.")
        parts[prefix][rest] = value
    first = _config(params, "first_stage_config")
    vqgan = first_stage_from_taming(
        class_of(first), first.get("params", {}), parts["first_stage_model"]
    )
    transformer = _config(params, "transformer_config")
    size = params.get("downsample_cond_size", -1)
    return Synthesizer(
        vqgan,
        _condition(params, vqgan, parts["cond_stage_model"]),
        prior_from_taming(transformer.get("params", {}), parts["transformer"]),
        permuter=permuter_from_taming(params.get("permuter_config"), parts["permuter"]),
        pkeep=float(params.get("pkeep", 1.0)),
        sos=int(params.get("sos_token", 0)),
        downsample_cond_size=None if size == -1 else int(size),
    )


def _config(params: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    config = params.get(name)
    if not isinstance(config, Mapping):
        raise ValueError(f"The yaml of a {SYNTHESIZER} must give {name}.")
    return config


def _condition(
    params: Mapping[str, Any], vqgan: VQGAN, state: Mapping[str, Tensor]
) -> Condition | None:
    """What stands in front of the picture's codes; None: a start code."""
    config = params.get("cond_stage_config")
    word = class_of(config) if isinstance(config, (str, Mapping)) else ""
    if word == "__is_first_stage__":
        return vqgan
    if params.get("unconditional") or word in ("__is_unconditional__", "SOSProvider"):
        return None
    if not isinstance(config, Mapping):
        raise ValueError(f"The yaml of a {SYNTHESIZER} must give cond_stage_config.")
    options = config.get("params") or {}
    if word in FIRST_STAGES:
        return first_stage_from_taming(word, options, state)
    if state:
        raise ValueError(f"A {word} has no weights, but the checkpoint has {next(iter(state))}.")
    try:
        if word == "Labelator":
            return ClassCondition(int(options["n_classes"]))
        if word == "CoordStage":
            return CoordinateCondition(int(options["n_embed"]), int(options["down_factor"]))
    except KeyError as error:
        raise ValueError(f"The yaml's {word} must give {error.args[0]}.") from error
    raise ValueError(f"The yaml's condition {word!r} can't be used here.")
