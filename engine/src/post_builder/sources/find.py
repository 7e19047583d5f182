"""Finding what the `data-source` of a cell names."""

from __future__ import annotations

from post_builder.site import Site
from post_builder.sources.python_source import python_snippet
from post_builder.sources.reference import parse_reference
from post_builder.sources.snippet import Snippet


def find_snippet(reference: str, site: Site) -> Snippet:
    """Cut out what a reference names, without importing or running anything.

    Args:
        reference: the `data-source` of a cell.
        site: with the modules and posts.

    Raises:
        SnippetError: if nothing, or more than one thing, has that name.
    """
    wanted = parse_reference(reference)
    if wanted.kind == "output":
        # parses the other post, with a parser that takes long to load
        from post_builder.sources.published_output import published_output  # noqa: PLC0415

        return published_output(site, wanted.home, wanted.name)
    return python_snippet(wanted, site.root)
