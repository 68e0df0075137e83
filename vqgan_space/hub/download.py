"""Fetch files of a Hub repo, with progress, and say in a sentence why they can't be had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .presets import list_models

# Called with the bytes that are here and those that there will be.
Report = Callable[[int, int], None]


def download(
    repo_id: str, revision: str | None, files: Sequence[str], progress: Report | None = None
) -> Path:
    """A snapshot of some files of a Hub repo; the cached one where there is no network.

    Args:
        files: patterns of their paths.
        progress: told how far it is, from several threads.

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

    options: dict[str, Any] = {} if progress is None else {"tqdm_class": _reporting(progress)}
    try:
        return Path(
            snapshot_download(repo_id, revision=revision, allow_patterns=list(files), **options)
        )
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
