"""Digests of the parts of a post, as its record keeps them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from post_builder.document.code.sessions import Example
from post_builder.document.post import Post
from post_builder.files import digest, unix_newlines
from post_builder.freshness.record import CellRecord
from post_builder.site import Site
from post_builder.sources.transclusion import PreparedPost


def cell_records(prepared: PreparedPost, post: Post) -> tuple[CellRecord, ...]:
    """Describe the cells of a post.

    Args:
        prepared: with the code as it runs.
        post: with the output regions.
    """
    return tuple(
        CellRecord(
            cell.name,
            _input_digest(prepared, index),
            digest(cell.code),
            published_digest(post.at(in_post.region), in_post.session),
            cell.options.source,
        )
        for index, (cell, in_post) in enumerate(zip(prepared.cells, post.cells, strict=True))
    )


def _input_digest(prepared: PreparedPost, index: int) -> str:
    cell = prepared.cells[index]
    values = [value.expression for value in prepared.post.values if value.after == index]
    inputs = [example.source for example in cell.cell.session]
    return digest(json.dumps([inputs or cell.code, cell.cell.options_text, values]))


def published_digest(region: str, session: Sequence[Example]) -> str:
    """Return the digest of what a cell publishes: its region, and the results of a session."""
    if not session:
        return region_digest(region)
    results = [example.result for example in session]
    return digest(json.dumps([unix_newlines(region).strip("\n"), results]))


def region_digest(text: str) -> str:
    """Return the digest of an output region, whatever its line endings."""
    return digest(unix_newlines(text).strip("\n"))


def text_digest(text: str) -> str:
    """Return the digest of a whole post, whatever its line endings."""
    return digest(unix_newlines(text))


def value_digests(post: Post) -> tuple[str, ...]:
    """Return the digest of the text of each value."""
    return tuple(value_digest(post.at(value.span)) for value in post.values)


def value_digest(text: str) -> str:
    """Return the digest of the text of a value, without the white space around it."""
    return digest(text.strip())


def settings_digest(site: Site) -> str:
    """Return the digest of the settings on which outputs depend."""
    return digest(json.dumps(site.settings.that_change_outputs(), sort_keys=True))
