"""The demo: it computes what Python does, comes with the first touch, and is for everybody."""

from __future__ import annotations

import gzip
import json
import re
import struct
from typing import TYPE_CHECKING, Any

import chromium
import pytest

from .conftest import BASE, ROOT, Built, tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import (
        Browser,
        BrowserContext,
        Dialog,
        Page,
        Route,
    )

pytestmark = pytest.mark.slow

URL = "/mnist-classifier-with-pytorch-part-4/"
OWN = "/own-digits/"
MODEL = ROOT / "assets/models/digits.bin"
GOLDEN = ROOT / "assets/models/digits-golden.json"
CODE = [f"{BASE}/assets/js/demo.js", f"{BASE}/assets/js/digits.js"]
LOADED = [f"{BASE}/assets/demo.css", *CODE, f"{BASE}/assets/models/digits.bin"]
ONE = [(0.5, 0.2 + 0.06 * step) for step in range(11)]
"""A vertical line, as a part of the pad's side."""

PEN = 0.04
"""Half the width of its ink."""


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


def test_readers_without_the_demo_are_told(site: Built) -> None:
    """In place of it: where scripts do not run, and in the feed."""
    [place] = site.page(URL).select("#digit-demo")
    assert place.select("noscript ~ .demo")
    [entry] = re.findall(
        r"&lt;div id=&quot;digit-demo.*?&lt;/div", site.read("/feed.xml"), re.DOTALL
    )
    [otherwise] = place.select("noscript")
    for text in (otherwise.get_text(), entry):
        assert "it needs JavaScript" in text


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
    chromium.repaint(page)
    return page.locator(".demo-answer").inner_text()


def _inked(page: Page, canvases: str = ".demo-steps canvas") -> list[bool]:
    """Whether there is ink on each of some canvases."""
    chromium.repaint(page)
    inked: list[bool] = page.locator(canvases).evaluate_all(
        """canvases => canvases.map((canvas) => canvas.getContext("2d")
            .getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte))"""
    )
    return inked


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
    assert len(bars) == 11
    assert all(bars)
    _stroke(demo, [(0.2, 0.5), (0.8, 0.5)])
    one_stroke = demo.get_by_role("button", name="Undo")
    one_stroke.click()
    one_stroke.click()
    assert _answer(demo) == "Draw a digit, or pick a sample."


def test_the_pictures_are_of_what_is_on_the_pad(demo: Page) -> None:
    """What the network sees, four steps and four layers; a sample has only the last step."""
    assert [False] * 9 == _inked(demo)
    _stroke(demo, ONE)
    assert [True] * 9 == _inked(demo)
    demo.get_by_role("button", name="Sample of a 6").click()
    assert [True, False, False, False, True, True, True, True, True] == _inked(demo)
    demo.get_by_role("button", name="Clear").click()
    assert [False] * 9 == _inked(demo)


def test_a_sample_stays_on_the_pad_until_the_reader_draws(demo: Page) -> None:
    """Passing by with the keyboard leaves it; a stroke starts on empty paper."""
    demo.get_by_role("button", name="Sample of a 6").click()
    before = _answer(demo)
    demo.locator(".demo-pad").focus()
    demo.keyboard.press("ArrowUp")
    demo.keyboard.press("Tab")
    assert [True] == _inked(demo, ".demo-pad")
    assert before == _answer(demo)
    _stroke(demo, ONE)
    drawn = _pixels(demo)
    demo.get_by_role("button", name="Clear").click()
    _stroke(demo, ONE)
    assert drawn == _pixels(demo)


def _pixels(page: Page) -> str:
    chromium.repaint(page)
    pixels: str = page.locator(".demo-pad").evaluate("pad => pad.toDataURL()")
    return pixels


def test_a_frame_shows_all_moves_of_the_pointer_at_once(demo: Page) -> None:
    """Ten moves between two frames paint each of the ten canvases once."""
    box = demo.locator(".demo-pad").bounding_box()
    assert box
    demo.mouse.move(box["x"] + 50, box["y"] + 50)
    demo.mouse.down()
    painted = demo.locator(".demo-pad").evaluate("""async (pad) => {
        await new Promise(requestAnimationFrame);
        const { putImageData } = CanvasRenderingContext2D.prototype;
        let times = 0;
        CanvasRenderingContext2D.prototype.putImageData = function (...all) {
            times += 1;
            putImageData.apply(this, all);
        };
        const { left, top } = pad.getBoundingClientRect();
        for (let y = 60; y < 160; y += 10) {
            const place = { pointerId: 1, clientX: left + 50, clientY: top + y };
            pad.dispatchEvent(new PointerEvent("pointermove", place));
        }
        await new Promise(requestAnimationFrame);
        return times;
    }""")
    assert painted == 10


