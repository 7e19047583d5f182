"""The results of a session, written below their inputs."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from post_builder.document.code.sessions import Example, SessionError, short_traceback, with_result
from post_builder.document.liquid import first_liquid_line
from post_builder.document.options import Tag
from post_builder.document.post import Cell, Post
from post_builder.errors import RenderError
from post_builder.execution.run import CellRun, Output
from post_builder.rendering.forms import has_figure
from post_builder.rendering.text.cleaner import TextCleaner
from post_builder.rendering.text.terminal import without_colours


def is_result(output: Output) -> bool:
    """Return whether a session shows an output below its input; figures are below the session."""
    return not has_figure(output)


def with_results(post: Post, cell: Cell, run: CellRun, clean: TextCleaner) -> tuple[Example, ...]:
    """Return the examples of a session with what a run of it gave.

    Raises:
        RenderError: for a result that cannot be in the post as it is.
    """
    if Tag.SKIP_EXECUTION in cell.options.tags:
        return cell.session
    return tuple(
        _with_result(post, cell, example, _text(ran, clean))
        for example, ran in zip(cell.session, run.inputs, strict=True)
    )


def _with_result(post: Post, cell: Cell, example: Example, text: str) -> Example:
    place = post.place(cell.line + 1 + example.index)
    if Tag.REMOVE_OUTPUT in cell.options.tags:
        return replace(example, result="")
    try:
        example = with_result(example, text)
    except SessionError as error:
        hint = "print something else, or use a cell instead of a session"
        raise RenderError(str(error), place, hint) from error
    if first_liquid_line(text, in_raw=cell.in_raw) is not None:
        hint = "put {% raw %} on a line above the session and {% endraw %} below it"
        raise RenderError("Liquid would interpret the result of this input", place, hint)
    if any(line.lstrip().startswith(cell.fence) for line in text.split("\n")):
        hint = f"open and close the session with a longer fence than {cell.fence}"
        raise RenderError("the result of this input would close the block", place, hint)
    return example


def _text(run: CellRun, clean: TextCleaner) -> str:
    parts = (without_colours(text) for output in run.outputs for text in _texts(output, clean))
    return "\n".join(part.rstrip("\n") for part in parts)


def _texts(output: Output, clean: TextCleaner) -> Iterator[str]:
    if output["output_type"] == "stream":
        yield (
            clean.text(output["text"]) if output["name"] == "stdout" else clean.log(output["text"])
        )
    elif output["output_type"] == "error":
        yield clean.text(short_traceback(output["ename"], output["evalue"]))
    elif is_result(output) and "text/plain" in output["data"]:
        yield clean.text(output["data"]["text/plain"])
