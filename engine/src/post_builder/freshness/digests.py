"""Digests of the parts of a post, as its record keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from post_builder.document.code.sessions import Example
from post_builder.document.options import Tag
from post_builder.document.post import Post
from post_builder.files import digest, unix_newlines
from post_builder.freshness.record import CellRecord
from post_builder.site import Site

if TYPE_CHECKING:  # parsing Markdown takes a parser that most builds need not load
    from post_builder.sources.transclusion import PreparedCell, PreparedPost


SPACES = " \t\r\n"
"""White space that a page does not show around a value; that of other widths it shows."""


def cell_records(prepared: PreparedPost, post: Post) -> tuple[CellRecord, ...]:
    """Describe the cells of a post.

    Args:
        prepared: with the code as it runs.
        post: with the output regions.
    """
    return tuple(
        CellRecord(
            cell.name,
            input_digest(cell),
            digest(cell.code),
            published_digest(post.at(in_post.region), in_post.session),
            cell.options.source,
            digest(json.dumps(cell.options.of_page())),
            tuple(value.form for value in prepared.post.values if value.after == index),
        )
        for index, (cell, in_post) in enumerate(zip(prepared.cells, post.cells, strict=True))
    )


def input_digest(cell: PreparedCell, *, dropped: Tag | None = None) -> str:
    """Return the digest of a cell's code and of its options that may change what it gives.

    Args:
        cell: as it will run.
        dropped: a tag to leave out.
    """
    inputs = [example.source for example in cell.cell.session]
    options = replace(cell.options, tags=cell.options.tags - {dropped})
    return digest(json.dumps([inputs or cell.code, options.of_run()]))


def published_digest(region: str, session: Sequence[Example]) -> str:
    """Return the digest of what a cell publishes: its region, and the results of a session."""
    if not session:
        return region_digest(region)
    results = [example.result for example in session]
    return digest(json.dumps([unix_newlines(region).strip("\n"), results]))


def region_digest(text: str) -> str:
    """Return the digest of an output region, whatever its line endings."""
    return digest(unix_newlines(text).strip("\n"))


def text_digest(post: Post, site: Site) -> str:
    """Return the digest of what downloads contain: the whole post, whatever its line endings.

    A site may ask for notebooks with outputs, and change its mind.
    """
    carried = site.settings.outputs_in_notebook(post.front_matter)
    return digest(unix_newlines(post.text) + ("\0outputs" if carried else ""))


def value_digests(post: Post) -> tuple[str, ...]:
    """Return the digest of the text of each value."""
    return tuple(value_digest(post.at(value.span)) for value in post.values)


def value_digest(text: str) -> str:
    """Return the digest of the text of a value, without spaces and line ends around it."""
    return digest(text.strip(SPACES))


def file_digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the digest of each file that a build makes."""
    return {path: digest(data) for path, data in files.items()}


def settings_digest(site: Site) -> str:
    """Return the digest of the settings on which outputs depend."""
    settings = site.settings.that_change_outputs()
    # the first decides what is a cell, both how HTML is kept
    for option in ("parse_block_html", "html_to_native"):
        if site.jekyll.kramdown.get(option):
            settings[option] = True
    return digest(json.dumps(settings, sort_keys=True))
