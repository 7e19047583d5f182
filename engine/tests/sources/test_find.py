"""Finding what the `data-source` of a cell names."""

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toysite import FIXTURES

from post_builder.errors import SnippetError
from post_builder.site import Site
from post_builder.sources.find import find_snippet

SHAPES = FIXTURES / "snippets" / "shapes.txt"
MARKERS = {"# region training", "# endregion training", "# region step", "# endregion"}


@pytest.fixture
def package(blog: Path) -> Path:
    """Write a package under `src/`."""
    folder = blog / "src" / "pkg"
    folder.mkdir(parents=True)
    shutil.copy(SHAPES, folder / "shapes.py")
    folder.joinpath("__init__.py").write_text("VERSION = 1\n", encoding="utf-8")
    return blog


@pytest.mark.parametrize(
    ("name", "first", "code"),
    [
        ("RATE", 8, "RATE = 0.1\n"),
        ("WIDTH", 9, "WIDTH: int = 64  # in pixels\n"),
        ("right", 10, "left, (right, *rest) = 1, (2, 3)\n"),
        ("rest", 10, "left, (right, *rest) = 1, (2, 3)\n"),
        ("registry", 11, "registry: dict[str, int] = {}\n"),
        (
            "square",
            16,
            (
                "# Why it is squared:\n# signs must not cancel.\ndef square(x):\n"
                '    """Square.\n\n    Of a number.\n    """\n    return x * x\n'
            ),
        ),
        ("fetch", 26, "async def fetch(url):\n    return url\n"),
        (
            "decorated",
            30,
            (
                "@functools.cache\n@functools.wraps(\n    square,\n)\ndef decorated(x):\n"
                '    text = """kept\n    as it is\n  here"""\n'
                '    return f(\n        """also\n        kept"""\n    ) + text\n'
            ),
        ),
        ("Model.units", 48, "# How many.\nunits: int = 3\n"),
        ("Model.Inner.deep", 52, "def deep(self):\n\n    return 1\n"),
        (
            "Model.fit",
            56,
            (
                "# region of interest is cut here\ndef fit(self, data):\n    for batch in data:\n"
                "        step(batch)\n\n    return self\n"
            ),
        ),
        ("only_if", 69, "def only_if():\n    return 1\n"),
        ("only_else", 72, "def only_else():\n    return 2\n"),
        ("slow", 78, "def slow():\n    return 3\n"),
    ],
)
def test_a_symbol_is_cut_out_whole(package: Path, name: str, first: int, code: str) -> None:
    """It is dedented, with its decorators and the comment above it; each line has its place."""
    snippet = find_snippet(f"pkg.shapes:{name}", Site(package))
    assert code == snippet.code
    lines = SHAPES.read_text(encoding="utf-8").split("\n")
    kept = [number for number, line in enumerate(lines, 1) if line.strip() not in MARKERS]
    expected = kept[kept.index(first) :][: code.count("\n")]
    assert [f"src/pkg/shapes.py:{number}" for number in expected] == list(map(str, snippet.places))
    assert [lines[number - 1] for number in expected] == [p.source for p in snippet.places]


def test_text_in_strings_is_not_dedented(package: Path) -> None:
    """A string in a method keeps its spaces, or it would print something else; docstrings move."""
    source = [
        "class A:",
        "    def f(self):",
        '        """Doc.',
        "",
        "        More.",
        '        """',
        '        text = """a',
        '        b"""',
        "        # A string that is a statement has no meaning either.",
        '        """More',
        '        of it."""',
        "        return g(",
        '            f"""a{text}',
        '            b""",',
        "        )",
    ]
    kept = {'        b"""', '            b""",'}
    expected = [line if line in kept else line.removeprefix("    ") for line in source[1:]]
    package.joinpath("a.py").write_text("\n".join(source), encoding="utf-8")
    assert expected == find_snippet("a:A.f", Site(package)).code.split("\n")[:-1]


