import base64
import io
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from post_builder.freshness.dependencies import Observations
from post_builder.errors import RenderError
from post_builder.execution.run import Output, Run
from post_builder.document.post import Post
from post_builder.rendering.regions import Rendered, escape_value, render
from post_builder.site import Settings, Site

SITE = Site(Path("/nowhere/blog"), Settings(output_limit=1_000))
CELL = '```python\nx\n```\n{: #plot data-alt="What it shows" data-caption="What to see"}\n'


def _render(post: Post, *outputs: Output) -> Rendered:
    run = Run((outputs,), (1,), (), (0.0,), {}, Observations())
    return render(post, run, SITE, "slug")


def _text(read: Callable[[str], Post], text: str, name: str = "stdout") -> str:
    """Print some text; return what the region holds of it."""
    output = {"output_type": "stream", "name": name, "text": text}
    region = _render(read(CELL), output).regions[0]
    found = re.search(r"<pre[^>]*>(.*)</pre>", region, re.DOTALL)
    assert found is not None
    return found[1]


def _image(kind: str, content: str, metadata: Mapping[str, Any] | None = None) -> Output:
    data = {kind: content, "text/plain": "<Figure size 640x480 with 1 Axes>"}
    return {"output_type": "display_data", "data": data, "metadata": metadata or {}}


def _png(dpi: tuple[float, float] | None = None, size: tuple[int, int] = (200, 100)) -> str:
    file = io.BytesIO()
    Image.new("L", size).save(file, "png", **({"dpi": dpi} if dpi else {}))
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("a\r\nb\r\n", "a\nb"),
        ("10 %\r50 %\r100 %\n", "100 %"),
        ("abc\rX\n", "Xbc"),
        ("100 %\r", "100 %"),
        ("abc\b\bX\n", "aXc"),
        ("\b\bx", "x"),
        ("a\x00b\x07c\x0cd\x85e", "a\ufffdb\ufffdc\ufffdd\ufffde"),
        ("\ud83d", "\ufffd"),
        ("a\tb  \nc ", "a&#9;b&#32;&#32;\nc&#32;"),
        ("\n\nx\n\n", "\n\n\nx\n"),
        ("{{ x }} {% y %} a|b", "&#123;&#123; x &#125;&#125; &#123;% y %&#125; a&#124;b"),
        ("<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;"),
        ("object at 0x7f1b2c3d4e5f>", "object at 0x…&gt;"),
        ("/nowhere/blog/data/x.csv /nowhere/blog /nowhere/blog2", "data/x.csv . /nowhere/blog2"),
        ("/opt/v/lib/python3.11/site-packages/torch/nn.py:3", "torch/nn.py:3"),
        ("/usr/lib/python3.11/json/decoder.py", "json/decoder.py"),
        ("/var/tmp/ipykernel_123/4567.py:1: Warning", "&lt;cell&gt;:1: Warning"),  # noqa: S108  # never opened
    ],
)
def test_text_is_cleaned_of_the_machine_and_of_markup(
    read: Callable[[str], Post], printed: str, shown: str
) -> None:
    """Terminals' tricks are carried out, controls and paths go, nothing is markup any more."""
    assert shown == _text(read, printed)


