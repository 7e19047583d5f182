"""What GitHub runs: make targets, with pinned actions and no more rights than needed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
"""All workflows."""


ACTION = r"[\w-]+/[\w-]+(/[\w-]+)?@[0-9a-f]{40}"
"""An action, or one of several in a repository, at a commit."""

WRITES = {"publish.yml deploy": {"pages", "id-token"}, "release.yml publish": {"id-token"}}
"""The jobs that may write, and what."""


def read(path: Path) -> dict[Any, Any]:
    """A workflow; YAML reads its key `on` as true."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def triggers(path: Path) -> set[str]:
    """The events that start a workflow."""
    return set(read(path)[True])


def privileged() -> list[tuple[str, dict[str, Any]]]:
    """The jobs that may write anything, with their names."""
    jobs = [
        (f"{path.name} {name}", job)
        for path in WORKFLOWS
        for name, job in read(path)["jobs"].items()
    ]
    return [(name, job) for name, job in jobs if "write" in job.get("permissions", {}).values()]


def steps(path: Path) -> list[dict[str, Any]]:
    """The steps of all jobs of a workflow."""
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_to_commits(path: Path) -> None:
    """Every action is named by its full commit, which nobody can move."""
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert used
    assert not [name for name in used if not re.fullmatch(ACTION, name)]
    text = path.read_text(encoding="utf-8")
    assert len(used) == len(
        re.findall(r"uses: \S+@[0-9a-f]{40}  # v\d+\.\d+\.\d+$", text, re.MULTILINE)
    )


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_run_make_targets(path: Path) -> None:
    """Whatever a workflow builds, checks or publishes, a person can with the same make target."""
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    named = {
        word
        for step in steps(path)
        for word in re.findall(r"(?:^|[;&] )make ([a-z-]+)", step.get("run", ""))
    }
    for job in workflow["jobs"].values():
        named |= set(job.get("strategy", {}).get("matrix", {}).get("target", []))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert named
    assert named <= targets


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_have_the_least_rights(path: Path) -> None:
    """Rights are named; none but the deployment may write, and nothing keeps a token in git."""
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, job in workflow["jobs"].items():
        rights = workflow["permissions"] | job.get("permissions", {})
        writes = {right for right, level in rights.items() if level == "write"}
        assert writes == WRITES.get(f"{path.name} {name}", set())
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_strangers_get_no_secret_and_no_token_that_writes(path: Path) -> None:
    """Only `pull_request` runs their code, for which GitHub gives forks neither."""
    assert not triggers(path) & {"pull_request_target", "workflow_run", "issue_comment", "issues"}
    assert "secrets" not in path.read_text(encoding="utf-8")
    if "pull_request" in triggers(path):
        workflow = read(path)
        assert workflow["permissions"] == {"contents": "read"}
        assert not [job for job in workflow["jobs"].values() if "permissions" in job]
        assert not [job for job in workflow["jobs"].values() if "environment" in job]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_only_main_writes_caches(path: Path) -> None:
    """What a pull request put into one would run where the site is published."""
    for step in steps(path):
        action = step.get("uses", "").partition("@")[0]
        assert action != "actions/cache"
        assert not action.startswith("actions/setup-")  # which write caches of their own
        if action == "actions/cache/save":
            assert "github.ref == 'refs/heads/main'" in step["if"]
            assert "github.event_name == 'push'" in step["if"]
            assert "||" not in step["if"]


def test_jobs_that_may_write_execute_nothing_that_was_built() -> None:
    """They hand over, by pinned actions, what a job of the same run built."""
    assert set(WRITES) == {name for name, _ in privileged()}
    for _, job in privileged():
        for step in job["steps"]:
            assert "run" not in step
            assert not step["uses"].startswith("actions/checkout@")
            assert not {"run-id", "github-token", "repository"} & set(step.get("with", {}))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_a_stranger_writes_is_not_pasted_into_a_script(path: Path) -> None:
    """Names of branches and titles may hold commands: scripts get them as variables."""
    for step in steps(path):
        for name in re.findall(r"\$\{\{\s*(.*?)\s*\}\}", step.get("run", "")):
            assert name == "matrix.target"


def test_releases_are_trusted_and_attested() -> None:
    """No token is stored; PyPI knows the workflow, and every file says which commit it is from."""
    job = read(ROOT / ".github/workflows/release.yml")["jobs"]["publish"]
    (publish,) = [s for s in job["steps"] if s["uses"].startswith("pypa/gh-action-pypi-publish@")]
    assert publish["with"] == {"attestations": True}
    assert job["permissions"] == {"id-token": "write"}
    assert job["environment"] == "pypi"
