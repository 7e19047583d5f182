"""MNIST's archives, which make unpacks for all that runs posts."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Lay out what make needs to unpack one archive."""
    raw = tmp_path / "data/MNIST/raw"
    raw.mkdir(parents=True)
    (raw / "digits.gz").write_bytes(gzip.compress(b"ink"))
    needed = ("Gemfile", "pyproject.toml", "engine/pyproject.toml", "requirements.lock")
    for name in ("Makefile", *needed):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_make_unpacks_an_archive_whole(desk: Path) -> None:
    """The archive stays, its content is next to it, and nothing half-written is left."""
    subprocess.run(
        ["make", "-C", str(desk), "data/MNIST/raw/digits"], check=True, capture_output=True
    )
    assert (desk / "data/MNIST/raw/digits").read_bytes() == b"ink"
    assert {"digits", "digits.gz"} == {path.name for path in (desk / "data/MNIST/raw").iterdir()}


@pytest.mark.parametrize(
    "target", ["build-posts", "verify-posts", "serve", "test", "test-posts", "test-quick"]
)
def test_whatever_runs_posts_has_the_archives_unpacked_first(desk: Path, target: str) -> None:
    """Two posts that unpack the same archive at once would read each other's half of a file."""
    command = ["make", "-C", str(desk), "--dry-run", target]
    steps = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    assert "gzip" in steps
