"""What may read files without being observed: packages and commands that are known for it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from post_builder.freshness.packages.kernel_python import kernel_versions
from post_builder.freshness.record import Record
from post_builder.site import Site
from post_builder.sources.transclusion import PreparedPost

_PACKAGES = (
    *("polars", "duckdb", "h5py", "netCDF4", "rasterio", "pyogrio", "fiona", "soundfile"),
    *("opencv-python", "opencv-python-headless", "pyreadstat", "tables", "datafusion"),
)
"""Distributions that open data files in compiled code, where Python does not see it."""

_BESIDE_PANDAS = "pyarrow"
"""Another one; pandas imports it whether or not a post reads files with it."""

_COMMANDS = (
    *("awk", "cat", "column", "comm", "cut", "diff", "duckdb", "file", "gawk", "grep", "gunzip"),
    *("head", "jq", "less", "md5sum", "more", "paste", "sed", "sha256sum", "sort", "sqlite3"),
    *("tail", "tr", "uniq", "unzip", "wc", "xxd", "zcat"),
)
"""Programs that read the files they are given."""

_SHELL_LINE = re.compile(r"^[ \t]*(?:\w+[ \t]*=[ \t]*)?(?:!{1,2}|%s[xc][ \t])(.*)", re.MULTILINE)
_SHELL_CELL = re.compile(r"\A\s*%%(?:bash|sh|script|!|sx)\b(.*)", re.DOTALL)
_SUBPROCESS = re.compile(
    r"(?:subprocess\.\w+|os\.(?:system|popen))\(\s*\[?\s*[rf]?([\"'].*)", re.MULTILINE
)
_COMMAND = re.compile(rf"(?<![\w./-])(?:{'|'.join(_COMMANDS)})(?![\w./-])")


def unobserved(prepared: PreparedPost, record: Record, site: Site) -> list[str]:
    """Say where the freshness of a post depends on its author.

    Args:
        prepared: the post.
        record: of the build that just ended.
        site: that it belongs to.
    """
    post, notes = prepared.post, []
    readers = unseen_readers(record.packages, [cell.code for cell in prepared.cells])
    if post.language != "python":
        readers = [post.language]
    elif not kernel_versions(post.kernel, (), site).python:
        notes.append(f"upgrades of packages of the kernel {post.kernel} are not noticed")
    if readers and not (post.language == "python" and record.declared):
        files = f"files that {', '.join(readers)} may read are not observed"
        notes.append(f"{files}: list them under depends: in the post")
    return notes


def unseen_readers(packages: Collection[str], codes: Iterable[str]) -> Sequence[str]:
    """Name what a Python post uses that may read files without being observed.

    Args:
        packages: distributions that the post imports.
        codes: of its cells.
    """
    known = [name for name in _PACKAGES if name in packages]
    if _BESIDE_PANDAS in packages and "pandas" not in packages:
        known.append(_BESIDE_PANDAS)
    commands = {command for code in codes for command in _commands(code)}
    return (*known, *sorted(commands))


def _commands(code: str) -> set[str]:
    """Return the programs in a cell that read files."""
    whole = _SHELL_CELL.match(code)
    lines = [whole[1]] if whole else [*_SHELL_LINE.findall(code), *_SUBPROCESS.findall(code)]
    return {command for line in lines for command in _COMMAND.findall(line)}
