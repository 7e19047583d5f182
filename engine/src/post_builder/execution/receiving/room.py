"""How much of what a cell sends is kept, so that the engine's memory is bounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_PRINTED = 16 * 2**20
"""Bytes of one cell's printed output that are kept; what comes after is counted only.

A page shows far fewer (`output_limit`).
"""

MAX_SENT = 128 * 2**20
"""Bytes of all else that one cell sends: figures, HTML, results, tracebacks, states of widgets.

GitHub takes no file of more than 100 MiB.
"""

_EACH = 2**10
"""Bytes that one more output takes, whatever it holds."""

_SENT = frozenset({"display_data", "update_display_data", "execute_result", "error"})


class Room:
    """What is left for one cell."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.left_out = 0
        """Bytes of printed output that were not kept."""
        self._printed = self._sent = 0

    @property
    def is_full(self) -> bool:
        """Whether the cell sent more than is kept, other than what it printed."""
        return self._sent > MAX_SENT

    def takes(self, message: Mapping[str, Any], last: Mapping[str, Any] | None) -> bool:
        """Return whether a message is kept; of what is printed, shorten what is kept.

        Args:
            message: from the kernel, with its size in bytes.
            last: the output before it.
        """
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            joins = last is not None and last.get("name") == content.get("name")
            text = content.get("text")
            if text is None:  # too large to be read
                self.left_out += message["size"]
                return False
            content["text"] = self._shortened(text, 0 if joins else _EACH)
            return bool(content["text"])
        if kind in _SENT or kind.startswith("comm_"):
            self._sent += message["size"] + _EACH
            return not self.is_full
        return True

    def _shortened(self, text: str, more: int) -> str:
        data = text.encode("utf-8", "surrogatepass")
        kept = data[: max(0, MAX_PRINTED - self._printed - more)]
        self._printed += len(kept) + (more if kept else 0)
        self.left_out += len(data) - len(kept)
        return text if len(kept) == len(data) else kept.decode("utf-8", "ignore")
