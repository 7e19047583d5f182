"""Readers without a mouse, without JavaScript, with a screen reader."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import chromium
import pytest

from .conftest import NODE, tool

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from .conftest import Built

pytestmark = pytest.mark.slow

SETTLED = """() => document.fonts.ready.then(() => new Promise(
    (resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))
))"""
"""Waits until fonts are there and the page's script has marked the blocks that scroll."""

MISSED = """() => [...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .filter((element) => element.tabIndex >= 0 && !element.dataset.reached)
    .map((element) => element.outerHTML.slice(0, 200))"""
"""The elements that Tab must reach and did not."""

FOCUSED = """() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    const first = !element.dataset.reached;
    element.dataset.reached = "yes";
    const marked = [element, element.closest(".card")].some((box) => {
        if (!box) return false;
        const style = getComputedStyle(box);
        return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    });
    const box = element.getBoundingClientRect();
    const visible = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight;
    const opacity = getComputedStyle(element).opacity;
    return { first, marked: marked && visible && opacity === "1", what: element.outerHTML };
}"""
"""The element that has the focus, and whether a reader can see that it has."""


def test_skip_link_comes_first(page: Page) -> None:
    """The first Tab shows a link past the header; following it leaves the header behind."""
    page.keyboard.press("Tab")
    link = page.locator(".skip-link:focus")
    box = link.bounding_box()
    assert box is not None
    assert box["y"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_what_scrolls_can_be_reached_by_keyboard(page: Page) -> None:
    """Code wider than its block can be focused and has a name; other code is not a tab stop."""
    page.set_viewport_size({"width": 360, "height": 700})
    wide = page.locator("#steps .highlight pre[tabindex='0'][role=group]")
    wide.wait_for()
    assert wide.get_attribute("aria-label") == "Code, scrolls sideways"
    assert page.locator(".output.result[tabindex]").count() == 0


def test_reading_needs_no_javascript(browser: Browser, address: str) -> None:
    """Without JavaScript folded code opens, the contents list is there, no dead button shows."""
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}/every-element/")
        assert page.locator(".toc a").first.is_visible()
        assert not page.locator("#folded-cell code").first.is_visible()
        page.locator(".cell-fold summary").first.click()
        assert page.locator("#folded-cell pre").is_visible()
        assert page.locator("button:visible").count() == 0


def test_tab_reaches_everything_and_shows_where_it_is(
    site: Built, page: Page, address: str
) -> None:
    """On every page Tab visits each link, button, field and fold, and each shows the focus."""
    for url in site.urls():
        page.goto(address + url)
        page.evaluate(SETTLED)
        while True:
            page.keyboard.press("Tab")
            focused = page.evaluate(FOCUSED)
            if focused is None or not focused["first"]:
                break
            assert focused["marked"], (url, focused["what"])
        assert page.evaluate(MISSED) == [], url


@pytest.mark.parametrize("scheme", chromium.COLOURS)
def test_axe_finds_no_violation_on_any_page(
    site: Built, page: Page, address: str, scheme: str
) -> None:
    """axe-core has nothing to say of any page, all that is folded open; text is held to AAA."""
    script = tool("axe-core/axe.min.js").read_text(encoding="utf-8")
    chromium.use_colours(page, scheme)
    found = {}
    for url in site.urls():
        page.goto(address + url)
        if violations := chromium.violations(page, script):
            found[url] = violations
    assert found == {}


def test_html_is_valid(site: Built) -> None:
    """html-validate has nothing to say of any page."""
    command = ["node", str(tool("html-validate/bin/html-validate.mjs")), "--formatter", "json"]
    command += ["--config", str(NODE / "htmlvalidate.cjs"), str(site.root / "**/*.html")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    pages = json.loads(done.stdout)
    assert [(p["filePath"], m["line"], m["message"]) for p in pages for m in p["messages"]] == []


def test_without_javascript_every_page_shows_its_text(
    site: Built, browser: Browser, page: Page, address: str
) -> None:
    """Without JavaScript each page has the words it has with it, and no dead button."""
    with browser.new_context(java_script_enabled=False) as context:
        plain = context.new_page()
        for url in site.urls():
            page.goto(address + url)
            page.add_style_tag(content=".needs-js { display: none !important }")
            plain.goto(address + url)
            words = set(page.locator("main").inner_text().split())
            assert words <= set(plain.locator("main").inner_text().split()), url
            assert plain.locator("button:visible, input:visible").count() == 0, url


def test_without_javascript_the_search_says_where_to_look(browser: Browser, address: str) -> None:
    """The page of the search leads to the archive and the tags."""
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}/search/")
        page.locator("noscript, main").get_by_role("link", name="archive").click()
        assert page.locator("h1").inner_text() == "Archive"
