"""Workers and schedulers are lost while posts run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from cluster_sites import HEADER, SLOW, begun, repository, site_files, slow_site, wait_for
from commandline import PATIENCE, run
from dask_cluster import DaskCluster, dask_cluster

pytestmark = pytest.mark.slow

POST = "_posts/2020-01-01-slow.md"


def worker_of(kernel: int, cluster: DaskCluster) -> str:
    """Return the name of the worker that runs a kernel."""
    above = {parent.pid for parent in psutil.Process(kernel).parents()}
    (name,) = (name for name, worker in cluster.workers.items() if worker.pid in above)
    return name


def several_posts(marks: Path) -> dict[str, str]:
    """Return a site with a slow post, one that takes its output, and three others."""
    source = f'{{: data-source="{POST}#said"}}'
    plain = {
        f"_posts/2020-01-02-{name}.md": f"{HEADER}\n```python\nprint({name!r})\n```\n"
        for name in ("a", "b", "c")
    }
    takes = f"{HEADER}\n```python\n```\n{source}\n\n```python\nprint(x)\n```\n"
    return {
        "_config.yml": f"title: Posts\npost_builder: {{environment: {{MARKS: {marks}}}}}\n",
        POST: SLOW + '\n```python\nprint("x = 42")\n```\n{: #said}\n',
        **plain,
        "_posts/2020-01-03-takes.md": takes,
    }


def test_the_site_is_the_local_one_although_a_worker_was_killed(tmp_path: Path) -> None:
    """One of two workers dies in the middle of a cell: no byte differs from a local build's."""
    marks = tmp_path / "marks"
    marks.mkdir()
    here, there = (repository(tmp_path / name, several_posts(marks)) for name in ("here", "there"))
    marks.joinpath("go").touch()
    local = run("build", here)
    assert 0 == local.returncode, local.stderr
    for mark in marks.iterdir():
        mark.unlink()
    with dask_cluster(tmp_path, "one", "two") as started:
        started.wait_for_workers()
        with begun(there, started.address) as building:
            lost = worker_of(wait_for(marks, 1)[0], started)
            started.workers[lost].kill()
            wait_for(marks, 2)
            marks.joinpath("go").touch()
            said = building.communicate(timeout=PATIENCE)[0]
    assert 0 == building.returncode, said
    assert f"again, for {lost} was lost" in said
    assert site_files(here) == site_files(there)
    assert ">42</pre>" in there.joinpath("_posts/2020-01-03-takes.md").read_text()


def test_the_post_of_a_lost_worker_runs_on_another(tmp_path: Path) -> None:
    """A worker is killed in the middle of a cell: its post begins again elsewhere."""
    root, marks = slow_site(tmp_path / "site", tmp_path / "marks"), tmp_path / "marks"
    with dask_cluster(tmp_path, "one") as started, begun(root, started.address) as building:
        wait_for(marks, 1)
        started.add("spare", "--preload", "post_builder.cluster.worker.workshop")
        started.workers["one"].kill()
        wait_for(marks, 2)
        marks.joinpath("go").touch()
        said = building.communicate(timeout=PATIENCE)[0]
    assert building.returncode == 0, said
    assert "cell-1 on spare, again, for one was lost" in said
    assert "1 built; 2 cells ran" in said
    assert "ended" in root.joinpath("_posts/2020-01-01-slow.md").read_text()


def test_a_build_whose_last_worker_is_lost_ends(tmp_path: Path) -> None:
    """Dask itself would wait for another one without end, and say nothing."""
    root, marks = slow_site(tmp_path / "site", tmp_path / "marks"), tmp_path / "marks"
    with dask_cluster(tmp_path, "one") as started:
        call = ["build", "--site", str(root), "--scheduler", started.address]
        code = (
            "import sys; from post_builder.cli import main;"
            "from post_builder.cluster import waiting; waiting.PATIENCE = 3;"
            f"sys.exit(main({call}))"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True
        ) as building:
            wait_for(marks, 1)
            started.workers["one"].kill()
            said = building.communicate(timeout=PATIENCE)[1]
    assert 1 == building.returncode
    assert f"{POST}:1: no worker is left in the cluster" in said
    assert "start a worker and build again" in said
    assert SLOW == root.joinpath(POST).read_text()


def test_a_post_with_which_workers_die_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried as often as Dask's scheduler allows, here once."""
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    root, marks = slow_site(tmp_path / "site", tmp_path / "marks"), tmp_path / "marks"
    with dask_cluster(tmp_path, "one", "two") as started:
        started.wait_for_workers()
        with begun(root, started.address) as building:
            started.workers[worker_of(wait_for(marks, 1)[0], started)].kill()
            said = building.communicate(timeout=PATIENCE)[0]
    assert 1 == building.returncode
    assert f"{POST}:1: a worker died while running this post" in said
    assert "a cell may need more memory than they have" in said
    assert SLOW == root.joinpath(POST).read_text()


def test_a_lost_scheduler_is_an_error_and_nothing_is_written(tmp_path: Path) -> None:
    """The scheduler is killed in the middle of a cell."""
    root, marks = slow_site(tmp_path / "site", tmp_path / "marks"), tmp_path / "marks"
    with dask_cluster(tmp_path, "one") as started:
        address = started.address
        with begun(root, address) as building:
            wait_for(marks, 1)
            started.scheduler.kill()
            said = building.communicate(timeout=PATIENCE)[0]
    assert building.returncode == 1
    assert f"_posts/2020-01-01-slow.md:1: the scheduler at {address} was lost" in said
    assert root.joinpath("_posts/2020-01-01-slow.md").read_text() == SLOW
    assert not root.joinpath("_data").exists()
