"""Several processes and one SQLite file: one writes for all, and another takes over when it is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from homing.store.events import EventQuery
from homing.store.sqlite import SqliteDatabase, faults_of
from homing.store.sqlite_events import SqliteEventStore

HANDING = Path(__file__).with_name("handing.py")
BATCH = 5


def started(folder, name, count):
    return subprocess.Popen(
        [sys.executable, str(HANDING), str(folder), name, str(count)], stdout=subprocess.PIPE, text=True
    )


def stored_ids(folder):
    path = folder / "homing.sqlite3"
    assert faults_of(path) == []
    return [one.event_id for one in SqliteEventStore(SqliteDatabase(path)).select("default", EventQuery())]


def writer_of(folder):
    return int((folder / "homing.sqlite3-writer").read_text())


@pytest.mark.parametrize("deep", ["", "x" * 120])
def test_one_writes_for_all_and_each_event_is_there_once(tmp_path, deep):
    folder = tmp_path / deep
    processes = [started(folder, name, 40) for name in "abc"]
    told = [process.communicate(timeout=120)[0].splitlines() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert [len(lines) for lines in told] == [40, 40, 40]
    assert sum(int(line.split()[1]) for lines in told for line in lines) <= 3 * 40 * BATCH + 40
    ids = stored_ids(folder)
    assert len(ids) == len(set(ids)) == 3 * 40 * BATCH + 40
    assert writer_of(folder) in [process.pid for process in processes]


def test_when_the_writer_is_killed_another_takes_over_and_nothing_acknowledged_is_lost(tmp_path):
    processes = {name: started(tmp_path, name, 300) for name in "abc"}
    acknowledged = {name: [process.stdout.readline()] for name, process in processes.items()}
    killed = set()
    for _ in range(2):
        pid = writer_of(tmp_path)
        name = next(name for name, process in processes.items() if process.pid == pid)
        os.kill(pid, signal.SIGKILL)
        killed.add(name)
        processes[name].wait()
        for other in processes.keys() - killed:  # who is left goes on
            acknowledged[other] += [processes[other].stdout.readline() for _ in range(20)]
    for name, process in processes.items():
        acknowledged[name] += process.stdout.read().splitlines()
        process.wait()
        process.stdout.close()
    ids = stored_ids(tmp_path)
    assert len(ids) == len(set(ids))
    numbers = {name: [int(line.split()[0]) for line in lines if line.strip()] for name, lines in acknowledged.items()}
    (left,) = processes.keys() - killed
    assert numbers[left] == list(range(300))
    wanted = {f"{name}-{number}-{place}" for name, all_ in numbers.items() for number in all_ for place in range(BATCH)}
    assert wanted <= set(ids)
    assert all(sum(one.startswith(f"{name}-") for one in ids) % BATCH == 0 for name in "abc"), "half a batch is stored"
