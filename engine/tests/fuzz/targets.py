"""What is fuzzed: one function per room, called with any bytes; each says what must hold."""

from __future__ import annotations

import atexit
import datetime as dt
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from unittest import mock

from runs import made_up_run
from toysite import HEADER

from post_builder.commands.importing import post_from_notebook, reading
from post_builder.document.options import OptionError, parse_options
from post_builder.document.parsing.parser import inspect, parse
from post_builder.document.post import Post, splice
from post_builder.errors import PostBuilderError, PostError, RecordError, RenderError
from post_builder.execution.run import Output
from post_builder.freshness.record import load_made, load_record
from post_builder.rendering.blocks import SCRIPT
from post_builder.rendering.markup.sanitise import tokens
from post_builder.rendering.regions.marked import content_of
from post_builder.rendering.regions.older import outside_markdown
from post_builder.rendering.regions.published import kinds_of
from post_builder.rendering.regions.rendered import region_edits, render
from post_builder.settings import Settings
from post_builder.site import Site
from post_builder.sources.transclusion import transclude

SITE = Site(Path("/nowhere/blog"), Settings(output_limit=1_000))
SEPARATOR = "\x1e"
"""Between the parts of an input that has several."""

KINDS = (
    *("stdout", "stderr", "error", "text/plain", "text/html", "text/markdown", "text/latex"),
    *("image/svg+xml", "application/json", "application/vnd.plotly.v1+json", "value"),
)
"""What an output may be; the first character of an input chooses."""

_RUNS = re.compile(
    r"<(script|iframe|object|embed|form|meta|link|base|style)\b|\son\w+=", re.IGNORECASE
)
_CELL = '```python\nx\n```\n{: #plot data-alt="a"}\n'


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")


def fuzz_parse(data: bytes) -> None:
    """Any text is read or refused, with the line at fault; cells and regions do not overlap."""
    for text in (_text(data), HEADER + _text(data)):
        post, problems = inspect(text)
        lines = len(text.splitlines()) + text.count("\r")
        for problem in problems:
            assert problem.place is not None
            assert 1 <= (problem.place.line or 0) <= max(1, lines), problem
        if post:
            spans = sorted(span for cell in post.cells for span in (cell.body, cell.region))
            assert all(before.end <= after.start for before, after in pairwise(spans))


def fuzz_splice(data: bytes) -> None:
    """A build changes regions and values only, and a second one changes nothing."""
    body, *printed = _text(data).split(SEPARATOR)
    post = _post(HEADER + body)
    if post is None or not post.cells:
        return
    texts = iter([*printed, *("a" for _ in post.cells)])
    outputs = [[_output("stdout", next(texts))] for _ in post.cells]
    run = made_up_run(transclude(post, SITE, {}), outputs, ["1" for _ in post.values])
    try:
        rendered = render(post, run, SITE, "slug")
    except RenderError:
        return
    again = parse(splice(post.text, region_edits(post, rendered)))
    assert again is not None
    assert [cell.code for cell in post.cells] == [cell.code for cell in again.cells]
    assert _outside(post) == _outside(again)
    assert [] == region_edits(again, render(again, run, SITE, "slug"))


def fuzz_options(data: bytes) -> None:
    """An attribute list is read, or refused in one line."""
    try:
        options = parse_options(_text(data))
    except OptionError as error:
        if not str(error):
            raise
        return
    assert options.name is None or re.fullmatch(r"[A-Za-z][\w:-]*", options.name)
    assert options.timeout is None or options.timeout > 0


