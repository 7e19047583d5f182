"""The site in a real browser: what a reader sees and clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import chromium
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request, Response

    from .conftest import Built

pytestmark = pytest.mark.slow


def gather_troubles(page: Page, address: str) -> list[str]:
    """Return a list that grows with what a page logs, fails to load or asks of another host."""
    troubles: list[str] = []

    def watch(request: Request) -> None:
        if not request.url.startswith(address):
            troubles.append(f"asked for {request.url}")

    def answered(response: Response) -> None:
        if not response.ok:
            troubles.append(f"{response.status}: {response.url}")

    def failed(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the icon, when the next page comes first
            troubles.append(f"failed: {request.url}")

    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", failed)
    page.on("request", watch)
    page.on("response", answered)
    return troubles


WIDTHS = (320, 360, 640, 768, 1280, 1440)
"""Screens in pixels; 640 is also what a screen of 1280 has at a zoom of 200 %."""


@pytest.mark.parametrize(
    ("width", "scheme"), [*((width, "light") for width in WIDTHS), (360, "dark")]
)
def test_pages_fit_and_are_quiet(
    site: Built, browser: Browser, address: str, width: int, scheme: str
) -> None:
    """No page scrolls sideways, logs an error, fails to load something or asks another host."""
    with browser.new_context(viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        troubles = gather_troubles(page, address)
        for url in site.urls():
            if url == "/plain/":  # its figure is on another host, on purpose
                continue
            page.goto(address + url)
            chromium.open_all(page)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                troubles.append(f"{url} scrolls sideways")
    assert troubles == []


def test_dark_switch_remembers(page: Page) -> None:
    """The switch turns the page dark, says so, and the choice holds on the next page."""
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    switch = page.get_by_role("button", name="Dark colours")
    assert switch.get_attribute("aria-pressed") == "false"
    switch.click()
    assert switch.get_attribute("aria-pressed") == "true"
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == dark
    switch.click()
    assert page.evaluate(ground) == light


def test_contents_stay_beside_the_text(page: Page) -> None:
    """On a wide page the contents list is open, stays in view, and marks the section."""
    contents = page.locator(".toc details")
    assert contents.get_attribute("open") is not None
    page.locator("#in-a-list-and-a-quote").evaluate("(heading) => heading.scrollIntoView()")
    current = page.locator(".toc a[aria-current]", has_text="In a list and a quote")
    current.wait_for()
    box = contents.bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 100


def test_contents_fold_on_a_phone(page: Page) -> None:
    """On a narrow page the contents list starts folded, and opens."""
    page.set_viewport_size({"width": 360, "height": 700})
    page.reload()
    contents = page.locator(".toc details")
    assert contents.get_attribute("open") is None
    page.locator(".toc summary").click()
    assert page.locator(".toc a").first.is_visible()


def test_choosing_the_system_colours_forgets_the_choice(page: Page) -> None:
    """A reader who switches back follows the system again, whatever it changes to."""
    switch = page.get_by_role("button", name="Dark colours")
    switch.click()
    switch.click()
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.querySelector('.theme-switch').ariaPressed === 'true'")
    page.reload()
    assert switch.get_attribute("aria-pressed") == "true"


def test_folded_code_and_output_open_and_close(page: Page) -> None:
    """A click on the summary of folded code or a folded output shows and hides it."""
    for fold in (".cell-fold", ".output-fold"):
        summary = page.locator(f"{fold} > summary").first
        inside = page.locator(f"{fold} pre").first
        assert not inside.is_visible()
        summary.click()
        assert inside.is_visible()
        summary.click()
        assert not inside.is_visible()


def test_series_can_be_read_from_end_to_end(page: Page, address: str) -> None:
    """From the home page through the parts of a series, forwards and back, by clicking."""
    page.goto(f"{address}/")
    page.get_by_role("link", name="First of a Series").click()
    for title in ("Second of a Series", "Third of a Series"):
        page.locator("a[rel=next]").click()
        assert page.locator("h1").inner_text() == title
    page.locator(".series summary").click()
    page.locator(".series").get_by_role("link", name="First of a Series").click()
    assert page.locator("h1").inner_text() == "First of a Series"
    page.locator(".series summary").click()
    page.get_by_role("link", name="About the series").click()
    assert page.url == f"{address}/series/#a-series-first-last"


def test_search_finds_words_of_prose_and_code(page: Page, address: str) -> None:
    """The search finds the beginnings of words, whatever their case and accents, by section."""
    page.goto(f"{address}/search/")
    box = page.get_by_role("searchbox")
    box.fill("UBERSEARCH")
    found = page.locator(".search-results li")
    found.first.wait_for()
    assert found.count() == 1
    assert found.locator("mark").inner_text() == "Übersearch"
    box.fill("hidden again")
    page.get_by_role("link", name="Folded").click()
    assert page.url == f"{address}/every-element/#folded"


def test_search_says_when_there_is_nothing(page: Page, address: str) -> None:
    """A word that is in no post is not found, and a screen reader is told."""
    page.goto(f"{address}/search/?q=<b>nowhere</b>")
    page.locator(".search-status[role=status]", has_text="Nothing found").wait_for()
    assert page.locator(".search-results li").count() == 0


def test_search_by_keyboard(page: Page, address: str) -> None:
    """Words are typed, Enter searches, Tab reaches the results, and the address keeps the words."""
    page.goto(f"{address}/search/")
    page.get_by_role("searchbox").focus()
    page.keyboard.type("first paragraph")
    page.keyboard.press("Enter")
    page.locator(".search-results li").first.wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.search-results') !== null")
    page.reload()
    page.locator(".search-results li").first.wait_for()


def test_nothing_shifts_while_a_page_loads(page: Page, site: Built, address: str) -> None:
    """No page moves what a reader has begun to read, on a phone with touch neither."""
    watch = """
        window.shift = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.shift += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
    """
    page.add_init_script(watch)
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for url in site.urls():
            if url == "/plain/":  # its figure, on another host, has no size
                continue
            page.goto(address + url)
            assert page.evaluate("window.shift") < 0.01, (url, width)


def test_results_that_come_late_shift_nothing(page: Page, address: str) -> None:
    """A search by its address fills the page that is shown already, and moves none of it."""
    page.add_init_script("""
        window.shift = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.shift += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
    """)
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{address}/search/?q=paragraph")
        page.locator(".search-results li").first.wait_for()
        page.evaluate("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")
        assert page.evaluate("window.shift") < 0.01, width


def test_no_page_of_lists_begins_empty_on_a_wide_screen(page: Page, address: str) -> None:
    """At 1440 pixels each list begins within the first screen and spans half of it or more."""
    page.set_viewport_size({"width": 1440, "height": 900})
    for url, content in (
        ("/about/", ".post-content"),
        ("/archive/", ".archive-list"),
        ("/tags/", ".tag-index"),
        ("/series/", ".post-content, .post-group"),
    ):
        page.goto(address + url)
        box = page.locator(content).first.bounding_box()
        assert box is not None, url
        assert box["y"] < 450, url
        assert box["width"] > 720, url


def test_the_comparison_is_seen_whole_on_a_desktop(page: Page, address: str) -> None:
    """On the page of the series its eleven columns need no scrolling at 1280 pixels."""
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{address}/series/")
    table = page.locator(".post-group > .table-scroll").first
    assert table.evaluate("(box) => box.scrollWidth - box.clientWidth") == 0


@pytest.mark.parametrize(
    ("url", "selector"),
    [("/archive/", ".archive-list a"), ("/", ".card-subtitle"), ("/series/", ".card-subtitle")],
)
def test_no_title_ends_with_a_lone_word(page: Page, address: str, url: str, selector: str) -> None:
    """On a phone the lines of a title are of a length: «[Part» and «V]» stay together."""
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(address + url)
    last = """(links) => links.map((link) => {
        const range = document.createRange();
        range.selectNodeContents(link);
        const lines = [...range.getClientRects()];
        return lines[lines.length - 1].width / lines[0].width;
    })"""
    assert min(page.locator(selector).evaluate_all(last)) > 0.4


def test_the_name_of_a_source_is_whole_on_a_phone(page: Page, address: str) -> None:
    """Above a block the name of its file stands in one line, and «From» beside its path."""
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{address}/mnist-classifier-with-pytorch-part-4/")
    lines = """(sources) => sources.filter((source) => source.checkVisibility()).map((source) => {
        const code = source.querySelector("code");
        const range = document.createRange();
        range.selectNodeContents(code.lastChild);
        const top = source.getBoundingClientRect().top;
        const begin = code.getClientRects()[0].top - top;
        return [range.getClientRects().length, begin < 20];
    })"""
    found = page.locator(".cell-source", has_text="mnist_post/deployment/").evaluate_all(lines)
    assert found
    assert {(1, True)} == {(count, beside) for count, beside in found}


def test_print_is_black_on_white_with_code_uncut(page: Page) -> None:
    """On paper nothing is to click, no line of code is cut, and folds stay as the reader left."""
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 640, "height": 900})
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for selector in (".site-header", ".toc", ".run-bar", ".copy", ".anchor", ".site-footer"):
        assert page.locator(f"{selector}:visible").count() == 0, selector
    cut = "(all) => all.filter((pre) => pre.scrollWidth > pre.clientWidth).length"
    assert page.locator(".highlight pre:visible, pre.output:visible").evaluate_all(cut) == 0
    assert not page.locator("#folded-cell pre").is_visible()


def test_print_cuts_no_table(page: Page, address: str) -> None:
    """On A4 all columns of every table are there, and no edge fades; paper does not scroll."""
    boxes = """(boxes) => boxes.map(
        (box) => [box.scrollWidth - box.clientWidth, getComputedStyle(box).maskImage])"""
    for url in ("/series/", "/builds/", "/mnist-classifier-with-pytorch-part-4/"):
        page.emulate_media(media="screen")
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(address + url)
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 718, "height": 1000})
        found = page.locator(".table-scroll").evaluate_all(boxes)
        assert found
        assert [box for box in found if box != [0, "none"]] == [], url


def test_without_transparency_what_scrolls_has_an_edge(page: Page) -> None:
    """Who wants less transparency sees a line at the edge of a block that scrolls, not a fade."""
    page.set_viewport_size({"width": 360, "height": 700})
    wide = page.locator("#steps pre[tabindex]")
    wide.wait_for()
    style = "(pre) => [getComputedStyle(pre).maskImage, getComputedStyle(pre).boxShadow]"
    mask, shadow = wide.evaluate(style)
    assert mask.startswith("linear-gradient")
    assert shadow == "none"
    session = page.context.new_cdp_session(page)
    feature = {"name": "prefers-reduced-transparency", "value": "reduce"}
    session.send("Emulation.setEmulatedMedia", {"features": [feature]})
    mask, shadow = wide.evaluate(style)
    assert mask == "none"
    assert shadow != "none"


def test_only_the_scripts_of_the_site_run(site: Built, browser: Browser, address: str) -> None:
    """The second wall: whatever the text of a page contains, its policy runs none of it."""
    attack = (
        "<script>window.hurt = 1</script><img src=x onerror='window.hurt = 2'>"
        "<a id=bad href='javascript:window.hurt = 3'>x</a><base href='https://example.net/'>"
        "<img src='https://example.net/pixel.png'>"
    )
    attacked = site.read("/every-element/").replace("</body>", f"{attack}</body>")
    with browser.new_context() as context:
        page = context.new_page()
        asked: list[str] = []
        page.route(
            f"{address}/attacked/",
            lambda route: route.fulfill(body=attacked, content_type="text/html"),
        )
        page.on("response", lambda response: asked.append(response.url))
        page.goto(f"{address}/attacked/")
        page.evaluate("document.getElementById('bad').click()")
        assert page.evaluate("document.documentElement.classList.contains('js')")
        assert page.evaluate("window.hurt === undefined")
        assert [url for url in asked if not url.startswith(address)] == []
