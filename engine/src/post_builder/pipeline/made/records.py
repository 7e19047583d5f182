"""What the records of a site say that builds made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from post_builder.errors import PostBuilderError
from post_builder.freshness.record import Made, load_made
from post_builder.site import Site


def made_records(site: Site) -> Iterator[Made]:
    """Yield the records that can be read; others are reported elsewhere."""
    for path in site.records():
        with suppress(PostBuilderError):
            if record := load_made(site, path.stem):
                yield record
