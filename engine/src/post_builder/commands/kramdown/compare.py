"""Comparing the cells of posts with the blocks of code that kramdown shows."""

from __future__ import annotations

import difflib
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from post_builder.document.code.languages import SESSIONS, names_of, word_of
from post_builder.document.liquid import without_liquid
from post_builder.document.post import Cell, Post
from post_builder.errors import SiteError
from post_builder.site import Site
from post_builder.ui.findings import Finding

_CODE_BLOCKS = "code_blocks.rb"
_FORMULAS = "formulas.rb"

_TIMEOUT = 120
"""Seconds for all posts of a site; kramdown reads about a megabyte in one."""

_OPTIONS = ("input", "parse_block_html", "parse_span_html", "gfm_quirks", "html_to_native")
"""Options of kramdown that decide what is code."""


class _Shown(Struct, frozen=True):
    """A block of code that readers see."""

    language: str
    code: str
    line: int
    """Within the content of its post."""


def compare_with_kramdown(site: Site, posts: Sequence[Post]) -> list[Finding]:
    """Find cells that readers see otherwise, and code that they see and that does not run.

    Args:
        site: whose options of kramdown count.
        posts: to compare, all with one run of Ruby.

    Returns:
        The findings; none where Ruby or kramdown is not installed.
    """
    if not posts:
        return []
    shown = _ask(site, posts)
    if shown is None:
        return []
    return [f for post, blocks in zip(posts, shown, strict=True) for f in _compare(post, blocks)]


def missing_formulas(site: Site, post: Post, formulas: Sequence[str]) -> list[str]:
    """Return the formulas that kramdown reads as something else; none where it is not installed."""
    if not formulas:
        return []
    found = _answer(site, _FORMULAS, [post])
    if found is None:
        return []
    left = Counter(" ".join(tex.split()) for tex in found[0])
    left.subtract(Counter(" ".join(tex.split()) for tex in formulas))
    return [tex for tex, number in left.items() for _ in range(-number)]


def _ask(site: Site, posts: Sequence[Post]) -> list[list[_Shown]] | None:
    """Return the blocks of code of each post; None if kramdown is not installed."""
    found = _answer(site, _CODE_BLOCKS, posts)
    if found is None:
        return None
    return [[_Shown(lang or "", code, line) for lang, code, line in blocks] for blocks in found]


def _answer(site: Site, script: str, posts: Sequence[Post]) -> list[Any] | None:
    """Run kramdown; None if it is not installed, neither for all nor for the site's bundle.

    Raises:
        SiteError: if it takes too long.
    """
    options = {key: value for key, value in site.jekyll.kramdown.items() if key in _OPTIONS}
    texts = [without_liquid(post.text[post.content :]) for post in posts]
    request = json.dumps({"options": options, "texts": texts}, default=str)
    for command in (["ruby"], ["bundle", "exec", "ruby"]):
        if not shutil.which(command[0]) or (command[1:] and not (site.root / "Gemfile").is_file()):
            continue
        try:
            answer = subprocess.run(  # a fixed script
                [*command, str(Path(__file__).with_name(script))],
                input=request,
                capture_output=True,
                encoding="utf-8",
                cwd=site.root,
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            message = f"kramdown takes over {_TIMEOUT} seconds to read what is checked"
            raise SiteError(message, hint="name fewer posts at a time") from error
        if answer.returncode == 0:
            found: list[Any] = json.loads(answer.stdout)
            return found
    return None


def _compare(post: Post, blocks: Sequence[_Shown]) -> Iterator[Finding]:
    names = names_of(post.language) | (SESSIONS if post.language == "python" else frozenset())
    shown = [block for block in blocks if word_of(block.language) in names]
    codes = [_comparable(_body(post, cell)) for cell in post.cells]
    seen = [_comparable(block.code) for block in shown]
    matcher = difflib.SequenceMatcher(None, codes, seen, autojunk=False)
    for kind, first, last, start, end in matcher.get_opcodes():
        if kind == "equal":
            continue
        pairs = min(last - first, end - start)
        for cell, block in zip(post.cells[first:last], shown[start:end], strict=False):
            yield _other_code(post, cell, block)
        for cell in post.cells[first + pairs : last]:
            message = f"kramdown does not show cell {cell.name} as a block of code"
            yield Finding("style", post.place(cell.line), message, "put empty lines around it")
        for block in shown[start + pairs : end]:
            yield from _not_run(post, block)


def _body(post: Post, cell: Cell) -> str:
    """Return what readers see of a cell: of a session its prompts and results as well."""
    return cell.without_prefix(post.at(cell.body)) if cell.session else cell.code


def _comparable(code: str) -> str:
    """Return code without the spaces of empty lines, which kramdown keeps within lists."""
    return re.sub(r"^[ \t]+$", "", code, flags=re.MULTILINE)


def _other_code(post: Post, cell: Cell, block: _Shown) -> Finding:
    runs, seen = _body(post, cell).split("\n"), block.code.split("\n")
    difference = difflib.unified_diff(runs, seen, "runs", "readers see", lineterm="", n=1)
    message = f"readers see other code than cell {cell.name} runs"
    return Finding("style", post.place(cell.line), message, "\n".join(difference))


def _not_run(post: Post, block: _Shown) -> Iterator[Finding]:
    """Report code that does not run, unless parsing has found why."""
    line = post.line_of(post.content) + block.line - 1
    if all(notice.line != line for notice in post.notices):
        message = f"kramdown shows a block of {post.language} here, which does not run"
        hint = f"write it as a ```{post.language} fence, with empty lines around it"
        yield Finding("style", post.place(line), message, hint)
