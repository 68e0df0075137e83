"""What a folder holds: the parts of a trained set, judged by the files that are there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

CONFIG, CLIP_CONFIG, SET_CONFIG = "config.json", "open_clip_config.json", "synthesizer.json"
# Folders that a set's parts go by, for telling a repo of ours from one of something else.
FOLDERS = (
    "vqgan",
    "vqvae",
    "label_vqgan",
    "condition_vqgan",
    "prior",
    "causal_prior",
    "segmenter",
    "clip",
    # A conditional VAE's variants, grey and by the size of their pictures.
    *(f"{kind}{size}" for size in ("", "-64", "-128", "-256") for kind in ("concat", "add", "vae")),
)
# Of a set's own folder; what else lies there is a training's.
ROOT_FILES = ("README.md", CONFIG, SET_CONFIG, CLIP_CONFIG, "model_index.json")
# Of a CLIP whose words are not open_clip's own.
TOKENIZER_FILES = ("tokenizer", "special_tokens", "vocab", "merges")
WEIGHTS, INDEX, PICTURES = ".safetensors", ".safetensors.index.json", (".png", ".jpg", ".webp")
FOREIGN_WEIGHTS = (WEIGHTS, ".bin", ".ckpt", ".pt", ".pth", ".h5", ".gguf", ".onnx", ".msgpack")


def find_parts(folder: str | Path) -> dict[str, str]:
    """The models in a set's folder: the folder of each ("." is the set's own) and its class.

    A part has a configuration (diffusers' ``config.json``, or open_clip's own, which counts as
    "CLIP") and safetensors beside it; what has only pickled weights is none.
    """
    folder = Path(folder)
    if not folder.is_dir():
        return {}
    below = sorted(path for path in folder.iterdir() if path.is_dir() and _is_kept(path.name))
    found = {path.name: _class_of(path) for path in below}
    return {name: kind for name, kind in {".": _class_of(folder), **found}.items() if kind}


def set_files(folder: str | Path) -> dict[str, Path]:
    """What is published of a set, by path in the repo: weights, JSON, its card, its samples.

    Checkpoints of the optimiser, logs and anything pickled stay at home.

    Raises:
        ValueError: the folder holds no set.
    """
    folder = Path(folder)
    parts = find_parts(folder)
    if not parts:
        raise ValueError(
            f"{folder} holds no trained set: expected folders such as vqgan/ with a config.json "
            "and safetensors weights."
        )
    files = {path.name: path for path in folder.iterdir() if path.name in ROOT_FILES}
    for part in parts:
        inside = [path for path in (folder / part).iterdir() if path.is_file()]
        files |= {
            path.relative_to(folder).as_posix(): path
            for path in inside
            if path.name.endswith((WEIGHTS, INDEX))
            or (path.suffix in (".json", ".txt") and path.name.startswith(TOKENIZER_FILES))
            or (path.suffix == ".json" and part != ".")
        }
    samples = folder / "samples"
    if samples.is_dir():
        shown = (path for path in samples.iterdir() if path.suffix in PICTURES)
        files |= {f"samples/{path.name}": path for path in shown}
    return dict(sorted(files.items()))


def left_over(parts: Iterable[str], there: Iterable[str], files: Iterable[str]) -> list[str]:
    """Weights of these parts in a repo that the files about to be uploaded do not replace.

    An index or a shard of an earlier, larger model would be loaded in the new one's stead.
    """
    mine, kept = set(parts), set(files)
    return [
        path
        for path in there
        if path.endswith((WEIGHTS, INDEX))
        and str(PurePosixPath(path).parent) in mine
        and path not in kept
    ]


def is_another_model(there: Iterable[str]) -> bool:
    """Whether a repo's files are weights of something that is no set of ours."""
    weights = [PurePosixPath(path) for path in there if path.endswith(FOREIGN_WEIGHTS)]
    ours = {*FOLDERS, "."}
    return bool(weights) and not any(
        str(path.parent) in ours and path.name.endswith(WEIGHTS) for path in weights
    )


def _class_of(folder: Path) -> str | None:
    if not any(folder.glob(f"*{WEIGHTS}")):
        return None
    if (folder / CLIP_CONFIG).is_file():
        return "CLIP"
    try:
        return str(json.loads((folder / CONFIG).read_text())["_class_name"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _is_kept(name: str) -> bool:
    return not name.startswith((".", "checkpoint", "logs", "step-"))
