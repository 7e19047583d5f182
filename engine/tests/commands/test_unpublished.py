"""Nothing of a post that Jekyll does not publish is in the site; and `source:`."""

import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from commandline import command

from post_builder.cli import main
from post_builder.files import digest

pytestmark = pytest.mark.usefixtures("forked_kernels")

CELL = '```python\nprint("a")\n```\n'


def _write(root: Path, name: str, front_matter: str = "", config: str = "title: A\n") -> Path:
    root.joinpath("_config.yml").write_text(config, encoding="utf-8")
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\njupyter: python3\n{front_matter}---\n{CELL}", encoding="utf-8")
    return path


def _files(root: Path) -> list[str]:
    found = [*root.glob("assets/**/*.py"), *root.glob("_unpublished/**/*.py")]
    return sorted(path.relative_to(root).as_posix() for path in found)


@pytest.mark.parametrize(
    ("name", "front_matter", "reason"),
    [
        ("_posts/2020-01-01-a.md", "published: false\n", "it has `published: false`"),
        ("_posts/2999-01-01-a.md", "", "its date is in the future"),
        ("_posts/2020-01-01-a.md", "date: 2999-01-01 12:00:00 +0100\n", "its date is in"),
        ("_posts/a.md", "", "its file name does not start with a date"),
        ("_drafts/a.md", "", "it is a draft"),
    ],
)
def test_what_was_made_is_kept_out_of_the_site(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, front_matter: str, reason: str
) -> None:
    """And the post is fresh all the same; the build says where the files are."""
    _write(tmp_path, name, front_matter)
    assert main(["build", "--site", str(tmp_path)]) == 0
    assert f"{name}: {reason}" in capsys.readouterr().err
    assert ["_unpublished/assets/notebooks/a.py"] == _files(tmp_path)
    assert main(["check", "--site", str(tmp_path)]) == 0
    assert main(["check", "--site", str(tmp_path), "--execute"]) == 0
    assert main(["build", "--site", str(tmp_path)]) == 0
    assert "all up to date" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("jekyll"), reason="Jekyll is not installed")
def test_jekyll_publishes_nothing_of_it(tmp_path: Path) -> None:
    """Neither the post nor what was made for it."""
    _write(tmp_path, "_posts/2020-01-01-hidden.md", "published: false\n")
    _write(tmp_path, "_posts/2020-01-01-shown.md")
    assert main(["build", "--site", str(tmp_path)]) == 0
    call = ["jekyll", "build", "--disable-disk-cache"]
    subprocess.run(call, cwd=tmp_path, check=True, capture_output=True)
    published = {path.name for path in tmp_path.joinpath("_site").rglob("*") if path.is_file()}
    assert {"shown.html", "shown.py", "shown.ipynb"} <= published
    assert not {name for name in published if name.startswith("hidden")}


@pytest.mark.slow
def test_a_preview_has_it(tmp_path: Path) -> None:
    """As long as `watch` runs, the files are where the post names them."""
    _write(tmp_path, "_drafts/a.md")
    assert main(["build", "--site", str(tmp_path)]) == 0
    assert ["_unpublished/assets/notebooks/a.py"] == _files(tmp_path)
    with subprocess.Popen(command("watch", tmp_path), stderr=subprocess.PIPE, text=True) as process:
        try:
            path = tmp_path / "_drafts/a.md"
            path.write_text(path.read_text("utf-8").replace('"a"', '"b"'), encoding="utf-8")
            assert process.stderr is not None
            assert any("built in" in line for line in process.stderr)
            assert ["assets/notebooks/a.py"] == _files(tmp_path)
            process.send_signal(signal.SIGINT)
            process.wait(60)
        finally:
            process.kill()
    assert ["_unpublished/assets/notebooks/a.py"] == _files(tmp_path)


def test_a_file_in_the_way_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be the author's."""
    path = _write(tmp_path, "_posts/2020-01-01-a.md", "published: false\n")
    assert main(["build", "--site", str(tmp_path)]) == 0
    path.write_text(path.read_text(encoding="utf-8").replace("false", "true"), encoding="utf-8")
    mine = tmp_path / "assets/notebooks/a.py"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine", encoding="utf-8")
    assert main(["build", "--site", str(tmp_path)]) == 1
    assert "assets/notebooks/a.py: " in capsys.readouterr().err
    assert "mine" == mine.read_text(encoding="utf-8")


