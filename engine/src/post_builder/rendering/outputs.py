"""Reading the outputs of cells: which forms they are shown in, and what is said about them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from post_builder.document.code.sessions import Example
from post_builder.document.options import Tag
from post_builder.document.post import Cell, Post, Value
from post_builder.errors import RenderError
from post_builder.execution.run import CellRun, Output, Run
from post_builder.rendering.figures.images import Image
from post_builder.rendering.figures.pages import joined
from post_builder.rendering.forms import Chooser, Form, Text
from post_builder.rendering.notes import Note
from post_builder.rendering.text.cleaner import TextCleaner
from post_builder.rendering.text.secrets import refuse_secret
from post_builder.rendering.text.sessions import is_result, with_results
from post_builder.rendering.text.streams import merge_streams, stream_text
from post_builder.site import Site

_ARTIST = re.compile(
    r"<(?:[\w.]{0,200}Axes\w{0,80}: .*|[\w.]{1,200}(?: object)? at 0x…)>"
    r"|<\w{1,80}Container object of \d+ artists>"
    r"|[\[(]{1,2}<matplotlib\..*[\])]|(?:Text|Annotation)\(-?\d.*\)"
    r"|array\(\[+<Axes.*dtype=object\)|\{'(?:whiskers|bodies|cmaxes)': .*\}"
    r"|\(\[?array\(.*(?:BarContainer objects?|BarContainer object of \d+ artists)>\)",
    re.DOTALL,
)
"""What plotting functions return: the figure says it better."""

_HEAVY = 1_000_000
"""Bytes of a drawing from which on a raster image may serve readers better."""

Stderr = Literal["show", "remove", "fail"]


class CellOutputs(Struct, frozen=True):
    """The outputs of a cell as a page shows them."""

    forms: tuple[Form, ...] = ()
    notes: tuple[Note, ...] = ()
    session: tuple[Example, ...] = ()
    """For a session, its inputs with their new results."""


class OutputReader(Struct, frozen=True):
    """Reads the outputs of one post."""

    post: Post
    site: Site
    clean: TextCleaner
    allowed_secrets: frozenset[str]
    stderr: Stderr

    @classmethod
    def of(cls, post: Post, run: Run, site: Site) -> OutputReader:
        """Prepare to read a run of a post.

        Raises:
            RenderError: if its front matter has a key of the engine with an unfit value.
        """
        own = post.front_matter.get("allowed_secrets", [])
        stderr = post.front_matter.get("stderr", site.settings.stderr)
        if not isinstance(own, list):
            raise RenderError("allowed_secrets must be a list of names", post.place(1))
        if stderr not in ("show", "remove", "fail"):
            raise RenderError("stderr must be show, remove or fail", post.place(1))
        allowed = frozenset({*site.settings.allowed_secrets, *map(str, own)})
        return cls(post, site, TextCleaner(site, run.names, run.elsewhere), allowed, stderr)

    def read(self, cell: Cell, run: CellRun) -> CellOutputs:
        """Choose the form of each output of a cell.

        Raises:
            RenderError: with the line of the cell.
        """
        session = self._session(cell, run) if cell.session else ()
        if Tag.REMOVE_OUTPUT in cell.options.tags:
            return CellOutputs(session=session)
        # what is not a figure is within a session
        own = [o for o in run.outputs if not (cell.session and is_result(o))]
        chooser = Chooser(self.clean, Tag.TRUSTED_HTML in cell.options.tags)
        place = self.post.place(cell.line)
        try:
            outputs = self._wanted(cell, tuple(merge_streams(own)))
            forms = [form for output in outputs if (form := self._form(output, chooser))]
        except RenderError as error:
            message = f"cell {cell.name}: {error.message}"
            raise RenderError(message, error.place or place, error.hint) from error
        forms = joined(forms)
        kept = forms if self.site.settings.keep_artists else _without_artists(forms)
        said = [*chooser.notes, *_heavy(kept)]
        notes = tuple(Note(place, f"cell {cell.name}: {note}") for note in dict.fromkeys(said))
        return CellOutputs(tuple(kept), notes, session)

    def _session(self, cell: Cell, run: CellRun) -> tuple[Example, ...]:
        examples = with_results(self.post, cell, run, self.clean)
        for example in examples:
            place = self.post.place(cell.line + 1 + example.index)
            refuse_secret(example.result, "the result", place, self.allowed_secrets)
        return examples

    def _wanted(self, cell: Cell, outputs: Sequence[Output]) -> list[Output]:
        """Leave out stderr where the author wants none."""
        own = Tag.REMOVE_STDERR in cell.options.tags
        policy = "remove" if own else self.stderr
        written = [output for output in outputs if output.get("name") == "stderr"]
        if written and policy == "fail":
            hint = "mark the cell .remove-stderr if it may"
            raise RenderError("it wrote to stderr", hint=hint)
        return [o for o in outputs if policy == "show" or o not in written]

    def _form(self, output: Output, chooser: Chooser) -> Form | None:
        if output["output_type"] == "stream":
            kind, text = stream_text(output, self.clean)
            return Text(kind, text) if text.strip() else None  # readers would see an empty box
        if output["output_type"] == "error":
            return Text("error", self.clean.traceback(output["traceback"]))
        return chooser.choose(output)

    def value(self, value: Value, text: str) -> str:
        """Clean the text of a value.

        Raises:
            RenderError: if it looks like a secret.
        """
        clean = self.clean.line(text)
        place = self.post.place(value.line)
        refuse_secret(clean, f"the value {value.expression!r}", place, self.allowed_secrets)
        return clean


def _without_artists(forms: Sequence[Form]) -> list[Form]:
    """Drop what plotting functions returned, where a figure shows it."""
    if not any(isinstance(form, Image) for form in forms):
        return list(forms)
    return [form for form in forms if not _is_artist(form)]


def _is_artist(form: Form) -> bool:
    return isinstance(form, Text) and form.kind == "result" and bool(_ARTIST.fullmatch(form.text))


def _heavy(forms: Sequence[Form]) -> Iterator[str]:
    for form in forms:
        if isinstance(form, Image) and form.suffix == "svg" and len(form.data) > _HEAVY:
            size = len(form.data) / 1e6
            yield f'its figure has {size:.1f} MB; data-format="png" makes it a raster image'
