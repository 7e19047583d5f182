"""What is known of unchanged posts holds until anything that it rests on changes."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from runs import drawing, made_up_run, printed
from toysite import HEADER

from post_builder.cli.witness import WITNESS, Look, recall
from post_builder.commands.build import build
from post_builder.commands.fresh import looked_for, unchanged_posts
from post_builder.execution.run import Run
from post_builder.freshness.packages.kernel_python import forget
from post_builder.freshness.record import Record
from post_builder.freshness.unchanged import look
from post_builder.freshness.unchanged.kept import kept_posts
from post_builder.pipeline.names import post_names
from post_builder.pipeline.prepare import PostState
from post_builder.pipeline.undo import own_folder
from post_builder.site import Site, open_site
from post_builder.ui.progress import Silent

TEXT = "---\njupyter: python3\ndepends: [declared.csv]\n---\n\n# Post\n\nSome prose.\n\n"
CELL = '```python\nprint(1)\n```\n{: #c data-alt="A line"}\n'
EMPTY = CELL.replace("print(1)\n", "")
POST = "_posts/2020-01-01-a.md"
OTHER = "_posts/2020-01-01-b.md"
RECORD = "_data/builds/a.json"
FIGURE = "assets/images/a/c.svg"
KEPT = ".post-builder/posts"


class _MadeUp:
    """Runs posts without a kernel: each reads a file, prints and draws."""

    def __init__(self, *read: Path) -> None:
        self.read = read

    def expect(self, *_: object) -> None:
        """Prepare nothing."""

    async def run(self, state: PostState, *_: object) -> Run:
        """Return what a run would have given."""
        outputs = [[printed("1\n"), drawing("a")] for _ in state.prepared.cells]
        return made_up_run(state.prepared, outputs, read=self.read)


def _build(root: Path, *read: str) -> None:
    site, runner = open_site(root), _MadeUp(*(root / name for name in read or ("read.txt",)))
    building = build(site, list(site.posts()), Silent(), force=False, jobs=2, runner=runner)
    assert [None, None] == [outcome.error for outcome in asyncio.run(building)]
    time.sleep(0.2)  # files that have just changed might change again unseen


def _unchanged(root: Path, answer: str = "") -> list[str] | None:
    """Look as a build does, and keep its answer; return the posts if all are unchanged."""
    site = open_site(root)
    forget()  # a process looks at packages once
    with Look(("build", "--site", str(root))) as reads:
        reads.is_blind = False  # tests before this one have read what they liked
        found = unchanged_posts(site, list(site.posts()), every=True, reads=reads)
        if answer:
            reads.remember(str(root), answer, looked_for(site))
    return None if found is None else [site.relative(path) for path in found]


def _held(root: Path) -> list[str]:
    """Return the posts that a build need not look at closely."""
    site = open_site(root)
    held = kept_posts(site).held(list(site.posts()), post_names(site))
    return sorted(site.relative(path) for path in held)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write and build a site of two posts."""
    root = tmp_path / "site"
    for name in ("read.txt", "declared.csv", "_config.yml"):
        _write(root / name, "x: 2\n")
    for name in (POST, OTHER):
        _write(root / name, TEXT + CELL)
    for folder in ("_unpublished", "_includes"):
        root.joinpath(folder).mkdir()
    monkeypatch.chdir(tmp_path)  # modules are looked for here, where no other test writes
    _build(root)
    return root


