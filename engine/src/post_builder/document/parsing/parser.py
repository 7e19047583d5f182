"""Reading a post: its front matter, and what Markdown makes of its text."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from post_builder.document.front_matter import FrontMatter, KernelSpec, kernel_of, read_front_matter
from post_builder.document.parsing.blocks import find_blocks
from post_builder.document.parsing.cells import find_cells, runs
from post_builder.document.parsing.headings import headings
from post_builder.document.parsing.markers import open_comments, stray_markers
from post_builder.document.parsing.notices import find_notices
from post_builder.document.parsing.rules.containers.quotes import ScatteredQuotesError
from post_builder.document.parsing.rules.kept import Kept
from post_builder.document.parsing.text_lines import TextLines
from post_builder.document.parsing.values import find_values
from post_builder.document.post import Post
from post_builder.errors import PostError, together
from post_builder.files import read_text
from post_builder.jekyll.defaults import NOTHING, Inherited
from post_builder.site import Site

Problems = tuple[PostError, ...]
"""All that is wrong with the text of a post."""


def read_post(site: Site, path: Path) -> Post | None:
    """Read and parse a file; None if it is not executable.

    Raises:
        PostError: with the lines at fault.
    """
    name = site.relative(path)
    return parse(read_text(path, name), name, site.inherited(path))


def inspect_post(site: Site, path: Path) -> tuple[Post | None, Problems]:
    """Read and parse a file; return what could be read of it, and all that is wrong with it."""
    name = site.relative(path)
    try:
        text = read_text(path, name)
    except PostError as error:
        return None, (error,)
    return inspect(text, name, site.inherited(path))


def parse(text: str, path: str = "post", inherited: Inherited = NOTHING) -> Post | None:
    """Find the cells, options, output regions and values of a post; None if it is not executable.

    Args:
        text: of the file.
        path: relative to the site's root.
        inherited: what the file takes from the site's configuration.

    Raises:
        PostError: with the lines at fault.
    """
    post, problems = inspect(text, path, inherited)
    if problems:
        raise together(problems)
    return post


def inspect(
    text: str, path: str = "post", inherited: Inherited = NOTHING
) -> tuple[Post | None, Problems]:
    """Return what could be read of a post, and all that is wrong with it."""
    try:
        return _read(text, path, inherited)
    except PostError as error:
        return None, (error,)


@lru_cache(maxsize=64)  # many cells may take their text from one post
def _read(text: str, path: str, inherited: Inherited) -> tuple[Post | None, Problems]:
    front_matter = read_front_matter(text, path, inherited.front_matter)
    kernel = kernel_of(front_matter)
    if kernel is None:
        return None, ()
    with _collecting_later():
        return _parse(text, front_matter, kernel, inherited)


@contextmanager
def _collecting_later() -> Iterator[None]:
    """Let the collector wait: it would look through all cells of a long post again and again.

    Nothing that reading makes refers to itself.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _parse(
    text: str, front_matter: FrontMatter, kernel: KernelSpec, inherited: Inherited
) -> tuple[Post, Problems]:
    problems: list[PostError] = []
    lines = TextLines(text, front_matter.path, front_matter.end)
    tokens = _find_blocks(lines, kernel, inherited)
    fences = [token for token in tokens if token.type == "fence"]
    cells = tuple(find_cells(lines, fences, kernel.language, problems))
    if not problems:  # a cell that cannot be read has output, and values, as well
        problems += stray_markers(lines, tokens, cells)
        problems += open_comments(lines, tokens, cells)
        values = tuple(find_values(lines, tokens, cells, problems))
    titles = ((lines.first + line + 1, title) for line, title in tokens.headings)
    post = Post(
        path=front_matter.path,
        text=text,
        front_matter=front_matter.values,
        kernel=kernel.name,
        language=kernel.language,
        content=front_matter.end,
        cells=cells,
        values=() if problems else values,
        headings=tuple(headings(titles)),
        notices=tuple(find_notices(lines, tokens, kernel.language, cells)),
        kernelspec=kernel.spec,
        inherited=inherited,
    )
    return post, tuple(sorted(problems, key=_line))


def _find_blocks(lines: TextLines, kernel: KernelSpec, inherited: Inherited) -> Kept:
    try:
        return find_blocks(
            lines.content,
            lambda info: runs(info, kernel.language),
            parse_block_html=inherited.parse_block_html,
        )
    except ScatteredQuotesError as error:
        raise lines.error(
            lines.first + error.line,
            "too many lines look like those of this quote and others: they have no `>`",
            "put an empty line below each quote, or `>` before each of its lines",
        ) from error


def _line(error: PostError) -> int:
    return (error.place.line if error.place else None) or 0
