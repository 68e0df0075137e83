"""Going from tab to tab, as a visitor does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def open_tab(page: Page, name: str) -> None:
    """Open a tab; a narrow page keeps the last ones in a menu."""
    page.locator("button[role=tab]").first.wait_for()
    tab = page.get_by_role("tab", name=name)
    if tab.is_visible():
        tab.click()
        return
    page.locator(".overflow-menu > button").first.click()
    page.locator(".overflow-dropdown").get_by_text(name, exact=True).click()
