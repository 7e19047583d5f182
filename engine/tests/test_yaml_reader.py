"""Reading YAML mappings."""

import pytest

from post_builder.yaml_reader import YamlError, line_of, number, read_mapping


def test_an_empty_text_is_an_empty_mapping() -> None:
    """A comment is nothing, too."""
    assert {} == read_mapping("")
    assert {} == read_mapping("# nothing\n")
    assert {"a": {"b": [1]}} == read_mapping("a: {b: [1]}\n")


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: 'x\n", "not valid YAML: found unexpected end of stream", 2),
        ("a: 1\nb: c: d\n", "not valid YAML: mapping values are not allowed in this context", 2),
        ("a: 2020-13-45\n", "not valid YAML: month must be in 1..12", 1),
        (
            "a: !!python/object:os.system x\n",
            (
                "not valid YAML: could not determine a constructor for the tag"
                " 'tag:yaml.org,2002:python/object:os.system'"
            ),
            1,
        ),
        ("- a\n", "not a mapping of keys to values", 1),
        ("text\n", "not a mapping of keys to values", 1),
        ("{[1]: 2}\n", "not valid YAML: found unhashable key", 1),
    ],
)
def test_other_texts_are_errors_with_their_line(text: str, message: str, line: int | None) -> None:
    """No constructor of Python objects is called, and no other exception comes through."""
    with pytest.raises(YamlError) as caught:
        read_mapping(text)
    assert (message, line) == (str(caught.value), caught.value.line)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("a",), 1),
        (("b",), 4),
        (("b", "c"), 5),
        (("b", "d"), 7),
        (("b", "none"), None),
        (("a", "c"), None),
        (("b", "c", "d"), None),
        (("none", "c"), None),
    ],
)
def test_the_line_of_a_key_is_found(keys: tuple[str, ...], line: int | None) -> None:
    """The last of equal keys counts, as it does for the value."""
    text = "a: 1\n\nb: {c: 0}\nb:\n  c: 1\n  d: 1\n  d: 2\n"
    assert line == line_of(text, *keys)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0),
        (0.5, 0.5),
        ("1e-6", 1e-6),
        (" 2 ", 2.0),
        ("soon", None),
        (True, None),
        (None, None),
        ([1], None),
    ],
)
def test_numbers_may_be_texts(value: object, expected: float | None) -> None:
    """YAML 1.1 reads `1e-6` as a text."""
    assert expected == number(value)
