"""Interactive charts: their description as JSON, always the same for the same chart."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from post_builder.rendering.markup.source import NotShownError

Library = Literal["plotly", "vega"]

_PLOTLY = "application/vnd.plotly.v1+json"
_VEGA = re.compile(r"application/vnd\.vega(?:lite)?\.v\d{1,2}(?:\.\d{1,3})?\+json")
_PLOTLY_CALL = re.compile(r"Plotly\.(?:newPlot|react)\(\s*[\"'][\w-]{1,80}[\"']\s*,\s*")
_VEGA_CALL = re.compile(r"\}\)\((?=\{)")
_RANDOM = frozenset({"uid", "uirevision"})
"""Keys of Plotly whose values differ from run to run."""

_MAPS = frozenset(
    f"{kind}{suffix}"
    for kind in ("scatter", "choropleth", "density")
    for suffix in ("geo", "map", "mapbox")
) | {"choropleth"}
"""Traces of Plotly that load maps."""

_LOADS = re.compile(
    r"\b(?:url|image|image-set|cross-fade|src)\(\s*[\"']?\s*(?:https?:)?[/\\]{2}", re.IGNORECASE
)
"""A style that loads something."""

_COLOUR = re.compile(r"\b(?:rgb|hsl)a?\(", re.IGNORECASE)
_STYLED = re.compile(r"<\w(?>[^<>]*?\bstyle\s*=)[^<>]*?[(\\&{]", re.IGNORECASE)
"""A tag in a text of Plotly whose style does more than name."""

_FILLED = re.compile(r"<(?:[^<>%]|%(?!\{)|(?<=href=[\"'])%\{[\w\[\]]{1,80}\}(?=[\"']))*+%\{")
"""A tag in a template of Plotly into which data are put, other than the address of a link."""

_BIND = frozenset({"input", "name", "options", "labels", "min", "max", "step", "debounce", "value"})
_INPUTS = frozenset(
    {"checkbox", "color", "date", "month", "number", "radio", "range", "select", "text", "time"}
)
"""What an input of a Vega chart may have, and be; others become attributes, or leave the chart."""

_HEIGHTS = (50, 5_000)
_DEFAULT_HEIGHT = {"plotly": 450, "vega": 300}


class Chart(Struct, frozen=True):
    """A chart that a library draws in the browser."""

    library: Library
    data: bytes
    """JSON."""
    height: int
    """CSS pixels."""


def is_chart(kind: str) -> bool:
    """Return whether a MIME type is that of a chart."""
    return kind == _PLOTLY or bool(_VEGA.fullmatch(kind))


def read_chart(kind: str, content: object) -> Chart:
    """Read the description of a chart.

    Raises:
        NotShownError: if it is not one, or would load from other hosts.
    """
    if not isinstance(content, Mapping):
        raise NotShownError("its chart is not described by a mapping")
    return _plotly(content) if kind == _PLOTLY else _vega(content)


def chart_in_script(script: str) -> Chart | None:
    """Find the description of a chart in a script that would draw it."""
    try:
        if call := _PLOTLY_CALL.search(script):
            data, end = _json_at(script, call.end())
            layout, _ = _json_at(script, end)
            return _plotly({"data": data, "layout": layout})
        for call in _VEGA_CALL.finditer(script):
            spec, _ = _json_at(script, call.end())
            if isinstance(spec, dict) and "vega" in str(spec.get("$schema")):
                return _vega(spec)
    except ValueError:
        return None
    return None


def is_written(library: str, data: bytes) -> bool:
    """Return whether the file of a chart is one that a build could have left for a library."""
    try:
        spec = json.loads(data)
        chart = _plotly(spec) if library == "plotly" else _vega(spec)
    except (ValueError, AttributeError, RecursionError, NotShownError):
        return False
    return chart.data == data


def _json_at(script: str, position: int) -> tuple[Any, int]:
    """Read the JSON value at a position; return it and where the next argument begins."""
    value, end = json.JSONDecoder().raw_decode(script, position)
    separator = re.compile(r"\s*,\s*").match(script, end)
    return value, separator.end() if separator else end


def _plotly(content: Mapping[str, Any]) -> Chart:
    spec = {key: content[key] for key in ("data", "layout", "frames") if content.get(key)}
    if not isinstance(spec.get("data", []), list) or not isinstance(
        spec.get("layout", {}), Mapping
    ):
        raise NotShownError("its Plotly chart has no list of traces")
    _refuse_loading(spec, ("source",))
    for key, kind in _entries(spec):
        if _last(key) == "type" and kind in _MAPS:
            raise NotShownError(f"its Plotly chart ({kind}) would load maps from other hosts")
    for text in _texts(spec):
        if _STYLED.search(_COLOUR.sub("", text)) or _FILLED.search(text):
            raise NotShownError("its Plotly chart has a style that may load from other hosts")
    return Chart("plotly", _json(spec, _RANDOM), _height(spec.get("layout"), "plotly"))


def _vega(content: Mapping[str, Any]) -> Chart:
    spec = {key: value for key, value in content.items() if key != "usermeta"}
    _refuse_loading(spec, ("url",))
    for part in _parts(spec):
        if isinstance(part, Mapping) and not _is_bound(part.get("bind")):
            raise NotShownError("its chart has an input that is not in its place")
    return Chart("vega", _json(spec), _height(spec, "vega"))


def _is_bound(bind: object) -> bool:
    """Return whether an input of a Vega chart has only what an input needs, in the chart."""
    if not isinstance(bind, Mapping):
        return True  # `scales`, `legend`
    if "input" not in bind and all(isinstance(one, Mapping) for one in bind.values()):
        return all(map(_is_bound, bind.values()))  # one for each field
    return bind.keys() <= _BIND and str(bind.get("input")) in _INPUTS


def _normal(value: object, dropped: frozenset[str] = frozenset()) -> object:
    """Return a value without random keys, and with null for what JSON has no number for."""
    if isinstance(value, Mapping):
        return {k: _normal(v, dropped) for k, v in value.items() if k not in dropped}
    if isinstance(value, list):
        return [_normal(item, dropped) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _refuse_loading(spec: object, keys: tuple[str, ...]) -> None:
    """Refuse a chart with an address of another host under some keys, or in a style."""
    for key, value in _entries(spec):
        if _last(key) in keys:
            host = urlsplit(value.strip().replace("\\", "/")).netloc
            if host:
                raise NotShownError(f"its chart would load from {host}")
    for text in _texts(spec):
        if _LOADS.search(text):
            raise NotShownError("its chart has a style that would load from another host")


def _last(key: str) -> str:
    """Return the last part of a path, as buttons of Plotly name what they change."""
    return key.rpartition(".")[2]


def _parts(value: object) -> Iterator[Mapping[str, object] | list[object]]:
    """Yield all mappings and lists in a description."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Mapping):
            yield here
            waiting += here.values()
        elif isinstance(here, list):
            yield here
            waiting += here


