"""One PostgreSQL database: connections, schema, transactions. A commit that was acknowledged survives a crash."""

from __future__ import annotations

import os
import secrets
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import asyncpg

from homing.core.errors import BadInput, StorageError
from homing.store.database import COUNTS, Dialect
from homing.store.migrations import BASE, HEAD, VERSION_TABLE, script
from homing.store.postgres_link import FAILURES, Link, Undecided, Unreachable, is_lost, numbered

__all__ = ["TABLE_IS_THERE", "CommitUnknown", "ConnectionLost", "PostgresDatabase", "PostgresTransaction"]

TABLE_IS_THERE: Final = "SELECT EXISTS (SELECT FROM pg_class WHERE relname = ? AND pg_table_is_visible(oid))"
"""Unlike `to_regclass`, it does not remember from before a lock that a table was not there."""


T = TypeVar("T")
_OLDEST: Final = 130_000
_OLDEST_NAME: Final = "13"
_DIALECT: Final = Dialect(
    among="= ANY(?)",
    packed=list,
    is_near=False,
    from_the_end="tenant = ?",
    lead_or_visitor=(
        "((tenant = ? AND lead_id = ANY(?)) OR (tenant = ? AND anonymous_id = ANY(?) AND lead_id IS NULL))"
    ),
)
_WAYS_OUT: Final[dict[type[Exception], str]] = {
    Unreachable: " See that the server runs and that the address is right.",
    asyncpg.InvalidCatalogNameError: " Create it first: createdb NAME.",
    asyncpg.InsufficientPrivilegeError: " Give the role of the URL the right to make and use tables there.",
    asyncpg.DiskFullError: " Make room on the server's disk, then try again.",
    asyncpg.TooManyConnectionsError: " Raise max_connections of the server: a worker takes up to 16.",
}
_ABOUT: Final = (
    f"SELECT (SELECT version_num FROM {VERSION_TABLE}) AS schema,"  # noqa: S608  # a name of ours
    " current_setting('server_version') AS version, pg_database_size(current_database()) AS size,"
    " current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes"
)


_NOTHING_KEPT: Final = " Nothing of it was kept."
_MAY_BE_KEPT: Final = " Whether it was kept is not known. Send it again: what is there already is stored once."


class ConnectionLost(StorageError):
    """The server could not be reached, or went away; nothing of the write was kept."""


class CommitUnknown(StorageError):
    """The connection was lost while the server committed; to write the same again is safe."""


class _Rows:
    """What a statement brought."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._left = iter(rows)

    def fetchone(self) -> Any:
        """The next row, None after the last."""
        return next(self._left, None)

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        return list(self._left)

    def __iter__(self) -> Iterator[Any]:
        return self._left


class PostgresTransaction:
    """What may be done between begin and commit."""

    def __init__(self, database: PostgresDatabase, link: Link, connection: Any) -> None:
        self._database, self._link, self._connection = database, link, connection

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> _Rows:
        """Run one statement."""
        return _Rows(self._done("fetch", numbered(sql), *values))

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]], /) -> None:
        """Run one statement for each row of values."""
        if rows:
            self._done("executemany", numbered(sql), rows)

    def copy(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Append rows to a table by COPY."""
        if rows:
            self._done("copy_records_to_table", table, records=rows, columns=columns)

    def _done(self, verb: str, *values: Any, **more: Any) -> Any:
        async def done() -> Any:
            return await getattr(self._connection, verb)(*values, **more)

        try:
            return self._link.run(done())
        except FAILURES as error:
            raise self._database.failure("refused a write", error, _NOTHING_KEPT) from error