def fuzz_rendering(data: bytes) -> None:
    """Whatever a cell gives, nothing in its region runs, and the engine knows it for its own."""
    text = _text(data)
    kind = KINDS[ord(text[0]) % len(KINDS)] if text else "stdout"
    prepared = transclude(_sure(HEADER + _CELL), SITE, {})
    run = made_up_run(prepared, [[_output(kind, text[1:])]])
    try:
        (only,) = render(prepared.post, run, SITE, "slug")
    except RenderError as error:
        if error.place is None:
            raise
        return
    for _, tag in tokens(only.region):
        if tag.startswith("<script") and f"'/{SCRIPT}' " in tag:
            continue  # the engine's own, which draws charts
        assert not _RUNS.search(re.sub(r'="[^"]*"', '=""', tag)), tag
    content = content_of(prepared.post.cells[0], only.region)
    outside = partial(outside_markdown, post=prepared.post, site=SITE)
    list(kinds_of(content, "", SITE.settings.image_hosts, outside))


def fuzz_records(data: bytes) -> None:
    """A record is read, is of another version, or cannot be read; it names no foreign file."""
    site = Site(_folder())
    site.record("a").write_bytes(data)
    for load in (load_record, load_made):
        with suppress(RecordError):
            record = load(site, "a")
            for path in record.made() if record else ():
                assert path.startswith(("assets/images/a/", "assets/notebooks/a."))
                assert ".." not in path.split("/")


def fuzz_import(data: bytes) -> None:
    """A notebook becomes a post, whatever is in it, or is refused."""
    kind, _, text = _text(data).partition("\n")
    notebook = _notebook(kind, text)
    site = Site(_folder())
    path = site.root / "notebook.ipynb"
    path.write_text(notebook, encoding="utf-8")
    try:
        with _alone():
            imported = post_from_notebook(site, path, dt.date(2020, 1, 1))
    except PostBuilderError:
        return
    assert imported.path.parent == site.root / "_posts"
    imported.path.unlink()


def _post(text: str) -> Post | None:
    try:
        return parse(text)
    except PostError:
        return None


def _sure(text: str) -> Post:
    post = parse(text)
    assert post is not None
    return post


def _outside(post: Post) -> list[str]:
    """Return the text between the regions and values of a post."""
    spans = sorted([*(cell.region for cell in post.cells), *(value.span for value in post.values)])
    starts = [0, *(span.end for span in spans)]
    ends = [*(span.start for span in spans), len(post.text)]
    return [post.text[start:end] for start, end in zip(starts, ends, strict=True)]


def _output(kind: str, text: str) -> Output:
    if kind in {"stdout", "stderr"}:
        return {"output_type": "stream", "name": kind, "text": text}
    if kind == "error":
        return {"output_type": "error", "ename": "E", "evalue": "", "traceback": [text]}
    given: object = text
    if "json" in kind:
        with suppress(ValueError, RecursionError):
            given = json.loads(text)
    data = {kind: given, "text/plain": text[:20]}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def _notebook(kind: str, text: str) -> str:
    """Return a notebook with a cell of a kind, or the text itself as one."""
    if kind not in {"markdown", "code", "raw"}:
        return text
    source, _, metadata = text.partition(SEPARATOR)
    cell: dict[str, object] = {"cell_type": kind, "source": source, "metadata": {}}
    with suppress(ValueError, RecursionError):
        cell["metadata"] = json.loads(metadata)
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]})


@cache
def _folder() -> Path:
    """Make a site, once; it goes with the process."""
    made = tempfile.TemporaryDirectory(prefix="post-builder-fuzz-")
    atexit.register(made.cleanup)
    root = Path(made.name).resolve()
    for name in ("_posts", "_data/builds"):
        (root / name).mkdir(parents=True)
    root.joinpath("_config.yml").write_text("title: x\n", encoding="utf-8")
    return root


@contextmanager
def _alone() -> Iterator[None]:
    """Ask neither Ruby nor Jupyter, which would take a second each time."""
    with (
        mock.patch.dict(os.environ, {"PATH": ""}),
        mock.patch.object(reading, "_installed", return_value={"python3"}),
    ):
        yield


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "parse": fuzz_parse,
    "splice": fuzz_splice,
    "options": fuzz_options,
    "rendering": fuzz_rendering,
    "records": fuzz_records,
    "import": fuzz_import,
}
"""By name of the target, which is that of its folder in the corpus too."""
