"""Reports what a post's Python is made of.

The engine sends this source to the kernel last, and calls `publish`. Templates import it as well:
their kernels need not read it, nor the metadata of all that is installed.
"""

import contextlib
import inspect
import os
import platform
import re
import sys
from importlib.metadata import Distribution, distributions
from importlib.metadata import version as installed_version

FIELDS = {name: re.compile(rf"^{name}:[ \t]*(\S+)", re.MULTILINE) for name in ("Name", "Version")}
"""How metadata says what a distribution is."""


Described = tuple[str, str, frozenset[str]]
"""The name of a distribution, its version, and the modules and packages that it installs."""

known: dict[tuple[object, ...], Described | None] = {}
"""What was read of distributions before; templates read all of them for their kernels."""


def packages() -> dict[str, str]:
    """Return the version of every distribution from which a module was imported.

    `importlib.metadata.packages_distributions` says it as well, and takes ten times as long.
    """
    tops = {name.partition(".")[0] for name in sys.modules}
    found: dict[str, str] = {}
    seen = set()
    for name, version, installed in filter(None, map(described, distributions())):
        normal = re.sub(r"[-_.]+", "-", name).lower()
        first = normal not in seen  # the one that Python imports
        seen.add(normal)
        if not tops.isdisjoint(installed):
            found.setdefault(name, version if first else installed_version(name))
    return dict(sorted(found.items()))


def described(distribution: Distribution) -> Described | None:
    """Return what a distribution is; None if its metadata does not say that."""
    key = state(distribution)
    if key in known:
        return known[key]
    head = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    name, version = FIELDS["Name"].search(head), FIELDS["Version"].search(head)
    found = None
    if name and version:
        found = (name[1], version[1], frozenset(top_levels(distribution)))
    if key:
        known[key] = found
    return found


def state(distribution: Distribution) -> tuple[object, ...]:
    """Return what tells one state of a distribution from another; empty if it may change unseen.

    Those outside of `site-packages` may be files of the site, and are read by each post.
    """
    path = str(getattr(distribution, "_path", ""))
    if os.path.basename(os.path.dirname(path)) not in {"site-packages", "dist-packages"}:
        return ()
    try:
        folder, file = os.stat(path), os.stat(os.path.join(path, "METADATA"))
    except OSError:
        return ()
    return path, folder.st_ino, folder.st_mtime_ns, file.st_ino, file.st_mtime_ns, file.st_size


def top_levels(distribution: Distribution) -> set[str]:
    """Return the modules and packages that a distribution installs."""
    declared = distribution.read_text("top_level.txt")
    if declared and declared.split():
        return set(declared.split())
    lines = (distribution.read_text("RECORD") or "").splitlines()
    paths = [line.rpartition(",")[0].rpartition(",")[0].strip('"') for line in lines]
    if not paths:
        paths = [str(path) for path in distribution.files or ()]
    names = {
        path.partition("/")[0] if "/" in path else inspect.getmodulename(path) for path in paths
    }
    return {name for name in names if name and "." not in name}


def peak_memory() -> int:
    """Return the most memory that the process has used, in MiB."""
    try:
        import resource  # noqa: PLC0415  # not on Windows
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (2**20 if sys.platform == "darwin" else 2**10)


def mapped_files() -> list[str]:
    """Return the site's files that are open or mapped into memory, on systems with `/proc`."""
    observer = getattr(sys.modules.get("sitecustomize"), "observer", None)
    # a post may empty its environment
    root = os.path.join(observer.root if observer else os.environ["POST_BUILDER_ROOT"], "")
    found = set()
    if os.path.exists("/proc/self/maps"):
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
            found = {line.split(maxsplit=5)[-1].strip() for line in maps}
        for number in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                found.add(os.readlink(f"/proc/self/fd/{number}"))
    return sorted(path for path in found if path.startswith(root))


def plotly_script() -> str:
    """Return the path of the JavaScript that Plotly's package brings, if it was imported."""
    file = getattr(sys.modules.get("plotly"), "__file__", None)
    path = os.path.join(os.path.dirname(file or ""), "package_data", "plotly.min.js")
    return path if file and os.path.exists(path) else ""


def publish() -> None:
    """Send everything to the engine."""
    from IPython import get_ipython  # noqa: PLC0415  # kernels have it; the engine need not

    facts = {
        "python": platform.python_version(),
        "packages": packages(),
        "peak_memory": peak_memory(),
        "mapped": mapped_files(),
        "plotly": plotly_script(),
    }
    get_ipython().display_pub.publish({"application/json": facts})
