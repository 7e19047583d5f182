"""Modules that were imported before a post does, and appear when it imports them.

When a post in a forked kernel imports one, it is there at once, and what it did when it was
executed is done again: the modules that it imported become visible as well, and no others.
"""

import builtins
import contextlib
import copyreg
import importlib
import importlib.machinery
import logging
import os
import sys
import threading
import types
import warnings
from collections.abc import Callable
from typing import Any

Step = tuple[Any, ...]
"""Something that a module does: the name of a method of `Hidden`, and its arguments."""

LISTS: dict[str, list[Any]] = {
    "warnings.filters": warnings.filters,  # type: ignore[dict-item]  # a list, typed as a sequence
    "sys.meta_path": sys.meta_path,
    "sys.path_hooks": sys.path_hooks,
    "sys.path": sys.path,
}
DICTS: dict[str, dict[Any, Any]] = {
    "sys.modules": sys.modules,
    "os.environ": os.environ._data,  # type: ignore[attr-defined]  # noqa: SLF001  # quick to compare
    "copyreg.dispatch_table": copyreg.dispatch_table,
    "logging.loggers": logging.root.manager.loggerDict,
    "builtins": builtins.__dict__,
}
"""What modules are known to change beside themselves when they are imported."""


class Hidden:
    """Modules that are imported already, and appear when a post imports them."""

    def __init__(
        self,
        modules: dict[str, types.ModuleType],
        steps: dict[str, list[Step]],
        names: dict[str, dict[str, Any]],
    ) -> None:
        """Take modules, what each did when it was executed, and the names in it after that."""
        self.modules, self.steps = modules, steps
        self.known = frozenset(modules)
        self.names = names
        self.submodules: dict[str, list[str]] = {}
        """For each package the names of the modules in it."""
        for name in steps:
            package, _, own = name.rpartition(".")
            self.submodules.setdefault(package, []).append(own)
        self.touch: Callable[[str, str], object] = lambda *_: None
        """Told of the files that a module read or wrote."""
        self.after: dict[str, Callable[[Any], object]] = {}
        """For some modules what to do after all else, since this is another process."""

    def find_spec(self, name: str) -> importlib.machinery.ModuleSpec | None:
        """Find a hidden module, unless Python would find another one of that name by now."""
        module = self.modules.get(name)
        if module is None:
            return None
        if not has_own_loader(name, module):
            return importlib.machinery.ModuleSpec(name, Loader(self, name, module))  # type: ignore[arg-type]
        spec: Any = module.__spec__
        if "." not in name and is_shadowed(spec):
            self.modules.clear()  # they belong to the one that is not to be found
            return None
        loader: Any = spec.loader
        loader.create_module = lambda _: module
        loader.exec_module = self.replay
        return spec  # type: ignore[no-any-return]

    def replay(self, module: types.ModuleType) -> None:
        """Do again what a module did when it was executed."""
        spec: Any = module.__spec__
        for own in ("create_module", "exec_module"):
            vars(spec.loader).pop(own, None)
        self.repeat(spec.name, module)

    def repeat(self, name: str, module: types.ModuleType) -> None:
        """Take the steps of a module again."""
        self.modules.pop(name, None)
        for method, *arguments in self.steps.get(name, ()):
            getattr(self, method)(*arguments)
        self.restore_names(name, module)
        if then := self.after.get(name):
            then(module)

    def restore_names(self, name: str, module: types.ModuleType) -> None:
        """Leave those submodules as names in a module that it left there itself."""
        first = self.names.get(name, {})
        for own in self.submodules.get(name, ()):
            if own in first:
                setattr(module, own, first[own])
            elif own in vars(module):
                delattr(module, own)

    def import_module(self, name: str) -> None:
        """Make a module visible, as an import in another one did."""
        if name in sys.modules or name not in self.known:
            return
        package = name.rpartition(".")[0]
        if package:
            self.import_module(package)
            if name in sys.modules:  # its package imported it
                return
        module = self.modules.get(name)
        if module and package in sys.modules and self.is_first() and has_own_loader(name, module):
            self.show(name, module)
        else:
            importlib.import_module(name)

    def is_first(self) -> bool:
        """Return whether no other finder is asked before this one."""
        return [getattr(it, "find_first", None) for it in sys.meta_path[:1]] == [self.find_spec]

    def show(self, name: str, module: types.ModuleType) -> None:
        """Do for a submodule what `importlib` does in ten times as long when it is found here.

        While it is executed it has a place in `sys.modules`, and after that the last one.
        """
        package, _, own = name.rpartition(".")
        sys.modules[name] = module
        self.repeat(name, module)
        sys.modules[name] = sys.modules.pop(name)
        setattr(sys.modules[package], own, module)

    def change(self, name: str, gone: list[Any], new: list[Any], place: int | None) -> None:
        """Remove items from a list, and insert others; at its end if there is no place."""
        items = LISTS[name]
        for item in gone:
            if item in items:
                items.remove(item)
        place = len(items) if place is None else place
        items[place:place] = new
        if name == "warnings.filters":
            refresh_warnings()

    def put(self, name: str, key: Any, value: Any) -> None:  # noqa: ANN401  # of any registry
        """Set an entry of a dictionary."""
        put(name, key, value)

    def count_threads(self, number: int) -> None:
        """Use up numbers of threads, which are in their names."""
        for _ in range(number):
            threading._counter()  # type: ignore[attr-defined]  # noqa: SLF001


class Loader:
    """Loads a hidden module whose own loader cannot be told to."""

    def __init__(self, hidden: Hidden, name: str, module: Any) -> None:  # noqa: ANN401  # may be no module
        """Take a module and its name."""
        self.hidden, self.name, self.module = hidden, name, module
        self.spec = getattr(module, "__spec__", None)

    def create_module(self, _: object) -> Any:  # noqa: ANN401  # as above
        """Return the module."""
        return self.module

    def exec_module(self, _: object) -> None:
        """Leave no trace of this loader."""
        with contextlib.suppress(AttributeError):
            self.module.__spec__ = self.spec
        sys.modules[self.name] = self.module
        self.hidden.repeat(self.name, self.module)


def put(name: str, key: Any, value: Any) -> None:  # noqa: ANN401  # of any registry
    """Set an entry of a dictionary."""
    DICTS[name][key] = value
    if name == "os.environ":
        os.putenv(key, value)


def take_back(name: str, values: dict[Any, Any], before: dict[Any, Any]) -> None:
    """Give a dictionary the entries that it had."""
    for key in [key for key in values if key not in before]:
        del values[key]
        if name == "os.environ":
            os.unsetenv(key)
    for key, value in before.items():
        if values.get(key) is not value:
            put(name, key, value)


def has_own_loader(name: str, module: types.ModuleType) -> bool:
    """Return whether a module was found under a name, by a loader that can be told to do more."""
    spec = getattr(module, "__spec__", None)
    return spec is not None and spec.name == name and not isinstance(spec.loader, type)


def is_shadowed(spec: importlib.machinery.ModuleSpec) -> bool:
    """Return whether another file of a module's name comes first on the path now."""
    found = importlib.machinery.PathFinder.find_spec(spec.name)
    return found is None or found.origin != spec.origin


def next_thread() -> int:
    """Return the number of the next thread."""
    counter = threading._counter.__self__  # type: ignore[attr-defined]  # noqa: SLF001
    return int(repr(counter).strip("count()"))


def refresh_warnings() -> None:
    """Tell Python that the filters of warnings were changed without it."""
    warnings._filters_mutated()  # type: ignore[attr-defined]  # noqa: SLF001  # no other way
