"""Which visitor is which lead: nothing is rewritten in events, a reader asks whose they are."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from homing.core.errors import BadInput
from homing.core.ids import checked_id
from homing.store.database import Database, Transaction

__all__ = ["Identities", "MemoryIdentities", "StoredIdentities"]

_ALL = 2**63 - 1


@runtime_checkable
class Identities(Protocol):
    """Keeps which visitors (anonymous ids) of a tenant belong to which lead, and since when we knew.

    A visitor belongs to one lead at most. Events of a visitor that name no lead count for its lead from then on, the
    earlier ones as well; a reader who asks as of a moment before we knew sees them apart. Moments are int64
    microseconds; of one visitor they never run backwards, whatever the clock does.
    """

    def merge(self, tenant: str, anonymous_id: str, lead_id: str, known_at: int) -> bool:
        """From now on the visitor is this lead; False if it was already. One of another lead's is refused."""
        ...

    def unmerge(self, tenant: str, anonymous_id: str, known_at: int) -> bool:
        """From now on the visitor is nobody's; False if it was nobody's already."""
        ...

    def lead_of(self, tenant: str, anonymous_id: str, known_upto: int | None = None) -> str | None:
        """The lead that a visitor is, as known by a moment (left out: now)."""
        ...

    def visitors_of(self, tenant: str, lead_id: str, known_upto: int | None = None) -> tuple[str, ...]:
        """The visitors that a lead was, as known by a moment (left out: now), in alphabetical order."""
        ...

    def revision(self, tenant: str) -> int:
        """A number that changes with every change, 0 before the first."""
        ...


class _Change(NamedTuple):
    revision: int
    lead_id: str | None
    known_at: int


class MemoryIdentities:
    """Identities in the memory of this process.

    >>> people = MemoryIdentities()
    >>> people.merge("default", "anon-1", "lead-1", known_at=10), people.merge("default", "anon-1", "lead-1", 11)
    (True, False)
    >>> people.visitors_of("default", "lead-1"), people.lead_of("default", "anon-1", known_upto=9)
    (('anon-1',), None)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changes: dict[tuple[str, str], list[_Change]] = {}
        self._visitors: dict[tuple[str, str], set[str]] = {}
        self._revisions: dict[str, int] = {}

    def merge(self, tenant: str, anonymous_id: str, lead_id: str, known_at: int) -> bool:
        """From now on the visitor is this lead; False if it was already. One of another lead's is refused."""
        _checked(anonymous_id, lead_id)
        with self._lock:
            if not _is_new(anonymous_id, self._lead(tenant, anonymous_id, _ALL), lead_id):
                return False
            self._visitors.setdefault((tenant, lead_id), set()).add(anonymous_id)
            self._change(tenant, anonymous_id, lead_id, known_at)
            return True

    def unmerge(self, tenant: str, anonymous_id: str, known_at: int) -> bool:
        """From now on the visitor is nobody's; False if it was nobody's already."""
        with self._lock:
            if self._lead(tenant, anonymous_id, _ALL) is None:
                return False
            self._change(tenant, anonymous_id, None, known_at)
            return True

    def lead_of(self, tenant: str, anonymous_id: str, known_upto: int | None = None) -> str | None:
        """The lead that a visitor is, as known by a moment (left out: now)."""
        with self._lock:
            return self._lead(tenant, anonymous_id, _ALL if known_upto is None else known_upto)

    def visitors_of(self, tenant: str, lead_id: str, known_upto: int | None = None) -> tuple[str, ...]:
        """The visitors that a lead was, as known by a moment (left out: now), in alphabetical order."""
        upto = _ALL if known_upto is None else known_upto
        with self._lock:
            ever = self._visitors.get((tenant, lead_id), set())
            return tuple(sorted(name for name in ever if self._lead(tenant, name, upto) == lead_id))

    def revision(self, tenant: str) -> int:
        """A number that changes with every change, 0 before the first."""
        return self._revisions.get(tenant, 0)

    def known_at(self, tenant: str, anonymous_id: str, known_upto: int | None = None) -> int | None:
        """Since when we know what a visitor is, as known by a moment (left out: now); None before its first change."""
        upto = _ALL if known_upto is None else known_upto
        with self._lock:
            changes = self._changes.get((tenant, anonymous_id), [])
            return next((change.known_at for change in reversed(changes) if change.known_at <= upto), None)

    def _lead(self, tenant: str, anonymous_id: str, upto: int) -> str | None:
        changes = self._changes.get((tenant, anonymous_id), [])
        return next((change.lead_id for change in reversed(changes) if change.known_at <= upto), None)

    def _change(self, tenant: str, anonymous_id: str, lead_id: str | None, known_at: int) -> None:
        changes = self._changes.setdefault((tenant, anonymous_id), [])
        revision = self._revisions[tenant] = self.revision(tenant) + 1
        changes.append(_Change(revision, lead_id, max([known_at, *(change.known_at for change in changes[-1:])])))


