"""What Jekyll and git should ignore: virtual environments and what Python and Jupyter leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from post_builder.commands.init.steps import Step, create, extend
from post_builder.settings import CONFIG
from post_builder.site import OWN_FOLDER, Site
from post_builder.yaml_reader import YamlError, read_mapping

_LEFT = (".ipynb_checkpoints/", ".venv/", "__pycache__/")
"""Folders that appear when posts run; neither Jekyll nor git should see them."""

_JEKYLLS = ("_site/", ".jekyll-cache/", ".sass-cache/")
"""What Jekyll writes; its own `jekyll new` lists it, where it writes a `.gitignore`."""

_UNPUBLISHED = ("venv/", "requirements.txt")
"""Further files of a Python project, which Jekyll would publish."""

_JEKYLL_3 = (
    *("Gemfile", "Gemfile.lock", "node_modules/"),
    *("vendor/bundle/", "vendor/cache/", "vendor/gems/", "vendor/ruby/"),
)
"""What Jekyll excludes by default. Jekyll 4 adds `exclude` to these, Jekyll 3 replaces them."""

_COMMENT = """\
# Added by `post-builder init`. What is listed here is neither published nor watched, so that
# `jekyll serve` does not rebuild for it.
"""


def exclude_from_jekyll(site: Site) -> Step:
    """Add an `exclude` list at the end of `_config.yml`; leave alone one that exists.

    Everything above it stays, byte for byte.
    """
    path = site.root / CONFIG
    data = path.read_bytes()
    config = read_mapping(data.decode("utf-8", "replace"))
    wanted = (f"{OWN_FOLDER}/", *_LEFT, *_UNPUBLISHED, *_environments(site))
    if "exclude" in config:
        return _excluded_by_hand(config["exclude"], wanted)
    entries = tuple(dict.fromkeys((*wanted, *_JEKYLL_3)))
    newline = "\r\n" if b"\r\n" in data else "\n"
    block = "".join(["\n", _COMMENT, "exclude:\n", *(f"  - {entry}\n" for entry in entries)])
    start = data if data.endswith(b"\n") or not data else data + newline.encode()
    extended = start + block.replace("\n", newline).encode()
    if not _means(extended, {**config, "exclude": list(entries)}):
        return Step(CONFIG, "manual", "at the top level", tuple(block.strip().split("\n")))
    extend(site, CONFIG, data, extended)
    return Step(CONFIG, "extended", "exclude list; restart `jekyll serve`", entries)


def ignore_in_git(site: Site) -> Step:
    """Write `.gitignore`, or say which lines it should have: one that is there is the author's."""
    path = site.root / ".gitignore"
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n") if path.is_file() else []
    missing = _missing(lines, (*_LEFT, *_environments(site)))
    note = "keeps environments and caches out of git"
    if not path.exists():
        entries = (*_JEKYLLS, *missing)
        return create(site, path.name, "".join(f"{entry}\n" for entry in entries), note)
    return Step(path.name, "manual" if missing else "present", note, missing)


def _means(data: bytes, config: Mapping[str, Any]) -> bool:
    """Tell whether YAML holds certain settings and nothing else."""
    try:
        return read_mapping(data.decode("utf-8", "replace")) == config
    except YamlError:
        return False


def _excluded_by_hand(exclude: object, wanted: Sequence[str]) -> Step:
    entries = exclude if isinstance(exclude, list) else []
    if missing := _missing(map(str, entries), wanted):
        lines = tuple(f"- {entry}" for entry in missing)
        return Step(CONFIG, "manual", "to the exclude list", lines)
    return Step(CONFIG, "present", "exclude list")


def _missing(entries: Iterable[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Return what a list lacks; slashes at the start and end of its entries do not count."""
    present = {entry.strip().strip("/") for entry in entries}
    return tuple(entry for entry in dict.fromkeys(wanted) if entry.strip("/") not in present)


def _environments(site: Site) -> tuple[str, ...]:
    """Find virtual environments in the site, whatever their name."""
    return tuple(f"{path.parent.name}/" for path in sorted(site.root.glob("*/pyvenv.cfg")))
