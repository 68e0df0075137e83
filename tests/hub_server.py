"""A Hugging Face Hub on this machine: enough of its protocol to publish a folder and fetch it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "c0ffee" + "0" * 34
# id (a data set's begins with "datasets/") -> path -> content
Repos = dict[str, dict[str, bytes]]


@contextmanager
def serve_hub(repos: Repos) -> Iterator[str]:
    """Serve ``repos``, which uploads change; gives the address for HF_ENDPOINT."""
    handler = type("Handler", (_Handler,), {"repos": repos})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    repos: Repos
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._read()

    def do_GET(self) -> None:
        self._read()

    def _read(self) -> None:
        path = self.path.split("?")[0]
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(/revision/\w+)?", path):
            return self._repo(found[1])
        if found := re.fullmatch(r"/api/(datasets/[^/]+/[^/]+)(/revision/\w+)?", path):
            return self._repo(found[1])
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/\w+", path):
            if found[1] not in self.repos:
                return self._repo(found[1])
            files = self.repos[found[1]]
            tree = [
                {"type": "file", "path": name, "size": len(content), "oid": _oid(content)}
                for name, content in files.items()
            ]
            return self._json(tree)
        if found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/(\w+)/(.+)", path):
            content = self.repos.get(found[1], {}).get(found[3])
            if content is not None:
                # Whichever commit is asked for, it is the one that there is.
                commit = found[2] if re.fullmatch("[0-9a-f]{40}", found[2]) else COMMIT
                headers = {"X-Repo-Commit": commit, "ETag": f'"{_oid(content)}"'}
                return self._answer(200, content, headers)
            return self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        return self._answer(404, b"", {"X-Error-Code": "RepoNotFound"})

    def _repo(self, repo_id: str) -> None:
        if repo_id not in self.repos:
            return self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        siblings = [{"rfilename": name} for name in self.repos[repo_id]]
        return self._json({"id": repo_id, "sha": COMMIT, "siblings": siblings})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not body and "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = self._chunks()
        if self.headers.get("Authorization") != "Bearer hf_right":
            return self._answer(401, b'{"error": "Invalid credentials"}')
        if self.path == "/api/repos/create":
            request = json.loads(body)
            repo_id = f"{request['organization']}/{request['name']}"
            if request.get("type") == "dataset":
                repo_id = f"datasets/{repo_id}"
            self.repos.setdefault(repo_id, {})
            return self._json({"url": f"http://{self.headers['Host']}/{repo_id}"})
        if self.path == "/api/validate-yaml":
            return self._json({"errors": [], "warnings": []})
        if re.fullmatch(r"/api/(models|datasets)/(.+)/preupload/main", self.path):
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            return self._json({"files": files})
        if found := re.fullmatch(r"/api/(models/)?((?:datasets/)?.+)/commit/main", self.path):
            repo_id = found[2]
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    value = line["value"]
                    self.repos[repo_id][value["path"]] = base64.b64decode(value["content"])
            url = f"http://{self.headers['Host']}/{repo_id}/commit/{COMMIT}"
            return self._json({"commitOid": COMMIT, "commitUrl": url, "success": True})
        return self._answer(404, b"{}")

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _json(self, value: Any) -> None:
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests' output is enough."""


def _oid(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()
