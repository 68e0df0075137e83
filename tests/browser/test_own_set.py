"""The box for a set of one's own on the Hub, as a visitor uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hub_server import Hub, running_hub
from painting_sets import save_painting_set
from serving import running_app
from tabs import open_tab

from vqgan_space.models.vqgan import VQGAN

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, tiny_vqgan: VQGAN
) -> Iterator[tuple[Hub, str]]:
    """A Hub with ann's two sets, and an app whose owner has a token there."""
    folder = tmp_path_factory.mktemp("own")
    tiny_vqgan.save_pretrained(folder / "doors" / "vqgan")
    save_painting_set(folder / "meadows")
    with running_hub() as hub:
        for name in ("doors", "meadows"):
            files = (path for path in (folder / name).rglob("*") if path.is_file())
            hub.repos[f"ann/{name}"] = {
                str(path.relative_to(folder / name)): path.read_bytes() for path in files
            }
        hub.repos["ann/secret"] = dict(hub.repos["ann/doors"])
        hub.closed["ann/secret"] = "private"
        environment = hub.environment(folder / "home", "hf_right")
        with running_app(folder, "--no-presets", environment=environment) as url:
            yield hub, url


@pytest.fixture
def visit(chromium: Browser, served: tuple[Hub, str]) -> Iterator[Callable[[str], Page]]:
    """Opens the page as a new visitor."""
    contexts = []

    def visit(query: str = "") -> Page:
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(served[1] + query)
        page.wait_for_selector("#own-set", state="attached")
        return page

    yield visit
    for context in contexts:
        context.close()


def open_set(page: Page, name: str) -> None:
    box = page.locator("#own-set-name").locator("input, textarea")
    if not box.is_visible():
        page.get_by_text("Your own set on the Hub").click()
    box.fill(name)
    page.click("#own-open")


def said(page: Page, text: str) -> bool:
    page.locator("#own-set-status", has_text=text).wait_for()
    return True


def chosen(page: Page, label: str) -> str:
    return page.get_by_label(label, exact=True).first.input_value()


def test_an_opened_set_is_chosen_in_every_tab_that_it_serves(visit: Callable[..., Page]) -> None:
    page = visit()
    open_set(page, "ann/meadows")
    assert said(page, "ann/meadows is open")
    page.wait_for_function(
        "() => [...document.querySelectorAll('input')].some(e => e.value == 'ann/meadows')"
    )
    assert chosen(page, "Model") == "ann/meadows"
    for tab, label in (("Shuffle", "Model"), ("Paint", "Set")):
        open_tab(page, tab)
        page.locator(f"input[aria-label='{label}']:visible").first.wait_for()
        shown = page.locator(f"input[aria-label='{label}']:visible").first
        assert shown.input_value() == "ann/meadows"


def test_a_link_opens_it_for_another_visitor_and_a_picture_is_made(
    visit: Callable[..., Page], tmp_path: Path, photo: object
) -> None:
    path = tmp_path / "photo.png"
    photo.save(path)  # type: ignore[attr-defined]
    page = visit("?model=ann/doors")
    page.wait_for_function(
        "() => [...document.querySelectorAll('input')].some(e => e.value == 'ann/doors')"
    )
    page.set_input_files("#reconstruct-picture input[type=file]", str(path))
    page.locator("#figures dd", has_text="48 ").or_(
        page.locator("#figures", has_text="8 × 12 indices")
    ).first.wait_for()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ann/secret", "There is no public model ann/secret"),
        ("/etc/passwd", "write it as user/repo"),
        ("", "Write the name of a Hub repo first"),
    ],
)
def test_what_can_not_be_opened_is_said_in_the_box(
    visit: Callable[..., Page], name: str, reason: str
) -> None:
    page = visit()
    open_set(page, name)
    assert said(page, reason)
