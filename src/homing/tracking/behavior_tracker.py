"""The tracker: events of one tenant, stored and given back, for code that runs in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVar, get_args

from homing.core.clock import MINUTE, Clock, system_clock, to_micros
from homing.core.errors import BadInput
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent, EntityType
from homing.store.events import EventQuery, EventStore
from homing.store.memory_events import MemoryEventStore
from homing.tracking.validation import DECLARED
from homing.trust.denied import DENIED, Denied

__all__ = ["BehaviorTracker", "InMemoryBehaviorTracker"]

T = TypeVar("T")

_OPTIONS: Final = ("max_memory_events", "max_age_days")


class BehaviorTracker:
    """Keeps the events of one tenant in a store and gives them back.

    It stores what is given, as long as it can be given back (ids that are ids, a payload that is plain JSON, its own
    tenant); whether an event has what its type needs is for whoever makes it: the collector, an importer, a route. What
    is `denied` in a payload is taken out first. A store on disk is called in another thread, so that the event loop
    goes on. It can be built without an event loop.

    >>> from datetime import UTC
    >>> tracker = BehaviorTracker(MemoryEventStore())
    >>> event = BehavioralEvent(event_type=EventType.PAGE_VIEW, timestamp=datetime(2026, 5, 1, tzinfo=UTC), lead_id="l")
    >>> async def twice():
    ...     return await tracker.track_event(event), await tracker.track_event(event), await tracker.get_events("l")
    >>> asyncio.run(twice()) == (True, False, [event])
    True
    """

    def __init__(
        self, store: EventStore, tenant: str = "default", clock: Clock = system_clock, *, denied: Denied = DENIED
    ) -> None:
        self._store, self.denied = store, denied
        self._tenant = tenant
        self._clock = clock
        self._tracked = self._duplicates = self._queries = 0

    @property
    def store(self) -> EventStore:
        """Where the events are kept."""
        return self._store

    @property
    def tenant(self) -> str:
        """Whose events these are."""
        return self._tenant

    async def track_event(self, event: BehavioralEvent) -> bool:
        """Store one event; True when it is new, False when its id was there already. Returns once it is durable."""
        return await self.track_events_batch([event]) == 1

    async def track_events_batch(self, events: Sequence[BehavioralEvent]) -> int:
        """Store many in one transaction; returns how many were new."""
        batch = [self._allowed(event) for event in events]
        appended = await self._call(lambda: self._store.append(self._tenant, batch))
        self._tracked += appended.count
        self._duplicates += len(batch) - appended.count
        return appended.count

    async def get_events(
        self,
        entity_id: str | None = None,
        entity_type: EntityType = "lead",
        *,
        event_types: Sequence[EventType] | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        limit: int | None = 1000,
        newest_first: bool = True,
    ) -> list[BehavioralEvent]:
        """Events that match all that is given; both times are inclusive. Without `entity_id`, of everybody."""
        return await self._select(
            EventQuery(
                **_asked(entity_id, entity_type, event_types, start_time, end_time),
                limit=limit,
                newest_first=newest_first,
            )
        )

    async def get_event_count(
        self,
        entity_id: str | None = None,
        entity_type: EntityType = "lead",
        *,
        event_types: Sequence[EventType] | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
    ) -> int:
        """How many events match."""
        query = EventQuery(**_asked(entity_id, entity_type, event_types, start_time, end_time))
        self._queries += 1
        return await self._call(lambda: self._store.count(self._tenant, query))

    async def get_events_by_session(self, session_id: str) -> list[BehavioralEvent]:
        """All events of a session, oldest first."""
        return await self._select(EventQuery(session_id=session_id))

    async def get_recent_events(self, minutes: float = 60, *, limit: int | None = None) -> list[BehavioralEvent]:
        """Everybody's events of the last `minutes` minutes, newest first."""
        if not 0 <= minutes < float("inf"):
            raise BadInput.of("minutes", "be a number of at least 0", minutes)
        now = self._clock()
        return await self._select(
            EventQuery(since=now - int(minutes * MINUTE), upto=now, limit=limit, newest_first=True)
        )

    async def record_outcome(
        self, event_id: str, outcome: str, outcome_value: float | None = None, at: datetime | None = None
    ) -> bool:
        """Write what became of an event at `at` (left out: now), known now; False if there is no such event."""
        now = self._clock()
        moment = now if at is None else to_micros(at, "at")
        return await self._call(
            lambda: self._store.record_outcome(self._tenant, event_id, outcome, outcome_value, moment, now)
        )

    def get_stats(self) -> dict[str, Any]:
        """What this tracker did since it was built; in memory also what is there and what was dropped, by reason."""
        stats: dict[str, Any] = {
            "events_tracked": self._tracked,
            "duplicates": self._duplicates,
            "total_queries": self._queries,
        }
        if isinstance(self._store, MemoryEventStore):
            stats["events_in_memory"] = self._store.count(self._tenant, EventQuery())
            stats["dropped"] = self._store.dropped(self._tenant)
        return stats

    def _allowed(self, event: BehavioralEvent) -> BehavioralEvent:
        """The event without what is denied in its payload; the very event if that is nothing."""
        known = DECLARED.get(event.event_type, frozenset())
        kept = self.denied.cleaned(event.event_data, "event", known=known)
        return event if kept is event.event_data else replace(event, event_data=kept)

    async def _select(self, query: EventQuery) -> list[BehavioralEvent]:
        self._queries += 1
        return await self._call(lambda: self._store.select(self._tenant, query))

    async def _call(self, work: Callable[[], T]) -> T:
        return work() if isinstance(self._store, MemoryEventStore) else await asyncio.to_thread(work)


