"""Shown or said: the richest form of an output that a page can show, and a note for the rest."""

from __future__ import annotations

import base64
import io
import json
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image
from runs import made_up_run, printed, shown_text

from post_builder.document.parsing.parser import parse
from post_builder.document.post import Post
from post_builder.errors import RenderError
from post_builder.execution.run import Output
from post_builder.rendering.figures.charts import is_written
from post_builder.rendering.regions.rendered import RenderedCell, render
from post_builder.settings import Settings
from post_builder.site import Site
from post_builder.sources.transclusion import transclude

Render = Callable[..., RenderedCell]

KERNEL = "{kernelspec: {name: python3, language: python}}"
CELL = "```python\nx\n```\n{: #plot}\n"

PLOTLY = "application/vnd.plotly.v1+json"
VEGA = "application/vnd.vegalite.v5+json"


def bundle(data: Mapping[str, object], metadata: object = None) -> Output:
    """Return what a cell displayed."""
    shown = {"output_type": "display_data", "data": data}
    return {**shown, "metadata": {} if metadata is None else metadata}


def block(cell: RenderedCell) -> str:
    """Return what is between the markers of a region; empty if there is none."""
    return cell.region.removeprefix("<!-- output -->\n").removesuffix("<!-- /output -->").strip()


def notes(cell: RenderedCell) -> list[str]:
    """Return what is said about a cell, without its name."""
    return [note.message.removeprefix("cell plot: ") for note in cell.notes]


def encoded(data: bytes) -> str:
    """Return bytes as kernels send them."""
    return base64.b64encode(data).decode()


def moving(file_format: str) -> bytes:
    """Return an image of two frames."""
    stream = io.BytesIO()
    frames = [Image.new("RGB", (4, 2), colour) for colour in ("red", "blue")]
    frames[0].save(stream, file_format, save_all=True, append_images=frames[1:])
    return stream.getvalue()


def test_what_no_page_can_show_is_said(rendered: Render) -> None:
    """The text is shown, and the build names the kind and the cell's line."""
    cell = rendered(bundle({"application/vnd.x+json": {}, "text/plain": "a text"}))
    assert shown_text("a text", "result") == block(cell)
    assert (
        "post:4: cell plot: application/vnd.x+json cannot be shown: its text is shown instead"
        == (str(cell.notes[0]))
    )


@pytest.mark.parametrize(
    "text",
    ["<IPython.core.display.Javascript object>", "<bokeh.X object at 0x7f0123456789>"],
)
def test_a_text_that_says_nothing_is_left_out(rendered: Render, text: str) -> None:
    """Where the output itself cannot be shown; it stays where it is all that there is."""
    cell = rendered(bundle({"application/javascript": "x()", "text/plain": text}))
    assert "" == cell.region
    cure = "(.trusted-html runs it)"
    assert [f"application/javascript cannot be shown {cure}: nothing is shown"] == notes(cell)
    assert "output result" in rendered(bundle({"text/plain": text})).region


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("<script>draw()</script><div></div>", "its HTML shows nothing without scripts"),
        ("<iframe src='https://a.example'></iframe>", "its HTML shows nothing without <iframe>"),
        ("<div><div></div></div>", "its HTML is empty"),
        ("x" * 100_001, "its HTML has 100,001 characters, over html_limit"),
        ("<div>" * 3_000, "its HTML is too deeply nested"),
        ("<a " + "b " * 20_001 + ">", "its HTML takes too long to read"),
        ("a" * 1_000_001, "its HTML has 1,000,001 characters"),
    ],
)
def test_html_that_cannot_be_shown_leaves_the_next_form(
    rendered: Render, html: str, reason: str
) -> None:
    """Never a sentence on the page in place of a form that was there."""
    cell = rendered(bundle({"text/html": html, "text/plain": "a text"}))
    assert shown_text("a text", "result") == block(cell)
    assert notes(cell)[0].startswith(reason)


