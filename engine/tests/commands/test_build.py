"""`post-builder build`, from the command to the bytes on disk."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from post_builder.cli import main

FIXTURES = Path(__file__).with_name("fixtures") / "build"
HEADER = "---\njupyter: {kernelspec: {name: python3, language: python}}\n---\n"
EVERYTHING = "_posts/2020-01-01-everything.md"


def _write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _command(root: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "post_builder", "build", "--site", str(root), *arguments]


def _run(
    root: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(root, *arguments),
        env={**os.environ, **(environment or {})},
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )


def _json(root: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> Any:
    main(["build", "--site", str(root), "--json", *arguments])
    return json.loads(capsys.readouterr().out)


def _children(marker: str) -> list[int]:
    """Find processes whose environment holds a marker: kernels know the site by its root."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            known = folder.joinpath("environ").read_bytes()
            state = folder.joinpath("stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if f"POST_BUILDER_ROOT={marker}\0".encode() in known and state != "Z":
            found.append(int(folder.name))
    return found


def _gone(marker: str) -> bool:
    """Wait until no process of a site is left; give up after ten seconds."""
    for _ in range(100):
        if not _children(marker):
            return True
        time.sleep(0.1)
    return False


def _everything(root: Path) -> Path:
    """Write a site with a post that uses every option."""
    _write(root, "_config.yml", "title: A blog\n")
    _write(root, "data.txt", "of data")
    _write(root, "src/package/__init__.py", "")
    _write(root, "src/package/scale.py", "def scale(x):\n    return 2 * x\n")
    _write(root, EVERYTHING, FIXTURES.joinpath("everything.md").read_text(encoding="utf-8"))
    return root


def _tree(root: Path) -> dict[str, bytes]:
    """Give every file of a site but what its records say of the day."""
    files = {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}
    for name, data in files.items():
        if name.startswith("_data/"):
            files[name] = json.dumps(json.loads(data) | {"run": None}).encode()
    return {name: data for name, data in files.items() if "__pycache__" not in name}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the post that uses every option, once."""
    root = _everything(tmp_path_factory.mktemp("everything"))
    secrets = {"GITHUB_TOKEN": "hunter2", "MY_SECRET": "hunter2", "PYTHONSTARTUP": "x"}
    done = _run(root, environment=secrets)
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def site(everything: Path, tmp_path: Path) -> Path:
    """Copy the built site, for a test to change."""
    return Path(shutil.copytree(everything, tmp_path / "site"))


def test_a_post_gets_what_its_cells_gave(everything: Path) -> None:
    """Outputs, values, figures, tracebacks and folds stand where the post format says."""
    expected = FIXTURES.joinpath("everything.built.md").read_text(encoding="utf-8")
    assert expected == everything.joinpath(EVERYTHING).read_text(encoding="utf-8")


def test_the_text_of_the_author_is_untouched(everything: Path) -> None:
    """What is left when outputs and values go is the post as it was written."""
    built = everything.joinpath(EVERYTHING).read_text(encoding="utf-8")
    source = FIXTURES.joinpath("everything.md").read_text(encoding="utf-8")
    bare = re.sub(r"[ ]*<!-- output -->.*?<!-- /output -->\n", "", built, flags=re.DOTALL)
    shown = re.compile(r"(<span data-value[^>]*>)[^<]*(</span>)")
    assert shown.sub(r"\1\2", source) == shown.sub(r"\1\2", bare)


def test_a_second_build_runs_nothing_and_loads_little(everything: Path) -> None:
    """No kernel, no Jupyter, no torch: a fresh site costs a look."""
    before = _tree(everything)
    code = (
        "import sys; from post_builder.cli import main\n"
        f"status = main(['build', '--site', {str(everything)!r}])\n"
        "heavy = {'torch', 'nbconvert', 'jupytext', 'nbclient', 'jupyter_client', 'matplotlib'}\n"
        "print(status, sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "all up to date (1 post)\n0 []\n"
    assert before == _tree(everything)


@pytest.mark.slow
def test_a_forced_build_elsewhere_gives_the_same_bytes(everything: Path, tmp_path: Path) -> None:
    """Another folder, time zone, locale, home and terminal: nothing of them is on the page."""
    root = _everything(tmp_path / "another folder")
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "TZ": "Asia/Tokyo",
        "LANG": "de_DE.UTF-8",
        "LC_ALL": "C",
        "HOME": str(home),
        "COLUMNS": "200",
        "PYTHONHASHSEED": "7",
        "MPLBACKEND": "pdf",
        "PYTHONWARNINGS": "error",
    }
    done = _run(root, environment=environment)
    assert done.returncode == 0, done.stderr
    assert _tree(everything) == _tree(root)


@pytest.mark.slow
def test_force_runs_again_and_leaves_the_record_alone(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same inputs give the same bytes; the record keeps the day of the first."""
    record = site / "_data/builds/everything.json"
    before, day = _tree(site), record.read_bytes()
    outcome = _json(site, "--force", capsys=capsys)[0]
    assert ("built", ["forced"]) == (outcome["status"], outcome["reasons"])
    assert before == _tree(site)
    assert day == record.read_bytes()


def test_prose_may_change_freely(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An edit of prose, or of the title, runs nothing."""
    post = site / EVERYTHING
    text = post.read_text(encoding="utf-8").replace("Values:", "Numbers:").replace("A b", "B b")
    post.write_text(text.replace("title: Every", "title: All"), encoding="utf-8")
    assert _json(site, capsys=capsys)[0]["status"] == "fresh"
    assert "All" in post.read_text(encoding="utf-8")


STALE = {
    "code": (EVERYTHING, 'print("to stdout")', 'print("other")'),
    "option": (EVERYTHING, ".hide-output}", ".hide-output title='x'}"),
    "value": (EVERYTHING, 'data-value="6*7"', 'data-value="6*8"'),
    "shown value": (EVERYTHING, 'data-value="6*7">42', 'data-value="6*7">43'),
    "output": (EVERYTHING, ">to stdout", ">tampered"),
    "read file": ("data.txt", "of", "on"),
    "source": ("src/package/scale.py", "2 * x", "3 * x"),
    "figure": ("assets/images/everything/plots-1.svg", "svg", "SVG"),
    "package": ("_data/builds/everything.json", '"matplotlib": "', '"matplotlib": "0.'),
}
REASONS = {
    "code": "cell streams edited",
    "option": "cell in-list edited",
    "value": "cell streams edited",
    "shown value": "value 6*7 is not what the build wrote",
    "output": "output of cell streams is not what the build wrote",
    "read file": "data.txt changed",
    "source": "src/package/scale.py package.scale:scale changed",
    "figure": "assets/images/everything/plots-1.svg is not what the build wrote",
    "package": "matplotlib 0.",
}


def _spoil(site: Path, kind: str) -> None:
    name, before, after = STALE[kind]
    path = site / name
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


@pytest.mark.parametrize("kind", [pytest.param(k, marks=pytest.mark.slow) for k in STALE])
def test_each_change_is_healed_with_its_reason(
    site: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change of any input or output makes the post run, for a reason in words."""
    before = _tree(site)
    _spoil(site, kind)
    outcome = _json(site, capsys=capsys)[0]
    assert outcome["status"] == "built"
    assert any(REASONS[kind] in reason for reason in outcome["reasons"])
    assert _json(site, capsys=capsys)[0]["status"] == "fresh"
    if kind in {"shown value", "output", "figure", "package"}:
        assert before == _tree(site)


FAILURES = {
    "raises": ('print("printed")\n\ndef f():\n    1 / 0\n\nf()', "{: #bad}"),
    "slow": ("import time\ntime.sleep(600)", '{: data-timeout="1"}'),
    "exits": ("import os\nos._exit(3)", ""),
    "killed": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", ""),
    "calm": ("x = 1", "{: .raises-exception}"),
    "syntax": ("x = )", ""),
    "children": (
        "import subprocess\nsubprocess.Popen(['sleep', '600'])\nimport time; time.sleep(600)",
        '{: data-timeout="1"}',
    ),
    "transcluded": ("", '{: data-source="broken:f"}\n\n```python\nf(0)\n```'),
    "figure": ("import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()", ""),
    "value": ("x = 1", '\n<span data-value="y">1</span>'),
    "value-syntax": ("x = 1", '\n<span data-value="x +">1</span>'),
    "depends": ("x = 1", ""),
}
MESSAGES = {
    "raises": [
        "_posts/raises.md:11: cell bad raised ZeroDivisionError: division by zero\n    f()",
        "printed:\nprinted\n",
        "Traceback (most recent call last)",
    ],
    "slow": ["_posts/slow.md:5: cell cell-1 took longer than 1 s", "help: raise data-timeout"],
    "exits": ["_posts/exits.md:5: cell cell-1 lost its kernel, which died", "out of memory"],
    "killed": ["_posts/killed.md:5: cell cell-1 lost its kernel, which died"],
    "calm": ["_posts/calm.md:5: cell cell-1 was to raise an exception, and did not"],
    "syntax": ["_posts/syntax.md:6: cell cell-1 raised SyntaxError: unmatched ')'\n    x = )"],
    "children": ["_posts/children.md:5: cell cell-1 took"],
    "transcluded": [
        "_posts/transcluded.md:10: cell cell-2 raised ZeroDivisionError: division by zero\n",
        "src/broken.py:4: from here\n    return 1 / x",
    ],
    "figure": [
        "_posts/figure.md:5: the figure of cell cell-1 has no alt text",
        "help: add data-alt",
    ],
    "value": ["_posts/value.md:9: the value 'y' raised NameError: name 'y' is not defined"],
    "value-syntax": ["_posts/value-syntax.md:9: the value 'x +' raised SyntaxError"],
    "depends": ["_posts/depends.md", "depends: 'no/*.csv' matches no file"],
}


@pytest.mark.parametrize(
    "names",
    [
        ("raises", "transcluded", "slow", "exits"),
        pytest.param(tuple(FAILURES), marks=pytest.mark.slow),
    ],
    ids=["some", "all"],
)
def test_failures_say_where_and_leave_nothing_behind(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    """Each failing post keeps its bytes, has no record, stops no other, and leaves no process."""
    _write(tmp_path, "_config.yml", "title: x\n")
    _write(tmp_path, "src/broken.py", "X = 1\n\ndef f(x):\n    return 1 / x\n")
    for name in names:
        code, options = FAILURES[name]
        header = (
            HEADER.replace("}}\n", "}}\ndepends: [no/*.csv]\n") if name == "depends" else HEADER
        )
        body = f"{code}\n" if code else ""
        _write(tmp_path, f"_posts/{name}.md", f"{header}\n```python\n{body}```\n{options}\n")
    good = _write(tmp_path, "_posts/good.md", f"{HEADER}\n```python\nprint(1)\n```\n")
    plain = _write(tmp_path, "_posts/plain.md", "---\ntitle: Plain\n---\n\n```python\n1 / 0\n```\n")
    before = {name: tmp_path.joinpath(f"_posts/{name}.md").read_bytes() for name in names}
    unrun = plain.read_bytes()

    done = _run(tmp_path, "--jobs", "3")

    assert done.returncode == 1, done.stderr
    for name in names:
        for message in MESSAGES[name]:
            assert message in done.stderr, name
    assert f"{len(names) + 1} posts: 1 built, {len(names)} failed\n" == done.stdout
    assert ["good.json"] == [path.name for path in tmp_path.joinpath("_data/builds").iterdir()]
    assert before == {n: tmp_path.joinpath(f"_posts/{n}.md").read_bytes() for n in names}
    assert unrun == plain.read_bytes()
    assert '<pre class="output stdout">1</pre>' in good.read_text(encoding="utf-8")
    assert _gone(str(tmp_path))
    assert "Traceback (most recent call last):\n  File" not in done.stderr


def test_usage_errors_end_with_two(blog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no site, no post, no number, or no command is the caller's mistake."""
    assert main(["build", "--site", str(blog / "none")]) == 2
    assert main(["build", "--site", str(blog), "missing.md"]) == 2
    assert "missing.md is no post of this site" in capsys.readouterr().err
    for arguments in (["build", "--jobs", "0"], ["build", "--jobs", "x"], ["bake"], []):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    assert main(["build", "--site", str(blog)]) == 0
    assert capsys.readouterr().out == "no executable post\n"


def test_posts_of_one_name_clash_only_where_they_run(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two plain posts may differ in their date alone; two that run would share their figures."""
    for year in (2018, 2019):
        _write(blog, f"_posts/{year}-01-01-happy-new-year.md", "---\ntitle: x\n---\n")
    assert main(["build", "--site", str(blog)]) == 0
    for year in (2018, 2019):
        _write(blog, f"_posts/{year}-01-01-happy-new-year.md", HEADER)
    assert main(["build", "--site", str(blog)]) == 2
    assert "differ in nothing but their date" in capsys.readouterr().err


WAITING = (
    HEADER + "\nProse.\n\n```python\nimport pathlib, time\npathlib.Path('started').touch()\n"
    "while not pathlib.Path('go').exists():\n    time.sleep(0.05)\nprint('done')\n```\n"
)


def _started(root: Path, name: str) -> tuple[subprocess.Popen[str], Path]:
    """Start the build of a post that waits, and wait until it runs."""
    _write(root, "_config.yml", "title: x\n")
    post = _write(root, f"_posts/{name}.md", WAITING)
    process = subprocess.Popen(
        _command(root), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for _ in range(600):
        if root.joinpath("started").exists():
            return process, post
        time.sleep(0.05)
    process.kill()
    raise AssertionError(process.communicate())


def test_prose_saved_while_a_post_runs_is_kept(tmp_path: Path) -> None:
    """The author goes on writing; the build does not undo it."""
    process, post = _started(tmp_path, "prose")
    post.write_text(WAITING.replace("Prose.", "Better prose.\n\nMore."), encoding="utf-8")
    tmp_path.joinpath("go").touch()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    text = post.read_text(encoding="utf-8")
    assert "Better prose.\n\nMore." in text
    assert '<pre class="output stdout">done</pre>' in text


@pytest.mark.slow
def test_code_saved_while_a_post_runs_is_a_conflict(tmp_path: Path) -> None:
    """What ran is not what stands there: nothing is written, and the message says so."""
    process, post = _started(tmp_path, "code")
    edited = WAITING.replace("'done'", "'edited'")
    post.write_text(edited, encoding="utf-8")
    tmp_path.joinpath("go").touch()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the post's code changed while it ran" in errors
    assert edited == post.read_text(encoding="utf-8")
    assert not tmp_path.joinpath("_data").exists()


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_an_interrupt_leaves_posts_whole_and_no_kernel(tmp_path: Path, number: int) -> None:
    """However a build is stopped, the post is as it was and no process of it goes on."""
    process, post = _started(tmp_path, "stopped")
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert WAITING == post.read_text(encoding="utf-8")
    assert ["stopped.md"] == [path.name for path in post.parent.iterdir()]
    assert _gone(str(tmp_path))
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert "interrupted" in errors
        assert "Traceback" not in errors


@pytest.mark.slow
def test_a_build_killed_between_writes_is_healed_by_the_next(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed after any file: each is whole, and the next build ends where this one would have."""
    _spoil(site, "source")
    rounds = 0
    code = (
        "import os, signal, sys\n"
        "import post_builder.pipeline.publish as publishing\n"
        "from post_builder.cli import main\n"
        "real, left = publishing.write_atomically, [int(sys.argv[1])]\n"
        "def write(path, data):\n"
        "    if left[0] == 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    left[0] -= 1\n"
        "    return real(path, data)\n"
        "publishing.write_atomically = write\n"
        f"main(['build', '--site', {str(site)!r}])\n"
    )
    whole = _tree(site)
    for survived in (0, 2, 4):
        done = subprocess.run(
            [sys.executable, "-c", code, str(survived)], capture_output=True, check=False
        )
        rounds += done.returncode == -signal.SIGKILL
        assert not list(site.rglob("*.tmp"))
        assert whole.keys() == _tree(site).keys()
    assert rounds == 3
    assert _json(site, capsys=capsys)[0]["status"] == "built"
    assert "63 of data" in site.joinpath(EVERYTHING).read_text(encoding="utf-8")
    assert _json(site, capsys=capsys)[0]["status"] == "fresh"


def test_windows_line_ends_and_a_missing_last_one_survive(blog: Path) -> None:
    """The post keeps its line ends, its byte order mark and its missing final newline."""
    body = "\nText  \n\n> ```python\n> print('a\\n\\nb')\n> ```\n\n```python\n1 + 1\n```"
    post = blog / "_posts/crlf.md"
    post.write_bytes(("\ufeff" + HEADER + body).replace("\n", "\r\n").encode())
    assert main(["build", "--site", str(blog), "--json"]) == 0
    expected = (
        "\ufeff" + HEADER + "\nText  \n\n> ```python\n> print('a\\n\\nb')\n> ```\n"
        '> <!-- output -->\n> <pre class="output stdout">a\n>\n> b</pre>\n> <!-- /output -->\n'
        "\n```python\n1 + 1\n```\n"
        '<!-- output -->\n<pre class="output result">2</pre>\n<!-- /output -->'
    )
    assert expected.replace("\n", "\r\n").encode() == post.read_bytes()
    assert main(["build", "--site", str(blog), "--force", "--json"]) == 0
    assert expected.replace("\n", "\r\n").encode() == post.read_bytes()


def test_a_dependency_saved_while_a_post_runs_is_a_conflict(tmp_path: Path) -> None:
    """Which of its states was read is anybody's guess, so nothing is written; the next build is."""
    code = "import time\ntext = open('data.txt').read()\ntime.sleep(2)\nprint(text)"
    root = _write(tmp_path, "_config.yml", "title: A blog\n").parent
    _write(root, "data.txt", "old")
    post = _write(root, "_posts/2020-01-01-a.md", f"{HEADER}```python\n{code}\n```\n")
    before = post.read_bytes()
    with subprocess.Popen(_command(root), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "[1/1]" not in process.stderr.readline():
            pass
        time.sleep(1)
        _write(root, "data.txt", "new")
        _, errors = process.communicate(timeout=120)
    assert (1, before) == (process.returncode, post.read_bytes())
    assert "data.txt changed while the post ran" in errors
    assert _run(root).returncode == 0
    assert '<pre class="output stdout">new</pre>' in post.read_text(encoding="utf-8")


def test_what_is_declared_in_vain_is_said_before_anything_runs(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pattern that matches nothing costs no run."""
    header = HEADER.replace("---\njupyter", "---\ndepends: [no/*.csv]\njupyter")
    _write(blog, "_posts/2020-01-01-a.md", f"{header}```python\nopen('ran', 'w')\n```\n")
    assert main(["build", "--site", str(blog)]) == 1
    assert "depends: 'no/*.csv' matches no file" in capsys.readouterr().err
    assert not blog.joinpath("ran").exists()


def test_a_fault_of_the_engine_spares_the_other_posts(
    blog: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An exception that nobody foresaw fails its post, with its traceback, and no other."""

    def fault(path: Path, shown: str) -> str:
        if "broken" in shown:
            raise ZeroDivisionError(shown)
        return path.read_text(encoding="utf-8")

    monkeypatch.setattr("post_builder.pipeline.prepare.read_text", fault)
    for name in ("broken", "sound"):
        _write(blog, f"_posts/2020-01-01-{name}.md", f"{HEADER}```python\nprint(6 * 7)\n```\n")
    assert main(["build", "--site", str(blog)]) == 1
    printed = capsys.readouterr()
    assert "unexpected ZeroDivisionError" in printed.err
    assert "Traceback" in printed.err
    assert "2 posts: 1 built, 1 failed" in printed.out
