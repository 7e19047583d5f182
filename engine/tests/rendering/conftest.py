"""Rendering what a cell gave, without running anything."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from runs import made_up_run

from post_builder.document.post import Post
from post_builder.execution.run import Output
from post_builder.rendering.regions.marked import content_of, is_marked
from post_builder.rendering.regions.older import outside_markdown
from post_builder.rendering.regions.published import kinds_of
from post_builder.rendering.regions.rendered import RenderedCell, render
from post_builder.settings import Settings
from post_builder.site import Site
from post_builder.sources.transclusion import transclude

SITE = Site(Path("/nowhere/blog"), Settings(output_limit=1_000))

CELL = '```python\nx\n```\n{: #plot data-alt="What it shows" data-caption="What to see"}\n'


@pytest.fixture(scope="session")
def cell() -> str:
    """Return a cell with a name, an alt text and a caption."""
    return CELL


@pytest.fixture(scope="session")
def rendered(read: Callable[[str], Post]) -> Callable[..., RenderedCell]:
    """Render the outputs of a post's one cell, or of `body`.

    What comes out is what the engine recognises as its own when it reads a published post.
    """

    def render_outputs(*outputs: Output, body: str = CELL) -> RenderedCell:
        prepared = transclude(read(body), SITE, {})
        (only,) = render(prepared.post, made_up_run(prepared, [outputs]), SITE, "slug")
        (in_post,) = prepared.post.cells
        content = content_of(in_post, only.region)
        outside = partial(outside_markdown, post=prepared.post, site=SITE)
        caption = in_post.options.caption or ""
        list(kinds_of(content, caption, SITE.settings.image_hosts, outside))
        assert not only.region or is_marked(in_post, only.region)
        return only

    return render_outputs
