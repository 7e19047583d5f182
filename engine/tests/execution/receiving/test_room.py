"""What a cell sends arrives whole, or the build says what is missing; memory stays bounded."""

from __future__ import annotations

import resource
from collections.abc import Callable

import pytest

from post_builder.errors import ExecutionError
from post_builder.execution.receiving.room import MAX_PRINTED, MAX_SENT
from post_builder.execution.run import Run

pytestmark = pytest.mark.slow

Runner = Callable[[str], Run]

LOSSY = """
class Lossy:
    def __init__(self, socket):
        self.socket, self.left = socket, 5
    def __getattr__(self, name):
        return getattr(self.socket, name)
    def send_multipart(self, message, *args, **options):
        self.left -= 1
        if self.left:
            self.socket.send_multipart(message, *args, **options)
"""

LOSE = """
thread = get_ipython().kernel.iopub_thread
thread.socket = Lossy(thread.socket)
for number in range(9):
    display(number)
"""

MANY = {
    "displays": "for _ in range({count}):\n    display({text}, raw=False)",
    "updates": (
        "shown = display('', display_id=True)\nfor _ in range({count}):\n    shown.update({text})"
    ),
    "a traceback": "raise ValueError('x' * (2**20 * {count}))",
    "a result": "class A:\n    def __repr__(self):\n        return 'x' * (2**20 * {count})\nA()",
    "states of widgets": (
        "import comm\nstate = {{'_model_module': 'x', '_model_name': 'LabelModel'}}\n"
        "sent = comm.create_comm(target_name='jupyter.widget', data={{'state': state}})\n"
        "for _ in range({count}):\n"
        "    sent.send(data={{'method': 'update', 'state': {{'value': {text}}}}})"
    ),
}


def _cell(code: str, tags: str = "") -> str:
    return f"```python\n{code}\n```\n{tags}\n"


def test_a_message_that_does_not_arrive_fails_the_build(run: Runner) -> None:
    """At the line of the cell that sent it."""
    with pytest.raises(ExecutionError) as caught:
        run(_cell(LOSSY.strip()) + _cell(LOSE.strip()))
    assert "cell cell-2 sent 1 message that did not arrive; build again" == caught.value.message
    assert caught.value.place is not None
    assert 16 == caught.value.place.line


def test_a_value_whose_message_does_not_arrive_fails_the_build(run: Runner) -> None:
    """It would be another value's text."""
    lose = LOSE.partition("for")[0].strip() + "\nthread.socket.left = 12"
    values = "".join(f'<span data-value="{number}"></span> ' for number in range(5))
    with pytest.raises(ExecutionError, match=r"the value '\d' sent 1 message that did not"):
        run(_cell(LOSSY.strip()) + _cell(lose) + f"\n{values}\n")


@pytest.mark.parametrize("code", MANY.values(), ids=MANY)
def test_more_than_is_kept_fails_the_build_in_bounded_memory(run: Runner, code: str) -> None:
    """Whatever a cell sends it by; the cell is named."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    filled = code.format(count=MAX_SENT // 2**20 + 20, text="'x' * 2**20")
    tags = "{: .raises-exception}" if "raise" in code else ""
    with pytest.raises(ExecutionError, match="cell cell-1 sent more than 128 MiB of output"):
        run(_cell(filled, tags))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 6 * MAX_SENT // 2**10  # KiB; a message is received whole, an error's twice


def test_an_exception_that_is_too_large_is_named_at_its_cell(run: Runner) -> None:
    """Its message is not shown, nor read."""
    with pytest.raises(ExecutionError) as caught:
        run(_cell(f"raise ValueError('x' * (2**20 * {MAX_SENT // 2**20 + 20}))"))
    expected = "cell cell-1 raised an exception: its message takes more than 128 MiB"
    assert expected == caught.value.message


def test_text_in_turns_beyond_what_is_kept_adds_no_outputs(run: Runner) -> None:
    """Each turn is an output of its own, and many empty ones would fill the memory as well."""
    code = (
        f"import sys\nprint('x' * {MAX_PRINTED}, flush=True)\n"
        "for _ in range(300):\n"
        "    print('é', flush=True)\n    print('b', file=sys.stderr, flush=True)"
    )
    [cell] = run(_cell(code)).cells
    texts = [output["text"] for output in cell.outputs]
    assert 2 == len(texts)
    assert f"\n… {1 + 1024 + 300 * 5:,} more bytes not shown\n" == texts[1]
    assert MAX_PRINTED == len(texts[0]) + 1024


def test_what_is_kept_is_counted_in_bytes(run: Runner) -> None:
    """A letter may take four."""
    [cell] = run(_cell(f"print('😀' * {MAX_PRINTED // 4 + 10})")).cells
    assert MAX_PRINTED - 1024 == len(cell.outputs[0]["text"].encode())
    assert "\n… 1,065 more bytes not shown\n" == cell.outputs[-1]["text"]
