"""Events in the memory of this process: for tests, notebooks and short programs. Bounded, and says what it dropped."""

from __future__ import annotations

import heapq
import math
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from itertools import islice
from typing import Final, Literal

from homing.core.clock import DAY, Clock, system_clock
from homing.core.errors import BadInput
from homing.interfaces import BehavioralEvent
from homing.store.columns import EventColumns, event_columns
from homing.store.event_rows import StoredEvent, behavioral_event, event_row, stored_event
from homing.store.events import Appended, EventQuery, Extent, Named, check_events, check_outcome, done, leads_asked
from homing.store.identities import MemoryIdentities

__all__ = ["MemoryEventStore"]

_INDEXED: Final = ("lead_id", "anonymous_id", "agent_id", "property_id", "session_id")
_NAMED: Final = ("lead_id", "property_id", "agent_id")
DropReason = Literal["count", "age"]


class MemoryEventStore:
    """Keeps the newest `max_events` events of each tenant, none older than `max_age_days` days (left out: any age).

    "Newest" is by the moment it happened, then by event id; so a late arrival may be the one that goes. What goes is
    counted by reason in `dropped`, and forgotten: the same event sent again counts as new, and as dropped once more if
    it is again the oldest. Everything is gone when the process ends.

    >>> from datetime import UTC, datetime
    >>> from homing.event_types import EventType
    >>> first, second = (
    ...     BehavioralEvent(event_type=EventType.PAGE_VIEW, timestamp=datetime(2026, 5, day, tzinfo=UTC), lead_id="l1")
    ...     for day in (1, 2)
    ... )
    >>> store = MemoryEventStore(max_events=1)
    >>> store.append("default", [second, first]).stored
    (True, True)
    >>> [event.timestamp.day for event in store.select("default", EventQuery())], store.dropped("default")
    ([2], {'count': 1, 'age': 0})
    """

    def __init__(
        self, max_events: int = 100_000, max_age_days: float | None = None, clock: Clock = system_clock
    ) -> None:
        if isinstance(max_events, bool) or not isinstance(max_events, int) or max_events < 1:
            raise BadInput.of("max_events", "be a whole number of at least 1", max_events)
        if max_age_days is not None and not (isinstance(max_age_days, (int, float)) and 0 < max_age_days < math.inf):
            raise BadInput.of("max_age_days", "be a positive number of days, or None for any age", max_age_days)
        self.max_events = max_events
        self.max_age_days = max_age_days
        self._clock = clock
        self._lock = threading.RLock()
        self._shelves: dict[str, _Shelf] = {}
        self.identities = MemoryIdentities()

    @property
    def is_near(self) -> bool:
        """It is."""
        return True

    def append(self, tenant: str, events: Sequence[BehavioralEvent]) -> Appended:
        """Store what is new, all or nothing; then let go of what is too much or too old."""
        check_events(tenant, events)
        rows = [stored_event(event, 0) for event in events]
        with self._lock:
            shelf = self._shelf(tenant)
            if rows:
                self._shelves[tenant] = shelf
            stored = tuple([shelf.put(row) for row in rows])
            shelf.drop_oldest(self.max_events)
            return Appended(stored, shelf.sequence)

    def submit(self, tenant: str, events: Sequence[BehavioralEvent]) -> Future[Appended]:
        """The same; in memory nothing has to be waited for."""
        return done(self.append(tenant, events))

    def has_seen(self, tenant: str, sequence: int) -> bool:
        """It has: what is appended is read at once."""
        return True

    def select(self, tenant: str, query: EventQuery) -> list[BehavioralEvent]:
        """The events that match, in the order asked for."""
        return [behavioral_event(row, tenant, query) for row, _ in self._found(tenant, query)]

    def count(self, tenant: str, query: EventQuery) -> int:
        """How many events match, as many as `select` would return."""
        return len(self._found(tenant, query))

    def extent(self, tenant: str, query: EventQuery) -> Extent:
        """How many events match and which of them arrived last; a limit is not looked at."""
        found = self._found(tenant, replace(query, limit=None))
        return Extent(len(found), max((row.sequence for row, _ in found), default=0))

    def names(self, tenant: str, kind: Named, query: EventQuery) -> tuple[str, ...]:
        """The leads, visitors, homes or agents that the events that match name, sorted; no limit is looked at."""
        found = self._found(tenant, replace(query, limit=None))
        return tuple(sorted({name for row, _ in found if (name := getattr(row, f"{kind}_id")) is not None}))

    def record_outcome(
        self, tenant: str, event_id: str, outcome: str, value: float | None, at: int, known_at: int
    ) -> bool:
        """Write what became of an event; the outcome known last is kept. False if there is no such event."""
        check_outcome(outcome, value)
        known_at = max(at, known_at)
        with self._lock:
            kept = self._shelf(tenant).kept
            row = kept.get(event_id)
            if row is None:
                return False
            if row.outcome_known_at is None or row.outcome_known_at <= known_at:
                value = None if value is None else float(value)
                kept[event_id] = row._replace(
                    outcome=outcome, outcome_value=value, outcome_at=at, outcome_known_at=known_at
                )
            return True

    def columns(
        self, tenant: str, query: EventQuery, numbers: Sequence[str] = (), labels: Sequence[str] = ()
    ) -> EventColumns:
        """The events that match as arrays, with these keys of `event_data` as numbers and as labels."""
        with_data = bool(numbers or labels)
        rows = [
            event_row(row, query, data=with_data, lead_known_at=known_at)
            for row, known_at in self._found(tenant, query)
        ]
        return event_columns(rows, numbers, labels)

    def dropped(self, tenant: str) -> dict[DropReason, int]:
        """How many of a tenant's events were let go: because there were too many, and because of their age."""
        with self._lock:
            return dict(self._shelf(tenant).dropped)

    def _found(self, tenant: str, query: EventQuery) -> list[tuple[StoredEvent, int | None]]:
        """The rows that match, each with the lead that it counts for, and since when we know that of its visitor."""
        people = self.identities
        visitors = [one for lead in leads_asked(query) for one in people.visitors_of(tenant, lead, query.known_upto)]
        with self._lock:
            found = self._shelf(tenant).rows(query, frozenset(visitors))
        if not people.revision(tenant):
            return [(row, None) for row in found]
        return [self._owned(tenant, row, query.known_upto) for row in found]

    def _owned(self, tenant: str, row: StoredEvent, known_upto: int | None) -> tuple[StoredEvent, int | None]:
        if row.lead_id is not None or row.anonymous_id is None:
            return row, None
        lead = self.identities.lead_of(tenant, row.anonymous_id, known_upto)
        known_at = None if lead is None else self.identities.known_at(tenant, row.anonymous_id, known_upto)
        return row._replace(lead_id=lead), known_at

    def _shelf(self, tenant: str) -> _Shelf:
        """The events of a tenant, freed of what has become too old by now; reading of a stranger keeps nothing."""
        shelf = self._shelves.get(tenant) or _Shelf()
        if self.max_age_days is not None:
            shelf.drop_before(self._clock() - int(self.max_age_days * DAY))
        return shelf


