"""`watch`: builds on save, in a process of its own."""

from __future__ import annotations

import io
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commandline import PATIENCE, Gate, command, processes, still_running
from toysite import HEADER, PARTS, replace
from watchfiles import Change

from post_builder.commands.watch import _stale, _texts_used, _Watcher
from post_builder.commands.watching.saves import Saves
from post_builder.execution.forking.standby import Standby
from post_builder.jekyll.config import JekyllConfig
from post_builder.site import Site, open_site
from post_builder.ui.progress import Silent

POST = "_posts/2020-01-01-watched.md"

TEXT = f"""{HEADER}
```python
from pathlib import Path

factor = int(Path("factor.txt").read_text())
print("product", 6 * factor)
```
"""

pytestmark = pytest.mark.timeout(180)


class Watch:
    """A running `post-builder watch`, and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Take the process, whose standard error is a pipe."""
        self.process = process
        self.lines: list[str] = []
        """What it has said up to the last event that was waited for."""

    def until(self, text: str) -> None:
        """Read on until a line contains a text."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            print(line, end="")  # noqa: T201  # pytest shows it if the test fails
            self.lines.append(line)
            if text in line:
                return
        raise AssertionError("".join(self.lines))

    def count(self, text: str) -> int:
        """Count the lines that contain a text."""
        return sum(text in line for line in self.lines)


@contextmanager
def watching(root: Path) -> Iterator[Watch]:
    """Run the watch on a site, and end it whatever happens."""
    with subprocess.Popen(command("watch", root), stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Watch(process)
        finally:
            process.kill()


@pytest.fixture
def site(blog: Path) -> Path:
    """Make a site with one post that reads one file."""
    blog.joinpath(POST).write_text(TEXT, encoding="utf-8")
    blog.joinpath("factor.txt").write_text("7\n", encoding="utf-8")
    return blog


@pytest.fixture
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """Make a gate at which the post waits."""
    return Gate(tmp_path_factory.mktemp("gate"))


def output(site: Path) -> str:
    """Return what the post shows."""
    text = site.joinpath(POST).read_text(encoding="utf-8")
    return text.partition('<pre class="highlight">')[2].partition("</pre>")[0]


@pytest.mark.slow
def test_saves_are_built_errors_are_shown_and_interrupts_leave_no_kernel(  # noqa: PLR0915  # a session
    site: Path, gate: Gate
) -> None:
    """The life of a watch: code, a data file, settings, an error, its correction, and the end."""
    with watching(site) as watch:
        watch.until(f"watching 1 post in {site}")
        watch.until(f"{POST}: built in ")
        assert "product 42" == output(site)
        replace(site / POST, "6 * factor", "5 * factor")
        watch.until(f"{POST}: built in ")
        assert "product 35" == output(site)
        site.joinpath("factor.txt").write_text("8\n", encoding="utf-8")
        watch.until(f"{POST}: built in ")
        assert "product 40" == output(site)
        replace(site / "_config.yml", "title", "post_builder: {tymeout: 1}\ntitle")
        watch.until("_config.yml:1: unknown setting tymeout")
        replace(site / "_config.yml", "tymeout: 1", "output_limit: 4")
        watch.until(f"{POST}: built in ")
        assert "prod\n… 6 more characters not shown" == output(site)
        replace(site / POST, 'print("product"', 'prnt("product"')
        watch.until(f"{POST}:9: cell cell-1 raised NameError")
        replace(site / POST, 'prnt("product"', 'print("20"')
        watch.until(f"{POST}: built in ")
        assert "20 4\n… 1 more characters not shown" == output(site)
        assert 6 == watch.count("[1/1] cell-1\n")
        replace(site / POST, 'print("20"', f'{gate.code}\nprint("20"')
        gate.wait()
        assert processes(site)
        watch.process.send_signal(signal.SIGINT)
        assert 130 == watch.process.wait(PATIENCE)
    assert [] == still_running(site)


@pytest.mark.slow
def test_a_post_follows_what_another_prints(series: Path) -> None:
    """A save of the one builds the other too; nothing goes on after that."""
    one, two = (series / name for name in PARTS)
    with watching(series) as watch:
        replace(one, '("MLP", 0.97)', '("MLP", 0.96)')
        watch.until(f"{PARTS[1]}: built in ")
        assert "MLP 0.96 15.8" in two.read_text(encoding="utf-8")
        for before, after in (("0.99", "1.0"), ("1.0", "0.98")):
            replace(two, f'("CNN", {before})', f'("CNN", {after})')
            watch.until(f"{PARTS[1]}: built in ")
            assert f"CNN {after} untimed" in two.read_text(encoding="utf-8")
    assert (1, 3) == tuple(watch.count(f"{name}: built in ") for name in PARTS)


@pytest.mark.slow
def test_a_burst_of_saves_is_one_and_a_save_during_a_build_counts(site: Path, gate: Gate) -> None:
    """Ten saves in a row run the post once or twice, and the last one is what shows.

    An edit of its code ends a run that is still at it.
    """
    with watching(site) as watch:
        watch.until(f"{POST}: built in ")
        assert "product 42" == output(site)
        for factor in range(10):
            site.joinpath("factor.txt").write_text(f"{factor}\n", encoding="utf-8")
        while output(site) != "product 54":
            watch.until(f"{POST}: ")
        assert watch.count("[1/1] cell-1\n") <= 3
        replace(site / POST, "print(", f"{gate.code}\nprint(")
        gate.wait()
        replace(site / POST, f"{gate.code}\nprint(", "print(2 *")
        watch.until(f"{POST}:1: the code of the post changed while it ran")
        watch.until(f"{POST}: built in ")
        assert "productproduct 54" == output(site)


def test_what_a_build_wrote_is_not_stale(series: Path) -> None:
    """The page beside the editor would say so for a moment after each build."""
    site, (one, two) = open_site(series), [series / name for name in PARTS]
    assert set() == _stale(site, {one, two, series / "factor.txt"})
    replace(one, "0.97),\n]</pre>", "0.98),\n]</pre>")
    assert {one, two} == _stale(site, {one, two})  # the second shows what the first printed


def make_watcher() -> _Watcher:
    """Return a watcher that has built nothing yet."""
    return _Watcher(Silent(), 1, io.StringIO(), Standby())


def test_a_failed_post_is_checked_again_when_what_it_takes_changes(series: Path) -> None:
    """The other post's file may be saved as often as its author likes; its printed text counts."""
    site, (one, two) = open_site(series), [series / name for name in PARTS]
    watcher = make_watcher()
    watcher.failed = {two: _texts_used(site, two)}
    assert [one] == watcher.candidates(site, {one})
    replace(one, "0.97),\n]</pre>", "0.98),\n]</pre>")
    assert [one, two] == watcher.candidates(site, {one})


