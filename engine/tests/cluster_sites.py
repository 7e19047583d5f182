"""Sites whose posts run on a cluster, and builds of them."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from commandline import command, lasting, write

HEADER = "---\njupyter: python3\n---\n"

SLOW = f"""{HEADER}
```python
import os, pathlib, time
print("begun")
```

```python
pathlib.Path(os.environ["MARKS"], f"{{os.getpid()}}").touch()
while not pathlib.Path(os.environ["MARKS"], "go").exists():
    time.sleep(0.05)
print("ended")
```
"""


def repository(root: Path, files: dict[str, str]) -> Path:
    """Make a site that git tracks."""
    for name, text in {"_config.yml": "title: Posts\n", **files}.items():
        write(root, name, text)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    return root


def begun(root: Path, address: str) -> subprocess.Popen[str]:
    """Start a build; its process is waited for when the context is left."""
    call = command("build", root, "--scheduler", address)
    return subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def site_files(root: Path) -> dict[str, bytes]:
    """Return the content of every file of a site, without when and where posts ran."""
    files = lasting(root)
    return {name: data for name, data in files.items() if not name.startswith(".git/")}


def slow_site(root: Path, marks: Path) -> Path:
    """Make a site whose post waits for a file, and leaves word of each kernel that runs it."""
    marks.mkdir()
    config = f"title: Slow\npost_builder: {{environment: {{MARKS: {marks}}}}}\n"
    return repository(root, {"_config.yml": config, "_posts/2020-01-01-slow.md": SLOW})


def wait_for(marks: Path, count: int) -> list[int]:
    """Wait until some kernels have begun the slow cell; return their processes."""
    end = time.monotonic() + 60
    while len(found := [int(p.name) for p in marks.iterdir() if p.name.isdecimal()]) < count:
        assert time.monotonic() < end, "the post did not run"
        time.sleep(0.05)
    return found
