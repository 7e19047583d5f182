"""Rendering takes time in proportion to what was printed, whatever that is."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet
from runs import made_up_run

from post_builder.document.post import Post
from post_builder.errors import RenderError
from post_builder.execution.run import Output
from post_builder.rendering.regions.rendered import render
from post_builder.settings import Settings
from post_builder.site import Site
from post_builder.sources.transclusion import PreparedPost, transclude

SIZE = 75_000
"""Characters of the smaller of two outputs."""

LARGER = 4
"""How many times as long the larger one is."""

RATIO = 9.0
"""How much longer it may take: 4 times by proportion, 16 times if time grew by the square."""

UNMEASURABLE = 0.03
"""Seconds below which the clock says little."""

MOST = 2.0
"""Seconds for the longest HTML that is parsed at all, on a busy core."""

SITE = Site(Path("/nowhere/blog"), Settings(output_limit=20_000))

TEXTS = (
    *(
        "x",
        " ",
        "\n",
        "a/b",
        "/",
        "\r",
        "\b",
        "\x1b[",
        "\x1b]",
        "\x1b[31mx",
        "\x1b[1;",
        "1",
        "1 ms ",
    ),
    *(
        "[00:00<",
        "/var/folders/",
        "/tmp/",
        "/lib/python3.1",
        "/ipykernel_1",
        "https://",
        "a-",
        "pid ",
    ),
    *(
        "at 0x",
        "2026-01-01 ",
        "ghp_",
        "eyJ",
        "EAAC",
        "\\n",
        "api_key=",
        "Bearer ",
        "://",
        "eyJa.",
        "-----BEGIN ",
        "user: ",
    ),
    *(
        "Warning",
        "INFO ",
        "<Axes: ",
        "[<matplotlib.",
        "array([[<Axes",
        "<a.b.",
        "{{",
        "&",
        "File /",
    ),
)
MARKUP = (
    *(
        "<div>",
        "<a ",
        "<a x",
        "<b><p>",
        "<b><div></b>",
        "<b a=1>",
        "&",
        "&a",
        "&#",
        "<",
        "<!-- ",
        "<!--",
    ),
    *(
        "<script>",
        "<style>",
        "<style>a{",
        "<table>",
        "<svg>",
        "<math><mi>",
        "<select>",
        "</p>",
        "<li>",
    ),
    *(
        '<p style="',
        "<p style='color:red;",
        "data:image/png;base64,A",
        "<img src=x>",
        "$",
        "$x$",
        "\\[",
    ),
    *(
        "<audio>",
        "<pre>\n",
        "\t ",
        "url(",
        "<x<script>",
        "Plotly.newPlot(",
        "})({",
        "\\begin{a}",
        "/a",
    ),
)
OTHERS = (
    *(
        ("text/markdown", piece)
        for piece in ("*a ", "[", "`", "> ", "- a\n", "|a|\n", "<div>", "$x$")
    ),
    *(("text/latex", piece) for piece in ("{", "\\frac", "$x$", "\\begin{a}", "\\[", "x")),
    *(("image/svg+xml", piece) for piece in ("<svg ", "<svg><g/>", "x", "<svg a='", "<!--")),
    *(("application/json", piece) for piece in ("[", "a")),
)


OFTEN = {"x", "\x1b[31mx", "[00:00<", "/var/folders/", "ghp_", "<a ", "&", "<!-- ", "- a\n"}
"""What the usual run of the tests tries."""


def _param(*values: str) -> ParameterSet:
    return pytest.param(*values, marks=() if values[-1] in OFTEN else pytest.mark.faults)


def _seconds(prepared: PreparedPost, output: Output) -> float:
    """Render an output; return the time of the processor that the quicker of two runs took."""
    taken = []
    for _ in range(2):
        begin = time.process_time()
        with suppress(RenderError):  # to refuse an output takes time too
            render(prepared.post, made_up_run(prepared, [[output]]), SITE, "slug")
        taken.append(time.process_time() - begin)
    return min(taken)


def _assert_linear(read: Callable[[str], Post], output: Callable[[int], Output]) -> None:
    prepared = transclude(read('```python\nx\n```\n{: #a data-alt="a"}\n'), SITE, {})
    small, large = (_seconds(prepared, output(size)) for size in (SIZE, LARGER * SIZE))
    assert large < RATIO * max(small, UNMEASURABLE)


def _repeated(piece: str, size: int) -> str:
    return piece * (size // len(piece))


@pytest.mark.parametrize("piece", [_param(text) for text in TEXTS])
def test_text_takes_linear_time(read: Callable[[str], Post], piece: str) -> None:
    """All the pieces that patterns look for; stderr is cleaned by more patterns than stdout."""
    _assert_linear(
        read,
        lambda size: {"output_type": "stream", "name": "stderr", "text": _repeated(piece, size)},
    )


@pytest.mark.parametrize(
    ("kind", "piece"),
    [_param(*pair) for pair in (*(("text/html", one) for one in MARKUP), *OTHERS)],
)
def test_markup_takes_linear_time(read: Callable[[str], Post], kind: str, piece: str) -> None:
    """Tags, attributes, entities, scripts, formulas without an end, and all nested."""
    _assert_linear(
        read,
        lambda size: {
            "output_type": "display_data",
            "data": {kind: _repeated(piece, size), "text/plain": "a"},
            "metadata": {},
        },
    )


@pytest.mark.parametrize("piece", [_param(markup) for markup in MARKUP])
def test_markup_just_below_the_limits_takes_bounded_time(
    read: Callable[[str], Post], piece: str
) -> None:
    """What is short enough to be read is read in less than the time that a reader would wait."""
    prepared = transclude(read('```python\nx\n```\n{: #a data-alt="a"}\n'), SITE, {})
    output: Output = {
        "output_type": "display_data",
        "data": {"text/html": _repeated(piece, 90_000), "text/plain": "a"},
        "metadata": {},
    }
    assert _seconds(prepared, output) < MOST
