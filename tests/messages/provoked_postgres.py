"""What a PostgreSQL database brings about, by the sentence it brings."""

from __future__ import annotations

import sys
from contextlib import closing

import postgres_ground
from proxy import Proxy

from homing.core.settings import Settings
from homing.services.back_up import BackUp
from homing.services.restore import Restore
from homing.store.checks import event
from homing.store.migrations import VERSION_TABLE
from homing.store.opening import open_database
from homing.store.postgres import PostgresDatabase
from homing.store.postgres_events import PostgresEventStore
from homing.store.profiles import ProfileStore

__all__ = ["TABLE"]

AWAY = Settings(database="postgresql://ann:secret@127.0.0.1:1/homing")


def read(url):
    with closing(PostgresDatabase(url)) as made:
        return made.signing_key()


def of_another_encoding(_):
    server = postgres_ground.server()
    server.run("CREATE DATABASE said_latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    return read(server.url("said_latin"))


def of_a_newer_homing(_):
    server = postgres_ground.server()
    name = server.new("homing_template")
    server.run(f"UPDATE {VERSION_TABLE} SET version_num = '9999'", name)
    return read(server.url(name))


def refused(_):
    made = postgres_ground.database()
    store = PostgresEventStore(made)
    store.append("default", [event("e")])
    with made.write() as transaction:
        transaction.execute("ALTER TABLE events_2026_05 ADD CHECK (event_id <> 'f')")
    return store.append("default", [event("f")])


def cut_off(breaks):
    def act(_):
        server = postgres_ground.server()
        with closing(Proxy(server.folder)) as proxy, closing(PostgresDatabase(proxy.url(server.new()))) as made:
            people = ProfileStore(made)
            people.put("default", "lead", [("ann", "{}")], 1)
            proxy.breaks = breaks
            return people.put("default", "lead", [("zoe", "{}")], 1)

    return act


def without_the_driver(_):
    """As where the extra is not installed."""
    held = {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith("homing.store.postgres")}
    sys.modules["homing.store.postgres"] = None
    try:
        return open_database(AWAY)
    finally:
        del sys.modules["homing.store.postgres"]
        sys.modules.update(held)


TABLE = {
    "The database postgresql://ann@127.0.0.1:1/homing cannot be read: [Errno 111] Connect call failed ('127.0.0.1', 1). See that the server runs and that the address is right.": lambda _: (
        read(AWAY.database)
    ),
    ' cannot be read: database "nowhere" does not exist. Create it first: createdb NAME.': lambda _: read(
        postgres_ground.server().url("nowhere")
    ),
    ' refused a write: new row for relation "events_2026_05" violates check constraint "events_2026_05_event_id_check". Nothing of it was kept.': refused,
    ". Nothing of it was kept.": cut_off("before"),
    " went away during a write: ": cut_off("for good"),
    "A PostgreSQL database needs asyncpg: pip install 'homing[postgres]'.": without_the_driver,
    "The database is of a newer homing (schema 9999, known ": of_a_newer_homing,
    "The database must be of PostgreSQL 13 or later and encoded in UTF8; it is of version 1": of_another_encoding,
    "--database must be postgresql://USER@HOST:PORT/NAME; got 'postgresql://…db.example:port/homing'": lambda _: (
        open_database(Settings(database="postgresql://ann:secret@db.example:port/homing"))
    ),
    "--database must be a SQLite file for homing backup; back PostgreSQL up by pg_dump, and copy the folder of models beside it; got 'postgresql://ann@127.0.0.1:1/homing'": lambda ground: (
        BackUp(AWAY, open_database(AWAY), lambda: 0, "1")(ground.new("b.tar"))
    ),
    "--database must be a SQLite file for homing restore; what pg_dump wrote of PostgreSQL comes back by pg_restore; got 'a PostgreSQL database'": lambda ground: (
        Restore(AWAY)(ground.new("b.tar"))
    ),
}
