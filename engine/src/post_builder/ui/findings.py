"""How findings and drift are shown: to people, to machines, and to GitHub."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict

from post_builder.commands.check import Finding


def report(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print findings in the form that fits where they are read."""
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1, ensure_ascii=False))
    elif os.environ.get("GITHUB_ACTIONS") == "true":
        for finding in findings:
            print(_annotation(finding))
    elif sys.stdout.isatty():
        _table(findings)
    else:
        for finding in findings:
            hint = f" ({finding.hint})" if finding.hint else ""
            print(f"{finding.place}: {finding.kind}: {finding.message}{hint}")
    if not as_json:
        print(f"{len(findings)} found" if findings else "all is as the build left it")


def _annotation(finding: Finding) -> str:
    """Write a finding as a workflow command, which shows on the changed line."""
    text = f"{finding.message}\n{finding.hint}".strip()
    for char, escape in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        text = text.replace(char, escape)
    line = f",line={finding.place.line}" if finding.place.line else ""
    return f"::error file={finding.place.path}{line},title=post-builder {finding.kind}::{text}"


def _table(findings: Sequence[Finding]) -> None:
    from rich.console import Console  # noqa: PLC0415  # only a terminal needs it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    if not findings:
        return
    table = Table("where", "kind", "what", "what to do")
    for finding in findings:
        words = (str(finding.place), finding.kind, finding.message, finding.hint)
        table.add_row(*map(Text, words))
    Console().print(table)