def _entries(spec: object) -> Iterator[tuple[str, str]]:
    """Yield each key with each text that it has; in lists, what follows a text is its value."""
    for part in _parts(spec):
        pairs = part.items() if isinstance(part, Mapping) else pairwise(part)
        for key, value in pairs:
            if isinstance(key, str):
                values = value if isinstance(value, list) else [value]
                yield from ((key, text) for text in values if isinstance(text, str))


def _texts(spec: object) -> Iterator[str]:
    for part in _parts(spec):
        values = part.values() if isinstance(part, Mapping) else part
        yield from (text for text in values if isinstance(text, str))


def _json(spec: object, dropped: frozenset[str] = frozenset()) -> bytes:
    """Write JSON whose bytes depend on the values alone."""
    try:
        normal = _normal(spec, dropped)
        text = json.dumps(normal, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise NotShownError(f"its chart cannot be written as JSON: {error}") from error
    return f"{text}\n".encode("utf-8", "replace")


def _height(spec: object, library: Library) -> int:
    height = spec.get("height") if isinstance(spec, Mapping) else None
    if isinstance(height, bool) or not isinstance(height, int | float):
        return _DEFAULT_HEIGHT[library]
    lowest, highest = _HEIGHTS
    return round(height) if lowest <= height <= highest else _DEFAULT_HEIGHT[library]