def test_empty_lines_around_a_region_are_left_out(package: Path) -> None:
    """Those inside it are a part of the code."""
    package.joinpath("a.py").write_text(
        "# region a\n\n  \nx = 1\n\ny = 2\n\n# endregion\n", encoding="utf-8"
    )
    snippet = find_snippet("a#a", Site(package))
    assert "x = 1\n\ny = 2\n" == snippet.code
    assert ["a.py:4", "a.py:5", "a.py:6"] == list(map(str, snippet.places))


def test_a_region_is_cut_out_without_its_markers(package: Path) -> None:
    """Regions nest; the markers of those inside, and empty lines around, are left out."""
    code = find_snippet("pkg.shapes#training", Site(package)).code
    assert "for batch in data:\n    step(batch)\n" == code
    assert "step(batch)\n" == find_snippet("pkg.shapes#step", Site(package)).code


def test_modules_are_found_in_src_then_at_the_root(package: Path) -> None:
    """A package is its `__init__.py`; `src/` comes first."""
    package.joinpath("pkg.py").write_text("VERSION = 2\n", encoding="utf-8")
    package.joinpath("other.py").write_text("VERSION = 3\n", encoding="utf-8")
    assert "VERSION = 1\n" == find_snippet("pkg:VERSION", Site(package)).code
    assert "VERSION = 3\n" == find_snippet("other:VERSION", Site(package)).code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"def f():\r\n    return 1\r\n", "def f():\n    return 1\n"),
        (b"\xef\xbb\xbfdef f():\n\treturn 1", "def f():\n\treturn 1\n"),
        (b"# coding: latin-1\n\ndef f():\n    return '\xe9'\n", "def f():\n    return 'é'\n"),
        (b"x = 1\n\x0c\ndef f():\n    return '\xe2\x80\xa8'\n", "def f():\n    return '\u2028'\n"),
        (b"class C:\n\tdef f(self):\n\t\treturn 1\nf = C.f\n", "f = C.f\n"),
        (
            b"def f():\n    x = 1   \n    \n    return x\n",
            "def f():\n    x = 1   \n    \n    return x\n",
        ),
    ],
    ids=["CRLF", "BOM and tabs", "latin-1", "form feed and separator", "class of tabs", "spaces"],
)
def test_a_file_is_read_as_python_reads_it(blog: Path, data: bytes, code: str) -> None:
    """Line endings, encodings and odd characters are Python's; lines are counted as it counts."""
    blog.joinpath("m.py").write_bytes(data)
    snippet = find_snippet("m:f", Site(blog))
    assert code == snippet.code
    lines = data.replace(b"\r\n", b"\n").split(b"\n")
    numbers = [place.line or 0 for place in snippet.places]
    assert code.splitlines()[0].encode() in lines[numbers[0] - 1]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (
            "pkg.shapes:sqaure",
            "src/pkg/shapes.py: there is no sqaure in it\nhelp: did you mean square?",
        ),
        (
            "pkg.shapes:Model.fti",
            "src/pkg/shapes.py: there is no Model.fti in it\nhelp: did you mean fit?",
        ),
        ("pkg.shapes:RATE.x", "src/pkg/shapes.py: there is no RATE.x in it"),
        ("pkg.missing:f", "there is no module pkg.missing\nhelp: looked for pkg/missing.py"),
        ("pkg.shapes#none", "src/pkg/shapes.py: there is no `# region none`"),
        (
            "pkg.shapes",
            (
                "cannot read data-source 'pkg.shapes'\n"
                "help: write module:Qualified.name, module#region, or path/to/post.md#cell"
            ),
        ),
        ("_posts/none.md#cell", "there is no post _posts/none.md"),
        ("none.markdown#cell", "there is no post none.markdown"),
        ("pkg/shapes#training", "there is no post pkg/shapes"),
        ("_posts/../_posts/a.md#cell", "cannot read data-source '_posts/../_posts/a.md#cell'"),
        ("/_posts/a.md#cell", "cannot read data-source '/_posts/a.md#cell'"),
        ("_posts//a.md#cell", "cannot read data-source '_posts//a.md#cell'"),
        ("_posts/a.md", "cannot read data-source '_posts/a.md'"),
        ("_posts/a.md:cell", "cannot read data-source '_posts/a.md:cell'"),
        ("", "cannot read data-source ''"),
        ("../secrets:KEY", "cannot read data-source '../secrets:KEY'"),
        ("pkg/shapes:RATE", "cannot read data-source 'pkg/shapes:RATE'"),
        (".pkg:RATE", "cannot read data-source '.pkg:RATE'"),
        ("pkg..shapes:RATE", "cannot read data-source 'pkg..shapes:RATE'"),
        ("pkg.shapes: RATE", "cannot read data-source 'pkg.shapes: RATE'"),
    ],
)
def test_a_name_that_is_not_found_is_an_error(package: Path, reference: str, message: str) -> None:
    """The error names the file and, for a near miss, the right name."""
    with pytest.raises(SnippetError, match=f"^{re.escape(message)}"):
        find_snippet(reference, Site(package))


