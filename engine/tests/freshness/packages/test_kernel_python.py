"""The environment of a kernel, which may be another one than the engine's."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from post_builder.execution.kernelspecs import Launch, find_launch
from post_builder.freshness.packages.kernel_python import forget, kernel_versions
from post_builder.site import Site, open_site

PYTHON = sys.version.split()[0]


@pytest.fixture
def site(blog: Path) -> Site:
    """Open a site, and forget what other tests asked."""
    forget()
    return open_site(blog)


@pytest.fixture
def add_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that installs a kernelspec for this test."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))

    def add(name: str, argv: list[str], **others: object) -> None:
        folder = tmp_path / "jupyter" / "kernels" / name
        folder.mkdir(parents=True, exist_ok=True)
        spec = {"argv": argv, "display_name": name, "language": "python", **others}
        folder.joinpath("kernel.json").write_text(json.dumps(spec), encoding="utf-8")

    return add


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Make another virtual environment, and return its Python."""
    command = [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "other")]
    subprocess.run(command, check=True)
    folder = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
    return tmp_path / "other" / folder


def _install(python: Path, name: str, number: str) -> None:
    """Put the metadata of a package into the environment of a Python."""
    command = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    folder = Path(done.stdout.strip(), f"{name}-{number}.dist-info")
    folder.mkdir()
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n"
    folder.joinpath("METADATA").write_text(text, encoding="utf-8")


def _start(python: Path | str) -> list[str]:
    return [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]


def test_the_engines_own_environment_is_not_asked_in_another_process(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build with nothing to do starts no process."""
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a process was started"))
    found = kernel_versions("python3", ["pytest", "no-such-package"], site)
    assert (PYTHON, "") == (found.python, found.problem)
    assert {"pytest": version("pytest"), "no-such-package": None} == found.packages


def test_packages_are_those_of_the_kernels_environment(
    site: Site, add_kernel: Callable[..., None], other: Path
) -> None:
    """Neither the engine's packages nor its versions count there."""
    add_kernel("mine", _start(other))
    _install(other, "pytest", "1.0+local")
    found = kernel_versions("mine", ["pytest", "ruff"], site)
    assert (PYTHON, "") == (found.python, found.problem)
    assert {"pytest": "1.0", "ruff": None} == found.packages


def test_an_upgrade_is_noticed_by_the_next_build(
    site: Site, add_kernel: Callable[..., None], other: Path
) -> None:
    """Within one build an environment is asked once."""
    add_kernel("mine", _start(other))
    assert {"new": None} == kernel_versions("mine", ["new"], site).packages
    _install(other, "new", "2.0")
    assert {"new": None} == kernel_versions("mine", ["new"], site).packages
    forget()
    assert {"new": "2.0"} == kernel_versions("mine", ["new"], site).packages


def test_folders_that_the_settings_add_count(blog: Path) -> None:
    """For the engine's own environment as well."""
    blog.joinpath("extra").mkdir()
    forget()
    text = "post_builder: {environment: {PYTHONPATH: extra}}\n"
    blog.joinpath("_config.yml").write_text(text, encoding="utf-8")
    metadata = blog / "extra" / "mine-3.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Name: mine\nVersion: 3.0\n", encoding="utf-8")
    assert {"mine": "3.0"} == kernel_versions("python3", ["mine"], open_site(blog)).packages


def test_a_package_of_the_engine_s_own_environment_counts_when_it_comes(blog: Path) -> None:
    """Folders that have not changed are not listed again, for each post of a site asks for them."""
    blog.joinpath("mine-1.0.dist-info").mkdir()
    write_version(blog / "mine-1.0.dist-info", "1.0")
    site = open_site(blog)
    assert {"mine": "1.0"} == kernel_versions("python3", ["mine"], site).packages
    blog.joinpath("mine-1.0.dist-info").rename(blog / "mine-2.0.dist-info")
    write_version(blog / "mine-2.0.dist-info", "2.0")
    os.utime(blog, ns=(0, 1))  # coarse clocks may not tell two changes in a row apart
    assert {"mine": "2.0"} == kernel_versions("python3", ["mine"], site).packages


def write_version(folder: Path, version: str) -> None:
    """Write the metadata of a distribution."""
    folder.joinpath("METADATA").write_text(f"Name: mine\nVersion: {version}\n", encoding="utf-8")


