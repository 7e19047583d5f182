"""Whether nothing of a post has changed, found without parsing its Markdown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from post_builder.document.front_matter import FrontMatter, KernelSpec, kernel_of, read_front_matter
from post_builder.document.post import Post
from post_builder.errors import PostBuilderError, SnippetError
from post_builder.files import digest, read_text
from post_builder.freshness.digests import text_digest
from post_builder.freshness.record import CellRecord, Record, load_record
from post_builder.freshness.site_files import digests
from post_builder.freshness.staleness import changed_surroundings, has_older_markup
from post_builder.freshness.unchanged.kept import kept_posts
from post_builder.site import Site
from post_builder.sources.find import find_snippet


def unchanged_record(site: Site, path: Path, name: str) -> Record | None:
    """Return the record of a post if it and all that its outputs depend on are as it says.

    Its text is the one that was built, so its cells are those of the record. None says only that
    somebody has to look: a post with notices is never unchanged, for they are shown again.

    Raises:
        PostBuilderError: if the post or its record cannot be read.
        OSError: if a file cannot be read.
    """
    record = load_record(site, name)
    if record is None or record.unfinished or record.notices or has_older_markup(record, site):
        return None
    post = _outline(site, path)
    is_unchanged = (
        post is not None
        and (record.post, record.text) == (post.path, text_digest(post, site))
        and all(_is_as_built(cell, site) for cell in record.cells)
        and not any(changed_surroundings(post, record, site))
        and digests(record.made(), site.root) == record.made()
    )
    return record if is_unchanged else None


def unchanged_among(site: Site, paths: Collection[Path], names: Mapping[Path, str]) -> set[Path]:
    """Return those posts of which nothing has changed; most are known from the last look.

    Args:
        site: that the posts belong to.
        paths: absolute paths of posts; one that cannot be read is not among what is returned.
        names: of the executable posts of the site.
    """
    held = kept_posts(site).held(paths, names)
    return held.union(unchanged_records(site, (path for path in paths if path not in held), names))


def unchanged_records(
    site: Site, paths: Iterable[Path], names: Mapping[Path, str]
) -> dict[Path, Record]:
    """Look closely at posts; return the records of those of which nothing has changed.

    Args:
        site: that the posts belong to.
        paths: absolute paths of posts; one that cannot be read is not among what is returned.
        names: of the executable posts of the site.
    """
    found = {}
    for path in paths:
        with suppress(PostBuilderError, OSError):
            if path in names and (record := unchanged_record(site, path, names[path])):
                found[path] = record
    return found


def _outline(site: Site, path: Path) -> Post | None:
    """Return a post without its cells; None if it is not executable."""
    name, inherited = site.relative(path), site.inherited(path)
    text = read_text(path, name)
    front_matter = read_front_matter(text, name, inherited.front_matter)
    kernel = kernel_of(front_matter)
    return None if kernel is None else _post(text, front_matter, kernel)


def _post(text: str, front_matter: FrontMatter, kernel: KernelSpec) -> Post:
    return Post(
        path=front_matter.path,
        text=text,
        front_matter=front_matter.values,
        kernel=kernel.name,
        language=kernel.language,
        content=front_matter.end,
        cells=(),
        values=(),
        headings=(),
    )


def _is_as_built(cell: CellRecord, site: Site) -> bool:
    """Return whether the source of a cell, if it has one, is still what was built."""
    if not cell.source:
        return True
    try:
        return digest(find_snippet(cell.source, site).code) == cell.code
    except SnippetError:
        return False
