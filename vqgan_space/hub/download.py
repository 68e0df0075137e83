"""Fetch files of a Hub repo, with progress, and say in a sentence why they can't be had."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .presets import list_models

# Called with the bytes that are here and those that there will be.
Report = Callable[[int, int], None]
_COMMIT = re.compile(r"[0-9a-f]{40}")


def download(
    repo_id: str,
    revision: str | None,
    files: Sequence[str],
    progress: Report | None = None,
    max_bytes: int | None = None,
    use_token: bool = True,
) -> Path:
    """A snapshot of some files of a Hub repo; the cached one where there is no network.

    A commit whose files are here already is taken without asking the network. Files are written
    under names of their own until they are whole, so that one cut half-way is never used.

    Args:
        revision: branch, tag or commit; None: the main branch.
        files: patterns of their paths.
        progress: told how far it is, from several threads.
        max_bytes: how large the files may be together; None: as large as the disk takes.
        use_token: whether what this machine's token may read can be had; without it a repo that
            is closed to strangers is not taken from the cache either.

    Raises:
        ValueError: there is no such repo or revision, it is closed, too large, something else, or
            can't be reached, or the disk is full.
    """
    from huggingface_hub import snapshot_download

    wanted: dict[str, Any] = {"revision": revision, "allow_patterns": list(files)}
    if revision is not None and _COMMIT.fullmatch(revision):
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            return Path(snapshot_download(repo_id, local_files_only=True, **wanted))
        except LocalEntryNotFoundError:
            pass  # not here, or not all of it
    failures: tuple[type[Exception], ...] = (*network_errors(), RuntimeError, ValueError)
    options: dict[str, Any] = {} if progress is None else {"tqdm_class": _reporting(progress)}
    if not use_token:
        options["token"] = False
    try:
        _check_size(repo_id, revision, files, max_bytes, use_token)
        return Path(snapshot_download(repo_id, **wanted, **options))
    except TooLarge as error:
        raise ValueError(str(error)) from error
    except failures as error:
        raise ValueError(_reason(error, repo_id, revision, use_token)) from error


class TooLarge(Exception):
    """A repo's files are more than may be fetched, in a sentence."""


def _check_size(
    repo_id: str,
    revision: str | None,
    files: Sequence[str],
    max_bytes: int | None,
    use_token: bool,
) -> None:
    """Raise ``TooLarge`` before anything is fetched; silent where the Hub can't be asked."""
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.hf_api import RepoFile
    from huggingface_hub.utils import filter_repo_objects

    failures: tuple[type[Exception], ...] = (HfHubHTTPError, *network_errors())
    try:
        api = HfApi(token=None if use_token else False)
        tree = api.list_repo_tree(repo_id, recursive=True, revision=revision)
        sizes = {each.path: each.size for each in tree if isinstance(each, RepoFile)}
    except failures as error:
        if isinstance(error, HfHubHTTPError) and not use_token:
            raise
        return  # the download that follows says why, or finds the files in the cache
    total = sum(sizes[path] for path in filter_repo_objects(sizes, allow_patterns=list(files)))
    if max_bytes is not None and total > max_bytes:
        raise TooLarge(
            f"The Hub repo {repo_id} holds {total / 1e9:.2g} GB, more than the "
            f"{max_bytes / 1e9:.2g} GB that are loaded here."
        )
    cache = Path(constants.HF_HUB_CACHE)
    there = next((path for path in (cache, *cache.parents) if path.is_dir()), None)
    if there is not None and shutil.disk_usage(there).free < total:
        raise TooLarge(_no_space(repo_id))


def _reason(error: BaseException, repo_id: str, revision: str | None, use_token: bool) -> str:
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(each, kinds) for each in chain)

    if any(isinstance(each, OSError) and each.errno == errno.ENOSPC for each in chain):
        return _no_space(repo_id)
    if not use_token and has(GatedRepoError, RepositoryNotFoundError):
        other = _other_kind(repo_id)
        if not other:
            return f"There is no public model {repo_id} on the Hub: check the name, or publish it."
    if has(GatedRepoError):
        return (
            f"The Hub repo {repo_id} asks for permission: request it on its page and log in with "
            "`hf auth login`."
        )
    if has(RevisionNotFoundError):
        return f"The Hub repo {repo_id} has no revision {revision!r}."
    if has(RepositoryNotFoundError, HFValidationError):
        other = None if has(HFValidationError) else _other_kind(repo_id)
        if other:
            return f"The Hub repo {repo_id} is a {other}, not a model: name a model's repo."
        return f"There is no Hub repo {repo_id} (or it is private: log in with `hf auth login`)."
    answered = next((each for each in chain if isinstance(each, HfHubHTTPError)), None)
    status = answered.response.status_code if answered and answered.response is not None else None
    if status in (401, 403):
        return (
            f"The Hugging Face Hub does not take this machine's token for {repo_id}: log in anew "
            "with `hf auth login`."
        )
    if status is not None:
        return f"The Hugging Face Hub failed at {repo_id} (error {status}): try again later."
    return (
        f"{repo_id} is not on this machine and the Hugging Face Hub can't be reached; what "
        f"ships works without it: {', '.join(list_models()) or 'nothing'}."
    )


def _other_kind(repo_id: str) -> str | None:
    """What has that name where no model has it."""
    from huggingface_hub import HfApi

    try:
        for kind, name in (("dataset", "data set"), ("space", "Space")):
            if HfApi().repo_exists(repo_id, repo_type=kind):
                return name
    except network_errors():
        pass
    return None


def _no_space(repo_id: str) -> str:
    return f"There is no space left on the disk for {repo_id}: make room in the Hub's cache."


def _reporting(progress: Report) -> type:
    """The Hub client's progress bar, whose count of bytes goes to ``progress`` too."""
    from huggingface_hub.utils import tqdm

    class Reporting(tqdm):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            # Where there is no terminal the bar counts nothing itself.
            self.counts_bytes, self.received = options.get("unit") == "B", 0.0

        def update(self, n: float | None = 1) -> bool | None:
            if self.counts_bytes:
                self.received += n or 0
                progress(int(self.received), int(self.total or 0))
            return super().update(n)

    return Reporting


def network_errors() -> tuple[type[Exception], ...]:
    """What the Hub's client raises when it is refused or reaches nothing."""
    from huggingface_hub.errors import HfHubHTTPError

    # Its bases are OSError and the error of whichever HTTP library the client is built on.
    return HfHubHTTPError.__bases__
