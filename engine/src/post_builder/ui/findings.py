"""Findings of `check`, and how they are shown: to people, to programs, and to GitHub."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct, to_builtins

from post_builder.place import Place
from post_builder.ui.printing import show, visible

Kind = Literal["stale", "tampered", "orphan", "style", "drift", "error"]


_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
"""What GitHub wants escaped in the text of a workflow command."""

_PROPERTY = {**_DATA, **str.maketrans({":": "%3A", ",": "%2C"})}
"""And in a property: a line end in a file name would start another command."""


class Finding(Struct, frozen=True):
    """Something that should not be in a published post."""

    kind: Kind
    place: Place
    message: str
    hint: str = ""


def report(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print findings in the form that suits where they are read."""
    if as_json:
        print(json.dumps(to_builtins(findings), indent=1, ensure_ascii=False))
    elif os.environ.get("GITHUB_ACTIONS") == "true":
        for finding in findings:
            print(f"::error {visible(_annotation(finding))}")
    elif sys.stdout.isatty():
        _print_table(findings)
    else:
        for finding in findings:
            hint = f" ({finding.hint})" if finding.hint else ""
            show(f"{finding.place}: {finding.kind}: {finding.message}{hint}")
    if not as_json:
        print(f"{len(findings)} found" if findings else "everything is as the build left it")


def _annotation(finding: Finding) -> str:
    """Return what a workflow command says of a finding; GitHub shows it on the changed line."""
    text = f"{finding.message}\n{finding.hint}".strip().translate(_DATA)
    path = finding.place.path.translate(_PROPERTY)
    line = f",line={finding.place.line}" if finding.place.line else ""
    return f"file={path}{line},title=post-builder {finding.kind}::{text}"


def _print_table(findings: Sequence[Finding]) -> None:
    from rich.console import Console  # noqa: PLC0415  # only a terminal needs it
    from rich.table import Table  # noqa: PLC0415  # only a terminal needs it
    from rich.text import Text  # noqa: PLC0415  # only a terminal needs it

    if not findings:
        return
    table = Table("where", "kind", "what", "what to do")
    for finding in findings:
        words = (str(finding.place), finding.kind, finding.message, finding.hint)
        table.add_row(*(Text(visible(word)) for word in words))
    Console().print(table)
