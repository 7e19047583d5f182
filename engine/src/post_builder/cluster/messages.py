"""What the author's machine and workers tell each other."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from post_builder.cluster.tree import Listing
from post_builder.errors import PostBuilderError, RaisedError
from post_builder.execution.run import Run
from post_builder.freshness.packages.kernel_python import PythonVersions
from post_builder.sources.transclusion import PreparedPost

ROOM = "look at the free space of its disk, and at the limits of its process"
"""What to do about a worker that cannot write files."""


class Job(Struct, frozen=True):
    """A post to run."""

    prepared: PreparedPost
    build: str
    """An identifier of the build, under which its events are."""
    manifest: str
    """The digest of the listing of the work tree."""
    changed: Listing
    """What is otherwise than in that listing."""
    folder: str
    """Of `_config.yml`, relative to the work tree."""
    products: tuple[str, ...]
    """What the post writes, relative to the work tree: each run begins without."""
    engine: str
    """The version of post-builder on the author's machine."""
    versions: PythonVersions
    """Of the kernel on the author's machine: of Python, and of the packages the post is known to
    import."""
    keep_going: bool
    """Whether to run on after a cell that raises."""


class Missing(Struct, frozen=True):
    """What a worker answers that lacks files."""

    worker: str
    """Its address."""
    identifier: str
    """Another one where a worker was started again at an address."""
    digests: tuple[str, ...]


class Mismatch(Struct, frozen=True):
    """What a worker answers on which a post would not run as on the author's machine."""

    worker: str
    differences: tuple[str, ...]


class Failed(Struct, frozen=True):
    """What a worker answers on which a post could not be run to its end."""

    error: PostBuilderError
    root: str
    """Of the work tree there."""


class Ran(Struct, frozen=True):
    """What a worker answers that has run a post."""

    run: Run
    root: str
    """Of the work tree there."""
    states: Mapping[str, str]
    """The state of each file that the post read there, when it was laid out."""
    raised: tuple[RaisedError, ...]
    """Errors of cells, if the post was to run on after them."""
    plotly: bytes
    """The copy of Plotly there, if the site has none."""


Answer = Missing | Mismatch | Failed | Ran
"""What a worker answers."""