def test_scripts_and_images_do_not_count_as_text(rendered: Render) -> None:
    """The limit is on what readers read."""
    image = "data:image/png;base64," + "A" * 200_000
    html = f"<script>{'x' * 200_000}</script><p>a<img src='{image}'></p>"
    cell = rendered(bundle({"text/html": html, "text/plain": "b"}))
    assert f'<div class="output html"><p>a<img src="{image}"></p></div>' == block(cell)
    assert ["its HTML is shown without scripts; .trusted-html shows all of it"] == notes(cell)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"text/html": ["<b>", "a</b>"]}, '<div class="output html"><b>a</b></div>'),
        ({"text/html": 5, "text/plain": "b"}, shown_text("b", "result")),
        ({"text/html": [1], "text/plain": "b"}, shown_text("b", "result")),
        ({"text/plain": None}, ""),
        ({"text/plain": "a\ud83d"}, shown_text("a\ufffd", "result")),
        ({"text/html": "<i>a\ud83d</i>"}, '<div class="output html"><i>a\ufffd</i></div>'),
        ({"text/latex": "", "text/plain": "b"}, shown_text("b", "result")),
        ({"text/latex": "{" * 5_000, "text/plain": "b"}, shown_text("b", "result")),
        ({"text/plain": "\x1b[" + "9" * 5_000 + "mb"}, shown_text("b", "result")),
        ({PLOTLY: "no", "text/plain": "b"}, shown_text("b", "result")),
        ({PLOTLY: {"data": 3}, "text/plain": "b"}, shown_text("b", "result")),
        ([], ""),
    ],
)
def test_an_odd_output_has_a_sane_form(
    rendered: Render, data: Mapping[str, object], expected: str
) -> None:
    """Lists, numbers, nothing, halves of characters, endless codes: never an internal error."""
    assert expected == block(rendered(bundle(data)))


@pytest.mark.parametrize("metadata", [[], {"image/png": 3}, {"image/png": {"width": "5" * 5_000}}])
def test_odd_metadata_is_no_size(rendered: Render, metadata: object) -> None:
    """The image has its own size then."""
    stream = io.BytesIO()
    Image.new("L", (20, 10)).save(stream, "png")
    cell = rendered(bundle({"image/png": encoded(stream.getvalue())}, metadata))
    assert 'width="20" height="10"' in cell.region


