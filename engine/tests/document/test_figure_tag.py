"""The tag that shows a figure."""

from html import escape, unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from post_builder.document.figure_tag import TAG, FigureTag, figure_tags, parse_figure_tag

TEXTS = st.one_of(
    st.text(), st.lists(st.sampled_from(['"', "\\", "{%", "%}", "{{", "|", "\n", "a"])).map("".join)
)


def test_a_tag_is_written_with_the_parameters_of_minimal_mistakes() -> None:
    """Empty parameters, and sizes that are not known, are left out."""
    full = FigureTag("/a.svg", "Loss", "By *epoch*", 640, 480)
    assert (
        '{% include figure image_path="/a.svg" alt="Loss" caption="By *epoch*"'
        ' width="640" height="480" %}' == str(full)
    )
    bare = '{% include figure image_path="/a.svg" alt="Loss" %}'
    assert [bare] * 3 == [
        str(FigureTag("/a.svg", "Loss")),
        str(FigureTag("/a.svg", "Loss", width=640)),
        str(FigureTag("/a.svg", "Loss", height=480)),
    ]


@given(TEXTS, TEXTS)
def test_what_is_written_is_read_back(alt: str, caption: str) -> None:
    """No text can end a parameter, the tag or a table cell."""
    tag = FigureTag("/a.svg", escape(alt, quote=False), escape(caption, quote=False))
    text = str(tag)
    assert text.count("{") == text.count("}") == 1
    assert "|" not in text
    (found,) = [found for _, found in figure_tags(f"before {text} after")]
    assert ("/a.svg", unescape(tag.alt), unescape(tag.caption)) == (
        found.image_path,
        found.alt,
        found.caption,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{%- include figure image_path="/a" alt="b" -%}', FigureTag("/a", "b")),
        ('{% include figure\n  alt="b"\n  caption="a \'c\'"\n%}', FigureTag("", "b", "a 'c'")),
        (r'{% include figure alt="a \"b\"" %}', FigureTag("", r"a \"b\"")),
        ('{%include figure image_path="/a" %}', FigureTag("/a", "")),
        ("{% include figure %}", FigureTag("", "")),
        ('{% include figures alt="b" %}', None),
        ('{% include gallery figure alt="b" %}', None),
    ],
)
def test_tags_that_authors_write_are_read(text: str, expected: FigureTag | None) -> None:
    """Over several lines, with dashes, in any order; other includes are not figures."""
    match = TAG.search(text)
    assert expected == (parse_figure_tag(match) if match else None)


def test_tags_are_found_at_their_offsets() -> None:
    """A text may have several."""
    text = 'x {% include figure alt="a" %}\n{% include figure alt="b" %}'
    assert [(2, "a"), (31, "b")] == [(offset, tag.alt) for offset, tag in figure_tags(text)]
