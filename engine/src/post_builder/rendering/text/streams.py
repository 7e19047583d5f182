"""What cells print: joined, and what was written to stderr by the author's choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from post_builder.execution.run import Output
from post_builder.rendering.text.cleaner import TextCleaner
from post_builder.rendering.text.stderr import stderr_kind


def merge_streams(outputs: Sequence[Output]) -> Iterator[Output]:
    """Join streams without another output in between.

    Standard output comes before standard error, because the order in which they arrive is random.
    """
    for is_stream, group in groupby(outputs, lambda output: output["output_type"] == "stream"):
        if not is_stream:
            yield from group
            continue
        texts = {"stdout": "", "stderr": ""}
        for output in group:
            texts["stderr" if output["name"] == "stderr" else "stdout"] += output["text"]
        for name, text in texts.items():
            if text:
                yield {"output_type": "stream", "name": name, "text": text}


def stream_text(output: Output, clean: TextCleaner) -> tuple[str, str]:
    """Return the classes and the clean text of a stream; stderr is named by what it is."""
    if output["name"] == "stdout":
        return "stdout", clean.text(output["text"])
    text = clean.log(output["text"])
    return f"stderr {stderr_kind(text)}".strip(), text
