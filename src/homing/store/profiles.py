"""Profiles of people of a tenant, one text a person and kind, every version with when we knew it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from homing.store.database import Database, Transaction

__all__ = ["SINCE_EVER", "ProfileOutcome", "ProfileStore"]

ProfileOutcome = Literal["created", "updated", "unchanged"]

SINCE_EVER: Final = 0
"""As `first_known_at`: a profile that comes without a date counts as known since ever, until it changes."""

_ALL: Final = 2**63 - 1


_INSERT: Final = "INSERT INTO profile_versions (tenant, kind, id, known_at, body) VALUES (?, ?, ?, ?, ?)"


class _Last(NamedTuple):
    body: str
    known_at: int


class ProfileStore:
    """The profiles of each kind, such as lead and agent, each tenant apart.

    A reader who asks as of a moment gets the version known by then; of one person the moments of knowing never run
    backwards, whatever the clock does.

    >>> import tempfile, pathlib
    >>> from homing.store.sqlite import SqliteDatabase
    >>> store = ProfileStore(SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "people.sqlite3"))
    >>> store.put("default", "lead", [("l1", "{}")], known_at=10)["created"], store.get("other", "lead", "l1")
    (1, None)
    >>> store.get("default", "lead", "l1", known_upto=9), store.get("default", "lead", "l1", known_upto=10)
    (None, '{}')
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self,
        tenant: str,
        kind: str,
        bodies: Sequence[tuple[str, str]],
        known_at: int,
        *,
        first_known_at: int | None = None,
    ) -> Counter[ProfileOutcome]:
        """Store (id, text) pairs in one transaction; a later one replaces an earlier one from `known_at` on.

        `first_known_at` (left out: `known_at`) is when a person's first version counts as known. Microseconds UTC.
        """
        outcomes: Counter[ProfileOutcome] = Counter()
        first = known_at if first_known_at is None else first_known_at
        with self._database.write(tenant, "profiles") as transaction:
            last = self._last(transaction, tenant, kind, [name for name, _ in bodies])
            new = []
            for name, body in bodies:
                old = last.get(name)
                if old is not None and old.body == body:
                    outcomes["unchanged"] += 1
                    continue
                outcomes["created" if old is None else "updated"] += 1
                last[name] = _Last(body, first if old is None else max(known_at, old.known_at))
                new.append((tenant, kind, name, last[name].known_at, body))
            transaction.executemany(_INSERT, new)
        return outcomes

    def get(self, tenant: str, kind: str, name: str, known_upto: int | None = None) -> str | None:
        """The text of one profile as known by a moment (left out: now), or None."""
        rows = self._database.rows(
            "SELECT body FROM profile_versions WHERE tenant = ? AND kind = ? AND id = ? AND known_at <= ?"
            " ORDER BY revision DESC LIMIT 1",
            (tenant, kind, name, _ALL if known_upto is None else known_upto),
        )
        return next((str(body) for (body,) in rows), None)

    def ids(self, tenant: str, kind: str) -> tuple[str, ...]:
        """The ids of all profiles of a kind, in alphabetical order."""
        rows = self._database.rows(
            "SELECT DISTINCT id FROM profile_versions WHERE tenant = ? AND kind = ? ORDER BY id", (tenant, kind)
        )
        return tuple(name for (name,) in rows)

    def all(self, tenant: str, kind: str, known_upto: int | None = None) -> list[tuple[str, str]]:
        """Every (id, text) of a kind as known by a moment (left out: now), in alphabetical order of the ids."""
        rows = self._database.rows(
            "SELECT id, body FROM profile_versions WHERE revision IN (SELECT max(revision) FROM profile_versions"
            " WHERE tenant = ? AND kind = ? AND known_at <= ? GROUP BY id) ORDER BY id",
            (tenant, kind, _ALL if known_upto is None else known_upto),
        )
        return [(name, body) for name, body in rows]

    def revision(self, tenant: str) -> int:
        """A number that changes with every change of any of the tenant's profiles, 0 before the first."""
        rows = self._database.rows("SELECT max(revision) FROM profile_versions WHERE tenant = ?", (tenant,))
        return next(int(last or 0) for (last,) in rows)

    def _last(self, transaction: Transaction, tenant: str, kind: str, names: Sequence[str]) -> dict[str, _Last]:
        """The newest versions of these people, by id; who has none is left out."""
        dialect = self._database.dialect
        found = transaction.execute(
            "SELECT id, body, known_at FROM profile_versions WHERE revision IN (SELECT max(revision)"  # noqa: S608
            f" FROM profile_versions WHERE tenant = ? AND kind = ? AND id {dialect.among} GROUP BY id)",
            (tenant, kind, dialect.packed(names)),
        )
        return {name: _Last(body, known_at) for name, body, known_at in found}
