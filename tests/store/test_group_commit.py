"""Many callers, one transaction: who comes while another writes goes with the next, and nobody spoils another's."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from homing.core.errors import Overloaded, StorageError
from homing.store.checks import event, ids
from homing.store.events import Appended, EventQuery
from homing.store.group_commit import Batch, GroupCommit
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore


class SlowDisk:
    """Notes each group; the first one waits until it is let go."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.began, self.let_go = threading.Event(), threading.Event()

    def write(self, batches: list[Batch]) -> list[Appended]:
        self.groups.append([row[1] for batch in batches for row in batch.rows])
        self.began.set()
        assert self.let_go.wait(30)
        return [Appended((True,) * len(batch.rows), len(self.groups)) for batch in batches]


@pytest.fixture
def disk():
    slow = SlowDisk()
    yield slow
    slow.let_go.set()


def test_who_comes_while_another_writes_shares_the_next_transaction(disk):
    group = GroupCommit(disk.write)
    first = group.submit("default", [event("first")])
    assert disk.began.wait(30)
    others = [group.submit("default", [event(f"{n}")]) for n in range(30)]
    disk.let_go.set()
    assert [one.result(30).sequence for one in (first, *others)] == [1, *[2] * 30]
    assert disk.groups == [["first"], [f"{n}" for n in range(30)]]


def test_nothing_is_done_before_it_is_durable(disk):
    group = GroupCommit(disk.write)
    done = group.submit("default", [event("e")])
    assert disk.began.wait(30)
    assert not done.done()


def test_a_full_queue_refuses_all_but_the_patient(disk):
    group = GroupCommit(disk.write)
    many = [event(f"{n}") for n in range(10_000)]
    taken = [group.submit("default", many) for _ in range(2)]
    with pytest.raises(Overloaded, match="20,000 events wait"):
        group.submit("default", [event("e")])
    patient = group.submit("default", [event("e")], patient=True)
    disk.let_go.set()
    assert all(one.result(30) for one in (*taken, patient))
    assert group.submit("default", [event("e")]).result(30).stored == (True,)


def test_large_payloads_fill_the_queue_sooner(disk):
    group = GroupCommit(disk.write)
    large = event("large", event_data={"text": "x" * 20_000_000})
    taken = group.submit("default", [large])
    with pytest.raises(Overloaded, match="20,001 events wait"):
        group.submit("default", [event("e")])
    disk.let_go.set()
    assert taken.result(30).stored == (True,)


def test_what_nobody_waits_for_any_more_is_not_written(disk):
    group = GroupCommit(disk.write)
    group.submit("default", [event("first")])
    assert disk.began.wait(30)
    gone = group.submit("default", [event("gone")])
    last = group.submit("default", [event("last")])
    assert gone.cancel()
    disk.let_go.set()
    last.result(30)
    assert disk.groups == [["first"], ["last"]]


def test_a_batch_that_cannot_be_written_spoils_no_other(tmp_path: Path):
    database = SqliteDatabase(tmp_path / "homing.sqlite3")
    store = SqliteEventStore(database)
    store.append("default", [event("e")])
    with database.write() as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.event_id LIKE 'bad%'"
            " BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    with database.write():  # nobody can write: all of them gather
        done = {name: store.submit("default", [event(f"{name}-1"), event(name)]) for name in ("a", "bad", "b")}
    assert [done[name].result().stored for name in "ab"] == [(True, True)] * 2
    with pytest.raises(StorageError, match="full"):
        done["bad"].result()
    assert set(ids(store.select("default", EventQuery()))) == {"e", "a", "a-1", "b", "b-1"}