def test_the_authors_home_is_not_published(
    read: Callable[[str], Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is; a home of `/`, as in some containers, is not taken for every slash."""
    monkeypatch.setenv("HOME", "/home/ada")
    assert _text(read, "/home/ada/x /home/adam http://a/home/ada") == (
        "~/x /home/adam http://a/home/ada"
    )
    monkeypatch.setenv("HOME", os.sep)
    assert _text(read, "/a/b 1/2") == "/a/b 1/2"


def test_long_output_is_cut_with_a_note(read: Callable[[str], Post]) -> None:
    """The note says how much is missing."""
    assert _text(read, "x" * 1_000) == "x" * 1_000
    assert _text(read, "x" * 3_345) == "x" * 1_000 + "\n… 2,345 more characters not shown"


def test_megabytes_without_a_blank_are_no_trap(read: Callable[[str], Post]) -> None:
    """Cleaning is linear in the length of the text; were it not, this would not end."""
    assert "not shown" in _text(read, "a/b" * 700_000)


def test_streams_are_joined_stdout_first(read: Callable[[str], Post]) -> None:
    """The order in which two streams arrive is luck, so it is not published."""
    parts = [("stderr", "e1\n"), ("stdout", "a"), ("stderr", "e2\n"), ("stdout", "b\n")]
    outputs = [{"output_type": "stream", "name": name, "text": text} for name, text in parts]
    expected = (
        '<!-- output -->\n<pre class="output stdout">ab</pre>\n'
        '<pre class="output stderr">e1\ne2</pre>\n<!-- /output -->'
    )
    assert expected == _render(read(CELL), *outputs).regions[0]


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ('width="504pt" height="230.4pt"', (672, 307)),
        ("width='7in' height='2.54cm'", (672, 96)),
        ('width="640" height="400px"', (640, 400)),
        ('width="100%" viewBox="0 0 300 150"', (300, 150)),
        ('viewBox="-10,-10,30,15"', (30, 15)),
        ('width="10em" height="2em" viewBox="0 0 40 20"', (40, 20)),
        ("", (0, 0)),
        ('viewBox="0 0"', (0, 0)),
    ],
)
def test_a_drawing_is_as_large_as_it_says(
    read: Callable[[str], Post], size: str, shown: tuple[int, int]
) -> None:
    """In any unit; one that does not say gets no size, rather than none to be seen."""
    rendered = _render(read(CELL), _image("image/svg+xml", f"<?xml?>\n<svg a='1'\n {size}></svg>"))
    figure = rendered.figures[0]
    assert shown == (figure.width, figure.height)
    assert ("width=" in rendered.regions[0]) == (shown != (0, 0))


@pytest.mark.parametrize(
    ("dpi", "shown"), [(None, (200, 100)), ((192, 192), (100, 50)), ((96, 96), (200, 100))]
)
def test_a_dense_image_is_shown_at_its_density(
    read: Callable[[str], Post], dpi: tuple[float, float] | None, shown: tuple[int, int]
) -> None:
    """200 pixels at 192 dots an inch are 100 pixels of a page."""
    figure = _render(read(CELL), _image("image/png", _png(dpi))).figures[0]
    assert shown == (figure.width, figure.height)


def test_several_figures_are_numbered_and_captioned_once(read: Callable[[str], Post]) -> None:
    """Each has its file and its alt text; the caption stands under the last."""
    rendered = _render(read(CELL), _image("image/png", _png()), _image("image/png", _png()))
    folder = "assets/images/slug"
    assert [f"{folder}/plot-1.png", f"{folder}/plot-2.png"] == [f.path for f in rendered.figures]
    expected = (
        "<!-- output -->\n"
        f'{{% include figure image_path="/{folder}/plot-1.png" alt="What it shows (1 of 2)"'
        ' width="200" height="100" %}\n'
        f'{{% include figure image_path="/{folder}/plot-2.png" alt="What it shows (2 of 2)"'
        ' caption="What to see" width="200" height="100" %}\n'
        "<!-- /output -->"
    )
    assert expected == rendered.regions[0]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("```python\nx\n```\n", "post:4: the figure of cell cell-1 has no alt text"),
        ('```python\nx\n```\n{: data-alt=" "}\n', "post:4: the figure of cell cell-1 has no alt"),
        ("{% raw %}\n" + CELL + "\ntext\n{% endraw %}\n", "post:5: the figure of cell plot would"),
    ],
)
def test_a_figure_that_readers_would_not_get_is_refused(
    read: Callable[[str], Post], body: str, message: str
) -> None:
    """Without alt text, or where Liquid does not look."""
    with pytest.raises(RenderError, match=re.escape(message)):
        _render(read(body), _image("image/png", _png()))


def test_removed_outputs_leave_nothing(read: Callable[[str], Post]) -> None:
    """Neither region nor figure; an alt text is not asked for."""
    post = read("```python\nx\n```\n{: .remove-output}\n")
    rendered = _render(post, _image("image/png", _png()))
    assert ("",) == rendered.regions
    assert () == rendered.figures


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("97.43%", "97.43%"),
        ("1,234.5", "1,234.5"),
        ("-0.5", "-0.5"),
        ("a_b*c", "a&#95;b&#42;c"),
        ("1--2...", "1&#45;&#45;2&#46;&#46;&#46;"),
        ("<b>|{{x}}", "&#60;b&#62;&#124;&#123;&#123;x&#125;&#125;"),
        ("  x  y ", "&#32; x&#32; y&#32;"),
        ("\x07\x85", "&#65533;&#65533;"),
    ],
)
def test_values_are_escaped_where_they_must(value: str, shown: str) -> None:
    """Plain numbers stand as they are, for the author to read."""
    assert shown == escape_value(value)


def test_traceback_shows_the_posts_frames_and_counts_a_librarys(
    read: Callable[[str], Post],
) -> None:
    """What happened inside an installed package is a line; cells and the message stay whole."""
    library = (
        "\x1b[36mFile \x1b[39m\x1b[32m/venv/lib/python3.11/site-packages/torch/nn/x.py:1\x1b[39m"
    )
    frames = ["----", "Error   Traceback", "Cell In[1], line 1", library, library, "Error: no"]
    output = {"output_type": "error", "ename": "E", "evalue": "no", "traceback": frames}
    region = _render(read(CELL.replace("#plot", "#plot .raises-exception")), output).regions[0]
    shown = "----\nError   Traceback\nCell plot, line 1\n… 2 frames in torch\nError: no"
    assert f'<pre class="output error">{shown}</pre>' in region
