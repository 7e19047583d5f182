"""What travels to workers: files behind links, each content once; and what stays with each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster_sites import HEADER, repository, site_files
from commandline import run, write
from dask_cluster import DaskCluster, dask_cluster
from distributed import Client

from post_builder.cli import main
from post_builder.cluster.tree import Part
from post_builder.files import digest

pytestmark = pytest.mark.slow

TOKEN = {"AUTHORS_TOKEN": "secret"}


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Two workers that offer different things, each with a GPU of its own."""
    with dask_cluster(tmp_path_factory.mktemp("dask")) as started:
        for name, gpu in (("left", "5"), ("right", "6")):
            own = {"CUDA_VISIBLE_DEVICES": gpu, "HIP_VISIBLE_DEVICES": "7", **TOKEN}
            started.add(name, "--resources", f"{name.upper()}=1", environment=own)
        started.wait_for_workers()
        yield started


def header(key: str, value: str) -> str:
    """Return front matter with another key."""
    return f"{HEADER[:-4]}{key}: {value}\n---\n"


def prints(code: str) -> str:
    """Return a cell that prints something."""
    return f"\n```python\nimport os\nprint({code})\n```\n"


def test_posts_wait_for_others_on_another_machine_and_each_has_its_devices(
    tmp_path: Path, machines: DaskCluster
) -> None:
    """A token stays where it is, in the author's environment and in those of workers."""
    names = "'CUDA_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES', 'AUTHORS_TOKEN'"
    sees = prints(f"'seen', *map(os.environ.get, ({names}))")
    first, second = "_posts/2020-01-01-first.md", "_posts/2020-01-02-second.md"
    said = "\n```python\nprint('x = 42')\n```\n{: #said}\n"
    takes = f'\n```python\n```\n{{: data-source="{first}#said"}}\n\n```python\nprint(x)\n```\n'
    files = {
        "_config.yml": "post_builder: {environment: {CUDA_VISIBLE_DEVICES: '0'}}\n",
        first: header("resources", "{LEFT: 1}") + sees + said,
        second: header("resources", "{RIGHT: 1}") + sees + takes,
    }
    root = repository(tmp_path / "site", files)
    done = run("build", root, "--scheduler", machines.address, environment=TOKEN)
    assert 0 == done.returncode, done.stderr
    assert "cell-1 on left" in done.stderr
    assert "cell-1 on right" in done.stderr
    assert "seen 5 7 None" in root.joinpath(first).read_text()
    assert "seen 6 7 None" in root.joinpath(second).read_text()
    assert ">42</pre>" in root.joinpath(second).read_text()
    assert 0 == run("check", root).returncode


def linked_site(root: Path, elsewhere: Path) -> Path:
    """Make a site whose posts read files behind links."""
    reads = {
        "out": (header("depends", "[data/out.csv]"), "data/out.csv"),
        "beside": (header("depends", "[data/beside.csv]"), "data/beside.csv"),
        "folder": (HEADER, "linked/tracked.csv"),
        "tracked": (HEADER, "link.csv"),
    }
    posts = {
        f"_posts/2020-01-01-{name}.md": head + prints(f"open({path!r}).read()")
        for name, (head, path) in reads.items()
    }
    write(root, "real/beside.csv", "beside")
    write(root, "real/tracked.csv", "tracked")
    root.joinpath("data").mkdir()
    for link, target in {
        "data/out.csv": str(elsewhere),
        "data/beside.csv": "../real/beside.csv",
        "linked": "real",
        "link.csv": "real/tracked.csv",
    }.items():
        root.joinpath(link).symlink_to(target)
    return repository(root, {".gitignore": "data\n/real/beside.csv\n", **posts})


def test_files_behind_links_travel_under_the_names_of_the_links(
    tmp_path: Path, machines: DaskCluster
) -> None:
    """Out of the work tree, to another folder of it, and through a tracked link to a folder."""
    elsewhere = write(tmp_path, "elsewhere/big.csv", "out of the tree")
    here, there = (linked_site(tmp_path / name, elsewhere) for name in ("here", "there"))
    local = run("build", here)
    assert 0 == local.returncode, local.stderr
    done = run("build", there, "--scheduler", machines.address)
    assert 0 == done.returncode, done.stderr
    assert ">out of the tree</pre>" in there.joinpath("_posts/2020-01-01-out.md").read_text()
    assert site_files(here) == site_files(there)


def test_a_content_goes_to_a_worker_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For two posts and under two names, in parts as it is large; the next build sends none."""
    sent: list[Part] = []
    unwatched = Client.run

    def watched(client: Client, function: Any, *given: Any, **options: Any) -> Any:
        if function.__name__ == "keep_parts":
            sent.extend(given[1])
        return unwatched(client, function, *given, **options)

    monkeypatch.setattr(Client, "run", watched)
    code = "*[len(open(f'{name}.bin', 'rb').read()) for name in ('one', 'two')]"
    posts = [f"_posts/2020-01-01-{name}.md" for name in ("a", "b")]
    text = header("depends", "[one.bin, two.bin]") + prints(code)
    root = repository(tmp_path / "site", {".gitignore": "*.bin\n", **dict.fromkeys(posts, text)})
    content = os.urandom(20_000_000)
    for name in ("one.bin", "two.bin"):
        root.joinpath(name).write_bytes(content)
    with dask_cluster(tmp_path, "one") as started:
        call = ["build", "--force", "--site", str(root), "--scheduler", started.address]
        assert 0 == main(call)
        parts = [part.data for part in sent if part.digest == digest(content)]
        assert content == b"".join(parts)
        assert len(parts) > 1
        sent.clear()
        assert 0 == main(call)
        assert sent  # the posts, which the first build wrote
        assert digest(content) not in {part.digest for part in sent}
    for post in posts:
        assert ">20000000 20000000</pre>" in root.joinpath(post).read_text()
