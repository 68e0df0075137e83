"""Painting with the real mouse: pictures of a map, a stop, and a part made anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from gradio_client import Client, handle_file
from painting_sets import save_painting_set
from PIL import Image
from serving import running_app
from tabs import open_tab

from vqgan_space.codes import load_codes
from vqgan_space.images import read_settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

GRASS, SKY = 123, 156


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("paint")
    save_painting_set(folder / "tiny-set")
    with running_app(folder, "--no-presets", "--set", str(folder / "tiny-set")) as url:
        yield url


@pytest.fixture
def open_paint(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    contexts = []

    def open_paint(width: int = 1280, height: int = 1000) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height})
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        open_tab(page, "Paint")
        page.wait_for_selector("#paint-canvas canvas")
        page.wait_for_timeout(1000)  # the editor takes its ground a moment after its canvas
        return page

    yield open_paint
    for context in contexts:
        context.close()


def stroke(page: Page, where: str, name: str | None, down: float) -> None:
    """A stroke across the canvas, ``down`` of its height below the middle."""
    if name is not None:
        choose_brush(page, name)
    surface = page.locator(f"{where} canvas").first
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * (0.5 + down)
    page.mouse.move(x - 60, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=8)
    page.mouse.up()
    page.wait_for_timeout(300)


def choose_brush(page: Page, name: str) -> None:
    """Choose another class, and wait until the server has given the editor its brush."""
    label = page.locator("#paint-brush label").filter(has_text=re.compile(f"^\\s*{name}\\s*$"))
    with page.expect_response("**/run/predict*"):
        label.click()
    page.wait_for_timeout(300)


def fill_with(page: Page, name: str) -> None:
    choose_brush(page, name)
    with page.expect_response("**/run/predict*"):
        page.click("#fill-all")
    page.wait_for_timeout(1000)


def wait_until_done(page: Page) -> None:
    page.wait_for_function("document.querySelector('#paint-status').innerText.includes('Done')")


def download(page: Page, button: str, folder: Path) -> Path:
    with page.expect_download() as got:
        page.click(button)
    path = folder / got.value.suggested_filename
    got.value.save_as(path)
    return path


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def test_a_painted_map_becomes_pictures_and_a_part_is_made_anew(
    open_paint: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_paint()
    fill_with(page, "sky")
    stroke(page, "#paint-canvas", "grass", 0.2)
    page.click("#run-paint")
    page.wait_for_selector("#painted .thumbnail-item >> nth=1")
    wait_until_done(page)
    page.wait_for_selector("#erase-canvas canvas")
    first = tmp_path / "first"
    first.mkdir()
    with Image.open(download(page, "#painted-map", first)) as picture:
        ids = np.asarray(picture)
    assert ids.shape == (256, 256) and set(np.unique(ids)) == {GRASS, SKY}
    assert 0.01 < (ids == GRASS).mean() < 0.3  # the stroke
    before = download(page, "#painted-picture", first)
    codes = load_codes(download(page, "#painted-codes", first)).grid
    assert codes.shape == (16, 16)
    assert read_settings(before)["prior"] == "prior"

    stroke(page, "#paint-canvas", "tree", -0.25)
    page.locator("#paint-variants input[type=number]").fill("1")
    page.click("#run-remake")
    page.get_by_text("before: seed").wait_for()
    wait_until_done(page)
    page.wait_for_timeout(500)
    second = tmp_path / "second"
    second.mkdir()
    after = download(page, "#painted-picture", second)
    new_codes = load_codes(download(page, "#painted-codes", second)).grid
    assert read_settings(after)["made by"] == "paint a part"
    changed = (pixels(after) != pixels(before)).any(-1)
    assert changed[:128].any()
    assert not changed[160:].any()  # far below the stroke every pixel stays
    assert (new_codes != codes)[:8].any() and not (new_codes != codes)[10:].any()


def test_an_erased_half_is_made_anew(open_paint: Callable[..., Page], tmp_path: Path) -> None:
    page = open_paint()
    Image.effect_noise((300, 200), 60).convert("RGB").save(tmp_path / "own.png")
    page.locator("#paint-own button").first.click()
    page.set_input_files("#own-picture input[type=file]", str(tmp_path / "own.png"))
    page.wait_for_selector("#erase-canvas canvas")
    page.click("#run-remake")
    page.get_by_text("erase a part of the picture first").wait_for()
    before = pixels(download(page, "#painted-picture", tmp_path))
    page.click("#erase-lower")
    page.wait_for_timeout(1500)
    page.click("#run-remake")
    page.get_by_text("before: your picture").wait_for()
    wait_until_done(page)
    page.wait_for_timeout(500)
    changed = (pixels(download(page, "#painted-picture", tmp_path)) != before).any(-1)
    assert changed[128:].mean() > 0.9
    assert not changed[:96].any()


def test_stop_stops_at_once_and_keeps_what_is_finished(
    open_paint: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_paint()
    page.get_by_label("Format").click()
    page.get_by_role("option", name="Panorama").click()
    page.wait_for_timeout(500)
    fill_with(page, "sky")
    page.locator("#paint-variants input[type=number]").fill("8")
    page.locator("#paint-settings button").first.click()
    page.locator("#paint-steps input[type=number]").fill("64")
    page.click("#run-paint")
    page.wait_for_function(  # the first of eight is finished
        "/^(1[3-9]|[2-9]\\d)% of/.test(document.querySelector('#paint-status').innerText)"
    )
    page.click("#stop-paint")
    page.wait_for_function(
        "document.querySelector('#paint-status').innerText.includes('Stopped')", timeout=2000
    )
    page.wait_for_timeout(1000)
    shown = page.inner_text("#paint-status")
    page.wait_for_timeout(1000)
    assert shown == page.inner_text("#paint-status")
    assert shown == "Stopped. Click a variant to go on with it."
    assert pixels(download(page, "#painted-picture", tmp_path)).shape == (256, 768, 3)
    page.locator("#paint-variants input[type=number]").fill("1")
    page.locator("#paint-steps input[type=number]").fill("2")
    page.click("#run-paint")
    wait_until_done(page)


def test_an_empty_map_asks_for_paint(open_paint: Callable[..., Page]) -> None:
    page = open_paint()
    page.click("#run-paint")
    page.get_by_text("The label map is empty: paint something").wait_for()


def test_the_tab_fits_a_phone(open_paint: Callable[..., Page]) -> None:
    page = open_paint(390, 844)
    page.locator("#paint-start button").first.click()
    page.locator("#example-maps .thumbnail-item").nth(1).click()
    page.wait_for_timeout(1500)
    page.click("#run-paint")
    wait_until_done(page)
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0


def test_programs_paint_too(address: str, tmp_path: Path) -> None:
    ids = np.full((100, 140), SKY, np.uint8)
    ids[50:] = GRASS
    Image.fromarray(ids).save(tmp_path / "map.png")
    client = Client(address, download_files=tmp_path, analytics_enabled=False, verbose=False)
    options = {"label_map": handle_file(str(tmp_path / "map.png")), "api_name": "/paint"}
    picture, codes = client.predict(**options, seed=5, steps=3)
    assert pixels(Path(picture)).shape == (96, 144, 3)
    assert load_codes(codes).grid.shape == (6, 9)
    assert read_settings(picture).items() >= {"seed": 5, "steps": 3, "prior": "prior"}.items()
    again, _ = client.predict(**options, seed=5, steps=3)
    assert np.array_equal(pixels(Path(again)), pixels(Path(picture)))
    causal, _ = client.predict(**options, seed=5, prior="causal_prior")
    assert not np.array_equal(pixels(Path(causal)), pixels(Path(picture)))
    with pytest.raises(Exception, match="no prior 'other'"):
        client.predict(**options, prior="other")
