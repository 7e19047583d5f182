"""What a code cell of a notebook asks for, as the options of a post's cell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct, field
from nbformat import NotebookNode

from post_builder.commands.drawing import draws
from post_builder.document.figure_tag import PLACEHOLDER_ALT
from post_builder.document.options import Attribute, Tag
from post_builder.yaml_reader import YamlError, read_mapping

_FOLDED = "code that runs is shown, so it is folded instead of removed"

_BY_TAG: dict[str, tuple[Tag, ...]] = {
    "hide-cell": (Tag.HIDE_INPUT, Tag.HIDE_OUTPUT),
    "hide": (Tag.HIDE_INPUT, Tag.REMOVE_OUTPUT),
    "remove-input": (Tag.HIDE_INPUT,),
    "remove-cell": (Tag.HIDE_INPUT, Tag.REMOVE_OUTPUT),
    "remove-stdout": (Tag.REMOVE_OUTPUT,),
    "collapse": (Tag.HIDE_INPUT,),
    "collapse-hide": (Tag.HIDE_INPUT,),
    "collapse-show": (),
    "collapse-input": (Tag.HIDE_INPUT,),
    "collapse-output": (Tag.HIDE_OUTPUT,),
    "nbval-skip": (Tag.SKIP_EXECUTION,),
    "no-execute": (Tag.SKIP_EXECUTION,),
    "nbval-raises-exception": (Tag.RAISES_EXCEPTION,),
}
"""Options that a tag of another tool means, besides tags of the same name."""

_REMOVED = frozenset({"remove-input", "remove-cell", "hide"})
"""Tags that take code off the page, which posts do not."""

_BY_METADATA = (
    (("jupyter", "source_hidden"), Tag.HIDE_INPUT),
    (("jupyter", "outputs_hidden"), Tag.HIDE_OUTPUT),
    (("collapsed",), Tag.HIDE_OUTPUT),
    (("hide_input",), Tag.HIDE_INPUT),
    (("hide_output",), Tag.HIDE_OUTPUT),
    (("_kg_hide-input",), Tag.HIDE_INPUT),
    (("_kg_hide-output",), Tag.HIDE_OUTPUT),
    (("inputHidden",), Tag.HIDE_INPUT),
    (("outputHidden",), Tag.HIDE_OUTPUT),
)
"""Where JupyterLab, Jupyter's extensions, Kaggle and nteract keep what is hidden."""

_FLAG = re.compile(r"#\s*(?P<tag>hide_input|hide_output|hide|collapse(?:[-_]\w+)?|remove_cell)\s*")
"""A first line by which fastpages and nbdev hide parts of a cell."""

_OPTION = re.compile(r"#\|\s*(?P<key>[\w-]+)(?:\s*:\s*(?P<value>.*?))?\s*")
"""An option of Quarto or nbdev."""

_BY_OPTION: dict[tuple[str, str], tuple[Tag, ...]] = {
    ("echo", "false"): (Tag.HIDE_INPUT,),
    ("eval", "false"): (Tag.SKIP_EXECUTION,),
    ("output", "false"): (Tag.REMOVE_OUTPUT,),
    ("include", "false"): (Tag.HIDE_INPUT, Tag.REMOVE_OUTPUT),
    ("error", "true"): (Tag.RAISES_EXCEPTION,),
    ("code-fold", "true"): (Tag.HIDE_INPUT,),
    ("hide", ""): (Tag.HIDE_INPUT, Tag.REMOVE_OUTPUT),
    ("hide_input", ""): (Tag.HIDE_INPUT,),
    ("hide_output", ""): (Tag.REMOVE_OUTPUT,),
    ("hide_line", ""): (),
}


class CellOptions(Struct):
    """The options of one cell."""

    name: str
    code: str
    """Without lines that are options."""
    tags: set[Tag] = field(default_factory=set)
    attributes: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What has no counterpart."""

    def __str__(self) -> str:
        """Return the options as they are in a post."""
        tags = (f".{tag}" for tag in sorted(self.tags))
        attributes = (f'{key}="{_quoted(text)}"' for key, text in self.attributes.items())
        return " ".join([f"#{self.name}", *tags, *attributes])


def read_options(cell: NotebookNode, name: str) -> CellOptions:
    """Read the options of a code cell from its metadata, its first lines and its outputs."""
    options = CellOptions(name, "")
    options.code = "\n".join(_without_options(cell.source.split("\n"), options)).strip("\n")
    for tag in cell.metadata.get("tags", ()):
        _add_tag(options, str(tag))
    for path, hidden in _BY_METADATA:
        if _at(cell.metadata, path):
            options.tags.add(hidden)
    if cell.metadata.get("cellView") == "form":
        options.tags.add(Tag.HIDE_INPUT)
    outputs = cell.get("outputs", [])
    if any(output.output_type == "error" for output in outputs):
        options.tags.add(Tag.RAISES_EXCEPTION)
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    if any(kind.startswith("image/") for kind in kinds) or draws(options.code):
        options.attributes.setdefault(Attribute.ALT, PLACEHOLDER_ALT)
    if any("widget-view" in kind for kind in kinds):
        options.notes.append("it shows a widget, of which a page shows the last state at best")
    return options


def _add_tag(options: CellOptions, written: str) -> None:
    """Add what a tag means; a tag without a meaning here is somebody else's."""
    tag = written.lower().replace("_", "-")
    options.tags |= {known for known in Tag if known == tag}
    options.tags |= set(_BY_TAG.get(tag, ()))
    if tag in _REMOVED:
        options.notes.append(f"tag {written}: {_FOLDED}")


def _at(metadata: object, path: tuple[str, ...]) -> bool:
    for key in path:
        metadata = metadata.get(key) if isinstance(metadata, dict) else None
    return metadata is True or str(metadata).lower() == "true"


def _without_options(lines: list[str], options: CellOptions) -> Iterator[str]:
    """Yield the lines of code, and read those that are options."""
    first = True
    for line in lines:
        if first and (option := _OPTION.fullmatch(line.strip())):
            _read_option(option["key"], (option["value"] or "").strip(), options)
        elif first and (flag := _FLAG.fullmatch(line.strip())):
            _add_tag(options, flag["tag"])
        elif not _is_figure_magic(line):
            first = first and not line.strip()
            yield line


def _is_figure_magic(line: str) -> bool:
    """Return whether a line asks for figures in the notebook, which are the default here."""
    return bool(re.match(r"%(?:matplotlib|config\s+InlineBackend)\b", line))


def _read_option(key: str, value: str, options: CellOptions) -> None:
    plain = _value(value)
    if key in {"fig-cap", "fig-alt"}:
        options.attributes[Attribute.CAPTION if key == "fig-cap" else Attribute.ALT] = plain
    elif key == "label" and re.fullmatch(r"[A-Za-z][\w-]*", plain):
        options.name = plain
    elif (key, plain.lower()) in _BY_OPTION:
        options.tags |= set(_BY_OPTION[key, plain.lower()])
        if (key, plain.lower()) in {("echo", "false"), ("include", "false"), ("hide", "")}:
            options.notes.append(f"#| {key}: {_FOLDED}")
    elif plain.lower() not in {"true", "false"} or key not in {k for k, _ in _BY_OPTION}:
        options.notes.append(f"#| {key}{f': {value}' if value else ''} has no counterpart")


def _value(written: str) -> str:
    """Return the text of an option's value, which is YAML."""
    try:
        value = read_mapping(f"value: {written}")["value"]
    except YamlError:
        return written
    return "" if value is None else str(value)


def _quoted(text: str) -> str:
    return text.replace('"', "&quot;").replace("}", r"\}")
