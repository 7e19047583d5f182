"""A worker with other versions than the author's machine is told from one that has the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from post_builder.cluster import versions
from post_builder.cluster.messages import Mismatch
from post_builder.cluster.versions import differences, refuse_other_versions
from post_builder.cluster.worker.workshop import run_post_on
from post_builder.errors import ClusterError
from post_builder.execution.run import KernelFacts
from post_builder.freshness.packages.kernel_python import PythonVersions
from post_builder.place import Place

CASES = [
    (PythonVersions("3.11.7", {"a": "1"}), PythonVersions("3.11.9", {"a": "1", "b": "2"}), []),
    (PythonVersions("3.11.7"), PythonVersions("3.12.1"), ["Python 3.11 here, 3.12 there"]),
    (
        PythonVersions("3.11.7", {"a": "1", "b": "2"}),
        PythonVersions("3.11.7", {"a": "3"}),
        ["a 1 here, 3 there", "b 2 here, missing there"],
    ),
    (
        PythonVersions("3.11.7", {"a": None}),
        PythonVersions("3.11.7", {"a": "1"}),
        ["a missing here, 1 there"],
    ),
    (PythonVersions("3.11.7"), PythonVersions(problem="no such kernel"), ["no such kernel"]),
]


@pytest.mark.parametrize(("here", "there", "expected"), CASES)
def test_what_differs_is_named_with_both_versions(
    here: PythonVersions, there: PythonVersions, expected: list[str]
) -> None:
    """Of Python the minor version, of packages any; what only the worker has is no difference."""
    assert expected == list(differences(here, there))


@pytest.mark.parametrize(
    ("python", "package", "said"),
    [
        ("3.11.9", "1", ""),
        ("3.12.1", "1", "Python 3.11 here, 3.12 there"),
        ("3.11.7", "2", "a 1 here, 2 there"),
        ("", "2", ""),  # a kernel of another language says nothing of Python
    ],
)
def test_a_run_with_other_versions_is_refused(
    monkeypatch: pytest.MonkeyPatch, python: str, package: str, said: str
) -> None:
    """What a run imported is known only after it: a first run has no record."""
    here = PythonVersions("3.11.7", {"a": "1"})
    monkeypatch.setattr(versions, "kernel_versions", lambda *_: here)
    post: Any = SimpleNamespace(kernel="python3", place=lambda line: Place("a.md", line))
    site: Any = None
    facts = KernelFacts(python, {"a": package})
    if not said:
        refuse_other_versions(facts, post, site)
        return
    with pytest.raises(ClusterError, match=said) as raised:
        refuse_other_versions(facts, post, site)
    assert str(raised.value).startswith("a.md:1: the post ran with other versions")


def test_a_worker_with_another_engine_runs_nothing() -> None:
    """It does not look at the post: what that is may have changed between the versions."""
    worker: Any = SimpleNamespace(address="tcp://there")
    job: Any = SimpleNamespace(engine="0.1")
    answer = run_post_on(worker, job)
    assert isinstance(answer, Mismatch)
    assert answer.differences[0].startswith("post-builder 0.1 here, ")
