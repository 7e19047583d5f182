"""A post to start from: an empty one, or one made of a notebook."""

from __future__ import annotations

import base64
import datetime as dt
import html
import json
import mimetypes
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from post_builder.errors import Place, PostError, SiteError
from post_builder.files import write_atomically
from post_builder.document.options import TAGS
from post_builder.document.post import parse, splice
from post_builder.site import Site

_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}

PLACEHOLDER_ALT = "Say here what the figure shows"
"""Stands where a notebook had an image without words for it; `check` asks for them."""

_BODY = """Say in a paragraph what readers will have at the end.

```python
greeting = "Hello, reader"
print(greeting)
```
{: #greeting}

The greeting has <span data-value="len(greeting)"></span> letters.
"""

_ATTACHMENT = re.compile(r"!\[(?P<alt>[^\]]*)\]\(attachment:(?P<name>[^)\s]+)\)")
_DATA_URI = re.compile(
    r"!\[(?P<alt>[^\]]*)\]\(data:(?P<kind>image/[\w.+-]+);base64,(?P<data>[^)]+)\)"
)


def new_post(site: Site, title: str, today: dt.date) -> Path:
    """Write a post that builds as it is.

    Raises:
        SiteError: where it is there already.
    """
    return _write(site, title, today, _text(title, today, _KERNEL, _BODY))


def post_from_notebook(site: Site, notebook: Path, today: dt.date) -> Path:
    """Write a post with a notebook's prose and code; its outputs come from the next build.

    Tags with a meaning become options, attached images become files.

    Raises:
        SiteError: where the notebook cannot be read, or the post is there already.
    """
    import nbformat  # noqa: PLC0415  # slow to import

    try:
        node = nbformat.reads(notebook.read_text(encoding="utf-8"), as_version=4)
    except (OSError, ValueError, KeyError, nbformat.ValidationError) as error:
        raise SiteError(f"no notebook: {error}", Place(str(notebook))) from error
    title, cells = _title(node.cells, notebook.stem)
    spec = {**_KERNEL, **node.metadata.get("kernelspec", {})}
    spec["language"] = node.metadata.get("language_info", {}).get("name", spec["language"])
    converter = _Converter(f"assets/images/{_slug(title)}", spec["language"])
    body = "\n\n".join(filter(None, map(converter.convert, cells)))
    text = _shown_only(_text(title, today, spec, f"{body}\n"))
    path = _write(site, title, today, text)
    for name, data in converter.images.items():
        write_atomically(site.root / name, data)
    return path


def _write(site: Site, title: str, today: dt.date, text: str) -> Path:
    path = site.root / "_posts" / f"{today.isoformat()}-{_slug(title)}.md"
    if path.exists():
        raise SiteError("this post is there already", Place(site.shown(path)))
    write_atomically(path, text.encode())
    return path


def _text(title: str, today: dt.date, spec: Mapping[str, str], body: str) -> str:
    kernel = ", ".join(f"{key}: {json.dumps(spec[key])}" for key in _KERNEL)
    lines = [
        "---",
        "layout: single",
        f"title: {json.dumps(title, ensure_ascii=False)}",
        f"date: {today.isoformat()}",
        f"jupyter: {{kernelspec: {{{kernel}}}}}",
        "---",
    ]
    return "\n".join([*lines, "", body])


def _shown_only(text: str) -> str:
    """Keep unnamed code blocks from running: a notebook's prose showed them and ran nothing."""
    try:
        post = parse(text)
    except PostError:
        return text  # the build says what is wrong, with the post there to be mended
    shown = [cell for cell in post.cells if cell.options.name is None] if post else []
    return splice(text, [(cell.region, f"{cell.prefix}{{: .skip-execution}}\n") for cell in shown])


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "post"


def _title(cells: list[Any], default: str) -> tuple[str, list[Any]]:
    """Take a first heading for the title, and out of the text."""
    if cells and cells[0].cell_type == "markdown":
        match = re.match(r"#\s+(?P<title>.+?)\s*#*\s*(?:\n|\Z)", cells[0].source)
        if match:
            cells[0].source = cells[0].source[match.end() :]
            return match["title"], cells
    return default.replace("-", " ").replace("_", " "), cells


def _without_inline_magic(lines: list[str]) -> list[str]:
    """Drop the magic that asks for figures in the notebook: kernels here do so anyway."""
    return [line for line in lines if not re.match(r"%(?:matplotlib|config InlineBackend)\b", line)]


def _for_liquid(text: str) -> str:
    """Keep braces in prose from Liquid."""
    return re.sub(r"\{[{%].*?[%}]\}", r"{% raw %}\g<0>{% endraw %}", text, flags=re.DOTALL)


class _Converter:
    """Turns cells into Markdown, one after another, and collects their images."""

    def __init__(self, folder: str, language: str) -> None:
        self.folder, self.language = folder, language
        self.images: dict[str, bytes] = {}
        self.count = 0

    def convert(self, cell: Any) -> str:
        """Give a cell's Markdown; nothing for one that is empty or raw."""
        if cell.cell_type == "code":
            return self._code(cell)
        return self._prose(cell).strip() if cell.cell_type == "markdown" else ""

    def _prose(self, cell: Any) -> str:
        bundles = cell.get("attachments", {})

        def attached(match: re.Match[str]) -> str:
            bundle = bundles.get(match["name"], {})
            return self._image(match["alt"], *next(iter(bundle.items()), ("", "")))

        text = _ATTACHMENT.sub(attached, _for_liquid(cell.source))
        return _DATA_URI.sub(lambda match: self._image(*match.group("alt", "kind", "data")), text)

    def _image(self, alt: str, kind: str, data: str) -> str:
        path = f"{self.folder}/attached-{len(self.images) + 1}{mimetypes.guess_extension(kind)}"
        self.images[path] = base64.b64decode(data)
        words = html.escape(alt or PLACEHOLDER_ALT).replace("|", "&#124;")
        return f'{{% include figure image_path="/{path}" alt="{words}" %}}'

    def _code(self, cell: Any) -> str:
        source = "\n".join(_without_inline_magic(cell.source.split("\n"))).strip("\n")
        if not source.strip():
            return ""
        self.count += 1
        runs = re.findall(r"^\s*(`{3,})", source, re.MULTILINE)
        fence = "`" * max([3, *(len(run) + 1 for run in runs)])
        options = " ".join(self._options(cell))
        block = f"{fence}{self.language}\n{source}\n{fence}\n{{: {options}}}"
        mangled = "{{" in source or "{%" in source
        return f"{{% raw %}}\n{block}\n{{% endraw %}}" if mangled else block

    def _options(self, cell: Any) -> Iterator[str]:
        yield f"#code-{self.count}"
        outputs = cell.get("outputs", [])
        tags = set(cell.metadata.get("tags", ())) & TAGS
        if any(output.output_type == "error" for output in outputs):
            tags.add("raises-exception")
        yield from (f".{tag}" for tag in sorted(tags))
        if any(kind.startswith("image/") for output in outputs for kind in output.get("data", {})):
            yield f'data-alt="{PLACEHOLDER_ALT}"'
