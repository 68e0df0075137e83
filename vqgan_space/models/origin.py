"""Where a model was loaded from: what diffusers notes, and published sets needn't tell."""

from __future__ import annotations

from typing import Any

from diffusers.configuration_utils import FrozenDict


def forget_origin(model: Any) -> Any:
    """The same diffusers model, whose configuration no longer names the folder or the cache that it
    was loaded from: saved, it would tell everybody."""
    kept = {name: value for name, value in model.config.items() if name != "_name_or_path"}
    model._internal_dict = FrozenDict(kept)
    return model
