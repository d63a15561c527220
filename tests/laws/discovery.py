"""Finds every class of a kind in the package, so that none can be left out of its check suite."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType

import homing


@cache
def modules() -> tuple[ModuleType, ...]:
    """Every module of the package but the one that runs it."""
    names = [found.name for found in pkgutil.walk_packages(homing.__path__, "homing.")]
    return tuple(importlib.import_module(name) for name in names if not name.endswith("__main__"))


def classes() -> Iterator[type]:
    """Every class where it is defined; protocols and private ones are no parts."""
    for module in modules():
        for name, thing in vars(module).items():
            is_ours = inspect.isclass(thing) and thing.__module__ == module.__name__ and not name.startswith("_")
            if is_ours and not getattr(thing, "_is_protocol", False):
                yield thing


def having(verbs: type) -> set[str]:
    """The names of the classes that have every method of a protocol."""
    names = [name for name, thing in vars(verbs).items() if inspect.isfunction(thing) and not name.startswith("_")]
    return {thing.__name__ for thing in classes() if all(callable(getattr(thing, name, None)) for name in names)}


def below(base: type) -> set[str]:
    """The names of the classes that are made of a base; one without a `Config` cannot be made, and is a base itself."""
    return {thing.__name__ for thing in classes() if issubclass(thing, base) and hasattr(thing, "Config")}


def opened() -> set[str]:
    """The public functions that open a file of rows, and the classes whose calls report an import."""
    found = set()
    for module in modules():
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
                continue
            call = vars(thing).get("__call__") if inspect.isclass(thing) else thing
            told = getattr(call, "__annotations__", {}).get("return")
            if told in {"RowFile", "EventsImported", "RowsImported"} and module.__name__ != "homing.services.checks":
                found.add(f"{module.__name__}.{name}")
    return found


def keeping() -> set[str]:
    """The classes of the store, and the registry, that keep facts under a tenant: those with a call that writes one."""
    writes = ("append", "put", "merge", "publish")
    return {
        thing.__name__
        for thing in classes()
        if thing.__module__.startswith(("homing.store.", "homing.models.registry"))
        and any(inspect.isfunction(vars(thing).get(verb)) for verb in writes)
    }
