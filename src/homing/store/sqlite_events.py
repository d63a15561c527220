"""Events in a SQLite file: durable when `append` returns, read by any number of threads and processes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from homing.interfaces import BehavioralEvent
from homing.store.columns import EventColumns, EventRow, event_columns
from homing.store.event_rows import StoredEvent, behavioral_event, payload, stored_event
from homing.store.events import Appended, EventQuery, Extent, Named, check_events, check_outcome, leads_asked
from homing.store.identities import SqliteIdentities
from homing.store.sqlite import SqliteDatabase

__all__ = ["SqliteEventStore"]

_FIELDS: Final = StoredEvent._fields
_INSERT: Final = (
    f"INSERT INTO events (tenant, {', '.join(_FIELDS[1:])}) VALUES ({', '.join('?' * len(_FIELDS))})"  # noqa: S608
    " ON CONFLICT (tenant, event_id) DO NOTHING"
)
_ALL: Final = 2**63 - 1
_TOLD: Final = (
    "(SELECT {what} FROM merges AS told WHERE told.tenant = events.tenant"
    " AND told.anonymous_id = events.anonymous_id AND told.known_at <= {upto:d} ORDER BY told.revision DESC LIMIT 1)"
)
_LEAD: Final = f"coalesce(lead_id, {_TOLD.replace('{what}', 'told.lead_id')})"
_SINCE: Final = (
    f"iif(lead_id IS NULL, {_TOLD.replace('{what}', 'iif(told.lead_id IS NULL, NULL, told.known_at)')}, NULL)"
)
_LEAD_OR_VISITOR: Final = (
    "sequence IN (SELECT sequence FROM events"
    " WHERE tenant = ? AND lead_id IN (SELECT value FROM json_each(?)) UNION ALL SELECT sequence FROM events"
    " WHERE tenant = ? AND anonymous_id IN (SELECT value FROM json_each(?)) AND lead_id IS NULL)"
)
_LAST: Final = "SELECT sequence FROM events WHERE +tenant = ? ORDER BY sequence DESC LIMIT 1"
"""A tenant's last sequence number: walks back from the end of the table, for which the + keeps other indexes out."""
_IDS: Final = ("lead_id", "anonymous_id", "agent_id", "property_id", "session_id")
_SETS: Final = ("lead_ids", "property_ids", "agent_ids")
_BOUNDS: Final = (
    ("since", "at >= ?"),
    ("upto", "at <= ?"),
    ("known_upto", "known_at <= ?"),
    ("after_sequence", "sequence > ?"),
)


