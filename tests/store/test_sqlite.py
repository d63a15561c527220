"""Connections of the one SQLite file: they end with their threads, and follow a file that was removed or replaced."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from homing.core.errors import StorageError
from homing.store.checks import event, ids
from homing.store.events import EventQuery
from homing.store.listings import ListingStore
from homing.store.profiles import ProfileStore
from homing.store.sqlite import _MIGRATIONS, SqliteDatabase, faults_of
from homing.store.sqlite_events import SqliteEventStore


def open_files(path: Path) -> int:
    return sum(handle.resolve() == path for handle in Path("/proc/self/fd").iterdir())


def test_connections_of_threads_that_ended_are_closed(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "homing.sqlite3")
    profiles = ProfileStore(database)
    for number in range(20):
        thread = Thread(target=lambda name=number: profiles.put("default", "lead", [(f"l{name}", "{}")], 1))
        thread.start()
        thread.join()
    assert len(profiles.ids("default", "lead")) == 20
    assert open_files(database.path) <= 2
    database.close()
    assert open_files(database.path) == 0


@pytest.mark.parametrize("leftovers", [True, False])
def test_nothing_is_acknowledged_into_a_file_that_was_removed(tmp_path: Path, leftovers: bool) -> None:
    store = SqliteEventStore(SqliteDatabase(tmp_path / "homing.sqlite3"))
    store.append("default", [event("before")])
    for path in list(tmp_path.iterdir()):
        if not leftovers or path.suffix == ".sqlite3":
            path.unlink()
    assert store.select("default", EventQuery()) == []
    store.append("default", [event("after")])
    again = SqliteEventStore(SqliteDatabase(tmp_path / "homing.sqlite3"))
    assert ids(again.select("default", EventQuery())) == ["after"]


def test_a_file_put_in_the_place_of_the_old_is_read_and_written(tmp_path: Path) -> None:
    path, other = tmp_path / "homing.sqlite3", tmp_path / "other.sqlite3"
    store = SqliteEventStore(SqliteDatabase(path))
    store.append("default", [event("ours")])
    backup = SqliteDatabase(other)
    SqliteEventStore(backup).append("default", [event("theirs")])
    backup.close()
    for written_ahead in ("-wal", "-shm"):  # they belong to the old file; whoever replaces it removes them
        path.with_name(path.name + written_ahead).unlink()
    other.replace(path)
    assert ids(store.select("default", EventQuery())) == ["theirs"]
    assert store.append("default", [event("ours", 1)]).stored == (True,)
    assert ids(SqliteEventStore(SqliteDatabase(path)).select("default", EventQuery())) == ["theirs", "ours"]


@pytest.mark.parametrize(
    "read",
    [
        lambda database: SqliteEventStore(database).count("default", EventQuery()),
        lambda database: SqliteEventStore(database).append("default", []),
        lambda database: ListingStore(database).revision("default"),
        lambda database: list(ListingStore(database).versions("default")),
        lambda database: ProfileStore(database).ids("default", "lead"),
    ],
)
def test_a_read_that_fails_is_a_storage_error(tmp_path: Path, read) -> None:
    database = SqliteDatabase(tmp_path / "homing.sqlite3")
    SqliteEventStore(database).append("default", [event("e")])
    for table in ("events", "listings", "profile_versions"):
        database.read().execute(f"DROP TABLE {table}")
    with pytest.raises(StorageError, match="cannot be read: no such table"):
        read(database)


def test_a_file_of_a_newer_homing_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "homing.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StorageError, match="newer homing"):
        SqliteDatabase(tmp_path / "homing.sqlite3").read()
    assert open_files(tmp_path / "homing.sqlite3") == 0


def test_a_write_that_its_writer_gives_up_leaves_nothing_and_hinders_nobody(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "homing.sqlite3")

    def given_up() -> None:
        with database.write() as connection:
            connection.execute("INSERT INTO profile_versions VALUES (1, 'default', 'lead', 'ann', 1, '{}')")
            raise LookupError

    with pytest.raises(LookupError):
        given_up()
    assert ProfileStore(database).ids("default", "lead") == ()
    assert ProfileStore(database).put("default", "lead", [("zoe", "{}")], 1)["created"] == 1


def test_a_database_of_the_first_schema_keeps_its_people(tmp_path):
    path = tmp_path / "homing.sqlite3"
    with closing(sqlite3.connect(path)) as old, old:
        old.executescript(_MIGRATIONS[0])
        old.execute("INSERT INTO profiles VALUES ('default', 'lead', 'ann', 7, '{\"lead_id\":\"ann\"}')")
        old.execute("PRAGMA user_version = 1")
    profiles = ProfileStore(SqliteDatabase(path))
    assert profiles.get("default", "lead", "ann", known_upto=7) == '{"lead_id":"ann"}'
    assert profiles.get("default", "lead", "ann", known_upto=6) is None
    assert len(SqliteDatabase(path).signing_key()) == 32


def test_each_database_has_a_signing_key_of_its_own_that_lasts(tmp_path):
    one, other = SqliteDatabase(tmp_path / "1.sqlite3"), SqliteDatabase(tmp_path / "2.sqlite3")
    for database in (one, other):
        ProfileStore(database).put("default", "lead", [("ann", "{}")], 1)
    assert one.signing_key() == SqliteDatabase(one.path).signing_key() != other.signing_key()


READS = """
import sys
from pathlib import Path
from homing.store.sqlite import SqliteDatabase

def held():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

database = SqliteDatabase(Path(sys.argv[1]))
database.read().execute("SELECT count(*) FROM secrets").fetchall()
before = held()
database.read().execute("SELECT sum(length(body)) FROM profile_versions").fetchall()
print(held() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it reads its own memory in /proc")
def test_what_a_connection_keeps_of_a_large_file_is_little(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "homing.sqlite3")
    ProfileStore(database).put("default", "lead", [(f"l{number}", "x" * 3_000) for number in range(10_000)], 1)
    database.close()
    words = [sys.executable, "-c", READS, str(database.path)]
    kibibytes = int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    assert database.path.stat().st_size > 30_000_000
    assert kibibytes < 8_000


def test_a_write_that_was_cut_off_before_there_was_a_log_is_no_fault(tmp_path: Path) -> None:
    """A file and its rollback journal, as kill -9 in the middle of a first write leaves them."""
    with closing(sqlite3.connect(tmp_path / "written.sqlite3", isolation_level=None)) as writing:
        writing.execute("CREATE TABLE some (text)")
        writing.executemany("INSERT INTO some VALUES (?)", [("a" * 500,)] * 500)
        writing.execute("PRAGMA cache_size = 1")
        writing.execute("BEGIN")
        writing.execute("UPDATE some SET text = 'b'")
        for end in ("", "-journal"):
            shutil.copy(tmp_path / f"written.sqlite3{end}", tmp_path / f"left.sqlite3{end}")
    assert faults_of(tmp_path / "left.sqlite3") == []
    with closing(sqlite3.connect(tmp_path / "left.sqlite3")) as left:
        assert left.execute("SELECT DISTINCT text FROM some").fetchall() == [("a" * 500,)]
