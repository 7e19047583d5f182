"""It travels: the posts, unedited, in sites whose layouts have the markup of other themes.

The layouts, styles and scripts in `themes/` were written for these tests; what they share with the
themes is structure, class names and selectors. No plugin is there, and no include but the empty one
that each theme leaves to its users for the head of a page.
"""

from __future__ import annotations

import functools
import re
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from post_builder.cli import main

from .conftest import ROOT, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

THEMES = Path(__file__).parent / "themes"
THEMES_BY_NAME = {
    "minimal-mistakes": "mmistakes/minimal-mistakes",
    "just-the-docs": "just-the-docs/just-the-docs",
    "chirpy": "cotes2020/jekyll-theme-chirpy",
}
"""What `remote_theme` calls them, which only `init` reads here."""

READY = [f"{name}, after init" for name in THEMES_BY_NAME]
"""Sites in which `post-builder init` ran."""

CONFIG = """\
remote_theme: {name}
permalink: /:title/
kramdown: {{input: GFM, syntax_highlighter: rouge}}
"""

BLOCKS = """() => [...document.querySelectorAll("div.output.highlighter-rouge")]
  .filter((block) => !block.closest("details:not([open])"))
  .map((block) => {
    const pre = block.querySelector("pre");
    const style = (node) => getComputedStyle(node);
    const inside = pre.getBoundingClientRect().left - block.getBoundingClientRect().left
      + parseFloat(style(pre).paddingLeft);
    return {
      marked: style(block).backgroundColor !== "rgba(0, 0, 0, 0)"
        || style(block).borderLeftWidth === "3px",
      inside,
      fixed: style(pre).fontFamily.includes("mono"),
      button: [...block.querySelectorAll("button")].some((button) => button.checkVisibility()),
    };
  })"""
"""What makes an output look like a block, and whether a reader could copy it by a button."""


WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? []
  : [...document.querySelectorAll("body *")]
    .filter((node) => !node.closest("pre, table"))
    .filter((node) => node.getBoundingClientRect().right > innerWidth)
    .map((node) => node.outerHTML.slice(0, 200))"""
"""What makes a page scroll sideways."""


@pytest.fixture(scope="module", params=[*THEMES_BY_NAME, *READY])
def theme(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of the posts with the markup of a theme, built."""
    name = str(request.param).partition(",")[0]
    site = tmp_path_factory.mktemp("theme")
    for folder in ("_posts", "assets/images", "assets/notebooks"):
        shutil.copytree(ROOT / folder, site / folder)
    shutil.copytree(THEMES / name / "_layouts", site / "_layouts")
    style = (THEMES / "page.css").read_text("utf-8") + (THEMES / name / "theme.css").read_text(
        "utf-8"
    )
    (site / "assets/theme.css").write_text(style, "utf-8")
    if (THEMES / name / "theme.js").exists():
        shutil.copy(THEMES / name / "theme.js", site / "assets/theme.js")
    (site / "_config.yml").write_text(CONFIG.format(name=THEMES_BY_NAME[name]), "utf-8")
    if request.param in READY:
        assert main(["init", "--site", str(site)]) == 0
    else:
        shutil.copytree(THEMES / name / "_includes", site / "_includes")
    run(["jekyll", "build", "--quiet", "--baseurl", "/blog", "-d", "_site/blog"], cwd=site)
    return site / "_site"


@pytest.fixture
def host(theme: Path) -> Iterator[str]:
    """The address of that site."""
    handler = functools.partial(_Quiet, directory=str(theme))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/blog"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its base's name
        """Print nothing."""


def test_a_post_reads_well_in_other_themes(theme: Path, host: str, browser: Browser) -> None:
    """Outputs look like blocks, figures have their size, folds fold, nothing scrolls sideways."""
    # just-the-docs puts a button on every block; the style of outputs hides it
    docs = ".main-content" in (theme / "blog/assets/theme.css").read_text("utf-8")
    unstyled_docs = docs and not is_ready(theme)
    for page_file in sorted(theme.glob("blog/*/index.html")):
        html = page_file.read_text("utf-8")
        assert not re.search(r"\b(?:at|in) the foot\b|below this (?:page|post)", html)
        for width in (360, 1280):
            page = browser.new_page(viewport={"width": width, "height": 800})
            page.goto(f"{host}/{page_file.parent.name}/")
            assert page.evaluate(WIDE) == []
            blocks = page.evaluate(BLOCKS)
            assert len(blocks) > 10
            for block in blocks:
                assert block["marked"]
                assert block["inside"] >= 8
                assert block["fixed"]
                assert not block["button"] or unstyled_docs
            page.close()