def test_a_failed_post_is_checked_again_when_a_source_is_saved(series: Path) -> None:
    """Or the post itself; figures and downloads, which builds write, are no reason."""
    site, (one, two) = open_site(series), [series / name for name in PARTS]
    watcher = make_watcher()
    watcher.failed = {two: _texts_used(site, two)}
    assert [one] == watcher.candidates(site, {series / "assets/notebooks/part-1.ipynb"})
    assert [one, two] == watcher.candidates(site, {series / "module.py"})
    assert [one, two] == watcher.candidates(site, {two})


def test_a_failed_post_is_checked_again_when_a_product_that_it_depends_on_comes(blog: Path) -> None:
    """Its maker is saved, and the product is written by the build that follows."""
    product, (maker, user) = blog / "assets/models/m.bin", [blog / f"_posts/{n}.md" for n in "mu"]
    cell = '```python\nx\n```\n{: #make data-products="assets/models/m.bin"}\n'
    maker.write_text(HEADER + cell, encoding="utf-8")
    depends = HEADER.replace("---\n", "---\ndepends: [assets/models/m.bin]\n", 1)
    user.write_text(f"{depends}```python\nx\n```\n", encoding="utf-8")
    site, watcher = open_site(blog), make_watcher()
    watcher.failed = {user: _texts_used(site, user)}
    assert [maker] == watcher.candidates(site, {maker})
    product.parent.mkdir(parents=True)
    product.touch()
    assert [maker, user] == watcher.candidates(site, {product})


