"""What the stores ask of a database, so that one text of SQL serves SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

__all__ = ["COUNTS", "Database", "Dialect", "Result", "Transaction"]

COUNTS: Final = {
    "events": "SELECT count(*) FROM events",
    "homes": "SELECT count(*) FROM (SELECT DISTINCT tenant, property_id FROM listings) AS found",
    "leads": "SELECT count(*) FROM (SELECT DISTINCT tenant, id FROM profile_versions WHERE kind = 'lead') AS found",
    "agents": "SELECT count(*) FROM (SELECT DISTINCT tenant, id FROM profile_versions WHERE kind = 'agent') AS found",
}
"""How the rows of everything are counted, all tenants together."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where the two differ. `among` compares a field with a list given as one value, which `packed` makes.

    `from_the_end` compares the tenant without the help of an index, for walks from the end of the table of events.
    `lead_or_visitor` finds the events of leads and of the visitors that they were; its values are the tenant, the
    leads, the tenant and the visitors. `is_near`: the database is in this process, not behind a network.
    """

    among: str
    packed: Callable[[Sequence[str]], Any]
    is_near: bool
    from_the_end: str
    lead_or_visitor: str


class Result(Protocol):
    """What a statement brought."""

    def fetchone(self) -> Any:
        """The next row, None after the last."""
        ...

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Transaction(Protocol):
    """What may be done between begin and commit. Values stand in the order of the question marks."""

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> Result:
        """Run one statement."""
        ...

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]], /) -> object:
        """Run one statement for each row of values."""
        ...


@runtime_checkable
class Database(Protocol):
    """The tables of homing in one database, shared by the stores above it. Each verb may be called from any thread."""

    @property
    def dialect(self) -> Dialect:
        """What it understands."""
        ...

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """The rows of a query; a failure is a `StorageError`."""
        ...

    def write(self, *scope: str) -> AbstractContextManager[Transaction]:
        """One transaction: all of it is on disk when the block ends, or none of it.

        Of writes with the same scope, such as a tenant and a table, one at a time is at work, in all processes.
        """
        ...

    def signing_key(self) -> bytes:
        """The 32 random bytes that this database was made with, for sealing what its services give out."""
        ...
