"""Files that were replaced together with their digests in the record: a rerun compares each."""

from __future__ import annotations

import io
import json
import platform
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from commandline import write
from PIL import Image, ImageDraw, PngImagePlugin
from toysite import HEADER

from post_builder.cli import main
from post_builder.commands.verify.recorded import _strange
from post_builder.document.parsing.parser import parse
from post_builder.files import digest
from post_builder.freshness.circumstances import Circumstances
from post_builder.freshness.digests import region_digest

pytestmark = pytest.mark.usefixtures("forked_kernels")

NAME = "_posts/2020-01-01-a.md"
RECORD = "_data/builds/a.json"
FOLDER = "assets/images/a"
CELLS = """\
```python
import io
from IPython.display import SVG, Image as Shown, display
from PIL import Image, ImageDraw

open("data.csv").read()

def shown(*images, kind="png"):
    stream = io.BytesIO()
    images[0].save(stream, kind, save_all=len(images) > 1, append_images=images[1:])
    return Shown(stream.getvalue(), format=kind)

def plain(colour, mode="RGB"):
    return Image.new(mode, (900, 700), colour)

picture = plain("white")
ImageDraw.Draw(picture).text((400, 300), "0.93", "black")
shown(picture)
```
{: #picture data-alt="A number"}

```python
shown(plain((255, 255, 255, 0), "RGBA"))
```
{: #clear data-alt="Nothing"}

```python
shown(plain("white"), plain("black"), kind="gif")
```
{: #moving data-alt="Two colours"}

```python
SVG('<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99" fill="#111111">'
    '<style>@media (prefers-color-scheme: dark) { svg { fill: #eeeeee } }</style>'
    '<a href="https://a.example/1"><text y="9">accuracy 0.93</text></a></svg>')
```
{: #drawing data-alt="A number"}

```python
shown(plain("white"))
```
{: #any .nbval-ignore-output data-alt="Some picture"}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of a built site."""
    root = tmp_path_factory.mktemp("made")
    write(root, "_config.yml", "title: A\n")
    write(root, "data.csv", "1\n")
    write(root, NAME, HEADER + CELLS)
    assert main(["build", "--site", str(root)]) == 0
    files = (
        path for path in root.rglob("*") if path.is_file() and ".post-builder" not in str(path)
    )
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def site(made: dict[str, bytes], tmp_path: Path) -> Path:
    """Return the root of the built site."""
    for name, data in made.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path


def cover_up(site: Path, change: Callable[[dict[str, Any]], object] = lambda _: None) -> None:
    """Write the digests of all files into the record, so that it agrees with them."""
    record = site / RECORD
    known = json.loads(record.read_text(encoding="utf-8"))
    for made in ("figures", "downloads"):
        there = [path for path in known[made] if (site / path).is_file()]
        known[made] = {path: digest((site / path).read_bytes()) for path in there}
    changed = (site / NAME).read_text(encoding="utf-8")
    post = parse(changed, NAME)
    assert post is not None
    for cell, entry in zip(post.cells, known["cells"], strict=True):
        entry["region"] = region_digest(post.at(cell.region))
    known["text"] = digest(changed)
    change(known)
    record.write_text(json.dumps(known), encoding="utf-8")


