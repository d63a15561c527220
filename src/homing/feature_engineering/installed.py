"""Families of features that other packages bring: whatever is installed under the entry point group `homing.features`.

    [project.entry-points."homing.features"]
    open_houses = "our_package.open_houses"

The value names a module of declarations, which is then a family like our own: in every vector, file and law.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Final

from homing.core.errors import BadInput, one_line
from homing.feature_engineering.declaration import Feature

__all__ = ["GROUP", "installed"]

GROUP: Final = "homing.features"


def installed(found: Iterable[EntryPoint] | None = None) -> tuple[ModuleType, ...]:
    """The modules of features that installed packages name, in the order of their entry points' names.

    One that cannot be imported, or declares nothing, is refused by name: a vector that silently lacks its features
    would be another than the one that models learned from.
    """
    points = entry_points(group=GROUP) if found is None else found
    return tuple(_module(point) for point in sorted(points, key=lambda point: (point.name, point.value)))


def _module(point: EntryPoint) -> ModuleType:
    where = f"the entry point {point.name} of {point.dist.name if point.dist else 'a package'}"
    try:
        module = point.load()
    except Exception as error:  # the rim of somebody else's package, which may raise anything
        raise BadInput.of(where, "name a module of features that can be imported", one_line(repr(error))) from error
    if not isinstance(module, ModuleType) or not any(isinstance(one, Feature) for one in _declared(module)):
        raise BadInput.of(where, "name a module that declares features", point.value)
    return module


def _declared(module: ModuleType) -> Iterable[object]:
    for entry in vars(module).values():
        yield from entry if isinstance(entry, tuple) else (entry,)
