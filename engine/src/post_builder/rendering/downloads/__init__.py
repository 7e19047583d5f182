"""A post as a notebook and as a script, for readers who would rather run than read."""

from __future__ import annotations

from collections.abc import Mapping

from post_builder.document.post import Post
from post_builder.rendering.downloads.notebook import make_notebook
from post_builder.rendering.downloads.script import make_script
from post_builder.site import Site


def make_downloads(
    post: Post, site: Site, slug: str, figures: Mapping[str, bytes] | None = None
) -> dict[str, bytes]:
    """Make the notebook of a post and, for Python, its script.

    Args:
        post: as built.
        site: images in prose get addresses under its URL.
        slug: names the files.
        figures: content of the figures that are not on disk yet, by their path.

    Returns:
        The content of each file by its path relative to the site's root.

    Raises:
        RenderError: if the script would not compile.
    """
    carried = site.settings.outputs_in_notebook(post.front_matter)
    outputs = (figures or {}) if carried else None
    notebook = make_notebook(post, site, outputs)
    made = {site.download(slug, ".ipynb"): notebook.to_json()}
    if post.language == "python":
        made[site.download(slug, ".py")] = make_script(post, notebook)
    return {path: f"{text.rstrip()}\n".encode() for path, text in made.items()}
