"""Events in a SQLite file: durable when `append` returns, read by any number of threads and processes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

from homing.interfaces import BehavioralEvent
from homing.store.event_reader import EventReader
from homing.store.event_rows import StoredEvent, stored_event
from homing.store.events import Appended, check_events, check_outcome
from homing.store.sqlite import SqliteDatabase

__all__ = ["SqliteEventStore"]

_FIELDS: Final = StoredEvent._fields
_INSERT: Final = (
    f"INSERT INTO events (tenant, {', '.join(_FIELDS[1:])}) VALUES ({', '.join('?' * len(_FIELDS))})"  # noqa: S608
    " ON CONFLICT (tenant, event_id) DO NOTHING"
)
_LAST: Final = "SELECT sequence FROM events WHERE +tenant = ? ORDER BY sequence DESC LIMIT 1"
"""A tenant's last sequence number: walks back from the end of the table, for which the + keeps other indexes out."""


class SqliteEventStore(EventReader):
    """Keeps the events of many tenants in one file.

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

    def __init__(self, database: SqliteDatabase) -> None:
        super().__init__(database)
        self.database = database

    def append(self, tenant: str, events: Sequence[BehavioralEvent]) -> Appended:
        """Store what is new, all or nothing; it is on disk when this returns."""
        check_events(tenant, events)
        rows = [(tenant, *stored_event(event, 0)[1:]) for event in events]
        if not rows:
            return Appended((), _sequence(self.database.rows(_LAST, (tenant,))))
        with self.database.write() as connection:
            before = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
            changes = connection.total_changes
            connection.executemany(_INSERT, rows)
            if connection.total_changes - changes == len(rows):
                stored = (True,) * len(rows)
            else:
                stored = _new_ones(connection, rows, before[0] if before else 0)
            return Appended(stored, _sequence(connection.execute(_LAST, (tenant,))))

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


def _new_ones(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]], before: int) -> tuple[bool, ...]:
    """Which rows of an insert were new: the first of each id among those with a sequence after `before`."""
    new = {name for (name,) in connection.execute("SELECT event_id FROM events WHERE sequence > ?", (before,))}
    stored = []
    for _tenant, event_id, *_rest in rows:
        stored.append(event_id in new)
        new.discard(event_id)
    return tuple(stored)


def _sequence(rows: Iterable[tuple[int]]) -> int:
    return next((sequence for (sequence,) in rows), 0)