@pytest.fixture
def known(site: Path) -> Path:
    """Look at the posts once, so that they are known."""
    assert _unchanged(site) in (None, [POST, OTHER])  # the first look makes a folder in the site
    time.sleep(0.2)
    assert [POST, OTHER] == _unchanged(site)
    assert [POST, OTHER] == _held(site)
    return site


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the posts that are looked at closely."""
    names: list[str] = []
    before = look.unchanged_record

    def noting(site: Site, path: Path, name: str) -> Record | None:
        names.append(site.relative(path))
        return before(site, path, name)

    monkeypatch.setattr(look, "unchanged_record", noting)
    return names


def test_only_a_changed_post_is_looked_at(known: Path, looked: list[str]) -> None:
    """However many there are; one that was written anew is known after one more look."""
    assert [POST, OTHER] == _unchanged(known)
    assert [] == looked
    _replace(known / POST, "Some prose", "More prose")
    assert _unchanged(known) is None
    assert [POST] == looked
    _build(known)
    looked.clear()
    assert [POST, OTHER] == _unchanged(known)
    assert [POST, OTHER] == _unchanged(known)
    assert [POST] == looked


def _replace(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def _as_if_unchanged(path: Path) -> None:
    """Change one byte, and put the date of the last change back."""
    before, data = path.stat(), path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _write(path: Path, text: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


OF_ONE: dict[str, Callable[[Path], object]] = {
    "prose": lambda root: _replace(root / POST, "Some prose", "More prose"),
    "prose, and a date put back": lambda root: _as_if_unchanged(root / POST),
    "its output": lambda root: _replace(root / POST, "<!-- /output -->", "x\n<!-- /output -->"),
    "its record": lambda root: _as_if_unchanged(root / RECORD),
    "a figure": lambda root: _as_if_unchanged(root / FIGURE),
    "a figure is gone": lambda root: (root / FIGURE).unlink(),
    "a figure was replaced": lambda root: (root / "declared.csv").rename(root / FIGURE),
    "a download": lambda root: _as_if_unchanged(root / "assets/notebooks/a.ipynb"),
    "a file kept out of the site": lambda root: _write(root / "_unpublished" / FIGURE),
    "it is not executable any more": lambda root: _replace(root / POST, "jupyter: python3\n", ""),
    "it is not published any more": lambda root: _replace(
        root / POST, "depends", "date: 2999-01-01\ndepends"
    ),
}

OF_ALL: dict[str, Callable[[Path], object]] = {
    "a file that both read": lambda root: _as_if_unchanged(root / "read.txt"),
    "a declared file": lambda root: _as_if_unchanged(root / "declared.csv"),
    "a declared file is gone": lambda root: (root / "declared.csv").unlink(),
    "settings": lambda root: _write(root / "_config.yml", "x: 3\n"),
    "the include for figures": lambda root: _write(root / "_includes/figure", "x"),
    "a package": lambda root: _write(root / "x-1.dist-info/METADATA", "Version: 1\n"),
    "what is kept": lambda root: _write(root / KEPT, '{"key": 1}'),
    "bytes of what is kept": lambda root: (root / KEPT).write_bytes(b"\xff"),
    "what is kept is gone": lambda root: (root / KEPT).unlink(),
}


def test_one_build_finds_out_all_that_the_next_need_know(site: Path) -> None:
    """That each post is unchanged, and that there is nothing to do, which rests on both."""
    own_folder(open_site(site))
    time.sleep(0.2)
    for _ in range(2):  # the second knows the posts
        site.joinpath(WITNESS).unlink(missing_ok=True)
        assert [POST, OTHER] == _unchanged(site, "nothing to do")
        assert [POST, OTHER] == _held(site)
        assert "nothing to do" == recall(("build", "--site", str(site)))
    _as_if_unchanged(site / RECORD)
    assert recall(("build", "--site", str(site))) is None


@pytest.mark.parametrize("kind", OF_ONE)
def test_any_change_of_a_post_is_seen(known: Path, kind: str) -> None:
    """Neither dates nor sizes decide, and the other post is not looked at."""
    OF_ONE[kind](known)
    held = set(_held(known))
    assert POST not in held
    assert {OTHER} == held or kind == "a figure was replaced"  # that one was declared by both


@pytest.mark.parametrize("kind", OF_ALL)
def test_any_change_of_what_posts_share_is_seen(known: Path, kind: str) -> None:
    """All of them are looked at again."""
    OF_ALL[kind](known)
    assert [] == _held(known)


@pytest.mark.parametrize("kind", [*OF_ONE, *OF_ALL])
def test_what_is_known_changes_no_answer(known: Path, kind: str) -> None:
    """A look with it finds what a look without it does."""
    (OF_ONE | OF_ALL)[kind](known)
    with_it = _unchanged(known)
    known.joinpath(KEPT).unlink(missing_ok=True)
    assert _unchanged(known) == with_it


def test_a_post_about_which_git_is_asked_keeps_no_other_from_being_known(site: Path) -> None:
    """What another process reads is not seen; git says what it ignores in a folder."""
    subprocess.run(["git", "init", "--quiet"], cwd=site, check=True)
    _write(site / "data/x.csv")
    data = json.loads(site.joinpath(RECORD).read_text(encoding="utf-8"))
    _write(site / RECORD, json.dumps(data | {"files": {"data/": "0" * 32}}))
    for _ in range(2):  # the first look makes a folder in the site
        time.sleep(0.2)
        assert _unchanged(site) is None
    assert [OTHER] == _held(site)


def test_a_name_that_two_posts_share_is_seen(known: Path) -> None:
    """A new post may have the slug of one that has not changed."""
    _write(known / "_posts/2021-01-01-a.md", TEXT + CELL)
    assert [OTHER] == _held(known)
    assert _unchanged(known) is None


def test_another_environment_may_have_other_packages(
    known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables say where kernels and packages are, and what the time is."""
    for name in ("JUPYTER_PATH", "TZ"):
        with monkeypatch.context() as patch:
            patch.setenv(name, str(known))
            assert [] == _held(known)
    assert [POST, OTHER] == _held(known)


def test_nothing_is_known_before_it_was_looked_at(
    known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that was set back may make a post unpublished."""
    monkeypatch.setattr("time.time", lambda: 1e9)
    assert [] == _held(known)


def test_a_post_that_has_just_changed_is_not_known(known: Path) -> None:
    """It may change again, and look the same."""
    _replace(known / POST, "Some prose", "More prose")
    _build(known)
    ahead = time.time() + 3600
    os.utime(known / POST, (ahead, ahead))
    assert [POST, OTHER] == _unchanged(known)
    assert [OTHER] == _held(known)


def _rebuilt(root: Path, text: str, read: Sequence[str]) -> None:
    _write(root / POST, text)
    _build(root, *read)
    assert _unchanged(root) in (None, [POST, OTHER])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (TEXT + EMPTY.replace("#c", '#c data-source="module:x"'), ["read.txt"]),
        (TEXT + EMPTY.replace("#c", f'#c data-source="{OTHER}#c"'), ["read.txt"]),
        (TEXT + CELL.replace("print(1)", "print(2)"), ["../above.txt"]),
        (TEXT.replace("depends", "published: false\ndepends") + CELL, ["read.txt"]),
        (f"{HEADER}\n{{% highlight python %}}\n1\n{{% endhighlight %}}\n\n{CELL}", ["read.txt"]),
    ],
    ids=["code of a module", "output of a post", "a file above", "not published", "a notice"],
)
def test_a_post_that_rests_on_more_is_not_known(known: Path, text: str, read: list[str]) -> None:
    """It is looked at closely each time."""
    _write(known / "src/module.py", "x = 1\n")
    _write(known.parent / "above.txt", "1")
    known.parent.joinpath(".git").mkdir()
    _rebuilt(known, text, read)
    time.sleep(0.2)
    _unchanged(known)
    assert [OTHER] == _held(known)
