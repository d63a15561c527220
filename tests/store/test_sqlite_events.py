"""What only the SQLite store can show: it lasts, it uses its indexes, and many threads may write."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from homing.core.errors import StorageError
from homing.store.checks import VIEW, event, ids, micros
from homing.store.events import EventQuery
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore


def test_what_was_acknowledged_is_there_for_another_connection(tmp_path: Path) -> None:
    path = tmp_path / "new" / "homing.sqlite3"
    SqliteEventStore(SqliteDatabase(path)).append("default", [event("e", event_data={"a": 1})])
    again = SqliteEventStore(SqliteDatabase(path)).select("default", EventQuery())
    assert again == [event("e", event_data={"a": 1})]


def test_reading_makes_no_file(tmp_path: Path) -> None:
    store = SqliteEventStore(SqliteDatabase(tmp_path / "homing.sqlite3"))
    assert store.count("default", EventQuery()) == len(store.columns("default", EventQuery())) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["lead_id", "anonymous_id", "agent_id", "property_id", "session_id"])
def test_events_of_one_id_are_found_by_their_index(tmp_path: Path, name: str) -> None:
    database = SqliteDatabase(tmp_path / "homing.sqlite3")
    store = SqliteEventStore(database)
    store.append("default", [event("e")])
    seen: list[str] = []
    database.read().set_trace_callback(seen.append)
    store.select("default", EventQuery(**{name: "x"}, since=micros(0), event_types=frozenset({VIEW})))
    store.columns("default", EventQuery(**{name: "x"}, known_upto=micros(9)))
    store.count("default", EventQuery(**{name: "x"}))
    database.read().set_trace_callback(None)
    seen = [sql for sql in seen if " FROM events " in sql]
    assert len(seen) == 3
    for sql in seen:
        plan = " ".join(row[3] for row in database.read().execute(f"EXPLAIN QUERY PLAN {sql}"))
        assert "USING INDEX events_of_" in plan or "USING COVERING INDEX events_of_" in plan
        assert f"{name}=?" in plan


def test_a_merged_leads_events_are_found_by_both_indexes(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "homing.sqlite3")
    store = SqliteEventStore(database)
    store.append("default", [event("e")])
    store.identities.merge("default", "v", "ann", 0)
    seen: list[str] = []
    database.read().set_trace_callback(seen.append)
    store.columns("default", EventQuery(lead_id="ann", upto=micros(9), known_upto=micros(9)))
    database.read().set_trace_callback(None)
    plan = " ".join(row[3] for row in database.read().execute(f"EXPLAIN QUERY PLAN {seen[-1]}"))
    assert "events_of_lead" in plan
    assert "events_of_visitor" in plan
    assert "SCAN" not in plan.replace("SCAN json_each", "")


def test_four_threads_write_and_read_at_once(tmp_path: Path) -> None:
    store = SqliteEventStore(SqliteDatabase(tmp_path / "homing.sqlite3"))

    def write(thread: int) -> int:
        new = 0
        for n in range(20):
            new += store.append("default", [event(f"{thread}-{n}", n), event(f"shared-{n}", n)]).count
            assert store.count("default", EventQuery()) >= new // 2
        return new

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write, range(4))) == 100
    assert store.count("default", EventQuery()) == 100
    sequences = store.columns("default", EventQuery()).sequence
    assert len(set(sequences.tolist())) == 100


def test_two_openers_of_a_new_file_both_find_it_ready(tmp_path: Path) -> None:
    def open_and_write(number: int) -> int:
        return (
            SqliteEventStore(SqliteDatabase(tmp_path / "homing.sqlite3")).append("default", [event(f"{number}")]).count
        )

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(open_and_write, range(8))) == 8


def test_a_write_that_fails_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "homing.sqlite3")
    store = SqliteEventStore(database)
    store.append("default", [event("e")])
    with database.write() as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.event_id = 'f2'"
            " BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    with pytest.raises(StorageError, match="full"):
        store.append("default", [event("f1"), event("f2")])
    assert ids(store.select("default", EventQuery())) == ["e"]


def test_a_type_from_a_newer_version_is_named(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "homing.sqlite3")
    store = SqliteEventStore(database)
    store.append("default", [event("e")])
    with database.write() as connection:
        connection.execute("UPDATE events SET type = 'teleported'")
    for ask in (store.select, store.columns):
        with pytest.raises(StorageError, match="teleported"):
            ask("default", EventQuery())


def test_a_file_that_is_no_database_is_a_storage_error(tmp_path: Path) -> None:
    path = tmp_path / "homing.sqlite3"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageError, match="cannot be opened"):
        SqliteEventStore(SqliteDatabase(path)).append("default", [event("e")])


def test_the_file_is_in_wal_mode_and_commits_reach_the_disk(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "homing.sqlite3")
    SqliteEventStore(database).append("default", [event("e")])
    connection: sqlite3.Connection = database.read()
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_what_is_new_is_found_without_a_walk_over_all_events(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "homing.sqlite3")
    store = SqliteEventStore(database)
    store.append("default", [event("e")])
    seen: list[str] = []
    database.read().set_trace_callback(seen.append)
    store.columns("default", EventQuery(after_sequence=7))
    database.read().set_trace_callback(None)
    plan = " ".join(row[3] for row in database.read().execute(f"EXPLAIN QUERY PLAN {seen[-1]}"))
    assert plan == "SEARCH events USING INTEGER PRIMARY KEY (rowid>?)"
