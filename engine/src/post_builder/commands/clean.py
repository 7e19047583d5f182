"""Remove from a site what builds put into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from post_builder.document.code.sessions import session_text
from post_builder.document.figure_tag import figure_tags
from post_builder.document.options import Tag
from post_builder.document.parsing.parser import read_post
from post_builder.document.post import Cell, Edit, Post, splice
from post_builder.errors import FileError
from post_builder.files import SavedMeanwhileError, replace_text
from post_builder.freshness.record import Record, load_made, load_record
from post_builder.pipeline.made.files import remove_all
from post_builder.pipeline.made.records import MadeProducts
from post_builder.pipeline.names import post_names
from post_builder.pipeline.undo import keep_replaced
from post_builder.site import Site


def clean(site: Site, paths: Sequence[Path], *, dry_run: bool = False) -> list[str]:
    """Restore posts as their authors wrote them, and remove what was made beside them.

    Output regions are removed, values and transcluded cells are emptied, figures, downloads and the
    record are removed. A file that is no longer as the engine made it stays, and so do outputs of
    cells that do not run again.

    Args:
        site: that the posts belong to.
        paths: of the posts.
        dry_run: whether to change nothing.

    Returns:
        The posts that were, or would be, changed, and the files that were removed.

    Raises:
        PostBuilderError: if a post or its record cannot be read, or a file not be written.
    """
    touched, names, products = [], post_names(site), MadeProducts(site)
    for path in paths:
        post, name = read_post(site, path), names.get(path)
        if post is None or name is None:
            continue
        record, made = load_record(site, name), load_made(site, name)
        touched += _restore(site, name, post, record, dry_run=dry_run)
        if made:
            made = replace(made, figures=_without_stored(post, made.figures))
            touched += remove_all(products, name, made, dry_run=dry_run)
    return touched


def _restore(
    site: Site, name: str, post: Post, record: Record | None, *, dry_run: bool
) -> list[str]:
    """Write a post as its author wrote it; return its path if that changed it.

    Raises:
        FileError: if the system refuses, or the post is saved at the same moment.
    """
    text, path = splice(post.text, _emptied(post)), site.inside(site.root / post.path)
    if dry_run:
        return [post.path] if text != post.text else []
    try:
        keep_replaced(site, name, post, record, {post.path: text.encode()})
        return [post.path] if replace_text(path, post.text.encode(), text.encode()) else []
    except SavedMeanwhileError as error:
        raise FileError("was saved at this moment; clean it again", post.place(1)) from error
    except OSError as error:
        raise FileError.of(error, "cannot be cleaned", post.path) from error


def _without_stored(post: Post, figures: Mapping[str, str]) -> dict[str, str]:
    """Return the figures of a record without those that a stored output shows."""
    stored = [cell for cell in post.cells if Tag.STORED_OUTPUT in cell.options.tags]
    shown = {tag.image_path for cell in stored for _, tag in figure_tags(post.at(cell.region))}
    return {path: content for path, content in figures.items() if f"/{path}" not in shown}


def _emptied(post: Post) -> list[Edit]:
    regions = [c.region for c in post.cells if Tag.STORED_OUTPUT not in c.options.tags]
    sources = [cell.body for cell in post.cells if cell.options.source]
    sessions = [(cell.body, _without_results(cell)) for cell in post.cells if cell.session]
    return sessions + [
        (span, "") for span in (*regions, *sources, *(value.span for value in post.values))
    ]


def _without_results(cell: Cell) -> str:
    """Return the inputs of a session alone; a result that says that an input raises stays."""
    kept = [e if e.raises else replace(e, result="") for e in cell.session]
    return cell.with_prefix(session_text(kept).removesuffix("\n")) + cell.newline
