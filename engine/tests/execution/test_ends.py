"""How cells, kernels and the engine itself end: with the reason, and with nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from commandline import processes, run, still_running

from post_builder.cli import main

pytestmark = pytest.mark.slow

POST = "_posts/2020-01-01-ends.md"


ODD = """\
class Odd(Exception):
    def _render_traceback_(self):
        return {}
raise Odd('a')"""
"""An exception whose traceback may be anything but lines."""


def write(blog: Path, header: str, code: str) -> None:
    """Write a post of one cell, whose code starts on line 6."""
    text = f"{header}\n```python\n{code}\n```\n{{: #ends}}\n"
    blog.joinpath(POST).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("exit()", "5: cell ends asked for the end of the kernel, as exit() does"),
        ("quit()", "5: cell ends asked for the end of the kernel, as exit() does"),
        ("import sys\nsys.exit(3)", "6: cell ends raised SystemExit: 3"),
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
            "5: cell ends lost its kernel: the kernel was ended by SIGSEGV",
        ),
        ("import os\nos._exit(3)", "5: cell ends lost its kernel: the kernel ended with status 3"),
        ("%nosuch 1", "6: cell ends raised UsageError: Line magic function `%nosuch` not found."),
        ("import sys\nsys.stdout = None", "5: cell ends set sys.stdout to None"),
        ("import sys\nsys.stderr = None", "5: cell ends set sys.stderr to None"),
        *(
            (ODD.format(lines), "6: cell ends raised Odd: a")
            for lines in ("'text'", "None", "[1, 2]", "dict()", "['a', None]", "object()")
        ),
        ("def f(x):\n    return 1 / x\n\n\nf(0)", "7: cell ends raised ZeroDivisionError"),
    ],
)
def test_a_cell_that_ends_its_kernel_is_named_with_the_reason(
    blog: Path, header: str, code: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line is that of the cause, and the post stays as it was."""
    write(blog, header, code)
    before = blog.joinpath(POST).read_bytes()

    assert main(["build", "--site", str(blog)]) == 1

    assert f"{POST}:{message}" in capsys.readouterr().err
    assert before == blog.joinpath(POST).read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="the guard needs Linux")
