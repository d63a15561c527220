"""kill -9 of one worker of several under load: it is replaced, and every event that was acknowledged is there once."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from test_killed_server import BATCH, PATIENCE, Server, batch

from homing.store.events import EventQuery
from homing.store.sqlite import SqliteDatabase, faults_of
from homing.store.sqlite_events import SqliteEventStore

WORKERS = 2


class Serving(Server):
    """`homing serve` with several workers."""

    def command(self, data):
        return [*super().command(data), "--workers", str(WORKERS)]

    def workers(self):
        """The processes that answer: children that are neither gone nor multiprocessing's own."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        children = {int(child) for task in tasks for child in task.read_text().split()}
        return {pid for pid in children if b"resource_tracker" not in command_of(pid)}


def command_of(pid):
    """By what a process was started; one that has ended meanwhile is none that answers."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b"resource_tracker"


@pytest.mark.skipif(sys.platform != "linux", reason="it looks for the workers in /proc, which only Linux has")
def test_a_killed_worker_is_replaced_and_loses_no_acknowledged_event(tmp_path):
    server = Serving(tmp_path / "data")
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
