"""One SQLite file: connections, schema, transactions. WAL with `synchronous=FULL`: a commit survives a crash."""

from __future__ import annotations

import fcntl
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from homing.core.errors import StorageError
from homing.store.database import COUNTS, Dialect

__all__ = ["SCHEMA", "SqliteDatabase", "faults_of", "is_open_elsewhere"]

_MIGRATIONS = (
    """
    CREATE TABLE events (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      tenant TEXT NOT NULL, event_id TEXT NOT NULL, type TEXT NOT NULL,
      at INTEGER NOT NULL, known_at INTEGER NOT NULL,
      lead_id TEXT, anonymous_id TEXT, agent_id TEXT, property_id TEXT, session_id TEXT,
      device_type TEXT, source_channel TEXT, campaign_id TEXT, data TEXT,
      outcome TEXT, outcome_value REAL, outcome_at INTEGER, outcome_known_at INTEGER,
      UNIQUE (tenant, event_id)
    ) STRICT;
    CREATE INDEX events_by_time ON events (tenant, at);
    CREATE INDEX events_of_lead ON events (tenant, lead_id, at) WHERE lead_id IS NOT NULL;
    CREATE INDEX events_of_visitor ON events (tenant, anonymous_id, at) WHERE anonymous_id IS NOT NULL;
    CREATE INDEX events_of_property ON events (tenant, property_id, at) WHERE property_id IS NOT NULL;
    CREATE INDEX events_of_agent ON events (tenant, agent_id, at) WHERE agent_id IS NOT NULL;
    CREATE INDEX events_of_session ON events (tenant, session_id, at) WHERE session_id IS NOT NULL;

    CREATE TABLE listings (
      revision INTEGER PRIMARY KEY AUTOINCREMENT,
      tenant TEXT NOT NULL, property_id TEXT NOT NULL,
      at INTEGER NOT NULL, known_at INTEGER NOT NULL, fields TEXT NOT NULL,
      UNIQUE (tenant, property_id, at)
    ) STRICT;
    CREATE INDEX listings_by_revision ON listings (tenant, revision);

    CREATE TABLE profiles (
      tenant TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
      at INTEGER NOT NULL, body TEXT NOT NULL,
      PRIMARY KEY (tenant, kind, id)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO secrets VALUES ('signing', new_secret());
    """,
    """
    CREATE TABLE merges (
      revision INTEGER PRIMARY KEY AUTOINCREMENT,
      tenant TEXT NOT NULL, anonymous_id TEXT NOT NULL, lead_id TEXT, known_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX merges_of_visitor ON merges (tenant, anonymous_id, revision);
    CREATE INDEX merges_of_lead ON merges (tenant, lead_id) WHERE lead_id IS NOT NULL;
    CREATE INDEX merges_by_revision ON merges (tenant, revision);
    """,
    """
    CREATE TABLE profile_versions (
      revision INTEGER PRIMARY KEY AUTOINCREMENT,
      tenant TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, known_at INTEGER NOT NULL, body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX versions_of_profile ON profile_versions (tenant, kind, id, revision);
    INSERT INTO profile_versions (tenant, kind, id, known_at, body) SELECT tenant, kind, id, at, body FROM profiles;
    DROP TABLE profiles;
    """,
    """
    CREATE TABLE listing_versions (
      revision INTEGER PRIMARY KEY AUTOINCREMENT,
      tenant TEXT NOT NULL, property_id TEXT NOT NULL,
      at INTEGER NOT NULL, known_at INTEGER NOT NULL, fields TEXT NOT NULL
    ) STRICT;
    INSERT INTO listing_versions SELECT revision, tenant, property_id, at, known_at, fields FROM listings;
    DROP TABLE listings;
    ALTER TABLE listing_versions RENAME TO listings;
    CREATE INDEX listings_of_home ON listings (tenant, property_id, at, known_at);
    CREATE INDEX listings_by_revision ON listings (tenant, revision);
    CREATE TABLE sightings (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      tenant TEXT NOT NULL, count INTEGER NOT NULL, last_at INTEGER NOT NULL,
      first_revision INTEGER NOT NULL, last_revision INTEGER NOT NULL, body BLOB NOT NULL
    ) STRICT;
    CREATE INDEX sightings_of_tenant ON sightings (tenant);
    CREATE INDEX sightings_by_time ON sightings (tenant, last_at);
    """,
    """
    CREATE TABLE aliases (
      tenant TEXT NOT NULL, kind TEXT NOT NULL, hash BLOB NOT NULL, lead_id TEXT NOT NULL, known_at INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX aliases_by_hash ON aliases (tenant, kind, hash, lead_id);
    CREATE INDEX aliases_of_lead ON aliases (tenant, lead_id);
    """,
    """
    CREATE TABLE keys (
      hash BLOB PRIMARY KEY, tenant TEXT NOT NULL, id TEXT NOT NULL, scope TEXT NOT NULL, origins TEXT NOT NULL,
      created_at INTEGER NOT NULL, revoked_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX keys_by_id ON keys (tenant, id);
    """,
)