class SqliteEventStore:
    """Keeps the events of many tenants in one file.

    >>> import tempfile
    >>> from datetime import UTC, datetime
    >>> from pathlib import Path
    >>> from homing.event_types import EventType
    >>> store = SqliteEventStore(SqliteDatabase(Path(tempfile.mkdtemp()) / "homing.sqlite3"))
    >>> moment = datetime(2026, 5, 1, tzinfo=UTC)
    >>> event = BehavioralEvent(event_type=EventType.PAGE_VIEW, timestamp=moment, lead_id="l1")
    >>> store.append("default", [event, event])
    Appended(stored=(True, False), sequence=1)
    >>> store.select("default", EventQuery(lead_id="l1")) == [event], store.count("elsewhere", EventQuery())
    (True, 0)
    """

    def __init__(self, database: SqliteDatabase) -> None:
        self.database = database
        self.identities = SqliteIdentities(database)

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

    def select(self, tenant: str, query: EventQuery) -> list[BehavioralEvent]:
        """The events that match, in the order asked for."""
        where, values = self._where(tenant, query)
        fields = ", ".join(self._fields(_FIELDS, tenant, query))
        rows = self._rows(f"SELECT {fields} FROM events {where} {_order(query)}", values)  # noqa: S608
        return [behavioral_event(StoredEvent(*row), tenant, query) for row in rows]

    def count(self, tenant: str, query: EventQuery) -> int:
        """How many events match, as many as `select` would return."""
        where, values = self._where(tenant, query)
        found = int(self._rows(f"SELECT count(*) FROM events {where}", values)[0][0])  # noqa: S608
        return found if query.limit is None else min(found, query.limit)

    def extent(self, tenant: str, query: EventQuery) -> Extent:
        """How many events match and which of them arrived last; a limit is not looked at."""
        where, values = self._where(tenant, query)
        sql = f"SELECT count(*), coalesce(max(sequence), 0) FROM events {where}"  # noqa: S608
        return Extent(*self._rows(sql, values)[0])

    def names(self, tenant: str, kind: Named, query: EventQuery) -> tuple[str, ...]:
        """The leads, homes or agents that the events that match name, in alphabetical order; no limit is looked at."""
        where, values = self._where(tenant, query)
        (field,) = self._fields((f"{kind}_id",), tenant, query)
        rows = self._rows(f"SELECT DISTINCT {field} FROM events {where}", values)  # noqa: S608
        return tuple(sorted(name for (name,) in rows if name is not None))

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

    def columns(
        self, tenant: str, query: EventQuery, numbers: Sequence[str] = (), labels: Sequence[str] = ()
    ) -> EventColumns:
        """The events that match as arrays, with these keys of `event_data` as numbers and as labels."""
        where, values = self._where(tenant, query)
        fields = ", ".join(self._fields(EventRow._fields[:9], tenant, query))
        outcome = "outcome" if query.known_upto is None else "iif(outcome_known_at <= ?, outcome, NULL)"
        hides = () if query.known_upto is None else (query.known_upto,)
        data = "data" if numbers or labels else "NULL"
        order = "" if query.limit is None else _order(query)
        (since,) = self._fields(("lead_known_at",), tenant, query)
        sql = f"SELECT {fields}, {outcome}, {data}, {since} FROM events {where} {order}"  # noqa: S608
        rows = self._rows(sql, (*hides, *values))
        if numbers or labels:
            rows = [(*row[:-2], payload(row[-2]), row[-1]) for row in rows]
        return event_columns(rows, numbers, labels)

    def _fields(self, names: Sequence[str], tenant: str, query: EventQuery) -> list[str]:
        """The fields to select: the lead is the one that the event counts for, known to be since `lead_known_at`."""
        upto = _ALL if query.known_upto is None else query.known_upto
        told = {"lead_id": _LEAD.format(upto=upto), "lead_known_at": _SINCE.format(upto=upto)}
        if not self.identities.revision(tenant):
            told = {"lead_known_at": "NULL"}
        return [told.get(name, name) for name in names]

    def _where(self, tenant: str, query: EventQuery) -> tuple[str, list[Any]]:
        leads = leads_asked(query) if self.identities.revision(tenant) else ()
        visitors = [one for lead in leads for one in self.identities.visitors_of(tenant, lead, query.known_upto)]
        return _where(tenant, query, visitors)

    def _rows(self, sql: str, values: Sequence[Any]) -> list[Any]:
        return list(self.database.rows(sql, values))


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


def _where(tenant: str, query: EventQuery, visitors: Sequence[str] = ()) -> tuple[str, list[Any]]:
    """The WHERE clause of a query and its values; the tenant is always the first of them. `visitors` are the lead's.

    What came after a sequence stands at the end of the table, so other indexes are kept out, unless an id is named.
    """
    from_the_end = query.after_sequence is not None and all(getattr(query, name) is None for name in _IDS)
    terms: list[str] = ["+tenant = ?" if from_the_end else "tenant = ?"]
    values: list[Any] = [tenant]
    for name in _IDS:
        wanted = getattr(query, name)
        if wanted is not None and not (name == "lead_id" and visitors):
            terms.append(f"{name} = ?")
            values.append(wanted)
    for name in _SETS:
        among = getattr(query, name)
        if among is not None and not (name == "lead_ids" and visitors):
            terms.append(f"{name[:-1]} IN (SELECT value FROM json_each(?))")  # noqa: S608  # a name of ours
            values.append(_json(sorted(among)))
    if visitors:
        terms.append(_LEAD_OR_VISITOR)
        values += [tenant, _json(leads_asked(query)), tenant, _json(visitors)]
    for name, term in _BOUNDS:
        bound = getattr(query, name)
        if bound is not None:
            terms.append(term)
            values.append(bound)
    if query.event_types is not None:
        terms.append(f"type IN ({', '.join('?' * len(query.event_types))})")
        values.extend(sorted(kind.value for kind in query.event_types))
    return f"WHERE {' AND '.join(terms)}", values


def _json(names: Sequence[str]) -> str:
    return msgspec.json.encode(names).decode()


def _order(query: EventQuery) -> str:
    way = "DESC" if query.newest_first else "ASC"
    limit = "" if query.limit is None else f" LIMIT {query.limit:d}"
    return f"ORDER BY at {way}, event_id {way}{limit}"
