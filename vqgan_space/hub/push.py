"""Publish a trained set to the Hugging Face Hub: weights, configuration, card and samples only."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from .card import bare_card, card_for
from .parts import find_parts, is_another_model, left_over, set_files
from .upload import Refused, hub_errors, upload


def push_set(
    folder: str | Path, repo_id: str, *, private: bool = False, message: str | None = None
) -> str:
    """Upload a trained set's folder to ``user/repo``, made where it is not there yet.

    Any kind of set is taken, by the files in it. Its card's example names the repo. What the repo
    has already is not sent again, and a second push of the same folder makes no new commit.

    Returns:
        The address of the repo.

    Raises:
        ValueError: the folder holds no set, nobody is logged in, another model has that name, or
            the Hub refuses or can't be reached. The sentence says how to try again.
    """
    folder = Path(folder)
    files: dict[str, Path | bytes] = dict(set_files(folder))
    parts = find_parts(folder)
    card = folder / "README.md"
    text = card.read_text() if card.is_file() else bare_card(folder, repo_id)
    files["README.md"] = card_for(text, folder.resolve().name, repo_id).encode()

    def obsolete(there: Sequence[str]) -> Sequence[str]:
        if is_another_model(there):
            raise Refused(f"There is another model in {repo_id} already: choose another name")
        return left_over(parts, there, files)

    return upload(
        files,
        repo_id,
        private=private,
        message=message or f"Upload {folder.resolve().name}",
        obsolete=obsolete,
        again=f"the set stays in {folder}, try again with `{push_command(folder, repo_id)}`",
    )


def push_command(folder: str | Path, repo_id: str) -> str:
    """The command that publishes a set's folder."""
    return shlex.join(["python", "-m", "vqgan_space.hub", "push", str(folder), repo_id])


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
    with hub_errors(repo_id, f"the data set stays in {folder}") as api:
        url = api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True)
        api.upload_folder(
            repo_id=repo_id,
            repo_type="dataset",
            folder_path=folder,
            commit_message=f"Upload {folder.name}",
        )
    return str(url)
