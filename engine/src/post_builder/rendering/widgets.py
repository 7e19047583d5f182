"""The last state of a widget as text: a page has no kernel that could answer it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from post_builder.execution.run import WIDGET_STATES, WIDGET_VIEW

_MODEL = "IPY_MODEL_"
"""How the state of a widget refers to another."""

_TAG = re.compile(r"<[^<>]{0,1000}>")
_MARKUP = frozenset({"HTMLModel", "HTMLMathModel", "LabelModel"})
_BARS = frozenset({"IntProgressModel", "FloatProgressModel"})
_BAR_WIDTH = 10
"""Characters."""

_MAX_DEPTH = 20

States = Mapping[str, Mapping[str, Any]]


def is_widget(data: Mapping[str, object]) -> bool:
    """Return whether an output is a widget whose state is known."""
    return isinstance(data.get(WIDGET_VIEW), Mapping) and isinstance(
        data.get(WIDGET_STATES), Mapping
    )


def widget_text(data: Mapping[str, Any]) -> str | None:
    """Return the text of a widget when its cell ended.

    Args:
        data: the forms of an output; `is_widget` is true of it.

    Returns:
        An empty text if the widget was closed; None if it has no text.
    """
    states, model = data[WIDGET_STATES], str(data[WIDGET_VIEW].get("model_id"))
    return _text(model, states, 0) if model in states else ""


def _text(model: str, states: States, depth: int) -> str | None:
    state = states.get(model, {})
    name = str(state.get("_model_name", ""))
    if depth > _MAX_DEPTH:
        return None
    if children := state.get("children"):
        texts = [_text(child, states, depth + 1) for child in _models(children)]
        return (" " if name == "HBoxModel" else "\n").join(filter(None, texts)) or None
    if name == "OutputModel":
        return "".join(_outputs(state.get("outputs") or ())).removesuffix("\n")
    if name in _MARKUP:
        return html.unescape(_TAG.sub("", str(state.get("value", "")))).strip("\n\xa0 ")
    if name == "ButtonModel":
        return f"[{state.get('description', '')}]"
    return _control(name, state)


def _control(name: str, state: Mapping[str, Any]) -> str | None:
    """Return the description and the value of a control or a bar."""
    shown = state.get("value")
    if name in _BARS:
        shown = _bar(state)
    elif "_options_labels" in state:
        shown = _chosen(state)
    return None if shown is None else f"{_label(state)}{shown}"


def _models(children: object) -> Iterator[str]:
    for child in children if isinstance(children, list | tuple) else ():
        yield str(child).removeprefix(_MODEL)


def _label(state: Mapping[str, Any]) -> str:
    description = str(state.get("description") or "")
    return f"{description.removesuffix(':')}: " if description else ""


def _bar(state: Mapping[str, Any]) -> str:
    try:
        low, high, value = (float(state[key]) for key in ("min", "max", "value"))
        part = (value - low) / (high - low)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        part = 0.0
    return f"|{'█' * round(min(max(part, 0), 1) * _BAR_WIDTH):<{_BAR_WIDTH}}|"


def _chosen(state: Mapping[str, Any]) -> str | None:
    labels, index = state["_options_labels"], state.get("index")
    chosen = index if isinstance(index, list | tuple) else [index]
    known = [labels[i] for i in chosen if isinstance(i, int) and 0 <= i < len(labels)]
    return ", ".join(map(str, known)) or None


def _outputs(outputs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for output in outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain") or ""
        yield "".join(text)