def test_daemons_of_a_cell_end_with_its_kernel(blog: Path, header: str) -> None:
    """Also one in a session of its own, whose parent has ended."""
    daemon = "sleep 1234 & echo $! > daemon.pid"
    write(blog, header, f"import subprocess\nsubprocess.run(['setsid', 'sh', '-c', {daemon!r}])")

    assert main(["build", "--site", str(blog)]) == 0

    assert not psutil.pid_exists(int(blog.joinpath("daemon.pid").read_text()))


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Provide a folder for temporary files whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="the guard needs Linux")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGKILL"])
def test_no_kernel_and_no_folder_outlives_the_engine(
    blog: Path, header: str, scratch: Path, name: str
) -> None:
    """However the engine ends, a kernel that ignores everything ends with it."""
    ready = blog / "ready"
    os.mkfifo(ready)
    code = f"""import os, signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
with open({str(ready)!r}, "w") as pipe:
    pipe.write(str(os.getpid()))
while True:
    time.sleep(60)"""
    write(blog, header, code)
    command = [sys.executable, "-m", "post_builder", "build", "--site", str(blog)]
    environment = os.environ | {"TMPDIR": str(scratch)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as engine:
        kernel = psutil.Process(int(ready.read_text()))
        started = psutil.Process(engine.pid).children(recursive=True)
        engine.send_signal(getattr(signal, name))
        engine.wait(timeout=60)
    gone, alive = psutil.wait_procs(started, timeout=30)

    assert [] == alive
    assert [] == list(scratch.iterdir())
    assert kernel in gone


STATES = {
    "in C code, with the GIL": "import ctypes\nctypes.PyDLL(None).sleep(1000)",
    "stopped": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
}


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="the guard needs Linux")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGKILL"])
@pytest.mark.parametrize("state", STATES)
def test_a_kernel_in_any_state_ends_with_the_engine(
    blog: Path, header: str, scratch: Path, state: str, name: str
) -> None:
    """Also one that cannot answer, and all that it started."""
    ready = blog / "ready"
    os.mkfifo(ready)
    code = f"import os\nwith open({str(ready)!r}, 'w') as pipe:\n    pipe.write(str(os.getpid()))"
    write(blog, header, f"{code}\n{STATES[state]}")
    command = [sys.executable, "-m", "post_builder", "build", "--site", str(blog)]
    environment = os.environ | {"TMPDIR": str(scratch)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as engine:
        assert int(ready.read_text())
        started = psutil.Process(engine.pid).children(recursive=True)
        time.sleep(1)  # for the kernel to get into its state
        assert processes(blog)
        engine.send_signal(getattr(signal, name))
        engine.wait(timeout=60)
    _, alive = psutil.wait_procs(started, timeout=30)

    assert [] == [*alive, *still_running(blog)]
    assert [] == list(scratch.iterdir())


def test_a_folder_for_temporary_files_may_have_any_length(blog: Path, header: str) -> None:
    """The name of a socket has 107 characters at most."""
    write(blog, header, "print(6 * 7)")
    folder = blog / ("x" * 120)
    folder.mkdir()
    done = run("build", blog, environment={"TMPDIR": str(folder)})
    assert (0, "1 post: 1 built; 1 cell ran\n") == (done.returncode, done.stdout), done.stderr
    assert [] == list(folder.iterdir())


@pytest.mark.parametrize("name", [".", "tmp"])
def test_a_folder_for_temporary_files_may_be_in_the_site(
    blog: Path, header: str, name: str
) -> None:
    """The engine's files there are no inputs of a post; files that the post finds there are."""
    folder = blog / name
    for made in (folder, blog / "_data", blog / "assets"):
        made.mkdir(exist_ok=True)
    folder.joinpath("data.txt").write_text("42", encoding="utf-8")
    inside = {"TMPDIR": str(folder)}
    code = """import os, pathlib, tempfile
folder = pathlib.Path(tempfile.gettempdir())
os.listdir(folder)
with tempfile.NamedTemporaryFile("w+") as file:
    file.write("a")
print((folder / "data.txt").read_text())"""
    write(blog, header, code)
    done = run("build", blog, environment=inside)
    assert (0, "1 post: 1 built; 1 cell ran\n") == (done.returncode, done.stdout), done.stderr
    assert [] == list(blog.rglob("post-builder-*"))
    assert "all up to date (1 post)\n" == run("build", blog, environment=inside).stdout
    folder.joinpath("data.txt").write_text("43", encoding="utf-8")
    done = run("build", blog, environment=inside)
    assert "_posts/2020-01-01-ends.md: " in done.stderr
    assert "data.txt" in done.stderr, done.stderr


VALUE = '\nIt is <span data-value="{}"></span>.\n'


@pytest.mark.parametrize(
    ("code", "value", "message"),
    [
        ("x = 1", "exit()", "value 'exit()' asked for the end of the kernel"),
        ("get_ipython().display_pub.publish = print", "1", "value '1' did not arrive"),
        ("import os\nos.kill(os.getpid(), 40)", "", "ended by signal 40"),
        ("print('a', end='')\nprint('\\ud800')", "", "7: cell ends raised UnicodeEncodeError: "),
        ("import threading, os\nthreading.Timer(0.01, os._exit, [7]).start()", "", "kernel "),
        (
            (
                "import sys\ndef hear(event, _):\n    if event == 'open':\n"
                "        raise OSError('a')\nsys.addaudithook(hear)"
            ),
            "",
            ":1: the kernel cannot say what it ran with: OSError: a",
        ),
        (
            "import os\npath = os.environ['POST_BUILDER_LOG']\nos.unlink(path)\nos.mkfifo(path)",
            "",
            ":1: what the post read is not known: a cell wrote to ",
        ),
        (
            (
                "import os\nwith open(os.environ['POST_BUILDER_LOG'], 'a') as log:\n"
                "    _ = log.write('q\\0\\0')"
            ),
            "",
            ":1: what the post read is not known: a cell wrote to ",
        ),
    ],
)
@pytest.mark.timeout(60)
def test_no_code_of_a_post_is_taken_for_a_bug(  # noqa: PLR0913  # three of them are fixtures
    blog: Path,
    header: str,
    capsys: pytest.CaptureFixture[str],
    *,
    code: str,
    value: str,
    message: str,
) -> None:
    """Whatever it does to the kernel, also after its last cell: an error says what happened."""
    write(blog, header, code)
    with blog.joinpath(POST).open("a", encoding="utf-8") as post:
        post.write(VALUE.format(value) if value else "")
    before = blog.joinpath(POST).read_bytes()
    assert 1 == main(["build", "--site", str(blog)])
    said = capsys.readouterr().err
    assert message in said
    assert "bug" not in said
    assert before == blog.joinpath(POST).read_bytes()


def test_a_cell_may_empty_its_environment(blog: Path, header: str) -> None:
    """What the engine asks for at the end does not depend on it."""
    write(blog, header, "import os\nos.environ.clear()\nopen('_config.yml').close()")
    assert 0 == main(["build", "--site", str(blog)])
    assert '"_config.yml"' in blog.joinpath("_data/builds/ends.json").read_text(encoding="utf-8")
