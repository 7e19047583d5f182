"""Front matter, and the kernel that it names."""

import pytest

from post_builder.document.front_matter import FrontMatter, kernel_of, read_front_matter
from post_builder.errors import PostError


@pytest.mark.parametrize(
    ("text", "title", "rest"),
    [
        ("---\ntitle: A\n---\ntext", "A", "\ntext"),
        ("---\ntitle: A\n...\ntext", "A", "\ntext"),
        ("--- \t\ntitle: A\n---\t \ntext", "A", "\ntext"),
        ("---\r\ntitle: A\r\n---\r\ntext", "A", "\r\ntext"),
        ("---\rtitle: A\r---\rtext", "A", "\rtext"),
        ("\ufeff---\ntitle: A\n---\ntext", "A", "\ntext"),
        ("---\ntitle: A\n---", "A", ""),
        ("---\n---\ntext", None, "\ntext"),
        ("---\n# only a comment\n---\ntext", None, "\ntext"),
        ("---\ntitle: A\n ---\n---\ntext", "A ---", "\ntext"),
    ],
)
def test_front_matter_ends_where_jekyll_ends_it(text: str, title: str | None, rest: str) -> None:
    """Dashes or dots, trailing white space, any line ending, a byte order mark."""
    front_matter = read_front_matter(text)
    assert title == front_matter.values.get("title")
    assert rest == text[front_matter.end :]


@pytest.mark.parametrize(
    "text", ["", "title: A\n", "text\n---\ntitle: A\n---\n", "---\ntitle: A\n", "----\n----\n"]
)
def test_a_text_without_front_matter_is_all_content(text: str) -> None:
    """It must be at the very start, and it must end."""
    front_matter = read_front_matter(text)
    assert ({}, 0) == (front_matter.values, front_matter.end)


@pytest.mark.parametrize(
    "front_matter",
    [
        {},
        {"jupyter": True},
        {"jupyter": {}},
        {"jupyter": {"kernelspec": {}}},
        {"jupyter": {"kernelspec": {"name": ""}}},
        {"jupyter": {"jupytext": {}}},
        {"jupyter": False, "kernelspec": {}},
    ],
)
def test_other_front_matter_names_no_kernel(front_matter: dict[str, object]) -> None:
    """Only a key of Jupytext, Quarto or MyST, with a name in it, makes a post executable."""
    assert kernel_of(FrontMatter("post", front_matter, {})) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"name": "python3"}, ("python3", "python")),
        ({"name": "ir", "language": "R"}, ("ir", "R")),
        ({"name": "python3", "language": "sage"}, ("python3", "sage")),
    ],
)
def test_a_kernel_has_a_name_and_a_language(given: object, expected: tuple[str, str]) -> None:
    """Python kernels need not name their language."""
    own = {"jupyter": {"kernelspec": given}}
    kernel = kernel_of(FrontMatter("post", own, {}))
    assert kernel is not None
    assert expected == (kernel.name, kernel.language)


def test_the_line_of_a_mistake_is_that_of_the_file() -> None:
    """The dashes are line 1."""
    with pytest.raises(PostError, match=r"^a\.md:3: the front matter is not valid YAML"):
        read_front_matter("---\na: 1\nb: c: d\n---\n", "a.md")
