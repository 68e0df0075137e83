"""Publish a trained set to the Hugging Face Hub: weights, configuration, card and samples only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .download import network_errors
from .load import locate

# Checkpoints of the optimiser, logs and anything pickled stay at home.
PUBLISHED = [
    "README.md",
    "config.json",
    "*/config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "synthesizer.json",
    "samples/*.png",
    "samples/*.jpg",
]
KEPT = ["checkpoint*", "checkpoint*/**", "logs/**", ".*"]


def push_set(
    folder: str | Path, repo_id: str, *, private: bool = False, message: str | None = None
) -> str:
    """Upload a trained set's folder to ``user/repo``, made where it is not there yet.

    Returns:
        The address of the repo.

    Raises:
        ValueError: the folder holds no model or no card, nobody is logged in, or the Hub refuses
            or can't be reached.
    """
    folder = Path(folder)
    if not (folder / "config.json").is_file():
        locate(folder)
    if not (folder / "README.md").is_file():
        raise ValueError(f"{folder} has no card: write one with vqgan_space.hub.card.write_card.")
    return _upload(
        folder,
        repo_id,
        "model",
        private=private,
        allow_patterns=PUBLISHED,
        ignore_patterns=KEPT,
        commit_message=message or f"Upload {folder.name}",
    )


def push_dataset(folder: str | Path, repo_id: str, *, private: bool = False) -> str:
    """Upload a data set's folder, all of it, to the data set ``user/repo``.

    Returns:
        The address of the repo.

    Raises:
        ValueError: the folder has no card, nobody is logged in, or the Hub refuses or can't be
            reached.
    """
    folder = Path(folder)
    if not (folder / "README.md").is_file():
        raise ValueError(f"{folder} has no data set card (README.md): write one first.")
    message = f"Upload {folder.name}"
    return _upload(folder, repo_id, "dataset", private=private, commit_message=message)


def _upload(folder: Path, repo_id: str, repo_type: str, *, private: bool, **options: Any) -> str:
    """Makes the repo where it is not there yet, uploads to it and returns its address."""
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    if not get_token():
        raise ValueError(
            "Publishing needs a Hugging Face token with write access: log in with `hf auth login` "
            "or set HF_TOKEN."
        )
    api = HfApi()
    try:
        url = api.create_repo(repo_id, repo_type=repo_type, private=private, exist_ok=True)
        api.upload_folder(repo_id=repo_id, repo_type=repo_type, folder_path=folder, **options)
    except HFValidationError as error:
        raise ValueError(f"{repo_id!r} is no name for a Hub repo: use user/repo.") from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        reason = (
            "the token may not write there"
            if status in (401, 403)
            else str(error).strip().splitlines()[0]
        )
        raise ValueError(f"The Hugging Face Hub refused {repo_id}: {reason}.") from error
    except network_errors() as error:
        raise ValueError(f"The Hugging Face Hub can't be reached to publish {repo_id}.") from error
    return str(url)
