"""What a post asks of a worker of a cluster: `resources:` in its front matter."""

from __future__ import annotations

from post_builder.document.post import Post
from post_builder.errors import PostError


def resources_of(post: Post) -> dict[str, float]:
    """Return the amount of each resource that a post asks for, by name, such as `GPU: 1`.

    Raises:
        PostError: if that is not a mapping of names to numbers above 0.
    """
    given = post.front_matter.get("resources", {})
    if not isinstance(given, dict) or not all(map(_is_amount, given.values())):
        message = "resources: must be a mapping of names to numbers above 0, such as {GPU: 1}"
        raise PostError(message, post.place(1))
    return {str(name): float(amount) for name, amount in given.items()}


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
