"""How much the numbers of a cell may drift."""

from collections.abc import Callable

import pytest

from post_builder.document.parsing.parser import parse
from post_builder.document.post import Post
from post_builder.errors import PostError
from post_builder.freshness.comparison.text import Tolerances
from post_builder.freshness.comparison.tolerances import cell_tolerances, refuse_unfit_tolerances
from post_builder.settings import Settings

CELL = "```python\nx\n```\n"
SITE = Settings(tolerance=0.1, absolute_tolerance=0.2)


def _post(front_matter: str, options: str = "") -> Post:
    kernel = "jupyter: {kernelspec: {name: python3, language: python}}"
    post = parse(f"---\n{kernel}\n{front_matter}\n---\n{CELL}{options}")
    assert post is not None
    return post


@pytest.mark.parametrize(
    ("front_matter", "options", "expected"),
    [
        ("", "", Tolerances(0.1, 0.2)),
        ("tolerance: 0.3", "", Tolerances(0.3, 0.2)),
        ("tolerance: 1e-6", "", Tolerances(1e-6, 0.2)),
        ("absolute_tolerance: 1e-6", "", Tolerances(0.1, 1e-6)),
        ("tolerance: 0.3", '{: data-tolerance="0"}', Tolerances(0, 0.2)),
        ("", '{: data-absolute-tolerance="5"}', Tolerances(0.1, 5)),
    ],
)
def test_the_cell_wins_over_its_post_and_that_over_the_site(
    front_matter: str, options: str, expected: Tolerances
) -> None:
    """Each tolerance for itself; `1e-6`, which YAML reads as a text, is a number."""
    post = _post(front_matter, options)
    refuse_unfit_tolerances(post)
    assert expected == cell_tolerances(post, post.cells[0], SITE)


def test_the_usual_tolerances_tell_small_numbers_apart(read: Callable[[str], Post]) -> None:
    """Rounding around zero is no drift; `1e-9` and `9e-7` are."""
    post = read(CELL)
    assert Tolerances(1e-6, 1e-12) == cell_tolerances(post, post.cells[0], Settings())


@pytest.mark.parametrize("key", ["tolerance", "absolute_tolerance"])
@pytest.mark.parametrize("value", ["little", "-1", ".inf", ".nan", "true", "[1]", ""])
def test_an_unfit_tolerance_is_an_error_of_its_post(key: str, value: str) -> None:
    """With its line, before anything runs."""
    with pytest.raises(PostError) as caught:
        refuse_unfit_tolerances(_post(f"title: a tolerance\n{key}: {value}"))
    assert f"{key} must be a number that is not negative" in caught.value.message
    assert caught.value.place is not None
    assert 4 == caught.value.place.line
