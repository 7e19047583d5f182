"""Write a new post."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from types import MappingProxyType

import yaml
from slugify import slugify

from post_builder.commands.layouts import post_layout
from post_builder.errors import FileError, SiteError
from post_builder.files import create
from post_builder.place import Place
from post_builder.site import Site, slug_of

KERNEL: Mapping[str, str] = {"name": "python3", "display_name": "Python 3", "language": "python"}
"""The kernelspec of a new post."""

_MAX_SLUG = 80
"""Characters of a file name that stay readable, and fit every file system with a date."""

_BODY = """In one paragraph, say what readers will be able to do at the end.

```python
greeting = "Hello, reader"
print(greeting)
```
{: #greeting}

The greeting has <span data-value="len(greeting)"></span> letters.
"""


def new_post(site: Site, title: str, today: dt.date) -> Path:
    """Write a post that builds as it is.

    Raises:
        SiteError: if it exists already, or the title is empty.
    """
    if not title.strip():
        raise SiteError("a post needs a title")
    text = post_text(site, title, today, KERNEL, _BODY)
    return write_post(site, slug_of_title(title), today, text)


def write_post(site: Site, slug: str, today: dt.date, text: str) -> Path:
    """Write a post under the name that its slug and date give it.

    Raises:
        FileError: if it cannot be written.
        SiteError: if it exists already.
    """
    path = site.root / "_posts" / f"{today.isoformat()}-{slug}.md"
    create_file(site, path, text.encode(), "this post exists already")
    return path


def create_file(site: Site, path: Path, data: bytes, otherwise: str) -> None:
    """Write a file that is the author's from then on.

    Args:
        site: that it belongs to.
        path: of the file.
        data: its content.
        otherwise: what is wrong if there is a file of this name.

    Raises:
        FileError: if it cannot be written.
        SiteError: if there is one, which stays.
    """
    name = site.relative(path)
    try:
        create(site.inside(path.parent) / path.name, data)
    except FileExistsError as error:
        raise SiteError(otherwise, Place(name)) from error
    except OSError as error:
        raise FileError.of(error, "cannot be written", name) from error


def post_text(  # noqa: PLR0913  # one of them has a default
    site: Site,
    title: str,
    today: dt.date,
    kernel: Mapping[str, str],
    body: str,
    *,
    keys: Mapping[str, object] = MappingProxyType({}),
) -> str:
    """Return the text of a post, with a layout that the site has.

    Args:
        site: to which the post will belong.
        title: of the post.
        today: its date.
        kernel: its kernelspec: name, display name and language.
        body: what follows the front matter.
        keys: further front matter; a date in it takes the place of `today`.
    """
    layout = post_layout(site)
    lines = [
        "---",
        *([f"layout: {layout}"] if layout else []),
        f"title: {json.dumps(title, ensure_ascii=False)}",
        *([] if "date" in keys else [f"date: {today.isoformat()}"]),
        *(
            yaml.safe_dump(dict(keys), allow_unicode=True, sort_keys=False).splitlines()
            if keys
            else []
        ),
        kernel_line(kernel),
        "---",
    ]
    return "\n".join([*lines, "", body])


def kernel_line(kernel: Mapping[str, str]) -> str:
    """Return the line of front matter that names a kernel."""
    spec = ", ".join(f"{key}: {json.dumps(kernel[key])}" for key in KERNEL)
    return f"jupyter: {{kernelspec: {{{spec}}}}}"


def slug_of_title(title: str) -> str:
    """Return the slug of a title in any script: `Über Größe` is `uber-grosse`."""
    return slugify(title, max_length=_MAX_SLUG, word_boundary=True) or "post"


def free_slug(site: Site, title: str) -> str:
    """Return the slug of a title, with a number if a post has it already."""
    taken = {slug_of(path) for path in (site.root / "_posts").rglob("*")}
    slug = slug_of_title(title)
    numbered = (f"{slug}-{number}" for number in count(2))
    return slug if slug not in taken else next(name for name in numbered if name not in taken)
