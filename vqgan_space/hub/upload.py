"""One commit to a Hub repo, and a sentence for whatever keeps it from being made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .download import network_errors
from .load import REPO_ID

if TYPE_CHECKING:
    from huggingface_hub import HfApi

# Given the paths in a repo, those to delete; may refuse by a ValueError.
Choose = Callable[[Sequence[str]], Sequence[str]]


def upload(
    files: Mapping[str, Path | bytes],
    repo_id: str,
    *,
    kind: str = "model",
    private: bool = False,
    message: str,
    obsolete: Choose | None = None,
    again: str = "",
    **creation: Any,
) -> str:
    """Commit files to ``user/repo``, made where it is not there yet.

    What the repo has already is neither sent nor committed again: an upload that was cut goes on
    with the files that are missing, and one without changes makes no commit.

    Args:
        files: contents, or files on this machine, by their paths in the repo.
        kind: "model" or "space".
        private: whether a repo made now is private; one that is there stays as it is.
        obsolete: which of the repo's files to delete in the same commit.
        again: how to try again, appended to what is said of a failure.
        creation: more options of ``HfApi.create_repo``.

    Returns:
        The address of the repo.

    Raises:
        ValueError: nobody is logged in, or the Hub refuses or can't be reached.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    with hub_errors(repo_id, again) as api:
        url = api.create_repo(repo_id, repo_type=kind, private=private, exist_ok=True, **creation)
        there = api.list_repo_files(repo_id, repo_type=kind)
        deleted = obsolete(there) if obsolete else ()
        operations: list[Any] = [CommitOperationDelete(path) for path in deleted]
        operations += [CommitOperationAdd(path, content) for path, content in files.items()]
        api.create_commit(repo_id, operations, commit_message=message, repo_type=kind)
    return str(url)


@contextmanager
def hub_errors(repo_id: str, again: str = "") -> Iterator[HfApi]:
    """A client of the Hub that may write; what goes wrong with ``repo_id`` becomes a sentence.

    Raises:
        ValueError: nobody is logged in, or the Hub refuses or can't be reached.
    """
    from huggingface_hub import HfApi, get_token

    after = f"; {again}" if again else ""
    if not REPO_ID.fullmatch(repo_id):
        raise ValueError(f"{repo_id!r} is no name for a Hub repo: use user/repo{after}.")
    if not get_token():
        raise ValueError(
            "Publishing needs a Hugging Face token with write access: log in with `hf auth login` "
            f"or set HF_TOKEN{after}."
        )
    failures: tuple[type[Exception], ...] = (*network_errors(), RuntimeError, ValueError)
    try:
        yield HfApi()
    except Refused as error:
        raise ValueError(f"{error}{after}.") from error
    except failures as error:
        raise ValueError(f"{_reason(error, repo_id)}{after}.") from error


class Refused(Exception):
    """What is said of an upload that this side refuses: a sentence without its full stop."""


def _reason(error: BaseException, repo_id: str) -> str:
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    if any(isinstance(each, HFValidationError) for each in chain):
        return f"{repo_id!r} is no name for a Hub repo: use user/repo"
    refused = next((each for each in chain if isinstance(each, HfHubHTTPError)), None)
    response = None if refused is None else refused.response
    status = None if response is None else response.status_code
    if status == 401:
        return (
            f"The Hugging Face Hub does not know the token, which may not write to {repo_id}: log "
            "in anew with `hf auth login`"
        )
    if status == 403:
        return (
            f"The token may not write to {repo_id}: the name is another's, or the token is for "
            "reading only: choose a repo of yours, or log in with a token that may write"
        )
    if status is not None and status >= 500:
        return f"The Hugging Face Hub failed at {repo_id} (error {status})"
    if refused is not None:
        lines = [line for line in str(refused).strip().splitlines() if line.strip()]
        return f"The Hugging Face Hub refused {repo_id}: {lines[-1].rstrip('.')}"
    if any(isinstance(each, network_errors()) for each in chain):
        return f"The Hugging Face Hub can't be reached to publish {repo_id}"
    return f"{repo_id} could not be published: {str(error).strip().splitlines()[0].rstrip('.')}"
