"""Numbers that answer, figures that follow the page, and what a reader chooses and finds."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from .conftest import BASE
from .test_pages import attribute, the

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, ViewportSize

    from .conftest import Built

pytestmark = pytest.mark.slow

CARD = {"light": (255, 255, 255), "dark": (0x1B, 0x1E, 0x22)}
"""The colour of a figure's card."""


@pytest.fixture
def numbers(page: Page, address: str) -> Page:
    """The post whose numbers answer."""
    page.goto(f"{address}/numbers/")
    return page


def test_a_number_links_to_its_cell(site: Built) -> None:
    """Without a script a number leads to the cell after which it was computed."""
    page = site.page("/numbers/")
    links = [(link.get_text(), attribute(link, "href")) for link in page.select("[data-value] > a")]
    assert links == [("1.5", "#training"), ("2", "#cell-3")]
    assert all(page.select(target) for _, target in links)


def test_a_number_tells_its_origin(numbers: Page) -> None:
    """Under the pointer a number shows its expression, its cell and its day; Escape hides that."""
    numbers.locator("[data-value] > a").first.hover()
    origin = numbers.locator(".origin")
    assert origin.inner_text() == "seconds:.1f\ncomputed after cell training, ran 14 March 2024"
    assert origin.get_by_role("link").get_attribute("href") == "#training"
    numbers.keyboard.press("Escape")
    assert not origin.is_visible()


def test_a_number_tells_its_origin_by_keyboard(numbers: Page) -> None:
    """With the focus on it a number is described by its origin, and Enter goes to the cell."""
    number = numbers.locator("[data-value] > a").first
    number.focus()
    assert number.get_attribute("aria-describedby") == "origin"
    assert numbers.locator("#origin").is_visible()
    numbers.keyboard.press("Enter")
    assert numbers.url.endswith("#training")
    assert not numbers.locator("#origin").is_visible()


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    """That page on a phone, which is touched."""
    with browser.new_context(
        viewport={"width": 360, "height": 700}, has_touch=True, is_mobile=True
    ) as context:
        page = context.new_page()
        page.goto(f"{address}/numbers/")
        yield page


def test_a_tap_tells_before_it_goes(phone: Page) -> None:
    """On a phone the first tap shows the origin, and the link in it goes to the cell."""
    phone.locator("[data-value] > a").first.tap()
    assert "#" not in phone.url
    phone.locator(".origin a").tap()
    assert phone.url.endswith("#training")


def test_outputs_say_which_cell_made_them(numbers: Page) -> None:
    """Outputs and figures name their cell, and its seconds where the record has them."""
    made = numbers.locator("[data-made]").evaluate_all(
        "(all) => all.map((one) => one.dataset.made)"
    )
    assert made[:2] == ["by cell training, 12 s"] * 2
    label = "(one) => getComputedStyle(one, '::before').content"
    output = numbers.locator(".output.stdout").first
    assert output.evaluate(label) == '"Printed"'
    output.hover()
    assert output.evaluate(label) == '"Printed by cell training, 12 s"'


def test_without_a_mouse_outputs_always_say_it(phone: Page) -> None:
    """On a screen that is touched nothing hovers: outputs and figures name their cell at once."""
    label = "(one, side) => getComputedStyle(one, side).content"
    output, figure = phone.locator(".output.stdout"), phone.locator(".figure[data-made]")
    assert output.first.evaluate(label, "::before") == '"Printed by cell training, 12 s"'
    assert figure.first.evaluate(label, "::after") == '"Made by cell training, 12 s"'
    assert figure.first.evaluate("(one) => getComputedStyle(one, '::after').display") == "block"


def test_a_figure_says_it_to_the_keyboard(numbers: Page) -> None:
    """A figure says which cell made it while its link has the focus, and not before."""
    shown = "(one) => getComputedStyle(one, '::after').display"
    figure = numbers.locator(".figure[data-made]").first
    assert figure.evaluate(shown) == "none"
    figure.get_by_role("link").focus()
    assert figure.evaluate(shown) == "block"


def test_folds_that_a_reader_asks_for_have_names(page: Page) -> None:
    """A fold is named by its functions, its cell, or as commands, and tells its lines."""
    blocks = page.locator(".post-content")
    blocks.evaluate(
        """(content) => content.querySelector("#steps").dataset.title = "MLP, train" """
    )
    page.get_by_role("button", name="Fold code").click()
    names = page.locator(".cell-fold.added > summary").all_inner_texts()
    assert names[0] == "Code: MLP, train 2 lines"
    assert any(name.startswith("Commands") for name in names)
    assert not any("1 lines" in name for name in names)