@pytest.mark.parametrize(
    ("source", "reference", "message"),
    [
        ("x = 1\nx = 2\n", "m:x", "m.py:2: x is defined more than once, on lines 1 and 2"),
        ("# region a\n# endregion\n# region a\n", "m#a", "m.py:3: region a is defined twice"),
        ("\n# region a\nx = 1\n", "m#a", "m.py:2: region a has no # endregion"),
        ("# region a\n# region b\n# endregion\n", "m#a", "m.py:1: region a has no # endregion"),
        ("x = 1\ndef f(:\n", "m:f", "m.py:2: not valid Python"),
        ("x = '\0'\n", "m:x", "m.py: not valid Python"),
        ("# region a\nx = (\n# endregion\n", "m#a", "m.py:2: not valid Python"),
        ("# region a\n'''\n# endregion\n", "m#a", "m.py:2: not valid Python"),
    ],
)
def test_an_ambiguous_or_broken_source_is_refused(
    blog: Path, source: str, reference: str, message: str
) -> None:
    """Two definitions, a region without an end, broken Python: the line is named."""
    blog.joinpath("m.py").write_text(source, encoding="utf-8")
    with pytest.raises(SnippetError, match=f"^{re.escape(message)}"):
        find_snippet(reference, Site(blog))


@pytest.mark.parametrize("data", [b"x = '\xff'\n", b"# coding: none\nx = 1\n"])
def test_a_file_that_is_not_text_is_refused(blog: Path, data: bytes) -> None:
    """Bytes that are not in the file's encoding are an error, and so is an unknown encoding."""
    blog.joinpath("m.py").write_bytes(data)
    with pytest.raises(SnippetError, match=r"^m\.py: cannot be read as text: "):
        find_snippet("m:x", Site(blog))


def test_the_output_of_another_post_is_found(blog: Path, header: str) -> None:
    """A reference with a slash or a post's extension is not a module."""
    text = (
        "```python\n```\n{: #cell}\n<!-- output -->\n"
        '<pre class="output stdout">x = 1</pre>\n<!-- /output -->\n'
    )
    for path in ("_posts/a.md", "about.markdown", "_posts/deep/a"):
        blog.joinpath(path).parent.mkdir(exist_ok=True)
        blog.joinpath(path).write_text(header + text, encoding="utf-8")
        assert "x = 1\n" == find_snippet(f"{path}#cell", Site(blog)).code


LINES = st.lists(
    st.sampled_from(
        ["x = 1", "    y = 2", "\tz", "# region a", "# endregion", "'''", "def f():", "("]
    )
).map("\n".join)


@given(LINES)
def test_any_file_gives_a_snippet_or_an_error_with_its_name(
    tmp_path_factory: pytest.TempPathFactory, source: str
) -> None:
    """No file makes the search fail in another way; the code that is found is in the file."""
    root = tmp_path_factory.getbasetemp()
    root.joinpath("any_file.py").write_text(source, encoding="utf-8")
    lines = source.split("\n")
    for reference in ("any_file:x", "any_file:f", "any_file#a"):
        snippet, message = None, ""
        try:
            snippet = find_snippet(reference, Site(root))
        except SnippetError as error:
            message = str(error)
        if snippet is None:
            assert message.startswith("any_file.py")
        else:
            found = [lines[(place.line or 0) - 1] for place in snippet.places]
            code = snippet.code.split("\n")[:-1]
            assert [line.strip() for line in found] == [line.strip() for line in code]
