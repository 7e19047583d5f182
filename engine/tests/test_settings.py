"""The settings under `post_builder:`, and the mistakes that can be made in them."""

import re
from dataclasses import replace
from typing import Any

import pytest

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
    )
    environment = {"A": "2", "B": "yes", "C": "0.5"}
    assert Settings(1.5, 3, "png", 96, 10, 1e-3, environment) == _read(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("post_builder:\n  timout: 3\n", "_config.yml:2: unknown setting timout"),
        ("timeout: x\npost_builder:\n  timeout: soon\n", "_config.yml:3: timeout must be a number"),
        ("post_builder:\n  timeout: -1\n", "_config.yml:2: timeout must be a number"),
        ("post_builder:\n  timeout: .nan\n", "_config.yml:2: timeout must be a number"),
        ("post_builder:\n  timeout: .inf\n", "_config.yml:2: timeout must be a number"),
        ("post_builder:\n  timeout: true\n", "_config.yml:2: timeout must be a number"),
        ("post_builder:\n\n  jobs: 0\n", "_config.yml:3: jobs must be a whole number above 0"),
        ("post_builder:\n  jobs: true\n", "_config.yml:2: jobs must be a whole number above 0"),
        ("post_builder:\n  jobs: 1.5\n", "_config.yml:2: jobs must be a whole number above 0"),
        ("post_builder: {figure_format: pdf}\n", "_config.yml:1: figure_format must be svg or png"),
        ("post_builder:\n  figure_format: [svg]\n", "_config.yml:2: figure_format must be svg or"),
        ("post_builder:\n  figure_dpi: 0\n", "_config.yml:2: figure_dpi must be a whole number"),
        ("post_builder:\n  output_limit: many\n", "_config.yml:2: output_limit must be a whole"),
        ("post_builder:\n  tolerance: -1\n", "_config.yml:2: tolerance must be a number that is"),
        ("post_builder:\n  environment: [A]\n", "_config.yml:2: environment must be a mapping"),
        (
            "post_builder:\n  environment:\n    A: on\n",
            (
                "_config.yml:2: environment must be a mapping of names to texts or numbers"
                " (quote on, off, yes and no), not {'A': True}"
            ),
        ),
        ("post_builder:\n  environment: {A: [1]}\n", "_config.yml:2: environment must be a mapp"),
        ("title: x\npost_builder: 3\n", "_config.yml:2: post_builder: must be a mapping"),
    ],
)
def test_a_wrong_setting_is_named_with_its_line(text: str, message: str) -> None:
    """Nothing runs with a setting that its author did not mean."""
    with pytest.raises(SiteError, match=f"^{re.escape(message)}"):
        _read(text)


def test_the_message_shows_the_line_and_what_is_wanted() -> None:
    """A near miss is corrected; for any other word all settings are named."""
    with pytest.raises(SiteError) as caught:
        _read("post_builder:\n  # seconds\n  timeout: soon\n")
    expected = (
        "_config.yml:3: timeout must be a number that is not negative, not 'soon'\n"
        "    timeout: soon"
    )
    assert expected == str(caught.value)
    with pytest.raises(SiteError) as caught:
        _read("post_builder: {colour: red}\n")
    assert (
        "the settings are environment, figure_dpi, figure_format, jobs, output_limit, timeout,"
        " tolerance" == caught.value.hint
    )


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
    assert counts == (before.that_change_outputs() != after.that_change_outputs())
