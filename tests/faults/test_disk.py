"""A full disk, a folder that may not be written to, a damaged page: said clearly, and nothing is lost."""

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.error import HTTPError

import pytest
from acts import NOW, import_events, model, registry, train_once, write_events
from serving import BATCH, Server, batch

from homing.core.errors import StorageError
from homing.core.settings import Settings
from homing.services.back_up import BackUp
from homing.store.events import EventQuery
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase, faults_of
from homing.store.sqlite_events import SqliteEventStore

HERE = Path(__file__).parent


def python(program, folder, *, limit=None, user=None):
    """Run statements over a folder in another process, perhaps with no room for larger files, or as another user."""

    def confined():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    text = (
        f"import os, sys; sys.path.insert(0, {str(HERE)!r})\nfrom pathlib import Path\nfolder = Path({str(folder)!r})\n"
    )
    text += "import acts\n"
    if user is not None:
        text += "acts.model('warm')\n"  # what is loaded when first used, the stranger may not read
        text += f"os.setgroups([]); os.setgid({user}); os.setuid({user})\n"
    return subprocess.run(
        [sys.executable, "-c", text + program], capture_output=True, text=True, preexec_fn=confined, check=False
    )


def test_an_import_onto_a_full_disk_keeps_what_it_committed_and_goes_on_when_there_is_room(tmp_path):
    write_events(tmp_path)
    failed = python("acts.import_events(folder)", tmp_path, limit=2_000_000)
    assert "StorageError" in failed.stderr
    assert "refused a write" in failed.stderr
    path = tmp_path / "data" / "homing.sqlite3"
    assert faults_of(path) == []
    stored = SqliteEventStore(SqliteDatabase(path)).count("default", EventQuery())
    assert stored in (0, 10_000, 20_000)
    again = import_events(tmp_path)
    assert (again.stored, again.duplicates) == (25_000 - stored, stored)


def test_a_full_database_says_what_to_do_and_keeps_what_it_has(tmp_path):
    database = SqliteDatabase(tmp_path / "homing.sqlite3")
    profiles = ProfileStore(database)
    profiles.put("default", "lead", [("ann", "{}")], NOW)
    (pages,) = database.read().execute("PRAGMA page_count").fetchone()
    database.read().execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError, match=r"disk is full\. Nothing of it was kept\. Make room on the disk"):
        profiles.put("default", "lead", [(f"lead-{n}", "{}") for n in range(5_000)], NOW)
    assert profiles.ids("default", "lead") == ("ann",)
    database.read().execute("PRAGMA max_page_count = 100000")
    assert profiles.put("default", "lead", [("zoe", "{}")], NOW)["created"] == 1


def test_a_training_onto_a_full_disk_leaves_the_old_model_serving(tmp_path):
    train_once(tmp_path)
    failed = python("acts.train_again(folder)", tmp_path, limit=200)
    assert "StorageError: The model could not be written to" in failed.stderr
    assert registry(tmp_path).newest() == "1"
    assert registry(tmp_path).publish(model("next"), NOW, {})
    assert registry(tmp_path).left_over() == []


def test_a_backup_onto_a_full_disk_leaves_nothing(tmp_path):
    train_once(tmp_path)
    ProfileStore(SqliteDatabase(tmp_path / "data" / "homing.sqlite3")).put("default", "lead", [("ann", "{}")], NOW)
    failed = python("acts.back_up(folder)", tmp_path, limit=50_000)
    assert "StorageError" in failed.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


@pytest.fixture
def readable():
    """A folder that other users can read; the one of the test run is closed to them."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def as_a_stranger():
    """Somebody who does not own the folder: another user, if we are the one whom no right stops."""
    return 65534 if os.geteuid() == 0 else None


def test_a_folder_that_may_not_be_written_to_is_named(readable):
    train_once(readable)
    database = SqliteDatabase(readable / "data" / "homing.sqlite3")
    ProfileStore(database).put("default", "lead", [("zoe", "{}")], NOW)
    database.close()
    for path in (readable, *readable.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    for act in ("first_write", "train_again"):
        failed = python(f"acts.{act}(folder)", readable, user=as_a_stranger())
        last = failed.stderr.strip().splitlines()[-1]
        assert "StorageError" in last, failed.stderr
        assert str(readable / "data") in last
    assert registry(readable).newest() == "1"
    for path in (readable, *readable.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_damaged_page_is_said_with_the_way_out_and_the_rest_stays_readable(tmp_path):
    path = tmp_path / "homing.sqlite3"
    database = SqliteDatabase(path)
    rows = [(f"lead-{n}", json.dumps({"note": "x" * 500})) for n in range(400)]
    ProfileStore(database).put("default", "lead", rows, NOW)
    (page,) = database.read().execute("SELECT rootpage FROM sqlite_schema WHERE name = 'profile_versions'").fetchone()
    database.close()
    with path.open("rb+") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)
    store = ProfileStore(SqliteDatabase(path))
    with pytest.raises(StorageError, match=r"malformed\. It is damaged: homing doctor says where, homing restore"):
        store.get("default", "lead", "lead-7")
    assert SqliteEventStore(SqliteDatabase(path)).count("default", EventQuery()) == 0
    assert faults_of(path)
    with pytest.raises(StorageError, match="no backup was made"):
        BackUp(Settings(tmp_path), SqliteDatabase(path), lambda: NOW, "0")(tmp_path / "b.tar")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own with little room."""
    there = tmp_path / "disk"
    there.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", there]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("whoever runs the tests may not mount a file system")
    yield there
    subprocess.run(["umount", "--lazy", there], check=True)


def filled(disk):
    """The name of a file that takes all the room there is."""
    name = disk / "filler"
    with name.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return name


def test_a_server_on_a_full_disk_refuses_events_answers_and_goes_on_when_there_is_room(small_disk):
    with contextlib.closing(Server(small_disk / "data", 2, TMPDIR=str(small_disk))) as server:
        server.ready()
        workers = server.workers()
        assert server.ask("/v1/events", batch(0))["stored"] == BATCH
        filler = filled(small_disk)
        for number in range(1, 20):
            with pytest.raises(HTTPError, match="503"):
                server.ask("/v1/events", batch(number))
            assert server.ask("/v1/leads/ann/recommendations")["event_count"] == BATCH
        filler.unlink()
        assert server.ask("/v1/events", batch(1))["stored"] == BATCH
        assert server.workers() == workers
    assert faults_of(small_disk / "data" / "homing.sqlite3") == []
