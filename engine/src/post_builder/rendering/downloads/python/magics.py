"""IPython's magics as plain Python, as far as there is such a thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from post_builder.rendering.downloads.python.blocks_of_code import indent

Helper = Literal["asyncio", "contextlib", "io", "os", "pathlib", "runpy", "subprocess", "types"]
"""A module of the standard library that translated code uses."""

_HELPERS: tuple[Helper, ...] = (
    *("asyncio", "contextlib", "io", "os", "pathlib", "runpy", "subprocess", "types"),
)


class Magic(Struct, frozen=True):
    """A magic, a shell command or a question of IPython."""

    kind: Literal["line", "cell", "system", "getoutput"]
    name: str
    """Of a magic; empty for a shell command."""
    line: str
    """What follows on its line; the shell command."""
    body: str = ""
    """The lines below a cell magic."""

    def __str__(self) -> str:
        """Return the magic as authors write it."""
        if self.kind in {"system", "getoutput"}:
            return f"!{self.line}"
        if self.name in {"pinfo", "pinfo2"}:
            return self.line + ("?" if self.name == "pinfo" else "??")
        mark = "%%" if self.kind == "cell" else "%"
        return f"{mark}{self.name} {self.line}".rstrip() + (f"\n{self.body}" if self.body else "")


def in_plain_python(magic: Magic) -> str | None:
    """Return plain Python that does the same as a magic; None if there is none.

    What it returns for `getoutput` is an expression, for the others one or more statements.
    The body of a cell magic may hold further magics.
    """
    if magic.kind == "system":
        return _shell(magic.line, "check=False")
    if magic.kind == "getoutput":
        command = _shell(magic.line, "check=False, capture_output=True, text=True")
        return f"{command}.stdout.splitlines()" if command else None
    return _cell(magic) if magic.kind == "cell" else _line(magic)


def helpers(code: str) -> Iterator[Helper]:
    """Yield the modules that translated code uses."""
    return (name for name in _HELPERS if re.search(rf"\b{name}\.", code))


def _shell(command: str, options: str) -> str | None:
    """Run a command, unless it installs packages or IPython would fill in variables by `$`."""
    if "$" in command or re.match(r"\s*(?:python\S*\s+-m\s+)?(?:pip|conda|mamba|uv)\b", command):
        return None
    text = f"f{command!r}" if "{" in command else repr(command)
    return f"subprocess.run({text}, shell=True, {options})"


def _line(magic: Magic) -> str | None:
    words = magic.line.split()
    if magic.name == "time":
        return magic.line or None
    if magic.name == "cd" and len(words) == 1:
        return f"os.chdir(os.path.expanduser({words[0]!r}))"
    if magic.name in {"env", "set_env"} and (given := re.match(r"(\w+)(?:=|\s+)(.*)", magic.line)):
        return f"os.environ[{given[1]!r}] = {given[2]!r}"
    if magic.name == "run" and len(words) == 1 and words[0].endswith(".py"):
        return f'globals().update(runpy.run_path({words[0]!r}, run_name="__main__"))'
    return None


def _cell(magic: Magic) -> str | None:
    words = magic.line.split()
    names = [word for word in words if not word.startswith("-")]
    if magic.name in {"time", "prun"}:
        return magic.body.strip("\n")
    if magic.name == "capture":
        return _captured(magic.body, names[0] if names else None)
    if magic.name in {"bash", "sh"} and not words:
        return f"subprocess.run([{magic.name!r}, '-c', {magic.body!r}], check=True)"
    if magic.name in {"writefile", "file"} and len(words) == 1:
        return f'pathlib.Path({words[0]!r}).write_text({magic.body!r}, encoding="utf-8")'
    return None


def _captured(body: str, name: str | None) -> str | None:
    """Run code whose output is kept, or dropped if it has no name."""
    code = indent(body.strip("\n"))
    if code is None:
        return None
    streams = [
        f"contextlib.redirect_{stream}(io.StringIO())" + (f" as {name}_{stream}" if name else "")
        for stream in ("stdout", "stderr")
    ]
    lines = [f"with {', '.join(streams)}:", code]
    if name:
        kept = ", ".join(f"{s}={name}_{s}.getvalue()" for s in ("stdout", "stderr"))
        shown = f'show=lambda: print({name}_stdout.getvalue(), end="")'
        lines.append(f"{name} = types.SimpleNamespace({kept}, {shown})")
    return "\n".join(lines)
