"""Talking to a kernel: nbclient's client, which neither loses output nor drowns in it."""

from __future__ import annotations

import copy
import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from queue import Empty
from typing import Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, CellTimeoutError
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from traitlets import Type

from post_builder.execution.environment import guarded
from post_builder.execution.receiving.channels import OutputChannel, ShellChannel, output_of_cell
from post_builder.execution.receiving.room import MAX_SENT, Room
from post_builder.execution.run import WIDGET_STATES, WIDGET_VIEW, name_odd_types

_SILENCE = 0.2
"""Seconds without output after which a kernel is taken to have none, as jupyter_client has it."""

_RECONNECT_MS = 5
"""Milliseconds between two tries to connect with a kernel that does not listen yet."""

_STATE = (
    *("nb", "code_cells_executed", "clear_before_next_output", "_display_id_map"),
    *("widget_state", "widget_buffers"),
)
"""Attributes of nbclient that outlive a cell."""

_PROBLEM = "application/x-post-builder-problem"
"""As in `inside/shell.py`."""


class Client(AsyncKernelClient):
    """Knows that a kernel is ready from what it says, and not from its silence.

    jupyter_client waits until no output came for a fifth of a second. And it opens channels that
    nothing here uses: a kernel may accept them late, and a post would find their descriptors.
    """

    def start_channels(self, *_: bool, **__: bool) -> None:
        """Connect for requests and for output."""
        super().start_channels(stdin=False, hb=False, control=False)

    async def wait_for_ready(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as its base
        """Wait until the kernel answers, and its output arrives.

        Raises:
            RuntimeError: if it dies, or takes longer than a number of seconds.
        """
        left = math.inf if timeout is None else timeout
        sent: set[str] = set()
        while True:
            begin = time.monotonic()
            sent.add(self.kernel_info())
            with suppress(Empty):
                reply = await self.get_shell_msg(timeout=1)
                if reply["msg_type"] == "kernel_info_reply" and await self._is_heard(sent):
                    self._handle_kernel_info_reply(reply)
                    return
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            left -= min(time.monotonic() - begin, 1)  # this process may have been stopped
            if left <= 0:
                raise RuntimeError(f"Kernel didn't respond in {timeout:.0f} seconds")

    async def _is_heard(self, sent: set[str]) -> bool:
        """Return whether output arrives; receive all that belongs to some requests."""
        heard = False
        with suppress(Empty):
            while True:
                message = await self.get_iopub_msg(timeout=_SILENCE)
                heard = True
                is_idle = message["content"].get("execution_state") == "idle"
                if is_idle and message["parent_header"].get("msg_id") in sent:
                    break
        return heard


class KernelManager(AsyncKernelManager):
    """Starts a kernel under a guard, where the system can tell that a parent died."""

    client_factory = Type(klass=Client)

    async def _async_post_start_kernel(self, **kw: Any) -> None:  # noqa: ANN401  # as its base
        await super()._async_post_start_kernel(**kw)
        self._close_control_socket()  # whatever needs it opens it

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """Return the command of the kernelspec, behind that of the guard."""
        command: list[str] = super().format_kernel_cmd(extra_arguments=extra_arguments)
        return guarded(command, os.path.dirname(self.connection_file))  # noqa: PTH120  # traitlets keep a string

    def client(self, **kwargs: Any) -> AsyncKernelClient:  # type: ignore[override]  # noqa: ANN401  # as its base
        """Return a client that receives every message, and soon.

        By default ZeroMQ drops messages while 1,000 wait to be received, without an error; and
        where the kernel does not listen yet, it looks again after a tenth of a second.
        """
        client: AsyncKernelClient = super().client(**kwargs)
        client.context.setsockopt(zmq.RCVHWM, 0)  # of the sockets that it opens from now on
        client.context.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MS)
        client.shell_channel_class = ShellChannel
        client.iopub_channel_class = OutputChannel
        return client


class OutputError(Exception):
    """The output of a cell is not whole, or the cell did to its kernel what it must not do."""


