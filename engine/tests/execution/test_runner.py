"""A run of a post: its outputs, values, seconds and facts, and what can end it."""

from __future__ import annotations

import platform
import re
import resource
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from post_builder.errors import ExecutionError
from post_builder.execution.receiving.room import MAX_PRINTED
from post_builder.execution.run import WIDGET_STATES, CellRun, Run

pytestmark = pytest.mark.slow

Runner = Callable[[str], Run]


def printed(cell: CellRun) -> str:
    """Return what a cell printed."""
    streams = [output for output in cell.outputs if output["output_type"] == "stream"]
    return "".join(output["text"] for output in streams)


MANY = """```python
for number in range(3_000):
    print(number, flush=True)
```

```python
for number in range(3_000):
    display(number)
```
"""


@pytest.mark.slow
def test_every_line_and_every_display_arrives(run: Runner) -> None:
    """However fast they come: the engine is a slower reader than a loop is a writer."""
    lines, displays = run(MANY).cells
    assert [str(number) for number in range(3_000)] == printed(lines).split()
    texts = [output["data"]["text/plain"] for output in displays.outputs]
    assert [str(number) for number in range(3_000)] == texts


@pytest.mark.faults
def test_nothing_is_dropped_at_any_rate(run: Runner) -> None:
    """100,000 flushed lines lost a fifth once; 20,000 displays, a thousand."""
    more = MANY.replace("3_000", "100_000", 1).replace("3_000", "20_000")
    lines, displays = run(more).cells
    assert [str(number) for number in range(100_000)] == printed(lines).split()
    texts = [output["data"]["text/plain"] for output in displays.outputs]
    assert [str(number) for number in range(20_000)] == texts


@pytest.mark.faults
def test_printing_without_end_costs_bounded_memory(run: Runner, blog: Path) -> None:
    """What is beyond the limit is counted, and the engine does not keep it."""
    blog.joinpath("_config.yml").write_text("post_builder: {timeout: 300}\n", encoding="utf-8")
    code = "for _ in range(64):\n    print('x' * 2**20)\n"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (cell,) = run(f"```python\n{code}```\n").cells
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    text = printed(cell)
    assert re.search(r"… 50,33\d,\d{3} more bytes not shown\n$", text)
    assert len(text) < MAX_PRINTED + 100
    assert grown < 400 * 2**10  # KiB


def test_cells_and_values_run_in_the_order_of_the_post(run: Runner) -> None:
    """A value is computed after the cell above it, and sees what that cell left."""
    body = (
        "```python\nx = 1\n```\n{: #one}\n\n"
        'Now <span data-value="x"></span> and <span data-value=\'f"{x:03}"\'></span>.\n\n'
        "```python\nx += 1\nprint(x)\n```\n{: #two}\n\n"
        "```python\nx = 9\n```\n{: #not .skip-execution}\n\n"
        "<span data-value=\"{'a': x}['a']\"></span>\n"
    )
    ran = run(body)
    assert [("1", "001"), (), ("2",)] == [cell.values for cell in ran.cells]
    assert ["", "2\n", ""] == [printed(cell) for cell in ran.cells]
    assert {1: "one", 2: "two"} == ran.names


def test_a_run_knows_what_it_took_and_was_made_with(run: Runner) -> None:
    """Seconds for each cell, MiB for the whole, and versions of what was imported."""
    body = (
        "```python\nimport time, yaml\nblock = b'x' * (300 * 2**20)\n```\n\n"
        "```python\nbegin = time.perf_counter()\n"
        "while time.perf_counter() < begin + 0.5:\n    pass\n```\n"
    )
    begin = time.perf_counter()
    ran = run(body)
    elapsed = time.perf_counter() - begin
    assert 0.5 <= ran.cells[1].seconds < ran.seconds < elapsed
    assert ran.seconds == sum(cell.seconds for cell in ran.cells)
    assert 300 < ran.facts.peak_memory < 1_000
    assert platform.python_version() == ran.facts.python
    assert version("PyYAML") == ran.facts.packages["PyYAML"]
    assert "pillow" not in ran.facts.packages


