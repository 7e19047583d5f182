"""The documents: their tables come from the code, and their links lead somewhere."""

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parents[1]
DOCUMENTS = [ENGINE / "README.md", *sorted(ENGINE.joinpath("docs").glob("*.md"))]
TABLES = {"options", "settings", "commands", "flags", "record", "record-cells", "record-run"}


def _tables(engine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the generator of a copy of the engine's documents."""
    command = [sys.executable, str(engine / "docs" / "tables.py"), *arguments]
    return subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the documents, for a test to change."""
    shutil.copytree(ENGINE / "docs", tmp_path / "docs")
    shutil.copy(ENGINE / "README.md", tmp_path)
    return tmp_path


def test_tables_are_those_of_the_code() -> None:
    """Options, settings, commands and the record's schema: `python docs/tables.py` writes them."""
    done = _tables(ENGINE, "--check")
    assert (0, "") == (done.returncode, done.stdout + done.stderr)


def test_every_table_is_in_one_document() -> None:
    """A marker that is gone takes its table out of the check."""
    text = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    names = re.findall(r"<!-- table: (.*?) -->", text)
    assert sorted(TABLES) == sorted(names)
    assert len(TABLES) == text.count("<!-- /table -->")


def test_an_outdated_table_is_found_and_rewritten(copy: Path) -> None:
    """The check names the document and writes nothing; the rest of the document stays."""
    document = copy / "docs" / "settings.md"
    text = document.read_text(encoding="utf-8")
    outdated = text.replace("| `jobs` | `1` |", "| `jobs` | `9` |") + "\nThe end.\n"
    document.write_text(outdated, encoding="utf-8")
    done = _tables(copy, "--check")
    expected = "docs/settings.md: outdated: run `python docs/tables.py`\n"
    assert (1, expected) == (done.returncode, done.stdout)
    assert outdated == document.read_text(encoding="utf-8")
    done = _tables(copy)
    assert (0, "docs/settings.md: rewritten\n") == (done.returncode, done.stdout)
    assert f"{text}\nThe end.\n" == document.read_text(encoding="utf-8")
    assert 0 == _tables(copy, "--check").returncode


def test_an_unknown_table_is_an_error(copy: Path) -> None:
    """A marker with a misspelt name must not pass as up to date."""
    with copy.joinpath("README.md").open("a", encoding="utf-8") as file:
        file.write("<!-- table: setings -->\n<!-- /table -->\n")
    done = _tables(copy, "--check")
    assert 1 == done.returncode
    assert "KeyError: 'setings'" in done.stderr


def _rows(document: str) -> list[list[str]]:
    """Return the rows of the tables of a document: what comes, what happens, test."""
    text = ENGINE.joinpath("docs", document).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[-1] != "test" and not row[0].startswith("---")]


@pytest.mark.parametrize("document", ["safety.md", "behaviour.md"])
def test_every_row_has_a_test_that_exists(document: str) -> None:
    """A row without one is a claim."""
    rows = _rows(document)
    assert len(rows) >= 90
    for row in rows:
        assert 3 == len(row), row
        name, _, function = row[2].strip("`").partition("::")
        path = (ENGINE / "tests" / name).resolve()
        if not path.is_relative_to(ENGINE) and not ENGINE.parent.joinpath(".github").exists():
            continue  # the engine alone, without the blog
        assert f"def {function}(" in path.read_text(encoding="utf-8"), row[2]


class Half:
    """A class of which one field is documented."""

    told: int
    """What it means."""
    untold: int


def test_a_field_without_a_docstring_cannot_be_in_a_table() -> None:
    """The table would leave out what it means."""
    fields = runpy.run_path(str(ENGINE / "docs" / "tables.py"))["fields"](Half)
    field = next(fields)
    assert ("told", "int", "What it means.") == (field.name, field.annotation, field.text)
    with pytest.raises(ValueError, match=r"^Half\.untold has no docstring$"):
        next(fields)


def _anchors(path: Path) -> set[str]:
    """Return the ids that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    words = (re.sub(r"[^\w -]", "", heading.lower()) for heading in headings)
    return {text.replace(" ", "-") for text in words}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    """To a file that exists, and to one of its headings."""
    text = re.sub(
        r"^(`{3,}).*?^\1$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    for address in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in address:
            continue
        name, _, anchor = address.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), address
        assert not anchor or anchor in _anchors(target), address


def test_the_documents_say_what_is_not_observed() -> None:
    """An author must know when to declare a file."""
    text = ENGINE.joinpath("docs/how-it-works.md").read_text(encoding="utf-8")
    section = text.partition("Name a file in [`depends:`]")[2].partition("\n\n")
    assert "cannot see" in section[0]
    assert "by a check whether a file exists, or how large or old it is" in section[2]