class PostgresDatabase:
    """The tables of homing in a PostgreSQL database, which many processes may use at once.

    The schema is made, or brought up to date, at the first call. A lost connection, as by a restart of the server, is
    made anew: what only reads, and the beginning of a write, is tried once more; a write that was cut off kept nothing
    and is a `ConnectionLost`. Where the connection breaks while the server commits, the server is asked afterwards; if
    it cannot be known that nothing was kept, that is a `CommitUnknown`.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.name = shown_url(url)
        """How messages call it: without the password."""
        self._opening = threading.Lock()
        self._opened: Link | None = None

    @property
    def dialect(self) -> Dialect:
        """What PostgreSQL understands."""
        return _DIALECT

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """The rows of a query; a failure is a `StorageError`."""
        return iter(self._tried("cannot be read", lambda link: link.run(link.fetch(sql, values))))

    @contextmanager
    def write(self, *scope: str) -> Iterator[PostgresTransaction]:
        """One transaction: all of it is on disk when the block ends, or none of it.

        Of writes with the same scope, such as a tenant and a table, one at a time is at work, in all processes.
        """
        link, connection, number = self._tried("refused a write", lambda link: (link, *link.run(link.begin(scope))))
        try:
            yield PostgresTransaction(self, link, connection)
        except BaseException:
            link.run(link.drop(connection))
            raise
        try:
            link.run(link.commit(connection, number))
        except Undecided as error:
            told = self.failure("went away during a write", error, _MAY_BE_KEPT)
            raise CommitUnknown(*told.args) from error
        except FAILURES as error:
            raise self.failure("refused a write", error, _NOTHING_KEPT) from error

    def signing_key(self) -> bytes:
        """The 32 random bytes that this database was made with, for sealing what its services give out."""
        return bytes(next(self.rows("SELECT value FROM secrets WHERE name = 'signing'"))[0])

    def exists(self) -> bool:
        """Whether the tables were made already."""
        return self._tried("cannot be read", lambda link: link.run(_step_done(link)), ready=False) != BASE

    def counts(self) -> dict[str, int]:
        """How much of everything there is, of all tenants together."""
        there = self.exists()
        return {name: int(next(self.rows(sql))[0]) if there else 0 for name, sql in COUNTS.items()}

    def newest_receipt(self) -> int | None:
        """When the last of the events became known, in microseconds; None if there are none."""
        found = self.rows("SELECT max(known_at) FROM events") if self.exists() else iter([(None,)])
        return next(found)[0]

    def about(self) -> dict[str, Any]:
        """The server's version, the size in bytes, and the two settings without which a crash may lose data."""
        return dict(next(self.rows(_ABOUT)))

    def faults(self) -> list[str]:
        """What is wrong with the data, as far as one table can be held against another; empty if nothing is."""
        ((events, ids),) = self.rows("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM event_ids)")
        return [] if events == ids else [f"there are {events:,} events, but {ids:,} ids of events"]

    def migrate(self, wanted: str = HEAD) -> None:
        """Bring the schema to a step of `homing.store.migrations`; a step back drops what later steps made."""
        self._tried("cannot be brought to another schema", lambda link: link.run(_migrate(link, wanted)), ready=False)

    def close(self) -> None:
        """Close every connection of this process."""
        with self._opening:
            if self._opened is not None:
                self._opened.close()
            self._opened = None

    def failure(self, what: str, error: Exception, kept: str = "") -> StorageError:
        """The error to raise for what the driver said."""
        found = error.__cause__ or error if isinstance(error, (Unreachable, Undecided)) else error
        way_out = next((hint for of, hint in _WAYS_OUT.items() if isinstance(error, of)), "")
        said = found.args[0] if isinstance(found, asyncpg.PostgresError) else found  # without the row as a detail
        reason = f"{said}".rstrip(".") or type(found).__name__
        told = f"The database {self.name} {what}: {reason}.{kept}{way_out}"
        return ConnectionLost(told) if is_lost(error) and not isinstance(error, Undecided) else StorageError(told)

    def _tried(self, what: str, act: Callable[[Link], T], *, ready: bool = True) -> T:
        """Do what can be repeated; once more if the connection was lost."""
        for again in (True, False):
            try:
                return act(self._link() if ready else self._connected())
            except FAILURES as error:
                if not again or not is_lost(error) or isinstance(error, Unreachable):
                    raise self.failure(what, error) from error
        raise AssertionError

    def _link(self) -> Link:
        """The connections, with a schema that is up to date."""
        opened = self._opened
        if opened is None or opened.process != os.getpid() or not opened.ready:
            opened = self._connected()
            with self._opening:
                if not opened.ready:
                    opened.run(_migrate(opened, HEAD, up_only=True))
                    opened.ready = True
        return opened

    def _connected(self) -> Link:
        with self._opening:
            if self._opened is None or self._opened.process != os.getpid():
                self._opened = Link(self._url)
                weakref.finalize(self, self._opened.close)
            return self._opened


def shown_url(url: str) -> str:
    """The address of a database as it may be printed: without the password.

    >>> shown_url("postgresql://ann:secret@db.example:5433/homing?sslmode=require")
    'postgresql://ann@db.example:5433/homing'
    """
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        user = f"{parts.username}@" if parts.username else ""
        parts.port  # noqa: B018  # raises where it is no number
    except ValueError:
        raise BadInput.of("--database", "be postgresql://USER@HOST:PORT/NAME", _without_password(url)) from None
    return f"postgresql://{user}{host}{parts.path}"


def _without_password(url: str) -> str:
    return f"{url.partition('://')[0]}://…{url.rpartition('@')[2]}"


async def _migrate(link: Link, wanted: str, *, up_only: bool = False) -> None:
    """Bring the schema to a step; whoever comes second finds it done."""
    connection = await link.taken()
    try:
        if await _present(connection) != wanted:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(hashtext('homing schema'))")
                await _step_to(connection, wanted, up_only)
    finally:
        await link.back(connection)


async def _step_to(connection: Any, wanted: str, up_only: bool) -> None:
    present = await _present(connection)
    if up_only and present != BASE and present > wanted:
        raise StorageError(f"The database is of a newer homing (schema {present}, known {wanted}). Install that one.")
    if present != wanted:
        await connection.execute(script(present, wanted))
    if present == BASE != wanted:
        await connection.execute("INSERT INTO secrets (name, value) VALUES ('signing', $1)", secrets.token_bytes(32))


async def _step_done(link: Link) -> str:
    connection = await link.taken()
    try:
        return await _present(connection)
    finally:
        await link.back(connection)


async def _present(connection: Any) -> str:
    """The last step that was done."""
    version, encoding = await connection.fetchrow(
        "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')"
    )
    if version < _OLDEST or encoding != "UTF8":
        raise StorageError(
            f"The database must be of PostgreSQL {_OLDEST_NAME} or later and encoded in UTF8;"
            f" it is of version {version // 10_000} and in {encoding}."
        )
    if not await connection.fetchval(numbered(TABLE_IS_THERE), VERSION_TABLE):
        return BASE
    return str(await connection.fetchval(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608  # a name of ours
