"""The stores answer alike, whatever happened and whatever is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import postgres_ground
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homing.core.errors import BadInput
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.store.checks import event, micros, moment
from homing.store.events import EventQuery, EventStore
from homing.store.memory_events import MemoryEventStore
from homing.store.opening import event_store
from homing.store.sqlite import SqliteDatabase

_names = st.none() | st.sampled_from(["a", "b"])
_minutes = st.integers(0, 4)
_types = st.sampled_from([EventType.PROPERTY_VIEW, EventType.PROPERTY_SAVE, EventType.SEARCH_QUERY])


@st.composite
def _events(draw: st.DrawFn) -> BehavioralEvent:
    at = draw(_minutes)
    return event(
        draw(st.sampled_from("0123456789")), at, draw(_types),
        lead_id=draw(_names), anonymous_id=draw(_names), agent_id=draw(_names), property_id=draw(_names),
        session_id=draw(_names), received_at=moment(at + draw(_minutes)),
        outcome=draw(st.none() | st.just("won")),
        event_data=draw(st.dictionaries(st.sampled_from("xy"), st.integers(-9, 9))),
    )  # fmt: skip


@st.composite
def _queries(draw: st.DrawFn) -> EventQuery:
    bound = st.none() | _minutes.map(micros)
    return EventQuery(
        lead_id=draw(_names), anonymous_id=draw(_names), agent_id=draw(_names), property_id=draw(_names),
        session_id=draw(_names), event_types=draw(st.none() | st.frozensets(_types)),
        since=draw(bound), upto=draw(bound), known_upto=draw(bound),
        limit=draw(st.none() | st.integers(0, 5)), newest_first=draw(st.booleans()),
    )  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def emptied(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], EventStore]:
    """A store over one and the same database, which is emptied whenever it is asked for."""
    if request.param == "sqlite":
        database = SqliteDatabase(tmp_path_factory.mktemp("pairs") / "events.sqlite3")
        clearing = ["DELETE FROM events", "DELETE FROM merges", "DELETE FROM sqlite_sequence"]
    else:
        database = postgres_ground.database()
        clearing = ["TRUNCATE events, event_ids, event_counts, merges"]

    def empty() -> EventStore:
        with database.write() as transaction:
            for statement in clearing:
                transaction.execute(statement)
        return event_store(database)

    return empty


def _changed(store: EventStore, together: bool, visitor: str, lead: str, minute: int) -> bool | str:
    try:
        if together:
            return store.identities.merge("default", visitor, lead, micros(minute))
        return store.identities.unmerge("default", visitor, micros(minute))
    except BadInput as refused:
        return str(refused)


@settings(max_examples=40)
@given(
    batches=st.lists(st.lists(_events(), max_size=6), max_size=3),
    merges=st.lists(st.tuples(st.booleans(), st.sampled_from("ab"), st.sampled_from("ab"), _minutes), max_size=4),
    queries=st.lists(st.tuples(_queries(), st.integers(0, 3)), min_size=1, max_size=4),
)
def test_memory_and_a_database_answer_alike(
    emptied: Callable[[], EventStore],
    batches: list[list[BehavioralEvent]],
    merges: list[tuple[bool, str, str, int]],
    queries: list[tuple[EventQuery, int]],
) -> None:
    memory, stored = MemoryEventStore(), emptied()
    marks = [(0, 0)]
    for batch in batches:
        ours, theirs = memory.append("default", batch), stored.append("default", batch)
        assert ours.stored == theirs.stored
        marks.append((ours.sequence, theirs.sequence))
    for change in merges:
        assert _changed(memory, *change) == _changed(stored, *change)
    for query, mark in queries:
        memory_query, stored_query = (replace(query, after_sequence=after) for after in marks[mark % len(marks)])
        assert memory.select("default", memory_query) == stored.select("default", stored_query)
        assert memory.count("default", memory_query) == stored.count("default", stored_query)
        mine = memory.columns("default", memory_query, ["x"], ["y"])
        other = stored.columns("default", stored_query, ["x"], ["y"])
        assert mine.event_ids == other.event_ids
        assert (mine.lead.tolist(), mine.leads.ids) == (other.lead.tolist(), other.leads.ids)
        assert mine.lead_known_at.tolist() == other.lead_known_at.tolist()
        assert mine.outcomes.codes.tolist() == other.outcomes.codes.tolist()
        np.testing.assert_array_equal(mine.numbers["x"], other.numbers["x"])
