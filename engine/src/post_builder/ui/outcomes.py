"""Outcomes of `build`, and how they are shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from post_builder.document.post import Notice
from post_builder.errors import PostBuilderError
from post_builder.rendering.notes import Note
from post_builder.ui.printing import show

Status = Literal["fresh", "built", "failed"]

_WORDS: dict[Status, str] = {"built": "built", "fresh": "up to date", "failed": "failed"}


class Outcome(Struct, frozen=True):
    """What happened to one post."""

    post: str
    """Its path."""
    status: Status
    reasons: tuple[str, ...] = ()
    """Why it was stale."""
    cells: int = 0
    """Number of cells that ran."""
    seconds: float = 0.0
    error: PostBuilderError | None = None
    note: str = ""
    """What the author should know all the same."""
    notices: tuple[Notice, ...] = ()
    """What looks as if it ran, or like a formula, and is not."""
    notes: tuple[Note, ...] = ()
    """What readers see otherwise than the code gave it, with the line of each cell."""


def report(outcomes: Sequence[Outcome], removed: Sequence[str], *, as_json: bool) -> None:
    """Print outcomes, and what is said of files of posts that no longer exist."""
    if as_json:
        print(json.dumps([_plain(outcome) for outcome in outcomes], indent=1, ensure_ascii=False))
        return
    for outcome in outcomes:
        if outcome.error:
            show(f"\n{outcome.error}", sys.stderr)
    for outcome in outcomes:
        if outcome.note:
            show(f"{outcome.post}: {outcome.note}")
        for notice in outcome.notices:
            show(f"{outcome.post}:{notice.line}: {notice.message} ({notice.hint})")
        for note in outcome.notes:
            show(str(note))
    for line in removed:
        show(line)
    print(_summary(outcomes))


def _plain(outcome: Outcome) -> dict[str, object]:
    """Return an outcome as JSON can hold it."""
    error = outcome.error
    plain: dict[str, object] = to_builtins(replace(outcome, error=None))
    if error:
        place = to_builtins(error.place) if error.place else None
        plain["error"] = {"message": error.message, "place": place, "text": str(error)}
    return plain


def _summary(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return "no executable posts"
    posts = _counted(len(outcomes), "post")
    counts = {s: sum(outcome.status == s for outcome in outcomes) for s in _WORDS}
    if counts["fresh"] == len(outcomes):
        return f"all up to date ({posts})"
    parts = [f"{counts[status]} {word}" for status, word in _WORDS.items() if counts[status]]
    cells = sum(outcome.cells for outcome in outcomes)
    return f"{posts}: {', '.join(parts)}; {_counted(cells, 'cell')} ran"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
