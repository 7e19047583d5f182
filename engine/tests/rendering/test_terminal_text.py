"""What a terminal would show, as text and as HTML."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from post_builder.rendering.terminal_text import (
    CONTROL,
    settle,
    terminal_html,
    without_colours,
    without_controls,
)

RED, GREEN, RESET = "\x1b[31m", "\x1b[32m", "\x1b[0m"


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("plain", "plain"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("10 %\r50 %\r100 %", "100 %"),
        ("abc\rX", "Xbc"),
        ("100 %\r", "100 %"),
        ("abc\b\bX", "aXc"),
        ("\b\bx", "x"),
        ("ab\b", "ab"),
        ("one\rtwo\nthree\rfo\nfour", "two\nforee\nfour"),
    ],
)
def test_the_cursor_moves_within_its_line(printed: str, expected: str) -> None:
    """Carriage returns and backspaces are carried out; each line has a cursor of its own."""
    assert expected == settle(printed)


@pytest.mark.parametrize(
    "code",
    [
        *("\x1b[2K", "\x1b[1A", "\x1b[10;20H", "\x1b[?25l", "\x1b[!p", "\x1b[ q"),
        *("\x1b[>4;2m", "\x1b[38:2::255:0:0m"),  # end like colours, and are none that we show
        *("\x1b]0;a title\x07", "\x1b]0;a title\x1b\\", "\x1b]8;;https://x.org\x1b\\"),
        *("\x1bPq#0\x1b\\", "\x1b^private\x1b\\", "\x1b_command\x1b\\", "\x1bXtext\x1b\\"),
        *("\x1bM", "\x1b7", "\x1b=", "\x1bc", "\x1b(B", "\x1b#8", "\x1b%G"),
    ],
)
def test_other_terminal_codes_are_dropped(code: str) -> None:
    """Codes that move the cursor, set a title, a character set and the like leave no trace."""
    assert "before after" == settle(f"before {code}after")
    assert f"{RED}red{RESET}" == settle(f"{RED}r{code}ed{RESET}")


@pytest.mark.parametrize(
    "code", ["\x1b", "\x1b[", "\x1b[31", "\x1b]0;title", "\x1bP", "\x1b[3\x1b"]
)
def test_what_is_not_a_terminal_code_stays(code: str) -> None:
    """A code that does not end takes no text with it."""
    assert f"before {code}" == settle(f"before {code}")


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (f"{RED}a{RESET}b", '<span class="ansi-red-fg">a</span>b'),
        (f"{GREEN}10 %{RESET}\r{GREEN}100 %{RESET}", '<span class="ansi-green-fg">100 %</span>'),
        (f"{RED}abc{RESET}\rX", 'X<span class="ansi-red-fg">bc</span>'),
        (f"abc{RED}\rX", '<span class="ansi-red-fg">X</span>bc'),
        (
            f"{RED}abc{RESET}\b\bX",
            '<span class="ansi-red-fg">a</span>X<span class="ansi-red-fg">c</span>',
        ),
        (f"{RED}abc{RESET}\b \nplain", '<span class="ansi-red-fg">ab</span> \nplain'),
        (
            f"{RED}one\ntwo\r{RESET}T",
            '<span class="ansi-red-fg">one</span>\nT<span class="ansi-red-fg">wo</span>',
        ),
        (f"ab\r{RED}\ncd", 'ab\n<span class="ansi-red-fg">cd</span>'),
        (f"{RED}x\rab{RESET}\ncd", '<span class="ansi-red-fg">ab</span>\ncd'),
    ],
)
def test_each_character_keeps_the_colour_it_was_written_in(printed: str, expected: str) -> None:
    """Where the cursor goes back, what is written over changes its colour and nothing else does."""
    assert expected == terminal_html(settle(printed))


def test_text_without_colours() -> None:
    """Only the codes go; of other control characters none is left where that is asked for."""
    text = f"{RED}a{RESET} [0m \x1b[1;38;5;9mb\x1b[m \x07"
    assert "a [0m b \x07" == without_colours(text)
    assert "a [0m b \ufffd" == without_controls(text)


@pytest.mark.parametrize("number", range(16))
def test_sixteen_colours_are_themselves(number: int) -> None:
    """Each of the sixteen has the class of its name, on either side, in each of its spellings."""
    names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]
    name = f"ansi-{names[number % 8]}{'-intense' if number >= 8 else ''}"
    short = 30 + number if number < 8 else 90 + number - 8
    for code in (f"{short}", f"38;5;{number}"):
        assert f'<span class="{name}-fg">x</span>' == terminal_html(f"\x1b[{code}mx")
    for code in (f"{short + 10}", f"48;5;{number}"):
        assert f'<span class="{name}-bg">x</span>' == terminal_html(f"\x1b[{code}mx")


@pytest.mark.parametrize(
    ("codes", "classes"),
    [
        ("38;5;196", "ansi-red-fg"),
        ("38;5;46", "ansi-green-fg"),
        ("38;5;21", "ansi-blue-fg"),
        ("38;5;226", "ansi-yellow-intense-fg"),
        ("38;5;232", "ansi-black-fg"),
        ("38;5;255", "ansi-white-intense-fg"),
        ("48;5;196", "ansi-red-bg"),
        ("38;2;255;0;0", "ansi-red-fg"),
        ("38;2;0;0;130", "ansi-blue-fg"),
        ("38;2;250;250;250", "ansi-white-intense-fg"),
        ("48;2;0;160;0", "ansi-green-bg"),
        ("38;5;196;48;2;0;0;130", "ansi-red-fg ansi-blue-bg"),
        ("1", "ansi-bold"),
        ("4", "ansi-underline"),
        ("1;4;31;42", "ansi-red-intense-fg ansi-green-bg ansi-bold ansi-underline"),
        ("1;94", "ansi-blue-intense-fg ansi-bold"),
        ("1;44", "ansi-blue-bg ansi-bold"),
        ("7", "ansi-default-inverse-fg ansi-default-inverse-bg"),
        ("7;31", "ansi-default-inverse-fg ansi-red-bg"),
        ("7;42", "ansi-green-fg ansi-default-inverse-bg"),
        ("7;31;42", "ansi-green-fg ansi-red-bg"),
    ],
)
def test_styles_are_the_classes_of_jupyter(codes: str, classes: str) -> None:
    """Of 256 or 16 million colours the nearest of the sixteen; bold, underline and reverse too."""
    assert f'<span class="{classes}">x</span>' == terminal_html(f"\x1b[{codes}mx")


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        *(
            ("31", "0"),
            ("31", ""),
            ("31", "39"),
            ("41", "49"),
            ("1", "22"),
            ("4", "24"),
            ("7", "27"),
        ),
        ("1;4;7;31;42", "0"),
    ],
)
def test_a_style_ends_where_it_is_reset(begin: str, end: str) -> None:
    """Each style has a code that ends it; 0, or nothing, ends them all."""
    html = terminal_html(f"a\x1b[{begin}mb\x1b[{end}mc")
    assert re.fullmatch(r'a<span class="[a-z -]+">b</span>c', html)


@pytest.mark.parametrize(
    "codes", ["2", "3", "5", "9", "99", "38", "38;5", "38;2;1;2", "48;9", ";;"]
)
def test_codes_without_a_class_change_nothing(codes: str) -> None:
    """Dim, italic, unknown and incomplete codes leave the text as it is."""
    assert "axb" == terminal_html(f"a\x1b[{codes}mx{RESET}b")


def test_a_style_goes_on_over_lines() -> None:
    """A line ends its own spans, and the next one opens them again."""
    expected = (
        'a <span class="ansi-red-fg">b</span>\n<span class="ansi-red-fg">c</span>\n\n'
        '<span class="ansi-red-fg">d</span> e'
    )
    assert expected == terminal_html(f"a {RED}b\nc\n\nd{RESET} e")


def test_markup_is_escaped_in_and_beside_colours() -> None:
    """`<`, `>` and `&` are text before, in and after a span, and where there is none."""
    escaped = '&lt;b&gt; "&amp;amp;"'
    assert escaped == terminal_html('<b> "&amp;"')
    html = terminal_html('<b> "&amp;"' + RED + '<b> "&amp;"' + RESET + '<b> "&amp;"')
    assert f'{escaped}<span class="ansi-red-fg">{escaped}</span>{escaped}' == html


PIECES = [
    *(
        "\x1b[",
        "\x1b",
        "0",
        "1",
        "7",
        "31",
        "38;5;",
        "2;",
        "m",
        ";",
        "\x1b[31m",
        "\x1b[m",
        "٣",
        "²",
    ),
    *(
        "\x1b]",
        "\x07",
        "\x1b\\",
        "\x1bP",
        "(",
        "B",
        "K",
        "\r",
        "\b",
        "\n",
        "a",
        "<",
        "&",
        " ",
        "\x9b",
    ),
    "9" * 5_000,
]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))


@given(TEXTS)
def test_the_page_shows_the_text_and_nothing_of_the_codes(text: str) -> None:
    """For any text: no control character reaches the page, and no printed one is lost."""
    clean = CONTROL.sub("\ufffd", settle(text))
    html = terminal_html(clean)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", html)
    assert without_colours(clean) == unescape(re.sub("<[^>]*>", "", html))
