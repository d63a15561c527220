"""Profiles of people of a tenant, in SQLite: one text a person and kind, every version with when we knew it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

from homing.store.sqlite import SqliteDatabase

__all__ = ["SINCE_EVER", "ProfileOutcome", "ProfileStore"]

ProfileOutcome = Literal["created", "updated", "unchanged"]

SINCE_EVER: Final = 0
"""As `first_known_at`: a profile that comes without a date counts as known since ever, until it changes."""

_ALL: Final = 2**63 - 1


class ProfileStore:
    """The profiles of each kind, such as lead and agent, each tenant apart.

    A reader who asks as of a moment gets the version known by then; of one person the moments of knowing never run
    backwards, whatever the clock does.

    >>> import tempfile, pathlib
    >>> store = ProfileStore(SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "people.sqlite3"))
    >>> store.put("default", "lead", [("l1", "{}")], known_at=10)["created"], store.get("other", "lead", "l1")
    (1, None)
    >>> store.get("default", "lead", "l1", known_upto=9), store.get("default", "lead", "l1", known_upto=10)
    (None, '{}')
    """

    def __init__(self, database: SqliteDatabase) -> None:
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
        with self._database.write() as connection:
            for name, body in bodies:
                outcomes[_put(connection, (tenant, kind, name), body, known_at, first)] += 1
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


def _put(
    connection: sqlite3.Connection, person: tuple[str, str, str], body: str, known_at: int, first: int
) -> ProfileOutcome:
    old = connection.execute(
        "SELECT body, known_at FROM profile_versions WHERE tenant = ? AND kind = ? AND id = ?"
        " ORDER BY revision DESC LIMIT 1",
        person,
    ).fetchone()
    if old is not None and old[0] == body:
        return "unchanged"
    at = first if old is None else max(known_at, old[1])
    connection.execute(
        "INSERT INTO profile_versions (tenant, kind, id, known_at, body) VALUES (?, ?, ?, ?, ?)", (*person, at, body)
    )
    return "created" if old is None else "updated"
