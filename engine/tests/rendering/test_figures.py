"""Figures: their files, sizes, alt texts and captions."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from PIL import Image

from post_builder.errors import RenderError
from post_builder.execution.run import Output
from post_builder.rendering.regions.rendered import RenderedCell

Render = Callable[..., RenderedCell]

XMLNS = 'xmlns="http://www.w3.org/2000/svg"'

FOLDER = "assets/images/slug"


def figure(kind: str, content: str, metadata: Mapping[str, Any] | None = None) -> Output:
    """Return a figure as kernels send it, with the text that stands for it in a terminal."""
    data = {kind: content, "text/plain": "<Figure size 640x480 with 1 Axes>"}
    return {"output_type": "display_data", "data": data, "metadata": metadata or {}}


def picture(file_format: str = "png", **options: Any) -> str:
    """Return an image of 200 by 100 pixels, as kernels send it."""
    file = io.BytesIO()
    Image.new("L", (200, 100)).save(file, file_format, **options)
    return base64.b64encode(file.getvalue()).decode()


def svg(attributes: str = "width='20' height='10'") -> str:
    """Return a drawing."""
    return f"<?xml version='1.0'?>\n<svg a='1'\n {attributes}></svg>"


@pytest.mark.parametrize(
    ("kind", "content", "data", "suffix"),
    [
        ("image/svg+xml", f"<svg {XMLNS}>é</svg>", f"<svg {XMLNS}>é</svg>".encode(), "svg"),
        ("image/png", picture(), base64.b64decode(picture()), "png"),
        ("image/jpeg", picture("jpeg"), base64.b64decode(picture("jpeg")), "jpg"),
    ],
)
def test_a_figure_is_a_file_named_after_its_cell(
    rendered: Render, kind: str, content: str, data: bytes, suffix: str
) -> None:
    """Its bytes are those that the kernel sent; the page shows it instead of its text."""
    cell = rendered(figure(kind, content))
    (made,) = cell.figures
    assert ("plot", f"{FOLDER}/plot.{suffix}", data) == (made.cell, made.path, made.data)
    assert f"src=\"{{{{ '/{FOLDER}/plot.{suffix}' | relative_url }}}}\"" in cell.region
    assert "Figure size" not in cell.region


def test_the_best_kind_of_image_is_taken(rendered: Render) -> None:
    """A drawing is sharp at any size, and PNG loses nothing."""
    output = figure("image/png", picture())
    output["data"].update({"image/jpeg": picture("jpeg"), "image/svg+xml": svg()})
    assert f"{FOLDER}/plot.svg" == rendered(output).figures[0].path
    del output["data"]["image/svg+xml"]
    assert f"{FOLDER}/plot.png" == rendered(output).figures[0].path


def test_a_formula_stays_text(rendered: Render) -> None:
    """Some libraries also draw their formulas; text can be read aloud, and needs no alt text."""
    output = figure("image/png", picture())
    output["data"]["text/latex"] = "$x$"
    cell = rendered(output, body="```python\nx\n```\n")
    assert () == cell.figures
    assert "<math" in cell.region


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ('width="504pt" height="230.4pt"', (672, 307)),
        ("width='7in' height='2.54cm'", (672, 96)),
        ('width="640" height="400px"', (640, 400)),
        ('width="25.4mm" height = "50.8mm"', (96, 192)),
        ('width="100%" viewBox="0 0 300 150"', (300, 150)),
        ('viewBox="-10,-10,30,15"', (30, 15)),
        ('width="10em" height="2em" viewBox="0 0 40 20"', (40, 20)),
        ('width="10" viewBox="0 0 40 20"', (10, 5)),
        ('stroke-width="5" data-height="7" viewBox="0 0 40 20"', (40, 20)),
        ('width="1.2.3" height="." viewBox="0 0 .5e3 4"', (0, 0)),
        ('width="12.5." height="1." viewBox="0 0 40.6 20.4"', (41, 20)),
        ("", (0, 0)),
        ('viewBox="0 0"', (0, 0)),
        ('viewBox="0 0 1 2 3"', (0, 0)),
    ],
)
def test_a_drawing_is_as_large_as_it_says(
    rendered: Render, size: str, expected: tuple[int, int]
) -> None:
    """In any unit; one that does not say gets no size, instead of one of zero."""
    cell = rendered(figure("image/svg+xml", svg(size)))
    assert expected == (cell.figures[0].width, cell.figures[0].height)
    assert ("width=" in cell.region) == (expected != (0, 0))


def test_what_is_drawn_in_a_drawing_does_not_count(rendered: Render) -> None:
    """Only the root element says how large it is."""
    inner = '<svg viewBox="0 0 40 20"><rect width="7" height="8"/></svg>'
    assert (40, 20) == _size(rendered(figure("image/svg+xml", inner)))


def _size(cell: RenderedCell) -> tuple[int, int]:
    return cell.figures[0].width, cell.figures[0].height


@pytest.mark.parametrize(
    ("dpi", "expected"),
    [
        (None, (200, 100)),
        ((192, 192), (100, 50)),
        ((96, 96), (200, 100)),
        ((192, 96), (100, 100)),
        ((0, 0), (200, 100)),
    ],
)
def test_a_dense_image_is_shown_at_its_density(
    rendered: Render, dpi: tuple[float, float] | None, expected: tuple[int, int]
) -> None:
    """200 pixels at 192 dots per inch are 100 pixels of a page."""
    density: dict[str, Any] = {"dpi": dpi} if dpi else {}
    content = picture(**density)
    assert expected == _size(rendered(figure("image/png", content)))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ({"width": 30, "height": 20}, (30, 20)),
        ({"width": 30}, (30, 15)),
        ({"height": "50px"}, (100, 50)),
        ({"width": "half"}, (200, 100)),
        ({"width": -3, "height": 10**9}, (200, 100)),
        ({"width": [1]}, (200, 100)),
        ({}, (200, 100)),
    ],
)
def test_an_output_may_ask_for_a_size(
    rendered: Render, size: dict[str, int], expected: tuple[int, int]
) -> None:
    """`Image(width=…)` alone sets the height by proportion; what is not a length does not count."""
    other = {"image/jpeg": {"width": 1, "height": 1}}
    output = figure("image/png", picture(), {"image/png": size, **other})
    assert expected == _size(rendered(output))


def shown_figure(name: str, alt: str, caption: str = "") -> str:
    """Return a figure of 200 by 100 pixels as a post holds it."""
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return (
        f'<figure class="figure"><img src="{{{{ \'/{FOLDER}/{name}.png\' | relative_url }}}}"'
        f' alt="{alt}" width="200" height="100" loading="lazy" decoding="async">{below}</figure>'
    )


def test_several_figures_are_numbered_and_captioned_once(rendered: Render) -> None:
    """Each has its file and its alt text; the caption is below the last."""
    cell = rendered(figure("image/png", picture()), figure("image/png", picture()))
    assert [f"{FOLDER}/plot-1.png", f"{FOLDER}/plot-2.png"] == [f.path for f in cell.figures]
    expected = (
        "<!-- output -->\n"
        f"{shown_figure('plot-1', 'What it shows (1 of 2)')}\n\n"
        f"{shown_figure('plot-2', 'What it shows (2 of 2)', 'What to see')}\n\n"
        "<!-- /output -->"
    )
    assert expected == cell.region


def test_markup_in_an_alt_text_is_text(rendered: Render) -> None:
    """In a caption it is the author's."""
    body = '```python\nx\n```\n{: data-alt="a < b & c" data-caption="*a* <b>b</b>"}\n'
    region = rendered(figure("image/png", picture()), body=body).region
    assert ' alt="a &lt; b &amp; c" ' in region
    assert "<figcaption><em>a</em> <b>b</b></figcaption>" in region


