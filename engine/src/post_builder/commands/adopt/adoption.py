"""Adopting a post: its key, its blocks, the options of its cells, and outputs pasted below them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from post_builder.commands.adopt.blocks import convert_blocks
from post_builder.commands.adopt.draft import Draft, options_edit
from post_builder.commands.adopt.feasible import why_not
from post_builder.commands.adopt.names import choose_names
from post_builder.commands.adopt.pasted import (
    Pasted,
    block_lines,
    find_pasted,
    is_reproduced,
    raises_what_was_pasted,
)
from post_builder.commands.drawing import draws
from post_builder.commands.new import KERNEL, kernel_line
from post_builder.document.figure_tag import PLACEHOLDER_ALT
from post_builder.document.front_matter import kernel_of, read_front_matter
from post_builder.document.options import Attribute, Tag
from post_builder.document.post import Cell, Edit, Post, Span
from post_builder.errors import (
    ExecutionError,
    FileError,
    PostBuilderError,
    PostError,
    RaisedError,
)
from post_builder.execution.run import Run
from post_builder.files import SavedMeanwhileError, read_text, replace_text
from post_builder.pipeline.made.aside import products_aside
from post_builder.place import Place
from post_builder.site import Site
from post_builder.sources.transclusion import transclude


class Adoption(Struct, frozen=True):
    """A post as it is, and as it would be."""

    path: Path
    """Without symbolic links."""
    name: str
    """Relative to the site's root."""
    before: str
    after: str
    notes: tuple[str, ...]
    """What was dropped, cannot run, or differs from what was pasted; each with its line."""

    def difference(self) -> str:
        """Return the change as a unified diff."""
        a, b = (text.splitlines(keepends=True) for text in (self.before, self.after))
        return "".join(difflib.unified_diff(a, b, self.name, self.name))

    def write(self) -> None:
        """Write the post, unless it was saved meanwhile.

        Raises:
            FileError: if it was, or the system refuses.
        """
        try:
            replace_text(self.path, self.before.encode(), self.after.encode())
        except SavedMeanwhileError as error:
            message = "was saved at this moment; adopt it again"
            raise FileError(message, Place(self.name)) from error
        except OSError as error:
            raise FileError.of(error, "cannot be written", self.name) from error


async def adopt(site: Site, path: Path, *, run: bool) -> Adoption:
    """Work out how a post becomes executable; nothing is written.

    Args:
        site: that the post belongs to.
        path: absolute, of the post.
        run: whether to run its cells, to find those that fail and the pasted outputs that the
            post need not keep.

    Raises:
        PostError: if it is not a post of Jekyll.
        FileError: if it is a link that leads out of the site.
    """
    name = site.relative(path)
    target = site.inside(path)
    before = read_text(target, name)
    windows = "\r\n" in before
    if windows and before.count("\n") != before.count("\r\n"):
        raise PostError("this file mixes two kinds of line endings", Place(name, 1))
    draft = Draft(site, path, name, before.replace("\r\n", "\n"))
    _add_kernel(draft)
    _convert(draft)
    _add_options(draft)
    if run:
        await _learn_from_a_run(draft)
    after = draft.text.replace("\n", "\r\n") if windows else draft.text
    return Adoption(target, name, before, after, tuple(draft.notes()))


def _add_kernel(draft: Draft) -> None:
    inherited = draft.site.inherited(draft.path).front_matter
    front_matter = read_front_matter(draft.text, draft.name, inherited)
    if not front_matter.end:
        hint = "Jekyll copies a file without front matter as it is"
        raise PostError("this file has no front matter", Place(draft.name, 1), hint)
    if kernel_of(front_matter) is None:
        start = draft.text.rfind("\n", 0, front_matter.end) + 1
        draft.edit([(Span(start, start), f"{kernel_line(KERNEL)}\n")])


def _convert(draft: Draft) -> None:
    post, _ = draft.read()
    found = convert_blocks(draft.text, post.content, post.language)
    for offset, note in found.notes:
        draft.note(offset, note)
    draft.edit(found.edits)


def _add_options(draft: Draft) -> None:
    """Name the cells, ask for the words of their figures, and mark those that cannot run."""
    post, _ = draft.read()
    names = list(choose_names(post.cells, {heading.name for heading in post.headings}))
    python = post.language == "python"
    reasons = list(why_not(post.cells, draft.site.root)) if python else [""] * len(names)
    edits: list[Edit] = []
    for cell, name, reason in zip(post.cells, names, reasons, strict=True):
        options = [] if cell.options.name else [f"#{name}"]
        if reason:
            options.append(f".{Tag.SKIP_EXECUTION}")
            draft.note(cell.body.start, f"cell {name} will not run: {reason}")
        if draws(cell.code) and cell.options.alt is None and not cell.session:
            options.append(f'{Attribute.ALT}="{PLACEHOLDER_ALT}"')
        edits += options_edit(post, cell, options)
    draft.edit(edits)


async def _learn_from_a_run(draft: Draft) -> None:
    """Mark the cells that fail, and delete the pasted outputs that the others reproduce."""
    post, problems = draft.read()
    if problems:
        draft.note(post.content, "nothing was run, because of what is wrong with this post")
        return
    failures: list[RaisedError] = []
    try:
        run = await _run(draft.site, post, failures)
    except (ExecutionError, PostError) as error:
        line = (error.place.line if error.place else None) or 1
        draft.note(_offset(post, line), f"{error.message}; nothing more was run")
        return
    pasted = {found.cell: found for found in find_pasted(post)}
    edits: list[Edit] = []
    failed: set[int] = set()
    for failure in failures:
        for index in _cells_at(post, failure):
            failed.add(index)
            edits += _mark(draft, post, post.cells[index], failure, pasted.get(index))
    for found in pasted.values():
        if found.cell not in failed:
            edits += _without_pasted(draft, post, found, run)
    draft.edit(edits)


def _offset(post: Post, line: int) -> int:
    return sum(len(text) for text in post.text.splitlines(keepends=True)[: line - 1])


async def _run(site: Site, post: Post, failures: list[RaisedError]) -> Run:
    from post_builder.execution.runner import execute  # noqa: PLC0415  # Jupyter is slow to import

    prepared = transclude(post, site, {})
    with products_aside(site, prepared):
        return await execute(prepared, site, lambda _: None, failures=failures)


def _cells_at(post: Post, error: PostBuilderError) -> list[int]:
    line = error.place.line if error.place else None
    return [i for i, cell in enumerate(post.cells) if line in block_lines(cell, post)]


def _mark(
    draft: Draft, post: Post, cell: Cell, error: RaisedError, pasted: Pasted | None
) -> Iterator[Edit]:
    """Mark a cell that failed: as one that must raise if its author had pasted the error."""
    meant = pasted is not None and raises_what_was_pasted(pasted, error.message)
    tag = Tag.RAISES_EXCEPTION if meant else Tag.SKIP_EXECUTION
    draft.note(cell.body.start, f"marked .{tag}: {error.message}")
    yield from options_edit(post, cell, [f".{tag}"])
    if meant and pasted:
        yield pasted.span, ""


def _without_pasted(draft: Draft, post: Post, found: Pasted, run: Run) -> Iterator[Edit]:
    result, start = run.cells[found.cell], post.cells[found.cell].body.start
    if is_reproduced(found, result):
        draft.note(start, "the run reproduces the output below this cell, which is deleted")
        yield found.span, ""
    elif result.outputs:
        draft.note(start, "the run gives something else than the block below this cell; it stays")