def test_code_folds_and_opens_and_that_is_remembered(numbers: Page) -> None:
    """All code can be folded or opened, on the next page too, and again as the author has it."""
    fold = numbers.get_by_role("button", name="Fold code")
    code = numbers.locator("#training pre")
    copied = numbers.locator("#copies-of-code pre")
    assert (code.is_visible(), copied.is_visible()) == (True, False)
    fold.click()
    assert not code.is_visible()
    assert fold.get_attribute("aria-pressed") == "true"
    numbers.reload()
    assert not code.is_visible()
    numbers.get_by_role("button", name="Open code").click()
    assert (code.is_visible(), copied.is_visible()) == (True, True)
    numbers.get_by_role("button", name="Open code").click()
    assert (code.is_visible(), copied.is_visible()) == (True, False)


def test_lines_wrap_if_a_reader_wants(page: Page) -> None:
    """A switch wraps the lines of code, after which no block scrolls."""
    page.set_viewport_size({"width": 360, "height": 700})
    page.locator("#steps pre[tabindex]").wait_for()
    page.get_by_role("button", name="Wrap lines").click()
    page.locator("#steps pre:not([tabindex])").wait_for()
    page.reload()
    assert page.locator("#steps pre").evaluate("(pre) => pre.scrollWidth <= pre.clientWidth")


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("switched", [False, True])
def test_figures_follow_the_page(numbers: Page, system: str, switched: bool) -> None:
    """A drawing has the colour of its card, by the system's choice and by the reader's own."""
    numbers.emulate_media(color_scheme="dark" if system == "dark" else "light")
    if switched:
        numbers.get_by_role("button", name="Dark colours").click()
    image = numbers.locator("img.themed")
    image.scroll_into_view_if_needed()
    numbers.wait_for_function("document.querySelector('img.themed').complete")
    picture = Image.open(BytesIO(image.screenshot())).convert("RGB")
    other = {"light": "dark", "dark": "light"}
    assert picture.getpixel((6, 6)) == CARD[other[system] if switched else system]


def test_a_tap_on_a_figure_opens_it_alone(browser: Browser, address: str) -> None:
    """A figure is a link to its drawing, named by what it shows, which fills a phone's screen."""
    phone: ViewportSize = {"width": 360, "height": 740}
    with browser.new_context(viewport=phone, is_mobile=True, has_touch=True) as context:
        page = context.new_page()
        page.goto(f"{address}/numbers/")
        page.get_by_role("link", name="A drawing").tap()
        page.wait_for_url("**/assets/images/every-element/drawn.svg")
        box = page.evaluate("document.documentElement.getBoundingClientRect().width")
        assert box == page.evaluate("innerWidth")
        page.emulate_media(color_scheme="dark")
        picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
        assert picture.getpixel((2, 2)) == CARD["dark"]


def test_a_link_into_a_fold_opens_it(page: Page, address: str) -> None:
    """The address of a folded cell or of a solution shows it, at once and without a glide."""
    for cell in ("copies-of-code", "solution"):
        page.goto("about:blank")
        page.goto(f"{address}/numbers/#{cell}")
        page.locator(f"#{cell} pre").wait_for()
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_the_contents_are_never_far_on_a_phone(numbers: Page) -> None:
    """From anywhere on a narrow page a link at the corner leads back to the open contents."""
    numbers.set_viewport_size({"width": 360, "height": 500})
    numbers.reload()
    link = numbers.get_by_role("link", name="Contents")
    link.wait_for(state="hidden")  # the list is in view
    numbers.locator("#exercises").scroll_into_view_if_needed()
    link.click()
    assert numbers.locator(".toc a").first.is_visible()
    assert numbers.locator(".toc").evaluate("(list) => list.getBoundingClientRect().top") >= 0


def test_the_way_back_says_where_a_reader_is_and_cuts_no_line(numbers: Page) -> None:
    """It spans a narrow page, below the text, with the name of the section in view."""
    numbers.set_viewport_size({"width": 360, "height": 500})
    numbers.reload()
    numbers.locator("#exercises").evaluate("(heading) => heading.scrollIntoView()")
    link = numbers.locator(".to-contents a[data-at='Exercises']")
    link.wait_for()
    box = link.bounding_box()
    assert box is not None
    assert (0, 360) == (box["x"], box["width"])


@pytest.mark.parametrize("width", [320, 360, 500, 768, 1280])
def test_no_choice_stands_alone_on_a_line(numbers: Page, width: int) -> None:
    """What changes how code is shown stays together, at every width."""
    numbers.set_viewport_size({"width": width, "height": 700})
    tops = numbers.locator(".choice").evaluate_all(
        "(buttons) => buttons.map((button) => button.getBoundingClientRect().top)"
    )
    assert 1 == len(set(tops))


