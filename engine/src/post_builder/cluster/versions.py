"""Whether a worker has the versions of the author's machine."""

from __future__ import annotations

from collections.abc import Iterator

from post_builder.document.post import Post
from post_builder.errors import ClusterError
from post_builder.execution.run import KernelFacts
from post_builder.freshness.packages.kernel_python import PythonVersions, kernel_versions
from post_builder.freshness.packages.versions import public_versions, python_minor
from post_builder.freshness.record import Record
from post_builder.site import Site

_ALWAYS = ("ipykernel", "ipython")
"""Packages that every Python post runs with."""

ALIKE = "give the workers the environment of this machine"
"""What to do about a difference."""


def expected_versions(post: Post, record: Record | None, site: Site) -> PythonVersions:
    """Return what the kernel of a post has on this machine, of what its last run imported."""
    names = {*_ALWAYS, *(record.packages if record else ())}
    return kernel_versions(post.kernel, names, site)


def refuse_other_versions(facts: KernelFacts, post: Post, site: Site) -> None:
    """Refuse a run elsewhere that imported what this machine has in another version.

    Raises:
        ClusterError: it names both versions.
    """
    here = kernel_versions(post.kernel, facts.packages.keys(), site)
    there = PythonVersions(facts.python, public_versions(facts.packages))
    if facts.python and (found := list(differences(here, there))):
        message = f"the post ran with other versions than this machine has: {'; '.join(found)}"
        raise ClusterError(message, post.place(1), ALIKE)


def differences(here: PythonVersions, there: PythonVersions) -> Iterator[str]:
    """Yield each version that is another on a worker, as freshness compares versions."""
    if there.problem:
        yield there.problem
        return
    mine, other = python_minor(here.python), python_minor(there.python)
    if mine != other:
        yield f"Python {mine} here, {other} there"
    for name, version in sorted(here.packages.items()):
        elsewhere = there.packages.get(name)
        if version != elsewhere:
            yield f"{name} {version or 'missing'} here, {elsewhere or 'missing'} there"
