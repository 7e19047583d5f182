"""Files that a post depends on: what a run reads is observed, the rest is declared."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from post_builder.errors import PostError
from post_builder.execution.environment import INSIDE
from post_builder.execution.observations import Observations, parse_log
from post_builder.freshness.site_files import MISSING, declared, digests, observed
from post_builder.place import Place

PLACE = Place("post", 1)

READS = """
import io, mmap, pathlib, shutil, sqlite3, subprocess, sys
import multiprocessing
import numpy
from PIL import Image

open("data/open.txt").close()
pathlib.Path("data/pathlib.txt").read_bytes()
numpy.load("data/numpy.npy")
with open("data/mmap.bin", "rb") as file:
    mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
Image.open("data/pixel.png").load()
sqlite3.connect("data/base.db").close()
open(b"data/bytes.txt").close()
open("data/updated.txt", "r+").close()

def lazily():
    import lazy_module
lazily()
import package.used

open("made.txt", "w").write("x"); open("made.txt").read()
open("appended.txt", "a").write("x")
shutil.copy("data/copied.txt", "copy.txt")

for pattern in pathlib.Path("globbed").glob("*.csv"):
    pass
subprocess.run([sys.executable, "-c", "open('data/subprocess.txt')"], check=True)

def read(name):
    open(f"data/{name}").close()

if __name__ == "__main__":
    for method in ("spawn", "fork"):
        worker = multiprocessing.get_context(method).Process(target=read, args=(f"{method}.txt",))
        worker.start()
        worker.join()
        assert worker.exitcode == 0
"""

EXPECTED = [
    *("data/base.db", "data/bytes.txt", "data/copied.txt", "data/fork.txt", "data/mmap.bin"),
    *("data/numpy.npy", "data/open.txt", "data/pathlib.txt", "data/pixel.png", "data/spawn.txt"),
    *("data/subprocess.txt", "data/updated.txt", "globbed/", "lazy_module.py"),
    *("package/__init__.py", "package/indirect.py", "package/used.py", "script.py"),
]


def _run(root: Path, script: Path) -> Observations:
    log = root.parent / "log"
    log.unlink(missing_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(INSIDE), str(root)]),
        "POST_BUILDER_ROOT": str(root),
        "POST_BUILDER_LOG": str(log),
    }
    measured = {key: text for key, text in os.environ.items() if key.startswith("COVERAGE_")}
    subprocess.run([sys.executable, script], cwd=root, env=environment | measured, check=True)
    return parse_log(log.read_bytes())


def _files(root: Path) -> Iterator[Path]:
    for name in EXPECTED:
        if name.startswith("data/"):
            yield root / name
    yield from (root / "data" / "unread.txt", root / "globbed" / "a.csv")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Make a site with files of each kind to read."""
    root = tmp_path / "site"
    for path in _files(root):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    np.save(root / "data" / "numpy.npy", np.zeros(1))
    Image.new("L", (1, 1)).save(root / "data" / "pixel.png")
    root.joinpath("data/base.db").write_bytes(b"")
    sources = {
        "lazy_module.py": "x = 1\n",
        "package/__init__.py": "",
        "package/used.py": "from package import indirect\n",
        "package/indirect.py": "",
        "package/unused.py": "",
        "script.py": READS,
    }
    for name, text in sources.items():
        root.joinpath(name).parent.mkdir(exist_ok=True)
        root.joinpath(name).write_text(text, encoding="utf-8")
    return root


def test_what_a_run_reads_is_observed(site: Path) -> None:
    """Files however they are read, imports however late, in child processes too; nothing else.

    The second run imports from compiled files, and finds the same.
    """
    for _ in range(2):
        found = observed(_run(site, site / "script.py"), site, own=())
        assert EXPECTED == list(found)
        assert MISSING not in found.values()


def test_a_sitecustomize_of_the_author_still_runs(tmp_path: Path) -> None:
    """The observer comes before it, and is not visible to the post."""
    root = tmp_path / "site"
    root.mkdir()
    root.joinpath("sitecustomize.py").write_text("import builtins; builtins.mine = 1\n")
    script = root / "script.py"
    script.write_text(f"import sys\nassert mine == 1\nassert {str(INSIDE)!r} not in sys.path\n")
    assert str(root / "sitecustomize.py") in _run(root, script).read


