"""A server that is stopped, killed or cut off: what was acknowledged is stored, what was not is said to be not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from postgres_ground import PostgresServer, database, server
from proxy import Proxy

from homing.core.errors import StorageError
from homing.store.checks import event, ids
from homing.store.events import EventQuery
from homing.store.postgres import CommitUnknown, ConnectionLost, PostgresDatabase
from homing.store.postgres_events import PostgresEventStore
from homing.store.profiles import ProfileStore


@pytest.fixture(scope="module")
def own() -> Iterator[PostgresServer]:
    """A server that may be killed, with its usual settings, which keep everything through a crash."""
    with closing(PostgresServer()) as made:
        yield made


@pytest.fixture
def store(own: PostgresServer) -> Iterator[PostgresEventStore]:
    with closing(PostgresDatabase(own.url(own.new()))) as made:
        yield PostgresEventStore(made)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with closing(Proxy(server().folder)) as made:
        yield made


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_server_that_was_started_anew_is_used_again(own, store, end):
    store.append("default", [event("before")])
    getattr(own, end)()
    own.start()
    assert store.append("default", [event("after", 1)]).stored == (True,)
    assert ids(store.select("default", EventQuery())) == ["before", "after"]


def test_a_server_that_is_away_for_a_moment_is_waited_for(own, store):
    store.append("default", [event("before")])
    own.kill()
    back = threading.Timer(1.0, own.start)
    back.start()
    try:
        assert ids(store.select("default", EventQuery())) == ["before"]
        assert store.append("default", [event("after", 1)]).stored == (True,)
    finally:
        back.join()


def test_a_server_that_stays_away_is_a_failure_that_says_so(own, store):
    store.append("default", [event("before")])
    own.kill()
    try:
        with pytest.raises(ConnectionLost, match="See that the server runs"):
            store.select("default", EventQuery())
        with pytest.raises(ConnectionLost, match="See that the server runs"):
            store.append("default", [event("after")])
    finally:
        own.start()
    assert ids(store.select("default", EventQuery())) == ["before"]


def test_what_was_acknowledged_before_a_kill_is_stored_and_nothing_else_twice(own, store):
    store.append("default", [event("first")])
    acknowledged: set[str] = set()
    sent: set[str] = set()
    killed = threading.Event()

    def write(writer: int) -> None:
        for n in range(200):
            names = [f"{writer}-{n}-{k}" for k in range(5)]
            sent.update(names)
            try:
                done = store.append("default", [event(name) for name in names])
            except StorageError:
                continue
            acknowledged.update(name for name, new in zip(names, done.stored, strict=True) if new)
            if killed.is_set() and n > 20:
                return

    def kill() -> None:
        for _ in range(3):
            killed.wait(0.4)
            own.kill()
            own.start()
        killed.set()

    with ThreadPoolExecutor(5) as pool:
        for done in [*(pool.submit(write, writer) for writer in range(4)), pool.submit(kill)]:
            done.result()
    stored = store.columns("default", EventQuery())
    found = set(stored.event_ids) - {"first"}
    assert acknowledged
    assert acknowledged == found <= sent
    assert sorted(stored.sequence.tolist()) == list(range(1, len(stored) + 1))
    assert not store.database.faults()


def test_a_transaction_that_is_cut_off_keeps_nothing_and_says_so(own, store):
    people = ProfileStore(store.database)
    people.put("default", "lead", [("ann", "{}")], 1)

    def cut_off() -> None:
        with store.database.write("default") as transaction:
            transaction.execute(
                "INSERT INTO profile_versions (tenant, kind, id, known_at, body)"
                " VALUES ('default', 'lead', 'zoe', 1, '{}')"
            )
            own.kill()
            own.start()
            transaction.execute("SELECT 1")

    with pytest.raises(ConnectionLost, match="Nothing of it was kept"):
        cut_off()
    assert people.ids("default", "lead") == ("ann",)


def test_events_of_a_commit_whose_answer_was_lost_are_found_to_be_stored(proxy):
    with closing(PostgresDatabase(proxy.url(server().new()))) as made:
        store = PostgresEventStore(made)
        store.append("default", [event("e")])
        proxy.breaks = "after"
        assert store.append("default", [event("e"), event("f")]).stored == (False, True)
        assert proxy.breaks is None
        assert store.count("default", EventQuery()) == 2


def test_a_commit_that_the_server_never_heard_of_is_known_to_have_failed(proxy):
    with closing(PostgresDatabase(proxy.url(server().new()))) as made:
        people, store = ProfileStore(made), PostgresEventStore(made)
        people.put("default", "lead", [("ann", "{}")], 1)
        proxy.breaks = "before"
        with pytest.raises(ConnectionLost, match="Nothing of it was kept"):
            people.put("default", "lead", [("zoe", "{}")], 1)
        assert people.ids("default", "lead") == ("ann",)
        store.append("default", [event("e")])
        proxy.breaks = "before"
        assert store.append("default", [event("e"), event("f")]).stored == (False, True)
        assert store.count("default", EventQuery()) == 2


@pytest.mark.parametrize("breaks", ["after", "for good"])
def test_a_commit_that_may_be_done_is_said_to_be_open(proxy, breaks):
    with closing(PostgresDatabase(proxy.url(server().new()))) as made:
        people = ProfileStore(made)
        people.put("default", "lead", [("ann", "{}")], 1)
        proxy.breaks = breaks
        with pytest.raises(CommitUnknown, match="Whether it was kept is not known"):
            people.put("default", "lead", [("zoe", "{}")], 1)


def test_a_connection_that_the_server_closed_is_made_anew():
    made = database()
    store = PostgresEventStore(made)
    store.append("default", [event("e")])
    for _ in range(3):
        server().run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'homing'")
        assert store.count("default", EventQuery()) == 1
        server().run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'homing'")
        assert store.append("default", [event("e")]).stored == (False,)
