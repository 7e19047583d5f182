"""The browser in which tests and audit open pages, and what both do with a page."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""A browser that requests nothing on its own account."""

COLOURS = ("light", "dark", "forced")
"""The colours in which a page is looked at; forced ones are those of a system's high contrast."""


def find() -> str | None:
    """Return the path of the system's Chromium; without it Playwright uses its own."""
    names = ("chromium", "google-chrome", "chromium-browser")
    return next(filter(None, map(shutil.which, names)), None)


def launch(playwright: Playwright) -> Browser:
    """Start the browser."""
    return playwright.chromium.launch(executable_path=find(), args=FLAGS)


def use_colours(page: Page, colours: str) -> None:
    """Show a page in some of COLOURS."""
    page.emulate_media(
        color_scheme="dark" if colours == "dark" else "light",
        forced_colors="active" if colours == "forced" else "none",
    )


def repaint(page: Page) -> None:
    """Wait until a page has shown all that has changed."""
    page.evaluate("new Promise(requestAnimationFrame)")


def open_all(page: Page) -> None:
    """Open all that is folded, and let the page notice what scrolls now."""
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true })")
    page.evaluate("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")


def violations(page: Page, axe: str) -> list[str]:
    """Return what axe-core, given as its script, finds on a page; text is held to AAA."""
    open_all(page)
    page.evaluate(axe)
    found: list[str] = page.evaluate(
        """async () => {
        const rules = { "color-contrast-enhanced": { enabled: true } };
        const found = await axe.run({ rules });
        return found.violations.flatMap(
            (rule) => rule.nodes.map((node) => `${rule.id}: ${node.html}`)
        );
    }"""
    )
    return found