def test_figures_keep_their_size_and_load_late(theme: Path, host: str, browser: Browser) -> None:
    """Also where the theme has no include for them; they are found below the base URL."""
    page = browser.new_page()
    for page_file in sorted(theme.glob("blog/*/index.html")):
        page.goto(f"{host}/{page_file.parent.name}/")
        images = page.locator("figure.figure img").evaluate_all(
            """(images) => images.map((image) => [image.getAttribute("width") > 0, image.loading,
                 image.alt.length > 10, image.getAttribute("src"), image.width / image.height
                 - image.getAttribute("width") / image.getAttribute("height")])"""
        )
        assert len(images) >= 3
        for sized, loading, has_alt, source, distortion in images:
            assert (sized, loading, has_alt) == (True, "lazy", True)
            assert (theme / source.lstrip("/")).is_file()
            assert abs(distortion) < 0.1
    page.close()


def test_figures_are_not_stretched(theme: Path, host: str, browser: Browser) -> None:
    """After `init`, a figure is at most as wide as it was drawn; a theme may stretch images."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    (first, *_) = sorted(theme.glob("blog/*part-1/index.html"))
    page.goto(f"{host}/{first.parent.name}/")
    widths = page.locator("figure.figure img").evaluate_all(
        "(images) => images.map((image) => [image.width, Number(image.getAttribute('width'))])"
    )
    stretched = [shown for shown, drawn in widths if shown > drawn]
    stretches = ".page__content" in (theme / "blog/assets/theme.css").read_text("utf-8")
    assert bool(stretched) == (stretches and not is_ready(theme))
    page.close()


def test_notices_are_boxes(theme: Path, host: str, browser: Browser) -> None:
    """A notice is a box after `init`, and looks as the theme wants it where that has notices."""
    page = browser.new_page(color_scheme="light")
    (first, *_) = sorted(theme.glob("blog/*part-1/index.html"))
    page.goto(f"{host}/{first.parent.name}/")
    notice = page.locator(".notice--info").first
    box = notice.evaluate("(box) => [getComputedStyle(box).backgroundColor, box.tagName]")
    if ".notice--info" in (theme / "blog/assets/theme.css").read_text("utf-8"):
        assert box == ["rgb(207, 226, 236)", "P"]
    else:
        assert box == ["rgba(128, 128, 128, 0.1)" if is_ready(theme) else "rgba(0, 0, 0, 0)", "P"]
    page.close()


def is_ready(theme: Path) -> bool:
    """Return whether `post-builder init` ran in the site."""
    return (theme / "blog/assets/js/post-builder.js").exists()


def test_code_folds(theme: Path, host: str, browser: Browser) -> None:
    """After `init`, hidden code is a closed `details` that links open; else it is open."""
    page = browser.new_page()
    (first, *_) = sorted(theme.glob("blog/*part-1/index.html"))
    page.goto(f"{host}/{first.parent.name}/")
    code = page.locator(".hide-input pre")
    assert code.count() > 10
    folds = page.locator("details.code-fold:not([open]) > .hide-input")
    assert folds.count() == (page.locator(".hide-input").count() if is_ready(theme) else 0)
    assert code.first.is_visible() != is_ready(theme)
    if is_ready(theme):
        fold = page.locator("details.code-fold", has=page.locator("#tools"))
        assert re.match(r"Code: tools \(\d+ lines\)", fold.inner_text())
        page.evaluate("location.hash = '#tools'")
        page.locator("#tools pre").wait_for()
    page.close()


def test_code_is_read_without_javascript(theme: Path, host: str, browser: Browser) -> None:
    """What no script folds is open."""
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        (first, *_) = sorted(theme.glob("blog/*part-1/index.html"))
        page.goto(f"{host}/{first.parent.name}/")
        assert all(code.is_visible() for code in page.locator(".hide-input pre").all())


def test_outputs_fold(theme: Path, host: str, browser: Browser) -> None:
    """A hidden output is a closed `details` with a summary, and opens."""
    page = browser.new_page()
    (first, *_) = sorted(theme.glob("blog/*part-1/index.html"))
    page.goto(f"{host}/{first.parent.name}/")
    fold = page.locator("details.output-fold").first
    assert not fold.locator("pre, img").first.is_visible()
    fold.locator("summary").click()
    assert fold.locator("pre, img").first.is_visible()
    page.close()
