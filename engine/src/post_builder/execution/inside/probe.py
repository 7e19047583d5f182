"""Reports what a post's Python is made of. The engine sends this source to the kernel last."""

import contextlib
import os
import platform
import sys
from importlib.metadata import packages_distributions, version


def packages() -> dict[str, str]:
    """Return the version of every distribution from which a module was imported."""
    owners = packages_distributions()
    tops = {name.partition(".")[0] for name in sys.modules}
    names = {name for top in tops for name in owners.get(top, ())}
    return {name: version(name) for name in sorted(names)}


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
    root = os.path.join(os.environ["POST_BUILDER_ROOT"], "")
    found = set()
    if os.path.exists("/proc/self/maps"):
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
            found = {line.split(maxsplit=5)[-1].strip() for line in maps}
        for number in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                found.add(os.readlink(f"/proc/self/fd/{number}"))
    return sorted(path for path in found if path.startswith(root))


def publish() -> None:
    """Send everything to the engine."""
    from IPython import get_ipython  # noqa: PLC0415  # kernels have it; the engine need not

    facts = {
        "python": platform.python_version(),
        "packages": packages(),
        "peak_memory": peak_memory(),
        "mapped": mapped_files(),
    }
    get_ipython().display_pub.publish({"application/json": facts})


publish()
