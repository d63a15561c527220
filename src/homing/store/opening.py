"""The database that a deployment chose, and the store of events over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homing.core.errors import BadInput, Fault, NotReady
from homing.core.settings import POSTGRES, Settings
from homing.store.events import EventStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore

if TYPE_CHECKING:
    from homing.store.postgres import PostgresDatabase

__all__ = ["event_store", "open_database"]


def open_database(settings: Settings) -> SqliteDatabase | PostgresDatabase:
    """The database of the settings; nothing is read, written or connected to before it is asked for."""
    if settings.postgres_url is None:
        return SqliteDatabase(settings.sqlite_path)
    try:
        from homing.store.postgres import PostgresDatabase  # asyncpg: the extra `postgres`
    except ImportError:
        raise NotReady("A PostgreSQL database needs asyncpg: pip install 'homing[postgres]'.") from None
    return PostgresDatabase(settings.postgres_url)


def event_store(
    database: SqliteDatabase | PostgresDatabase, *, replica: str | None = None, one_of_many: bool = False
) -> EventStore:
    """The store of events over a database, read from its `replica` if there is one; `one_of_many` in workers."""
    if isinstance(database, SqliteDatabase):
        if replica is not None:
            must = "be left out: only a PostgreSQL database has replicas"
            raise BadInput(Fault("HOMING_REPLICA", must, "an address"))
        return SqliteEventStore(database, one_of_many=one_of_many)
    from homing.store.postgres_events import PostgresEventStore  # asyncpg: the extra `postgres`

    if replica is None:
        return PostgresEventStore(database)
    if not replica.startswith(POSTGRES):
        raise BadInput(Fault("HOMING_REPLICA", "be postgresql://USER@HOST:PORT/NAME", "another address"))
    from homing.store.postgres import PostgresDatabase  # asyncpg: the extra `postgres`

    return PostgresEventStore(database, PostgresDatabase(replica))
