"""What `check` imports: most of its time goes there when a site is fresh."""

import subprocess
import sys
from pathlib import Path

HEAVY = {
    *("IPython", "PIL", "asyncio", "email", "importlib.metadata", "jupyter_client", "jupytext"),
    *("matplotlib", "nbclient", "nbconvert", "nbformat", "rich", "ssl", "torch", "zmq"),
}


def test_check_imports_little(blog: Path, header: str) -> None:
    """Neither Jupyter nor what only a run, an error or the network needs."""
    blog.joinpath("_posts/a.md").write_text(f"{header}```python\n1\n```\n", encoding="utf-8")
    code = (
        "import sys; from post_builder.cli import main\n"
        f"status = main(['check', '--site', {str(blog)!r}, '--json'])\n"
        f"print(status, sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "never built" in done.stdout
    assert "1 []\n" == done.stderr
