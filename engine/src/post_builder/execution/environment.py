"""What a kernel inherits, what is fixed in it, and how IPython is set up."""

from __future__ import annotations

import os
from pathlib import Path

from post_builder.site import Site

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


def kernel_environment(site: Site, scratch: Path) -> dict[str, str]:
    """Return the environment of a kernel: inherited, fixed, and the site's own variables.

    Args:
        site: in which the kernel works.
        scratch: a private folder; configuration files are written into it.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    config = scratch / "config"
    config.joinpath("matplotlib").mkdir(parents=True)
    config.joinpath("matplotlib", "matplotlibrc").write_text("svg.hashsalt: post-builder\n")
    own = {
        "IPYTHONDIR": str(scratch / "ipython"),
        "XDG_CONFIG_HOME": str(config),
        "POST_BUILDER_ROOT": str(site.root),
        "POST_BUILDER_LOG": str(scratch / OBSERVATIONS),
    }
    environment = inherited | _FIXED | own | dict(site.settings.environment)
    paths = [str(INSIDE), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return environment


def ipython_arguments(site: Site) -> list[str]:
    """Return arguments that fix how IPython shows figures and tracebacks."""
    png = site.settings.figure_format == "png"
    metadata = {"Software": None} if png else {"Date": None, "Creator": None}
    figure = {"metadata": metadata} | ({"dpi": site.settings.figure_dpi} if png else {})
    return [
        f"--InlineBackend.figure_formats={site.settings.figure_format}",
        f"--InlineBackend.print_figure_kwargs={figure!r}",
        "--InteractiveShell.colors=nocolor",
        "--HistoryManager.enabled=False",
        f"--IPKernelApp.exec_lines=exec(open({str(INSIDE / 'shell.py')!r}).read(), {{}})",
    ]