@pytest.mark.parametrize("url", [URL, OWN])
def test_ink_follows_the_colours_of_the_page(
    context: BrowserContext, address: str, url: str
) -> None:
    """Those that the reader picks and those of their system, on every picture."""
    page = context.new_page()
    page.goto(address + url)
    _start(page)
    _stroke(page, ONE)
    if url == OWN:
        page.get_by_role("button", name="Keep it").click()
        _stroke(page, ONE)
    light = _ink(page)
    chromium.use_colours(page, "dark")
    dark = _ink(page)
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert _ink(page) == light != dark


def _ink(page: Page) -> str:
    """The colour of text on the canvases, once all ink has it."""
    ink: str = page.wait_for_function(
        """() => {
        const colours = [...document.querySelectorAll(".demo canvas")].flatMap((canvas) => {
            const { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            const opaque = data.findIndex((byte, i) => i % 4 === 3 && byte === 255);
            const ink = `rgb(${[...data.slice(opaque - 3, opaque)].join(", ")})`;
            return opaque < 0 ? [] : [getComputedStyle(canvas).color, ink];
        });
        return new Set(colours).size === 1 && colours[0];
    }""",
        timeout=3000,
    ).json_value()
    return ink


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    """The post of Part IV on a phone, its demo started and in view."""
    with browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True) as context:
        page = context.new_page()
        page.goto(address + URL)
        _start(page)
        page.locator(".demo-pad").scroll_into_view_if_needed()
        yield page


def _touch(page: Page, *moments: list[tuple[float, float]]) -> None:
    """Put fingers on parts of the pad, at each moment as many as there are, and lift all."""
    box = page.locator(".demo-pad").bounding_box()
    assert box
    client = page.context.new_cdp_session(page)
    before = 0
    for moment in [*moments, []]:
        points = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "id": number}
            for number, (x, y) in enumerate(moment)
        ]
        kind = "touchStart" if len(moment) > before else "touchMove" if moment else "touchEnd"
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        before = len(moment)


def test_a_finger_draws_and_the_page_does_not_scroll(phone: Page) -> None:
    """By real touch events; the rest of the page still scrolls."""
    before = phone.evaluate("scrollY")
    _touch(phone, *([point] for point in ONE))
    phone.wait_for_function("document.querySelector('.demo-answer').textContent.includes('That')")
    assert before == phone.evaluate("scrollY")


def test_a_second_finger_does_not_draw(phone: Page) -> None:
    """A palm beside a drawing finger leaves no ink, and its lifting does not end the stroke."""
    top, high, low, bottom = [(0.5, y) for y in (0.2, 0.4, 0.6, 0.8)]
    palm = (0.9, 0.3)
    _touch(phone, [top], [top, palm], [high, palm], [low, (0.8, 0.5)], [low], [bottom])
    chromium.repaint(phone)
    found = phone.locator(".demo-pad").evaluate("""pad => {
        const { data } = pad.getContext("2d").getImageData(0, 0, pad.width, pad.height);
        const inked = [...data.keys()].filter((i) => i % 4 === 3 && data[i]);
        const across = inked.map((i) => (i >> 2) % pad.width / pad.width);
        const down = inked.map((i) => Math.floor((i >> 2) / pad.width) / pad.height);
        return [across, down].map((all) => [Math.min(...all), Math.max(...all)]);
    }""")
    expected = [(0.5 - PEN, 0.5 + PEN), (0.2 - PEN, 0.8 + PEN)]
    assert [pytest.approx(ends, abs=0.02) for ends in expected] == found


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
    assert page.locator(".demo-paper [role=status]").inner_text() == "row 8, column 8, cleared"
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


def _with(**reject: float) -> Callable[[Route], None]:
    """Serve the model with another threshold, or temperature."""
    data = MODEL.read_bytes()
    [length] = struct.unpack("<I", data[:4])
    header: dict[str, Any] = json.loads(data[4 : 4 + length])
    header["reject"] |= reject
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I", len(text)) + text + data[4 + length :]
    return lambda route: route.fulfill(body=body)


@pytest.mark.parametrize(("threshold", "knows"), [(1.01, False), (0, True)])
def test_the_threshold_of_the_file_decides_what_is_a_digit(
    context: BrowserContext, address: str, threshold: float, *, knows: bool
) -> None:
    """What is refused is said in words, and no bar is marked as the answer."""
    page = context.new_page()
    page.route("**/digits.bin", _with(threshold=threshold))
    page.goto(address + URL)
    _start(page)
    _stroke(page, ONE)
    assert knows == (_answer(page) != "That is no digit I know.")
    assert int(knows) == page.locator(".demo-bars [data-best]").count()


