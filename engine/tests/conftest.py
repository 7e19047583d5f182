"""What all tests share: Hypothesis profiles, a parser, and small sites, unbuilt or built."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forked import SharedTemplate, fork_all
from hypothesis import HealthCheck, settings
from toysite import HEADER, make_series, make_toy

from post_builder.cli import main
from post_builder.document.parsing.parser import parse
from post_builder.document.post import Post
from post_builder.files import operations

settings.register_profile(
    "quick", max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# CI draws the same examples each time: what a random one finds is not the fault of a pull request.
settings.register_profile(
    "ci",
    max_examples=2_000,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
_DEFAULT = "ci" if os.environ.get("CI", "").lower() in {"1", "true"} else "quick"
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or _DEFAULT)

# A script that is started with & ignores Ctrl-C, and so would everything that these tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """Start half as many workers again as there are processors: tests wait for what they start."""
    return (os.cpu_count() or 1) * 3 // 2


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count what proves safety at length as slow too: -m replaces the -m of pyproject.toml."""
    for item in items:
        if item.get_closest_marker("faults"):
            item.add_marker(pytest.mark.slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what the attacks of `rendering/test_xss.py` came to, by family and setting."""
    rows: dict[str, dict[str, str]] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            given = dict(report.user_properties).get("xss")
            if given and report.when == "call":
                family, setting, shown, refused = given
                word = "none" if outcome == "passed" else "SOME"
                row = rows.setdefault(family, {"vectors": f"{shown} + {refused} refused"})
                row[setting] = word
    if rows:
        terminalreporter.section("attacks on readers' browsers: how many of them did anything")
        columns = [
            "vectors",
            *{name: 0 for row in rows.values() for name in row if name != "vectors"},
        ]
        terminalreporter.line(f"{'family':22}" + "".join(f"{name:>17}" for name in columns))
        for family, row in rows.items():
            cells = "".join(f"{row.get(name, '-'):>17}" for name in columns)
            terminalreporter.line(f"{family:22}{cells}")


def _read(body: str) -> Post:
    post = parse(HEADER + body)
    assert post is not None
    return post


@pytest.fixture(scope="session")
def read() -> Callable[[str], Post]:
    """Parse a body as an executable post; its first line is line 4."""
    return _read


@pytest.fixture(scope="session")
def header() -> str:
    """Return front matter of three lines that makes a post executable."""
    return HEADER


@pytest.fixture
def blog(tmp_path: Path) -> Path:
    """Make the smallest Jekyll site."""
    tmp_path.joinpath("_config.yml").write_text("title: Somebody else's blog\n", encoding="utf-8")
    tmp_path.joinpath("_posts").mkdir()
    return tmp_path


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedTemplate]:
    template = SharedTemplate(tmp_path_factory.mktemp("template"))
    yield template
    template.close()


@pytest.fixture
def forked_kernels(_template: SharedTemplate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork the kernels of a test's builds: they start sooner."""
    fork_all(_template, monkeypatch)


@pytest.fixture
def renameat2(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test with `renameat2` or, by a parameter, as on a system that has none."""
    if not request.param:
        monkeypatch.setattr(operations, "_renameat2", lambda *_: False)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the toy site once."""
    root = make_toy(tmp_path_factory.mktemp("built"))
    assert main(["build", "--site", str(root), "--json"]) == 0
    return root


@pytest.fixture
def toy(built: Path, tmp_path: Path) -> Path:
    """Copy the built toy site, for a test to change."""
    return Path(shutil.copytree(built, tmp_path / "toy"))


@pytest.fixture(scope="session")
def built_series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build two posts, of which the second takes output from the first, once."""
    root = make_series(tmp_path_factory.mktemp("series"))
    assert main(["build", "--site", str(root), "--json", "--jobs", "2"]) == 0
    return root


@pytest.fixture
def series(built_series: Path, tmp_path: Path) -> Path:
    """Copy the two built posts, for a test to change."""
    return Path(shutil.copytree(built_series, tmp_path / "series"))
