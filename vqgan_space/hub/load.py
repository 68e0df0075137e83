"""Load a model by its name: a shipped set, a folder, or a repo of the Hugging Face Hub.

Only JSON and safetensors are read; nothing that is pickled.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .presets import list_models, shipped_folder

if TYPE_CHECKING:
    import torch

    from ..models.codes_model import CodesModel

CONFIG = "config.json"
# Where a set keeps its VQGAN or VQ-VAE: ours (diffusers' pipelines have "vqvae" too), and the set
# itself.
SUBFOLDERS = ("vqgan", "vqvae", ".")
VQGAN_CLASSES = ("VQGAN", "VQModel")
VQVAE_CLASSES = ("VQVAE",)
WEIGHT_FILES = (
    "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.safetensors.index.json",
    "diffusion_pytorch_model-*.safetensors",
)
MODEL_FILES = tuple(
    file if subfolder == "." else f"{subfolder}/{file}"
    for subfolder in SUBFOLDERS
    for file in (CONFIG, *WEIGHT_FILES)
)
REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


def load(
    name_or_folder: str | Path,
    *,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    revision: str | None = None,
) -> CodesModel:
    """A VQGAN or VQ-VAE ready for inference.

    Args:
        name_or_folder: a name that ``list_models()`` gives, a folder (a trained set with a
            ``vqgan`` or ``vqvae`` folder in it, or the folder of the model itself), or a Hub repo
            "user/repo".
        device: where to put it.
        dtype: number format inside the model; None: the fastest that the device has. Inputs and
            outputs are float32 whatever it is.
        revision: branch, tag or commit of a Hub repo.

    Raises:
        ValueError: there is no such model, it can't be had, or it is no VQGAN.
    """
    folder = locate(name_or_folder, revision=revision)
    from ..models.vqgan import VQGAN
    from ..models.vqvae import VQVAE

    import torch  # isort: skip

    is_vqvae = _class_name(folder / CONFIG) in VQVAE_CLASSES
    model_class = VQVAE if is_vqvae else VQGAN
    try:
        model = model_class.from_pretrained(
            folder, use_safetensors=True, low_cpu_mem_usage=False, torch_dtype=torch.float32
        )
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


def locate(name_or_folder: str | Path, *, revision: str | None = None) -> Path:
    """The folder on this machine that holds the VQGAN's ``config.json`` and weights.

    Shipped names and folders never touch the network.
    """
    name = str(name_or_folder)
    shipped = shipped_folder(name)
    if shipped is not None:
        return _model_folder(shipped, name)
    path = Path(name_or_folder).expanduser()
    if name and path.is_dir():
        return _model_folder(path, name)
    if isinstance(name_or_folder, str) and REPO_ID.fullmatch(name):
        return _model_folder(download(name, revision, MODEL_FILES), name)
    ships = ", ".join(list_models()) or "no model"
    raise ValueError(
        f"There is no model called {name!r}: {ships} ships with vqgan-space, or name a folder or a "
        "Hub repo (user/repo)."
    )


def _model_folder(folder: Path, name: str) -> Path:
    """The folder with the model in it, which is ``folder`` or below it."""
    for subfolder in SUBFOLDERS:
        candidate = folder / subfolder
        if _class_name(candidate / CONFIG) in VQGAN_CLASSES + VQVAE_CLASSES:
            if not _weights(candidate):
                raise ValueError(
                    f"{name} has a VQGAN's config.json but no safetensors weights: save it with "
                    "save_pretrained (pickled weights are not read)."
                )
            return candidate
    raise ValueError(
        f"{name} holds no VQGAN: expected vqgan/config.json, or a config.json of a diffusers "
        "VQModel."
    )


def _class_name(config: Path) -> str | None:
    """The class that a ``config.json`` names, None where there is no such file or name."""
    try:
        return str(json.loads(config.read_text())["_class_name"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _weights(folder: Path) -> list[Path]:
    return sorted(
        path for pattern in WEIGHT_FILES[::2] for path in folder.glob(pattern) if path.is_file()
    )


def download(repo_id: str, revision: str | None, files: Sequence[str]) -> Path:
    """A snapshot of some files (patterns) of a Hub repo; the cached one where there is no network.

    Raises:
        ValueError: there is no such repo or revision, it is closed, or can't be reached.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        return Path(snapshot_download(repo_id, revision=revision, allow_patterns=list(files)))
    except GatedRepoError as error:
        raise ValueError(
            f"The Hub repo {repo_id} asks for permission: request it on its page and log in with "
            "`hf auth login`."
        ) from error
    except RevisionNotFoundError as error:
        raise ValueError(f"The Hub repo {repo_id} has no revision {revision!r}.") from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ValueError(
            f"There is no Hub repo {repo_id} (or it is private: log in with `hf auth login`)."
        ) from error
    except network_errors() as error:
        raise ValueError(
            f"{repo_id} is not on this machine and the Hugging Face Hub can't be reached; what "
            f"ships works without it: {', '.join(list_models()) or 'nothing'}."
        ) from error


def network_errors() -> tuple[type[Exception], ...]:
    """What the Hub's client raises when it is refused or reaches nothing."""
    from huggingface_hub.errors import HfHubHTTPError

    # Its bases are OSError and the error of whichever HTTP library the client is built on.
    return HfHubHTTPError.__bases__
