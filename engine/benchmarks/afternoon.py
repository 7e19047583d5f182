"""An afternoon in `watch`, in numbers: twenty edits at twenty places of a post.

After each save it notes which cells ran and how long the author waited; at the end it builds the
post once more from its first cell and compares all bytes.

Run: python engine/benchmarks/afternoon.py SITE POST [OLD=>NEW ...]

SITE is copied, without what git ignores but with `data/`; POST is a path in it. Each OLD=>NEW is
replaced in the post before the afternoon begins, for shorter trainings.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

EDITS = 20
_OPTIONS = re.compile(r"^\{: ?(#[\w-]+)?.*\}$", re.MULTILINE)
_CELL = re.compile(r"^```python\n(.*?)^```\n(\{:.*?\}\n)?", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Waited:
    """What followed from an edit."""

    what: str
    cells: list[str]
    """The cells that ran."""
    seconds: float
    """From the save to the written post."""
    own: float
    """Seconds that the cells took that ran, as the record says."""


class Watch:
    """A running `post-builder watch`."""

    def __init__(self, site: Path, post: str) -> None:
        """Start it."""
        self.site, self.post = site, post
        command = [sys.executable, "-m", "post_builder", "watch", "--site", str(site)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.names: list[str] = []

    def until_done(self, what: str, begin: float) -> Waited:
        """Read what it says until the post is built."""
        assert self.process.stderr is not None  # noqa: S101  # it is a pipe
        cells: list[str] = []
        for line in self.process.stderr:
            if found := re.search(r": \[\d+/\d+\] (\S+)$", line):
                cells.append(found[1])
            if line.startswith(f"{self.post}: built in"):
                print(line.rstrip().removeprefix(f"{self.post}: "))
                seconds = time.monotonic() - begin
                return Waited(what, cells, seconds, sum(self._record()[name] for name in cells))
            if "failed" in line or "internal error" in line:
                raise RuntimeError(line + "".join(self.process.stderr.readline() for _ in range(9)))
        raise RuntimeError("the watch ended")

    def _record(self) -> dict[str, float]:
        records = (json.loads(p.read_text("utf-8")) for p in self.site.glob("_data/builds/*.json"))
        times: dict[str, float] = next(r for r in records if r["post"] == self.post)["run"]["cells"]
        return times

    def end(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()


def copy_site(source: Path, folder: Path) -> Path:
    """Copy what git has of a site, and its data."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=source, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if source.joinpath(name).is_file() and not name.startswith("engine/"):
            folder.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, folder / name)
    shutil.copytree(source / "data", folder / "data", dirs_exist_ok=True)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    shutil.copy2(source / ".gitignore", folder / ".gitignore")
    return folder


def edits(text: str) -> Iterator[tuple[str, str]]:
    """Yield what is edited, and the text after it; each edit keeps the ones before it."""
    cells = [cell for cell in _CELL.finditer(text) if "data-source" not in (cell[2] or "")]
    step = max(1, len(cells) // EDITS)
    order = cells[::step][:EDITS]
    order = order[::-2] + order[::2]  # the last ones first, as one writes; then from the front
    for number, cell in enumerate(order):
        name = _OPTIONS.search(cell[2] or "")
        called = name[1] if name and name[1] else f"cell {cells.index(cell) + 1}"
        yield called, f"{cell[1]}# edit {number}\n"


def afternoon(site: Path, post: str) -> tuple[list[Waited], list[str]]:
    """Edit a post; return what each edit took, and the files that a whole build has otherwise."""
    watch, path = Watch(site, post), site / post
    waited = [watch.until_done("the first build", time.monotonic())]
    report(waited)
    for called, code in edits(path.read_text("utf-8")):
        text = path.read_text("utf-8")
        before = code.rpartition("# edit")[0]
        path.write_text(
            text.replace(f"```python\n{before}```", f"```python\n{code}```", 1), "utf-8"
        )
        waited.append(watch.until_done(called, time.monotonic()))
        report(waited[-1:])
    watch.end()
    published = contents(site)
    command = [sys.executable, "-m", "post_builder", "build", "--force", "--site", str(site)]
    subprocess.run([*command, str(path)], check=True)
    return waited, [name for name, data in contents(site).items() if published.get(name) != data]


def contents(site: Path) -> dict[str, bytes]:
    """Return the posts, figures and downloads of a site, and records without times."""
    found = {}
    for folder in ("_posts", "assets", "_data"):
        for path in site.joinpath(folder).rglob("*"):
            if path.is_file():
                found[str(path.relative_to(site))] = path.read_bytes()
    for name, data in found.items():
        if name.startswith("_data/builds/"):
            found[name] = json.dumps(json.loads(data) | {"run": None}).encode()
    return found


def report(waited: Sequence[Waited]) -> None:
    """Print a line for each edit."""
    for one in waited:
        more = one.seconds - one.own
        row = f"{one.what:24} {len(one.cells):3} cells {one.seconds:7.1f} s"
        print(f"{row}, of which cells {one.own:7.1f} s, all else {more:5.1f} s", flush=True)


def main(source: str, post: str, *replacements: str) -> None:
    """Print what each edit took, and whether a whole build gives the same bytes."""
    with tempfile.TemporaryDirectory(prefix="afternoon-") as folder:
        site = copy_site(Path(source).resolve(), Path(folder) / "site")
        path = site / post
        for later in path.parent.glob("*.md"):  # it may take output of this one, and run as well
            if later.name > path.name:
                later.unlink()
        text = path.read_text("utf-8")
        for replacement in replacements:
            old, _, new = replacement.partition("=>")
            if old not in text:
                raise SystemExit(f"not in the post: {old}")
            text = text.replace(old, new)
        path.write_text(text, "utf-8")
        waited, differ = afternoon(site, post)
    print(f"{len(waited) - 1} edits, {sum(one.seconds for one in waited[1:]):.1f} s")
    print("a whole build gives the same bytes" if not differ else f"different: {differ}")


if __name__ == "__main__":
    main(*sys.argv[1:])