class KernelClient(NotebookClient):
    """Executes the cells of one post."""

    def __init__(self, kernel: str, arguments: list[str]) -> None:
        """Prepare a client.

        Args:
            kernel: name of the kernelspec.
            arguments: of the kernel's command.
        """
        super().__init__(
            new_notebook(),
            kernel_name=kernel,
            kernel_manager_class=KernelManager,
            timeout_func=lambda cell: cell.metadata["timeout"],
            raise_on_iopub_timeout=True,  # else late output is dropped without a word
            iopub_timeout=sys.maxsize,  # `OutputChannel` knows how long
            extra_arguments=arguments,
            on_cell_executed=self._remember_reply,
        )
        self.wants_exit = False
        """Whether the last cell asked for the end of the kernel, as `exit()` does."""
        self._problem = ""
        self._room = Room()
        self._payloads: Sequence[Mapping[str, Any]] = ()

    def _remember_reply(self, execute_reply: Mapping[str, Any], **_: object) -> None:
        self._payloads = execute_reply["content"].get("payload", ())
        self.wants_exit = any(payload.get("source") == "ask_exit" for payload in self._payloads)

    async def run(self, node: NotebookNode, *, store_history: bool) -> None:
        """Execute a code cell; its outputs are in it afterwards.

        Raises:
            CellExecutionError: if it raised.
            CellTimeoutError: if it took longer than its metadata allows.
            DeadKernelError: if the kernel died.
            OutputError: if its output is not whole.
        """
        self.wants_exit, self._problem, self._room, self._payloads = False, "", Room(), ()
        late = math.ceil(node.metadata["timeout"]) or math.inf
        assert isinstance(self.kc, AsyncKernelClient)  # noqa: S101  # of `KernelManager.client`
        output = output_of_cell(self.kc, late)
        self.nb.cells.append(node)
        try:
            await self.async_execute_cell(node, len(self.nb.cells) - 1, store_history=store_history)
        except CellTimeoutError:
            if output.left == math.inf:
                raise
            problem = f"ended, but not all of its output arrived in the next {late} s"
            raise OutputError(problem) from None
        self._add_widget_states(node)
        self._add_help(node)
        if self._room.left_out:
            cut = f"\n… {self._room.left_out:,} more bytes not shown\n"
            node.outputs.append({"output_type": "stream", "name": "stdout", "text": cut})
        self._refuse_output_that_is_not_whole(output.missing)

    def _refuse_output_that_is_not_whole(self, missing: int) -> None:
        if self._problem:
            raise OutputError(self._problem)
        if missing:
            messages = f"{missing:,} message{'' if missing == 1 else 's'}"
            raise OutputError(f"sent {messages} that did not arrive; build again")
        if self._room.is_full:
            most = f"{MAX_SENT // 2**20} MiB"
            raise OutputError(f"sent more than {most} of output besides text; show less of it")

    def state(self) -> Mapping[str, Any]:
        """Return what the client knows of the cells that have run, not copied."""
        return {name: getattr(self, name) for name in _STATE if hasattr(self, name)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Know what another client knew after the same cells."""
        for name, value in state.items():
            setattr(self, name, value)

    def _add_widget_states(self, node: NotebookNode) -> None:
        """Keep what widgets show now with the outputs that show them."""
        for output in node.outputs:
            if WIDGET_VIEW in output.get("data", {}):
                output["data"][WIDGET_STATES] = copy.deepcopy(self.widget_state)

    def _add_help(self, node: NotebookNode) -> None:
        """Keep what `?name` shows, which Jupyter puts into a window of its own."""
        for payload in self._payloads:
            if payload.get("source") == "page" and payload.get("data"):
                node.outputs.append(
                    {"output_type": "display_data", "data": payload["data"], "metadata": {}}
                )

    def handle_comm_msg(
        self, outs: list[NotebookNode], msg: dict[str, Any], cell_index: int
    ) -> None:
        """Follow the state of widgets; one that was closed has none."""
        if msg["msg_type"] == "comm_close":
            self.widget_state.pop(msg["content"]["comm_id"], None)
        else:
            super().handle_comm_msg(outs, msg, cell_index)

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Add an output to a cell, but no more than there is room for.

        Code may send messages of any shape; one that Jupyter does not know fails the cell.
        """
        try:
            return self._output(msg, cell, cell_index)
        except CellControlSignal:  # the cell has ended
            raise
        except Exception as error:  # noqa: BLE001  # nbclient checks nothing of a message
            self._problem = f"sent a malformed {msg['msg_type']} message: {error!r}"
            return None

    def _output(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        if not self._room.takes(msg, cell.outputs[-1] if cell.outputs else None):
            return None
        if problem := msg["content"].get("data", {}).get(_PROBLEM):
            self._problem = problem
            return None
        if msg["msg_type"] in {"display_data", "update_display_data", "execute_result"}:
            name_odd_types(msg["content"]["data"])
        output: NotebookNode | None = super().process_message(msg, cell, cell_index)
        return output
