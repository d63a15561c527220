"""Every version of every home of a tenant, in SQLite. A version is a text of fields that holds from a moment on."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from homing.store.sqlite import SqliteDatabase

__all__ = ["ListingStore", "ListingVersion", "PutOutcome"]

PutOutcome = Literal["created", "updated", "unchanged"]

_COLUMNS = "property_id, at, known_at, fields, revision"


@dataclass(frozen=True, slots=True)
class ListingVersion:
    """One version: `at` is when it began to hold, `known_at` when we knew (microseconds UTC), `fields` its JSON text.

    `revision` grows with every write of any version; it is 0 before the version is stored.
    """

    property_id: str
    at: int
    known_at: int
    fields: str
    revision: int = 0


class ListingStore:
    """The versions of homes, each tenant apart.

    >>> import tempfile, pathlib
    >>> store = ListingStore(SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "homes.sqlite3"))
    >>> version = ListingVersion("h1", at=10, known_at=10, fields='{"ListPrice":500000}')
    >>> store.put("default", [version])["created"], store.put("default", [version])["unchanged"]
    (1, 1)
    """

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def put(self, tenant: str, versions: Sequence[ListingVersion]) -> Counter[PutOutcome]:
        """Store versions in one transaction and count what each did.

        A home never seen is created. A version that says what the newest one up to its moment already says is
        unchanged, and not stored. One of the same home and moment with other fields takes the place of the old.
        One that arrives late is stored in its place in time. Within one call the order given makes no difference,
        except that of two versions of one home and moment the later given wins.
        """
        outcomes: Counter[PutOutcome] = Counter()
        with self._database.write() as connection:
            for version in sorted(versions, key=lambda version: (version.property_id, version.at)):
                outcomes[_put(connection, tenant, version)] += 1
        return outcomes

    def newest(self, tenant: str, property_id: str, upto: int, known_upto: int | None = None) -> ListingVersion | None:
        """The version of a home in force at a moment (inclusive), of those known by then; None if there is none."""
        known = upto if known_upto is None else known_upto
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM listings WHERE tenant = ? AND property_id = ? AND at <= ? AND known_at <= ?"  # noqa: S608
            " ORDER BY at DESC LIMIT 1",
            (tenant, property_id, upto, known),
        )
        return next((ListingVersion(*row) for row in rows), None)

    def moments_after(self, tenant: str, property_id: str, at: int) -> list[int]:
        """When the versions of a home after a moment begin to hold, be it in the future, in order."""
        rows = self._database.rows(
            "SELECT at FROM listings WHERE tenant = ? AND property_id = ? AND at > ? ORDER BY at",
            (tenant, property_id, at),
        )
        return [moment for (moment,) in rows]

    def versions(self, tenant: str, known_upto: int | None = None) -> Iterator[ListingVersion]:
        """Every version known by a moment (left out: all), by home and then by moment."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM listings WHERE tenant = ? AND known_at <= ? ORDER BY property_id, at",  # noqa: S608
            (tenant, _FOREVER if known_upto is None else known_upto),
        )
        return (ListingVersion(*row) for row in rows)

    def versions_of(self, tenant: str, property_ids: Sequence[str]) -> list[ListingVersion]:
        """Every version of these homes, by home, moment, and when we knew."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM listings WHERE tenant = ? AND property_id IN (SELECT value FROM json_each(?))"  # noqa: S608
            " ORDER BY property_id, at, known_at",
            (tenant, json.dumps(list(property_ids))),
        )
        return [ListingVersion(*row) for row in rows]

    def since(self, tenant: str, revision: int) -> list[ListingVersion]:
        """The versions written after a revision, in the order they were written."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM listings WHERE tenant = ? AND revision > ? ORDER BY revision",  # noqa: S608
            (tenant, revision),
        )
        return [ListingVersion(*row) for row in rows]

    def revision(self, tenant: str) -> int:
        """The revision of the last write, 0 before the first; it changes whenever anything does."""
        rows = self._database.rows("SELECT max(revision) FROM listings WHERE tenant = ?", (tenant,))
        return next(int(last or 0) for (last,) in rows)

    def keys_by_listing_id(self, tenant: str) -> dict[str, str]:
        """The home of each ListingId, which is the number people know a home by."""
        rows = self._database.rows(
            "SELECT json_extract(fields, '$.ListingId') AS listing_id, property_id FROM listings"
            " WHERE tenant = ? AND listing_id IS NOT NULL ORDER BY at",
            (tenant,),
        )
        return {str(listing_id): str(property_id) for listing_id, property_id in rows}


_FOREVER = 2**63 - 1


def _put(connection: sqlite3.Connection, tenant: str, version: ListingVersion) -> PutOutcome:
    home = (tenant, version.property_id)
    before = connection.execute(
        "SELECT at, fields FROM listings WHERE tenant = ? AND property_id = ? AND at <= ? ORDER BY at DESC LIMIT 1",
        (*home, version.at),
    ).fetchone()
    if before is not None and before[1] == version.fields:
        return "unchanged"
    known = (
        before is not None
        or connection.execute("SELECT 1 FROM listings WHERE tenant = ? AND property_id = ? LIMIT 1", home).fetchone()
    )
    connection.execute(
        "INSERT OR REPLACE INTO listings (tenant, property_id, at, known_at, fields) VALUES (?, ?, ?, ?, ?)",
        (*home, version.at, version.known_at, version.fields),
    )
    return "updated" if known else "created"
