"""Events in a SQLite file: durable when `append` returns, read by any number of threads and processes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from itertools import chain, islice
from typing import Any, Final

from homing.interfaces import BehavioralEvent
from homing.store.event_reader import EventReader
from homing.store.event_rows import StoredEvent
from homing.store.events import Appended, check_outcome, done
from homing.store.group_commit import Batch, GroupCommit, Outcome
from homing.store.one_writer import OneWriter
from homing.store.sqlite import SqliteDatabase

__all__ = ["SqliteEventStore"]

_FIELDS: Final = StoredEvent._fields
_ROW: Final = f"({', '.join('?' * len(_FIELDS))})"
_INSERT: Final = (
    f"INSERT INTO events (tenant, {', '.join(_FIELDS[1:])}) VALUES {{values}}"  # noqa: S608
    " ON CONFLICT (tenant, event_id) DO NOTHING"
)
_SIZES: Final = (512, 64, 8, 1)
"""How many rows a statement inserts: few different statements, so that SQLite need not compile them again."""
_LAST: Final = "SELECT sequence FROM events WHERE +tenant = ? ORDER BY sequence DESC LIMIT 1"
"""A tenant's last sequence number: walks back from the end of the table, for which the + keeps other indexes out."""


class SqliteEventStore(EventReader):
    """Keeps the events of many tenants in one file; `one_of_many` processes that write to it, one does for all.

    >>> import tempfile
    >>> from datetime import UTC, datetime
    >>> from pathlib import Path
    >>> from homing.event_types import EventType
    >>> from homing.store.events import EventQuery
    >>> store = SqliteEventStore(SqliteDatabase(Path(tempfile.mkdtemp()) / "homing.sqlite3"))
    >>> moment = datetime(2026, 5, 1, tzinfo=UTC)
    >>> event = BehavioralEvent(event_type=EventType.PAGE_VIEW, timestamp=moment, lead_id="l1")
    >>> store.append("default", [event, event])
    Appended(stored=(True, False), sequence=1)
    >>> store.select("default", EventQuery(lead_id="l1")) == [event], store.count("elsewhere", EventQuery())
    (True, 0)
    """

    def __init__(self, database: SqliteDatabase, *, one_of_many: bool = False) -> None:
        super().__init__(database)
        self.database = database
        one = OneWriter(database.path, self._write, lambda batch: self._group.take(batch, patient=True))
        self._group = GroupCommit(one if one_of_many else self._write)

    def append(self, tenant: str, events: Sequence[BehavioralEvent]) -> Appended:
        """Store what is new, all or nothing; it is on disk when this returns."""
        return self._group.submit(tenant, events, patient=True).result() if events else self._nothing(tenant)

    def submit(self, tenant: str, events: Sequence[BehavioralEvent]) -> Future[Appended]:
        """The same without waiting: the future is done when it is on disk. `Overloaded` if too many wait already."""
        return self._group.submit(tenant, events) if events else done(self._nothing(tenant))

    def record_outcome(
        self, tenant: str, event_id: str, outcome: str, value: float | None, at: int, known_at: int
    ) -> bool:
        """Write what became of an event; the outcome known last is kept. False if there is no such event."""
        check_outcome(outcome, value)
        known_at = max(at, known_at)
        with self.database.write() as connection:
            there = connection.execute(
                "SELECT outcome_known_at FROM events WHERE tenant = ? AND event_id = ?", (tenant, event_id)
            ).fetchone()
            if there is None:
                return False
            if there[0] is None or there[0] <= known_at:
                connection.execute(
                    "UPDATE events SET outcome = ?, outcome_value = ?, outcome_at = ?, outcome_known_at = ?"
                    " WHERE tenant = ? AND event_id = ?",
                    (outcome, value, at, known_at, tenant, event_id),
                )
            return True

    def _nothing(self, tenant: str) -> Appended:
        """The answer to an append of no events."""
        return Appended((), _sequence(self.database.rows(_LAST, (tenant,))))

    def _write(self, batches: Sequence[Batch]) -> list[Outcome]:
        """One transaction for all of them."""
        rows = [row for batch in batches for row in batch.rows]
        tenants = {batch.tenant for batch in batches}
        with self.database.write() as connection:
            before = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
            changes = connection.total_changes
            _insert(connection, rows)
            all_new = connection.total_changes - changes == len(rows)
            stored = iter([True] * len(rows) if all_new else _new_ones(connection, rows, before[0] if before else 0))
            last = {tenant: _sequence(connection.execute(_LAST, (tenant,))) for tenant in tenants}
        return [Appended(tuple(islice(stored, len(batch.rows))), last[batch.tenant]) for batch in batches]


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, hundreds a statement: Python's other threads run while SQLite is at a statement, and each return
    from one waits for them.
    """
    done = 0
    for size in _SIZES:
        while len(rows) - done >= size:
            values = list(chain.from_iterable(rows[done : done + size]))
            connection.execute(_INSERT.format(values=", ".join([_ROW] * size)), values)
            done += size


def _new_ones(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]], before: int) -> list[bool]:
    """Which rows of an insert were new: the first of each id among those with a sequence after `before`."""
    new = set(connection.execute("SELECT tenant, event_id FROM events WHERE sequence > ?", (before,)))
    stored = []
    for row in rows:
        stored.append(row[:2] in new)
        new.discard(row[:2])
    return stored


def _sequence(rows: Iterable[tuple[int]]) -> int:
    return next((sequence for (sequence,) in rows), 0)
