"""The demo: it computes what Python does, comes with the first touch, and is for everybody."""

from __future__ import annotations

import gzip
import json
import struct
from typing import TYPE_CHECKING, Any

import chromium
import pytest

from .conftest import BASE, ROOT, Built, tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Route

pytestmark = pytest.mark.slow

URL = "/mnist-classifier-with-pytorch-part-4/"
OWN = "/own-digits/"
MODEL = ROOT / "assets/models/digits.bin"
GOLDEN = ROOT / "assets/models/digits-golden.json"
CODE = [f"{BASE}/assets/js/demo.js", f"{BASE}/assets/js/digits.js"]
LOADED = [f"{BASE}/assets/demo.css", *CODE, f"{BASE}/assets/models/digits.bin"]
ONE = [(0.5, 0.2 + 0.06 * step) for step in range(11)]
"""A vertical line, as a part of the pad's side."""


def _start(page: Page) -> None:
    page.locator(".demo button").first.click()
    page.locator(".demo[data-ready]").wait_for()


@pytest.fixture
def demo(context: BrowserContext, address: str) -> Page:
    """The post of Part IV with its demo started."""
    page = context.new_page()
    page.goto(address + URL)
    _start(page)
    return page


def _stroke(page: Page, points: list[tuple[float, float]]) -> None:
    """Draw with the mouse."""
    box = page.locator(".demo-pad").bounding_box()
    assert box
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()


def _answer(page: Page) -> str:
    return page.locator(".demo-answer").inner_text()


def _is_announced(page: Page) -> bool:
    """Whether a screen reader is told the answer, once the reader has paused."""
    page.wait_for_timeout(700)
    return page.locator(".demo-said [role=status]").inner_text() == _answer(page)


NUMBERS = """async ([code, model, golden]) => {
    const { classify, prepare, rasterise, readModel } = await import(code);
    const network = readModel(await (await fetch(model)).arrayBuffer());
    const { digits, drawings } = await (await fetch(golden)).json();
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const most = (a, b) => Math.max(...a.map((x, i) => Math.abs(x - b[i])));
    const compare = (pixels, expected) => {
        const { probabilities, accepted } = classify(network, pixels);
        return [most(probabilities, expected.probabilities), accepted === expected.accepted];
    };
    return {
        digits: digits.map((digit) => compare(bytes(digit.pixels), digit)),
        drawings: drawings.map((drawing) => {
            const paper = rasterise(drawing.strokes, network.steps.size, drawing.pen);
            const { pixels } = prepare(paper, network.steps);
            return [most([...pixels], [...bytes(drawing.pixels)]), ...compare(pixels, drawing)];
        }),
    };
}"""


def test_the_page_computes_what_python_does(context: BrowserContext, address: str) -> None:
    """A hundred digits and twenty drawings: the same pixels, and probabilities within 1e-4."""
    page = context.new_page()
    page.goto(address + OWN)
    files = [f"{BASE}/assets/js/digits.js", LOADED[-1], f"{BASE}/assets/models/digits-golden.json"]
    numbers = page.evaluate(NUMBERS, files)
    digits, drawings = numbers["digits"], numbers["drawings"]
    assert (100, 20) == (len(digits), len(drawings))
    largest = max(difference for difference, _ in digits)
    drawn = max(difference for _, difference, _ in drawings)
    print(f"largest difference: {largest:.1e} over digits, {drawn:.1e} over drawings")  # noqa: T201
    assert [] == [pixels for pixels, _, _ in drawings if pixels]
    assert max(largest, drawn) <= 1e-4
    assert all(same for *_, same in (*digits, *drawings))


@pytest.mark.parametrize("url", [URL, "/"])
def test_nothing_is_loaded_before_the_first_touch(
    context: BrowserContext, address: str, url: str
) -> None:
    """Then the code, its style sheet and the weights come, from this host alone."""
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address + url)
    page.wait_for_load_state("networkidle")
    host = address.removesuffix(BASE)
    assert not {host + path for path in LOADED}.intersection(asked)
    asked.clear()
    _start(page)
    _stroke(page, ONE)
    assert {host + path for path in LOADED}.issubset(asked)
    assert [] == [url for url in asked if not url.startswith(host)]


