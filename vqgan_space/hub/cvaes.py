"""Sets of conditional VAEs by name: a shipped set, a folder, or a repo of the Hugging Face Hub.

A set is a folder of variants: concat, add, vae, or with colour pictures concat-128 and so on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import presets
from .download import download
from .load import REPO_ID

if TYPE_CHECKING:
    import torch

    from ..models.cvae import CVAE

CONFIG, CLASS = "config.json", "CVAE"
KINDS = ("concat", "add", "vae")
COLOUR_SIZES = (64, 128, 256)
# Folders of a set, in the order in which they are offered.
FOLDERS = (*KINDS, *(f"{kind}-{size}" for size in COLOUR_SIZES for kind in KINDS))
FILES = ("config.json", "*.safetensors", "tsne.json")
# Held-out pictures as one sheet without gaps, a column a class.
SPRITE = "samples/held-out-pictures.png"


@dataclass(frozen=True)
class Variant:
    """What is known of a variant before it is loaded.

    Attributes:
        folder: its name.
        condition: "concat", "add", or None: a plain VAE.
        size: side of its pictures in pixels; 28: grey ones of classes.
        text_encoder: the CLIP that embeds its texts; None: it reads classes, or nothing.
        text_dim: numbers of such an embedding.
    """

    folder: str
    condition: str | None
    size: int
    text_encoder: str | None
    text_dim: int | None


def list_cvaes() -> list[str]:
    """Names of the sets that ship."""
    found = {path.parent.parent.name for path in presets.WEIGHTS.glob(f"*/*/{CONFIG}")}
    return sorted(name for name in found if _variants(presets.WEIGHTS / name))


def list_variants(name_or_folder: str | Path, *, revision: str | None = None) -> list[Variant]:
    """What a set holds.

    Raises:
        ValueError: as ``load_cvae`` does.
    """
    return _variants(locate_cvae(name_or_folder, revision=revision))


def load_cvae(
    name_or_folder: str | Path,
    variant: str | None = None,
    *,
    device: str | torch.device = "cpu",
    revision: str | None = None,
) -> CVAE:
    """A conditional VAE ready for inference, in float32.

    Args:
        name_or_folder: a name that ``list_cvaes()`` gives, a folder, or a Hub repo "user/repo".
        variant: which of its variants; None: the first of ``list_variants``.
        device: where to put it.
        revision: branch, tag or commit of a Hub repo.

    Raises:
        ValueError: there is no such set or variant, or it can't be had.
    """
    folder = locate_cvae(name_or_folder, revision=revision)
    have = [each.folder for each in _variants(folder)]
    chosen = variant or have[0]
    if chosen not in have:
        raise ValueError(f"The set {name_or_folder} has no {chosen!r}, but {', '.join(have)}.")
    from ..models.cvae import CVAE

    import torch  # isort: skip

    try:
        model = CVAE.from_pretrained(
            folder / chosen,
            use_safetensors=True,
            low_cpu_mem_usage=False,
            torch_dtype=torch.float32,
        )
    except (OSError, RuntimeError, TypeError, KeyError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"{name_or_folder} can't be loaded as a CVAE: {reason}") from error
    return model.eval().requires_grad_(False).to(device)


def locate_cvae(name_or_folder: str | Path, *, revision: str | None = None) -> Path:
    """The folder on this machine that holds the set. Shipped names never touch the network.

    Raises:
        ValueError: as ``load_cvae`` does.
    """
    name = str(name_or_folder)
    if name in list_cvaes():
        return presets.WEIGHTS / name
    folder = Path(name_or_folder).expanduser()
    if not (name and folder.is_dir()):
        if not isinstance(name_or_folder, str) or not REPO_ID.fullmatch(name):
            raise ValueError(
                f"There is no CVAE called {name!r}: {', '.join(list_cvaes()) or 'none'} ships with "
                "vqgan-space, or name a folder or a Hub repo (user/repo)."
            )
        files = [f"{part}/{file}" for part in FOLDERS for file in FILES]
        folder = download(name, revision, [*files, SPRITE])
    if not _variants(folder):
        raise ValueError(
            f"{name} holds no CVAE: expected folders such as concat/ with a {CONFIG} and "
            "safetensors weights."
        )
    return folder


def read_tsne(folder: str | Path) -> dict[str, Any] | None:
    """What ``train/cvae_tsne.py`` left in a variant's folder: ``x``, ``y`` and ``label`` lists."""
    try:
        found = json.loads((Path(folder) / "tsne.json").read_text())
        lengths = {len(found[key]) for key in ("x", "y", "label")}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if len(lengths) == 1 else None


def _variants(folder: Path) -> list[Variant]:
    found = []
    for name in FOLDERS:
        try:
            config = json.loads((folder / name / CONFIG).read_text())
        except (OSError, ValueError):
            continue
        if isinstance(config, dict) and config.get("_class_name") == CLASS:
            found.append(
                Variant(
                    name,
                    config.get("condition"),
                    int(config.get("size") or 28),
                    config.get("text_encoder"),
                    config.get("text_dim"),
                )
            )
    return found
