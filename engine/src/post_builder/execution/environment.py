"""What a kernel inherits, what is fixed in it, and how IPython is set up."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from post_builder.site import OWN_FOLDER, Site

INSIDE = Path(__file__).with_name("inside")
"""Code that runs in the post's own Python."""

OBSERVATIONS = "observations"
"""The file in a kernel's scratch folder in which the observer notes what is read."""

_INHERITED = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV"),
    *("XDG_CACHE_HOME", "SYSTEMROOT", "SSL_CERT_FILE"),
)
"""Variables that kernels inherit from the author's shell; tokens in others do not reach them."""

_FIXED = {
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "COLUMNS": "80",
    "LINES": "24",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "SOURCE_DATE_EPOCH": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
"""Variables with the same value in every kernel, so that the same post gives the same bytes."""


_GUARD = str(INSIDE / "guard.py")

_MAX_FOLDER = 60
"""Characters of a temporary folder's path that leave room for a socket's name, of 107 in all."""


_MIN_FREE, _MIN_FILES = 2**20, 50
"""Bytes, and files, for which there should be room: a kernel needs less of both."""


def scratch_parent(site: Site) -> str:
    """Return where scratch folders go: the names of sockets in them must stay short.

    In a site or its work tree they are in the engine's own folder, which is no input of a post.

    Args:
        site: whose kernels need one.

    Raises:
        OSError: if there is no folder for temporary files with room in it.
    """
    folder, own = Path(tempfile.gettempdir()), site.root / OWN_FOLDER
    if folder.resolve().is_relative_to(site.work_tree) and not own.is_symlink():
        own.mkdir(exist_ok=True)
        folder = own
    is_short = len(str(folder)) <= _MAX_FOLDER
    return str(folder) if is_short or not os.path.isdir("/tmp") else "/tmp"  # noqa: S108, PTH112


def no_room(scratch: Path, site: Site) -> str:
    """Say that there is hardly any room for temporary files, if that is so."""
    if os.name != "posix":
        return ""
    found = os.statvfs(scratch)
    has_names = found.f_favail >= _MIN_FILES or found.f_files == 0  # some systems do not count
    if found.f_bavail * found.f_frsize >= _MIN_FREE and has_names:
        return ""
    return f"there is hardly any room for temporary files in {scratch_parent(site)}"


def guarded(command: Sequence[str], scratch: Path | str) -> list[str]:
    """Return a command behind that of a guard, where the system can tell that a parent died."""
    if sys.platform != "linux":
        return [*command]
    return [sys.executable, "-S", "-E", _GUARD, str(os.getpid()), str(scratch), *command]


def unguarded(command: Sequence[str]) -> Sequence[str]:
    """Return a command without that of its guard."""
    return command[command.index(_GUARD) + 3 :] if _GUARD in command else command


def kernel_environment(site: Site, scratch: Path) -> dict[str, str]:
    """Return the environment of a kernel: inherited, fixed, and the site's own variables.

    Args:
        site: in which the kernel works.
        scratch: a private folder, for configuration that is not the author's.
    """
    config = scratch / "config"
    config.joinpath("matplotlib").mkdir(parents=True)
    own = {
        "IPYTHONDIR": str(scratch / "ipython"),
        "XDG_CONFIG_HOME": str(config),
        "POST_BUILDER_ROOT": str(site.work_tree),
        "POST_BUILDER_LOG": str(scratch / OBSERVATIONS),
    }
    environment = own | inherited_environment(site)
    paths = [str(INSIDE), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return environment


def inherited_environment(site: Site) -> dict[str, str]:
    """Return the variables that every kernel of a site has, whatever it runs."""
    return shell_environment() | dict(site.settings.environment)


def shell_environment() -> dict[str, str]:
    """Return the variables that every kernel has, whatever a site adds."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | _FIXED


def ipython_arguments(site: Site) -> list[str]:
    """Return arguments that fix how IPython shows figures and tracebacks."""
    shell = INSIDE.joinpath("shell.py").read_text(encoding="utf-8")
    return [
        f"--InlineBackend.figure_formats={site.settings.figure_format}",
        f"--InlineBackend.print_figure_kwargs={_figure(site, site.settings.figure_format)!r}",
        "--InteractiveShell.colors=nocolor",
        "--HistoryManager.enabled=False",
        f"--Session.copy_threshold={2**40}",  # sharing memory takes a thread, which no fork carries
        f"--IPKernelApp.exec_lines=exec({shell!r}, {{}})",  # as text: opening it would be observed
    ]


def figure_format_code(site: Site, image: str) -> str:
    """Return code that lets the cells after it draw figures as `svg` or `png`."""
    lines = [
        "from matplotlib_inline.config import InlineBackend",
        "backend = InlineBackend.instance(parent=get_ipython())",
        f"backend.print_figure_kwargs = {_figure(site, image)!r}",
        f"backend.figure_formats = {{{image!r}}}",
    ]
    names = "{'get_ipython': get_ipython}"
    return f"exec({chr(10).join(lines)!r}, {names})"


def value_code(expression: str) -> str:
    """Return code that shows the text an f-string makes of an expression."""
    quote = "'''" if '"' in expression else '"""'
    expression = f" {expression}" if expression.startswith("{") else expression
    text = f"f{quote}{{{expression}}}{quote}"
    return f'get_ipython().display_pub.publish({{"text/plain": {text}}})'


def _figure(site: Site, image: str) -> dict[str, object]:
    """Return what matplotlib is asked for when it writes a figure, the same bytes each time."""
    if image == "png":
        return {"metadata": {"Software": None}, "dpi": site.settings.figure_dpi}
    return {"metadata": {"Date": None, "Creator": None}}
