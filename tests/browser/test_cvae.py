"""The CVAE tab in a real browser: words, captions, what goes on inside, and its endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cvae_sets import save_clothes_set, save_texts_set
from gradio_client import Client
from PIL import Image
from serving import running_app
from tabs import open_tab
from tiny_clips import save_tiny_clip

from vqgan_space.images import read_settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SEEN = "els => els.filter(e => e.offsetParent !== null).length"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("cvae")
    clip = save_tiny_clip(folder / "clip")
    sets = (save_clothes_set(folder / "clothes"), save_texts_set(folder / "texts", str(clip)))
    arguments = [part for each in sets for part in ("--cvae", str(each))]
    with running_app(folder, "--no-presets", *arguments) as url:
        yield url


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(address)
    open_tab(page, "CVAE")
    page.wait_for_selector("#words-text textarea")
    yield page
    context.close()


def test_words_become_samples_of_each_conditioning(page: Page) -> None:
    page.fill("#words-text textarea", "two SNEAKERS and a coat")
    page.click("#run-words")
    page.wait_for_selector("#words-add .thumbnail-item >> nth=7")
    assert page.eval_on_selector_all("#words-concat .thumbnail-item", SEEN) == 8
    assert "SNEAKERS is Sneaker, coat is Coat" in page.inner_text("#words-found")
    page.fill("#words-text textarea", "🦄")
    page.click("#run-words")
    page.wait_for_selector("text=There is no known piece of clothing")


def test_a_caption_becomes_samples_and_missing_variants_are_said(page: Page) -> None:
    open_tab(page, "Caption")
    page.fill("#caption-text textarea", "A spruce by a lake. A quokka at night.")
    page.click("#run-caption")
    page.wait_for_selector("#caption-samples .thumbnail-item >> nth=7")
    assert "doesn't know quokka" in page.inner_text("#caption-status")
    page.locator("#caption-how label").filter(has_text="Add").click()
    page.wait_for_selector("text=has no 'add' at 128 pixels, but concat-64, add-64, concat-128")


def test_inside_reconstructs_walks_and_morphs(page: Page) -> None:
    open_tab(page, "Inside")
    page.wait_for_selector("#inside-samples .thumbnail-item >> nth=19")
    page.locator("#inside-samples .thumbnail-item").nth(12).click()
    page.wait_for_selector("#inside-results .thumbnail-item >> nth=3")
    assert "VAE, SSIM" in page.inner_text("#inside-results")
    page.click("#walk-busiest")
    page.wait_for_selector("#walk-grid img")
    page.click("#run-morph")
    page.wait_for_selector("#morph-strip img")
    page.wait_for_selector("#tsne-vae canvas, #tsne-vae svg")


def test_programs_ask_for_the_same(address: str, tmp_path: Path) -> None:
    client = Client(address, verbose=False, download_files=str(tmp_path))
    made = client.predict("a boot and a bag", "concat", count=2, seed=5, api_name="/words")
    assert [item["caption"] for item in made] == ["boot", "boot", "bag", "bag"]
    settings = read_settings(made[0]["image"])
    assert settings["seed"] == 5 and settings["word"] == "boot"
    again = client.predict("boot", "concat", count=1, seed=5, api_name="/words")
    assert Path(again[0]["image"]).read_bytes() == Path(made[0]["image"]).read_bytes()
    (picture,) = client.predict("A lake", size=64, count=1, api_name="/caption")
    assert Image.open(picture["image"]).size == (64, 64)
    assert Image.open(client.predict(api_name="/walk")).size[0] > 400
    assert Image.open(client.predict(steps=3, api_name="/morph")).size[0] > 200
    with pytest.raises(Exception, match="5,000 characters"):
        client.predict("x" * 5000, api_name="/caption")