def test_what_git_ignores_is_not_a_dependency(tmp_path: Path) -> None:
    """Nor is what installers and caches leave, nor what the run wrote, nor the post's own files."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    tmp_path.joinpath(".gitignore").write_text("*.log\n", encoding="utf-8")
    names = [
        *("kept.txt", "a.log", "own.txt", ".git/config", "_site/index.html", "written.txt"),
        *("a/__pycache__/b.pyc", "venv/lib/python3.11/site-packages/numpy/x.py"),
        *("sub/.kept.txt.abcd.tmp", "sub/kept.tmp", ".hidden"),
    ]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    paths = frozenset(str(tmp_path / name) for name in names)
    seen = Observations(
        read=paths | {str(tmp_path.parent / "outside.txt")},
        written=frozenset([str(tmp_path / "written.txt")]),
        listed=frozenset([str(tmp_path / "sub"), str(tmp_path / "_site")]),
    )
    found = observed(seen, tmp_path, own={"own.txt"})
    assert [".hidden", "kept.txt", "sub/", "sub/kept.tmp"] == list(found)


def test_a_folders_digest_is_that_of_its_listing(tmp_path: Path) -> None:
    """A file that comes or goes changes it; what is in the file does not."""
    tmp_path.joinpath("a.csv").write_text("1", encoding="utf-8")
    before = digests(["./"], tmp_path)
    tmp_path.joinpath("a.csv").write_text("2", encoding="utf-8")
    tmp_path.joinpath("__pycache__").mkdir()
    tmp_path.joinpath(".b.csv.abcd.tmp").touch()
    assert before == digests(["./"], tmp_path)
    tmp_path.joinpath("b.csv").touch()
    assert before != digests(["./"], tmp_path)


def test_a_listing_leaves_out_what_git_ignores(tmp_path: Path) -> None:
    """A log that comes and goes makes no post stale."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    tmp_path.joinpath(".gitignore").write_text("*.log\n", encoding="utf-8")
    before = digests(["./"], tmp_path)
    tmp_path.joinpath("a.log").touch()
    assert before == digests(["./"], tmp_path)


def test_a_digest_says_whether_there_is_a_file(tmp_path: Path) -> None:
    """A folder in place of a file is not that file, nor is a file in place of a folder."""
    tmp_path.joinpath("file").touch()
    tmp_path.joinpath("folder").mkdir()
    missing = dict.fromkeys(["file/", "folder", "gone", "gone/"], MISSING)
    found = digests(["gone/", "gone", "folder", "folder/", "file", "file/"], tmp_path)
    assert missing == {path: content for path, content in found.items() if content == MISSING}
    assert ["file", "file/", "folder", "folder/", "gone", "gone/"] == list(found)


def test_declared_patterns_are_matched(tmp_path: Path) -> None:
    """Paths and patterns, also through folders; a file named twice counts once, a folder not."""
    for name in ("data/a.gz", "data/b.gz", "data/sub/c.gz", "x.csv"):
        tmp_path.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        tmp_path.joinpath(name).write_text(name, encoding="utf-8")
    found = declared(["data/*", "data/a.gz", "**/c.gz", "x.csv"], tmp_path, PLACE)
    assert ["data/a.gz", "data/b.gz", "data/sub/c.gz", "x.csv"] == list(found)
    assert {} == declared([], tmp_path, PLACE)
    tmp_path.joinpath("x.csv").write_text("changed", encoding="utf-8")
    now = declared(("data/*", "x.csv"), tmp_path, PLACE)
    assert ["x.csv"] == [path for path in now if now[path] != found.get(path)]


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (["data/*.gz"], "depends: 'data/*.gz' matches no file"),
        (["x.csv", "data"], "depends: 'data' matches no file"),
        (["/etc/hosts"], "depends: '/etc/hosts' leaves the site"),
        (["../x"], "depends: '../x' leaves the site"),
        (["a/../../x"], "depends: 'a/../../x' leaves the site"),
        ("data/*.gz", "depends: must be a list of paths or patterns"),
        ([1], "depends: must be a list of paths or patterns"),
        ({"a": 1}, "depends: must be a list of paths or patterns"),
        (None, "depends: must be a list of paths or patterns"),
    ],
)
def test_a_mistaken_pattern_is_refused(tmp_path: Path, patterns: object, message: str) -> None:
    """One that matches nothing would never make a post stale."""
    tmp_path.joinpath("x.csv").touch()
    tmp_path.joinpath("data").mkdir()
    with pytest.raises(PostError, match=f"^post:1: {re.escape(message)}$"):
        declared(patterns, tmp_path, PLACE)


@pytest.mark.parametrize("pattern", ["", "a**"])
def test_what_python_cannot_read_as_a_pattern_is_refused(tmp_path: Path, pattern: str) -> None:
    """Newer versions of Python read `a**`, which then matches nothing."""
    message = rf"^post:1: depends: {re.escape(repr(pattern))} (is not a pattern: |matches no file$)"
    with pytest.raises(PostError, match=message):
        declared([pattern], tmp_path, PLACE)


def test_a_listing_may_hold_names_that_are_not_text(tmp_path: Path) -> None:
    """A file of somebody else, with a name in another encoding, breaks no build."""
    before = digests(["./"], tmp_path)
    tmp_path.joinpath(os.fsdecode(b"caf\xe9.txt")).touch()
    assert before != digests(["./"], tmp_path)
