"""Models that other packages bring: whatever is installed under the entry point group `homing.models`.

    [project.entry-points."homing.models"]
    NearestPriceModel = "nearest_price_model:NearestPriceModel"

The name is that of the class, which is what a saved model is found by. Nothing of the package is imported before one of
its models is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from homing.core.errors import BadInput, one_line
from homing.models.base import LearningModel

__all__ = ["GROUP", "installed", "model_class"]

GROUP: Final = "homing.models"


def installed(ours: Iterable[str], found: Iterable[EntryPoint] | None = None) -> dict[str, EntryPoint]:
    """The entry points of installed models by name, in the order of names; a name that is taken is refused.

    `ours` are the names of the models that homing brings itself.
    """
    points = entry_points(group=GROUP) if found is None else found
    taken: dict[str, EntryPoint] = {}
    for point in sorted(points, key=lambda point: (point.name, point.value)):
        if point.name in ours:
            raise BadInput.of(_where(point), "have a name that homing's own models do not have", point.name)
        if point.name in taken and point.value != taken[point.name].value:
            others = f"{point.value} beside {taken[point.name].value}"
            raise BadInput.of(_where(point), "have a name that no other installed model has", others)
        taken[point.name] = point
    return taken


def model_class(name: str, points: Mapping[str, EntryPoint]) -> type[LearningModel[Any]]:
    """The class that an entry point names, if it is a model of that name."""
    point = points[name]
    try:
        found = point.load()
    except Exception as error:  # the rim of somebody else's package, which may raise anything
        raise BadInput.of(_where(point), "name a model that can be imported", one_line(repr(error))) from error
    if not isinstance(found, type) or not issubclass(found, LearningModel) or found.__name__ != name:
        raise BadInput.of(_where(point), "name a subclass of LearningModel with its own name", point.value)
    return found


def _where(point: EntryPoint) -> str:
    return f"the entry point {point.name} of {point.dist.name if point.dist else 'a package'}"
