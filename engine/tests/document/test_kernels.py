"""The kernel that front matter names, in the spellings that people bring along."""

import pytest

from post_builder.document.front_matter import FrontMatter, KernelSpec, kernel_of, read_front_matter
from post_builder.errors import PostError


def _kernel(yaml: str) -> KernelSpec:
    kernel = kernel_of(read_front_matter(f"---\ntitle: A\n{yaml}\n---\n", "a.md"))
    assert kernel is not None
    return kernel


@pytest.mark.parametrize(
    "yaml",
    [
        "jupyter: python3",
        "jupyter: {kernelspec: {name: python3, display_name: Python 3, language: python}}",
        "jupyter: {kernelspec: {name: python3}}",
        "jupyter: {kernelspec: python3}",
        "kernelspec: {name: python3, display_name: Python 3}",
        "kernelspec: python3",
        "jupytext: {text_representation: {extension: .md}}\nkernelspec: {name: python3}",
        "jupyter: {kernelspec: {name: python3, language: Python}}",
        "jupyter: {kernelspec: {name: python3, language: ipython}}",
    ],
)
def test_a_kernel_may_be_spelled_in_several_ways(yaml: str) -> None:
    """Jupytext's, Quarto's and MyST's keys; Python is Python under any of its names."""
    kernel = _kernel(yaml)
    assert ("python3", "python") == (kernel.name, kernel.language)
    assert ("python3", "python") == (kernel.spec["name"], kernel.spec["language"])


@pytest.mark.parametrize(
    ("name", "language"),
    [("bash", "bash"), ("ir", "R"), ("python3.12", "python"), ("xpython", "python")],
)
def test_the_language_of_usual_kernels_is_known(name: str, language: str) -> None:
    """It need not be said."""
    kernel = _kernel(f"jupyter: {name}")
    assert (name, language) == (kernel.name, kernel.language)


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("jupyter: lua", "a.md:3: the kernelspec 'lua' does not name a language"),
        ("kernelspec:\n  name: 2020-01-01", "a.md:4: name of the kernelspec must be a text"),
        ("jupyter:\n  kernelspec:\n    name: python3\n    display_name: 2020-01-01", "a.md:6:"),
        ("jupyter:\n  kernelspec:\n    name: a\n    env: {since: 2020-01-01}", "a.md:6: since of"),
        ("jupyter: {kernelspec: {name: 3, language: a}}", "a.md:3: name of the kernelspec must"),
        ("jupyter: 2020-01-01", "a.md:3: jupyter must name a kernel, not"),
        ("kernelspec: [python3]", "a.md:3: kernelspec must name a kernel, not"),
    ],
)
def test_a_kernel_that_cannot_be_right_is_refused_with_its_line(yaml: str, message: str) -> None:
    """Also what a notebook, which is JSON, could not hold."""
    with pytest.raises(PostError, match=f"^{message}"):
        _kernel(yaml)


def test_the_kernel_of_the_post_wins() -> None:
    """Whatever it inherits, and in whatever spelling."""
    default = {"jupyter": {"kernelspec": {"name": "python3"}}}
    found = kernel_of(FrontMatter("a.md", {"kernelspec": {"name": "bash"}}, default))
    assert found is not None
    assert ("bash", "bash") == (found.name, found.language)
