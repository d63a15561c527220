"""kill -9 of the database server under a serving homing: what was acknowledged is there once, and serving goes on."""

import threading
from contextlib import closing

import pytest
from postgres_ground import PostgresServer
from serving import BATCH, PATIENCE, Server, batch

from homing.store.events import EventQuery
from homing.store.postgres import PostgresDatabase
from homing.store.postgres_events import PostgresEventStore


@pytest.fixture
def postgres():
    """A server with its usual settings."""
    with closing(PostgresServer()) as made:
        yield made


@pytest.fixture
def served(postgres, tmp_path):
    """`homing serve` over a new database of it."""
    url = postgres.url(postgres.new())
    server = Server(tmp_path / "data", HOMING_DATABASE=url)
    try:
        server.ready()
        yield server, url
    finally:
        server.close()


def test_what_was_acknowledged_around_the_kills_is_stored_once(postgres, served):
    server, url = served
    acknowledged: list[int] = []
    enough, done = threading.Semaphore(0), threading.Event()

    def post() -> None:
        number = 0
        while not done.is_set():
            try:
                answer = server.ask("/v1/events", batch(number))
            except OSError:  # 503: the server was away for too long; the client sends the same again
                continue
            assert answer["stored"] + answer["duplicates"] == BATCH
            acknowledged.append(number)
            enough.release()
            number += 1

    client = threading.Thread(target=post)
    client.start()
    try:
        for _ in range(3):
            for _ in range(10):
                assert enough.acquire(timeout=PATIENCE)
            postgres.kill()
            postgres.start()
        for _ in range(10):
            assert enough.acquire(timeout=PATIENCE)
    finally:
        done.set()
        client.join()
    with closing(PostgresDatabase(url)) as made:
        stored = PostgresEventStore(made).columns("default", EventQuery()).event_ids
        assert made.faults() == []
    assert len(stored) == len(set(stored))
    assert {one["event_id"] for number in acknowledged for one in batch(number)} <= set(stored)
    assert len(stored) % BATCH == 0, "half a batch is stored"
    assert server.ask("/v1/leads/ann/timeline")
    assert server.ask("/readyz")
