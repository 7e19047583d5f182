"""What may read files without being observed, and the note about it."""

import json
from pathlib import Path

import pytest

from post_builder.cli import main
from post_builder.freshness.packages.unseen_readers import unseen_readers

pytestmark = pytest.mark.usefixtures("forked_kernels")


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        (["pandas", "numpy"], []),
        (["polars", "numpy", "duckdb"], ["polars", "duckdb"]),
        (["pyarrow"], ["pyarrow"]),
        (["pandas", "pyarrow"], []),
    ],
)
def test_packages_that_read_in_compiled_code_are_named(
    packages: list[str], expected: list[str]
) -> None:
    """The import of pandas brings pyarrow, whether or not it reads a file with it."""
    assert expected == list(unseen_readers(packages, []))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("!cat data.csv | wc -l", ["cat", "wc"]),
        ("lines = !head -3 data.csv", ["head"]),
        ("if True:\n    !sort data.csv", ["sort"]),
        ("%%bash\ncd data\ngrep x a.csv", ["grep"]),
        ('subprocess.run(["jq", ".", "a.json"], check=True)', ["jq"]),
        ('os.system(f"sed -n 1p {name}")', ["sed"]),
        ("!pip list", []),
        ("!python script.py --head", []),
        ("cat = 1\nprint(cat, sort)", []),
        ('subprocess.run(["./cat", "x.cat"])', []),
    ],
)
def test_programs_that_read_files_are_named(code: str, expected: list[str]) -> None:
    """Where a cell starts them, not where a name looks like theirs."""
    assert expected == list(unseen_readers([], [code]))


@pytest.mark.slow
def test_a_build_says_what_it_may_not_have_seen(
    blog: Path, header: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until the author declares what the post depends on."""
    blog.joinpath("data.csv").write_text("1\n", encoding="utf-8")
    post = blog / "_posts/2020-01-01-a.md"
    post.write_text(f"{header}```python\n!cat data.csv\n```\n", encoding="utf-8")
    assert 0 == main(["build", "--site", str(blog), "--json"])
    (outcome,) = json.loads(capsys.readouterr().out)
    note = "files that cat may read are not observed: list them under depends: in the post"
    assert note == outcome["note"]
    post.write_text(
        post.read_text(encoding="utf-8").replace("---\njup", "---\ndepends: [data.csv]\njup"),
        encoding="utf-8",
    )
    assert 0 == main(["build", "--site", str(blog), "--json", "--force"])
    (outcome,) = json.loads(capsys.readouterr().out)
    assert "" == outcome["note"]
