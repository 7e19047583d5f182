"""Posts run on the workers of a real Dask cluster, and come back as if they had run here."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from cluster_sites import HEADER, SLOW, begun, repository, site_files, slow_site, wait_for
from commandline import run, write
from dask_cluster import DaskCluster, dask_cluster
from disturbances import disturbed

from post_builder.cli import main

pytestmark = pytest.mark.slow

RICH = f"""{HEADER}
```python
import getpass, os, pathlib, socket, tempfile
import matplotlib.pyplot as plt
import site_code.shapes as shapes
print(pathlib.Path("data.txt").read_text(), os.getcwd(), shapes.__file__)
print(tempfile.gettempdir(), pathlib.Path.home(), socket.gethostname())
```

```python
plt.plot([1, 2, 4]);
```
{{: #line data-alt="a line"}}

```python
shapes.area("a")
```
{{: .raises-exception}}

The data are <span data-value="len(os.listdir('many'))"></span> files,
and the worker <span data-value="os.environ.get('AUTHORS_TOKEN')"></span>.
"""


def templates_of(worker: subprocess.Popen[bytes]) -> set[int]:
    """Return the processes from which a worker forks kernels."""
    below = psutil.Process(worker.pid).children(recursive=True)
    return {child.pid for child in below if "template.py" in " ".join(child.cmdline())}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Two workers."""
    with dask_cluster(tmp_path_factory.mktemp("dask"), "one", "two") as started:
        yield started


def test_the_site_is_byte_for_byte_what_a_local_build_gives(
    tmp_path: Path, cluster: DaskCluster
) -> None:
    """Files, paths, names of machines, tracebacks and values come back as after a local run."""
    files = {
        "_posts/2020-01-01-rich.md": RICH,
        "_posts/2020-01-02-plain.md": f"{HEADER}\n```python\n6 * 7\n```\n",
        "data.txt": "some data",
        "many/a.csv": "1",
        "many/b.csv": "2",
        "site_code/shapes.py": "def area(side):\n    return side**2\n",
    }
    here, there = (repository(tmp_path / name, files) for name in ("here", "there"))
    token = {"AUTHORS_TOKEN": "secret"}
    local = run("build", here, environment=token)
    assert local.returncode == 0, local.stderr
    done = run("build", there, "--scheduler", cluster.address, environment=token)
    assert done.returncode == 0, done.stderr
    assert site_files(here) == site_files(there)
    post = there.joinpath("_posts/2020-01-01-rich.md").read_text()
    assert "files,\nand the worker <span data-value" in post
    assert ">None</span>" in post
    assert "[1/3] cell-1 on one" in done.stderr or "[1/3] cell-1 on two" in done.stderr
    assert run("check", there).returncode == 0


def test_a_post_that_takes_output_from_another_waits_for_it(
    tmp_path: Path, cluster: DaskCluster
) -> None:
    """The second post runs with what the first one printed on whatever worker ran it."""
    source = '{: data-source="_posts/2020-01-01-first.md#said"}'
    files = {
        "_posts/2020-01-01-first.md": f"{HEADER}\n```python\nprint('x = 42')\n```\n{{: #said}}\n",
        "_posts/2020-01-02-second.md": f"{HEADER}\n```python\n```\n{source}\n\n"
        "```python\nprint(x)\n```\n",
    }
    root = repository(tmp_path / "site", files)
    done = run("build", root, "--scheduler", cluster.address)
    assert done.returncode == 0, done.stderr
    assert ">42</pre>" in root.joinpath("_posts/2020-01-02-second.md").read_text()


def test_files_that_git_does_not_track_stay_at_home_unless_they_are_declared(
    tmp_path: Path, cluster: DaskCluster
) -> None:
    """Only `depends:` sends a file that git ignores; the error says so."""
    reads = "```python\nprint(open('local.txt').read())\n```\n"
    files = {
        ".gitignore": "local.txt\n",
        "_posts/2020-01-01-undeclared.md": f"{HEADER}\n{reads}",
        "_posts/2020-01-02-declared.md": f"{HEADER[:-4]}depends: [local.txt]\n---\n\n{reads}",
    }
    root = repository(tmp_path / "site", files)
    write(root, "local.txt", "mine")
    done = run("build", root, "--scheduler", cluster.address)
    assert done.returncode == 1
    assert "_posts/2020-01-01-undeclared.md:6: cell cell-1 raised FileNotFoundError" in done.stderr
    assert "workers get what git tracks and what `depends:` names" in done.stderr
    assert ">mine</pre>" in root.joinpath("_posts/2020-01-02-declared.md").read_text(), done.stderr


def test_a_run_that_did_not_see_a_file_is_refused(tmp_path: Path, cluster: DaskCluster) -> None:
    """A post that would have read a file here is not published with what it gave without it."""
    code = "import os\nprint(os.path.exists('new.txt') and open('new.txt').read())\n"
    code += "try:\n    open('new.txt')\nexcept OSError:\n    print('none')\n"
    post = f"{HEADER}\n```python\n{code}```\n"
    root = repository(tmp_path / "site", {"_posts/2020-01-01-reads.md": post})
    write(root, "new.txt", "not added")
    done = run("build", root, "--scheduler", cluster.address)
    assert done.returncode == 1
    assert "on the worker there was no new.txt" in done.stderr
    assert root.joinpath("_posts/2020-01-01-reads.md").read_text() == post


def test_a_worker_with_the_resource_gets_the_post(tmp_path: Path, cluster: DaskCluster) -> None:
    """`resources:` is refused where no worker offers it, and else leads to the worker that does."""
    post = f"{HEADER[:-4]}resources: {{CHIP: 1}}\n---\n\n```python\n1 + 1\n```\n"
    root = repository(tmp_path / "site", {"_posts/2020-01-01-chip.md": post})
    refused = run("build", root, "--scheduler", cluster.address)
    assert "no worker of the cluster offers CHIP: 1" in refused.stderr
    worker = cluster.add("with-chip", "--resources", "CHIP=1")
    cluster.wait_for_workers()
    done = run("build", root, "--scheduler", cluster.address)
    worker.terminate()
    assert done.returncode == 0, done.stderr
    assert "[1/1] cell-1 on with-chip" in done.stderr


@pytest.mark.parametrize("has_record", [True, False])
def test_an_environment_that_differs_is_an_error_that_names_both(
    tmp_path: Path, cluster: DaskCluster, *, has_record: bool
) -> None:
    """What the last run imported is compared before the next one starts; else after the run."""
    other = tmp_path / "other"
    write(other, "matplotlib-0.1.dist-info/METADATA", "Name: matplotlib\nVersion: 0.1\n")
    post = f"{HEADER}\n```python\nimport matplotlib\n```\n"
    root = repository(tmp_path / "site", {"_posts/2020-01-01-drawn.md": post})
    if has_record:
        assert run("build", root).returncode == 0
    before = site_files(root)
    done = run(
        "build", root, "--force", "--scheduler", cluster.address,
        environment={"PYTHONPATH": str(other)},
    )  # fmt: skip
    assert done.returncode == 1
    assert "matplotlib 0.1 here, 3." in done.stderr
    after_run = "the post ran with other versions than this machine has" in done.stderr
    assert after_run != has_record
    assert before == site_files(root)
    assert "give the workers the environment of this machine" in done.stderr


def test_products_come_home(tmp_path: Path, cluster: DaskCluster) -> None:
    """The file that a cell declares is written here; a post that depends on it has it there."""
    code = "import pathlib\nfile = pathlib.Path('assets/models/x.bin')\n"
    make = f"{code}file.parent.mkdir(parents=True, exist_ok=True)\nn = file.write_bytes(b'%d')\n"
    maker = f'{HEADER}\n```python\n{make}```\n{{: data-products="assets/models/x.bin"}}\n'
    depends = f"{HEADER[:-4]}depends: [assets/models/x.bin]\n---\n"
    reader = f"{depends}\n```python\n{code}print(file.read_text())\n```\n"
    posts = {"_posts/2020-01-01-maker.md": maker, "_posts/2020-01-02-reader.md": reader}
    root = repository(tmp_path / "site", posts)
    for content in ("first", "second"):
        changed = maker.replace("%d", content)
        root.joinpath("_posts/2020-01-01-maker.md").write_text(changed)
        done = run("build", root, "--scheduler", cluster.address)
        assert done.returncode == 0, done.stderr
        assert root.joinpath("assets/models/x.bin").read_text() == content
        assert f">{content}</pre>" in root.joinpath("_posts/2020-01-02-reader.md").read_text()


def test_a_worker_keeps_what_it_imported_for_the_next_build(tmp_path: Path) -> None:
    """It imports again only if a file that was read then has changed; posts find nothing left."""
    code = "import os\nimport matplotlib.pyplot as plt\nprint(plt.rcParams['lines.linewidth'])\n"
    code += "print(os.listdir('.'))\nopen('left.txt', 'w').close()\n"
    post = "_posts/2020-01-01-drawn.md"
    files = {post: f"{HEADER}\n```python\n{code}```\n", "matplotlibrc": "lines.linewidth: 3\n"}
    root = repository(tmp_path / "site", files)
    with dask_cluster(tmp_path, "one") as started:

        def templates_after_a_build() -> set[int]:
            done = run("build", root, "--force", "--scheduler", started.address)
            assert 0 == done.returncode, done.stderr
            return templates_of(started.workers["one"])

        first = templates_after_a_build()
        published = root.joinpath(post).read_text()
        assert first == templates_after_a_build()
        assert published == root.joinpath(post).read_text()
        write(root, "matplotlibrc", "lines.linewidth: 7\n")
        assert not first & templates_after_a_build()
    assert published.replace(">3.0\n", ">7.0\n") == root.joinpath(post).read_text()
    assert "7.0" in root.joinpath(post).read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process")
def test_a_worker_without_room_for_files_runs_no_post_with_half_of_them(tmp_path: Path) -> None:
    """The build says so; with room again, on the same worker, the post sees the whole file."""
    post = "_posts/2020-01-01-size.md"
    code = "print(len(open('data.txt').read()))"
    data = {"data.txt": "1" * 5_000_000, post: f"{HEADER}\n```python\n{code}\n```\n"}
    root = repository(tmp_path / "site", data)
    with dask_cluster(tmp_path, "one") as started:
        worker = started.workers["one"].pid
        usual = resource.prlimit(worker, resource.RLIMIT_FSIZE, (1_000_000, -1))
        done = run("build", root, "--scheduler", started.address)
        assert 1 == done.returncode
        assert "has no room for the files of this post: File too large" in done.stderr
        assert data[post] == root.joinpath(post).read_text()
        resource.prlimit(worker, resource.RLIMIT_FSIZE, usual)
        done = run("build", root, "--scheduler", started.address)
        assert done.returncode == 0, done.stderr
    assert ">5000000</pre>" in root.joinpath(post).read_text()


@pytest.mark.parametrize(
    ("fault", "steps"),
    [
        ("no space", (12,)),
        pytest.param("no space", (3, 38), marks=pytest.mark.faults),
        pytest.param("killed", (12, 25), marks=pytest.mark.faults),
    ],
)
def test_a_fault_here_while_results_are_written_leaves_posts_whole(
    tmp_path: Path, cluster: DaskCluster, fault: str, steps: tuple[int, ...]
) -> None:
    """Results that came back are written as those of a local run are."""
    post, files = "_posts/2020-01-01-rich.md", {"_posts/2020-01-01-rich.md": RICH}
    files |= {
        "data.txt": "d",
        "many/a.csv": "1",
        "site_code/shapes.py": "def area(a):\n    a + 1\n",
    }
    here = repository(tmp_path / "here", files)
    assert 0 == run("build", here).returncode
    for step in steps:
        root = repository(tmp_path / f"{step}", files)
        call = ["build", "--site", str(root), "--scheduler", cluster.address]
        assert disturbed(fault, step, partial(main, call))
        texts = {RICH, here.joinpath(post).read_text()}
        assert root.joinpath(post).read_text() in texts
        assert 0 == run("build", root, "--scheduler", cluster.address).returncode
        assert site_files(here) == site_files(root)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_build_ends_its_posts_on_workers(
    tmp_path: Path, cluster: DaskCluster, sign: signal.Signals
) -> None:
    """Ctrl-C, or the end of the author's machine: no kernel goes on for nobody."""
    root, marks = slow_site(tmp_path / "site", tmp_path / "marks"), tmp_path / "marks"
    with begun(root, cluster.address) as building:
        kernel = psutil.Process(wait_for(marks, 1)[0])
        building.send_signal(sign)
    _, alive = psutil.wait_procs([kernel], 30)
    assert not alive
    assert root.joinpath("_posts/2020-01-01-slow.md").read_text() == SLOW


@pytest.mark.faults
def test_nothing_of_an_interrupted_build_is_kept(tmp_path: Path) -> None:
    """Its kernel may still write a little while the next build begins."""
    root, marks = slow_site(tmp_path / "site", tmp_path / "marks"), tmp_path / "marks"
    with dask_cluster(tmp_path, "one") as started:
        with begun(root, started.address) as building:
            kernel = psutil.Process(wait_for(marks, 1)[0])
            before = templates_of(started.workers["one"])
            building.send_signal(signal.SIGINT)
        assert before
        psutil.wait_procs([kernel], 30)
        marks.joinpath("go").touch()
        done = run("build", root, "--scheduler", started.address)
        assert 0 == done.returncode, done.stderr
        assert not before & templates_of(started.workers["one"])


def test_no_scheduler_and_no_repository_are_errors(tmp_path: Path, cluster: DaskCluster) -> None:
    """Each says what is missing, before anything runs."""
    root = tmp_path / "site"
    write(root, "_config.yml", "title: no repository\n")
    write(root, "_posts/2020-01-01-a.md", f"{HEADER}\n```python\n1\n```\n")
    done = run("build", root, "--scheduler", cluster.address)
    assert (done.returncode, "a cluster runs the posts of a git repository" in done.stderr) == (
        1,
        True,
    )
    repository(root, {})
    done = run("build", root, "--scheduler", "tcp://127.0.0.1:9")
    assert done.returncode == 1
    assert "no scheduler of Dask answers at tcp://127.0.0.1:9" in done.stderr


def test_all_cells_that_raise_are_named(tmp_path: Path, cluster: DaskCluster) -> None:
    """`--keep-going` means there what it means here."""
    post = f"{HEADER}\n```python\n1 / 0\n```\n\n```python\n[][1]\n```\n"
    root = repository(tmp_path / "site", {"_posts/2020-01-01-raises.md": post})
    done = run("build", root, "--keep-going", "--scheduler", cluster.address)
    assert done.returncode == 1
    assert "raised ZeroDivisionError" in done.stderr
    assert "raised IndexError" in done.stderr


def test_without_a_scheduler_nothing_of_dask_is_imported(tmp_path: Path) -> None:
    """A local build does not pay for the cluster."""
    root = repository(
        tmp_path / "site", {"_posts/2020-01-01-a.md": f"{HEADER}\n```python\n1\n```\n"}
    )
    code = (
        "import sys; from post_builder.cli import main;"
        f"main(['build', '--site', {str(root)!r}]);"
        "loaded = {name.partition('.')[0] for name in sys.modules};"
        "assert not loaded & {'dask', 'distributed'}, loaded;"
        "assert 'post_builder.cluster' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr


def test_the_authors_machine_imports_nothing_of_kernels(
    tmp_path: Path, cluster: DaskCluster
) -> None:
    """The first post waits for what is imported before it is sent."""
    post = f"{HEADER}\n```python\n1\n```\n"
    root = repository(tmp_path / "site", {"_posts/2020-01-01-a.md": post})
    call = ["build", "--site", str(root), "--scheduler", cluster.address]
    code = (
        f"import sys; from post_builder.cli import main; assert main({call}) == 0;"
        "loaded = {name.partition('.')[0] for name in sys.modules};"
        "assert not loaded & {'nbclient', 'nbformat', 'jupyter_client', 'IPython'}, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
