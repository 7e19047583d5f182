"""How Jupyter starts a kernel, found without importing most of Jupyter."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_path
from msgspec import Struct, field

_OWN = {"python", f"python{sys.version_info[0]}", "python{}.{}".format(*sys.version_info[:2])}
"""Names by which Jupyter means the Python that it runs in itself."""


class Launch(Struct, frozen=True):
    """How a kernel is started."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables that the kernel gets in addition."""

    @property
    def is_own(self) -> bool:
        """Whether it runs in the Python that runs the engine, in the same environment."""
        program = self.argv[0] if self.argv else ""
        if any(name.startswith("PYTHON") for name in self.env):
            return False
        return program in {*_OWN, sys.executable} or _is_same_python(program)

    @property
    def interpreter(self) -> tuple[str, ...]:
        """The command that starts its Python, up to `-m ipykernel_launcher`; empty if unknown."""
        command = self.argv[: self.argv.index("-m")] if "-m" in self.argv else ()
        return (sys.executable, *command[1:]) if command and command[0] in _OWN else command


def find_launch(kernel: str) -> Launch | None:
    """Return how a kernel is started; None if it is not installed."""
    for folder in jupyter_path("kernels"):
        for file in Path(folder).glob("*/kernel.json"):
            if file.parent.name.lower() == kernel.lower():
                return _launch(json.loads(file.read_text(encoding="utf-8")))
    return _launch_by_jupyter(kernel)


def _launch_by_jupyter(kernel: str) -> Launch | None:
    """Ask Jupyter itself, which knows more places and takes longer to import."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel  # noqa: PLC0415

    try:
        return _launch(KernelSpecManager().get_kernel_spec(kernel).to_dict())
    except NoSuchKernel:
        return None


def _launch(spec: Mapping[str, Any]) -> Launch:
    env = {str(name): str(text) for name, text in (spec.get("env") or {}).items()}
    return Launch(tuple(map(str, spec.get("argv") or ())), env)


def _is_same_python(program: str) -> bool:
    """Return whether a program is this Python: in the same folder, and with the same target.

    The Python of a virtual environment is a link to one that others link to as well.
    """
    own = sys.executable
    try:
        folders = Path(program).parent.samefile(Path(own).parent)
        return Path(program).is_absolute() and folders and Path(program).samefile(own)
    except OSError:
        return False
