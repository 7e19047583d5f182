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


def steps(path: Path) -> list[dict[str, Any]]:
    """The steps of all jobs of a workflow."""
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_to_commits(path: Path) -> None:
    """Every action is named by its full commit, which nobody can move."""
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert used
    assert not [name for name in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name)]


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
        assert writes == ({"pages", "id-token"} if name == "deploy" else set())
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
