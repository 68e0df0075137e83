"""Publish a trained set to the Hugging Face Hub: weights, configuration, card and samples only."""

from __future__ import annotations

from pathlib import Path

from .load import locate, network_errors

# Checkpoints of the optimiser, logs and anything pickled stay at home.
PUBLISHED = [
    "README.md",
    "config.json",
    "*/config.json",
    "*.safetensors",
    "*.safetensors.index.json",
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
        ValueError: the folder holds no VQGAN or no card, nobody is logged in, or the Hub refuses
            or can't be reached.
    """
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    folder = Path(folder)
    locate(folder)
    if not (folder / "README.md").is_file():
        raise ValueError(f"{folder} has no card: write one with vqgan_space.hub.card.write_card.")
    if not get_token():
        raise ValueError(
            "Publishing needs a Hugging Face token with write access: log in with `hf auth login` "
            "or set HF_TOKEN."
        )
    api = HfApi()
    try:
        url = api.create_repo(repo_id, private=private, exist_ok=True)
        api.upload_folder(
            repo_id=repo_id,
            folder_path=folder,
            allow_patterns=PUBLISHED,
            ignore_patterns=KEPT,
            commit_message=message or f"Upload {folder.name}",
        )
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
