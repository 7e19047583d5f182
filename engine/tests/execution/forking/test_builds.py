"""Builds whose posts share a template: the same bytes, and no process left."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from commandline import command, lasting, run, still_running, write

from post_builder.commands.build import build
from post_builder.commands.building.running import Here
from post_builder.commands.building.scheduler import here
from post_builder.document.post import Post
from post_builder.execution.forking.imports import imports_of
from post_builder.execution.forking.starting import can_fork
from post_builder.execution.forking.templates import Templates
from post_builder.execution.kernelspecs import Launch
from post_builder.site import Site, open_site
from post_builder.ui.progress import Silent

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks kernels")

POST = """---
title: Post {number}
jupyter: {{kernelspec: {{name: python3, language: python}}}}
---

```python
import matplotlib.pyplot as plt
import numpy as np

{code}
```
{{: data-alt="A line"}}
"""

DRAW = """print(open("data.txt").read(), np.arange({number}))
plt.plot(np.arange({number}))
print(np.linalg.norm([3.0, 4.0]))"""


def write_posts(root: Path, code: str, count: int = 3) -> None:
    """Write posts that import the same."""
    for number in range(1, count + 1):
        text = POST.format(number=number, code=code.replace("{number}", str(number)))
        write(root, f"_posts/2020-01-0{number}-post-{number}.md", text)


class Plain(Templates):
    """Starts a kernel of its own for each post."""

    def expect(self, posts: object, site: Site) -> None:
        """Prepare nothing."""


@linux
@pytest.mark.slow
def test_posts_and_records_are_those_of_kernels_of_their_own(blog: Path) -> None:
    """Byte for byte, except for when and how fast they ran."""
    write(blog, "data.txt", "data")
    write_posts(blog, DRAW)
    other = Path(shutil.copytree(blog, blog.parent / f"{blog.name}-plain"))
    for root in (blog, other):
        site = open_site(root)
        run = partial(build, site, list(site.posts()), Silent(), force=False, jobs=2)
        own = run(runner=Here(Plain())) if root == other else here(lambda: None, run)
        outcomes = asyncio.run(own)
        assert ["built"] * 3 == [outcome.status for outcome in outcomes]
    assert lasting(blog) == lasting(other)


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Provide a folder for temporary files whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@linux
@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_no_process_and_no_folder_outlives_the_engine(blog: Path, scratch: Path, name: str) -> None:
    """Neither the template, nor the kernels that ignore everything, nor what they started."""
    ready = blog / "ready"
    os.mkfifo(ready)
    code = f"""import os, signal, subprocess, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
subprocess.Popen(["setsid", "sleep", "1000"])
with open({str(ready)!r}, "w") as pipe:
    pipe.write("x")
while True:
    time.sleep(60)"""
    write_posts(blog, code, count=2)
    arguments = command("build", blog, "--jobs", "2")
    environment = os.environ | {"TMPDIR": str(scratch)}
    with subprocess.Popen(arguments, env=environment, stderr=subprocess.DEVNULL) as engine:
        with ready.open() as pipe:
            while len(pipe.read(1)) < 1:
                pass
        started = psutil.Process(engine.pid).children(recursive=True)
        assert any("template.py" in part for child in started for part in child.cmdline())
        engine.send_signal(getattr(signal, name))
        engine.wait(timeout=60)
    _, alive = psutil.wait_procs(started, timeout=30)
    assert [] == alive
    assert [] == still_running(blog)
    assert [] == list(scratch.iterdir())


@linux
@pytest.mark.slow
def test_a_forked_kernel_that_ends_is_named_with_the_reason(blog: Path) -> None:
    """The other posts of the template are built."""
    code = "import os, signal\nif {number} == 2:\n    os.kill(os.getpid(), signal.SIGSEGV)"
    write_posts(blog, code)
    done = run("build", blog, "--json")
    statuses = [outcome["status"] for outcome in json.loads(done.stdout)]
    assert ["built", "failed", "built"] == statuses
    assert "the kernel was ended by SIGSEGV" in done.stdout + done.stderr


def test_only_imports_of_known_libraries_are_taken_over() -> None:
    """Also those within functions; a cell that cannot be parsed imports nothing."""
    cells = (
        "%matplotlib inline\nimport numpy as np, os\nfrom matplotlib import pyplot as plt",
        "def f():\n    from numpy.linalg import norm, det\n    from . import numpy\n    import me",
        "import numpy as np",
        "import numpy (",
    )
    expected = (
        ("numpy", ()),
        ("matplotlib", ("pyplot",)),
        ("numpy.linalg", ("norm", "det")),
    )
    assert expected == imports_of(cells)


COMMAND = ("-m", "ipykernel_launcher", "-f", "{connection_file}")


@linux
@pytest.mark.parametrize(
    ("launch", "expected"),
    [
        (Launch(("python", *COMMAND)), True),
        (Launch((sys.executable, *COMMAND)), True),
        (Launch(("python", *COMMAND), {"MODE": "other"}), False),
        (Launch(("python", "-X", "dev", *COMMAND)), False),
        (Launch(("/elsewhere/bin/python", *COMMAND)), False),
        (Launch(("python", "-m", "bash_kernel", "-f", "{connection_file}")), False),
        (None, False),
    ],
)
def test_other_kernels_are_not_forked(launch: Launch | None, *, expected: bool) -> None:
    """A template is a process of the engine's own Python, and can be no other."""
    assert expected == can_fork(launch)


@linux
@pytest.mark.slow
def test_posts_that_import_the_same_share_a_template(
    read: Callable[[str], Post], blog: Path
) -> None:
    """One alone has one as well: it imports while the engine does."""
    posts = [read(f"```python\nimport {name}\n```\n") for name in ("numpy", "numpy", "os")]

    async def count() -> int:
        templates = Templates()
        templates.expect(posts, open_site(blog))
        try:
            return len(templates._templates)
        finally:
            await templates.close()

    assert 2 == asyncio.run(count())
