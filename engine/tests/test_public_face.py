"""What other programs may import: `build`, `check` and `__version__`."""

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from toysite import POST, replace

import post_builder
from post_builder.errors import ExecutionError, RecordError, SiteError
from post_builder.site import open_site

pytestmark = pytest.mark.usefixtures("forked_kernels")

ENGINE = Path(__file__).resolve().parents[1]


def test_the_version_is_that_of_the_distribution() -> None:
    """The command says the same."""
    project = tomllib.loads(ENGINE.joinpath("pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == post_builder.__version__
    done = subprocess.run(
        [sys.executable, "-m", "post_builder", "--version"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert f"post-builder {post_builder.__version__}\n" == done.stdout


def test_all_that_is_public_is_named_and_documented() -> None:
    """Everything else is private, or documented where it is."""
    assert ["__version__", "build", "check"] == post_builder.__all__
    for name in ("build", "check"):
        assert "Returns:" in getattr(post_builder, name).__doc__


def test_importing_the_package_loads_nothing_of_it() -> None:
    """A program that only may need it does not wait for it."""
    code = (
        "import sys, post_builder\n"
        "print(sorted(name for name in sys.modules if name.startswith('post_builder')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "['post_builder']\n" == done.stdout


def test_a_fresh_site_has_nothing_to_build_and_nothing_to_find(built: Path) -> None:
    """A site may be named by a path or a text."""
    (outcome,) = post_builder.build(str(built))
    assert (POST, "fresh", 0) == (outcome.post, outcome.status, outcome.cells)
    assert [] == post_builder.check(built)


@pytest.mark.slow
def test_a_stale_post_is_built(toy: Path) -> None:
    """The outcome says why it ran, and how many of its cells."""
    replace(toy / "rate.txt", "0.05", "0.06")
    (finding,) = post_builder.check(toy)
    assert ("stale", "rate.txt changed") == (finding.kind, finding.message)
    (outcome,) = post_builder.build(toy)
    assert ("built", ("rate.txt changed",), 5) == (outcome.status, outcome.reasons, outcome.cells)
    assert 0 < outcome.seconds
    assert [] == post_builder.check(toy)


@pytest.mark.slow
def test_a_fresh_post_is_built_by_force(series: Path) -> None:
    """All its cells run, and the page stays as it is."""
    before = {path: path.read_bytes() for path in series.rglob("*") if path.is_file()}
    outcomes = post_builder.build(series, force=True)
    assert [("built", ("forced",))] * 2 == [(o.status, o.reasons) for o in outcomes]
    assert before == {path: path.read_bytes() for path in series.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_the_error_of_a_post_is_in_its_outcome(toy: Path) -> None:
    """No exception ends the build of the others."""
    line = replace(toy / POST, "plt.show()", "plt.shew()")
    (outcome,) = post_builder.build(toy)
    assert "failed" == outcome.status
    assert isinstance(outcome.error, ExecutionError)
    assert f"{POST}:{line}" == str(outcome.error.place)


def test_a_record_that_cannot_be_read_fails_its_post_only(series: Path) -> None:
    """It is neither run again as if it had none, nor is its record overwritten."""
    record = open_site(series).record("part-2")
    record.write_text("{", encoding="utf-8")
    first, second = post_builder.build(series, force=False)
    assert ("fresh", "failed") == (first.status, second.status)
    assert isinstance(second.error, RecordError)
    assert "{" == record.read_text(encoding="utf-8")
    (finding,) = post_builder.check(series)
    assert ("error", "_data/builds/part-2.json") == (finding.kind, str(finding.place))


def test_a_record_of_another_format_is_not_an_orphan_of_its_post(toy: Path) -> None:
    """The post is stale, and its next build replaces the record."""
    replace(toy / "_data/builds/toy.json", '"format": 2', '"format": 1')
    toy.joinpath("_data/builds/gone.json").write_text('{"format": 0}', encoding="utf-8")
    found = [(f.kind, str(f.place), f.message, f.hint) for f in post_builder.check(toy)]
    assert [
        (
            "stale",
            f"{POST}:1",
            "built by an older version of post-builder",
            "run `post-builder build`",
        ),
        ("orphan", "_data/builds/gone.json", "a build record without its post", "delete it"),
    ] == found


@pytest.mark.parametrize("call", [post_builder.build, post_builder.check])
def test_a_folder_that_is_not_a_site_is_an_error(
    tmp_path: Path, call: Callable[[Path], object]
) -> None:
    """Nothing of it can be built or checked."""
    with pytest.raises(SiteError, match=r"^there is no _config\.yml in "):
        call(tmp_path)
