"""How many leads homes drew to an act in their favour, as the reasons of an answer cite it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, MINUTE
from homing.event_types import EventType
from homing.store.events import EventQuery, EventStore

__all__ = ["Attention", "Drawn", "drawn"]

_OF_LATE: Final = 30 * DAY
_LONG_AGO: Final = 180 * DAY
_IN_FAVOUR: Final = frozenset(
    kind for kind in EventType if kind.spec.signed_weight > 0 and "property" in kind.spec.needs
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """How many leads a home drew to an act in its favour, in the last 30 days and in the last 180."""

    in_30_days: int = 0
    in_180_days: int = 0


def drawn(store: EventStore, tenant: str, homes: Sequence[str], moment: int) -> dict[str, Drawn]:
    """What each home drew, as of a moment."""
    asked = EventQuery(
        property_ids=frozenset(homes), event_types=_IN_FAVOUR, since=moment - _LONG_AGO, upto=moment,
        known_upto=moment,
    )  # fmt: skip
    events = store.columns(tenant, asked)
    size = len(events.properties)

    def leads(which: NDArray[np.bool_]) -> list[int]:
        """How many leads act on each home in these events."""
        pairs = np.unique(events.lead[which].astype(np.int64) * size + events.property[which])
        counts: list[int] = np.bincount(pairs % size, minlength=size).tolist() if size else []
        return counts

    known = events.lead >= 0
    counted = zip(leads(known & (events.at > moment - _OF_LATE)), leads(known), strict=True)
    found = {home: Drawn(*both) for home, both in zip(events.properties.ids, counted, strict=True)}
    return {home: found.get(home, Drawn()) for home in homes}


class Attention:
    """What a tenant's homes drew, as of the full minute; within a minute each home is counted once.

    May be called from any thread.
    """

    def __init__(self, store: EventStore, tenant: str) -> None:
        self._store, self._tenant = store, tenant
        self._counted: tuple[int, dict[str, Drawn]] = 0, {}

    def drawn(self, homes: Sequence[str], moment: int, *, present: bool) -> dict[str, Drawn]:
        """What each home drew; for a moment of the past all are counted anew."""
        minute = moment // MINUTE * MINUTE
        if not present:
            return drawn(self._store, self._tenant, homes, minute)
        of, counted = self._counted
        if of != minute:
            counted = {}
            self._counted = minute, counted
        if missing := [home for home in homes if home not in counted]:
            counted.update(drawn(self._store, self._tenant, missing, minute))
        return {home: counted[home] for home in homes}