class _Shelf:
    """The events of one tenant: by id, by each id they name, and a heap whose top is the oldest."""

    def __init__(self) -> None:
        self.kept: dict[str, StoredEvent] = {}
        self.sequence = 0
        self.dropped: dict[DropReason, int] = {"count": 0, "age": 0}
        self._index: dict[tuple[str, str], dict[str, None]] = {}
        self._ages: list[tuple[int, str]] = []

    def put(self, row: StoredEvent) -> bool:
        """Keep a row unless its id is there; True if it is new."""
        if row.event_id in self.kept:
            return False
        self.sequence += 1
        self.kept[row.event_id] = row._replace(sequence=self.sequence)
        for key in _keys(row):
            self._index.setdefault(key, {})[row.event_id] = None
        heapq.heappush(self._ages, (row.at, row.event_id))
        return True

    def drop_oldest(self, max_events: int) -> None:
        """Let go of the oldest until only so many are left."""
        while len(self.kept) > max_events:
            self._drop_top("count")

    def drop_before(self, at: int) -> None:
        """Let go of everything that happened before a moment."""
        while self._ages and self._ages[0][0] < at:
            self._drop_top("age")

    def rows(self, query: EventQuery, visitors: frozenset[str] = frozenset()) -> list[StoredEvent]:
        """The rows that match, in the order asked for; `visitors` are those that the lead asked for was."""
        found = sorted(
            (row for row in self._candidates(query, visitors) if _matches(row, query, visitors)),
            key=lambda row: (row.at, row.event_id),
            reverse=query.newest_first,
        )
        return list(islice(found, query.limit))

    def _candidates(self, query: EventQuery, visitors: frozenset[str]) -> Iterable[StoredEvent]:
        """The rows under the rarest of the ids, or sets of ids, that the query names; or all."""
        choices = [[(name, wanted)] for name in _INDEXED if (wanted := getattr(query, name)) is not None]
        choices += [
            [(name, one) for one in some] for name in _NAMED if (some := getattr(query, f"{name}s")) is not None
        ]
        if visitors:
            leads = [("lead_id", name) for name in leads_asked(query)]
            choices = [leads + [("anonymous_id", name) for name in visitors]]
        if not choices:
            return self.kept.values()
        found = [[self._index.get(key, {}) for key in keys] for keys in choices]
        rarest = min(found, key=lambda rows: sum(map(len, rows)))
        return map(self.kept.__getitem__, dict.fromkeys(name for rows in rarest for name in rows))

    def _drop_top(self, reason: DropReason) -> None:
        _, event_id = heapq.heappop(self._ages)
        row = self.kept.pop(event_id)
        for key in _keys(row):
            del self._index[key][event_id]
            if not self._index[key]:
                del self._index[key]
        self.dropped[reason] += 1


def _keys(row: StoredEvent) -> list[tuple[str, str]]:
    return [(name, value) for name in _INDEXED if (value := getattr(row, name)) is not None]


def _matches(row: StoredEvent, query: EventQuery, visitors: frozenset[str]) -> bool:
    is_theirs = row.lead_id is None and row.anonymous_id in visitors
    for name in _INDEXED:
        wanted = getattr(query, name)
        if wanted is not None and getattr(row, name) != wanted and not (name == "lead_id" and is_theirs):
            return False
    for name in _NAMED:
        among = getattr(query, f"{name}s")
        if among is not None and getattr(row, name) not in among and not (name == "lead_id" and is_theirs):
            return False
    return (
        (query.event_types is None or row.type in query.event_types)
        and (query.since is None or row.at >= query.since)
        and (query.upto is None or row.at <= query.upto)
        and (query.known_upto is None or row.known_at <= query.known_upto)
        and (query.after_sequence is None or row.sequence > query.after_sequence)
    )