@pytest.mark.parametrize(
    ("temperature", "words"),
    [(0.01, r"That is a 1: (> 99|100)%\."), (1e6, r"Perhaps an? \d: 9%\.")],
)
def test_an_answer_that_is_not_sure_is_said_with_perhaps(
    context: BrowserContext, address: str, temperature: float, words: str
) -> None:
    """A temperature makes the network sure, or not."""
    page = context.new_page()
    page.route("**/digits.bin", _with(temperature=temperature, threshold=0))
    page.goto(address + URL)
    _start(page)
    _stroke(page, ONE)
    assert re.fullmatch(words, _answer(page))


def test_the_bars_say_where_the_probability_went_and_what_is_enough(
    context: BrowserContext, address: str
) -> None:
    """Ten digits and none; a mark at the threshold, which a digit must reach, and its words."""
    page = context.new_page()
    page.route("**/digits.bin", _with(threshold=0.6))
    page.goto(address + URL)
    _start(page)
    _stroke(page, [(0.1, 0.9), (0.5, 0.1), (0.9, 0.9), (0.3, 0.6), (0.7, 0.6)])
    chromium.repaint(page)
    bars = page.locator(".demo-bars li")
    assert [*"0123456789", "none"] == bars.locator("span").all_inner_texts()
    shares = bars.evaluate_all("all => all.map((bar) => +bar.style.getPropertyValue('--p'))")
    assert sum(shares) == pytest.approx(1)
    marks = bars.locator("i").evaluate_all("""all => all.map((bar) => {
        const { content, left } = getComputedStyle(bar, "::after");
        return content === "none" ? null : parseFloat(left) / bar.clientWidth;
    })""")
    assert [*[pytest.approx(0.6, abs=0.01)] * 10, None] == marks
    assert page.get_by_text("A digit is accepted from the mark on: 60%.").is_visible()


def test_an_eight_has_another_article(context: BrowserContext, address: str) -> None:
    """In the names of buttons, in answers, and where a digit is asked for."""
    page = context.new_page()
    page.route("**/digits.bin", _with(threshold=0))
    page.goto(address + URL)
    _start(page)
    page.get_by_role("button", name="Sample of an 8").click()
    assert " an 8: " in _answer(page)
    page.goto(address + OWN)
    _start(page)
    page.get_by_label("This is the digit").select_option("8")
    assert page.get_by_text("Draw an 8.").is_visible()


def test_the_button_keeps_its_distance(context: BrowserContext, address: str) -> None:
    """From the paragraph that follows the demo."""
    page = context.new_page()
    page.goto(address + URL)
    gap = page.locator(".demo button").evaluate(
        """button => button.closest(".demo").parentElement.nextElementSibling
            .getBoundingClientRect().top - button.getBoundingClientRect().bottom"""
    )
    assert gap >= 16


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
    assert [] == chromium.violations(page, script)


def test_code_and_weights_are_small(site: Built) -> None:
    """The source of what computes is under 10 KB; the first touch loads under 60 KB compressed."""
    computes = (ROOT / "assets/js/digits.js").stat().st_size
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
    page.get_by_label("This is the digit").select_option("7")
    _stroke(page, [(0.3, 0.3), (0.7, 0.3), (0.4, 0.8)])
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name="Remove the 1, number 2").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save as a file").click()
    assert waiting.value.suggested_filename == "my-digits.json"
    saved = json.loads(waiting.value.path().read_text(encoding="utf-8"))
    assert (1, PEN) == (saved["format"], saved["pen"])
    assert [0, 7] == [drawing["label"] for drawing in saved["drawings"]]
    first = saved["drawings"][0]["strokes"]
    assert 1 == len(first)
    expected = [pytest.approx(point, abs=0.01) for point in ONE]
    assert all(any(near == tuple(point) for point in first[0]) for near in expected)
    assert [] == [url for url in sent if not url.startswith("blob:")]


def test_a_reader_is_warned_before_drawings_are_lost(context: BrowserContext, address: str) -> None:
    """On leaving the page with digits that are not saved, and not otherwise."""
    page = context.new_page()
    asked: list[str] = []

    def leave() -> list[str]:
        """Reload, whatever is asked; return the kinds of question."""
        asked.clear()
        page.reload()
        return asked

    def accept(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    page.goto(address + OWN)
    for saved in (True, False):
        _start(page)
        _stroke(page, ONE)
        page.get_by_role("button", name="Keep it").click()
        if saved:
            with page.expect_download():
                page.get_by_role("button", name="Save as a file").click()
        assert ([] if saved else ["beforeunload"]) == leave()
