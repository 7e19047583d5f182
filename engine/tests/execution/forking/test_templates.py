"""A post cannot tell a forked kernel from one of its own."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from post_builder.execution.forking import forker
from post_builder.execution.forking.templates import Templates
from post_builder.execution.run import Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks kernels"),
]

Trial = Any  # of conftest.py

LOOK = f"exec({Path(__file__).with_name('look.py').read_text(encoding='utf-8')!r}, {{}})"


def printed(run: Run) -> str:
    """Return what all cells of a run printed."""
    streams = [o for cell in run.cells for o in cell.outputs if o["output_type"] == "stream"]
    return "".join(str(output["text"]) for output in streams)


def seen(run: Run) -> list[dict[str, Any]]:
    """Return what a run saw, whatever its scratch folders were called."""
    text = re.sub(r"post-builder-\w+(/post-builder-\w+)?", "scratch", printed(run))
    text = re.sub(r"0x[0-9a-f]+", "0x", text)
    return [json.loads(line) for line in text.splitlines() if line.startswith('{"modules"')]


@pytest.mark.parametrize(
    "cells",
    [
        (
            "import math",
            "import numpy",
            "import matplotlib",
            "import matplotlib.pyplot as plt\nplt.plot([1, 2])",
            "numpy.random.seed(1)\nnumpy.linalg.norm([1.0, 2.0])",
            "(numpy.ones((600, 600)) @ numpy.ones((600, 600))).sum()",
        ),
        (
            "from numpy import fft",
            "import numpy.ma, numpy.polynomial, numpy.testing",
            "from matplotlib.figure import Figure\nfrom matplotlib import cm, ticker",
            "import matplotlib.animation",
            "import pylab",
            "%matplotlib inline",
            "from mpl_toolkits import mplot3d",
            "pylab.figure().add_subplot(projection='3d')",
        ),
    ],
)
def test_a_post_sees_what_it_would_see_in_a_kernel_of_its_own(
    trial: Callable[..., Trial], cells: tuple[str, ...]
) -> None:
    """Modules and the names in them, files, the environment, warnings, and more, at each cell."""
    made = trial(LOOK, *(f"{code}\n{LOOK}" for code in cells))
    (forked,) = made.forked()
    plain = made.plain()
    for number, (own, other) in enumerate(zip(seen(plain), seen(forked), strict=True)):
        for what, value in own.items():
            assert (number, what, value) == (number, what, other[what])
    assert plain.facts.packages == forked.facts.packages
    assert plain.observations == forked.observations
    assert len(cells) + 1 == len(seen(plain))


def test_a_later_kernel_reports_what_the_first_one_does(trial: Callable[..., Trial]) -> None:
    """Its template has read by then what is installed."""
    made = trial("import numpy")
    first, second = made.forked(lambda: None)
    assert first.facts.packages == second.facts.packages
    assert "numpy" in second.facts.packages


def test_a_post_may_remove_what_its_template_brought(trial: Callable[..., Trial]) -> None:
    """Its kernel reads then itself what is installed."""
    (run,) = trial("import sys, numpy\ndel sys.modules['sitecustomize']").forked()
    assert "numpy" in run.facts.packages


def test_random_numbers_are_not_those_of_another_kernel(trial: Callable[..., Trial]) -> None:
    """Without a seed they differ, as they do between kernels of their own."""
    made = trial("import random, numpy\nprint(random.random(), numpy.random.rand())")
    first, second = (printed(run).split() for run in made.forked(lambda: None))
    assert not set(first) & set(second)


def test_names_that_were_not_imported_are_not_there(trial: Callable[..., Trial]) -> None:
    """Although the process has the library."""
    code = "try:\n    numpy\nexcept NameError as error:\n    print(error)\nimport numpy"
    (run,) = trial(code).forked()
    assert "name 'numpy' is not defined\n" == printed(run)


def test_a_library_that_changes_is_imported_again(
    trial: Callable[..., Trial], library: Path
) -> None:
    """An upgrade between two runs counts."""
    library.write_text("VERSION = 1\n", encoding="utf-8")
    made = trial("import shelf\nprint(shelf.VERSION)")
    runs = made.forked(lambda: library.write_text("VERSION = 22\n", encoding="utf-8"))
    assert ["1\n", "22\n"] == [printed(run) for run in runs]


@pytest.mark.parametrize("checkpoints", [False, True])
def test_a_template_that_is_out_of_date_is_replaced(
    trial: Callable[..., Trial], library: Path, *, checkpoints: bool
) -> None:
    """The post that meets it runs in a plain kernel, except where that has no checkpoints."""
    library.write_text("VERSION = 1\n", encoding="utf-8")
    made = trial("import shelf")
    asked: list[forker.Forker | None] = []

    def upgrade() -> None:
        library.write_text("VERSION = 22\n", encoding="utf-8")

    async def ask(templates: Templates) -> None:
        async with templates(made.post, made.site) as kernel:
            asked.append(kernel.template)

    async def ask_often() -> None:
        templates = Templates(with_checkpoints=checkpoints)
        templates.expect([made.post], made.site)
        try:
            await ask(templates)
            upgrade()
            await ask(templates)
            await ask(templates)
        finally:
            await templates.close()

    asyncio.run(ask_often())
    first, second, third = asked
    assert first
    assert third not in {first, None}
    assert second is (third if checkpoints else None)


def test_a_module_of_the_site_hides_a_library(
    trial: Callable[..., Trial], library: Path, blog: Path
) -> None:
    """It is found first in the working directory; it is observed, and never imported ahead."""
    library.write_text("NAME = 'library'\n", encoding="utf-8")
    own = blog / "shelf.py"
    made = trial("import shelf\nprint(shelf.NAME)")

    def write() -> None:
        own.write_text("NAME = 'own'\n", encoding="utf-8")

    runs = made.forked(write)
    assert ["library\n", "own\n"] == [printed(run) for run in runs]
    assert str(own) in runs[1].observations.read


@pytest.mark.parametrize(
    "code",
    [
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()",
        "print('hello')",
        "import warnings\nwarnings.warn('old', stacklevel=2)",
        "import signal\nsignal.signal(signal.SIGUSR1, print)",
        "import os\nos.chdir('/')",
        "FILE = open(__file__)",
        "import subprocess\nsubprocess.Popen(['sleep', '100'])",
        "import keyword, sys, types\nsys.modules['keyword'] = types.ModuleType('other')",
    ],
)
def test_a_library_that_does_more_than_define_is_left_to_the_post(
    trial: Callable[..., Trial], library: Path, code: str
) -> None:
    """A thread would not be in the forked process, and text would be in none."""
    library.write_text(code, encoding="utf-8")
    made = trial(
        "import os, threading, shelf\nprint(os.getcwd(), len(threading.enumerate()))\n",
        "import signal\nprint(signal.getsignal(signal.SIGUSR1) is print)",
        "import sys\nprint(sys.modules['keyword'].__name__)",
    )
    (run,) = made.forked()
    shown = [re.sub(r"ipykernel_\d+", "", printed(one)) for one in (made.plain(), run)]
    assert shown[0] == shown[1]


def test_a_library_that_takes_long_keeps_no_post_waiting(
    trial: Callable[..., Trial], library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The post gets a kernel of its own, whose cells have a time limit."""
    monkeypatch.setattr(forker, "_SECONDS_TO_ANSWER", 0.1)
    library.write_text("import time\ntime.sleep(5)\nNAME = 'slow'\n", encoding="utf-8")
    (run,) = trial("import shelf\nprint(shelf.NAME)").forked()
    assert "slow\n" == printed(run)


def test_what_a_library_adds_is_added_when_it_is_imported(
    trial: Callable[..., Trial], library: Path
) -> None:
    """Filters of warnings, variables, loggers: not before, and not twice."""
    library.write_text(
        "import logging, os, sys, warnings\n"
        "warnings.filterwarnings('ignore', message='shelf')\n"
        "os.environ['SHELF'] = 'full'\n"
        "logging.getLogger('shelf')\n"
        "sys.modules['drawer'] = sys.modules[__name__]\n",
        encoding="utf-8",
    )
    look = (
        "import logging, os, sys, warnings\n"
        "print(sum('shelf' in str(item) for item in warnings.filters), os.getenv('SHELF'),\n"
        "      'shelf' in logging.root.manager.loggerDict, 'drawer' in sys.modules)"
    )
    (run,) = trial(look, f"import shelf\n{look}").forked()
    assert "0 None False False\n1 full True True\n" == printed(run)