class StoredIdentities:
    """Identities in a database: durable when a call returns.

    >>> import pathlib, tempfile
    >>> from homing.store.sqlite import SqliteDatabase
    >>> people = StoredIdentities(SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "homing.sqlite3"))
    >>> people.merge("default", "anon-1", "lead-1", known_at=10), people.unmerge("default", "anon-1", known_at=20)
    (True, True)
    >>> people.lead_of("default", "anon-1", known_upto=15), people.lead_of("default", "anon-1")
    ('lead-1', None)
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def merge(self, tenant: str, anonymous_id: str, lead_id: str, known_at: int) -> bool:
        """From now on the visitor is this lead; False if it was already. One of another lead's is refused."""
        _checked(anonymous_id, lead_id)
        with self._database.write(tenant, "merges") as transaction:
            last = _last(transaction, tenant, anonymous_id)
            if not _is_new(anonymous_id, last.lead_id, lead_id):
                return False
            transaction.execute(_INSERT, (tenant, anonymous_id, lead_id, max(known_at, last.known_at)))
            return True

    def unmerge(self, tenant: str, anonymous_id: str, known_at: int) -> bool:
        """From now on the visitor is nobody's; False if it was nobody's already."""
        with self._database.write(tenant, "merges") as transaction:
            last = _last(transaction, tenant, anonymous_id)
            if last.lead_id is None:
                return False
            transaction.execute(_INSERT, (tenant, anonymous_id, None, max(known_at, last.known_at)))
            return True

    def lead_of(self, tenant: str, anonymous_id: str, known_upto: int | None = None) -> str | None:
        """The lead that a visitor is, as known by a moment (left out: now)."""
        upto = _ALL if known_upto is None else known_upto
        rows = self._database.rows(
            "SELECT lead_id FROM merges WHERE tenant = ? AND anonymous_id = ? AND known_at <= ?"
            " ORDER BY revision DESC LIMIT 1",
            (tenant, anonymous_id, upto),
        )
        return next((lead_id for (lead_id,) in rows), None)

    def visitors_of(self, tenant: str, lead_id: str, known_upto: int | None = None) -> tuple[str, ...]:
        """The visitors that a lead was, as known by a moment (left out: now), in alphabetical order."""
        return self.visitors_of_all(tenant, (lead_id,), known_upto)

    def visitors_of_all(self, tenant: str, lead_ids: Sequence[str], known_upto: int | None = None) -> tuple[str, ...]:
        """The visitors that any of these leads was, as known by a moment (left out: now), in alphabetical order."""
        if not lead_ids:
            return ()
        upto = _ALL if known_upto is None else known_upto
        dialect = self._database.dialect
        values = (tenant, dialect.packed(lead_ids), upto, upto)
        return tuple(name for (name,) in self._database.rows(_VISITORS.format(among=dialect.among), values))

    def revision(self, tenant: str) -> int:
        """A number that changes with every change, 0 before the first."""
        rows = self._database.rows("SELECT max(revision) FROM merges WHERE tenant = ?", (tenant,))
        return next(int(last or 0) for (last,) in rows)


_INSERT = "INSERT INTO merges (tenant, anonymous_id, lead_id, known_at) VALUES (?, ?, ?, ?)"
_VISITORS = """
    SELECT DISTINCT anonymous_id FROM merges AS told WHERE tenant = ? AND lead_id {among} AND known_at <= ?
    AND NOT EXISTS (SELECT 1 FROM merges AS later WHERE later.tenant = told.tenant
      AND later.anonymous_id = told.anonymous_id AND later.revision > told.revision AND later.known_at <= ?)
    ORDER BY anonymous_id
"""


def _last(transaction: Transaction, tenant: str, anonymous_id: str) -> _Change:
    """The last change of a visitor; one who never had any is nobody's since ever."""
    rows: Sequence[tuple[int, str | None, int]] = transaction.execute(
        "SELECT revision, lead_id, known_at FROM merges WHERE tenant = ? AND anonymous_id = ?"
        " ORDER BY revision DESC LIMIT 1",
        (tenant, anonymous_id),
    ).fetchall()
    return _Change(*rows[0]) if rows else _Change(0, None, -_ALL)


def _checked(anonymous_id: str, lead_id: str) -> None:
    checked_id(anonymous_id, "anonymous_id")
    checked_id(lead_id, "lead_id")


def _is_new(anonymous_id: str, lead_now: str | None, lead_id: str) -> bool:
    if lead_now is not None and lead_now != lead_id:
        must = f"be a visitor of no other lead; unmerge it from {lead_now!r} first"
        raise BadInput.of("anonymous_id", must, anonymous_id)
    return lead_now is None
