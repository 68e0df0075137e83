"""CLIP models by name: shipped, a folder, open_clip's presets, or any such repo on the Hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import presets
from .download import Report, download
from .parts import CLIP_CONFIG

if TYPE_CHECKING:
    from vqgan_space.models.clip import CLIP

# The shipped one that is loaded where no name is given.
DEFAULT = "clip-scenes"
WEIGHTS_FILE = "open_clip_model.safetensors"
FILES = (CLIP_CONFIG, WEIGHTS_FILE, "tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json")


@dataclass(frozen=True)
class ClipPreset:
    """A public CLIP.

    Attributes:
        name: open_clip's name of the architecture.
        weights: open_clip's name of the weights.
        megabytes: size of its weights.
        gflops: of the image tower, a picture.
    """

    name: str
    weights: str
    megabytes: int
    gflops: float


# Sizes are of float32 weights, as they are published; FLOPs as open_clip's model profile has them.
PRESETS = (
    ClipPreset("ViT-B-32", "laion2b_s34b_b79k", 605, 8.8),
    ClipPreset("ViT-B-32-256", "datacomp_s34b_b86k", 605, 11.5),
    ClipPreset("ViT-B-16", "datacomp_xl_s13b_b90k", 599, 35.1),
    ClipPreset("RN50-quickgelu", "openai", 408, 12.2),
    ClipPreset("ViT-L-14", "datacomp_xl_s13b_b90k", 1710, 162.0),
)


def list_clips() -> list[str]:
    """Names of the CLIPs that ship."""
    return sorted(path.parent.name for path in presets.WEIGHTS.glob(f"*/{CLIP_CONFIG}"))


def load_clip(name: str | Path = DEFAULT, progress: Report | None = None) -> CLIP:
    """A frozen CLIP.

    Args:
        name: a shipped one's name; a folder in open_clip's layout; a preset such as "ViT-B-32", or
            any of open_clip's as "ViT-B-32:datacomp_xl_s13b_b90k"; or a Hub repo, "user/name" or
            "hf-hub:user/name".
        progress: told how far a download is.

    Raises:
        ValueError: there is no such model, or it can't be had.
    """
    from vqgan_space.models.clip import CLIP  # with torch, which a list of names does without

    return CLIP.from_folder(_locate(str(name), progress))


def _locate(name: str, progress: Report | None) -> Path:
    if name in list_clips():
        return presets.WEIGHTS / name
    if Path(name).is_dir():
        return Path(name)
    repo = name.removeprefix("hf-hub:")
    if repo == name and "/" not in name:
        repo = _repo_of(name)
    if repo.count("/") != 1:
        raise ValueError(f"There is no CLIP {name!r}. {_choices()}")
    return download(repo, None, FILES, progress)


def _repo_of(name: str) -> str:
    """The Hub repo of one of open_clip's models, "architecture" or "architecture:weights"."""
    import open_clip

    architecture, _, weights = name.partition(":")
    usual = {preset.name: preset.weights for preset in PRESETS}
    found = open_clip.get_pretrained_cfg(architecture, weights or usual.get(architecture, ""))
    repo = str((found or {}).get("hf_hub", "")).strip("/")
    if not repo:
        raise ValueError(f"There is no CLIP {name!r}. {_choices()}")
    return repo


def _choices() -> str:
    names = [*list_clips(), *(preset.name for preset in PRESETS)]
    return f"Name one of {', '.join(names)}, a folder, or a Hub repo in open_clip's layout."
