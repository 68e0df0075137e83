"""Seconds from ``python app.py`` to the first answers, and memory after one use of each tab."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
from common import HEADER, ROOT, picture, print_row
from gradio_client import Client, handle_file

PATIENCE = 120  # seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.png"
        picture().save(photo)
        port = free_port()
        environment = os.environ | {"GRADIO_TEMP_DIR": folder}
        command = [sys.executable, "app.py", "--port", str(port)]
        start = time.perf_counter()
        app = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}/"
            wait_for(url, app)
            page = time.perf_counter() - start
            # The client asks for the endpoints' list first, which is not the app's start.
            client = Client(url, download_files=False, analytics_enabled=False, verbose=False)
            client.predict(handle_file(str(photo)), api_name="/reconstruct")
            reconstructed = time.perf_counter() - start
            client.predict(picture=handle_file(str(photo)), api_name="/shuffle")
            client.predict(handle_file(str(photo)), api_name="/edit_latents")
            memory = resident(app.pid)
        finally:
            app.terminate()
            app.wait(timeout=30)
    print_row("`python app.py` to the first page", f"{page:.1f} s", "< 12 s")
    print_row("`python app.py` to the first picture", f"{reconstructed:.1f} s", "< 12 s")
    print_row("resident memory after every tab was used", f"{memory / 1e9:.2f} GB", "< 1.5 GB")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, app: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while app.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SystemExit("the app did not answer")


def resident(pid: int) -> int:
    """Bytes of memory that the process and its children hold."""
    process = psutil.Process(pid)
    return sum(p.memory_info().rss for p in (process, *process.children(recursive=True)))


if __name__ == "__main__":
    if "--row" not in sys.argv:
        print(HEADER)
    main()
