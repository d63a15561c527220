"""What only the PostgreSQL store can show: partitions, indexes, numbers without a gap, many processes that write."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from postgres_ground import database

from homing.core.errors import StorageError
from homing.interfaces import BehavioralEvent
from homing.store.checks import VIEW, event, ids, micros
from homing.store.events import EventQuery
from homing.store.postgres import PostgresDatabase
from homing.store.postgres_events import PostgresEventStore
from homing.store.postgres_link import numbered


@pytest.fixture
def store() -> PostgresEventStore:
    return PostgresEventStore(database())


def at(event_id: str, *when: int) -> BehavioralEvent:
    return BehavioralEvent(
        event_id=event_id, event_type=VIEW, timestamp=datetime(*when, tzinfo=UTC), lead_id="ann", property_id="h"
    )


def partitions(store: PostgresEventStore) -> dict[str, int]:
    return dict(map(tuple, store.database.rows("SELECT tableoid::regclass::text, count(*) FROM events GROUP BY 1")))


def test_a_month_has_a_partition_of_its_own_from_its_first_moment_to_its_last(store):
    store.append("default", [at("1", 2026, 2, 1), at("2", 2026, 2, 28, 23, 59, 59, 999_999), at("3", 2026, 3, 1)])
    assert partitions(store) == {"events_2026_02": 2, "events_2026_03": 1}
    assert ids(store.select("default", EventQuery())) == ["1", "2", "3"]


def test_what_lies_outside_the_century_makes_no_partition(store):
    moments = [
        at("1", 1, 1, 1),
        at("2", 1999, 12, 31, 23),
        at("3", 2000, 1, 1),
        at("4", 2099, 12, 31),
        at("5", 2100, 1, 1),
    ]
    store.append("default", moments)
    assert partitions(store) == {"events_before": 2, "events_2000_01": 1, "events_2099_12": 1, "events_after": 1}
    assert ids(store.select("default", EventQuery(newest_first=True, limit=2))) == ["5", "4"]


def test_two_stores_make_the_same_month_at_once(store):
    others = [PostgresEventStore(store.database) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        done = [
            pool.submit(
                other.append,
                f"t{number}",
                [event(str(month), month * 50_000, tenant=f"t{number}") for month in range(9)],
            )
            for number, other in enumerate(others)
        ]
        assert [one.result().count for one in done] == [9] * 4


def test_an_id_is_stored_once_whatever_its_month(store):
    assert store.append("default", [at("e", 2026, 2, 1), at("e", 2026, 3, 1)]).stored == (True, False)
    assert store.append("default", [at("e", 2026, 4, 1)]).stored == (False,)
    assert [e.timestamp.month for e in store.select("default", EventQuery())] == [2]


def crowded(store: PostgresEventStore, *months: int) -> PostgresEventStore:
    """With as many events that the server finds an index worth its while."""
    for month in months:
        store.append("default", [
            BehavioralEvent(
                event_id=f"{month}-{n}", event_type=VIEW, timestamp=datetime(2026, month, 1 + n % 28, 12, tzinfo=UTC),
                lead_id=f"l{n % 97}", anonymous_id=f"v{n % 97}", agent_id=f"a{n % 97}", property_id=f"h{n % 97}",
                session_id=f"s{n % 97}",
            )
            for n in range(3_000)
        ])  # fmt: skip
    with store.database.write() as transaction:
        transaction.execute("ANALYZE events")
    return store


def plans(store: PostgresEventStore, query: EventQuery) -> list[str]:
    """How the server finds the events of a query, as columns and as events."""
    asked: list[tuple[str, list[object]]] = []
    rows = PostgresDatabase.rows

    class Watched(PostgresDatabase):
        def rows(self, sql: str, values=()) -> Iterator[object]:
            if " FROM events " in sql:
                asked.append((sql, list(values)))
            return rows(self, sql, values)

    with closing(Watched(store.database._url)) as watched:
        other = PostgresEventStore(watched)
        other.select("default", query)
        other.columns("default", query)
        with watched.write() as transaction:
            transaction.execute("SET LOCAL enable_seqscan = off")
            return [
                "\n".join(line for (line,) in transaction.execute(f"EXPLAIN {numbered(sql)}", values))
                for sql, values in asked
            ]


@pytest.mark.parametrize("name", ["lead_id", "anonymous_id", "agent_id", "property_id", "session_id"])
def test_events_of_one_id_are_found_by_their_index(store, name):
    query = EventQuery(**{name: "none"}, since=micros(0))
    for plan in plans(crowded(store, 5), replace(query, event_types=frozenset({VIEW}))):
        assert f"Index Scan using events_2026_05_tenant_{name}_at_idx" in plan, plan


def test_the_last_of_a_lead_are_walked_to_from_the_end_and_no_further(store):
    for plan in plans(crowded(store, 3, 4, 5), EventQuery(lead_id="l7", newest_first=True, limit=20)):
        assert plan.index("events_2026_05_") < plan.index("events_2026_04_") < plan.index("events_2026_03_"), plan
        assert "Index Scan Backward using events_2026_05_tenant_lead_id_at_idx" in plan
        assert "Append" in plan
        assert "Merge Append" not in plan


def test_a_time_range_looks_into_its_own_months_only(store):
    store.append("default", [at("1", 2026, 2, 1), at("2", 2026, 3, 1), at("3", 2026, 4, 1)])
    march = EventQuery(lead_id="ann", since=at("x", 2026, 3, 1).at, upto=at("x", 2026, 3, 31).at)
    for plan in plans(store, march):
        assert "events_2026_03" in plan
        assert "events_2026_02" not in plan
        assert "events_2026_04" not in plan


def test_what_is_new_and_what_a_merged_lead_did_are_found_by_indexes(store):
    store.append("default", [event("e")])
    store.identities.merge("default", "v", "ann", 0)
    for query in (EventQuery(after_sequence=7), EventQuery(lead_id="ann", upto=micros(9), known_upto=micros(9))):
        for plan in plans(store, query):
            assert "Seq Scan" not in plan.replace("Seq Scan on merges", ""), plan


def test_many_writers_leave_no_gap_and_a_reader_misses_nothing(store):
    """Whoever reads on from the last number that it saw sees every event, whoever writes meanwhile."""
    seen: list[str] = []
    last = 0

    def write(writer: int) -> int:
        with closing(PostgresDatabase(store.database._url)) as made:
            mine = PostgresEventStore(made)
            return sum(mine.append("default", [event(f"{writer}-{n}"), event(f"shared-{n}")]).count for n in range(30))

    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, writer) for writer in range(4)]
        done = False
        while not done:
            done = all(one.done() for one in writing)
            found = store.columns("default", EventQuery(after_sequence=last))
            seen += found.event_ids
            last = max([last, *found.sequence.tolist()])
        assert sum(one.result() for one in writing) == 150
    assert len(seen) == len(set(seen)) == 150
    assert sorted(store.columns("default", EventQuery()).sequence.tolist()) == list(range(1, 151))


def test_a_write_that_fails_keeps_nothing_and_says_so(store):
    store.append("default", [event("e")])
    with store.database.write() as transaction:
        transaction.execute("ALTER TABLE events_2026_05 ADD CHECK (event_id <> 'f2')")
    with pytest.raises(StorageError, match=r"violates check constraint.*Nothing of it was kept"):
        store.append("default", [event("f1"), event("f2")])
    assert ids(store.select("default", EventQuery())) == ["e"]
    assert store.append("default", [event("f1")]).sequence == 2
    assert not store.database.faults()


def test_an_event_without_its_id_is_found(store):
    store.append("default", [event("e"), event("f")])
    with store.database.write() as transaction:
        transaction.execute("DELETE FROM event_ids WHERE event_id = 'f'")
    assert store.database.faults() == ["there are 2 events, but 1 ids of events"]


def test_a_type_from_a_newer_version_is_named(store):
    store.append("default", [event("e")])
    with store.database.write() as transaction:
        transaction.execute("UPDATE events SET type = 'teleported'")
    for ask in (store.select, store.columns):
        with pytest.raises(StorageError, match="teleported"):
            ask("default", EventQuery())
