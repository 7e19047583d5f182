"""Whether a file that a build made differs from what a rerun makes, by what it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from post_builder.freshness.comparison.charts import chart_drift
from post_builder.freshness.comparison.figures import figure_drift
from post_builder.freshness.comparison.ignored import comparable
from post_builder.freshness.comparison.text import Tolerances, same_text

IMAGES = frozenset({".svg", ".png", ".jpg", ".gif", ".webp"})
"""Extensions of files that are compared by pixel."""


def made_drift(
    path: str,
    published: bytes,
    fresh: bytes,
    tolerances: Tolerances,
    patterns: Sequence[str] = (),
) -> str:
    """Return how two versions of a file differ; an empty string if readers see the same.

    Args:
        path: of the file; its extension says what it is.
        published: its content on disk.
        fresh: what the rerun gave.
        tolerances: how much numbers in it may differ.
        patterns: regular expressions of what else does not count in text.
    """
    suffix = PurePosixPath(path).suffix
    if published == fresh:
        return ""
    if suffix in IMAGES:
        return figure_drift(published, fresh)
    if suffix == ".json":
        return chart_drift(published, fresh, tolerances)
    if suffix == ".html":
        texts = (data.decode("utf-8", "replace") for data in (published, fresh))
        before, now = (comparable(text, patterns) for text in texts)
        return "" if same_text(before, now, tolerances) else "its content differs"
    return f"{len(published):,} → {len(fresh):,} bytes, with another content"
