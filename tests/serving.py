"""The app as a visitor meets it: a process of its own on a free port of this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

APP = Path(__file__).resolve().parent.parent / "app.py"
PATIENCE = 120  # seconds; a loaded machine imports slowly


@contextmanager
def running_app(
    folder: Path,
    *arguments: str,
    app: Path = APP,
    environment: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """The address of ``python app.py``, which writes its log and its files into ``folder``."""
    port = _free_port()
    command = [sys.executable, str(app), "--host", "127.0.0.1", "--port", str(port), *arguments]
    surroundings = os.environ | {"GRADIO_TEMP_DIR": str(folder / "cache"), "OMP_NUM_THREADS": "2"}
    surroundings |= environment or {}
    log = folder / "app.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=surroundings, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait(f"http://127.0.0.1:{port}/", process, log)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"the app did not answer:\n{log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