class InMemoryBehaviorTracker(BehaviorTracker):
    """A tracker in the memory of this process, bounded by count and by age; `get_stats` says what it dropped.

    `config` may hold `max_memory_events` (default 100,000) and `max_age_days` (default none: any age).

    >>> InMemoryBehaviorTracker({"max_memory_events": 500}).get_stats()["dropped"]
    {'count': 0, 'age': 0}
    >>> InMemoryBehaviorTracker({"auto_flush": True})
    Traceback (most recent call last):
    ...
    homing.core.errors.BadInput: config must hold only max_memory_events and max_age_days; got 'auto_flush'
    """

    def __init__(
        self, config: Mapping[str, Any] | None = None, *, tenant: str = "default", clock: Clock = system_clock
    ) -> None:
        options = dict(config or {})
        for name in options:
            if name not in _OPTIONS:
                raise BadInput.of("config", f"hold only {' and '.join(_OPTIONS)}", name)
        store = MemoryEventStore(options.get("max_memory_events", 100_000), options.get("max_age_days"), clock)
        super().__init__(store, tenant, clock)


def _asked(
    entity_id: str | None,
    entity_type: EntityType,
    event_types: Sequence[EventType] | None,
    start_time: datetime | None,
    end_time: datetime | None,
) -> dict[str, Any]:
    """The parts of a query that both reading and counting share."""
    if entity_type not in get_args(EntityType):
        raise BadInput.of("entity_type", f"be one of {', '.join(get_args(EntityType))}", entity_type)
    field = "anonymous_id" if entity_type == "visitor" else f"{entity_type}_id"
    return {
        field: entity_id,
        "event_types": None if event_types is None else _types(event_types),
        "since": None if start_time is None else to_micros(start_time, "start_time"),
        "upto": None if end_time is None else to_micros(end_time, "end_time"),
    }


def _types(names: Sequence[EventType]) -> frozenset[EventType]:
    """The types asked for; a single one may stand without a list."""
    try:
        return frozenset(map(EventType, [names] if isinstance(names, str) else names))  # type: ignore[arg-type]
    except ValueError:
        raise BadInput.of("event_types", "be event types, such as property_view", list(names)) from None
