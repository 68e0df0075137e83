"""A Hugging Face Hub on this machine: its protocol on loopback, and faults on demand.

The real ``huggingface_hub`` client speaks to it (with ``HF_HUB_DISABLE_XET=1``): repos of models,
data sets and Spaces, commits, large files, closed repos. Tokens: ``hf_right`` may write anywhere
but into bob's repos, ``hf_read`` may only read, no other is known.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from hub_state import COMMIT, OWNERS_ELSEWHERE, Fault, Hub, Repos, entry_of, is_large

__all__ = ["COMMIT", "Fault", "Hub", "Repos", "running_hub", "serve_hub"]


@contextmanager
def running_hub(repos: Repos | None = None) -> Iterator[Hub]:
    """Serve ``repos``, which uploads change."""
    hub = Hub({} if repos is None else repos)
    handler = type("Handler", (_Handler,), {"hub": hub, "lock": threading.Lock()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serve_hub(repos: Repos) -> Iterator[str]:
    """Serve ``repos``, which uploads change; gives the address for HF_ENDPOINT."""
    with running_hub(repos) as hub:
        yield hub.address


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    lock: threading.Lock
    fault: Fault | None
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._serve(b"")

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(None)

    def do_PUT(self) -> None:
        self._serve(None)

    def _serve(self, body: bytes | None) -> None:
        path, _, query = self.path.partition("?")
        path, wanted = unquote(path), f"{self.command} {self.path}"
        with self.lock:
            self.hub.requests.append(wanted)
            self.fault = next(
                (f for f in self.hub.faults if f.times != 0 and re.search(f.pattern, wanted)), None
            )
            if self.fault is not None and self.fault.times is not None:
                self.fault.times -= 1
        if self.fault is not None and self.fault.slow:
            time.sleep(self.fault.slow)
        try:
            body = self._body() if body is None else body
        except OSError:  # the client is gone
            self.close_connection = True
            return
        if self.fault is not None and self.fault.status is not None:
            code = {"X-Error-Code": self.fault.code} if self.fault.code else {}
            message = json.dumps({"error": f"asked to fail with {self.fault.status}"})
            self._answer(self.fault.status, message.encode(), code)
            return
        self._route(path, query, body)

    def _route(self, path: str, query: str, body: bytes) -> None:
        kind_of_id = r"(?:(models|datasets|spaces)/)?"
        if path.startswith("/api/"):
            if self.command == "POST" and not self._may_write(path, body):
                return
            if path == "/api/repos/create":
                self._create(json.loads(body))
            elif path == "/api/validate-yaml":
                self._json({"errors": [], "warnings": []})
            elif path == "/api/whoami-v2":
                known = self._token() in ("hf_right", "hf_read")
                self._json({"name": "ann", "type": "user"} if known else {}, 200 if known else 401)
            elif found := re.fullmatch(f"/api/{kind_of_id}([^/]+/[^/]+)(/.*)?", path):
                kind = "" if found[1] in (None, "models") else f"{found[1]}/"
                self._repo(kind + found[2], (found[3] or "").strip("/"), query, body)
            else:
                self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif found := re.fullmatch(r"/large/([0-9a-f]{64})", path):
            if self.command == "PUT":
                if hashlib.sha256(body).hexdigest() != found[1]:
                    self._answer(400, b'{"error": "these are other bytes"}')
                    return
                self.hub.large[found[1]] = body
            self._json({})
        elif found := re.fullmatch(r"/(.+)\.git/info/lfs/objects/batch", path):
            if self._may_write(path, body, found[1]):
                self._batch(json.loads(body))
        elif found := re.fullmatch(
            r"/((?:datasets/|spaces/)?[^/]+/[^/]+)/resolve/([^/]+)/(.+)", path
        ):
            self._resolve(found[1], found[2], found[3])
        else:
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def _repo(self, repo_id: str, rest: str, query: str, body: bytes) -> None:
        if not self._may_read(repo_id):
            return
        what, _, revision = rest.partition("/")
        revision, _, below = revision.partition("/")
        if what in ("preupload", "commit", "variables", "hardware", "runtime"):
            getattr(self, f"_{what}")(repo_id, body)
            return
        files = self.hub.at(repo_id, revision or "main")
        if files is None:
            self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        elif what in ("", "revision"):
            sha = revision if re.fullmatch("[0-9a-f]{40}", revision) else self.hub.head(repo_id)
            siblings = [{"rfilename": name} for name in files]
            about = {
                "id": repo_id.split("/", 1)[1] if repo_id.count("/") > 1 else repo_id,
                "private": self.hub.closed.get(repo_id) == "private",
            }
            self._json(about | {"sha": sha, "siblings": siblings})
        elif what == "tree":
            inside = {name: file for name, file in files.items() if name.startswith(below)}
            self._json([entry_of(name, content) for name, content in inside.items()])
        elif what == "paths-info":
            paths = json.loads(body)["paths"]
            self._json([entry_of(name, files[name]) for name in paths if name in files])
        else:
            self._answer(404, b"{}")

    def _resolve(self, repo_id: str, revision: str, path: str) -> None:
        if not self._may_read(repo_id):
            return
        content = (self.hub.at(repo_id, revision) or {}).get(path)
        if content is None:
            self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        commit = revision if len(revision) == 40 else self.hub.head(repo_id)
        entry = entry_of(path, content)
        headers = {"X-Repo-Commit": commit, "ETag": f'"{entry["oid"]}"', "Accept-Ranges": "bytes"}
        if "lfs" in entry:
            headers |= {"X-Linked-Etag": f'"{entry["lfs"]["oid"]}"'}
            headers |= {"X-Linked-Size": str(len(content))}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if not wanted:
            self._answer(200, content, headers)
            return
        first, last = int(wanted[1]), int(wanted[2] or len(content) - 1)
        if first >= len(content):
            self._answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            return
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        self._answer(206, content[first : last + 1], headers)

    def _create(self, request: dict[str, Any]) -> None:
        kind = {"dataset": "datasets/", "space": "spaces/"}.get(request.get("type") or "", "")
        repo_id = f"{kind}{request.get('organization') or 'ann'}/{request['name']}"
        url = {"url": f"{self.hub.address}/{repo_id}"}
        if repo_id in self.hub.repos:
            self._json(url | {"error": "You already created this repo"}, 409)
            return
        self.hub.repos[repo_id] = {}
        if request.get("visibility") == "private":
            self.hub.closed[repo_id] = "private"
        if kind == "spaces/":
            variables = {each["key"]: each["value"] for each in request.get("variables", [])}
            self.hub.spaces[repo_id] = {"hardware": request.get("hardware"), **variables}
        self._json(url)

    def _preupload(self, repo_id: str, body: bytes) -> None:
        files = []
        for file in json.loads(body)["files"]:
            mode = "lfs" if is_large(file["path"]) else "regular"
            about = {"path": file["path"], "uploadMode": mode, "shouldIgnore": False}
            there = self.hub.repos[repo_id].get(file["path"])
            if there is not None:
                entry = entry_of(file["path"], there)
                about["oid"] = entry.get("lfs", entry)["oid"]
            files.append(about)
        self._json({"files": files})

    def _batch(self, request: dict[str, Any]) -> None:
        objects = []
        for each in request["objects"]:
            href = {"href": f"{self.hub.address}/large/{each['oid']}"}
            there = each["oid"] in self.hub.large
            objects.append(each if there else each | {"actions": {"upload": href, "verify": href}})
        self._json({"transfer": "basic", "objects": objects})

    def _commit(self, repo_id: str, body: bytes) -> None:
        changes: dict[str, bytes | None] = {}
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                changes[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                if value["oid"] not in self.hub.large:
                    self._answer(400, b'{"error": "a large file was never uploaded"}')
                    return
                changes[value["path"]] = self.hub.large[value["oid"]]
            elif line["key"] in ("deletedFile", "deletedFolder"):
                changes[value["path"]] = None
        oid = self.hub.commit(repo_id, changes)
        url = f"{self.hub.address}/{repo_id}/commit/{oid}"
        self._json({"commitOid": oid, "commitUrl": url, "success": True})

    def _variables(self, repo_id: str, body: bytes) -> None:
        known = self.hub.spaces.setdefault(repo_id, {})
        if body:
            value = json.loads(body)
            known[value["key"]] = value["value"]
        names = [name for name in known if name != "hardware"]
        self._json({name: {"key": name, "value": known[name]} for name in names})

    def _hardware(self, repo_id: str, body: bytes) -> None:
        self.hub.spaces.setdefault(repo_id, {})["hardware"] = json.loads(body)["flavor"]
        self._runtime(repo_id, body)

    def _runtime(self, repo_id: str, body: bytes) -> None:
        hardware = {"requested": self.hub.spaces[repo_id].get("hardware"), "current": None}
        self._json({"stage": "BUILDING", "hardware": hardware, "storage": None, "gcTimeout": None})

    def _token(self) -> str:
        return (self.headers.get("Authorization") or "").removeprefix("Bearer ")

    def _may_read(self, repo_id: str) -> bool:
        is_private = self.hub.closed.get(repo_id) == "private"
        knows = self._token() in ("hf_right", "hf_read")
        if self._token() and not knows:
            message = {"X-Error-Message": "Invalid credentials in Authorization header"}
            self._answer(401, b'{"error": "Invalid credentials"}', message)
        elif repo_id not in self.hub.repos or (is_private and not knows):
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif self.hub.closed.get(repo_id) == "gated" and not knows and "/api/" not in self.path:
            self._answer(403, b"{}", {"X-Error-Code": "GatedRepo"})
        else:
            return True
        return False

    def _may_write(self, path: str, body: bytes, repo_id: str = "") -> bool:
        if path == "/api/repos/create":
            repo_id = json.loads(body).get("organization") or "ann"
        elif path == "/api/validate-yaml" or path.endswith("paths-info"):
            return True
        elif found := re.fullmatch(r"/api/(?:models|datasets|spaces)/(.+)", path):
            repo_id = found[1]
        owner = repo_id.removeprefix("datasets/").removeprefix("spaces/").split("/")[0]
        if self._token() not in ("hf_right", "hf_read"):
            self._answer(401, b'{"error": "Invalid credentials"}')
            return False
        if self._token() == "hf_read" or owner in OWNERS_ELSEWHERE:
            self._answer(403, b'{"error": "You don\'t have the rights to do that"}')
            return False
        return True

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _json(self, value: Any, status: int = 200) -> None:
        self._answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.fault is not None and self.fault.cut_at is not None:
            self.wfile.write(body[: self.fault.cut_at])
            self.close_connection = True
            return
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests' output is enough."""
