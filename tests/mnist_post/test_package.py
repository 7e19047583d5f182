"""What holds for the package as a whole."""

import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "mnist_post"
MODULES = sorted(PACKAGE.rglob("*.py"))


def test_the_package_is_small() -> None:
    """A module fits a sitting."""
    assert [] == [path.name for path in MODULES if len(path.read_text().splitlines()) > 250]


def test_imports_need_no_accelerator() -> None:
    """Importing all modules on a machine without a card neither fails nor warns."""
    inside = [path.relative_to(PACKAGE.parent).with_suffix("") for path in MODULES]
    names = ", ".join(".".join(path.parts) for path in inside if path.stem != "__init__")
    code = f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); import {names}"
    hidden = {"CUDA_VISIBLE_DEVICES": "", "MPLBACKEND": "Agg"}
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=hidden)
