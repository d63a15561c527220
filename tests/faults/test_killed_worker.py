"""kill -9 of one worker of several under load: it is replaced, and every event that was acknowledged is there once."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest
from serving import BATCH, PATIENCE, Server, batch

from homing.store.events import EventQuery
from homing.store.sqlite import SqliteDatabase, faults_of
from homing.store.sqlite_events import SqliteEventStore

WORKERS = 2

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="it looks for the workers in /proc, which only Linux has"
)


def test_a_killed_worker_is_replaced_and_loses_no_acknowledged_event(tmp_path):
    server = Server(tmp_path / "data", WORKERS)
    try:
        server.ready()
        acknowledged, first = [], server.workers()
        assert len(first) == WORKERS
        killed, number, end = first.copy(), 0, time.monotonic() + PATIENCE
        while time.monotonic() < end and (killed or len(server.workers() - first) < WORKERS):
            if killed and number % 5 == 4:
                os.kill(killed.pop(), signal.SIGKILL)
            try:
                done = server.ask("/v1/events", batch(number))
            except (OSError, ValueError):
                continue  # the worker that was asked is the one that was killed: the client asks again
            assert done["stored"] + done["duplicates"] == BATCH
            acknowledged.append(number)
            number += 1
        assert len(server.workers() - first) == WORKERS, "a killed worker was not replaced in time"
    finally:
        server.kill()
    path = tmp_path / "data" / "homing.sqlite3"
    assert faults_of(path) == []
    stored = [event.event_id for event in SqliteEventStore(SqliteDatabase(path)).select("default", EventQuery())]
    assert sorted(stored) == sorted(one["event_id"] for number in acknowledged for one in batch(number))


def killed(server, some):
    """Kill some of the workers at once, and wait until others have their places."""
    end = time.monotonic() + PATIENCE
    for pid in some:
        os.kill(pid, signal.SIGKILL)
    while len(server.workers()) < WORKERS or server.workers() & some:
        assert time.monotonic() < end, "a killed worker was not replaced"
        time.sleep(0.02)  # another process is starting


def test_workers_that_are_killed_again_as_soon_as_they_are_replaced_are_replaced_again(tmp_path):
    with closing(Server(tmp_path, WORKERS)) as server:
        server.ready()
        for _ in range(2):
            killed(server, {max(server.workers())})
        killed(server, server.workers())
        assert server.ready()
        assert server.process.poll() is None


def test_a_server_whose_workers_cannot_start_ends(tmp_path):
    (tmp_path / "hopeless.py").write_text("def application():\n    raise SystemExit(1)\n")
    serve = "from homing.api.server import serve; serve('hopeless:application', port=0)"
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", serve], env={**os.environ, "PYTHONPATH": path}, timeout=PATIENCE, check=False
    )
    assert done.returncode == 1
