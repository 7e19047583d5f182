"""Imports libraries ahead of the posts that need them. A template runs this.

While it imports, it notes what each module does when it is executed: which modules it imports,
which files it reads, and what it adds to registries such as the filters of warnings. Then all of it
is taken back; `hidden.py` does it again when a post imports the module.
"""

import builtins
import importlib
import importlib.machinery
import importlib.util
import itertools
import sys
import threading
import types
from collections.abc import Iterable
from importlib.machinery import SourceFileLoader
from typing import Any

Step = tuple[Any, ...]
"""Something that a module does: the name of a method of `Hidden`, and its arguments."""


class Recorder:
    """Notes what modules do while they are imported."""

    def __init__(self, hidden: Any) -> None:  # noqa: ANN401  # hidden.py, loaded by path
        """Note nothing yet; `record` begins."""
        self.hidden = hidden
        self.steps: dict[str, list[Step]] = {}
        """What each module did, in order."""
        self.names: dict[str, dict[str, Any]] = {}
        """The names in each module directly after it was executed."""
        self.problems: list[str] = []
        """Why the modules cannot be hidden."""
        self._stack: list[list[Step]] = [[]]
        self._lists = {name: list(values) for name, values in self.hidden.LISTS.items()}
        self._dicts = {name: dict(values) for name, values in self.hidden.DICTS.items()}
        self._threads = self.hidden.next_thread()
        self._import, self._import_module = builtins.__import__, importlib.import_module

    def record(self, statements: Iterable[tuple[str, tuple[str, ...]]]) -> Any:  # noqa: ANN401  # a Hidden
        """Import modules as statements do, and hide all that it changed.

        Args:
            statements: for each the name of a module, and names that are imported from it.
        """
        first_thread = self.hidden.next_thread()
        dicts = {name: dict(values) for name, values in self.hidden.DICTS.items()}
        lists = {name: list(values) for name, values in self.hidden.LISTS.items()}
        builtins.__import__ = self._noted_import
        importlib.import_module = self._noted_import_module
        sys.meta_path.insert(0, self)
        self._lists["sys.meta_path"].insert(0, self)
        try:
            for name, items in statements:
                try:
                    __import__(name, fromlist=items)
                except Exception:  # noqa: BLE001, S112  # the post will meet it, and may handle it
                    continue
        finally:
            builtins.__import__, importlib.import_module = self._import, self._import_module
        self._settle()
        self._check_modules(dicts["sys.modules"])
        threading._counter = itertools.count(first_thread).__next__  # type: ignore[attr-defined]  # noqa: SLF001
        hidden = {name: sys.modules[name] for name in self.steps if name in sys.modules}
        for name, values in self.hidden.DICTS.items():
            self.hidden.take_back(name, values, dicts[name])
        for name, entries in self.hidden.LISTS.items():
            entries[:] = lists[name]
        self.hidden.refresh_warnings()
        self._hide_attributes(hidden)
        return self.hidden.Hidden(hidden, self.steps, self.names)

    def touch(self, kind: str, path: str) -> None:
        """Note that the module that is executed now read or wrote a file."""
        self._stack[-1].append(("touch", kind, path))

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:  # noqa: ANN401  # importlib's
        """Find a module as Python would, and listen while it is created and executed."""
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)):
                break
        else:
            return None
        steps = self.steps.setdefault(name, [])
        if spec.loader is not None and not isinstance(spec.loader, type):
            if not isinstance(spec.loader, SourceFileLoader):  # which does nothing then
                self._listen(spec.loader, "create_module", steps, name)
            self._listen(spec.loader, "exec_module", steps, name)
        return spec

    def _listen(self, loader: Any, method: str, steps: list[Step], name: str) -> None:  # noqa: ANN401  # any
        call = getattr(loader, method)
        first = "create_module" if "create_module" in vars(loader) else method

        def listen(argument: object) -> object:
            is_whole = False
            self._settle()
            if method == first:
                self._stack[-1].append(("import_module", name))  # C code may import unheard
            self._stack.append(steps)
            try:
                result = call(argument)
            except BaseException:
                self._stack[-2].extend(steps)  # what it imported stays imported
                raise
            else:
                is_whole = True
                return result
            finally:
                self._settle()
                self._stack.pop()
                if not is_whole:
                    self._dicts["sys.modules"].pop(name, None)  # as Python does next
                if method == "exec_module":
                    self._finish(loader, name, argument)

        setattr(loader, method, listen)

    def _finish(self, loader: Any, name: str, module: object) -> None:  # noqa: ANN401  # any
        self.names[name] = dict(vars(module))
        for own in ("create_module", "exec_module"):
            vars(loader).pop(own, None)
        if isinstance(loader, importlib.machinery.ExtensionFileLoader):
            self._stack.append(self.steps[name])
            for value in self.names[name].values():
                known = value if isinstance(value, types.ModuleType) else None
                owner = known.__name__ if known else getattr(value, "__module__", None)
                if isinstance(owner, str) and owner != name:
                    self._note(owner)
            self._stack.pop()

    def _noted_import(
        self,
        name: str,
        globals: Any = None,  # noqa: A002, ANN401  # as its original
        locals: Any = None,  # noqa: A002, ANN401
        fromlist: Any = (),  # noqa: ANN401
        level: int = 0,
    ) -> Any:  # noqa: ANN401
        module = self._import(name, globals, locals, fromlist, level)
        if level:
            package = globals.get("__package__") or globals["__name__"]
            name = importlib.util.resolve_name("." * level + name, package)
        self._note(name)
        for item in fromlist or ():
            items = getattr(sys.modules.get(name), "__all__", ()) if item == "*" else (item,)
            for part in items:
                self._note(f"{name}.{part}")
        return module

    def _noted_import_module(self, name: str, package: str | None = None) -> types.ModuleType:
        module = self._import_module(name, package)
        self._note(importlib.util.resolve_name(name, package) if name.startswith(".") else name)
        return module

    def _note(self, name: str) -> None:
        if name in self.steps:
            self._stack[-1].append(("import_module", name))

    def _settle(self) -> None:
        """Note what was added to registries since the last call, for the module executed now."""
        if (threads := self.hidden.next_thread()) != self._threads:
            self._stack[-1].append(("count_threads", threads - self._threads))
            self._threads = threads
        for name, items in self.hidden.LISTS.items():
            known = self._lists[name]
            if items != known:
                self._compare(name, items, known)
                self._lists[name] = list(items)
        for name, values in self.hidden.DICTS.items():
            seen = self._dicts[name]
            if name == "sys.modules":
                self._add_modules(values, seen)
            elif seen != values:
                self._add(name, values, seen)
                self._dicts[name] = dict(values)

    def _compare(self, name: str, items: list[Any], known: list[Any]) -> None:
        first = last = 0
        shorter = min(len(items), len(known))
        while first < shorter and items[first] == known[first]:
            first += 1
        while last < shorter - first and items[-1 - last] == known[-1 - last]:
            last += 1
        gone, new = known[first : len(known) - last], items[first : len(items) - last]
        place = 0 if first == 0 else None if last == 0 else first
        self._stack[-1].append(("change", name, gone, new, place))

    def _add(self, name: str, values: dict[Any, Any], known: dict[Any, Any]) -> None:
        for key, value in values.items():
            if key not in known or known[key] is not value:
                self._stack[-1].append(("put", name, key, value))
        if any(key not in values for key in known):
            self.problems.append(f"something was removed from {name}")

    def _add_modules(self, modules: dict[str, Any], known: dict[str, Any]) -> None:
        """Note what code itself put into `sys.modules`: new entries are the last ones."""
        left = len(modules) - len(known)
        for name in reversed(modules) if left > 0 else ():
            if name not in known:
                known[name] = modules[name]
                if name not in self.steps:
                    self._stack[-1].append(("put", "sys.modules", name, modules[name]))
                left -= 1
                if not left:
                    return

    def _check_modules(self, before: dict[str, Any]) -> None:
        """Look for entries that came, went or changed in `sys.modules` without being noted."""
        known = self._dicts["sys.modules"]
        for name in {**before, **sys.modules}:
            if name not in self.steps and known.get(name) is not sys.modules.get(name):
                self.problems.append(f"{name} in sys.modules was replaced")

    def _hide_attributes(self, hidden: dict[str, types.ModuleType]) -> None:
        """Give modules the names they had directly after they were executed.

        The import system adds to each package the submodules that are imported later.
        """
        for name in hidden:
            package, _, own = name.rpartition(".")
            parent = hidden.get(package) or sys.modules.get(package)
            first = self.names.get(package, {})
            if parent is not None and own in vars(parent):
                if own in first:
                    setattr(parent, own, first[own])
                else:
                    delattr(parent, own)