@pytest.mark.parametrize(
    ("body", "message", "hint"),
    [
        (
            "```python\nx\n```\n",
            "post:4: the figure of cell cell-1 has no alt text",
            'add data-alt="what the figure shows" to the options below the cell',
        ),
        (
            '```python\nx\n```\n{: data-alt=" "}\n',
            "post:4: the figure of cell cell-1 has no alt text",
            'add data-alt="what the figure shows" to the options below the cell',
        ),
        (
            '{% raw %}\n```python\nx\n```\n{: data-alt="a"}\n\ntext\n{% endraw %}\n',
            "post:5: the figure of cell cell-1 would be in a raw block",
            "put {% endraw %} directly below the cell and its options",
        ),
    ],
)
def test_a_figure_that_readers_would_not_get_is_refused(
    rendered: Render, body: str, message: str, hint: str
) -> None:
    """Without alt text, or where Liquid does not look."""
    with pytest.raises(RenderError) as caught:
        rendered(figure("image/png", picture()), body=body)
    assert re.match(re.escape(message), str(caught.value))
    assert hint == caught.value.hint


def test_an_image_that_is_none_is_an_error_of_its_cell(rendered: Render) -> None:
    """Bytes that no program can show do not become a file."""
    broken = base64.b64encode(b"not an image").decode()
    with pytest.raises(
        RenderError, match="post:4: cell plot: an image cannot be decoded: its data is of no"
    ):
        rendered(figure("image/png", broken))
