"""Events in PostgreSQL: written by COPY into a partition a month, each id once by a table of ids without partitions."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from homing.core.clock import from_micros, to_micros
from homing.core.errors import StorageError
from homing.interfaces import BehavioralEvent
from homing.store.database import Database
from homing.store.event_reader import EventReader
from homing.store.event_rows import StoredEvent
from homing.store.events import Appended, check_outcome, done
from homing.store.group_commit import Batch, GroupCommit, Outcome, each_alone
from homing.store.identities import StoredIdentities
from homing.store.postgres import TABLE_IS_THERE, CommitUnknown, ConnectionLost, PostgresDatabase
from homing.store.replica import Replicated

__all__ = ["PostgresEventStore"]

_FIELDS: Final = ("tenant", *StoredEvent._fields)
_LAST: Final = "SELECT last FROM event_counts WHERE tenant = ?"
_NEW: Final = (
    "INSERT INTO event_ids (tenant, event_id, at) SELECT ?::text, * FROM unnest(?::text[], ?::bigint[])"
    " ON CONFLICT (tenant, event_id) DO NOTHING RETURNING event_id"
)
_COUNT: Final = (
    "INSERT INTO event_counts (tenant, last) VALUES (?, ?)"
    " ON CONFLICT (tenant) DO UPDATE SET last = event_counts.last + excluded.last RETURNING last"
)
_PATIENCE_SECONDS: Final = 0.05
_BETWEEN_LOOKS: Final = 0.005
_OF_ITS_OWN: Final = range(2000, 2100)
"""The years whose months have partitions of their own; what lies outside stands in `events_before`, `events_after`."""


class PostgresEventStore(EventReader):
    """Keeps the events of many tenants in one PostgreSQL database, shared by any number of processes.

    `sequence` counts the events of a tenant in the order of their commits, without a gap: of a tenant one batch is
    written at a time.
    """

    def __init__(self, database: PostgresDatabase, replica: PostgresDatabase | None = None) -> None:
        super().__init__(database if replica is None else Replicated(database, replica))
        self.database, self._replica = database, replica
        self.identities = StoredIdentities(database)
        self._months: frozenset[tuple[int, int]] = frozenset()
        self._group = GroupCommit(self._write)

    def append(self, tenant: str, events: Sequence[BehavioralEvent]) -> Appended:
        """Store what is new, all or nothing; it is on disk when this returns.

        Where the connection was lost it is tried once more, unless the events are found under the very numbers that
        were given to them.
        """
        return self._group.submit(tenant, events, patient=True).result() if events else self._nothing(tenant)

    def submit(self, tenant: str, events: Sequence[BehavioralEvent]) -> Future[Appended]:
        """The same without waiting: the future is done when it is on disk. `Overloaded` if too many wait already."""
        return self._group.submit(tenant, events) if events else done(self._nothing(tenant))

    def has_seen(self, tenant: str, sequence: int) -> bool:
        """Whether the replica, if there is one, has what the tenant's events are up to a number, or has it in 50 ms."""
        end = time.monotonic() + _PATIENCE_SECONDS
        try:
            while self._replica is not None and _last(self._replica, tenant) < sequence:
                if time.monotonic() >= end:
                    return False
                time.sleep(_BETWEEN_LOOKS)
        except StorageError:  # the reader says so when it comes to it
            return False
        return True

    def record_outcome(
        self, tenant: str, event_id: str, outcome: str, value: float | None, at: int, known_at: int
    ) -> bool:
        """Write what became of an event; the outcome known last is kept. False if there is no such event."""
        check_outcome(outcome, value)
        known_at = max(at, known_at)
        with self.database.write(tenant, "events") as transaction:
            there = transaction.execute(
                "SELECT at FROM event_ids WHERE tenant = ? AND event_id = ?", (tenant, event_id)
            ).fetchone()
            if there is not None:
                transaction.execute(
                    "UPDATE events SET outcome = ?, outcome_value = ?, outcome_at = ?, outcome_known_at = ?"
                    " WHERE tenant = ? AND event_id = ? AND at = ?"
                    " AND (outcome_known_at IS NULL OR outcome_known_at <= ?)",
                    (outcome, value, at, known_at, tenant, event_id, there[0], known_at),
                )
            return there is not None

    def _nothing(self, tenant: str) -> Appended:
        """The answer to an append of no events, as what is read has it."""
        return Appended((), _last(self._database, tenant))

    def _write(self, batches: Sequence[Batch]) -> list[Outcome]:
        """One transaction a tenant."""
        outcomes: dict[int, Outcome] = {}
        for tenant in dict.fromkeys(batch.tenant for batch in batches):
            own = [place for place, batch in enumerate(batches) if batch.tenant == tenant]
            outcomes |= zip(own, each_alone(self._write_of_one, [batches[place] for place in own]), strict=True)
        return [outcomes[place] for place in range(len(batches))]

    def _write_of_one(self, batches: Sequence[Batch]) -> list[Appended]:
        """One transaction for the batches of a tenant."""
        tenant, rows = batches[0].tenant, [row for batch in batches for row in batch.rows]
        try:
            appended = self._append(tenant, rows)
        except (ConnectionLost, CommitUnknown):
            appended = self._append(tenant, rows)
        stored = iter(appended.stored)
        return [Appended(tuple(islice(stored, len(batch.rows))), appended.sequence) for batch in batches]

    def _append(self, tenant: str, rows: Sequence[tuple[Any, ...]]) -> Appended:
        self._make_room({row[_AT] for row in rows})
        moments = {row[_ID]: row[_AT] for row in reversed(rows)}
        stored: list[bool] = []
        fresh: list[tuple[Any, ...]] = []
        last = 0
        try:
            with self.database.write(tenant, "events") as transaction:
                new = {name for (name,) in transaction.execute(_NEW, (tenant, list(moments), list(moments.values())))}
                ((last,),) = transaction.execute(_COUNT, (tenant, len(new)))
                begun = last - len(new)
                for row in rows:
                    stored.append(row[_ID] in new)
                    if stored[-1]:
                        new.discard(row[_ID])
                        fresh.append((tenant, begun + len(fresh) + 1, *row[1:]))
                transaction.copy("events", _FIELDS, fresh)
        except CommitUnknown:
            if not self._holds(tenant, fresh):
                raise
        return Appended(tuple(stored), last)

    def _holds(self, tenant: str, rows: Sequence[tuple[Any, ...]]) -> bool:
        """Whether these events are there under their numbers."""
        sql = "SELECT sequence, event_id FROM events WHERE tenant = ? AND sequence = ANY(?)"
        found = self.database.rows(sql, (tenant, [row[1] for row in rows]))
        return {tuple(row) for row in found} == {(sequence, name) for _, sequence, name, *_ in rows}

    def _make_room(self, moments: Iterable[int]) -> None:
        """Make the partitions of these moments' months, in transactions of their own, for writes hold no such lock."""
        months = {_month(at) for at in moments} - self._months
        for year, month in sorted(months):
            if year in _OF_ITS_OWN:
                self._make_partition(year, month)
        self._months |= months

    def _make_partition(self, year: int, month: int) -> None:
        name = f"events_{year}_{month:02}"
        first, end = (to_micros(datetime(*begins, 1, tzinfo=UTC)) for begins in ((year, month), _next(year, month)))
        if next(self.database.rows(TABLE_IS_THERE, (name,)))[0]:
            return
        with self.database.write("partitions") as transaction:
            if not transaction.execute(TABLE_IS_THERE, (name,)).fetchone()[0]:
                transaction.execute(f"CREATE TABLE {name} (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
                transaction.execute(f"ALTER TABLE events ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({end})")


def _last(database: Database, tenant: str) -> int:
    """A tenant's last sequence number as a database has it."""
    return next((last for (last,) in database.rows(_LAST, (tenant,))), 0)


_ID: Final = StoredEvent._fields.index("event_id")
_AT: Final = StoredEvent._fields.index("at")
"""Where these stand in the rows of a batch, in which the tenant has the place of the sequence."""


def _month(at: int) -> tuple[int, int]:
    moment = from_micros(at)
    return moment.year, moment.month


def _next(year: int, month: int) -> tuple[int, int]:
    """The month after.

    >>> _next(2026, 5), _next(2026, 12)
    ((2026, 6), (2027, 1))
    """
    return (year, month + 1) if month < 12 else (year + 1, 1)
