"""Starting what a run needs before it is known whether a post will run.

The engine takes longer to import a parser of Markdown and to read posts than to look for code that
was not there; a template imports what all kernels need meanwhile. It is a guess: where it is wrong,
a process has been started for nothing, or later than it could have been.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from post_builder.document.front_matter import kernel_of, read_front_matter
from post_builder.errors import PostBuilderError
from post_builder.files import digest, read_text, unix_newlines
from post_builder.freshness.record import load_record
from post_builder.pipeline.names import post_names
from post_builder.site import Site, slug_of

if TYPE_CHECKING:
    from post_builder.execution.forking.starting import TemplateProcess

_FENCED = re.compile(r"^([ >]*)(`{3,}|~{3,})[^\n`]*\n(.*?)^\1\2", re.MULTILINE | re.DOTALL)
"""A block of code, as most are written, with what is before each of its lines."""


class Ahead:
    """A process that was started ahead, until somebody takes it."""

    def __init__(self, process: TemplateProcess | None = None) -> None:
        """Take it, if there is one."""
        self._process = process

    def take(self) -> TemplateProcess | None:
        """Return the process, the first time."""
        process, self._process = self._process, None
        return process


@contextmanager
def template_ahead(site: Site, paths: Sequence[Path], *, force: bool) -> Iterator[Ahead]:
    """Start a template if a post will probably run; end it if nobody took it.

    Args:
        site: that the posts belong to.
        paths: absolute paths of posts.
        force: whether all of them run.
    """
    ahead = Ahead()
    with suppress(PostBuilderError, OSError, ValueError):  # the build will report it
        latest = max(paths, key=lambda path: path.stat().st_mtime_ns)
        if force or _has_new_code(site, latest):
            ahead = Ahead(_template(site, latest))
    try:
        yield ahead
    finally:
        if process := ahead.take():
            process.end()


def _template(site: Site, path: Path) -> TemplateProcess | None:
    """Start a template if it can stand for the kernel of a post."""
    from post_builder.execution.forking.starting import TemplateProcess, may_fork  # noqa: PLC0415

    name = site.relative(path)
    inherited = site.inherited(path).front_matter
    kernel = kernel_of(read_front_matter(read_text(path, name), name, inherited))
    forks = kernel is not None and may_fork(kernel.name, kernel.language, site)
    return TemplateProcess(site) if forks else None


def _has_new_code(site: Site, path: Path) -> bool:
    """Return whether a post seems to have other code than when it was built."""
    record = load_record(site, slug_of(path))
    if record is None or record.post != site.relative(path):
        record = load_record(site, post_names(site)[path])
    if record is None or record.unfinished:
        return True
    text = unix_newlines(read_text(path, site.relative(path)))
    blocks = {digest(re.sub(f"(?m)^{b[1]}", "", b[3])) for b in _FENCED.finditer(text)}
    return not {cell.code for cell in record.cells if not cell.source} <= blocks
