"""The Python that a kernel runs in, which may belong to another environment than the engine's."""

from __future__ import annotations

import json
import os
import string
import sys
from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from pathlib import Path

from msgspec import Struct, field

from post_builder.execution.environment import INSIDE, shell_environment
from post_builder.execution.inside.versions import installed_versions
from post_builder.execution.kernelspecs import find_launch
from post_builder.freshness.packages.versions import public
from post_builder.site import Site

_SECONDS = 60
"""How long another Python may take to answer; it needs a tenth of a second."""

_ASK = "import sys; sys.path[:] = filter(None, sys.path); exec(sys.argv[1])"
"""Code that imports nothing from the folder in which it runs, which is a site's."""


class PythonVersions(Struct, frozen=True):
    """What a kernel would run with now."""

    python: str = ""
    """Version of Python; empty if there is no way to know."""
    packages: Mapping[str, str | None] = field(default_factory=dict)
    """Public version of each package; None for one that is not installed."""
    problem: str = ""
    """Why the kernel would not start; empty if it would."""


def kernel_versions(kernel: str, names: Collection[str], site: Site) -> PythonVersions:
    """Find out which Python and which versions of some packages a kernel has now.

    Args:
        kernel: its name.
        names: of the packages.
        site: whose settings may name more folders with packages.
    """
    launch = find_launch(kernel)
    if launch is None:
        return PythonVersions(problem=f"the Jupyter kernel {kernel!r} is not installed")
    settings = dict(site.settings.environment)
    extra = filter(None, settings.get("PYTHONPATH", "").split(os.pathsep))
    added = tuple(str(site.root / folder) for folder in ("", *extra))
    if launch.is_own:
        folders = (*added, *sys.path)
        states = tuple(map(_last_change, folders))
        python, packages = sys.version.split()[0], _installed(frozenset(names), folders, states)
    elif launch.interpreter:
        environment = shell_environment()
        for name, text in launch.env.items():
            given = environment | settings
            environment[name] = string.Template(text).safe_substitute(given)
        command, pairs = launch.interpreter, tuple(environment.items())
        answer = _ask(command, frozenset(names), pairs, added)
        if isinstance(answer, str):
            return PythonVersions(problem=f"the Python of the kernel {kernel!r} {answer}")
        python, packages = answer
    else:
        return PythonVersions()
    known = {name: version and public(version) for name, version in packages.items()}
    return PythonVersions(python, known)


def forget() -> None:
    """Look at the packages of all environments again from now on."""
    _installed.cache_clear()
    _ask.cache_clear()


@lru_cache(maxsize=64)  # most posts of a site import the same
def _installed(
    names: frozenset[str], folders: tuple[str, ...], _: tuple[int, ...]
) -> Mapping[str, str | None]:
    """Look up packages in the engine's own environment, whose folders changed last at some time."""
    return installed_versions(names, folders)


def _last_change(folder: str) -> int:
    """Return when an entry was last made or removed in a folder, in nanoseconds."""
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return 0


@cache
def _ask(
    command: tuple[str, ...],
    names: frozenset[str],
    environment: tuple[tuple[str, str], ...],
    folders: tuple[str, ...],
) -> tuple[str, dict[str, str | None]] | str:
    """Let another Python look up its own version and those of packages; or say what is wrong.

    It runs no code from folders that a site adds, nor with variables that a site sets.
    """
    import subprocess  # noqa: PLC0415  # only kernels of other environments need it

    source = INSIDE.joinpath("versions.py").read_text(encoding="utf-8")
    try:
        done = subprocess.run(
            [*command, "-c", _ASK, source],
            input=json.dumps([sorted(names), folders]),
            capture_output=True,
            check=True,
            cwd=folders[0],
            encoding="utf-8",
            env=dict(environment),
            timeout=_SECONDS,
        )
        python, packages = json.loads(done.stdout)
    except FileNotFoundError:
        return "no longer exists"
    except PermissionError:
        return "may not be executed"
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return f"cannot be asked for its packages: {error!r}"
    return python, packages