SCHEMA: Final = len(_MIGRATIONS)
"""The number of the present schema."""

_DAMAGED: Final = " It is damaged: homing doctor says where, homing restore brings a backup back."
_WAYS_OUT: Final = {
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_FULL: " Make room on the disk, then try again.",
    sqlite3.SQLITE_READONLY: " Give the user that runs homing the right to write to the file and its folder.",
    sqlite3.SQLITE_CANTOPEN: " Give the user that runs homing the right to write to the file and its folder.",
}
_FIRST_READER: Final = 0x40000002  # SQLite's file format: the bytes that whoever has a file open keeps locked
_READERS: Final = 510
_CACHE_KIB: Final = 2_048
"""So much of the file each connection keeps, of which a worker has one a thread; the system caches the rest for all."""
_MANY: Final = 5_000
_TRIES: Final = 600
_BETWEEN_TRIES: Final = 0.05


def _packed(names: Sequence[str]) -> str:
    return msgspec.json.encode(names).decode()


_DIALECT: Final = Dialect(
    among="IN (SELECT value FROM json_each(?))",
    packed=_packed,
    is_near=True,
    from_the_end="+tenant = ?",
    lead_or_visitor=(
        "sequence IN (SELECT sequence FROM events"
        " WHERE tenant = ? AND lead_id IN (SELECT value FROM json_each(?)) UNION ALL SELECT sequence FROM events"
        " WHERE tenant = ? AND anonymous_id IN (SELECT value FROM json_each(?)) AND lead_id IS NULL)"
    ),
)


class _Opened(NamedTuple):
    """A connection, and the file that it is to: that of a path may be removed or replaced."""

    connection: sqlite3.Connection
    file: tuple[int, int] | None


