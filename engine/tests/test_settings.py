"""The settings under `post_builder:`, and the mistakes that can be made in them."""

from typing import Any

import pytest
from msgspec.structs import replace

from post_builder.errors import SiteError
from post_builder.settings import KEY, Settings, read_settings
from post_builder.yaml_reader import read_mapping


def _read(text: str) -> Settings:
    return read_settings(read_mapping(text)[KEY], text)


def test_every_setting_has_a_default() -> None:
    """These are the values that the documentation gives."""
    expected = Settings(
        timeout=600,
        jobs=1,
        figure_format="svg",
        figure_dpi=192,
        output_limit=20_000,
        tolerance=1e-6,
        environment={},
    )
    assert expected == _read("post_builder: {}\n")


def test_every_setting_is_read() -> None:
    """Numbers in the environment become text."""
    text = (
        "post_builder:\n  timeout: 1.5\n  jobs: 3\n  figure_format: png\n  figure_dpi: 96\n"
        "  output_limit: 10\n  tolerance: 1e-3\n  environment: {A: 2, B: 'yes', C: 0.5}\n"
        "  absolute_tolerance: 1e-5\n  ignore_patterns: ['took [0-9.]+ s', a]\n"
        "  notebook_outputs: true\n"
    )
    environment, patterns = {"A": "2", "B": "yes", "C": "0.5"}, ("took [0-9.]+ s", "a")
    assert Settings(1.5, 3, "png", 96, 10, 1e-3, environment, 1e-5, patterns, True) == _read(text)


@pytest.mark.parametrize(
    "value", ["a", "[1]", "['(']", "['']", "['a*']", "{a: b}", "['x{9999999999}']"]
)
def test_patterns_that_match_nothing_or_everything_are_refused(value: str) -> None:
    """A pattern that matches an empty text would hide nothing and change every line."""
    with pytest.raises(SiteError, match="ignore_patterns must be a list of regular expressions"):
        _read(f"post_builder:\n  ignore_patterns: {value}\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("timeout: 0", Settings(timeout=0)),
        ("timeout: '1e2'", Settings(timeout=100)),
        ("jobs: 1", Settings(jobs=1)),
        ("figure_format: svg", Settings(figure_format="svg")),
        ("tolerance: 0", Settings(tolerance=0)),
    ],
)
def test_limits_are_allowed(text: str, expected: Settings) -> None:
    """A time limit of 0 stops every cell, a tolerance of 0 asks for equal numbers."""
    assert expected == _read(f"post_builder: {{{text}}}\n")


NUMBER = "a number that is not negative"
WHOLE = "a whole number above 0"
FOLDER = "a folder such as assets/models, not of figures or downloads"
VARIABLES = "a mapping of names to texts or numbers (quote on, off, yes and no)"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("timeout: soon", f"timeout must be {NUMBER}, not 'soon'"),
        ("timeout: -1", f"timeout must be {NUMBER}, not -1"),
        ("timeout: .nan", f"timeout must be {NUMBER}, not nan"),
        ("timeout: .inf", f"timeout must be {NUMBER}, not inf"),
        ("timeout: true", f"timeout must be {NUMBER}, not True"),
        ("jobs: 0", f"jobs must be {WHOLE}, not 0"),
        ("jobs: true", f"jobs must be {WHOLE}, not True"),
        ("jobs: 1.5", f"jobs must be {WHOLE}, not 1.5"),
        ("figure_format: pdf", "figure_format must be svg or png, not 'pdf'"),
        ("figure_format: [svg]", "figure_format must be svg or png, not ['svg']"),
        ("figure_dpi: 0", f"figure_dpi must be {WHOLE}, not 0"),
        ("output_limit: many", f"output_limit must be {WHOLE}, not 'many'"),
        ("tolerance: -1", f"tolerance must be {NUMBER}, not -1"),
        *(
            (f"products_folder: {name}", f"products_folder must be {FOLDER}, not {name!r}")
            for name in ("../x", "_models", "assets/images/a", "assets/notebooks", "/models")
        ),
        ("environment: [A]", f"environment must be {VARIABLES}, not ['A']"),
        ("environment: {A: on}", f"environment must be {VARIABLES}, not {{'A': True}}"),
        ("environment: {A: [1]}", f"environment must be {VARIABLES}, not {{'A': [1]}}"),
    ],
)
def test_a_wrong_setting_is_named_with_its_line(setting: str, message: str) -> None:
    """Nothing runs with a setting that its author did not mean; the line is shown."""
    with pytest.raises(SiteError) as caught:
        _read(f"timeout: x\npost_builder:\n\n  {setting}\n")
    assert f"_config.yml:4: {message}\n    {setting}" == str(caught.value)


@pytest.mark.parametrize(
    ("setting", "hint"),
    [
        ("timout", "did you mean timeout?"),
        ("figure_formats", "did you mean figure_format?"),
        (
            "colour",
            (
                "the settings are absolute_tolerance, allowed_secrets, environment, figure_dpi,"
                " figure_format, figure_include, html_limit, ignore_patterns, image_hosts, jobs,"
                " keep_artists, notebook_outputs, output_limit, products_folder, stderr, timeout,"
                " tolerance"
            ),
        ),
    ],
)
def test_an_unknown_setting_is_an_error(setting: str, hint: str) -> None:
    """A near miss is corrected; for any other word all settings are named."""
    with pytest.raises(SiteError) as caught:
        _read(f"post_builder:\n  {setting}: 3\n")
    expected = f"_config.yml:2: unknown setting {setting}\n    {setting}: 3\nhelp: {hint}"
    assert expected == str(caught.value)


def test_settings_must_be_a_mapping() -> None:
    """The line is that of the key."""
    with pytest.raises(SiteError) as caught:
        _read("title: x\npost_builder: 3\n")
    expected = "_config.yml:2: post_builder: must be a mapping\n    post_builder: 3"
    assert expected == str(caught.value)


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"figure_format": "png"}, True),
        ({"figure_dpi": 96}, True),
        ({"output_limit": 10}, True),
        ({"environment": {"A": "1"}}, True),
        ({"timeout": 1.0}, False),
        ({"jobs": 2}, False),
        ({"tolerance": 0.1}, False),
    ],
)
def test_settings_that_change_outputs_make_posts_stale(
    change: dict[str, Any], *, counts: bool
) -> None:
    """A change of any other setting runs nothing."""
    before, after = Settings(), replace(Settings(), **change)
    names = {"figure_format", "figure_dpi", "output_limit", "environment"}
    assert names == before.that_change_outputs().keys()
    assert counts == (before.that_change_outputs() != after.that_change_outputs())


@pytest.mark.parametrize(
    "text",
    [
        *("environment: {'A=B': x}", "environment: {'': x}", 'environment: {A: "a\\0b"}'),
        f"products_folder: {'a' * 300}",
        f"ignore_patterns: ['{'(' * 5000}{')' * 5000}']",
    ],
)
def test_what_the_system_would_refuse_is_an_error_of_its_line(text: str) -> None:
    """Not one of the first post that runs."""
    with pytest.raises(SiteError, match=r"_config.yml:2: \w+ must be "):
        _read(f"post_builder:\n  {text}\n")
