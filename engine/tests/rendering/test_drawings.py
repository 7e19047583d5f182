"""Drawings within HTML: images on the page, whatever library drew them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

from post_builder.execution.run import Output
from post_builder.rendering.regions.rendered import RenderedCell

Render = Callable[..., RenderedCell]

CIRCLE = '<circle cx="5" cy="5" r="3"/>'


def html(markup: str) -> Output:
    """Return an HTML output."""
    return {"output_type": "display_data", "data": {"text/html": markup}, "metadata": {}}


def image(cell: RenderedCell) -> dict[str, str]:
    """Return the attributes of the one image in the output of a cell; its drawing is decoded."""
    [tag] = re.findall(r"<img [^>]*>", cell.region)
    found = {key: unescape(value) for key, value in re.findall(r'(\w+)="([^"]*)"', tag)}
    return {**found, "src": unquote(found["src"].removeprefix("data:image/svg+xml,"))}


def notes(cell: RenderedCell) -> list[str]:
    """Return what the build says of a cell."""
    return [note.message.removeprefix("cell plot: ") for note in cell.notes]


def test_a_drawing_beside_text_is_an_image(rendered: Render) -> None:
    """With its sides, and with its words for those who do not see it."""
    drawing = f'<svg width="10" height="20px"><title>A dot & more</title>{CIRCLE}</svg>'
    cell = rendered(html(f"<p>before</p>{drawing}<p>after</p>"))
    shown = image(cell)
    assert ("10", "20", "A dot & more") == (shown["width"], shown["height"], shown["alt"])
    assert CIRCLE in shown["src"]
    assert "<p>before</p>" in cell.region
    assert "<p>after</p>" in cell.region
    assert not cell.notes


def test_a_drawing_alone_is_a_figure(rendered: Render) -> None:
    """Also within the elements that libraries put around it."""
    drawing = f'<svg width="9" height="9">{CIRCLE}</svg>'
    cell = rendered(html(f'<span class="x"><div>{drawing}</div></span>'))
    assert [".svg"] == [Path(figure.path).suffix for figure in cell.figures]
    assert "data:" not in cell.region


def test_nothing_in_a_drawing_runs(rendered: Render) -> None:
    """Its scripts and handlers go; an image would not run them either."""
    harm = '<script>a()</script><circle r="3" onclick="b()"/>'
    shown = image(rendered(html(f'<p>a</p><svg width="9" height="9">{harm}</svg>')))
    assert '<circle r="3"' in shown["src"].replace("ns0:", "")
    assert not re.search(r"script|onclick", shown["src"])


def test_random_ids_of_a_drawing_are_numbered(rendered: Render) -> None:
    """So that two runs give the same text; what uses them still finds them."""

    def text(name: str) -> str:
        used = f'<path id="{name}" d="M0 0"/><use href="#{name}"/><rect fill="url(#{name})"/>'
        return rendered(html(f"<p>a</p><svg>{used}</svg>")).region

    assert text("a7f3") == text("arrow-91")
    assert "%23n0" in text("x")


@pytest.mark.parametrize(
    "drawing",
    [
        '<svg><use href="#icon-of-another-drawing"/></svg>',
        f'<svg><defs><symbol id="a">{CIRCLE}</symbol></defs></svg>',
        "<svg width=10><circle r=3></svg>",
    ],
)
def test_a_drawing_that_an_image_cannot_be_is_said(rendered: Render, drawing: str) -> None:
    """Parts of another drawing, nothing to see, or what only HTML can read."""
    cell = rendered(html(f"<p>a</p>{drawing}"))
    assert '<div class="output html"><p>a</p></div>' in cell.region
    assert ["its HTML is shown without <svg>; .trusted-html shows all of it"] == notes(cell)


@pytest.mark.parametrize("text", ["", " ", "\n \n"])
def test_an_output_without_a_visible_character_is_no_box(rendered: Render, text: str) -> None:
    """Whether it is printed or displayed; and nobody has to be told."""
    printed: Output = {"output_type": "stream", "name": "stdout", "text": text}
    empty: Output = {
        "output_type": "display_data",
        "data": {"text/html": f"<pre>{text}</pre>", "text/plain": text},
        "metadata": {},
    }
    for output in (printed, empty):
        cell = rendered(output)
        assert "" == cell.region
        assert not cell.notes


def test_a_drawing_in_markdown_is_an_image(rendered: Render) -> None:
    """Within a line or apart, as in HTML; formulas beside it stay formulas."""
    drawing = f'<svg width="10" height="20"><title>A dot</title>{CIRCLE}</svg>'
    for text in (f"A **dot**: {drawing} and $x$", f"# Dot\n\n<p>{drawing}</p>\n\n$x$\n"):
        cell = rendered(
            {"output_type": "display_data", "data": {"text/markdown": text}, "metadata": {}}
        )
        shown = image(cell)
        assert ("10", "20", "A dot") == (shown["width"], shown["height"], shown["alt"])
        assert CIRCLE in shown["src"]
        assert "<math" in cell.region
        assert not cell.notes
