"""Front matter that a post inherits from `defaults:` in `_config.yml`, as Jekyll merges it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct, field

from post_builder.jekyll.config import JekyllConfig

_TYPES = {"page": "pages", "post": "posts", "draft": "drafts"}
"""Old names of types."""

_GLOB = re.compile(r"(?P<deep>\*\*/)|(?P<many>\*)|(?P<one>\?)|(?P<set>\[[^]]*\])|.", re.DOTALL)


class Inherited(Struct, frozen=True, eq=False):
    """What a post takes from the site's configuration."""

    front_matter: Mapping[str, Any] = field(default_factory=dict)
    """Defaults of its front matter."""
    parse_block_html: bool = False
    """Whether kramdown reads Markdown inside HTML blocks."""


NOTHING = Inherited()
"""What a post takes from a site that configures nothing."""


def inherited(config: JekyllConfig, path: str, kind: str) -> Inherited:
    """Return what a file inherits.

    Args:
        config: of its site.
        path: relative to the source.
        kind: `posts`, `drafts`, `pages` or the label of a collection.
    """
    home = f"{config.collections_dir}/"
    inner = path.removeprefix(home) if config.collections_dir and kind != "pages" else path
    kinds = {kind, "posts"} if kind == "drafts" else {kind}
    sets = [i for i, found in enumerate(config.defaults) if _applies(found, inner, kinds, home)]
    return _merged(config, tuple(sets))


@lru_cache(maxsize=256)
def _merged(config: JekyllConfig, indices: tuple[int, ...]) -> Inherited:
    values: Mapping[str, Any] = {}
    before: Mapping[str, Any] | None = None
    for index in indices:
        scope, own = _scope(config.defaults[index]), config.defaults[index]["values"]
        if before is None or _has_precedence(before, scope):
            values, before = deep_merge(values, own), scope
        else:
            values = deep_merge(own, values)
    return Inherited(values, bool(config.kramdown.get("parse_block_html")))


def deep_merge(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with the keys of both; the second wins, mappings in them are merged."""
    merged = dict(first)
    for key, value in second.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        merged[key] = deep_merge(old, value) if both else value  # type: ignore[arg-type]
    return merged


def _scope(found: Mapping[str, Any]) -> Mapping[str, Any]:
    scope = found.get("scope")
    return scope if isinstance(scope, dict) else {}


def _applies(found: Mapping[str, Any], path: str, kinds: set[str], home: str) -> bool:
    scope = _scope(found)
    kind = scope.get("type")
    if kind is not None and _TYPES.get(str(kind), str(kind)) not in kinds:
        return False
    prefix = scope.get("path")
    if not isinstance(prefix, str) or not prefix:
        return True
    prefix = prefix.removeprefix(home) if home != "/" else prefix
    if "*" not in prefix:
        return path.startswith(prefix.strip("/"))
    parts = path.split("/")
    paths = ("/".join(parts[: end + 1]) for end in range(len(parts)))
    pattern = re.compile(_regex(prefix.strip("/")))
    return any(pattern.fullmatch(start) for start in paths)


def _regex(glob: str) -> str:
    """Translate a pattern of Ruby's `Dir.glob`."""
    kinds = {"deep": "(?:[^/]+/)*", "many": "[^/]*", "one": "[^/]"}
    return "".join(
        kinds.get(found.lastgroup or "")
        or (found.group() if found.lastgroup == "set" else re.escape(found.group()))
        for found in _GLOB.finditer(glob)
    )


def _has_precedence(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    lengths = [len(str(scope.get("path") or "").strip("/")) for scope in (old, new)]
    if lengths[0] != lengths[1]:
        return lengths[1] > lengths[0]
    return "type" in new or "type" not in old
