"""Text to image with a real browser: previews, a stop, going on, the film, and bad input."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import av
import pytest
from gradio_client import Client
from PIL import Image
from serving import running_app
from tabs import open_tab
from tiny_clips import save_tiny_clip

from vqgan_space.codes import load_codes
from vqgan_space.images import read_settings
from vqgan_space.models.vqgan import VQGAN

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PICTURE = "document.querySelector('#guided img')?.src"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, tiny_vqgan: VQGAN) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("guide")
    tiny_vqgan.save_pretrained(folder / "tiny")
    save_tiny_clip(folder / "tiny-clip")
    options = ("--model", str(folder / "tiny"), "--clip", str(folder / "tiny-clip"))
    with running_app(folder, "--no-presets", *options) as url:
        yield url


@pytest.fixture
def open_guide(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    contexts = []

    def open_guide(width: int = 1280, height: int = 1000) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height})
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("#reconstruct-picture input[type=file]", state="attached")
        open_tab(page, "Text to image")
        page.wait_for_selector("#guide-prompt textarea")
        set_number(page, "#guide-models", "#guide-variants", 1)
        page.get_by_label("Size").click()
        page.get_by_role("option", name="Small").click()
        page.get_by_label("Random codes").check()
        return page

    yield open_guide
    for context in contexts:
        context.close()


def set_number(page: Page, box: str, slider: str, value: int) -> None:
    """Open an accordion, unless it is open, and set a slider in it."""
    field = page.locator(f"{slider} input[type=number]")
    if not field.is_visible():
        page.locator(f"{box} button").first.click()
    field.fill(str(value))
    field.press("Tab")


def status_has(page: Page, text: str) -> None:
    page.wait_for_function(
        "text => document.querySelector('#guide-status').innerText.includes(text)", arg=text
    )


def download(page: Page, button: str, folder: Path) -> Path:
    with page.expect_download() as got:
        page.click(button)
    path = folder / got.value.suggested_filename
    got.value.save_as(path)
    return path


def test_a_prompt_becomes_a_picture_that_is_stopped_and_continued(
    open_guide: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_guide()
    page.fill("#guide-prompt textarea", "a snow-covered spruce | people:-0.5")
    set_number(page, "#guide-settings", "#guide-steps", 500)
    page.click("#run-guide")
    page.wait_for_selector("#guided img")
    first = page.evaluate(PICTURE)
    page.wait_for_function(f"before => {PICTURE} && {PICTURE} !== before", arg=first)
    page.wait_for_selector("#guide-curve path.similarity")
    status_has(page, "similarity")
    page.click("#stop-guide")
    page.wait_for_function(
        "document.querySelector('#guide-status').innerText.startsWith('Stopped.')"
    )
    page.wait_for_selector("#guided-video video")
    saved = download(page, "#guided-picture", tmp_path)
    settings = read_settings(saved)
    assert settings["prompt"] == "a snow-covered spruce | people:-0.5"
    assert 0 < settings["step"] < 500
    assert load_codes(download(page, "#guided-codes", tmp_path)).grid.shape == (16, 16)

    page.fill("#guide-prompt textarea", "a boat at night")
    set_number(page, "#guide-settings", "#guide-steps", 4)
    page.click("#continue-guide")
    status_has(page, "Done. Step 4 of 4")
    page.wait_for_timeout(500)
    with Image.open(download(page, "#guided-gif", tmp_path)) as gif:
        assert gif.size == (128, 128) and gif.n_frames > 5
    with zipfile.ZipFile(download(page, "#guided-frames", tmp_path)) as frames:
        names = frames.namelist()
        frames.extractall(tmp_path)
    prompts = [read_settings(tmp_path / name)["prompt"] for name in names]
    assert prompts[0].startswith("a snow-covered") and prompts[-1] == "a boat at night"
    with av.open(page.get_attribute("#guided-video video", "src") or "") as film:
        assert sum(1 for _ in film.decode(video=0)) > 12


def test_variants_are_shown_side_by_side(open_guide: Callable[..., Page]) -> None:
    page = open_guide()
    page.fill("#guide-prompt textarea", "a boat at night")
    set_number(page, "#guide-models", "#guide-variants", 2)
    set_number(page, "#guide-settings", "#guide-steps", 2)
    page.click("#run-guide")
    status_has(page, "Done.")
    assert page.locator("#guided .thumbnail-item").count() == 2


@pytest.mark.parametrize(
    "prompt, sentence",
    [
        ("", "Write what the picture should show"),
        ("people:-1", "give at least one a weight above 0"),
        ("a lake:heavy", "is no weight"),
    ],
)
def test_bad_prompts_are_answered_in_a_sentence(
    open_guide: Callable[..., Page], prompt: str, sentence: str
) -> None:
    page = open_guide()
    page.fill("#guide-prompt textarea", prompt)
    page.click("#run-guide")
    page.get_by_text(sentence).first.wait_for()


def test_words_that_clip_does_not_know_are_named(open_guide: Callable[..., Page]) -> None:
    page = open_guide()
    page.fill("#guide-prompt textarea", "a zeppelin over a lake")
    set_number(page, "#guide-settings", "#guide-steps", 1)
    page.click("#run-guide")
    page.get_by_text("doesn't know: zeppelin, over").wait_for()
    status_has(page, "Done.")


def test_a_scene_can_be_the_start_and_the_tab_fits_a_phone(
    open_guide: Callable[..., Page],
) -> None:
    page = open_guide(390, 844)
    page.get_by_label("A drawn scene").check()
    page.wait_for_selector("#guide-scene-picture img")
    page.fill("#guide-prompt textarea", "a summer meadow")
    set_number(page, "#guide-settings", "#guide-steps", 2)
    page.click("#run-guide")
    status_has(page, "Done.")
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0


def test_programs_guide_too(address: str, tmp_path: Path) -> None:
    client = Client(address, download_files=tmp_path, analytics_enabled=False, verbose=False)
    options = {"prompt": "a lake", "size": "Small, 128 x 128", "steps": 2, "api_name": "/guide"}
    picture, codes, film = client.predict(**options, seed=3)
    assert read_settings(picture).items() >= {"prompt": "a lake", "seed": 3, "steps": 2}.items()
    assert load_codes(codes).grid.shape == (16, 16) and film
    again, *_ = client.predict(**options, seed=3)
    assert Image.open(again).tobytes() == Image.open(picture).tobytes()
    with pytest.raises(Exception, match="no CLIP called 'other'"):
        client.predict(**options, clip="other")
    with pytest.raises(Exception, match="name one of Square"):
        client.predict(**(options | {"size": "huge"}))
