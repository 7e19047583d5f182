"""What a kernel inherits, and what is the same in every kernel."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from post_builder.execution.environment import kernel_environment
from post_builder.execution.run import Run
from post_builder.settings import Settings
from post_builder.site import Site

FIXED = {
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "COLUMNS": "80",
    "LINES": "24",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "SOURCE_DATE_EPOCH": "0",
}


def test_secrets_of_the_shell_do_not_reach_a_post(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Only what a program needs to run is inherited; everything else is set."""
    monkeypatch.setattr(
        os, "environ", {"PATH": "/bin", "HOME": "/h", "TOKEN": "x", "TZ": "Asia/Tokyo"}
    )
    environment = kernel_environment(Site(Path("/blog")), tmp_path)
    assert "/bin" == environment["PATH"]
    assert "/h" == environment["HOME"]
    assert FIXED.items() <= environment.items()
    assert "TOKEN" not in environment
    assert "/blog" == environment["POST_BUILDER_ROOT"]


def test_a_site_may_set_variables_of_its_own(tmp_path: Path) -> None:
    """They replace the fixed ones; a search path is added to the engine's."""
    settings = Settings(environment={"TZ": "Asia/Tokyo", "MODE": "fast", "PYTHONPATH": "lib"})
    environment = kernel_environment(Site(tmp_path, settings), tmp_path / "scratch")
    assert ("Asia/Tokyo", "fast") == (environment["TZ"], environment["MODE"])
    assert environment["PYTHONPATH"].endswith(f"{os.pathsep}lib")


@pytest.mark.slow
def test_a_post_sees_what_is_fixed_and_nothing_of_the_engine(
    run: Callable[[str], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No secret, no name, no module and no history of ours is in the kernel of a post."""
    monkeypatch.setenv("MY_TOKEN", "hunter2")
    body = (
        "```python\nimport json, os, sys\nprint(json.dumps({\n"
        "    'environment': dict(os.environ),\n"
        "    'names': sorted(n for n in globals() if n[0] != '_'),\n"
        "    'path': sys.path, 'modules': sorted(sys.modules), 'cwd': os.getcwd(), 'In': len(In),\n"
        "    'flags': [sys.flags.utf8_mode, sys.flags.hash_randomization],\n}))\n```\n"
    )
    (cell,) = run(body).cells
    seen = json.loads(cell.outputs[0]["text"])
    assert FIXED.items() <= seen["environment"].items()
    assert "hunter2" not in seen["environment"].values()
    ipython = ["In", "Out", "exit", "get_ipython", "open", "quit"]
    assert sorted([*ipython, "json", "os", "sys"]) == seen["names"]
    assert not any("post_builder" in entry for entry in [*seen["path"], *seen["modules"]])
    assert seen["environment"]["POST_BUILDER_ROOT"] == seen["cwd"]
    assert (2, [1, 0]) == (seen["In"], seen["flags"])


@pytest.mark.slow
def test_figures_are_as_dense_as_the_site_says(run: Callable[[str], Run], blog: Path) -> None:
    """PNG, if the site asks for it; the file does not say which version of a program made it."""
    config = "post_builder: {figure_format: png, figure_dpi: 150}\n"
    blog.joinpath("_config.yml").write_text(config, encoding="utf-8")
    (cell,) = run(
        "```python\nimport matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\n```\n"
    ).cells
    data = cell.outputs[0]["data"]
    assert {"image/png", "text/plain"} == data.keys()
    with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as image:
        assert (150, 150) == tuple(map(round, image.info["dpi"]))
        assert "Software" not in image.info
