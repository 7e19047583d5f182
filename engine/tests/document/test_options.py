"""The attribute list of a cell: what is read from it, and which mistakes are errors."""

import json
import random
import re
import subprocess

import pytest

from post_builder.document.options import LINE, OptionError, Options, Tag, parse_options

READ_BY_KRAMDOWN = r"""
require 'kramdown'
require 'kramdown-parser-gfm'
require 'json'
lists = JSON.parse(STDIN.read)
puts JSON.generate(lists.map { |list|
  text = "~~~\nx\n~~~\n{:#{list}}\n"
  element = Kramdown::Document.new(text, input: 'GFM').root.children.first
  element.type == :codeblock ? element.attr : nil
})
"""


def test_every_option_is_read() -> None:
    """Each option of the post format has a field."""
    body = (
        '#train .hide-input .raises-exception data-source="pkg.mod:Model.fit" '
        'data-alt=\'Loss\' data-caption="By epoch" data-timeout="12.5" data-tolerance="1e-3"'
    )
    expected = Options(
        name="train",
        source="pkg.mod:Model.fit",
        alt="Loss",
        caption="By epoch",
        timeout=12.5,
        tolerance=1e-3,
        tags=frozenset({Tag.HIDE_INPUT, Tag.RAISES_EXCEPTION}),
    )
    assert expected == parse_options(body)


@pytest.mark.parametrize(
    "tag",
    [
        *("hide-input", "hide-output", "remove-output", "raises-exception", "skip-execution"),
        *("nbval-ignore-output", "trusted-html"),
    ],
)
def test_a_tag_is_written_as_a_class(tag: str) -> None:
    """The names are those of Jupyter Book, MyST-NB and nbval."""
    assert frozenset({Tag(tag)}) == parse_options(f".{tag}").tags


@pytest.mark.parametrize(
    "body",
    ["", " ", ":", '.python .numberLines #x title="a" style="b" data-line="3" data-toc="1"', "ref"],
)
def test_other_classes_and_attributes_are_left_to_the_author(body: str) -> None:
    """Other classes, attributes and references have no meaning here, and are not errors."""
    assert Options(name="x" if "#x" in body else None) == parse_options(body)


def test_several_marks_in_one_word_are_each_read() -> None:
    """Kramdown reads `#a.b.c` as an id and two classes."""
    expected = Options(name="a", tags=frozenset({Tag.HIDE_INPUT, Tag.HIDE_OUTPUT}))
    assert expected == parse_options("#a.hide-input.hide-output")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r'data-alt="a \} brace"', "a } brace"),
        (r'data-alt="a \"quote\""', 'a "quote"'),
        (r"data-alt='it\'s'", "it's"),
        (r"""data-alt='say "x"'""", 'say "x"'),
        (r"""data-alt="it\'s" """, r"it\'s"),
        (r'data-alt="C:\dir"', r"C:\dir"),
        ('data-alt=""', ""),
        ('data-alt="{{ x"', "{{ x"),
        ('data-alt="π → ∞"', "π → ∞"),
    ],
)
def test_escapes_are_those_of_kramdown(written: str, meant: str) -> None:
    """A backslash escapes a closing brace and the quotes around a value, nothing else."""
    line = LINE.match("{: " + written + "}")
    assert line is not None
    assert meant == parse_options(line["body"]).alt


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (".hide-ouput", "unknown option .hide-ouput: did you mean .hide-output?"),
        (".hide_output", "unknown option .hide_output: did you mean .hide-output?"),
        (".hide-outputs", "unknown option .hide-outputs: did you mean .hide-output?"),
        (".skip-excution", "unknown option .skip-excution: did you mean .skip-execution?"),
        (".raise-exception", "unknown option .raise-exception: did you mean .raises-exception?"),
        (".Hide-Output", "unknown option .Hide-Output: did you mean .hide-output?"),
        ('data-alts="x"', "unknown option data-alts: did you mean data-alt?"),
        ('data-captoin="x"', "unknown option data-captoin: did you mean data-caption?"),
        ('alt="x"', "unknown option alt: did you mean data-alt?"),
        ('source="x"', "unknown option source: did you mean data-source?"),
        ("hide-output", "'hide-output' has no effect without a dot: write .hide-output"),
        ("hide-ouput", "'hide-ouput' has no effect without a dot: write .hide-output"),
        ("data-alt=Loss", "'data-alt=Loss' needs quotes around its value"),
        ('data-timeout="soon"', "data-timeout must be a number above 0: 'soon'"),
        ('data-timeout="-1"', "data-timeout must be a number above 0: '-1'"),
        ('data-timeout="0"', "data-timeout must be a number above 0: '0'"),
        ('data-timeout="nan"', "data-timeout must be a number above 0: 'nan'"),
        ('data-timeout="inf"', "data-timeout must be a number above 0: 'inf'"),
        ('data-tolerance=""', "data-tolerance must be a number that is not negative: ''"),
        ('data-tolerance="-0.1"', "data-tolerance must be a number that is not negative: '-0.1'"),
        ('data-alt="a"data-caption="b"', 'kramdown needs a space before data-caption="b"'),
        ("#1st", "kramdown cannot read '#1st'"),
    ],
)
def test_a_mistake_is_named_with_its_correction(body: str, message: str) -> None:
    """What kramdown would drop without a message, or the author did not mean, is an error."""
    with pytest.raises(OptionError, match=f"^{re.escape(message)}$"):
        parse_options(body)


def test_a_tolerance_may_be_zero() -> None:
    """A tolerance of zero asks for equal numbers."""
    assert 0.0 == parse_options('data-tolerance="0"').tolerance


@pytest.mark.parametrize(
    "line", ["{:toc}x", "{::comment}", "{:/}", "text {: .a}", "{: .a} text", "{: .a"]
)
def test_other_lines_are_not_attribute_lists(line: str) -> None:
    """Extensions of kramdown, and text around braces, are not options."""
    assert LINE.match(line) is None


PIECES = [
    *("#a", "#b-2", "#c:d", ".hide-input", ".hide-output", ".own", ".1x", "#a.own", ".o#e.f"),
    *('data-alt="x"', "data-alt='y z'", r'data-alt="\}"', r'data-alt="\""', r"data-alt='\"'"),
    *('data-caption="<b>&amp;"', 'title="t"', "ref", "toc", 'data-alt="|*_`"', r'data-alt="\x"'),
    *('data-alt=""', 'data-alt=" x "', 'data-alt="#n .c"', 'data-timeout="3"'),
]


@pytest.mark.slow
def test_kramdown_reads_the_same() -> None:
    """Id, classes and attributes are those that kramdown puts on the page."""
    chance = random.Random(0)  # noqa: S311  # the same lists in every run
    bodies = [" " + " ".join(chance.choices(PIECES, k=chance.randint(0, 6))) for _ in range(2_000)]
    command = ["ruby", "-e", READ_BY_KRAMDOWN]
    given = json.dumps(bodies)
    done = subprocess.run(command, input=given, capture_output=True, check=True, text=True)
    for body, attributes in zip(bodies, json.loads(done.stdout), strict=True):
        options = parse_options(body)
        got = (options.name, options.alt, options.caption)
        wanted = tuple((attributes or {}).get(key) for key in ("id", "data-alt", "data-caption"))
        assert wanted == got, body
        classes = set((attributes or {}).get("class", "").split())
        assert classes.intersection(Tag) == options.tags, body