def test_the_way_back_covers_nothing_that_has_the_focus(numbers: Page) -> None:
    """By keyboard on a narrow page, what has the focus is never under the link at the corner."""
    numbers.set_viewport_size({"width": 360, "height": 500})
    numbers.reload()
    for _ in range(60):
        numbers.keyboard.press("Tab")
        assert not numbers.evaluate("""() => {
            const link = document.querySelector(".to-contents a");
            const focused = document.activeElement;
            if (focused === link || !link.checkVisibility({ visibilityProperty: true })) return "";
            const [box, corner] = [focused, link].map((node) => node.getBoundingClientRect());
            const beside = box.right <= corner.left || box.left >= corner.right;
            const covered = box.top >= corner.top && box.bottom <= corner.bottom;
            return beside || !covered ? "" : focused.outerHTML;
        }""")


def test_a_long_list_of_contents_follows(numbers: Page) -> None:
    """The entry of the section in view is kept in view in a list that is longer than the screen."""
    numbers.set_viewport_size({"width": 1280, "height": 300})
    numbers.evaluate("""() => {
        const list = document.querySelector(".toc ul");
        for (let i = 0; i < 40; i++) list.prepend(list.firstElementChild.cloneNode());
    }""")
    numbers.locator("#exercises").evaluate("(heading) => heading.scrollIntoView()")
    current = numbers.locator(".toc a[aria-current]", has_text="Exercises")
    current.wait_for()
    box = current.bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= 300


def test_headings_have_addresses_to_copy(numbers: Page) -> None:
    """The mark beside a heading leads to it and puts its whole address on the clipboard."""
    numbers.get_by_role("link", name="Link to Copies").click()
    numbers.locator("[role=status]", has_text="Link copied").wait_for(state="attached")
    assert numbers.evaluate("navigator.clipboard.readText()") == numbers.url
    assert numbers.url.endswith("#copies")


def test_questions_find_sections(page: Page, address: str) -> None:
    """A question finds the section of that name, before copies of code that are folded."""
    page.goto(f"{address}/search/")
    page.get_by_role("searchbox").fill("how to save model")
    found = page.locator(".search-results a")
    found.first.wait_for()
    addresses = [link.get_attribute("href") or "" for link in found.all()]
    assert addresses[0].endswith("#save-and-load")
    assert f"{BASE}/numbers/#save-and-load" in addresses[:3]


def test_solutions_are_one_fold_each(numbers: Page) -> None:
    """An exercise has one fold, closed, that holds its code and its output."""
    fold = numbers.locator(".solution")
    assert fold.count() == 1
    assert not numbers.get_by_text("three").is_visible()
    fold.locator("> summary", has_text="Solution").click()
    assert numbers.get_by_text("three").is_visible()
    assert numbers.locator("#solution pre").is_visible()


def test_formulas_are_shown_without_a_script(site: Built) -> None:
    """Formulas are MathML on the page and in the feed."""
    maths = site.page("/numbers/").select("math")
    assert [attribute(math, "display") for math in maths] == ["inline", "block"]
    assert "&lt;math alttext=" in site.read("/feed.xml")


def test_cards_have_subtitles_and_descriptions(site: Built) -> None:
    """A card shows subtitle and description, and says when the post was updated by a build."""
    (card,) = [card for card in site.page("/").select(".card") if "answer" in card.get_text()]
    assert the(card, ".card-subtitle").get_text() == "A post that ran, with a drawing"
    assert the(card, ".card-excerpt").get_text() == "A description that cards show."
    assert "updated 14 March 2024" in the(card, ".post-meta").get_text()


def test_a_card_says_no_day_twice(site: Built) -> None:
    """A post that ran last on the day of its date is not called updated on its card."""
    for card in site.page("/").select(".card"):
        days = [day.get_text() for day in card.select("time")]
        assert len(days) == len(set(days)), card


def test_the_foot_says_of_torch_only_what_the_record_says(site: Built) -> None:
    """A post without torch reads nothing of it; its data files and its digest are named."""
    foot = the(site.page("/numbers/"), ".provenance").get_text()
    assert "torch" not in foot
    assert "AVX2" not in foot
    assert "0123456789abcdef" in foot
    assert "data/MNIST/raw/x.gz" in foot


def test_the_home_page_shows_what_this_is(site: Built) -> None:
    """Code beside its output, a count of computed numbers, the way to the page, three doors."""
    page = site.page("/")
    shown = the(page, ".showcase")
    assert the(shown, ".highlight pre").get_text().strip()
    assert the(shown, "pre.output.stdout").get_text().strip()
    assert int(the(shown, ".showcase-count strong").get_text()) > 50
    assert len(shown.select(".way li")) == 4
    assert len(page.select(".doors a")) == 3
    assert page.select("svg.digit")


def test_the_last_part_says_where_to_go(site: Built) -> None:
    """The last part of a series leads to the overview, the builds, and to writing."""
    links = site.page("/part-three/").select(".post-navigation .next a")
    assert [attribute(link, "href").removeprefix(BASE) for link in links] == [
        "/series/#a-series-first-last",
        "/builds/",
        "/#doors",
    ]