def _bomb() -> bytes:
    """Return a small PNG that says it has 60,000 by 60,000 pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("kind", "content", "reason"),
    [
        ("image/png", encoded(b"no image"), "an image cannot be decoded: its data is of no known"),
        ("image/png", "A", "an image is not valid Base64"),
        ("image/png", encoded(_bomb()), "an image is too large"),
        ("image/gif", encoded(moving("gif")[:40]), "an image cannot be decoded"),
        ("image/svg+xml", "<p>", "a drawing is not SVG: it has no <svg>"),
        (
            "image/svg+xml",
            "<svg><b></svg>",
            "a drawing is not well-formed SVG: mismatched tag, line 1",
        ),
        ("image/svg+xml", "<svg>" + "<g>" * 300, "a drawing is too deeply nested"),
    ],
)
def test_what_is_no_image_is_an_error_at_the_cells_line(
    rendered: Render, kind: str, content: str, reason: str
) -> None:
    """With the true reason."""
    with pytest.raises(RenderError) as caught:
        rendered(bundle({kind: content}))
    assert str(caught.value).startswith(f"post:4: cell plot: {reason}")


@pytest.mark.parametrize(("kind", "suffix"), [("gif", "gif"), ("webp", "webp")])
def test_moving_images_are_figures(rendered: Render, kind: str, suffix: str) -> None:
    """Files like other figures, not the text that stands for them."""
    data = moving(kind)
    cell = rendered(bundle({f"image/{kind}": encoded(data), "text/plain": "<Image object>"}))
    assert [(f"assets/images/slug/plot.{suffix}", data)] == [(f.path, f.data) for f in cell.figures]
    assert 'width="4" height="2"' in cell.region


def test_the_frames_of_an_animation_become_a_moving_image(rendered: Render) -> None:
    """Matplotlib keeps them in a script that does not run."""
    stream = io.BytesIO()
    Image.new("RGB", (6, 4), "red").save(stream, "png")
    frame = encoded(stream.getvalue())
    frames = "".join(f'frames[{n}] = "data:image/png;base64,{frame}\\\n"\n' for n in range(3))
    script = (
        f"<script>{frames}anim1 = new Animation(frames, img_id, slider_id, 125.0, loop)</script>"
    )
    (made,) = rendered(bundle({"text/html": f"<div><img id='a'>{script}</div>"})).figures
    assert "assets/images/slug/plot.webp" == made.path
    assert (6, 4) == (made.width, made.height)


@pytest.mark.parametrize(
    ("element", "kind", "suffix"),
    [("audio", "audio/wav", "wav"), ("video", "video/mp4", "mp4")],
)
def test_sounds_and_films_are_files_with_controls(
    rendered: Render, element: str, kind: str, suffix: str
) -> None:
    """Embedded in HTML, as IPython does, or as an output of their own kind."""
    data = encoded(b"the bytes")
    html = f"<{element} autoplay><source src='data:{kind};base64,{data}' type='{kind}'></{element}>"
    address = f"{{{{ '/assets/images/slug/plot.{suffix}' | relative_url }}}}"
    for shown in ({"text/html": html}, {kind: data}):
        cell = rendered(bundle({**shown, "text/plain": "<Audio object>"}))
        assert [(f"assets/images/slug/plot.{suffix}", b"the bytes")] == [
            (figure.path, figure.data) for figure in cell.figures
        ]
        assert f'src="{address}"' in cell.region
        assert "controls" in cell.region
        assert "autoplay" not in cell.region
        assert 'aria-label="What it shows"' in cell.region
        assert "<figcaption>What to see</figcaption>" in cell.region


CHART = {"data": [{"y": [1, 2.5], "uid": "a1", "type": "scatter"}], "layout": {"height": 300}}
SPEC = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "mark": "point", "data": {}}


def _altair(spec: object) -> str:
    call = f"(function(spec, o){{}})({json.dumps(spec)}, {{}});"
    return f"<div id='v-{id(spec)}'></div><script>{call}</script>"


def _plotly(chart: Mapping[str, object]) -> str:
    call = (
        f'Plotly.newPlot("9-a", {json.dumps(chart["data"])}, {json.dumps(chart["layout"])}, {{}})'
    )
    return f"<div id='9-a'></div><script>{call}</script>"


@pytest.mark.parametrize(
    ("data", "library"),
    [
        ({PLOTLY: {**CHART, "config": {"plotlyServerURL": "https://plot.ly"}}}, "plotly"),
        ({"text/html": _plotly(CHART)}, "plotly"),
        ({VEGA: {**SPEC, "usermeta": {"embedOptions": {}}}}, "vega"),
        ({"text/html": _altair(SPEC)}, "vega"),
    ],
)
def test_a_chart_is_a_file_that_the_sites_own_library_draws(
    rendered: Render, data: Mapping[str, object], library: str
) -> None:
    """With the alt text in its place until then, and the caption of a figure."""
    cell = rendered(bundle({**data, "text/plain": "Figure(…)"}))
    (made,) = cell.figures
    chart = {"plotly": {"data": [{"type": "scatter", "y": [1, 2.5]}], "layout": {"height": 300}}}
    assert chart.get(library, SPEC) == json.loads(made.data)
    assert "assets/images/slug/plot.json" == made.path
    address = "{{ '/assets/images/slug/plot.json' | relative_url }}"
    assert f' data-chart="{library}" data-src="{address}" ' in cell.region
    assert 'aria-label="What it shows"><p>What it shows</p>' in cell.region
    assert "<figcaption>What to see</figcaption>" in cell.region


def test_equal_charts_have_equal_bytes(rendered: Render) -> None:
    """Whatever the order of keys, random names, and numbers that JSON does not have."""
    first = {"data": [{"x": [float("nan")], "uid": "1", "y": [1]}], "layout": {}}
    second = {"layout": {}, "data": [{"y": [1], "uid": "2", "x": [None]}]}
    files = [rendered(bundle({PLOTLY: chart})).figures[0].data for chart in (first, second)]
    assert files[0] == files[1]


def _loading_layouts() -> Iterator[tuple[Mapping[str, object], str]]:
    """Yield layouts of Plotly that load an image or a map, some when a button is pressed."""
    address = "https://a.example/x"
    yield {"template": {"layout": {"images": [{"name": "x", "source": address}]}}}, "a.example"
    yield {"template": {"layout": {"imagedefaults": {"source": address}}}}, "a.example"
    for arguments, host in (
        (["images[0].source", address], "a.example"),
        ([{"images[0].source": address}], "a.example"),
        ([{"images[0].source": [address]}], "a.example"),
        (["type", "scattergeo"], "other hosts"),
        ([{"type": ["choroplethmap"]}], "other hosts"),
    ):
        yield {"updatemenus": [{"buttons": [{"args": arguments}]}]}, host
    for style in (f"cursor: url({address})", "background: u\\72l(x)", "fill: &#117;rl(x)"):
        host = "another host" if "url" in style else "other hosts"
        yield {"title": {"text": f'<a href="x" style="{style}">x</a>'}}, host


def test_texts_of_charts_are_searched_in_linear_time(rendered: Render) -> None:
    """Whatever a tag begins again and again."""
    for piece in ("<a style=", " style=", "style  ", "<a %", "%{x}", 'href="%{x}"', "url( "):
        start = time.perf_counter()
        rendered(bundle({PLOTLY: {"data": [{"text": "<a " + piece * 20_000}]}}))
        assert time.perf_counter() - start < 2


def test_a_chart_that_only_looks_as_if_it_loaded_something_is_drawn(rendered: Render) -> None:
    """A treemap is no map, and a coloured word no image."""
    word = (
        '<span style="color: rgb(1, 2, 3)">x</span> <a href="%{customdata}">https://a.example</a>'
    )
    sankey = {"type": "sankey", "link": {"source": [0], "target": [1], "value": [1]}}
    data = [{"type": "treemap", "labels": ["a"], "hovertemplate": word}, sankey]
    assert rendered(bundle({PLOTLY: {"data": data}})).figures


@pytest.mark.parametrize(
    ("data", "host"),
    [
        ({VEGA: {**SPEC, "data": {"url": "https://data.example/x.csv"}}}, "data.example"),
        ({PLOTLY: {"data": [], "layout": {"images": [{"source": "//a.example/i"}]}}}, "a.example"),
        ({PLOTLY: {"data": [{"type": "choropleth"}]}}, "other hosts"),
        *(({PLOTLY: {"data": [], "layout": layout}}, host) for layout, host in _loading_layouts()),
        ({PLOTLY: {"data": [{"hovertemplate": "<b %{text}>", "text": "x"}]}}, "other hosts"),
        ({VEGA: {**SPEC, "mark": {"type": "bar", "cursor": "url(//a.example/x)"}}}, "another host"),
    ],
)
def test_a_chart_loads_nothing_from_other_hosts(
    rendered: Render, data: Mapping[str, object], host: str
) -> None:
    """It is shown as text, and the build says why."""
    cell = rendered(bundle({**data, "text/plain": "a chart"}))
    assert shown_text("a chart", "result") == block(cell)
    assert host in notes(cell)[0]


@pytest.mark.parametrize(
    ("bind", "is_drawn"),
    [
        ({"input": "range", "min": 1, "max": 9, "step": 1, "name": "n"}, True),
        ("scales", True),
        ({"a": {"input": "select", "options": ["x"]}}, True),
        ({"input": "text", "element": "body"}, False),
        ({"element": "body"}, False),
        ({"input": "image", "src": "https://a.example/x"}, False),
        ({"a": {"input": "text", "onfocus": "run()"}}, False),
    ],
)
def test_an_input_of_a_chart_stays_in_it(rendered: Render, bind: object, *, is_drawn: bool) -> None:
    """It has what an input needs; in Chromium one took the place of the page."""
    spec = {**SPEC, "params": [{"name": "q", "bind": bind}]}
    assert is_drawn == bool(rendered(bundle({VEGA: spec, "text/plain": "x"})).figures)


def test_a_file_of_a_chart_that_no_build_left_is_known(rendered: Render) -> None:
    """One that would load something, or says one thing to Python and another to JavaScript."""
    loading = {**SPEC, "data": {"url": "https://data.example/x.csv"}}
    for library, chart in ("vega", {VEGA: SPEC}), ("plotly", {PLOTLY: {"data": [{"y": [1]}]}}):
        (figure,) = rendered(bundle(chart)).figures
        assert is_written(library, figure.data)
        assert not is_written(library, figure.data.replace(b"{", b'{"data":[],', 1))
        assert not is_written(library, b"[NaN]")
    assert not is_written("vega", json.dumps(loading).encode())


def test_json_is_readable(rendered: Render) -> None:
    """One value per line, in place of the name of a Python object."""
    data = {"application/json": {"a": [1, {"b": None}]}, "text/plain": "<JSON object>"}
    shown = block(rendered(bundle(data))).replace("&#123;", "{").replace("&#125;", "}")
    assert '<pre class="highlight">{\n  "a": [\n    1,\n    {\n      "b": null\n' in shown


@pytest.mark.parametrize(
    ("data", "formulas", "rest"),
    [
        ({"text/latex": r"Euler: $e^x$ and \[y\]"}, 2, "Euler: "),
        ({"text/latex": r"a \begin{align} a &= b \\ c &= d \end{align}"}, 1, "a <math"),
        ({"text/markdown": "a $x_1 + y_1$ b $5 and $6"}, 1, "b $5 and $6"),
        ({"text/markdown": "$$\nx_1\n$$"}, 1, 'display="block"'),
        ({"text/html": "<p>a $x<sub>1</sub>$ $y_1$ costs $5 or $6</p>"}, 1, "costs $5 or $6"),
        ({"text/html": "<code>$x$</code> $5-$6"}, 0, "<code>$x$</code> $5-$6"),
        ({"text/latex": r"$\text{a < b \& c}$"}, 1, "a&nbsp;&lt;&nbsp;b"),
    ],
)
def test_formulas_within_text_become_mathml(
    rendered: Render, data: Mapping[str, object], formulas: int, rest: str
) -> None:
    """In LaTeX, Markdown and HTML; prices are not formulas, and code stays code."""
    shown = block(rendered(bundle(data)))
    assert formulas == shown.count("<math")
    assert rest in shown


SVG = "<svg xmlns='http://www.w3.org/2000/svg' width='20' height='10'/>"


@pytest.mark.parametrize(
    "text",
    [
        "<Axes: title={'center': 'a'}>",
        "[<matplotlib.lines.Line2D at 0x7f0123456789>]",
        (
            "[<matplotlib.lines.Line2D at 0x7f0123456789>,\n"
            " <matplotlib.lines.Line2D at 0x7f012345678a>]"
        ),
        "<matplotlib.collections.PathCollection at 0x7f0123456789>",
        "<BarContainer object of 3 artists>",
        "(array([1., 2.]), array([0., 1.]), <BarContainer object of 10 artists>)",
        "Text(0.5, 1.0, 'a title')",
        "array([[<Axes: >, <Axes: >]], dtype=object)",
        "<seaborn.axisgrid.PairGrid at 0x7f0123456789>",
        "<sklearn.metrics.ConfusionMatrixDisplay object at 0x7f0123456789>",
    ],
)
def test_what_plotting_functions_return_is_dropped_beside_a_figure(
    rendered: Render, text: str
) -> None:
    """The figure says it better; without a figure it is all that there is."""
    value: Output = {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}}
    drawing = bundle({"image/svg+xml": SVG})
    assert "output result" not in rendered(value, drawing).region
    assert "output result" in rendered(value).region
    number = {**value, "data": {"text/plain": "(0.0, 1.0)"}}
    assert "output result" in rendered(number, drawing).region


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("x.py:1: UserWarning: old\n  f()\n", "stderr warning"),
        ("INFO:me:a line\n", "stderr log"),
        ("2026-01-01 10:00:00,1 - me - WARNING - a line\n", "stderr log"),
        ("100%|████| 20/20 [00:00<00:00, 9.1it/s]\n", "stderr progress"),
        ("anything\n", "stderr"),
    ],
)
def test_stderr_is_named_by_what_it_is(rendered: Render, text: str, classes: str) -> None:
    """A page that calls a progress bar a warning is wrong."""
    output: Output = {"output_type": "stream", "name": "stderr", "text": text}
    assert f'<div class="output {classes} highlighter-rouge">' in rendered(output).region


def test_stderr_may_be_left_out(rendered: Render) -> None:
    """By a cell's tag or by the post; and where it should not be written, it is an error."""
    output: Output = {"output_type": "stream", "name": "stderr", "text": "x"}
    assert "" == rendered(output, body="```python\nx\n```\n{: .remove-stderr}\n").region


