"""What a visitor does, in a real browser, with real photographs."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from tabs import open_tab

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenPage = Callable[..., "Page"]


def upload(page: Page, where: str, path: Path) -> None:
    page.set_input_files(f"{where} input[type=file]", str(path))


def reconstruct(page: Page, path: Path) -> None:
    upload(page, "#reconstruct-picture", path)
    page.wait_for_selector("#figures .figures")
    page.wait_for_selector("#before-after img >> nth=1")


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def shown(page: Page, where: str) -> np.ndarray:
    """The pixels of the picture that is on the page, as its address serves them."""
    return pixels(page.request.get(page.get_attribute(where, "src")).body())


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    root = "document.documentElement"
    return page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")


def test_a_photograph_there_and_back(
    open_page: OpenPage, photographs: list[Path], tmp_path: Path
) -> None:
    page = open_page()
    reconstruct(page, photographs[0])

    after = page.locator("#before-after img").nth(1)
    assert "inset(0px 0px 0px 50%)" in after.get_attribute("style")
    box = page.locator("#before-after").bounding_box()
    middle, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle, y)
    page.mouse.down()
    page.mouse.move(middle - box["width"] / 4, y, steps=5)
    page.mouse.up()
    cut = re.search(r"inset\(0px 0px 0px ([\d.]+)%\)", after.get_attribute("style"))
    assert 20 < float(cut[1]) < 30  # the slider followed the pointer

    with page.expect_download() as download:
        page.click("#download-picture")
    picture = pixels(Path(download.value.path()).read_bytes())
    with page.expect_download() as download:
        page.click("#download-codes")
    codes = tmp_path / download.value.suggested_filename
    download.value.save_as(codes)
    assert codes.name == "codes-tiny.npz"

    upload(page, "#upload-codes", codes)
    page.wait_for_selector("#decoded img")
    assert np.array_equal(shown(page, "#decoded img"), picture)


def test_pointing_at_a_cell_tells_its_index(open_page: OpenPage, photographs: list[Path]) -> None:
    page = open_page()
    reconstruct(page, photographs[0])
    view = page.locator("#reconstruct-codes .codes-view")
    columns, rows = (int(view.get_attribute(f"data-{side}")) for side in ("width", "height"))
    codes = [int(code) for code in view.get_attribute("data-codes").split(",")]
    grid, readout = view.locator(".codes-grid"), view.locator(".codes-readout")

    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    column, row = columns // 3, rows // 2
    x = box["x"] + (column + 0.5) * box["width"] / columns
    y = box["y"] + (row + 0.5) * box["height"] / rows
    page.mouse.move(x, y)
    code = codes[row * columns + column]
    expected = f"Row {row + 1}, column {column + 1}: code {code}, in {codes.count(code)} of"
    assert expected in readout.inner_text()

    grid.focus()
    page.keyboard.press("ArrowRight")
    code = codes[row * columns + column + 1]
    assert f"Row {row + 1}, column {column + 2}: code {code}," in readout.inner_text()


def test_every_tab_fits_a_phone(open_page: OpenPage, photographs: list[Path]) -> None:
    page = open_page(390, 844)
    assert sideways(page) == 0
    reconstruct(page, photographs[1])
    assert sideways(page) == 0
    open_tab(page, "Shuffle")
    page.wait_for_selector("#variants img >> nth=5")
    assert sideways(page) == 0
    open_tab(page, "Latents")
    page.wait_for_selector("#latents-result img >> nth=1")
    upload(page, "#target-picture", photographs[2])
    page.wait_for_selector("#video video")
    assert sideways(page) == 0


def test_two_windows_do_not_meet(open_page: OpenPage, photographs: list[Path]) -> None:
    one, other = open_page(), open_page()
    reconstruct(one, photographs[0])
    assert other.locator("#figures .figures").count() == 0
    reconstruct(other, photographs[3])
    first, second = (shown(page, "#before-after img >> nth=0") for page in (one, other))
    assert first.shape != second.shape or not np.array_equal(first, second)
    open_tab(one, "Shuffle")
    one.wait_for_selector("#variants img >> nth=5")
    open_tab(other, "Latents")
    other.wait_for_selector("#latents-result img >> nth=1")
    assert np.array_equal(shown(other, "#latents-result img >> nth=0"), second)


def test_choosing_a_variant_shows_its_codes(open_page: OpenPage, photographs: list[Path]) -> None:
    page = open_page()
    open_tab(page, "Shuffle")
    upload(page, "#shuffle-picture", photographs[0])
    page.wait_for_selector("#variants img >> nth=5")
    codes = page.locator("#shuffle-codes .codes-view")
    first = codes.get_attribute("data-codes")
    page.locator("#variants .thumbnail-item").nth(2).click()
    page.wait_for_function(
        "first => document.querySelector('#shuffle-codes .codes-view').dataset.codes !== first",
        arg=first,
    )
    third = codes.get_attribute("data-codes")
    assert sorted(third.split(",")) == sorted(first.split(","))


def test_a_codes_file_stays_the_source_when_the_tab_is_left(
    open_page: OpenPage, photographs: list[Path], tmp_path: Path
) -> None:
    page = open_page()
    reconstruct(page, photographs[0])
    with page.expect_download() as download:
        page.click("#download-codes")
    download.value.save_as(tmp_path / "codes.npz")
    open_tab(page, "Shuffle")
    page.wait_for_selector("#variants img >> nth=5")
    page.get_by_label("A codes file").check()
    open_tab(page, "Latents")
    page.wait_for_selector("#latents-result img >> nth=1")
    open_tab(page, "Shuffle")
    before = page.get_attribute("#variants img >> nth=0", "src")
    upload(page, "#shuffle-codes-file", tmp_path / "codes.npz")
    page.wait_for_function(
        "before => document.querySelector('#variants img').src !== before", arg=before
    )
    assert page.get_by_text("That did not work").count() == 0


def test_a_file_that_is_no_picture_is_answered_in_a_sentence(
    open_page: OpenPage, photographs: list[Path], tmp_path: Path
) -> None:
    page = open_page()
    reconstruct(page, photographs[0])
    measured = page.inner_text("#figures")
    (tmp_path / "fake.png").write_text("no picture")
    page.locator("#reconstruct-picture").get_by_label("Remove Image").click()
    upload(page, "#reconstruct-picture", tmp_path / "fake.png")
    page.get_by_text("This file is not a picture that can be read").wait_for()
    page.locator("#reconstruct-picture").get_by_label("Remove Image").click()
    reconstruct(page, photographs[0])
    assert page.inner_text("#figures") == measured


def test_the_page_asks_no_other_host(open_page: OpenPage, photographs: list[Path]) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    reconstruct(page, photographs[0])
    ours = ("http://127.0.0.1:", "data:", "blob:")
    assert asked
    assert [url for url in asked if not url.startswith(ours)] == []