def test_it_comes_back_when_the_post_is_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without running it again; `check` says that the files are still to be moved."""
    name = "_posts/2020-01-01-a.md"
    _write(tmp_path, name, "published: false\n")
    assert main(["build", "--site", str(tmp_path)]) == 0
    path = tmp_path / name
    path.write_text(path.read_text(encoding="utf-8").replace("false", "true"), encoding="utf-8")
    assert main(["check", "--site", str(tmp_path)]) == 1
    assert "are in _unpublished/, although it is published" in capsys.readouterr().out
    assert main(["build", "--site", str(tmp_path)]) == 0
    assert "all up to date" in capsys.readouterr().out
    assert ["assets/notebooks/a.py"] == _files(tmp_path)
    assert not tmp_path.joinpath("_unpublished").exists()
    assert main(["check", "--site", str(tmp_path)]) == 0


@pytest.mark.parametrize("setting", ["show_drafts", "future", "unpublished"])
def test_what_the_site_says_it_publishes_is_published(tmp_path: Path, setting: str) -> None:
    """Jekyll's own settings count."""
    names = {
        "show_drafts": ("_drafts/a.md", ""),
        "future": ("_posts/2999-01-01-a.md", ""),
        "unpublished": ("_posts/2020-01-01-a.md", "published: false\n"),
    }
    _write(tmp_path, *names[setting], f"{setting}: true\n")
    assert main(["build", "--site", str(tmp_path)]) == 0
    assert ["assets/notebooks/a.py"] == _files(tmp_path)


def test_clean_removes_what_is_kept_out(tmp_path: Path) -> None:
    """As all that builds made."""
    _write(tmp_path, "_drafts/a.md")
    assert main(["build", "--site", str(tmp_path)]) == 0
    assert main(["clean", "--site", str(tmp_path)]) == 0
    assert [] == _files(tmp_path)


def test_the_sources_may_be_in_a_folder_of_their_own(tmp_path: Path) -> None:
    """With `source:` posts are there, and what builds make is beside them."""
    post = _write(tmp_path, "docs/_posts/2020-01-01-a.md", config="source: docs\n")
    assert main(["build", "--site", str(tmp_path)]) == 0
    assert "<!-- output -->" in post.read_text(encoding="utf-8")
    assert ["assets/notebooks/a.py"] == _files(tmp_path / "docs")
    assert main(["check", "--site", str(tmp_path)]) == 0


def test_all_problems_of_all_posts_are_reported_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with its line; what is right is built."""
    good = _write(tmp_path, "_posts/2020-01-01-good.md")
    for name in ("a", "b"):
        path = _write(tmp_path, f"_posts/2020-01-01-{name}.md")
        bad = f"{CELL}{{: .hide-ouput}}\n\n{CELL}{{: #a/b}}\n"
        path.write_text(f"---\njupyter: python3\n---\n{bad}", encoding="utf-8")
    assert main(["build", "--site", str(tmp_path)]) == 1
    said, _, _ = capsys.readouterr().err.partition("good.md: never built")
    for name in ("a", "b"):
        assert f"_posts/2020-01-01-{name}.md:7: unknown option .hide-ouput" in said
        assert f"_posts/2020-01-01-{name}.md:12: kramdown cannot read '#a/b'" in said
    assert "<!-- output -->" in good.read_text(encoding="utf-8")


def test_code_that_does_not_run_is_said_by_build_and_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its line and what to write."""
    path = _write(tmp_path, "_posts/2020-01-01-a.md")
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n```{{python}}\nx\n```\n", encoding="utf-8")
    message = "2020-01-01-a.md:12: this block does not run: its fence says {python}"
    for _ in range(2):  # below the output that the first one wrote
        assert main(["build", "--site", str(tmp_path)]) == 0
        assert message in capsys.readouterr().out
    assert main(["check", "--site", str(tmp_path)]) == 1
    assert "this block does not run" in capsys.readouterr().out


def _claim(root: Path, name: str, post: str, claimed: str) -> None:
    """Write the record that a stranger may: a file of the author's is a figure of a post."""
    root.joinpath(claimed).parent.mkdir(parents=True, exist_ok=True)
    root.joinpath(claimed).write_bytes(b"mine")
    record = root / f"_data/builds/{name}.json"
    made: dict[str, Any] = {"post": post, "figures": {}, "downloads": {}, "format": 1}
    known = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else made
    known["figures"][claimed] = digest(b"mine")
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(known), encoding="utf-8")


def test_a_build_names_each_file_that_it_moves_and_says_where_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing but its record tells a file of the author's from a figure; a month is kept."""
    draft, mine = "_drafts/a.md", "assets/images/a/mine.png"
    path = _write(tmp_path, draft)
    assert main(["build", "--site", str(tmp_path)]) == 0
    capsys.readouterr()
    _claim(tmp_path, "a", draft, mine)
    assert main(["build", "--site", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert f"{draft}: it is a draft, so {mine} went to _unpublished/, out of the site" in said
    assert b"mine" == tmp_path.joinpath("_unpublished", mine).read_bytes()

    path.write_text(path.read_text(encoding="utf-8").replace('"a"', '"b"'), encoding="utf-8")
    assert main(["build", "--site", str(tmp_path)]) == 0
    kept = "kept for a month in .post-builder/removed/"
    gone = f"removed {mine}, which no cell makes any more ({kept})"
    assert f"{draft}: {gone}" in capsys.readouterr().out

    other = "assets/images/gone/mine.png"
    _claim(tmp_path, "gone", "_posts/2020-01-01-gone.md", other)
    assert main(["build", "--site", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert f"{other}: removed, its post no longer exists ({kept})" in out
    put_away = tmp_path.joinpath(".post-builder/removed").glob("*-mine.png")
    assert [b"mine", b"mine"] == [file.read_bytes() for file in put_away]