def findings(site: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    """Return what `check` finds."""
    capsys.readouterr()
    main(["check", *options, "--site", str(site), "--json"])
    found = json.loads(capsys.readouterr().out)
    return [f["message"] for f in found]


def drawn(data: bytes, change: Callable[[Image.Image], object], **saved: object) -> bytes:
    """Return an image that was drawn over; all frames but the first are as `saved` says."""
    with Image.open(io.BytesIO(data)) as image:
        kind, canvas = image.format, image.convert("RGBA" if image.mode == "RGBA" else "RGB")
    change(canvas)
    stream = io.BytesIO()
    canvas.save(stream, kind, **saved)
    return stream.getvalue()


def a_digit(data: bytes) -> bytes:
    """Make another number of one, in a corner of a large picture."""
    return drawn(data, lambda i: ImageDraw.Draw(i).text((400, 300), "0.98", "black"))


def white_on_white(data: bytes) -> bytes:
    """Write what only a dark page shows."""
    return drawn(data, lambda i: ImageDraw.Draw(i).text((9, 9), "Buy", (255, 255, 255, 255)))


def a_later_frame(data: bytes) -> bytes:
    """Replace the second frame."""
    other = Image.new("RGB", (900, 700), "red")
    return drawn(data, lambda _: None, save_all=True, append_images=[other])


def slower(data: bytes) -> bytes:
    """Show the first frame for a minute."""
    with Image.open(io.BytesIO(data)) as image:
        image.seek(1)
        second = image.convert("RGB")
    return drawn(data, lambda _: None, save_all=True, append_images=[second], duration=60_000)


def a_chunk(data: bytes) -> bytes:
    """Add a chunk of no known kind."""
    info = PngImagePlugin.PngInfo()
    info.add(b"teSt", b"something else")
    return drawn(data, lambda _: None, pnginfo=info)


def appended(data: bytes) -> bytes:
    """Add what no viewer shows."""
    return data + b"PK\3\4 something else that is longer than a chunk"


def instead(before: bytes, after: bytes) -> Callable[[bytes], bytes]:
    """Replace a part of a drawing."""

    def replaced(data: bytes) -> bytes:
        assert before in data
        return data.replace(before, after)

    return replaced


SAME = "looks the same, and is not: "
CHANGES: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "a digit of a picture": ("picture.png", a_digit, "5 pixels differ much near (414, 303)"),
    "a text for dark pages": ("clear.png", white_on_white, "52 pixels differ much near (10, 11)"),
    "a later frame": ("moving.gif", a_later_frame, "root mean square difference 147.22"),
    "how long a frame is shown": ("moving.gif", slower, "60000 → None ms"),
    "a chunk": ("picture.png", a_chunk, "holds what no build leaves"),
    "bytes after a PNG": ("picture.png", appended, "holds what no build leaves"),
    "bytes after a GIF": ("moving.gif", appended, "holds what no build leaves in a figure"),
    "the version of a GIF": (
        "moving.gif",
        instead(b"GIF87a", b"GIF89a"),
        "has the same pixels in other bytes",
    ),
    "a number in a drawing": (
        "drawing.svg",
        instead(b"0.93", b"0.39"),
        f"{SAME}'accuracy 0.39' → 'accuracy 0.93'",
    ),
    "a link in a drawing": ("drawing.svg", instead(b"example/1", b"example/2"), SAME),
    "a colour of a dark page": ("drawing.svg", instead(b"#eeeeee", b"#111111"), SAME),
    "a comment in a drawing": ("drawing.svg", instead(b"</svg>", b"<!-- a --></svg>"), SAME),
    "bytes after an ignored PNG": ("any.png", appended, "holds what no build leaves"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_figure_of_almost_the_same_pixels_is_found(
    site: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Down to a digit in a corner; a plain check believes the record."""
    file, change, message = CHANGES[name]
    path = site / FOLDER / file
    path.write_bytes(change(path.read_bytes()))
    cover_up(site)
    assert [] == findings(site, capsys)
    found = findings(site, capsys, "--execute")
    assert found
    assert message in found[0]


def test_an_ignored_figure_may_show_something_else(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """That is what the mark is for."""
    path = site / FOLDER / "any.png"
    path.write_bytes(a_digit(path.read_bytes()))
    cover_up(site)
    assert [] == findings(site, capsys, "--execute")


@pytest.mark.parametrize(
    ("before", "after"),
    [("Some picture", "Buy"), ("assets/images/a/any.png", "assets/images/a/picture.png")],
    ids=["alternative text", "address"],
)
def test_an_ignored_figure_is_that_of_its_cell(
    site: Path, capsys: pytest.CaptureFixture[str], before: str, after: str
) -> None:
    """With the words of the cell."""
    text = (site / NAME).read_text(encoding="utf-8")
    start = text.rindex("<!-- output -->")
    changed = text[:start] + text[start:].replace(before, after)
    (site / NAME).write_text(changed, encoding="utf-8")
    cover_up(site)
    assert [] == findings(site, capsys)
    [found] = findings(site, capsys, "--execute")
    assert re.match("no build wrote (this figure|these words) into the output of cell any", found)


@pytest.mark.parametrize("is_recorded", [True, False])
def test_another_figure_of_an_ignored_cell_is_a_clean_one(
    site: Path, capsys: pytest.CaptureFixture[str], *, is_recorded: bool
) -> None:
    """A run makes none of its name with which to compare it."""
    other = f"{FOLDER}/any-2.svg"
    write(site, other, f'<svg xmlns="http://www.w3.org/2000/svg">{HARM}</svg>')
    text = (site / NAME).read_text(encoding="utf-8")
    start = text.rindex("<!-- output -->")
    shown = text[start:].replace(f"{FOLDER}/any.png", other)
    (site / NAME).write_text(text[:start] + shown, encoding="utf-8")
    named = {other: digest((site / other).read_bytes())} if is_recorded else {}
    cover_up(site, lambda record: record["figures"].update(named))
    assert [] == findings(site, capsys)
    found = (
        f"{other} holds what no build leaves in a figure"
        if is_recorded
        else "no build wrote this figure into the output of cell any"
    )
    assert [found] == findings(site, capsys, "--execute")


PYTHON = platform.python_version()
HARM = "<script>alert(1)</script>"
RECORDS: dict[str, tuple[str, Callable[[dict[str, Any]], object], str]] = {
    "a figure more": (
        f"{FOLDER}/other.svg",
        lambda known: known["figures"].update({f"{FOLDER}/other.svg": digest(HARM)}),
        f"the record names {FOLDER}/other.svg, which no cell of the post makes",
    ),
    "a figure less": (
        "",
        lambda known: known["figures"].pop(f"{FOLDER}/clear.png"),
        f"the record does not name {FOLDER}/clear.png, which the post makes",
    ),
    "a download more": (
        "assets/notebooks/a.html",
        lambda known: known["downloads"].update({"assets/notebooks/a.html": digest(HARM)}),
        "the record names, and no build makes, assets/notebooks/a.html",
    ),
    "a download less": (
        "",
        lambda known: known["downloads"].pop("assets/notebooks/a.py"),
        "the record does not name assets/notebooks/a.py",
    ),
    "a product more": (
        "assets/models/a.html",
        lambda known: known["products"].update({"assets/models/a.html": digest(HARM)}),
        "the record names assets/models/a.html, which no cell of the post makes",
    ),
    "an input less": (
        "",
        lambda known: known["files"].pop("data.csv"),
        "the record does not name data.csv, which the post reads",
    ),
    "a package less": (
        "",
        lambda known: known["packages"].pop("pillow"),
        "the record does not name pillow, which the post imports",
    ),
    "the source of a cell": (
        "",
        lambda known: known["cells"][0].update(source="a:b"),
        "the record says something else of cell picture",
    ),
    "notices": (
        "",
        lambda known: known.update(notices=7),
        "the record counts 7 notices of 0",
    ),
} | {
    f"{key} of the run, {number}": (
        "",
        partial(lambda key, value, known: known["run"].update({key: value}), key, value),
        f"the record says of its run what no build does: {said}",
    )
    for number, (key, value, said) in enumerate(
        (
            ("date", "2999-01-01T00:00:00Z", "date '2999-01-01T00:00:00Z'"),
            ("python", "2.7.1", "Python '2.7.1'"),
            ("python", f"{PYTHON} of b.example", f"Python '{PYTHON} of b.example'"),
            ("processor", "x86 of b.example", "processor 'x86 of b.example'"),
            ("processor", "<b>x86</b>", "processor '<b>x86</b>'"),
            ("seconds", -1, "a negative number"),
            ("seconds", 9999, "9999.0 seconds"),
            ("commit", "main", "commit 'main'"),
            ("cells", {"other": 1}, "cell 'other'"),
        )
    )
}


@pytest.mark.parametrize(
    "model",
    [
        "Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.50GHz",
        "AMD EPYC 7763 64-Core Processor",
        "QEMU Virtual CPU version 2.5+",
        "Intel64 Family 6 Model 158 Stepping 10, GenuineIntel",
        "Apple M1",
        "Genuine Intel(R) CPU 0000%@",
        "",
    ],
)
def test_models_of_processors_are_usual(model: str) -> None:
    """They are as systems call them."""
    run = Circumstances(date="2020-01-01T00:00:00Z", processor=model)
    assert not _strange(run, "", ())


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_that_says_something_else_is_found(
    site: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Whatever a rerun knows better."""
    file, change, message = RECORDS[name]
    if file:
        write(site, file, HARM)
    cover_up(site, change)
    assert [] == findings(site, capsys)
    [found] = findings(site, capsys, "--execute")
    assert found.startswith(message)


def test_a_download_that_is_gone_is_found(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also if the record does not name it."""
    (site / "assets/notebooks/a.py").unlink()
    cover_up(site, lambda known: known["downloads"].pop("assets/notebooks/a.py", None))
    assert "assets/notebooks/a.py is missing" in findings(site, capsys, "--execute")
