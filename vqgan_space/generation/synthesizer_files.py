"""A ``Synthesizer`` on disk: a folder for each part that has weights, and ``synthesizer.json``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from vqgan_space.generation.synthesizer import Condition, Prior, Synthesizer
from vqgan_space.models.conditions import condition_from_dict, condition_to_dict
from vqgan_space.models.label_vqgan import LabelVQGAN
from vqgan_space.models.masked_prior import MaskedPrior
from vqgan_space.models.origin import forget_origin
from vqgan_space.models.permuters import Permuter
from vqgan_space.models.prior import CausalPrior
from vqgan_space.models.vqgan import VQGAN

CONFIG = "synthesizer.json"
# Folders of the parts, and the kinds of a condition that has weights.
VQGAN_FOLDER, PRIOR_FOLDER = "vqgan", "prior"
LABEL_VQGAN, CONDITION_VQGAN, FIRST_STAGE = "label_vqgan", "condition_vqgan", "first_stage"
PRIORS: dict[str, Any] = {"CausalPrior": CausalPrior, "MaskedPrior": MaskedPrior}
# Weights as they are in the file, read without unpickling.
PLAIN: dict[str, Any] = {
    "use_safetensors": True,
    "low_cpu_mem_usage": False,
    "local_files_only": True,
    "torch_dtype": torch.float32,
}


def save(
    synthesizer: Synthesizer,
    folder: str | Path,
    *,
    vqgan_name: str | None = None,
    prior_folder: str = PRIOR_FOLDER,
    classes: Sequence[int] | None = None,
    clip_name: str | None = None,
    max_shard_size: str = "5GB",
) -> None:
    """Write a set.

    Args:
        vqgan_name: name of a set that ships, to be found by that instead of being copied.
        prior_folder: where its prior goes, in a set of several priors.
        classes: ids of the classes that it was trained on, where it was not on all.
        clip_name: name of the CLIP whose texts' embeddings its condition is.
        max_shard_size: of a file of weights.
    """
    folder = Path(folder)
    sharded = {"max_shard_size": max_shard_size}
    if vqgan_name is None:
        forget_origin(synthesizer.vqgan).save_pretrained(folder / VQGAN_FOLDER, **sharded)
    forget_origin(synthesizer.prior).save_pretrained(folder / prior_folder, **sharded)
    given = synthesizer.condition
    if given is synthesizer.vqgan:
        condition: dict[str, Any] = {"kind": FIRST_STAGE}
    elif isinstance(given, (LabelVQGAN, VQGAN)):
        is_labels = isinstance(given, LabelVQGAN)
        condition = {"kind": LABEL_VQGAN if is_labels else CONDITION_VQGAN}
        forget_origin(given).save_pretrained(folder / condition["kind"], **sharded)
    else:
        condition = condition_to_dict(given)
    order = synthesizer.permuter
    config: dict[str, Any] = {
        "condition": condition,
        "permuter": order and {"name": order.name, "size": [order.height, order.width]},
        "pkeep": synthesizer.pkeep,
        "downsample_cond_size": synthesizer.downsample_cond_size,
        "window": synthesizer.given_window,
    }
    if vqgan_name is not None:
        config["vqgan"] = vqgan_name
    if classes is not None:
        config["classes"] = list(classes)
    if clip_name is not None:
        config["clip"] = clip_name
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")


def read_parts(
    folder: str | Path, prior: str = PRIOR_FOLDER, vqgan_folder: Path | None = None
) -> dict[str, Any]:
    """The parts of a set, as ``Synthesizer`` takes them; in float32, eval mode.

    Args:
        prior: folder of the prior.
        vqgan_folder: of the VQGAN, where the set names one instead of holding it.

    Raises:
        ValueError: the folder holds no such set, or not all of it.
    """
    folder = Path(folder)
    try:
        config = json.loads((folder / CONFIG).read_text())
        kind, order = config["condition"]["kind"], config["permuter"]
        window, pkeep = config["window"], float(config["pkeep"])
        vqgan = VQGAN.from_pretrained(vqgan_folder or folder / VQGAN_FOLDER, **PLAIN).eval()
        condition: Condition
        if kind == FIRST_STAGE:
            condition = vqgan
        elif kind in (LABEL_VQGAN, CONDITION_VQGAN):
            part = LabelVQGAN if kind == LABEL_VQGAN else VQGAN
            condition = part.from_pretrained(folder / kind, **PLAIN).eval()
        else:
            condition = condition_from_dict(config["condition"])
        return {
            "vqgan": vqgan,
            "condition": condition,
            "prior": _read_prior(folder / prior),
            "permuter": order and Permuter(order["name"], *order["size"]),
            "pkeep": pkeep,
            "downsample_cond_size": config["downsample_cond_size"],
            "window": window and (int(window[0]), int(window[1])),
        }
    except (OSError, KeyError, TypeError, IndexError, AttributeError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"{folder} can't be loaded as a Synthesizer: {reason}") from error
    except ValueError as error:  # JSON that can't be read, and what the parts refuse
        raise ValueError(f"{folder} can't be loaded as a Synthesizer: {error}") from error


def _read_prior(folder: Path) -> Prior:
    name = json.loads((folder / "config.json").read_text())["_class_name"]
    if name not in PRIORS:
        raise ValueError(f"{folder.name} is a {name}, not one of {', '.join(PRIORS)}")
    return PRIORS[name].from_pretrained(folder, **PLAIN).eval()
