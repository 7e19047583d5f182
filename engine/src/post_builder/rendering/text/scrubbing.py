"""Removing from outputs what belongs to the machine: its paths, names, addresses, times."""

from __future__ import annotations

import getpass
import os
import re
import socket
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from post_builder.execution.run import Machine

_URL = re.compile(
    r"((?<![A-Za-z0-9+.-])(?!file:)[A-Za-z][A-Za-z0-9+.-]{1,20}://(?!/)[^\s\"'<>]*)", re.IGNORECASE
)
"""An address on a network: no part of it is a path of this machine. One without a host is."""

_LOCAL = re.compile(
    r"(://(?:[^\s/@]{0,100}@)?)(?!host\.)[A-Za-z0-9-]{1,63}(\.local)(?![\w-]|\.\w)", re.IGNORECASE
)
"""A host of the network that an address is in, by its name in multicast DNS (RFC 6762)."""

_WORD = re.compile(r"[^\s\"'(<]+")
"""What may be a path in an output."""

_ENDS = r"\\[abfnrtv]|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}|\x1b\[[0-9;]{0,15}m"
"""What a `repr`, JSON, an address or a colour may end with, in front of something else."""

_BEFORE_PATH = re.compile(rf"(?:\A|[^\w.~/-]|{_ENDS}|\w://|:///|(?<![\w-])-[A-Za-z])\Z")
"""Behind what a path begins: not in the middle of another; also behind a flag, such as `-I`."""

_BEFORE_NAME = re.compile(rf"(?:\A|[^\w.-]|{_ENDS})\Z")
"""Behind what a name of an account or a host begins."""

_SLASH = r"(?:\\{0,8}[/\\]|%2[Ff])"
"""What separates folders, as it is or as JSON, a `repr` or an address writes it."""

_OWNER = r"(?<![^\s])[bcdlps-][rwxsStT-]{9}[.+@]?\s{1,9}\d{1,9}\s{1,9}"
"""What `ls -l` writes before the owner of a file."""

_LOOK_BACK = 20
"""Characters in front of a path or a name that are read."""

_FOLDERS = r"(\A|\x1b\[[\d;]{0,15}m|[=:,;|{}[\]])(?!//)[^=:,;|{}[\]\x1b]*/"
"""What stands before a path in a word, and the folders with which it begins; not a host."""

_INSTALLED = re.compile(_FOLDERS + r"(?:(?:site|dist)-packages|lib/python3\.\d{1,3})/")
_CELL_FILE = re.compile(_FOLDERS + r"ipykernel_\d{1,12}/\d{1,20}\.py")
_TEMPORARY = re.compile(
    r"(?:/private)?(?:/var/folders/[^/\s]+/[^/\s]+/T|/tmp)/(?:tmp\w{8}|post-builder-\w{8})"
)
_TELLING = ("-packages/", "/lib/python3.", "/ipykernel_", "/tmp/tmp", "/tmp/post-builder-", "/T/")  # noqa: S108  # parts of the patterns
"""In each path of these folders is one of these; most texts, such as figures, have none of them."""

_ADDRESS = re.compile(
    r"\bat 0x[0-9a-fA-F]{6,}|(?<=\.\.\.)(?:(?:a?t)? ?0?x)?[0-9a-f]{6,12}(?=>|&gt;)"
)
"""Of an object in memory; a repr that is cut in its middle has the end of one."""

_VARYING = (
    (re.compile(r"\b(pid|process)([ =:]{1,3})\d+", re.IGNORECASE), r"\1\2…"),
    (re.compile(r"(?<!\d)\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?"), "…"),
    (re.compile(r"\[\d[\d:]{0,12}<[^\]\[\n]{0,200}\]"), "[…]"),
    (re.compile(r"\b\d+(?:\.\d+)?( ?)(ns|µs|us|ms|s|sec|secs|seconds?|min|minutes?)\b"), r"…\1\2"),
)
"""What libraries write to stderr that differs from run to run, and its replacement."""

_LONG = 1_000_000
"""Characters from which on a text is too long to be kept."""

_SHARED_NAMES = frozenset(
    {"root", "user", "admin", "runner", "ubuntu", "debian", "vscode", "jovyan", "nobody", "build"}
    | {"localhost", "localhost.localdomain", "host", ""}
)
"""Names of accounts and hosts that reveal nothing."""