@pytest.mark.parametrize(
    ("site", "own", "shown"),
    [
        ("show", "", True),
        ("remove", "", False),
        ("show", "stderr: remove\n", False),
        ("fail", "stderr: show\n", True),
    ],
)
def test_a_site_or_a_post_may_leave_out_stderr(
    site: Literal["show", "remove", "fail"], own: str, shown: bool
) -> None:
    """What a post says counts before what the site says."""
    cell = _cell_of(site, own)
    assert shown == ("output stderr" in cell.region)


def test_stderr_may_count_as_a_failure() -> None:
    """With the line of the cell that wrote to it."""
    with pytest.raises(RenderError, match=r"^post:4: cell plot: it wrote to stderr"):
        _cell_of("fail", "")
    with pytest.raises(RenderError, match=r"^post:1: stderr must be show, remove or fail"):
        _cell_of("show", "stderr: never\n")


def _cell_of(stderr: Literal["show", "remove", "fail"], own: str) -> RenderedCell:
    """Render a cell that wrote to stderr, on a site and in a post with the given settings."""
    site = Site(Path("/nowhere/blog"), Settings(stderr=stderr))
    post = parse(f"---\n{own}jupyter: {KERNEL}\n---\n{CELL}", "post")
    assert post is not None
    prepared = transclude(post, site, {})
    run = made_up_run(prepared, [[printed("x", "stderr")]])
    return render(post, run, site, "slug")[0]


def test_a_heavy_drawing_is_said(rendered: Render) -> None:
    """A reader on a phone loads it too."""
    heavy = SVG.replace("/>", f"><desc>{'x' * 1_000_001}</desc></svg>")
    assert ['its figure has 1.0 MB; data-format="png" makes it a raster image'] == notes(
        rendered(bundle({"image/svg+xml": heavy}))
    )


def test_all_missing_alt_texts_are_named_at_once(read: Callable[[str], Post]) -> None:
    """An author adds them in one go."""
    post = read("```python\nx\n```\n\n```python\ny\n```\n{: #b}\n")
    site = Site(Path("/nowhere/blog"))
    drawing = bundle({"image/svg+xml": SVG})
    run = made_up_run(transclude(post, site, {}), [[drawing], [drawing]])
    with pytest.raises(RenderError) as caught:
        render(post, run, site, "slug")
    assert "post:4: the figure of cell cell-1 has no alt text" in str(caught.value)
    assert "post:8: nor has the figure of cell b" in str(caught.value)