def test_a_drawing_is_answered_while_it_grows(demo: Page) -> None:
    """The mouse draws, bars and images follow; Undo and Clear take it back."""
    assert _answer(demo) == "Draw a digit, or pick a sample."
    _stroke(demo, ONE)
    assert "That is" in _answer(demo)
    assert _is_announced(demo)
    bars = demo.locator(".demo-bars b").all_inner_texts()
    assert len(bars) == 10
    assert all(bars)
    assert demo.locator(".demo-steps canvas:visible").count() >= 1 + 4 + 2
    _stroke(demo, [(0.2, 0.5), (0.8, 0.5)])
    one_stroke = demo.get_by_role("button", name="Undo")
    one_stroke.click()
    one_stroke.click()
    assert _answer(demo) == "Draw a digit, or pick a sample."


def test_a_finger_draws_and_the_page_does_not_scroll(browser: Browser, address: str) -> None:
    """On a phone, by real touch events; the rest of the page still scrolls."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    with context:
        page = context.new_page()
        page.goto(address + URL)
        _start(page)
        page.locator(".demo-pad").scroll_into_view_if_needed()
        before = page.evaluate("scrollY")
        box = page.locator(".demo-pad").bounding_box()
        assert box
        client = context.new_cdp_session(page)
        for number, (x, y) in enumerate(ONE):
            _touch(client, box["x"] + x * box["width"], box["y"] + y * box["height"], number)
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.wait_for_function(
            "document.querySelector('.demo-answer').textContent.includes('That')"
        )
        assert before == page.evaluate("scrollY")


def _touch(client: CDPSession, x: float, y: float, number: int) -> None:
    kind = "touchMove" if number else "touchStart"
    client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})


def test_the_keyboard_alone_is_enough(context: BrowserContext, address: str) -> None:
    """From the button to a drawn line, a filled square, and a sample; where it is, is said."""
    page = context.new_page()
    page.goto(address + URL)
    page.locator(".demo button").focus()
    page.keyboard.press("Enter")
    page.locator(".demo[data-ready]").wait_for()
    assert page.evaluate("document.activeElement.className") == "demo-pad"
    page.keyboard.press("Space")
    assert page.locator(".demo-paper [role=status]").inner_text() == "row 8, column 8, ink"
    page.keyboard.press("Space")
    assert _answer(page) == "Draw a digit, or pick a sample."
    page.keyboard.press("ArrowUp")
    for _ in range(5):
        page.keyboard.press("Shift+ArrowDown")
    assert "That is" in _answer(page)
    assert _is_announced(page)
    for _ in range(5):
        page.keyboard.press("Backspace")
    assert _answer(page) == "Draw a digit, or pick a sample."
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.ariaLabel") == "Sample of a 0"
    assert "That is" in _answer(page)


def _with_threshold(threshold: float) -> Callable[[Route], None]:
    """Serve the model with another threshold."""
    data = MODEL.read_bytes()
    [length] = struct.unpack("<I", data[:4])
    header: dict[str, Any] = json.loads(data[4 : 4 + length])
    header["reject"]["threshold"] = threshold
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I", len(text)) + text + data[4 + length :]
    return lambda route: route.fulfill(body=body)


@pytest.mark.parametrize(("threshold", "knows"), [(1e9, False), (-1e9, True)])
def test_the_threshold_of_the_file_decides_what_is_a_digit(
    context: BrowserContext, address: str, threshold: float, *, knows: bool
) -> None:
    """What is refused is said in words, and no bar is marked as the answer."""
    page = context.new_page()
    page.route("**/digits.bin", _with_threshold(threshold))
    page.goto(address + URL)
    _start(page)
    _stroke(page, ONE)
    assert knows == (_answer(page) != "That is no digit I know.")
    assert int(knows) == page.locator(".demo-bars [data-best]").count()


def test_a_demo_that_cannot_be_loaded_may_be_tried_again(
    context: BrowserContext, address: str
) -> None:
    """The button says so."""
    page = context.new_page()
    page.route("**/digits.bin", lambda route: route.abort())
    page.goto(address + URL)
    page.locator(".demo button").click()
    page.get_by_role("button", name="Not loaded: try again").wait_for()
    page.unroute("**/digits.bin")
    _start(page)
    assert _answer(page)


@pytest.mark.parametrize("url", [URL, "/"])
def test_the_recorded_example_stays_without_javascript_and_on_paper(
    browser: Browser, address: str, url: str
) -> None:
    """A figure that the build drew; there is no button that would do nothing."""
    recorded = "img[src$='/recorded.svg']"
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(address + url)
        assert page.locator(recorded).first.is_visible()
        assert not page.locator(".demo").is_visible()
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(address + url)
        _start(page)
        page.emulate_media(media="print")
        assert page.locator(recorded).first.is_visible()
        assert not page.locator(".demo").is_visible()


@pytest.mark.parametrize("url", [URL, "/", OWN])
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_demo_fits_its_screen(browser: Browser, address: str, url: str, width: int) -> None:
    """Nothing makes a page scroll sideways."""
    with browser.new_context(viewport={"width": width, "height": 700}) as context:
        page = context.new_page()
        page.goto(address + url)
        _start(page)
        _stroke(page, ONE)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("colours", chromium.COLOURS)
@pytest.mark.parametrize("url", [URL, OWN])
def test_axe_finds_nothing_in_the_demo(
    context: BrowserContext, address: str, url: str, colours: str
) -> None:
    """In use, in light, dark and forced colours."""
    script = tool("axe-core/axe.min.js").read_text(encoding="utf-8")
    page = context.new_page()
    chromium.use_colours(page, colours)
    page.goto(address + url)
    _start(page)
    _stroke(page, ONE)
    assert [] == chromium.violations(page, script, colours)


def test_code_and_weights_are_small(site: Built) -> None:
    """What computes is under 10 KB; what comes with the first touch under 60 KB compressed."""
    computes = site.file(f"{BASE}/assets/js/digits.js").stat().st_size
    assert computes < 10_000
    together = sum(len(gzip.compress(site.file(path).read_bytes())) for path in LOADED)
    print(f"{computes:,} bytes compute; {together:,} come with the first touch")  # noqa: T201
    assert together < 60_000


def test_feeds_have_no_demo(site: Built) -> None:
    """Nor the place for one's script."""
    assert "data-model" not in site.read("/feed.xml")


def test_what_a_reader_drew_is_saved_on_their_machine(
    context: BrowserContext, address: str
) -> None:
    """In the format that Part IV reads; nothing is sent."""
    page = context.new_page()
    page.goto(address + OWN)
    _start(page)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    for _ in range(2):
        _stroke(page, ONE)
        page.get_by_role("button", name="Keep it").click()
    page.get_by_label("This is a").select_option("7")
    _stroke(page, [(0.3, 0.3), (0.7, 0.3), (0.4, 0.8)])
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name="Remove the 1, number 2").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save as a file").click()
    assert waiting.value.suggested_filename == "my-digits.json"
    saved = json.loads(waiting.value.path().read_text(encoding="utf-8"))
    assert (1, 0.04) == (saved["format"], saved["pen"])
    assert [0, 7] == [drawing["label"] for drawing in saved["drawings"]]
    first = saved["drawings"][0]["strokes"]
    assert 1 == len(first)
    expected = [pytest.approx(point, abs=0.01) for point in ONE]
    assert all(any(near == tuple(point) for point in first[0]) for near in expected)
    assert [] == [url for url in sent if not url.startswith("blob:")]
