"""What a build knows of its posts, and the writing of those that need no run.

Where no post needs one, it is all that a build does: it needs no event loop, which takes longer to
import than words take to write.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, field

from post_builder.errors import PostBuilderError
from post_builder.freshness.git import head
from post_builder.freshness.order import Sources, order
from post_builder.freshness.packages.kernel_python import forget
from post_builder.freshness.unchanged.look import unchanged_among
from post_builder.pipeline.made.records import MadeProducts
from post_builder.pipeline.names import Names, post_names
from post_builder.pipeline.prepare import PostState, prepare
from post_builder.pipeline.unpublished.files import bring_back
from post_builder.site import Site
from post_builder.sources.product_makers import Maker, product_makers
from post_builder.ui.outcomes import Outcome


class Posts(Struct, frozen=True):
    """The posts of one build."""

    site: Site
    paths: Sequence[Path]
    """Absolute."""
    force: bool
    """Whether fresh posts run as well."""
    names: Names
    makers: Sequence[Maker]
    sources: Sources
    made_products: MadeProducts
    prepared: dict[Path, PostState] = field(default_factory=dict)
    """Posts that were found fresh before their turn."""
    outcomes: dict[Path, Outcome | None] = field(default_factory=dict)
    """Of those posts that are done; None for a file that is not executable."""

    def left(self) -> list[Path]:
        """Return the posts that are not done, each once."""
        return [path for path in dict.fromkeys(self.paths) if path not in self.outcomes]

    def done(self) -> list[Outcome]:
        """Return the outcomes of executable posts, in their order."""
        found = (self.outcomes.get(path) for path in dict.fromkeys(self.paths))
        return [outcome for outcome in found if outcome]

    def running(self, paths: Sequence[Path]) -> dict[Path, PostState]:
        """Find the posts that will run, as far as is known before others have."""
        states = {path: self.ahead(path) for path in dict.fromkeys(paths)}
        return {path: s for path, s in states.items() if s and (s.reasons or self.force)}

    def ahead(self, path: Path) -> PostState | None:
        """Prepare a post ahead of its turn.

        One that cannot be prepared fails at once when its turn comes, which reports why.
        """
        if path in self.prepared:
            return self.prepared[path]
        try:
            state = self._prepare(path)
        except (PostBuilderError, OSError):
            return None
        if state is not None and not state.reasons and not self.sources[path]:
            self.prepared[path] = state
        return state

    def state(self, path: Path) -> PostState | None:
        """Prepare a post whose turn has come; None if it is not executable.

        Raises:
            PostBuilderError: if the post cannot run as it is.
        """
        return self.prepared.pop(path, None) or self._prepare(path)

    def _prepare(self, path: Path) -> PostState | None:
        return prepare(self.site, path, self.names.get(path), self.makers)

    def written(self, state: PostState) -> Outcome:
        """Write what a fresh post publishes, if its words are not those of its last build.

        Raises:
            PostBuilderError: if it cannot be published.
        """
        if state.text_changed or state.moved or state.older_markup:
            from post_builder.pipeline.publish import refresh  # noqa: PLC0415  # slow to import

            bring_back(self.site, state.record)
            refresh(state, self.made_products)
        post = state.post
        return Outcome(post.path, "fresh", note=_page_note(state), notices=post.notices)

    def failed(self, path: Path, error: Exception) -> Outcome:
        """Return the outcome of a post that failed; a bug is reported in full."""
        name = self.site.relative(path)
        if isinstance(error, PostBuilderError):
            return Outcome(name, "failed", error=error)
        from post_builder.commands.building.notes import internal_error  # noqa: PLC0415  # rare

        return Outcome(name, "failed", error=internal_error(name, error))


def known_posts(
    site: Site, paths: Sequence[Path], listed: Sequence[Path] | None = None, *, force: bool
) -> Posts:
    """Find out which posts have changed, and what they have to do with one another.

    A post that takes nothing from others, and has not changed, is done without being parsed.

    Args:
        site: that the posts belong to.
        paths: absolute paths of posts; those that are not executable are skipped.
        listed: all posts of the site, where they have just been listed.
        force: whether fresh posts run as well.

    Raises:
        FileError: if a folder of posts cannot be listed.
        SiteError: if posts take something from one another in a circle.
    """
    forget()  # packages may have been upgraded since the last build of `watch`
    head.cache_clear()  # and another commit checked out
    listed = list(site.posts()) if listed is None else listed
    makers, names = product_makers(site, listed), post_names(site, listed)
    sources = order(site, paths, makers)
    alone = [] if force else [path for path in paths if not sources[path]]
    unchanged = unchanged_among(site, alone, names)
    posts = Posts(site, paths, force, names, makers, sources, MadeProducts(site))
    posts.outcomes.update({path: Outcome(site.relative(path), "fresh") for path in unchanged})
    return posts


def write_words(posts: Posts) -> None:
    """Write what posts publish that are left; those stay that must run after all."""
    for path in posts.left():
        try:
            state = posts.state(path)
            if state is None or not state.reasons:
                posts.outcomes[path] = posts.written(state) if state else None
        except Exception as error:  # noqa: BLE001  # the other posts go on
            posts.outcomes[path] = posts.failed(path, error)


def _page_note(state: PostState) -> str:
    """Say what was written without a run."""
    if state.older_markup and not state.reasons:
        return "outputs written in the markup of this version; no cell ran"
    cells = [cell.name for cell in state.prepared.cells if cell.name in state.page_changes]
    return f"new options of the page written for {', '.join(cells)}; no cell ran" if cells else ""
