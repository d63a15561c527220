"""Reading from a real streaming replica that is a second late: what an answer must have seen is never missing."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing

import httpx
import postgres_ground
import pytest

from homing.core.settings import Settings
from homing.store.checks import event, ids
from homing.store.events import EventQuery
from homing.store.postgres import PostgresDatabase
from homing.store.postgres_events import PostgresEventStore
from homing.store.replica import from_primary
from homing.wiring import build, served

LAG_SECONDS = 1.0
PATIENCE = 30.0


@pytest.fixture(scope="module")
def lagging():
    """The addresses of a database and of its replica, and the replica's server."""
    with closing(postgres_ground.PostgresServer("fsync=off")) as primary:
        name = primary.new()
        made = PostgresDatabase(primary.url(name))
        made.migrate()
        made.close()
        late = f"recovery_min_apply_delay={LAG_SECONDS * 1000:.0f}ms"
        with closing(postgres_ground.PostgresServer("fsync=off", late, of=primary)) as replica:
            yield primary.url(name), replica.url(name), replica


def test_what_is_late_is_waited_for_a_moment_and_then_read_from_the_database(lagging):
    url, late, _ = lagging
    with closing(PostgresDatabase(url)) as database, closing(PostgresDatabase(late)) as replica:
        store = PostgresEventStore(database, replica)
        sequence = store.append("a", [event("e", tenant="a")]).sequence
        began = time.monotonic()
        assert not store.has_seen("a", sequence)
        assert 0.04 < time.monotonic() - began < LAG_SECONDS
        assert store.has_seen("a", 0)
        assert store.select("a", EventQuery()) == []
        assert store.append("a", []).sequence == 0
        with from_primary():
            assert ids(store.select("a", EventQuery())) == ["e"]
        end = time.monotonic() + PATIENCE
        while not store.has_seen("a", sequence):
            assert time.monotonic() < end
        assert ids(store.select("a", EventQuery())) == ["e"]


def test_an_answer_after_an_event_has_seen_it_every_time(lagging, tmp_path):
    url, late, _ = lagging
    homing = build(Settings(data_dir=tmp_path, database=url, replica=late))
    view = {"event_type": "property_view", "lead_id": "ann", "property_id": "h"}

    async def counted(trials):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(served(homing)), base_url="http://t") as client:
            counts = []
            for number in range(trials):
                stored = await client.post("/v1/events", json=view | {"event_id": f"e-{number}"})
                path = f"/v1/leads/ann/recommendations?after={stored.json()['sequence']}"
                counts.append((await client.get(path)).json()["event_count"])
            return counts

    assert asyncio.run(counted(10)) == list(range(1, 11))
    homing.database.close()


def test_a_replica_that_is_gone_is_done_without(lagging, capsys):
    url, late, server = lagging
    server.kill()
    with closing(PostgresDatabase(url)) as database, closing(PostgresDatabase(late)) as replica:
        store = PostgresEventStore(database, replica)
        sequence = store.append("b", [event("e", tenant="b")]).sequence
        assert not store.has_seen("b", sequence)
        assert ids(store.select("b", EventQuery())) == ["e"]
    assert "the replica cannot be read" in capsys.readouterr().err
