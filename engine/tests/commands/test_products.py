"""Files that cells declare and write: owned, recorded, compared and removed as figures are."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from commandline import command, lasting, run, tree, write
from toysite import HEADER, replace

from post_builder.cli import main
from post_builder.files import digest

pytestmark = [pytest.mark.usefixtures("forked_kernels"), pytest.mark.slow]

POST, OTHER = "_posts/2020-01-01-maker.md", "_posts/2020-01-02-user.md"
RECORD = "_data/builds/maker.json"
BIN, NOTES = "assets/models/m.bin", "assets/models/m.json"
CODE = """from pathlib import Path

folder = Path("assets/models")
folder.mkdir(parents=True, exist_ok=True)
(folder / "m.bin").write_bytes(bytes(range(9)))
(folder / "m.json").write_text('{"a": 1}')
"""
BODY = f"""A post.

```python
{CODE}```
{{: #make data-products="{BIN} {NOTES}"}}

```python
print((folder / "m.bin").stat().st_size)
```
{{: #size}}
"""
USES = 'print(open("assets/models/m.json").read())'


@pytest.fixture
def site(blog: Path) -> Path:
    """Write a post that makes two products, unbuilt."""
    write(blog, POST, HEADER + BODY)
    return blog


def _main(command: str, site: Path, *arguments: str) -> int:
    return main([command, "--site", str(site), *arguments])


def _user(site: Path, depends: str = "assets/models/*.json") -> None:
    header = HEADER.replace("---\n", f"---\ndepends: ['{depends}']\n", 1)
    write(site, OTHER, f"{header}```python\n{USES}\n```\n{{: #use}}\n")


def _outcomes(
    site: Path, capsys: pytest.CaptureFixture[str], *arguments: str
) -> list[tuple[Any, ...]]:
    capsys.readouterr()
    _main("build", site, "--json", "--jobs", "2", *arguments)
    outcomes = json.loads(capsys.readouterr().out)
    return [(outcome["status"], *outcome["reasons"]) for outcome in outcomes]


def test_products_are_written_recorded_and_reproduced(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second build has nothing to do, a forced one changes nothing, and a check is silent."""
    assert 0 == _main("build", site)
    assert bytes(range(9)) == site.joinpath(BIN).read_bytes()
    record = json.loads(site.joinpath(RECORD).read_text(encoding="utf-8"))
    expected = {BIN: digest(bytes(range(9))), NOTES: digest('{"a": 1}')}
    assert expected == record["products"]
    assert {} == record["files"]
    before = lasting(site)
    assert [("fresh",)] == _outcomes(site, capsys)
    assert [("built", "forced")] == _outcomes(site, capsys, "--force")
    assert 0 == _main("check", site)
    assert 0 == _main("check", site, "--execute")
    assert before == lasting(site)


def test_a_script_writes_them_in_an_empty_folder(site: Path, tmp_path_factory: Any) -> None:
    """The cell creates the folder: a run finds none, as a reader's does not."""
    assert 0 == _main("build", site)
    script = site.joinpath("assets/notebooks/maker.py").read_text(encoding="utf-8")
    folder = tmp_path_factory.mktemp("reader")
    here = Path.cwd()
    os.chdir(folder)
    try:
        exec(compile(script, "maker.py", "exec"), {})  # noqa: S102  # as a reader would
    finally:
        os.chdir(here)
    assert site.joinpath(BIN).read_bytes() == folder.joinpath(BIN).read_bytes()
    replace(site / POST, "folder.mkdir(parents=True, exist_ok=True)", "pass")
    assert 1 == _main("build", site)


@pytest.mark.parametrize(("edit", "problem"), [(None, "is missing"), (b"x", "is not what the")])
def test_a_product_that_is_gone_or_was_edited_is_found_and_restored(
    site: Path, capsys: pytest.CaptureFixture[str], edit: bytes | None, problem: str
) -> None:
    """What somebody put there is kept as a copy."""
    assert 0 == _main("build", site)
    before = lasting(site)
    site.joinpath(BIN).unlink()
    if edit:
        site.joinpath(BIN).write_bytes(edit)
    assert 1 == _main("check", site)
    assert f"tampered: {BIN} {problem}" in capsys.readouterr().out
    assert 0 == _main("build", site)
    assert before == lasting(site)
    copies = [path.read_bytes() for path in site.glob(".post-builder/undo/maker/*-m.bin")]
    assert ([edit] if edit else []) == copies


def test_a_check_that_runs_posts_says_what_differs_and_changes_nothing(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Text line by line, other bytes by where they begin to differ; also if a record covers it."""
    assert 0 == _main("build", site)
    site.joinpath(BIN).write_bytes(b"\x00\x01\xff")
    site.joinpath(NOTES).write_text('{"a": 2}', encoding="utf-8")
    record = json.loads(site.joinpath(RECORD).read_text(encoding="utf-8"))
    record["products"] = {path: digest(site.joinpath(path).read_bytes()) for path in (BIN, NOTES)}
    site.joinpath(RECORD).write_text(json.dumps(record), encoding="utf-8")
    before, state = tree(site), site.joinpath(BIN).stat()
    assert 0 == _main("check", site)
    assert 1 == _main("check", site, "--execute")
    printed = capsys.readouterr().out
    assert f"{BIN} differs (3 → 9 bytes, different from byte 2 on)" in printed
    assert f"{NOTES} differs" in printed
    assert '-{"a": 2}\n+{"a": 1}' in printed
    assert before == tree(site)
    now = site.joinpath(BIN).stat()
    assert (state.st_ino, state.st_mtime_ns) == (now.st_ino, now.st_mtime_ns)


def test_what_is_no_longer_declared_is_removed_and_said(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other product stays."""
    assert 0 == _main("build", site)
    replace(site / POST, f"{BIN} {NOTES}", BIN)
    replace(site / POST, """(folder / "m.json").write_text('{"a": 1}')\n""", "")
    capsys.readouterr()
    assert 0 == _main("build", site)
    kept = "kept for a month in .post-builder/removed/"
    assert f"removed {NOTES}, which no cell makes any more ({kept})" in capsys.readouterr().out
    assert (True, False) == (site.joinpath(BIN).exists(), site.joinpath(NOTES).exists())


def test_products_go_with_their_post(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Deleted or cleaned; a renamed post takes its own along."""
    assert 0 == _main("build", site)
    before = tree(site)[BIN]
    site.joinpath(POST).rename(site / "_posts/2020-01-01-other.md")
    assert 0 == _main("build", site)
    assert before == tree(site)[BIN]
    assert not site.joinpath(RECORD).exists()
    site.joinpath("_posts/2020-01-01-other.md").rename(site / "_posts/2021-01-01-other.md")
    assert [("fresh",)] == _outcomes(site, capsys)
    assert before == tree(site)[BIN]
    assert 0 == _main("clean", site)
    assert not site.joinpath("assets").exists()
    assert 0 == _main("build", site)
    site.joinpath("_posts/2021-01-01-other.md").unlink()
    assert 0 == _main("build", site)
    assert f"{BIN}: removed, its post no longer exists" in capsys.readouterr().out
    assert not site.joinpath("assets").exists()


def test_a_file_of_the_author_is_never_replaced(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stops the build before anything runs."""
    write(site, BIN, "mine")
    replace(site / POST, CODE, "open('ran', 'w').close()\n")
    assert 1 == _main("build", site)
    assert (
        f"{POST}:1: the build would replace {BIN}, which no build made" in capsys.readouterr().err
    )
    assert "mine" == site.joinpath(BIN).read_text(encoding="utf-8")
    assert not site.joinpath("ran").exists()


WRONG = [
    ("None", "cell make did not write its product assets/models/m.bin"),
    (
        f"{CODE}(folder / 'm.bin').unlink()\n(folder / 'm.bin').symlink_to('/etc/passwd')",
        "cell make left something else than a file at assets/models/m.bin",
    ),
    (
        f"{CODE}(folder / 'm.bin').open('wb').truncate(50_000_001)",
        "cell make wrote 50,000,001 bytes to assets/models/m.bin; a product may have at most",
    ),
    (
        f"{CODE}(folder / 'm.json').write_text('---\\ntitle: x\\n---\\n')",
        "assets/models/m.json begins with ---, which Jekyll takes for front matter",
    ),
    (
        f"{CODE}(folder / 'm.json').write_text('ghp_' + 'a1B2' * 9)",
        "line 1 of assets/models/m.json looks like a secret (github-token)",
    ),
]


@pytest.mark.parametrize(("code", "message"), WRONG, ids=[m[1][:40] for m in WRONG])
def test_what_a_cell_must_not_leave_fails_the_build_at_its_line(
    site: Path, capsys: pytest.CaptureFixture[str], code: str, message: str
) -> None:
    """What was published before stays as it was."""
    assert 0 == _main("build", site)
    before = lasting(site)
    prologue = "from pathlib import Path\nfolder = Path('assets/models')\n"
    prologue += "folder.mkdir(parents=True, exist_ok=True)\n"
    text = site.joinpath(POST).read_text(encoding="utf-8")
    write(site, POST, text.replace(CODE, f"{prologue}{code}\n"))
    before[POST] = site.joinpath(POST).read_bytes()
    assert 1 == _main("build", site)
    assert f"{POST}:6: {message}" in capsys.readouterr().err
    assert before == lasting(site)


def test_a_product_that_another_cell_wrote_is_refused(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cell declares what it writes itself."""
    replace(site / POST, f' data-products="{BIN} {NOTES}"', "")
    replace(site / POST, "{: #size}", f'{{: #size data-products="{BIN}"}}')
    assert 1 == _main("build", site)
    assert f"cell size declares {BIN}, which a cell above it wrote" in capsys.readouterr().err


@pytest.mark.parametrize("same", [True, False])
def test_two_cells_that_declare_one_product_are_refused(
    site: Path, capsys: pytest.CaptureFixture[str], *, same: bool
) -> None:
    """In one post or in two; each line is named, and nothing runs."""
    if same:
        replace(site / POST, "{: #size}", f'{{: #size data-products="{BIN}"}}')
    else:
        write(site, OTHER, f'{HEADER}```python\nx\n```\n{{: #y data-products="{BIN}"}}\n')
    assert 1 == _main("check", site)
    other = f"{POST}:16" if same else f"{OTHER}:4"
    printed = capsys.readouterr().out
    assert f"{POST}:6: error: two cells declare {BIN}" in printed
    assert f"{other}: error: two cells declare {BIN}" in printed
    assert 1 == _main("build", site)
    assert not site.joinpath("assets").exists()


@pytest.mark.parametrize("folder", ["assets/images/maker", "assets/models/sub", "other"])
def test_products_are_in_the_folder_of_products(
    site: Path, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    """The setting names it."""
    replace(site / POST, BIN, f"{folder}/m.bin")
    assert 1 == _main("check", site)
    expected = f"{POST}:6: error: the product {folder}/m.bin is not directly in assets/models"
    assert expected in capsys.readouterr().out


def test_another_folder_may_be_set(site: Path) -> None:
    """In `_config.yml`."""
    write(site, "_config.yml", "post_builder: {products_folder: files}\n")
    text = site.joinpath(POST).read_text(encoding="utf-8")
    write(site, POST, text.replace("assets/models", "files"))
    assert 0 == _main("build", site)
    assert site.joinpath("files/m.bin").is_file()
    assert 0 == _main("check", site, "--execute")


def test_a_post_that_depends_on_a_product_is_built_after_its_maker(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a first build, after a change, and where both are forced; a check runs them so too."""
    _user(site)
    assert [("built", "never built")] * 2 == _outcomes(site, capsys)
    replace(site / POST, '{"a": 1}', '{"a": 2}')
    expected = [("built", "cell make edited"), ("built", f"{NOTES} changed")]
    assert expected == _outcomes(site, capsys)
    assert '"a": 2' in site.joinpath(OTHER).read_text(encoding="utf-8")
    assert [("built", "forced")] * 2 == _outcomes(site, capsys, "--force")
    assert [("fresh",)] * 2 == _outcomes(site, capsys)
    assert 0 == _main("check", site, "--execute", "--jobs", "2")


def test_posts_that_depend_on_each_other_are_refused(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a post does not depend on what it makes."""
    replace(site / POST, "---\n", "---\ndepends: [assets/models/*]\n")
    assert 1 == _main("check", site)
    assert f"depends: names {BIN}, which this post makes" in capsys.readouterr().out
    replace(site / POST, "assets/models/*", "assets/models/n.bin")
    _user(site)
    text = site.joinpath(OTHER).read_text(encoding="utf-8")
    write(site, OTHER, text.replace("#use", '#use data-products="assets/models/n.bin"'))
    assert 2 == _main("build", site)
    assert "posts take something from one another in a circle" in capsys.readouterr().err


def test_a_product_may_move_to_another_post(site: Path) -> None:
    """The record of the first no longer takes it away from the second."""
    assert 0 == _main("build", site)
    text = site.joinpath(POST).read_text(encoding="utf-8")
    write(site, POST, text.replace(f' data-products="{BIN} {NOTES}"', ""))
    replace(site / POST, CODE, "from pathlib import Path\nfolder = Path('.')\n")
    replace(site / POST, '"m.bin"', '"_config.yml"')
    write(site, OTHER, HEADER + BODY)
    assert 0 == _main("build", site, OTHER)
    assert 0 == _main("build", site)
    assert site.joinpath(BIN).is_file()
    assert 0 == _main("check", site, "--execute")


def test_products_of_a_draft_are_kept_out_of_the_site(site: Path) -> None:
    """As its figures are, and they come back with it."""
    replace(site / POST, "---\n", "---\npublished: false\n")
    assert 0 == _main("build", site)
    assert (False, True) == tuple(
        site.joinpath(folder, BIN).exists() for folder in (".", "_unpublished")
    )
    assert 0 == _main("check", site, "--execute")
    replace(site / POST, "published: false\n", "")
    assert 0 == _main("build", site)
    assert site.joinpath(BIN).exists()


def test_a_build_that_is_killed_is_healed_by_the_next(site: Path) -> None:
    """Whether or not there was a product before."""
    replace(
        site / POST, CODE, f"{CODE}import os\nif Path('kill').exists():\n    os.kill(KILL, 9)\n"
    )
    replace(site / POST, "os.kill(KILL, 9)", "os.kill(int(Path('kill').read_text()), 9)")
    site.joinpath("kill").unlink(missing_ok=True)
    for _ in range(2):
        _killed(site)
        assert 0 == run("build", site).returncode
        assert bytes(range(9)) == site.joinpath(BIN).read_bytes()
        assert 0 == run("check", site).returncode
        replace(site / POST, "A post.", "A post.\n\n```python\n1\n```\n")


def _killed(site: Path) -> None:
    """Build, and let the post end the engine's process in the middle of its run."""
    text = site.joinpath(POST).read_text(encoding="utf-8")
    process = subprocess.Popen(command("build", site), stderr=subprocess.DEVNULL)
    site.joinpath("kill").write_text(str(process.pid), encoding="utf-8")
    assert -9 == process.wait(timeout=120)
    time.sleep(0.5)  # its kernel notices, and ends
    site.joinpath("kill").unlink()
    assert text == site.joinpath(POST).read_text(encoding="utf-8")