def test_only_changes_count(blog: Path) -> None:
    """A file that is saved with the same content, or that git ignores, is not a change."""
    subprocess.run(["git", "init", "--quiet"], cwd=blog, check=True)
    blog.joinpath(".gitignore").write_text("*.log\n", encoding="utf-8")
    saved, hidden = blog / "a.txt", blog / "a.log"
    for path in (saved, hidden):
        path.write_text("1", encoding="utf-8")
    watcher, site = make_watcher(), Site(blog)
    assert {saved} == watcher.seen.changed({saved, hidden}, site)
    assert set() == watcher.seen.changed({saved, hidden}, site)
    saved.write_text("2", encoding="utf-8")
    assert {saved} == watcher.seen.changed({saved}, site)
    saved.unlink()
    assert {saved} == watcher.seen.changed({saved}, site)


def test_a_log_of_watch_is_not_a_save(blog: Path) -> None:
    """It changes with each message; a post may show one."""
    watcher, site = make_watcher(), Site(blog)
    log, late, data, post = (blog / name for name in ("a.txt", "b.txt", "data.txt", "_posts/a.md"))
    watcher.greet(site)
    watcher.seen.says("\n_posts/a.md:5: an error\n  in two lines\n")
    log.write_bytes(f"> watching 0 posts in {blog}\r\n".encode())
    late.write_bytes(b"\x1b[1m_posts/a.md:5: an error\r\n  in two lines\r\n")
    data.write_text("_posts/a.md:5: an error\n", encoding="utf-8")
    post.write_bytes(late.read_bytes())
    assert {data, post} == watcher.seen.changed({log, late, data, post}, site)


@pytest.mark.parametrize("into", ["2> log", "2>&1 | tee log"])
@pytest.mark.slow
def test_a_log_in_the_site_does_not_wake_watch(site: Path, into: str) -> None:
    """A post that fails would run, and say so, for ever."""
    replace(site / POST, "factor = ", "missing\nfactor = ")
    log = site / "log"
    call = ["sh", "-c", f"{shlex.join(command('watch', site))} {into}"]
    with subprocess.Popen(call, cwd=site, start_new_session=True) as shell:
        try:
            _until(lambda: log.is_file() and "NameError" in log.read_text("utf-8"))
            time.sleep(5)
            assert 1 == log.read_text("utf-8").count("[1/1] cell-1")
            replace(site / POST, "missing", "5")
            _until(lambda: f"{POST}: built in" in log.read_text("utf-8"))
        finally:
            os.killpg(shell.pid, signal.SIGKILL)


def _until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(("_posts/a.md", True), ("_config.yml", True), ("src/a.py", True), ("assets/a.css", True)),
        *(("_site/a.html", False), (".jekyll-cache/a", False), ("vendor/a.rb", False)),
        *(("_data/builds/a.json", False), ("_data/a.yml", True), ("node_modules/a.js", False)),
        *(("public/a.html", False), ("public.md", True), ("vendor.csv", True)),
        *((".git/HEAD", False), ("src/__pycache__/a.pyc", False), (".venv/a.py", False)),
        *(("_posts/.a.md.x1.tmp", False), ("_posts/a.tmp", True), ("_posts/.a.md", True)),
    ],
)
def test_what_others_write_is_not_watched(name: str, expected: bool) -> None:
    """Neither Jekyll's, git's and Python's files nor those that a build is about to rename."""
    site = Site(Path("/blog"), jekyll=JekyllConfig(destination="public"))
    assert expected == Saves(site)(Change.modified, f"/blog/{name}")
