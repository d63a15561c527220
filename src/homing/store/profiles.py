"""Profiles of people of a tenant, in SQLite: one text a person and kind, the newest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from homing.store.sqlite import SqliteDatabase

__all__ = ["ProfileOutcome", "ProfileStore"]

ProfileOutcome = Literal["created", "updated", "unchanged"]


class ProfileStore:
    """The profiles of each kind, such as lead and agent, each tenant apart.

    >>> import tempfile, pathlib
    >>> store = ProfileStore(SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "people.sqlite3"))
    >>> store.put("default", "lead", [("l1", "{}")], at=10)["created"], store.get("other", "lead", "l1")
    (1, None)
    """

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def put(self, tenant: str, kind: str, bodies: Sequence[tuple[str, str]], at: int) -> Counter[ProfileOutcome]:
        """Store (id, text) pairs in one transaction; a later one replaces an earlier one. `at` is when, UTC."""
        outcomes: Counter[ProfileOutcome] = Counter()
        with self._database.write() as connection:
            for name, body in bodies:
                key = (tenant, kind, name)
                old = connection.execute(
                    "SELECT body FROM profiles WHERE tenant = ? AND kind = ? AND id = ?", key
                ).fetchone()
                outcomes["created" if old is None else "unchanged" if old[0] == body else "updated"] += 1
                if old is None or old[0] != body:
                    connection.execute("INSERT OR REPLACE INTO profiles VALUES (?, ?, ?, ?, ?)", (*key, at, body))
        return outcomes

    def get(self, tenant: str, kind: str, name: str) -> str | None:
        """The text of one profile, or None."""
        rows = self._database.rows(
            "SELECT body FROM profiles WHERE tenant = ? AND kind = ? AND id = ?", (tenant, kind, name)
        )
        return next((str(body) for (body,) in rows), None)

    def ids(self, tenant: str, kind: str) -> tuple[str, ...]:
        """The ids of all profiles of a kind, in alphabetical order."""
        rows = self._database.rows("SELECT id FROM profiles WHERE tenant = ? AND kind = ? ORDER BY id", (tenant, kind))
        return tuple(name for (name,) in rows)

    def all(self, tenant: str, kind: str) -> list[tuple[str, str]]:
        """Every (id, text) of a kind, in alphabetical order of the ids."""
        rows = self._database.rows(
            "SELECT id, body FROM profiles WHERE tenant = ? AND kind = ? ORDER BY id", (tenant, kind)
        )
        return [(name, body) for name, body in rows]
