"""The inputs of a session as cells of their own, each at its line."""

from __future__ import annotations

from msgspec.structs import replace

from post_builder.document.options import Tag
from post_builder.sources.transclusion import PreparedCell


def inputs_of(cell: PreparedCell) -> tuple[PreparedCell, ...]:
    """Return the inputs of a session; those whose result is a traceback must raise."""
    parts = []
    for example in cell.cell.session:
        tags = cell.options.tags | ({Tag.RAISES_EXCEPTION} if example.raises else frozenset())
        part = replace(
            cell.cell,
            code=example.source,
            line=cell.cell.line + example.index,
            options=replace(cell.options, tags=tags),
            session=(),
        )
        parts.append(PreparedCell(part, example.source))
    return tuple(parts)
