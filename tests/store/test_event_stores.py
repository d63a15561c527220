"""The two stores answer alike, whatever happened and whatever is asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homing.core.errors import BadInput
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.store.checks import event, micros, moment
from homing.store.events import EventQuery, EventStore
from homing.store.memory_events import MemoryEventStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore

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


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabase:
    return SqliteDatabase(tmp_path_factory.mktemp("pairs") / "events.sqlite3")


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
def test_memory_and_sqlite_answer_alike(
    database: SqliteDatabase,
    batches: list[list[BehavioralEvent]],
    merges: list[tuple[bool, str, str, int]],
    queries: list[tuple[EventQuery, int]],
) -> None:
    with database.write() as connection:
        connection.execute("DELETE FROM events")
        connection.execute("DELETE FROM merges")
        connection.execute("DELETE FROM sqlite_sequence")
    memory, sqlite = MemoryEventStore(), SqliteEventStore(database)
    marks = [(0, 0)]
    for batch in batches:
        ours, theirs = memory.append("default", batch), sqlite.append("default", batch)
        assert ours.stored == theirs.stored
        marks.append((ours.sequence, theirs.sequence))
    for change in merges:
        assert _changed(memory, *change) == _changed(sqlite, *change)
    for query, mark in queries:
        memory_query, sqlite_query = (replace(query, after_sequence=after) for after in marks[mark % len(marks)])
        assert memory.select("default", memory_query) == sqlite.select("default", sqlite_query)
        assert memory.count("default", memory_query) == sqlite.count("default", sqlite_query)
        mine = memory.columns("default", memory_query, ["x"], ["y"])
        other = sqlite.columns("default", sqlite_query, ["x"], ["y"])
        assert mine.event_ids == other.event_ids
        assert (mine.lead.tolist(), mine.leads.ids) == (other.lead.tolist(), other.leads.ids)
        assert mine.lead_known_at.tolist() == other.lead_known_at.tolist()
        assert mine.outcomes.codes.tolist() == other.outcomes.codes.tolist()
        np.testing.assert_array_equal(mine.numbers["x"], other.numbers["x"])
