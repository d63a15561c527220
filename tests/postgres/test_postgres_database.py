"""The database itself: its schema made once, up and down; its address without a password; one writer at a time."""

from __future__ import annotations

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from postgres_ground import database, server

from homing.core.errors import StorageError
from homing.core.settings import Settings
from homing.store.checks import event
from homing.store.events import EventQuery
from homing.store.migrations import BASE, HEAD, VERSION_TABLE, script
from homing.store.opening import event_store, open_database
from homing.store.postgres import PostgresDatabase
from homing.store.postgres_events import PostgresEventStore
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase

TABLES = "SELECT count(*) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public'"


def tables(name: str) -> int:
    return server().run(TABLES, name)[0][0]


def test_the_schema_goes_up_down_and_up_again():
    name = server().new()
    with closing(PostgresDatabase(server().url(name))) as made:
        assert not made.exists()
        assert (set(made.counts().values()), made.newest_receipt(), tables(name)) == ({0}, None, 0)
        made.migrate()
        assert made.exists()
        full = tables(name)
        made.migrate(BASE)
        assert tables(name) == 0 < full
        made.migrate()
        assert tables(name) == full
        assert PostgresEventStore(made).append("default", [event("e")]).stored == (True,)


def test_the_first_call_makes_the_schema_also_if_many_are_first():
    name = server().new()

    def write(number: int) -> int:
        with closing(PostgresDatabase(server().url(name))) as made:
            return PostgresEventStore(made).append("default", [event(f"{number}")]).count

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write, range(8))) == 8


def test_the_known_step_is_the_newest_that_there_is():
    assert script(BASE, HEAD) == script(BASE, "head")


def test_a_database_of_a_newer_homing_is_refused():
    name = server().new("homing_template")
    server().run(f"UPDATE {VERSION_TABLE} SET version_num = '9999'", name)
    with closing(PostgresDatabase(server().url(name))) as made, pytest.raises(StorageError, match="newer homing"):
        made.signing_key()


def test_a_database_of_another_encoding_is_refused():
    server().run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with closing(PostgresDatabase(server().url("latin"))) as made, pytest.raises(StorageError, match="in LATIN1"):
        made.signing_key()


def test_each_database_has_a_signing_key_of_its_own_that_lasts():
    one, other = database(), database()
    other.migrate(BASE)
    other.migrate()
    with closing(PostgresDatabase(one._url)) as again:
        assert len(one.signing_key()) == 32
        assert one.signing_key() == again.signing_key() != other.signing_key()


def test_a_database_that_is_not_there_is_a_failure_that_says_how_to_make_it():
    made = open_database(Settings(database=server().url("nowhere")))
    with closing(made), pytest.raises(StorageError, match=r"createdb NAME"):
        made.signing_key()


def test_the_settings_choose_the_database_and_its_store(tmp_path):
    assert isinstance(open_database(Settings(tmp_path)), SqliteDatabase)
    for url in ("postgresql://ann:secret@db.example/homing", "postgres://ann:secret@db.example/homing?sslmode=require"):
        made = open_database(Settings(tmp_path, database=url))
        assert isinstance(event_store(made), PostgresEventStore)
        assert made.name == "postgresql://ann@db.example/homing"


def test_of_one_scope_one_write_at_a_time_is_at_work_and_others_go_on():
    made = database()
    seen: list[str] = []

    def write(scope: str) -> None:
        with made.write(scope):
            seen.append(scope)

    with made.write("a"):
        same, other = (threading.Thread(target=write, args=(scope,)) for scope in ("a", "b"))
        same.start()
        other.start()
        other.join()
        time.sleep(0.05)
        assert seen == ["b"]
    same.join()
    assert seen == ["b", "a"]


def test_a_write_that_its_writer_gives_up_leaves_nothing_and_hinders_nobody():
    people = ProfileStore(made := database())

    def given_up() -> None:
        with made.write("default", "profiles") as transaction:
            transaction.execute(
                "INSERT INTO profile_versions (tenant, kind, id, known_at, body)"
                " VALUES ('default', 'lead', 'ann', 1, '{}')"
            )
            raise LookupError

    with pytest.raises(LookupError):
        given_up()
    assert people.ids("default", "lead") == ()
    assert people.put("default", "lead", [("zoe", "{}")], 1)["created"] == 1


def test_a_commit_reaches_the_disk_whatever_the_role_prefers():
    name = server().new("homing_template")
    server().run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with closing(PostgresDatabase(server().url(name))) as made:
        assert next(made.rows("SELECT current_setting('synchronous_commit')"))[0] == "on"


def test_a_read_that_fails_is_a_storage_error():
    made = database()
    with made.write() as transaction:
        transaction.execute("DROP TABLE events")
    with pytest.raises(StorageError, match='cannot be read: relation "events" does not exist'):
        PostgresEventStore(made).count("default", EventQuery())


def test_a_database_that_nobody_holds_any_more_has_no_connection():
    made = database()
    assert made.signing_key()
    thread = made._opened._thread
    assert thread.is_alive()
    del made
    gc.collect()
    assert not thread.is_alive()


def test_a_forked_process_connects_by_itself():
    made = database()
    key = made.signing_key()
    made._opened.process = -1  # as it is in a child after a fork, where the thread is not
    assert made.signing_key() == key
