"""What the Hub on this machine holds, was asked for, and is to fail at."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

COMMIT = "c0ffee" + "0" * 34
# id (a data set's begins with "datasets/", a Space's with "spaces/") -> path -> content
Repos = dict[str, dict[str, bytes]]
LARGE = (".safetensors", ".bin", ".ckpt", ".parquet", ".npz", ".mp4")
OWNERS_ELSEWHERE = ("bob",)


@dataclass
class Fault:
    """What goes wrong with requests whose "METHOD /path" is found by ``pattern``.

    Attributes:
        pattern: a regular expression.
        status: answered instead of what was asked for; None: what was asked for.
        code: the answer's X-Error-Code.
        cut_at: bytes of the body after which the connection is closed.
        slow: seconds before the answer, and before an upload's body is read.
        times: how often; None: always.
    """

    pattern: str
    status: int | None = None
    code: str | None = None
    cut_at: int | None = None
    slow: float = 0.0
    times: int | None = 1


@dataclass
class Hub:
    """What the server holds and was asked for.

    Attributes:
        repos: the files of every repo as they are now.
        commits: of a repo, the names of its commits and what it held then.
        large: contents of large files by their SHA-256, committed or not.
        closed: repos that are "private" or "gated".
        spaces: of a Space, its variables and its "hardware".
        requests: "METHOD /path" of every request, in order.
        faults: what is to go wrong.
    """

    repos: Repos = field(default_factory=dict)
    address: str = ""
    commits: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)
    spaces: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fail(self, pattern: str, **what: Any) -> None:
        """From now on, let such requests fail."""
        self.faults.append(Fault(pattern, **what))

    def asked(self, pattern: str) -> list[str]:
        """The requests so far that ``pattern`` finds."""
        return [request for request in self.requests if re.search(pattern, request)]

    def environment(self, home: Any, token: str = "") -> dict[str, str]:
        """What a client's process needs to speak to this server."""
        return {
            "HF_ENDPOINT": self.address,
            "HF_HOME": str(home),
            "HF_TOKEN": token,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }

    def head(self, repo_id: str) -> str:
        """The last commit's name."""
        return next(reversed(self.commits.get(repo_id) or {COMMIT: {}}))

    def at(self, repo_id: str, revision: str) -> dict[str, bytes] | None:
        """The files at a commit or branch; a full commit that is unknown is the last one."""
        known = self.commits.get(repo_id, {})
        if revision in known:
            return known[revision]
        is_known = revision == "main" or re.fullmatch("[0-9a-f]{40}", revision)
        return self.repos[repo_id] if is_known else None

    def commit(self, repo_id: str, changes: dict[str, bytes | None]) -> str:
        files = self.repos[repo_id]
        for path, content in changes.items():
            if content is None:
                for name in [each for each in files if each == path or each.startswith(path)]:
                    del files[name]
            else:
                files[path] = content
        known = self.commits.setdefault(repo_id, {})
        known[sha1(f"{repo_id} {len(known)}".encode())] = dict(files)
        return self.head(repo_id)


def is_large(path: str) -> bool:
    """As the attributes of a repo on the Hub name large files: by their path."""
    return path.endswith(LARGE)


def entry_of(path: str, content: bytes) -> dict[str, Any]:
    entry = {"type": "file", "path": path, "size": len(content), "oid": blob_name(content)}
    if is_large(path):
        oid = hashlib.sha256(content).hexdigest()
        entry["lfs"] = {"oid": oid, "size": len(content), "pointerSize": 130}
    return entry


def blob_name(content: bytes) -> str:
    return sha1(b"blob %d\0" % len(content) + content)


def sha1(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()
