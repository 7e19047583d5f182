"""Widgets: their last state is text on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from runs import shown_text

from post_builder.execution.run import WIDGET_STATES, WIDGET_VIEW
from post_builder.rendering.regions.rendered import RenderedCell

Render = Callable[..., RenderedCell]

TQDM = {
    "box": {"_model_name": "HBoxModel", "children": ["IPY_MODEL_a", "IPY_MODEL_b", "IPY_MODEL_c"]},
    "a": {"_model_name": "HTMLModel", "value": "epochs: 100%"},
    "b": {"_model_name": "FloatProgressModel", "min": 0, "max": 20, "value": 20.0},
    "c": {"_model_name": "HTMLModel", "value": " 20/20 [00:00&lt;00:00, 97.13it/s]"},
}
"""The models of a bar of `tqdm.notebook`."""


def widget(model: str, states: dict[str, Any]) -> dict[str, Any]:
    """Return the output of a widget."""
    data = {WIDGET_VIEW: {"model_id": model}, WIDGET_STATES: states, "text/plain": "repr"}
    return {"output_type": "display_data", "data": data, "metadata": {}}


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"_model_name": "IntSliderModel", "description": "x:", "value": 3}, "x: 3"),
        ({"_model_name": "CheckboxModel", "description": "on", "value": True}, "on: True"),
        ({"_model_name": "ButtonModel", "description": "Run"}, "[Run]"),
        ({"_model_name": "LabelModel", "value": "a &amp; <b>b</b>"}, "a &amp; b"),
        (
            {"_model_name": "DropdownModel", "_options_labels": ["a", "b"], "index": 1},
            "b",
        ),
        (
            {"_model_name": "SelectMultipleModel", "_options_labels": ["a", "b"], "index": [0, 1]},
            "a, b",
        ),
        (
            {"_model_name": "OutputModel", "outputs": [{"text": "1\n"}, {"data": {}}]},
            "1",
        ),
        (
            {"_model_name": "IntProgressModel", "min": 0, "max": 0, "value": 0},
            "&#124;          &#124;",
        ),
        ({"_model_name": "DrawingModel"}, "repr"),
    ],
)
def test_a_widget_is_its_last_state(rendered: Render, state: dict[str, Any], text: str) -> None:
    """What a reader would see of it; one without a text is its repr."""
    cell = rendered(widget("m", {"m": state}))
    assert shown_text(text, "result") in cell.region


def test_a_bar_is_what_tqdm_prints(rendered: Render) -> None:
    """Its end, without the times."""
    region = rendered(widget("box", TQDM)).region
    assert "epochs: 100% &#124;██████████&#124; 20/20 […]</pre>" in region


def test_a_closed_widget_is_gone(rendered: Render) -> None:
    """As a bar that its author does not want to stay."""
    assert rendered(widget("gone", TQDM)).region == ""


def test_widgets_in_circles_are_their_repr(rendered: Render) -> None:
    """No browser could show them either."""
    states = {"m": {"_model_name": "VBoxModel", "children": ["IPY_MODEL_m"]}}
    assert ">repr</pre>" in rendered(widget("m", states)).region