def this_machine() -> Machine:
    """Return the names of the machine, its user and its folders; empty where there are none."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = ""
    home = os.path.expanduser("~")  # noqa: PTH111  # Path.home() fails where there is none
    try:
        temporary = tempfile.gettempdir()
    except OSError:  # there is no room in any
        temporary = ""
    return Machine(home, user, socket.gethostname(), temporary)


def scrub(text: str, root: Path, machine: Machine | None = None) -> str:
    """Remove the paths, names and memory addresses of a machine from an output.

    Args:
        text: the output.
        root: of the site; paths in it become relative.
        machine: on which the output was made; by default this one.
    """
    scrubbed = _scrubbed if len(text) <= _LONG else _scrubbed.__wrapped__
    return scrubbed(text, str(root), machine or this_machine())


@lru_cache(maxsize=256)  # of `watch`: most outputs are as in the build before
def _scrubbed(text: str, root: str, machine: Machine) -> str:
    rules = _rules(root, machine), _address_rules(machine)
    pieces = _URL.split(text)
    for index in range(len(pieces)):
        for rule in rules[index % 2]:  # each second piece is an address on a network
            pieces[index] = rule(pieces[index])
    return "".join(pieces)


def scrub_log(text: str) -> str:
    """Remove process numbers, times and durations from what was written to stderr."""
    for pattern, replacement in _VARYING:
        text = pattern.sub(replacement, text)
    return text


@lru_cache(maxsize=4)
def _rules(root: str, machine: Machine) -> tuple[Callable[[str], str], ...]:
    """Return the replacements for a site on a machine, in their order."""
    site = f"(?:file://)?{re.escape(root)}"
    rules = [_replacing_start(rf"{site}/(?=[\w.])", ""), _replacing_start(rf"{site}(?![\w-])", ".")]
    if machine.temporary not in {"/tmp", "/", ""}:  # noqa: S108  # compared only
        folder = rf"{re.escape(machine.temporary)}(?![\w-])"
        rules.append(_replacing_start(folder, "/tmp"))  # noqa: S108  # what readers see
    rules.append(_without_folders)
    if len(machine.home) > 1:
        home = rf"(?:file://)?{re.escape(machine.home)}(?![\w-])"
        rules.append(_replacing_start(home, "~"))
    rules += [*_user_rules(machine.user), *_host_rules(machine.host)]
    return (*rules, lambda text: _ADDRESS.sub(_without_address, text))


@lru_cache(maxsize=4)
def _address_rules(machine: Machine) -> tuple[Callable[[str], str], ...]:
    """Return the replacements within an address: of its user and its host, if they are its own."""
    rules = []
    if machine.user not in _SHARED_NAMES:
        rules.append(_replacing(rf"(://){re.escape(machine.user)}(?=[:@])(?=[^/\s]*@)", r"\1user"))
    names = {machine.host, machine.host.partition(".")[0]} - _SHARED_NAMES
    own = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    if own:
        pattern = rf"(://(?:[^\s/@]{{0,100}}@)?)(?:{own})(?=(?:\.local)?(?![\w-]|\.\w))"
        rules.append(_replacing(pattern, r"\1host", re.IGNORECASE))
    return (*rules, lambda text: _LOCAL.sub(r"\1host\2", text))


def _without_address(match: re.Match[str]) -> str:
    return "at 0x…" if match.group().startswith("at 0x") else "…"


def _user_rules(user: str) -> list[Callable[[str], str]]:
    """Replace the name of the user where it can only be one: elsewhere it may be a word."""
    if user in _SHARED_NAMES:
        return []
    name = re.escape(user)
    key = r"\b(?:user|log|login|owner|account)(?:[ _-]?name)?[\"']?\s{0,3}[=:]\s{0,3}[\"']?"
    return [
        _replacing_start(rf"{name}(?=@[\w-])", "user", _BEFORE_NAME),
        _replacing(rf"({_SLASH}(?:home|Users){_SLASH}){name}(?![\w-])", r"\1user"),
        _replacing(rf"((?<![\w~])~|\b(?:e?[ug]id|groups)=\d{{1,10}}\(){name}(?![\w-])", r"\1user"),
        _replacing(rf"({_OWNER}){name}(?=\s)(?:(\s{{1,20}}){name}(?=\s))?", _as_owner),
        _replacing(rf"({key}){name}(?![\w-])", r"\1user", re.IGNORECASE),
        _replacing(rf"\A([\"']?){name}([\"']?\s?)\Z", r"\1user\2"),
    ]


def _host_rules(host: str) -> list[Callable[[str], str]]:
    """Replace the name of the machine; a short one made of letters may be a word."""
    if host in _SHARED_NAMES:
        return []
    name = re.escape(host)
    if re.search(r"[\d.-]", host):
        return [_replacing_start(rf"(?i:{name})(?![\w-])", "host", _BEFORE_NAME)]
    return [
        _replacing(rf"(?<=@){name}(?![\w-])", "host"),
        _replacing(
            rf"(\bhost(?:[ _-]?name)?[\"']?\s{{0,3}}[=:]\s{{0,3}}[\"']?){name}\b", r"\1host"
        ),
        _replacing(rf"\A([\"']?){name}([\"']?\s?)\Z", r"\1host\2"),
    ]


def _as_owner(match: re.Match[str]) -> str:
    return f"{match[1]}user{match[2]}user" if match[2] else f"{match[1]}user"


def _replacing(
    pattern: str, replacement: str | Callable[[re.Match[str]], str], flags: int = 0
) -> Callable[[str], str]:
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.sub(replacement, text)


def _replacing_start(
    pattern: str, replacement: str, before: re.Pattern[str] = _BEFORE_PATH
) -> Callable[[str], str]:
    """Replace what has something in front of it with which it can begin."""
    compiled = re.compile(pattern)

    def replaced(match: re.Match[str]) -> str:
        start = match.start()
        begins = before.search(match.string, max(0, start - _LOOK_BACK), start)
        return replacement if begins else match.group()

    return lambda text: compiled.sub(replaced, text)


def _without_folders(text: str) -> str:
    if not any(part in text for part in _TELLING):
        return text
    return _WORD.sub(lambda word: _clean_word(word.group()), text)


def _clean_word(path: str) -> str:
    """Remove from a path the folders of packages, of cells' files and of temporary files."""
    if "/" not in path:
        return path
    path = _CELL_FILE.sub(r"\1<cell>", _INSTALLED.sub(r"\1", path))
    return _TEMPORARY.sub("/tmp/…", path)  # noqa: S108  # what readers see
