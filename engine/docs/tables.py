"""Writes the tables in the documents from the code that they describe.

`python docs/tables.py` rewrites them in place; with `--check` it only names the documents that
would change, and exits with status 1 if there are any.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from post_builder.cli.parser import make_parser
from post_builder.document.options import Attribute, Tag
from post_builder.freshness.circumstances import Circumstances
from post_builder.freshness.record import CellRecord, Record
from post_builder.settings import Settings

ENGINE = Path(__file__).resolve().parents[1]
"""The folder with the README and the documents."""

_MARKED = re.compile(
    r"(?P<start><!-- table: (?P<name>[\w-]+) -->\n).*?(?P<end><!-- /table -->\n)", re.DOTALL
)
"""A table between its markers."""

_TYPES = {
    "str": "text",
    "str | None": "text or null",
    "bool": "true or false",
    "int": "number",
    "float": "number",
    "Digest": "digest",
    "tuple[Digest, ...]": "list of digests",
    "tuple[str, ...]": "list of texts",
    "tuple[CellRecord, ...]": "list",
    "Mapping[str, Digest]": "object of digests",
    "Mapping[str, str]": "object of texts",
    "Mapping[str, float]": "object of numbers",
    "Circumstances": "object",
}
"""What the types of fields are called in JSON."""

Row = Sequence[str]
"""The texts of a row's cells."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a class, or a member of an enumeration."""

    name: str
    annotation: str
    """Its type as it is written; empty for a member."""
    text: str
    """Its docstring, on one line."""


def fields(cls: type) -> Iterator[Field]:
    """Yield the fields of a class.

    Raises:
        ValueError: for a field that has no docstring.
    """
    tree = ast.parse(inspect.getsource(cls))
    body = next(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    for node, after in zip(body, [*body[1:], ast.Pass()], strict=True):
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        annotation = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ""
        match after:
            case ast.Expr(ast.Constant(str(text))):
                yield Field(ast.unparse(target), annotation, " ".join(text.split()))
            case _:
                raise ValueError(f"{cls.__name__}.{ast.unparse(target)} has no docstring")


def options() -> Iterator[Row]:
    """Yield the table of a cell's options."""
    yield "option", "meaning"
    for field in fields(Tag):
        yield f"`.{Tag[field.name]}`", field.text
    for field in fields(Attribute):
        yield f"`{Attribute[field.name]}`", field.text


def _written(value: object) -> str:
    """Return a value as YAML writes it."""
    return value if isinstance(value, str) else json.dumps(value)


def settings() -> Iterator[Row]:
    """Yield the table of settings, with their defaults."""
    yield "setting", "default", "meaning"
    defaults = Settings()
    for field in fields(Settings):
        yield f"`{field.name}`", f"`{_written(getattr(defaults, field.name))}`", field.text


def commands() -> Iterator[Row]:
    """Yield the table of commands."""
    yield "command", "what it does"
    for choice in _subparsers()._choices_actions:  # noqa: SLF001  # argparse has no other way
        yield f"`post-builder {choice.dest}`", choice.help or ""


def arguments() -> Iterator[Row]:
    """Yield the table of the commands' arguments; an argument of several commands has one row."""
    yield "argument", "commands", "meaning"
    parsers = _subparsers().choices
    found: dict[tuple[str, str], list[str]] = {}
    for command, parser in parsers.items():
        for action in parser._actions:  # noqa: SLF001  # argparse has no other way
            if action.dest != "help":
                value = [] if action.nargs == 0 else [str(action.metavar)]
                row = " ".join([*action.option_strings, *value]), action.help or ""
                found.setdefault(row, []).append(f"`{command}`")
    for (words, text), names in found.items():
        yield f"`{words}`", "all" if len(names) == len(parsers) else ", ".join(names), text


def _subparsers() -> argparse._SubParsersAction[argparse.ArgumentParser]:
    actions = make_parser()._actions  # noqa: SLF001  # argparse has no other way
    return next(a for a in actions if isinstance(a, argparse._SubParsersAction))  # noqa: SLF001


def schema(cls: type) -> Callable[[], Iterator[Row]]:
    """Return what yields the table of the fields of a part of the record."""

    def rows() -> Iterator[Row]:
        yield "key", "type", "content"
        for field in fields(cls):
            yield f"`{field.name}`", _TYPES[field.annotation], field.text

    return rows


TABLES: Mapping[str, Callable[[], Iterator[Row]]] = {
    "options": options,
    "settings": settings,
    "commands": commands,
    "flags": arguments,
    "record": schema(Record),
    "record-cells": schema(CellRecord),
    "record-run": schema(Circumstances),
}
"""What makes each table, by the name in its marker."""


def markdown(rows: Iterator[Row]) -> str:
    """Return a table in Markdown; the first row is its head."""
    head, *body = [[text.replace("|", r"\|") for text in row] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in (head, *body)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])


def with_tables(text: str) -> str:
    """Return a document with its tables as the code wants them."""

    def table(match: re.Match[str]) -> str:
        return f"{match['start']}\n{markdown(TABLES[match['name']]())}\n\n{match['end']}"

    return _MARKED.sub(table, text)


def main(argv: Sequence[str] | None = None) -> int:
    """Rewrite the documents whose tables are outdated, or only name them."""
    parser = argparse.ArgumentParser(description="Write the tables in the documents.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if outdated")
    check = parser.parse_args(argv).check
    outdated = False
    for path in (ENGINE / "README.md", *sorted(ENGINE.joinpath("docs").glob("*.md"))):
        text = path.read_text(encoding="utf-8")
        if with_tables(text) == text:
            continue
        outdated = True
        name = path.relative_to(ENGINE)
        print(f"{name}: {'outdated: run `python docs/tables.py`' if check else 'rewritten'}")
        if not check:
            path.write_text(with_tables(text), encoding="utf-8")
    return 1 if check and outdated else 0


if __name__ == "__main__":
    sys.exit(main())
