"""Load a model by its name: a shipped set, a preset, a folder, or a repo of the Hugging Face Hub.

Only JSON and safetensors are read; nothing that is pickled.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .download import Report, download
from .presets import find_preset, list_models, shipped_folder

if TYPE_CHECKING:
    import torch

    from ..models.codes_model import CodesModel

CONFIG = "config.json"
# Where a set keeps its VQGAN or VQ-VAE: ours (diffusers' pipelines have "vqvae" too), and the set
# itself.
SUBFOLDERS = ("vqgan", "vqvae", ".")
VQGAN_CLASSES = ("VQGAN", "VQModel")
VQVAE_CLASSES = ("VQVAE",)
WHOLE, HALF = "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors"
SHARDS = "diffusion_pytorch_model-*.safetensors"
WEIGHT_FILES = (WHOLE, SHARDS, f"{WHOLE}.index.json")
# Of taming-transformers and latent-diffusion: their own names of weights, and what they are.
PLAIN_FILES = ("*.yaml", "model.safetensors")
REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


def load(
    name_or_folder: str | Path,
    *,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    revision: str | None = None,
    subfolder: str | None = None,
    progress: Report | None = None,
) -> CodesModel:
    """A VQGAN or VQ-VAE ready for inference.

    Args:
        name_or_folder: a name that ``list_models()`` or ``list_presets()`` gives, a folder (a
            trained set with a ``vqgan`` or ``vqvae`` folder in it, the folder of the model itself,
            or one with taming-transformers' yaml and safetensors), or a Hub repo "user/repo".
        device: where to put it.
        dtype: number format inside the model; None: the fastest that the device has. Inputs and
            outputs are float32 whatever it is.
        revision: branch, tag or commit of a Hub repo.
        subfolder: where in a folder or repo the model is; None: it is looked for.
        progress: told the bytes that are here and those that there will be, while it downloads.

    Raises:
        ValueError: there is no such model, it can't be had, or it is no VQGAN.
    """
    folder = locate(name_or_folder, revision=revision, subfolder=subfolder, progress=progress)
    from ..models.vqgan import VQGAN
    from ..models.vqvae import VQVAE

    import torch  # isort: skip

    if _is_plain(folder):
        from .taming import load as load_taming

        model = load_taming(folder)
        if not isinstance(model, VQGAN):
            raise ValueError(f"{name_or_folder} is a whole second stage, not a VQGAN.")
        return model.prepare_inference(device=device, dtype=dtype)
    is_vqvae = _class_name(folder / CONFIG) in VQVAE_CLASSES
    model_class = VQVAE if is_vqvae else VQGAN
    options: dict[str, Any] = {"use_safetensors": True, "low_cpu_mem_usage": False}
    if not (folder / WHOLE).is_file() and (folder / HALF).is_file():
        options["variant"] = "fp16"
    try:
        model = model_class.from_pretrained(folder, torch_dtype=torch.float32, **options)
    except (OSError, RuntimeError, TypeError, KeyError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"{name_or_folder} can't be loaded as a VQGAN: {reason}") from error
    return model.prepare_inference(device=device, dtype=dtype)


def model_revision(name_or_folder: str | Path, *, revision: str | None = None) -> str:
    """Which weights these are: the first 12 hexadecimal digits of their file's SHA-256.

    Raises:
        ValueError: as ``load`` does.
    """
    digest = hashlib.sha256()
    for path in _weights(locate(name_or_folder, revision=revision)):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:12]


def locate(
    name_or_folder: str | Path,
    *,
    revision: str | None = None,
    subfolder: str | None = None,
    progress: Report | None = None,
) -> Path:
    """The folder on this machine that holds the model's configuration and weights.

    Shipped names and folders never touch the network. Arguments and errors as those of ``load``.
    """
    name = str(name_or_folder)
    shipped = shipped_folder(name)
    if shipped is not None:
        return _model_folder(shipped, name, subfolder)
    path = Path(name_or_folder).expanduser()
    if name and path.is_dir():
        return _model_folder(path, name, subfolder)
    preset = find_preset(name)
    if preset is not None:
        if not preset.is_safetensors:
            raise ValueError(
                f"{name} is pickled, which is not read from the Hub: download {preset.repo_id} and "
                "convert it with `python -m vqgan_space.hub.taming FOLDER OUT`."
            )
        place = preset.subfolder or "."
        # Half precision, where there is a choice: half the download.
        files = _patterns((place,), (CONFIG, HALF) if preset.subfolder else PLAIN_FILES)
        found = download(preset.repo_id, preset.revision, files, progress)
        return _model_folder(found, name, place)
    if isinstance(name_or_folder, str) and REPO_ID.fullmatch(name):
        places = SUBFOLDERS if subfolder is None else (subfolder,)
        files = _patterns(places, (CONFIG, *WEIGHT_FILES, *PLAIN_FILES))
        return _model_folder(download(name, revision, files, progress), name, subfolder)
    ships = ", ".join(list_models()) or "no model"
    raise ValueError(
        f"There is no model called {name!r}: {ships} ships with vqgan-space, or name a folder or a "
        "Hub repo (user/repo)."
    )


def _patterns(subfolders: Sequence[str], files: Sequence[str]) -> list[str]:
    return [
        file if subfolder == "." else f"{subfolder}/{file}"
        for subfolder in subfolders
        for file in files
    ]


def _model_folder(folder: Path, name: str, subfolder: str | None = None) -> Path:
    """The folder with the model in it, which is ``folder`` or below it."""
    for place in SUBFOLDERS if subfolder is None else (subfolder,):
        candidate = folder / place
        if _class_name(candidate / CONFIG) in VQGAN_CLASSES + VQVAE_CLASSES:
            if not _weights(candidate):
                raise ValueError(
                    f"{name} has a VQGAN's config.json but no safetensors weights: save it with "
                    "save_pretrained (pickled weights are not read)."
                )
            return candidate
        if _is_plain(candidate):
            return candidate
    raise ValueError(
        f"{name} holds no VQGAN: expected vqgan/config.json, or a config.json of a diffusers "
        "VQModel."
    )


def _is_plain(folder: Path) -> bool:
    """Whether it holds weights under taming-transformers' names, with their yaml."""
    if _class_name(folder / CONFIG) in VQGAN_CLASSES + VQVAE_CLASSES:
        return False
    return bool(list(folder.glob("*.yaml")) and list(folder.glob("*.safetensors")))


def _class_name(config: Path) -> str | None:
    """The class that a ``config.json`` names, None where there is no such file or name."""
    try:
        return str(json.loads(config.read_text())["_class_name"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _weights(folder: Path) -> list[Path]:
    if _is_plain(folder):
        return sorted(folder.glob("*.safetensors"))
    whole = [path for path in (folder / WHOLE, *sorted(folder.glob(SHARDS))) if path.is_file()]
    return whole or [path for path in [folder / HALF] if path.is_file()]
