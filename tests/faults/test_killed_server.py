"""kill -9 of a server under load: every event that it acknowledged is there once, and the next server goes on."""

import subprocess
import sys
import threading

import pytest
from serving import BATCH, PATIENCE, Server, batch

from homing.store.events import EventQuery
from homing.store.sqlite import SqliteDatabase, faults_of
from homing.store.sqlite_events import SqliteEventStore


@pytest.fixture
def start(tmp_path):
    started = []

    def one():
        started.append(Server(tmp_path / "data"))
        started[-1].ready()
        return started[-1]

    yield one
    for server in started:
        server.close()


def posted_until_it_dies(server, first, acknowledged):
    """Batches one after the other; notes each that was answered."""
    number = first
    try:
        while True:
            assert server.ask("/v1/events", batch(number))["stored"] == BATCH
            acknowledged.append(number)
            number += 1
    except (OSError, ValueError):  # the connection broke, perhaps in the middle of an answer
        return


def test_what_a_killed_server_acknowledged_is_there_once(tmp_path, start):
    acknowledged = []
    for killed_after in (3, 11):
        server = start()
        enough = threading.Event()
        noted = Noted(acknowledged, killed_after, enough)
        client = threading.Thread(target=posted_until_it_dies, args=(server, 100 * killed_after, noted))
        client.start()
        assert enough.wait(PATIENCE)
        server.kill()
        client.join()
    path = tmp_path / "data" / "homing.sqlite3"
    assert faults_of(path) == []
    stored = [event.event_id for event in SqliteEventStore(SqliteDatabase(path)).select("default", EventQuery())]
    assert len(stored) == len(set(stored))
    assert {one["event_id"] for number in acknowledged for one in batch(number)} <= set(stored)
    assert len(stored) % BATCH == 0, "half a batch is stored"
    server = start()
    for number in acknowledged:
        assert server.ask("/v1/events", batch(number))["duplicates"] == BATCH


class Noted(list):
    """A list that also notes each number elsewhere, and says when there are enough."""

    def __init__(self, elsewhere, many, enough):
        super().__init__()
        self.elsewhere, self.many, self.enough = elsewhere, many, enough

    def append(self, number):
        super().append(number)
        self.elsewhere.append(number)
        if len(self) >= self.many:
            self.enough.set()


def test_a_restore_beside_a_running_server_is_refused(tmp_path, start):
    server = start()
    server.ask("/v1/events", batch(0))
    homing = [sys.executable, "-m", "homing", "--data-dir", str(tmp_path / "data")]
    made = subprocess.run([*homing, "backup", str(tmp_path / "b.tar")], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    again = [*homing, "restore", str(tmp_path / "b.tar"), "--replace"]
    refused = subprocess.run(again, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "Another process has" in refused.stderr
    assert server.ask("/v1/events", batch(1))["stored"] == BATCH
    server.kill()
    assert subprocess.run(again, capture_output=True, check=False).returncode == 0
    assert (
        SqliteEventStore(SqliteDatabase(tmp_path / "data" / "homing.sqlite3")).count("default", EventQuery()) == BATCH
    )
