"""Where histories come from: the events of a store, the zones of leads, the versions of homes, as known at a moment."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.feature_engineering.declaration import Feature
from homing.feature_engineering.plan import Needs, needs_of
from homing.interfaces import BehavioralEvent
from homing.store.columns import EventColumns, columns_of
from homing.store.events import EventQuery, EventStore, Extent
from homing.tracking.history import Histories, Subject, histories
from homing.tracking.homes import HomeSource
from homing.tracking.local_time import checked_zone
from homing.tracking.peers import PEERS, PeerSource, Remembered, peer_stamp

__all__ = ["FAILURES", "Loading", "TimeZoneOf", "entity_query"]

TimeZoneOf = Callable[[str, int], str]
FAILURES = (ValueError, ArithmeticError, LookupError, TypeError)
"""What one entity's data may raise without taking the others down."""


@dataclass(frozen=True, slots=True)
class Loading:
    """Reads what the features of one subject need; `time_zone_of`, `homes` and `peers` are those of
    `StandardFeatureEngineer`.

    `people_revision` is a number that changes with every change of what `time_zone_of` answers.
    """

    subject: Subject
    features: tuple[Feature, ...]
    time_zone_of: TimeZoneOf
    homes: HomeSource | None = None
    people_revision: Callable[[], int] | None = None
    peers: PeerSource | None = None
    needs: Needs = field(init=False)
    window: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "needs", needs_of(self.features))
        object.__setattr__(self, "window", max(one.window for one in self.features))

    def remembering(self) -> Loading:
        """The same for one table: who views the peers of many homes is read once a home."""
        return self if self.peers is None else replace(self, peers=Remembered(self.peers))

    def columns_of(self, events: Iterable[BehavioralEvent]) -> EventColumns:
        """Events at hand as columns."""
        return columns_of(events, self.needs.numbers, self.needs.labels)

    def columns(self, store: EventStore, tenant: str, ids: Sequence[str], since: int, upto: int) -> EventColumns:
        """The events of these entities that happened and were known by a moment, as far back as any feature looks."""
        named: dict[str, Any] = {f"{self.subject}_ids": frozenset(ids)}
        query = EventQuery(since=since - self.window + 1, upto=upto, known_upto=upto, **named)
        return store.columns(tenant, query, self.needs.numbers, self.needs.labels)

    def extent(self, store: EventStore, tenant: str, entity_id: str, at: int) -> Extent:
        """How many events of an entity had happened and were known by a moment, and which arrived last."""
        return store.extent(tenant, entity_query(self.subject, entity_id, at))

    def histories(
        self, events: EventColumns, ids: Sequence[str], as_of: int | NDArray[np.int64]
    ) -> tuple[Histories, dict[str, Exception]]:
        """The histories of these entities, each as of its moment; left out are leads whose zone nobody knows, with why.

        In a history of a home or an agent, the hours of a lead whose zone nobody knows count as UTC.
        """
        moments = np.broadcast_to(np.asarray(as_of, dtype=np.int64), (len(ids),))
        zones, failed = self._zones(events, ids, moments)
        kept = [place for place, one in enumerate(ids) if self.subject != "lead" or one not in failed]
        made = histories(
            events,
            self.subject,
            [ids[place] for place in kept],
            time_zone_of=lambda lead_id: zones.get(lead_id, "UTC"),
            homes=self.homes,
            peers=self.peers,
            as_of=moments[kept],
            derived=self.needs.derived,
        )
        return made, failed if self.subject == "lead" else {}

    def stamp(self, store: EventStore, tenant: str, entity_id: str, at: int) -> Hashable | None:
        """Changes with whatever these features depend on beside events; None if that cannot be known.

        Visitors who became leads, what homes were, the zones of leads, of a home its peers and their views; of a lead
        its own zone will do.
        """
        if self.people_revision is not None:
            people: Hashable = self.people_revision()
        elif self.subject == "lead":
            people = self.time_zone_of(entity_id, at)
        else:
            return None
        homes = None if self.homes is None else self.homes.revision()
        peers = None
        if self.peers is not None and not set(PEERS).isdisjoint(self.needs.derived):
            if self.subject != "property":
                return None
            peers = peer_stamp(self.peers, entity_id, at)
        return store.identities.revision(tenant), people, homes, peers

    def _zones(
        self, events: EventColumns, ids: Sequence[str], moments: NDArray[np.int64]
    ) -> tuple[Mapping[str, str], dict[str, Exception]]:
        """The zone of each lead in these events as known at the entity's moment; and those for which there is none."""
        own = dict(zip(ids, moments.tolist(), strict=True)) if self.subject == "lead" else {}
        upto = int(moments.max()) if len(moments) else 0
        zones: dict[str, str] = {}
        failed: dict[str, Exception] = {}
        for lead_id in dict.fromkeys([*own, *events.leads.ids]):
            try:
                zones[lead_id] = checked_zone(self.time_zone_of(lead_id, own.get(lead_id, upto)))
            except FAILURES as error:
                failed[lead_id] = error
        return zones, failed


def entity_query(subject: Subject, entity_id: str, at: int) -> EventQuery:
    """All events of an entity that had happened and were known by a moment."""
    named: dict[str, Any] = {f"{subject}_id": entity_id}
    return EventQuery(upto=at, known_upto=at, **named)
