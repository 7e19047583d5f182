"""What a build says about a post."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from post_builder.document.parsing.parser import inspect_post
from post_builder.document.post import Notice
from post_builder.errors import PostBuilderError
from post_builder.freshness.packages.unseen_readers import unobserved
from post_builder.freshness.record import load_record
from post_builder.pipeline.made.removed import KEPT
from post_builder.pipeline.prepare import PostState
from post_builder.place import Place

if TYPE_CHECKING:
    from post_builder.pipeline.publish import Published


def notices_now(state: PostState) -> tuple[Notice, ...]:
    """Return what looks as if it ran, with its lines in the post as the build wrote it."""
    post, _ = inspect_post(state.site, state.path)
    return post.notices if post else ()


def internal_error(name: str, error: Exception) -> PostBuilderError:
    """Report a bug in full."""
    detail = "".join(traceback.format_exception(error))
    hint = "this is a bug in post-builder; please report it"
    return PostBuilderError(f"internal error: {error!r}", Place(name), hint, detail=detail)


def note(state: PostState, published: Published) -> str:
    """Say where freshness depends on the author alone, and what became of files."""
    record = load_record(state.site, state.name)
    notes = unobserved(state.prepared, record, state.site) if record else []
    if published.removed:
        names = ", ".join(published.removed)
        notes.append(f"removed {names}, which no cell makes any more ({KEPT})")
    if published.copies:
        notes.append(f"what the build replaced is kept in {', '.join(published.copies)}")
    return "; ".join(notes)
