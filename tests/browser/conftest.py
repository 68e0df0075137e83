"""A real Chromium: Debian's, or Playwright's own, before a running app."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from serving import running_app

from vqgan_space.models.vqgan import VQGAN

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser; skips with one line where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no browser: no playwright")
    with playwright.sync_playwright() as driver:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        try:
            browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        except playwright.Error:
            pytest.skip("no browser starts here: install Debian's chromium or Playwright's own")
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory, tiny_vqgan: VQGAN) -> Iterator[str]:
    """A running app, with an untrained model that is quick."""
    folder = tmp_path_factory.mktemp("browser")
    tiny_vqgan.save_pretrained(folder / "tiny")
    with running_app(folder, "--model", str(folder / "tiny")) as url:
        yield url


@pytest.fixture
def open_page(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the app in a window of its own, of ``width`` x ``height`` pixels."""
    contexts = []

    def open_page(width: int = 1280, height: int = 900) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height})
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("#reconstruct-picture input[type=file]", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def photographs(shared: Path) -> list[Path]:
    """Real photographs, in the order of their names."""
    return sorted((shared / "data" / "photos" / "val").glob("*.jpg"))
