"""The script of a post runs under plain Python, where nothing of Jupyter is at hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from post_builder.document.parsing.parser import parse
from post_builder.rendering.downloads import make_downloads
from post_builder.site import Site

HEADER = "---\njupyter: {kernelspec: {name: python3, language: python}}\n---\n"


def script(*cells: str) -> str:
    """Return the script of a post with some cells, written as `code` or `code {: options}`."""
    blocks = []
    for cell in cells:
        code, _, options = cell.partition(" {:")
        blocks.append(f"```python\n{code}\n```\n" + (f"{{:{options}\n" if options else ""))
    post = parse(HEADER + "\n".join(blocks))
    assert post is not None
    text = make_downloads(post, Site(Path("/nowhere")), "p")["assets/notebooks/p.py"].decode()
    compile(text, "p.py", "exec")
    return text


def printed(folder: Path, text: str) -> str:
    """Run a script and return what it printed."""
    path = folder / "script.py"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error::SyntaxWarning", path.name],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr + text
    return done.stdout


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["import math\nif math.pi > 3:\n    %time math.sqrt(2)", "print(1)"], "1\n"),
        (["for i in range(2):\n    %timeit i", "print(2)"], "2\n"),
        (["%time total = sum(range(10))", "print(total)"], "45\n"),
        (["%%time\ntotal = 3\n%time total += 1", "print(total)"], "4\n"),
        (["x = !echo hi", "print(x)"], "['hi']\n"),
        (["word = 'hi'\nx = !echo {word}\nprint(x)"], "['hi']\n"),
        (["%%capture\nprint('''a\n  b''')\nkept = 1", "print(kept)"], "1\n"),
        (["%%capture out\nprint('a')", "print(repr(out.stdout))\nout.show()"], "'a\\n'\na\n"),
        (["from __future__ import annotations\nprint(1)"], "1\n"),
        (["print(1)", "from __future__ import annotations\nx: Nothing = 2\nprint(x)"], "1\n2\n"),
        (["display(1, 'a')"], "1\na\n"),
        (["def display(x):\n    print('own', x)\ndisplay(1)"], "own 1\n"),
        (["import math; math.pi?", "?math", "print(1)"], "1\n"),
        (["import asyncio\nasync def f():\n    return 5", "x = await f()", "print(x)"], "5\n"),
        (["import asyncio\ntask = asyncio.create_task(asyncio.sleep(0, 7))\nprint(await task)"],
         "7\n"),
        (["async def g():\n    yield 1\nasync for i in g():\n    print('''a\n b''', i)"],
         "a\n b 1\n"),
        (["%matplotlib inline\nimport math", "%load_ext autoreload", "print(math.floor(1.5))"],
         "1\n"),
        (["%env WORD=hi", "import os\nprint(os.environ['WORD'])"], "hi\n"),
        (["%%writefile w.txt\nhello", "print(open('w.txt').read())"], "hello\n\n"),
        (["!pip install nothing-of-the-kind", "print(1)"], "1\n"),
        (["%%html\n<b>x</b>", "%%javascript\nalert(1)", "print(1)"], "1\n"),
        (["get_ipython().run_line_magic('time', 'x = 3')", "print(x)"], "3\n"),
        (["x = get_ipython()", "print(1)"], "1\n"),
        (["text = '''\n%time\n!ls\n'''\nprint(text)"], "\n%time\n!ls\n\n"),
        (["# %% a comment\nprint(1)"], "1\n"),
        (["limit = 3\nlimit / 0 {: .raises-exception}", "print(limit)"],
         "ZeroDivisionError: division by zero\n3\n"),
        (["1 / 0 {: .raises-exception}", "print(1)"], "1\n"),
        (["f( {: .raises-exception}", "print(1)"], "1\n"),
        (["exit() {: .skip-execution}", "print(1)"], "1\n"),
    ],
)  # fmt: skip
def test_what_only_jupyter_runs_is_translated_or_left_out(
    tmp_path: Path, cells: list[str], expected: str
) -> None:
    """The script compiles, runs to its end, and prints what it can."""
    assert expected == printed(tmp_path, script(*cells))


@pytest.mark.skipif(sys.platform == "win32", reason="needs bash")
def test_a_cell_of_bash_runs_in_bash(tmp_path: Path) -> None:
    """`%%bash` is a process of its own."""
    assert "hi\n" in printed(tmp_path, script("%%bash\necho hi", "print(1)"))


def test_what_is_left_out_is_said() -> None:
    """A magic without a counterpart is a comment, so that readers know what is missing."""
    text = script("%load_ext autoreload", "if True:\n    %timeit x", "%%html\n<b>", "x = !ls $HOME")
    for line in (
        "# %load_ext autoreload",
        "    # %timeit x\n    pass",
        "# %%html\n# <b>",
        "# x = !ls",
    ):
        assert line in text


@pytest.mark.slow
def test_figures_do_not_go_on_in_the_next_cell(tmp_path: Path) -> None:
    """A notebook closes its figures after each cell: a line is not drawn into a solid body."""
    text = script(
        "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt",
        "plt.subplot(projection='3d')\nplt.plot([1, 2], [1, 2], [1, 2])",
        "plt.plot([1, 2])\nplt.axis([0, 1, 0, 2])\nprint(len(plt.get_fignums()))",
        "figure, axes = plt.subplots()\naxes.plot([1])",
    )
    assert "1\n" == printed(tmp_path, text)
    assert 1 == text.count("plt.close(")


@pytest.mark.parametrize("name", ["_", "__", "_1", "Out", "In", "_i", "_oh"])
def test_what_only_jupyter_remembers_is_a_comment_with_the_reason(
    tmp_path: Path, name: str
) -> None:
    """Plain Python has no earlier results and inputs; what a post binds itself is its own."""
    text = script("6 * 7", f"x = {name}", "print('goes on')")
    assert f"# Only Jupyter can run this cell, which uses {name}:\n# x = {name}\n" in text
    assert "goes on\n" == printed(tmp_path, text)
    own = script(f"for {name} in range(3):\n    pass", f"print({name})")
    assert "2\n" == printed(tmp_path, own)