def test_a_run_keeps_the_last_state_of_widgets(run: Runner) -> None:
    """When their cell ended; later cells may change or close them."""
    body = (
        "```python\nimport comm\nfrom IPython.display import display\n"
        "state = {'_model_module': 'x', '_model_name': 'LabelModel', 'value': 'a'}\n"
        "label = comm.create_comm(target_name='jupyter.widget', data={'state': state})\n"
        "view = {'application/vnd.jupyter.widget-view+json': {'model_id': label.comm_id}}\n"
        "display(view, raw=True)\n"
        "label.send(data={'method': 'update', 'state': {'value': 'b'}})\n```\n\n"
        "```python\ndisplay(view, raw=True)\nlabel.close()\n```\n"
    )
    first, second = run(body).cells
    [model] = first.outputs[0]["data"][WIDGET_STATES].values()
    assert {"_model_module": "x", "_model_name": "LabelModel", "value": "b"} == model
    assert {} == second.outputs[0]["data"][WIDGET_STATES]


def test_what_is_no_text_is_named_by_its_type(run: Runner) -> None:
    """The format of notebooks allows only texts there, except for JSON, which may be anything."""
    odd = "{'text/html': {'a': 1}, 'image/png': 5, 'text/x+json': None, 'text/plain': 'a'}"
    json = "{'application/json': [1], 'application/geo+json': None}"
    [cell] = run(f"```python\ndisplay({odd}, raw=True)\ndisplay({json}, raw=True)\n```\n").cells
    first, second = (output["data"] for output in cell.outputs)
    kinds = {"text/html of type dict", "image/png of type int", "text/x+json of type NoneType"}
    assert kinds | {"text/plain"} == set(first)
    assert {"application/json": [1], "application/geo+json": None} == second


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("stream", {"name": "stdout", "text": 5}),
        ("stream", {"text": "a"}),
        ("display_data", {}),
        ("display_data", {"data": [1], "metadata": {}}),
        ("display_data", {"data": {"text/plain": "a"}, "metadata": [1]}),
        ("update_display_data", {"data": {}, "transient": 5}),
        ("error", {"ename": 1, "evalue": None, "traceback": 5}),
        ("comm_open", {"comm_id": "a", "target_name": "jupyter.widget", "data": {"state": {}}}),
        ("comm_msg", {"comm_id": "a", "data": {"state": 5}}),
        ("comm_close", {}),
    ],
)
def test_a_message_that_jupyter_does_not_know_fails_its_cell(
    run: Runner, kind: str, content: dict[str, object]
) -> None:
    """Code can send what it likes; the error names the cell and the kind of message."""
    body = (
        "```python\nkernel = get_ipython().kernel\n"
        f"kernel.session.send(kernel.iopub_socket, {kind!r}, {content!r},\n"
        "    parent=kernel.get_parent('shell'), ident=b'x')\n```\n"
    )
    with pytest.raises(ExecutionError, match=f"cell cell-1 sent a malformed {kind} message: "):
        run(body)


def test_help_is_an_output(run: Runner) -> None:
    """Jupyter shows it in a window of its own, which a page does not have."""
    [cell] = run("```python\nlen?\n```\n").cells
    [output] = cell.outputs
    assert "Return the number of items" in output["data"]["text/plain"]


def test_a_run_notes_the_files_of_the_site(run: Runner, blog: Path) -> None:
    """What is read, written, listed or mapped, by its absolute path; nothing outside the site."""
    for name in ("read.txt", "mapped.bin", "open.txt"):
        blog.joinpath(name).write_text("x", encoding="utf-8")
    body = (
        "```python\nimport mmap, os, tempfile\nopen('read.txt').close()\n"
        "open('written.txt', 'w').close()\nos.listdir('_posts')\ntempfile.TemporaryFile().close()\n"
        "descriptor = os.open('mapped.bin', os.O_RDONLY)\n"
        "mapped = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)\n"
        "kept = open('open.txt')\n```\n"
    )
    seen = run(body).observations
    read = {str(blog / name) for name in ("read.txt", "mapped.bin", "open.txt")}
    assert read == seen.read
    assert {str(blog / "written.txt")} == seen.written
    assert {str(blog / "_posts")} == seen.listed


