"""How events are read from a table, in whichever database. How they are written differs: see the stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from homing.interfaces import BehavioralEvent
from homing.store.columns import EventColumns, EventRow, event_columns
from homing.store.database import Database, Dialect
from homing.store.event_rows import StoredEvent, behavioral_event, payload
from homing.store.events import EventQuery, Extent, Named, leads_asked
from homing.store.identities import StoredIdentities

__all__ = ["EventReader"]

_FIELDS: Final = StoredEvent._fields
_ALL: Final = 2**63 - 1
_TOLD: Final = (
    "(SELECT {what} FROM merges AS told WHERE told.tenant = events.tenant"
    " AND told.anonymous_id = events.anonymous_id AND told.known_at <= ? ORDER BY told.revision DESC LIMIT 1)"
)
_LEAD: Final = f"coalesce(lead_id, {_TOLD.format(what='told.lead_id')})"
_SINCE_OF_LEAD: Final = _TOLD.format(what="CASE WHEN told.lead_id IS NULL THEN NULL ELSE told.known_at END")
_SINCE: Final = f"CASE WHEN lead_id IS NULL THEN {_SINCE_OF_LEAD} ELSE NULL END"
_IDS: Final = ("lead_id", "anonymous_id", "agent_id", "property_id", "session_id")
_SETS: Final = ("lead_ids", "property_ids", "agent_ids")
_BOUNDS: Final = (
    ("since", "at >= ?"),
    ("upto", "at <= ?"),
    ("known_upto", "known_at <= ?"),
    ("after_sequence", "sequence > ?"),
)


class EventReader:
    """The verbs that read. Below it stand one store a database, which add those that write."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.identities = StoredIdentities(database)

    @property
    def is_near(self) -> bool:
        """Whether it is read inside this process, in about a millisecond, rather than from a server."""
        return self._database.dialect.is_near

    def has_seen(self, tenant: str, sequence: int) -> bool:
        """It has: what is appended is read at once."""
        return True

    def select(self, tenant: str, query: EventQuery) -> list[BehavioralEvent]:
        """The events that match, in the order asked for."""
        found = self._found(tenant, query, _FIELDS, _order(query))
        return [behavioral_event(StoredEvent(*row), tenant, query) for row in found]

    def count(self, tenant: str, query: EventQuery) -> int:
        """How many events match, as many as `select` would return."""
        size = self.extent(tenant, query).size
        return size if query.limit is None else min(size, query.limit)

    def extent(self, tenant: str, query: EventQuery) -> Extent:
        """How many events match and which of them arrived last; a limit is not looked at."""
        ((size, sequence),) = self._found(tenant, query, ("count(*)", "coalesce(max(sequence), 0)"))
        return Extent(size, sequence)

    def names(self, tenant: str, kind: Named, query: EventQuery) -> tuple[str, ...]:
        """The leads, visitors, homes or agents that the events that match name, sorted; no limit is looked at."""
        found = self._found(tenant, query, (f"{kind}_id",), distinct="DISTINCT ")
        return tuple(sorted(name for (name,) in found if name is not None))

    def columns(
        self, tenant: str, query: EventQuery, numbers: Sequence[str] = (), labels: Sequence[str] = ()
    ) -> EventColumns:
        """The events that match as arrays, with these keys of `event_data` as numbers and as labels."""
        data = "data" if numbers or labels else "NULL"
        order = "" if query.limit is None else _order(query)
        rows = self._found(tenant, query, (*EventRow._fields[:9], "outcome", data, "lead_known_at"), order, hide=True)
        if numbers or labels:
            rows = [(*row[:-2], payload(row[-2]), row[-1]) for row in rows]
        return event_columns(rows, numbers, labels)

    def _found(
        self, tenant: str, query: EventQuery, names: Sequence[str], order: str = "", *, distinct: str = "",
        hide: bool = False,
    ) -> list[Any]:  # fmt: skip
        """These fields of the events that match; with `hide` without outcomes that became known later.

        The lead is the one that the event counts for, and `lead_known_at` since when that was known.
        """
        upto = _ALL if query.known_upto is None else query.known_upto
        visitors: Sequence[str] = ()
        told = {"lead_known_at": "NULL"}
        if self.identities.revision(tenant):
            visitors = self.identities.visitors_of_all(tenant, leads_asked(query), query.known_upto)
            told = {"lead_id": _LEAD, "lead_known_at": _SINCE}
        if hide and query.known_upto is not None:
            told["outcome"] = "CASE WHEN outcome_known_at <= ? THEN outcome ELSE NULL END"
        fields = [told.get(name, name) for name in names]
        values = [upto for field in fields for _ in range(field.count("?"))]
        where, more = _where(tenant, query, visitors, self._database.dialect)
        sql = f"SELECT {distinct}{', '.join(fields)} FROM events {where} {order}"  # noqa: S608  # names of ours
        return list(self._database.rows(sql, [*values, *more]))


def _where(tenant: str, query: EventQuery, visitors: Sequence[str], dialect: Dialect) -> tuple[str, list[Any]]:
    """The WHERE clause of a query and its values; the tenant is always the first of them. `visitors` are the lead's.

    What came after a sequence stands at the end of the table, so other indexes are kept out, unless an id is named.
    """
    from_the_end = query.after_sequence is not None and all(getattr(query, name) is None for name in _IDS)
    terms: list[str] = [dialect.from_the_end if from_the_end else "tenant = ?"]
    values: list[Any] = [tenant]
    for name in _IDS:
        wanted = getattr(query, name)
        if wanted is not None and not (name == "lead_id" and visitors):
            terms.append(f"{name} = ?")
            values.append(wanted)
    for name in _SETS:
        among = getattr(query, name)
        if among is not None and not (name == "lead_ids" and visitors):
            terms.append(f"{name[:-1]} {dialect.among}")
            values.append(dialect.packed(sorted(among)))
    if visitors:
        terms.append(dialect.lead_or_visitor)
        values += [tenant, dialect.packed(leads_asked(query)), tenant, dialect.packed(visitors)]
    for name, term in _BOUNDS:
        bound = getattr(query, name)
        if bound is not None:
            terms.append(term)
            values.append(bound)
    if query.event_types is not None:
        terms.append(f"type {dialect.among}")
        values.append(dialect.packed(sorted(kind.value for kind in query.event_types)))
    return f"WHERE {' AND '.join(terms)}", values


def _order(query: EventQuery) -> str:
    way = "DESC" if query.newest_first else "ASC"
    limit = "" if query.limit is None else f" LIMIT {query.limit:d}"
    return f"ORDER BY at {way}, event_id {way}{limit}"
