"""The form in which a page shows an output: the richest that it can, or the next one down."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from post_builder.errors import RenderError
from post_builder.execution.run import Output
from post_builder.rendering.figures.animation import animation_in_script
from post_builder.rendering.figures.charts import Chart, chart_in_script, is_chart, read_chart
from post_builder.rendering.figures.drawings.inline import with_drawings
from post_builder.rendering.figures.images import KINDS, Image, read_image
from post_builder.rendering.figures.media import SUFFIXES
from post_builder.rendering.figures.pages import Page
from post_builder.rendering.markup.formulas import formulas_in_html, latex_html
from post_builder.rendering.markup.markdown import markdown_html
from post_builder.rendering.markup.sanitise import Cleaned, clean, limited, player
from post_builder.rendering.markup.source import Embedded, NotShownError, Source, read_source
from post_builder.rendering.text.cleaner import TextCleaner
from post_builder.rendering.text.terminal import without_controls
from post_builder.rendering.widgets import is_widget, widget_text

_MARKUP = ("text/html", "text/markdown", "text/latex", "application/json", "application/geo+json")
"""Kinds of text with a structure, the richest first."""

_SCRIPTS = ("application/javascript", "text/javascript")

_DEFAULT_REPR = re.compile(r"<[\w.]{1,200}(?: object)?(?: at 0x[0-9a-f…]{1,20})?>")
"""What Python writes for an object that has nothing to say."""

_EMPTY = "its HTML is empty"
"""A problem only where something else is shown: nobody misses what shows nothing."""

_LOADER = "bk-notebook-logo"
"""A class in what Bokeh shows while it loads its library."""

_ONLY_SVG = re.compile(
    r"\s*(?:<(?:div|span)\b[^<>]{0,500}>\s*){0,5}(<svg\b.*</svg>)\s*(?:</(?:div|span)>\s*){0,5}",
    re.DOTALL,
)


class Text(Struct, frozen=True):
    """Text as a terminal shows it."""

    kind: str
    """Classes of the block."""
    text: str
    """Clean; codes of colours are left."""


class Markup(Struct, frozen=True):
    """Clean HTML."""

    kind: str
    """Class of the block."""
    cleaned: Cleaned


Form = Text | Markup | Image | Chart | Page

_NAMES: Mapping[type, str] = {
    Text: "its text",
    Markup: "a simpler form",
    Image: "its image",
    Chart: "its chart",
    Page: "its page",
}


class Chooser(Struct):
    """Chooses the forms of the outputs of one cell."""

    clean: TextCleaner
    trusted: bool
    """Whether the HTML of the cell is shown as it is."""
    notes: list[str] = field(default_factory=list)
    """What is not shown, a sentence for each."""

    def choose(self, output: Output) -> Form | None:
        """Return the richest form of an output that a page can show; None if there is none.

        Raises:
            RenderError: if an image cannot be read.
        """
        data, metadata = _mapping(output.get("data")), _mapping(output.get("metadata"))
        if is_widget(data) and (state := widget_text(data)) is not None:
            shown = self.clean.log(state)
            return Text("result", shown) if shown else None
        problems: list[str] = []
        for kind in _by_richness(data, trusted=self.trusted):
            try:
                form = self._form(kind, data[kind], _mapping(metadata.get(kind)))
            except NotShownError as error:
                problems.append(str(error))
                continue
            self._note(problems, form)
            return form
        problems += [_cannot_be_shown(kind) for kind in data if not _is_known(kind)]
        text = self._plain(data, missed=bool(problems))
        self._note([problem for problem in problems if text or problem != _EMPTY], text)
        return text

    def _note(self, problems: list[str], form: Form | None) -> None:
        if problems:
            instead = f"{_NAMES[type(form)]} is shown instead" if form else "nothing is shown"
            self.notes.append(f"{'; '.join(problems)}: {instead}")

    def _form(self, kind: str, content: object, metadata: Mapping[str, Any]) -> Form:
        if is_chart(kind):
            return self._chart(read_chart(kind, content))
        if kind.endswith("json"):
            return self._json(content)
        return self._read(kind, _text(kind, content), metadata)

    def _read(self, kind: str, text: str, metadata: Mapping[str, Any]) -> Form:
        if kind in KINDS:
            return read_image(kind, self.clean.scrubbed(text) if "svg" in kind else text, metadata)
        if kind in _SCRIPTS:
            return Page(f"<script>{text}</script>")
        if kind in SUFFIXES:
            file = Embedded(kind, f"data:{kind};base64,{text}")
            file.data()  # refuses what is not Base64
            return Markup("media", player(file))
        readers = {"text/html": self._html, "text/markdown": self._markdown}
        return readers.get(kind, self._latex)(text)

    def _html(self, text: str) -> Form:
        if self.trusted:
            return Page(text)
        if _LOADER in text:
            raise NotShownError("its HTML only loads a library for other outputs")
        if drawing := self._drawing(text):
            return drawing
        source = read_source(with_drawings(text, self.clean.scrubbed))
        if moving := animation_in_script(source.scripts):
            return moving
        chart = chart_in_script(source.scripts)
        return self._chart(chart) if chart else self._markup("html", source)

    def _chart(self, chart: Chart) -> Chart:
        return replace(chart, data=self.clean.scrubbed(chart.data.decode()).encode())

    def _drawing(self, text: str) -> Image | None:
        """Return the drawing that some HTML consists of."""
        drawing = _ONLY_SVG.fullmatch(text)
        try:
            return drawing and read_image("image/svg+xml", self.clean.scrubbed(drawing[1]), {})
        except RenderError:  # HTML allows in a drawing what a file must not contain
            return None

    def _markdown(self, text: str) -> Form:
        try:
            markup = markdown_html(text, self.clean.site.settings.output_limit)
        except NotShownError as error:
            self.notes.append(f"{error}: its source is shown instead")
            return Text("result", self.clean.text(text))
        return self._markup("markdown", read_source(with_drawings(markup, self.clean.scrubbed)))

    def _markup(self, kind: str, source: Source) -> Markup:
        settings = self.clean.site.settings
        source = replace(source, markup=self.clean.scrubbed(source.markup))
        cleaned = limited(clean(source, settings.image_hosts), settings.html_limit)
        dropped = ", ".join(cleaned.dropped)
        if not cleaned.visible:
            cure = " (.trusted-html shows it)" if kind == "html" else ""
            missing = f"its HTML shows nothing without {dropped}{cure}"
            raise NotShownError(missing if dropped else _EMPTY)
        for file in cleaned.attachments:
            file.data()  # refuses what is not Base64
        if dropped:
            all_of_it = "; .trusted-html shows all of it" if kind == "html" else ""
            self.notes.append(f"its HTML is shown without {dropped}{all_of_it}")
        return Markup(kind, replace(cleaned, html=formulas_in_html(cleaned.html)))

    def _latex(self, text: str) -> Form:
        if len(text) > self.clean.site.settings.output_limit:
            raise NotShownError(f"its LaTeX has {len(text):,} characters")
        lines = without_controls(self.clean.line(text)).split("\n")
        return Markup("latex", Cleaned(latex_html("\n".join(line.rstrip() for line in lines))))

    def _json(self, content: object) -> Text:
        try:
            text = json.dumps(content, indent=2, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise NotShownError(f"its JSON cannot be written: {error}") from error
        return Text("json", self.clean.text(text))

    def _plain(self, data: Mapping[str, object], *, missed: bool) -> Text | None:
        """Return the plain text of an output, unless it says nothing."""
        try:
            text = self.clean.text(_text("text/plain", data.get("text/plain", "")))
        except NotShownError as error:
            self.notes.append(f"{error}: nothing is shown")
            return None
        is_silent = not text.strip() or (missed and _DEFAULT_REPR.fullmatch(text))
        return None if is_silent else Text("result", text)


def _by_richness(data: Mapping[str, object], *, trusted: bool) -> list[str]:
    """Return the kinds of a bundle that a page may show, the richest first.

    A formula is better shown as text, though some libraries draw it as well.
    """
    charts = [kind for kind in data if is_chart(kind)]
    images = [kind for kind in KINDS if kind in data and "text/latex" not in data]
    media = [kind for kind in data if kind in SUFFIXES]
    scripts = [kind for kind in _SCRIPTS if trusted and kind in data]
    return [*charts, *images, *media, *(kind for kind in _MARKUP if kind in data), *scripts]


def has_figure(output: Output) -> bool:
    """Return whether an output becomes a file rather than text."""
    data = _mapping(output.get("data"))
    return "text/latex" not in data and any(
        is_chart(kind) or kind in {*KINDS, *SUFFIXES} for kind in data
    )


def _cannot_be_shown(kind: str) -> str:
    cure = " (.trusted-html runs it)" if kind in _SCRIPTS else ""
    return f"{kind} cannot be shown{cure}"


def _is_known(kind: str) -> bool:
    return is_chart(kind) or kind in {*KINDS, *SUFFIXES, *_MARKUP, "text/plain"}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(kind: str, content: object) -> str:
    """Return the text of a form; nbformat allows a list of its lines.

    Raises:
        NotShownError: if it is none.
    """
    lines = content if isinstance(content, list) else [content]
    texts = [line for line in lines if isinstance(line, str)]
    if len(texts) < len(lines):
        raise NotShownError(f"{kind} of type {type(content).__name__} is not a text")
    return "".join(texts)