FAILURES = {
    "raises": ("x = 1\n\n1 / 0", "", 7, "cell cell-1 raised ZeroDivisionError: division by zero"),
    "showing": (
        "class A:\n    def _ipython_display_(self):\n        raise ValueError('no')\nA()",
        *("", 7, "cell cell-1 raised ValueError: no"),
    ),
    "syntax": ("x = )", "{: #bad}", 5, "cell bad raised SyntaxError: unmatched ')'"),
    "calm": (
        *("x = 1", "{: .raises-exception}", 4),
        "cell cell-1 did not raise, but is marked .raises-exception",
    ),
    "endless": (
        *("while True:\n    pass", '{: data-timeout="0.5"}', 4),
        "cell cell-1 took longer than 0.5 s",
    ),
    "late": (
        "get_ipython().kernel._publish_status = lambda *_, **__: None",
        *('{: data-timeout="0.5"}', 4),
        "cell cell-1 ended, but not all of its output arrived in the next 1 s",
    ),
    "exits": ("import os\nos._exit(3)", "", 4, "cell cell-1 lost its kernel"),
    "killed": (
        *("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "", 4),
        "cell cell-1 lost its kernel",
    ),
    "value": (
        *("", '\n<span data-value="y"></span>', 7),
        "the value 'y' raised NameError: name 'y' is not defined",
    ),
    "value's syntax": (
        *("", '\n<span data-value="1 +"></span>', 7),
        "the value '1 +' raised SyntaxError",
    ),
    "value of two lines": (
        *("lines = 'a\\nb'", '\n<span data-value="lines"></span>', 8),
        "the value 'lines' has more than one line",
    ),
    "value that exits": (
        *("import os", '\n<span data-value="os._exit(1)"></span>', 8),
        "the value 'os._exit(1)' ended its kernel: DeadKernelError",
    ),
}


@pytest.mark.parametrize(("code", "below", "line", "message"), FAILURES.values(), ids=FAILURES)
def test_a_failure_names_its_line(
    run: Runner, code: str, below: str, line: int, message: str
) -> None:
    """The line that raised; for a cell that cannot say, its fence; for a value, its own line."""
    body = f"```python\n{code}\n```\n{below}\n" if code else f"```python\n```\n{below}\n"
    with pytest.raises(ExecutionError) as caught:
        run(body)
    assert f"_posts/a.md:{line}" == str(caught.value.place)
    assert caught.value.message.startswith(message)


def test_an_error_shows_what_was_printed_and_the_traceback(run: Runner) -> None:
    """Frames of the post have their lines in it, outermost first; no colour code is left."""
    body = (
        "```python\ndef f():\n    1 / 0\n```\n\n```python\nprint('so far')\nf()\n```\n{: #call}\n"
    )
    with pytest.raises(ExecutionError) as caught:
        run(body)
    error = str(caught.value)
    assert "_posts/a.md:11: cell call raised" in error
    assert "\n    f()\n" in error
    assert "\nprinted:\nso far\n" in error
    assert re.search(r"Cell In\[2\], line 2\n.*Cell In\[1\], line 2", error, re.DOTALL)
    assert "\x1b" not in error


def test_code_of_a_source_is_named_where_it_is(run: Runner, blog: Path) -> None:
    """A transcluded line has two places: in the post, and in its source."""
    blog.joinpath("code.py").write_text(
        "X = 1\n\n\ndef f(x):\n    return 1 / x\n", encoding="utf-8"
    )
    source = '```python\ndef f(x):\n    return 1 / x\n```\n{: data-source="code:f"}\n'
    with pytest.raises(ExecutionError) as caught:
        run(f"{source}\n```python\nf(0)\n```\n")
    error = str(caught.value)
    assert error.startswith("_posts/a.md:11: cell cell-2 raised ZeroDivisionError")
    assert "\ncode.py:5: from here\n    return 1 / x\n" in error


def test_a_cell_may_say_how_long_it_takes(run: Runner, blog: Path) -> None:
    """Its own limit counts instead of the site's; the error names both settings."""
    blog.joinpath("_config.yml").write_text("post_builder: {timeout: 0.5}\n", encoding="utf-8")
    waiting = "import time\nbegin = time.time()\nwhile time.time() < begin + 1:\n    pass\n"
    waiting = f"```python\n{waiting}```\n"
    assert 1 <= run(f'{waiting}{{: data-timeout="60"}}\n').seconds
    with pytest.raises(ExecutionError, match=r"took longer than 0\.5 s") as caught:
        run(waiting)
    assert "raise data-timeout on the cell, or timeout in _config.yml" == caught.value.hint