class SqliteDatabase:
    """A file of homing's tables, shared by the stores above it.

    Reading before anything was written sees an empty database and makes no file; the first write makes folder and file.
    One writer at a time in this process (others wait), any number of readers, one connection a thread, closed after the
    thread has ended. A file that was removed or replaced is noticed: nothing is written to one that nobody can find.

    >>> import tempfile
    >>> database = SqliteDatabase(Path(tempfile.mkdtemp()) / "sub" / "homing.sqlite3")
    >>> database.read().execute("SELECT count(*) FROM events").fetchone()
    (0,)
    >>> database.path.exists()
    False
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._writing = threading.Lock()
        self._opening = threading.Lock()
        self._opened: list[tuple[threading.Thread, sqlite3.Connection]] = []

    @property
    def name(self) -> str:
        """How messages call it: by its path."""
        return str(self.path)

    def exists(self) -> bool:
        """Whether the file was made already."""
        return self.path.exists()

    @property
    def dialect(self) -> Dialect:
        """What SQLite understands."""
        return _DIALECT

    def read(self) -> sqlite3.Connection:
        """A connection for reading, one a thread; a fresh empty one in memory as long as there is no file."""
        file = _file(self.path)
        return self._empty() if file is None else self._connection(file)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, read as they are asked for; a failure is a `StorageError`."""
        try:
            cursor = self.read().execute(sql, values)
            while some := cursor.fetchmany(_MANY):
                yield from some
        except sqlite3.Error as error:
            raise self._failure("cannot be read", error) from error

    def signing_key(self) -> bytes:
        """The 32 random bytes that this database was made with, for sealing what its services give out."""
        return bytes(next(self.rows("SELECT value FROM secrets WHERE name = 'signing'"))[0])

    @contextmanager
    def write(self, *scope: str) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is on disk when the block ends, or none of it. One at a time, of any scope."""
        with self._writing:
            connection = self._connection(_file(self.path))
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back(connection)
                raise self._failure("refused a write", error, " Nothing of it was kept.") from error
            except BaseException:
                self._roll_back(connection)
                raise

    def copy_to(self, path: Path) -> None:
        """Everything that is committed now, as one new file without a log; others may read and write meanwhile."""
        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as copy:
                self.read().backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise self._failure("cannot be copied", error) from error

    def counts(self) -> dict[str, int]:
        """How much of everything there is, of all tenants together."""
        return {name: int(next(self.rows(sql))[0]) for name, sql in COUNTS.items()}

    def newest_receipt(self) -> int | None:
        """When the last of the events became known, in microseconds; None if there are none."""
        return next(self.rows("SELECT max(known_at) FROM events"))[0]  # type: ignore[no-any-return]

    def close(self) -> None:
        """Close every connection of this process."""
        with self._opening:
            for _, connection in self._opened:
                connection.close()
            self._opened.clear()
        self._local = threading.local()

    def _connection(self, file: tuple[int, int] | None) -> sqlite3.Connection:
        """The thread's connection to the file that the path now leads to."""
        opened: _Opened | None = getattr(self._local, "opened", None)
        if opened is not None and opened.file == file:
            return opened.connection
        connection = self._connect()
        self._keep(connection)
        self._local.opened = _Opened(connection, _file(self.path))
        return connection

    def _keep(self, connection: sqlite3.Connection) -> None:
        """Note the thread's new connection; close its last one, and those of threads that have ended."""
        here = threading.current_thread()
        with self._opening:
            opened, self._opened = self._opened, [(here, connection)]
            for thread, other in opened:
                if thread is not here and thread.is_alive():
                    self._opened.append((thread, other))
                else:
                    other.close()

    def _connect(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30.0)
        except (sqlite3.Error, OSError) as error:
            raise self._failure("cannot be opened", error) from error
        try:
            _to_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            connection.execute("PRAGMA cell_size_check = ON")
            self._migrate(connection)
        except StorageError:
            connection.close()
            raise
        except sqlite3.Error as error:
            connection.close()
            raise self._failure("cannot be opened", error) from error
        return connection

    def _failure(self, what: str, error: Exception, kept: str = "") -> StorageError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of the number says in which way
        way_out = _WAYS_OUT.get(code, "")
        return StorageError(f"The database {self.path} {what}: {error}.{kept}{way_out}")

    @staticmethod
    def _empty() -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.create_function("new_secret", 0, _new_secret)
        for script in _MIGRATIONS:
            connection.executescript(script)
        return connection

    @staticmethod
    def _migrate(connection: sqlite3.Connection) -> None:
        """Bring the schema up to date, one migration a transaction; `user_version` counts those done."""
        if connection.execute("PRAGMA user_version").fetchone()[0] == len(_MIGRATIONS):
            return
        connection.create_function("new_secret", 0, _new_secret)
        while True:
            connection.execute("BEGIN IMMEDIATE")
            done = connection.execute("PRAGMA user_version").fetchone()[0]
            if done > len(_MIGRATIONS):
                connection.execute("ROLLBACK")
                raise StorageError(_newer(done))
            if done == len(_MIGRATIONS):
                connection.execute("COMMIT")
                return
            for statement in filter(str.strip, _MIGRATIONS[done].split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {done + 1}")
            connection.execute("COMMIT")

    @staticmethod
    def _roll_back(connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _to_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging. SQLite does not wait by itself while another connection is doing the same."""
    for left in reversed(range(_TRIES)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not left:
                raise
            time.sleep(_BETWEEN_TRIES)


def faults_of(path: Path) -> list[str]:
    """What is wrong with a database file, every page and index of it looked at; empty if it is whole.

    Of what stands in a row without an index, SQLite keeps no checksum: a changed letter there is not found. Where a
    process was killed in the middle of its first write, that write is undone first, as the next start would do.
    """
    try:
        return _found_in(path, "ro")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_READONLY:  # else something is left to undo
            return [f"{error}"]
    try:
        return _found_in(path, "rw")
    except sqlite3.Error as error:
        return [f"{error}"]


def _found_in(path: Path, mode: str) -> list[str]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)) as connection:
        connection.execute("PRAGMA cell_size_check = ON")
        found = [str(fault) for (fault,) in connection.execute("PRAGMA integrity_check(10)") if fault != "ok"]
        schema = connection.execute("PRAGMA user_version").fetchone()[0]
        return [*found, _newer(schema)] if schema > len(_MIGRATIONS) else found


def is_open_elsewhere(path: Path) -> bool:
    """Whether another process has the database open; ask only while this one has not."""
    if not path.exists():
        return False
    with path.open("rb+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _READERS, _FIRST_READER)
        except OSError:
            return True
    return False


def _newer(schema: int) -> str:
    return f"The database is of a newer homing (schema {schema}, known {len(_MIGRATIONS)}). Install that one."


def _new_secret() -> bytes:
    return secrets.token_bytes(32)


def _file(path: Path) -> tuple[int, int] | None:
    """What tells one file from another that has its name; None if there is no file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"The database {path} cannot be opened: {error}.") from error
    return found.st_dev, found.st_ino
