"""Published products beside those of a run: their bytes are compared, as cells write them anew."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from post_builder.pipeline.prepare import PostState
from post_builder.site import made_file
from post_builder.ui.findings import Finding

_MOST_SHOWN = 20
"""Lines of a difference."""


def product_drift(state: PostState, fresh: Mapping[str, bytes]) -> Iterator[Finding]:
    """Compare the products of a post, in the order of its cells.

    Args:
        state: the post as it is published.
        fresh: what a run of it wrote, by path.
    """
    post = state.post
    for cell in post.cells:
        for path in cell.options.products:
            file, place = made_file(state.site.root, path), post.place(cell.line)
            if not file.is_file():
                yield Finding("drift", place, f"{path} is missing")
            elif (published := file.read_bytes()) != fresh[path]:
                difference = _difference(published, fresh[path])
                yield Finding("drift", place, f"{path} differs", difference)


def _difference(published: bytes, fresh: bytes) -> str:
    """Say what differs: lines of text, or from which byte on."""
    try:
        before, now = (data.decode("utf-8").splitlines() for data in (published, fresh))
    except UnicodeDecodeError:
        before = now = []
    lines = list(difflib.unified_diff(before, now, "published", "fresh", lineterm="", n=1))
    if lines and max(map(len, lines)) <= _MOST_SHOWN * 10:
        left_out = ["…"] if len(lines) > _MOST_SHOWN else []
        return "\n".join([*lines[:_MOST_SHOWN], *left_out])
    pairs = enumerate(zip(published, fresh, strict=False))
    first = next((index for index, (a, b) in pairs if a != b), min(len(published), len(fresh)))
    return f"{len(published):,} → {len(fresh):,} bytes, different from byte {first:,} on"