def test_variables_of_a_kernel_count(
    site: Site, add_kernel: Callable[..., None], blog: Path
) -> None:
    """They may lead the same Python to other packages, and refer to other variables."""
    metadata = blog / "more" / "mine-4.0.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Name: mine\nVersion: 4.0\n", encoding="utf-8")
    paths = f"{blog}/more:${{HOME}}"
    add_kernel("mine", _start("python"), env={"PYTHONPATH": paths})
    assert {"mine": "4.0"} == kernel_versions("mine", ["mine"], site).packages


@pytest.mark.skipif(sys.platform == "win32", reason="the link of a program")
def test_asking_another_python_runs_nothing_of_the_site(
    blog: Path, add_kernel: Callable[..., None], other: Path, tmp_path: Path
) -> None:
    """`check` asks it: neither modules beside the posts nor variables of the settings count."""
    ran, extra = tmp_path / "ran", blog / "extra"
    user = blog / ".local" / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"
    for folder in (blog, extra, user):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("json", "re", "sitecustomize", "usercustomize"):
            text = f"open({str(ran)!r}, 'w').close()\n"
            folder.joinpath(f"{name}.py").write_text(text, encoding="utf-8")
    program = blog / "bin" / "python3"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch '{ran}'\n", encoding="utf-8")
    program.chmod(0o755)
    extra.joinpath("mine-3.0.dist-info").mkdir()
    write_version(extra / "mine-3.0.dist-info", "3.0")
    environment = {"PYTHONPATH": "extra", "HOME": str(blog), "PATH": str(program.parent)}
    text = f"post_builder: {{environment: {json.dumps(environment)}}}\n"
    blog.joinpath("_config.yml").write_text(text, encoding="utf-8")
    add_kernel("mine", _start(other))
    forget()
    found = kernel_versions("mine", ["mine"], open_site(blog))
    assert (PYTHON, {"mine": "3.0"}) == (found.python, found.packages)
    add_kernel("named", ["python3", "-m", "x"], env={"PYTHONNOUSERSITE": "1"})
    kernel_versions("named", ["mine"], open_site(blog))
    assert not ran.exists()


def test_a_python_that_may_not_be_executed_is_named(
    site: Site, add_kernel: Callable[..., None], tmp_path: Path
) -> None:
    """As after a copy that lost its permissions."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\n", encoding="utf-8")
    python.chmod(0o644)
    add_kernel("mine", [str(python), "-m", "x"])
    problem = "the Python of the kernel 'mine' may not be executed"
    assert problem == kernel_versions("mine", ["pytest"], site).problem


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["/no/such/python", "-m", "x"], "the Python of the kernel 'mine' no longer exists"),
        (["sh", "-m", "x"], "the Python of the kernel 'mine' cannot be asked for its packages: "),
        (["xpython", "-f", "{connection_file}"], ""),
    ],
    ids=["gone", "not Python", "not started by -m"],
)
def test_a_kernel_that_cannot_be_asked_is_unknown(
    site: Site, add_kernel: Callable[..., None], argv: list[str], problem: str
) -> None:
    """One that would not start is a problem; one of another kind is not compared."""
    add_kernel("mine", argv)
    found = kernel_versions("mine", ["pytest"], site)
    assert "" == found.python
    assert found.problem.startswith(problem)
    assert bool(problem) == bool(found.problem)


def test_a_kernel_that_is_not_installed_is_a_problem(site: Site) -> None:
    """The build would fail; that is why its post is stale."""
    found = kernel_versions("no-such-kernel", [], site)
    assert "the Jupyter kernel 'no-such-kernel' is not installed" == found.problem


@pytest.mark.parametrize(
    ("argv", "own"),
    [
        (["python"], True),
        ([f"python{sys.version_info[0]}"], True),
        ([sys.executable], True),
        ([], False),
        (["/no/such/python"], False),
        (["conda", "run", "-n", "x", "python"], False),
    ],
)
def test_the_engines_own_python_has_several_names(argv: list[str], *, own: bool) -> None:
    """Jupyter replaces a bare `python` by the one that it runs in."""
    assert own == Launch(tuple(argv)).is_own


def test_another_environment_with_the_same_python_is_not_the_engines(other: Path) -> None:
    """Virtual environments link to one program."""
    assert not Launch((str(other),)).is_own


def test_a_command_before_python_is_kept(add_kernel: Callable[..., None]) -> None:
    """As `conda run` is; the name of a kernel has no case."""
    add_kernel("Mine", ["conda", "run", "-n", "x", "python", "-m", "ipykernel_launcher"])
    launch = find_launch("mine")
    assert launch is not None
    assert ("conda", "run", "-n", "x", "python") == launch.interpreter
