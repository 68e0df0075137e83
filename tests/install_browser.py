"""Make sure that the browser tests have a Chromium; say so in one line where none can be had."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser")


def main() -> None:
    for way in (installed, by_apt, by_playwright):
        if way():
            return
    print("No browser could be installed: browser tests will be skipped.")


def installed() -> bool:
    """Debian's Chromium, or Playwright's own, is already there."""
    if any(map(shutil.which, NAMES)):
        return True
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        return Path(driver.chromium.executable_path).exists()


def by_apt() -> bool:
    """Debian's Chromium, where we may install it."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-q"], environment)
    run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"], environment)
    return any(map(shutil.which, NAMES))


def by_playwright() -> bool:
    """Playwright's own Chromium, with the libraries it needs where we may install them."""
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    return run(command, dict(os.environ)) and installed()


def run(command: list[str], environment: dict[str, str]) -> bool:
    """Whether the command succeeds; what it prints is of no use where the next way may work."""
    done = subprocess.run(command, env=environment, check=False, capture_output=True)
    return done.returncode == 0


if __name__ == "__main__":
    main()
