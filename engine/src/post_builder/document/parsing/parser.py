"""Reading a post: its front matter, and what Markdown makes of its text."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, fence
from markdown_it.token import Token

from post_builder.document.front_matter import kernel_of, read_front_matter
from post_builder.document.parsing.cells import find_cells, refuse_stray_markers
from post_builder.document.parsing.text_lines import TextLines
from post_builder.document.parsing.values import find_values
from post_builder.document.post import Post
from post_builder.files import read_text
from post_builder.site import Site


def read_post(site: Site, path: Path) -> Post | None:
    """Read and parse a file; None if it is not executable.

    Raises:
        PostError: with the line at fault.
    """
    name = site.relative(path)
    return parse(read_text(path, name), name)


@lru_cache(maxsize=64)  # many cells may take their text from one post
def parse(text: str, path: str = "post") -> Post | None:
    """Find the cells, options, output regions and values of a post; None if it is not executable.

    Raises:
        PostError: with the line at fault.
    """
    front_matter, content = read_front_matter(text, path)
    kernel = kernel_of(front_matter, path)
    if kernel is None:
        return None
    lines = TextLines(text, path, content)
    tokens = _blocks(lines.content)
    fences = [token for token in tokens if token.type == "fence"]
    cells = tuple(find_cells(lines, fences, kernel.language))
    refuse_stray_markers(lines, tokens, cells)
    return Post(
        path=path,
        text=text,
        front_matter=front_matter,
        kernel=kernel.name,
        language=kernel.language,
        content=content,
        cells=cells,
        values=tuple(find_values(lines, tokens, cells)),
        headings=tuple(
            (lines.range_of(heading)[0] + 1, inline.content)
            for heading, inline in pairwise(tokens)
            if heading.type == "heading_open"
        ),
        unreadable_fences=tuple(
            lines.range_of(token)[0] + 1 for token in fences if len(token.info.split()) > 1
        ),
    )


def _blocks(text: str) -> list[Token]:
    """Parse the blocks of a Markdown text; inline markup is not parsed."""
    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["normalize", "block"])
    parser.block.ruler.at(
        "fence", _fence, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    return parser.parse(text)


def _fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """Parse a fence as usual, and note how far it is indented within its list or quote."""
    found = fence(state, start, end, silent)
    if found and not silent:
        state.tokens[-1].meta["indent"] = state.sCount[start] - state.blkIndent
    return found
