"""Which events a feature's value was made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from homing.feature_engineering.declaration import Feature
from homing.feature_engineering.plan import groups_of
from homing.store.columns import EventColumns
from homing.tracking.history import Subject

__all__ = ["Behind", "behind"]


@dataclass(frozen=True, slots=True)
class Behind:
    """How many events a feature was shown, and the latest of them, newest first: event id and moment (microseconds)."""

    count: int
    latest: tuple[tuple[str, int], ...]


def behind(
    features: Sequence[Feature], events: EventColumns, subject: Subject, entity_id: str, as_of: int, most: int = 3
) -> Mapping[str, Behind]:
    """For each feature of an entity the events inside its walls, at most so many of them by name."""
    names, codes = {
        "lead": (events.leads, events.lead),
        "property": (events.properties, events.property),
        "agent": (events.agents, events.agent),
    }[subject]
    own = np.flatnonzero(codes == names.code(entity_id)) if entity_id in names else np.zeros(0, dtype=np.int64)
    own = own[(events.at[own] <= as_of) & (events.known_at[own] <= as_of)]
    own = own[np.argsort(events.at[own], kind="stable")]
    found: dict[str, Behind] = {}
    for group in groups_of(features):
        rows = own[(events.at[own] > as_of - group.window) & np.isin(events.type[own], group.reads)]
        latest = tuple((events.event_ids[row], int(events.at[row])) for row in rows[::-1][:most].tolist())
        found |= dict.fromkeys((one.name for one in group.features), Behind(len(rows), latest))
    return found
