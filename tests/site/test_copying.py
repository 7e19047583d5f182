"""Copying: what reaches the clipboard is the source, and it runs."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import chromium
import pytest
import yaml

from .conftest import FIXTURES, ROOT

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from playwright.sync_api import Page

    from .conftest import Built

pytestmark = pytest.mark.slow

CLIPBOARD = "navigator.clipboard.readText()"
"""What a reader would paste."""

CELLS = "div.language-python:not(.raises-exception, .skip-execution)"
"""The code that a reader's own file holds in the end."""

PUBLIC = {"torch", "torchvision", "matplotlib", "PIL"}
PUBLIC |= {"onnxruntime", "safetensors", "sklearn"}
"""The packages that a post's first lines ask a reader to install."""


def test_copy_buttons_copy_exactly_the_source(site: Built, page: Page, address: str) -> None:
    """Every block of code of every post, folded or not, reaches the clipboard unchanged."""
    for url in site.urls():
        blocks = site.page(url).select("div.language-python .highlight pre code")
        if not blocks:
            continue
        page.goto(address + url)
        chromium.open_all(page)
        buttons = page.locator("div.language-python > .copy")
        assert buttons.count() == len(blocks), url
        for index, block in enumerate(blocks):
            buttons.nth(index).click()
            assert page.evaluate("navigator.clipboard.readText()") == block.get_text(), url


def test_console_copies_commands_only(page: Page) -> None:
    """A console's prompts and outputs stay behind."""
    page.locator(".post-content .language-console > .copy").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "pip install torch\npython post.py\n"


def test_outputs_have_no_button(page: Page) -> None:
    """There is one copy button for each block of code, and none in or on an output."""
    assert page.locator(".copy").count() == page.locator(".highlight pre:has(code)").count()
    assert page.locator(".output .copy").count() == 0


def test_copying_by_keyboard_is_announced(page: Page) -> None:
    """The button is reached and pressed with keys, and says what it did."""
    button = page.locator("#steps .copy")
    button.focus()
    page.keyboard.press("Enter")
    page.locator("[role=status]", has_text="Copied").wait_for(state="attached")
    assert button.inner_text() == "Copied"
    assert button.evaluate("(button) => getComputedStyle(button).opacity") == "1"
    assert page.evaluate("navigator.clipboard.readText()").endswith("# comment\n")


def test_copying_where_the_clipboard_is_refused(page: Page) -> None:
    """Where a page may not use the new clipboard, the old way is taken, and focus stays."""
    page.evaluate(
        "() => { Clipboard.prototype.writeText = () => Promise.reject(new Error('refused')) }"
    )
    page.locator("#steps .copy").click()
    page.locator("[role=status]", has_text="Copied").wait_for(state="attached")
    assert page.evaluate("navigator.clipboard.readText()").endswith("# comment\n")
    assert page.evaluate("document.activeElement.matches('.copy')")


def test_copy_all_copies_all_that_runs(site: Built, page: Page) -> None:
    """One button copies the cells in order, folded ones too, and says so."""
    page.get_by_role("button", name="Copy all code").click()
    page.locator("[role=status]", has_text="Copied").wait_for(state="attached")
    cells = site.page("/every-element/").select(f".post-content {CELLS} .highlight pre code")
    assert len(cells) == 6
    assert page.evaluate(CLIPBOARD) == "\n".join(cell.get_text() for cell in cells)


def imported(source: str) -> set[str]:
    """The packages outside Python's own library that a source imports."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names - sys.stdlib_module_names


def run_alone(source: str, folder: Path) -> list[str]:
    """Run a source in a folder of its own with public packages only; return the lines it prints."""
    for raw in ("data/MNIST/raw", "data/QMNIST/raw"):
        (folder / raw).mkdir(parents=True)
        for archive in (ROOT / raw).glob("*.gz"):
            shutil.copy(archive, folder / raw)
    (folder / "pasted.py").write_text(source, encoding="utf-8")
    start = (  # without .pth files none of our own packages can be imported
        f"import runpy, sys; sys.path.append({sysconfig.get_path('purelib')!r});"
        "runpy.run_path('pasted.py', run_name='__main__')"
    )
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    environment = {**config["post_builder"]["environment"], "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", start],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [line.rstrip() for line in done.stdout.splitlines()]


def printed(page: BeautifulSoup) -> list[tuple[str, bool]]:
    """The lines that a page says its code prints, and whether their numbers may differ."""
    lines = []
    for output in page.select(".post-content pre.output.stdout"):
        cell = output.find_previous("div", class_="language-python")
        tags = cell.get_attribute_list("class") if cell else []
        if "raises-exception" not in tags:
            loose = "nbval-ignore-output" in tags
            lines += [(line.rstrip(), loose) for line in output.get_text().splitlines()]
    return lines


def compared(lines: list[str], loose: list[bool]) -> list[str]:
    """The lines without the numbers that differ from run to run."""
    pairs = zip(lines, loose, strict=True)
    # with the blanks before it, of which a table has fewer where a number is wider
    return [
        re.sub(r" *\d+(\.\d+)?", "…", line) if may_differ else line for line, may_differ in pairs
    ]


COPIED = FIXTURES / "2024-03-08-copied.md"
"""A post with all kinds of cells, as a build left it."""

LONG = [pytest.mark.long, pytest.mark.timeout(3600)]
"""The marks of the series' posts: each takes minutes, and they have a target of their own."""

POSTS = sorted((ROOT / "_posts").glob("*.md"))


@pytest.mark.parametrize(
    "post",
    [COPIED, *(pytest.param(path, marks=LONG) for path in POSTS)],
    ids=lambda path: path.stem,
)
def test_a_post_copied_by_clicking_runs_and_prints_what_it_shows(
    site: Built, page: Page, address: str, tmp_path: Path, post: Path
) -> None:
    """All snippets of a post, copied one by one and joined, print what the page prints."""
    (url,) = [url for url in site.urls() if url.strip("/") == post.stem[len("2018-01-28-") :]]
    shown = printed(site.page(url))
    assert shown
    page.goto(address + url)
    chromium.open_all(page)
    snippets = []
    for button in page.locator(f".post-content {CELLS} > .copy").all():
        button.click()
        snippets.append(page.evaluate(CLIPBOARD))
    source = "\n".join(snippets)
    assert imported(source) <= PUBLIC
    ran = run_alone(source, tmp_path)
    assert len(shown) == len(ran), ran
    loose = [loose for _, loose in shown]
    assert compared([line for line, _ in shown], loose) == compared(ran, loose)
