"""Convert a taming checkpoint to this project's layout: safetensors, configuration, card."""

from __future__ import annotations

import json
import pickle
import shutil
import tempfile
from pathlib import Path

import torch

from ...generation.synthesizer import Synthesizer
from ...models.label_vqgan import LabelVQGAN
from ...models.vqgan import VQGAN
from .load import load


def convert(folder_or_ckpt: str | Path, out: str | Path, config: str | Path | None = None) -> Path:
    """Write what ``load`` gives to the folder ``out``, whole or not at all.

    Besides taming's own, a folder of diffusers' VQModel with pickled weights is converted too.
    ``VQGAN.from_pretrained(out)`` loads it, plain ``diffusers.VQModel.from_pretrained(out)`` too
    (a Gumbel VQGAN aside); of a second stage, ``Synthesizer.from_pretrained(out)``.

    Raises:
        ValueError: ``out`` is there already and not empty, or the checkpoint can't be loaded.
    """
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} is there already: name a folder that is not, or an empty one.")
    model = _load_diffusers(folder_or_ckpt) or load(folder_or_ckpt, config)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as beside:
        fresh = Path(beside) / "set"
        fresh.mkdir()
        model.save_pretrained(fresh)
        (fresh / "README.md").write_text(_card(model, Path(folder_or_ckpt).name, out.name))
        if out.exists():
            out.rmdir()
        shutil.move(fresh, out)
    return out


def _load_diffusers(folder: str | Path) -> VQGAN | None:
    """The VQModel of a folder that diffusers wrote, None where it is none.

    torch reads pickled weights with ``weights_only=True`` there too.
    """
    try:
        name = json.loads((Path(folder) / "config.json").read_text())["_class_name"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if name not in ("VQModel", "VQGAN"):
        return None
    try:
        return VQGAN.from_pretrained(
            folder, low_cpu_mem_usage=False, local_files_only=True, torch_dtype=torch.float32
        ).eval()
    except (OSError, RuntimeError, pickle.UnpicklingError, ValueError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"{folder} can't be read as a VQModel: {reason}") from error


def _card(model: VQGAN | Synthesizer, source: str, name: str) -> str:
    from huggingface_hub import ModelCard, ModelCardData

    data = ModelCardData(
        library_name="diffusers",
        tags=["vqgan", "taming-transformers", "vector-quantization"],
        model_name=name,
    )
    if isinstance(model, Synthesizer):
        vqgan = model.vqgan
        config = model.prior.config
        what = (
            f"A causal prior of {config.n_layer} layers, {config.n_head} heads and width "
            f"{config.n_embd} over the codes of a VQGAN"
        )
        module, kind = "vqgan_space.generation.synthesizer", "Synthesizer"
    else:
        vqgan = model
        labels = isinstance(model, LabelVQGAN)
        what = f"A label-map VQGAN of {model.config.in_channels} classes" if labels else "A VQGAN"
        kind = "LabelVQGAN" if labels else "VQGAN"
        module = "vqgan_space.models.label_vqgan" if labels else "vqgan_space.models.vqgan"
    codes, dim = vqgan.codebook.shape
    text = f"""---
{data.to_yaml()}
---

# {name}

{what}, factor {vqgan.factor}, {codes} codes of {dim} numbers, converted from the checkpoint
`{source}` of [taming-transformers](https://github.com/CompVis/taming-transformers)
([Esser et al.](https://arxiv.org/abs/2012.09841)) by vqgan-space. The weights are the same numbers
under other names; its licence and training data are the original's.

```python
from {module} import {kind}

model = {kind}.from_pretrained("{name}")
```
"""
    return str(ModelCard(text))
