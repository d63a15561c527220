"""What is kept of histories between questions is what would be read anew, whatever happened in between."""

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from homing.core.clock import to_micros
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.personalization import histories as module
from homing.personalization.ask import Ask
from homing.personalization.histories import Histories, history
from homing.store.columns import columns_of, joined, selected
from homing.store.memory_events import MemoryEventStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore

START = datetime(2026, 5, 1, tzinfo=UTC)
TENANT = "default"
KEYS = {"numbers": ("view_duration_seconds", "completed"), "labels": ("swipe_direction", "reason")}
ASKS = [Ask(lead_id="ann"), Ask(lead_id="bob"), Ask(anonymous_id="v1"), Ask(anonymous_id="v2")]


def event(draw, number, minute, late=0):
    """An event of some lead or visitor, with or without a home and a payload."""
    who = draw.choice([{"lead_id": "ann"}, {"lead_id": "bob"}, {"anonymous_id": "v1"}, {"anonymous_id": "v2"},
                       {"lead_id": "ann", "anonymous_id": "v2"}])  # fmt: skip
    happened = START + timedelta(minutes=minute)
    kind = draw.choice([EventType.PROPERTY_VIEW, EventType.PROPERTY_DISLIKE, EventType.PAGE_VIEW])
    data = {"view_duration_seconds": draw.randrange(90)} if draw.random() < 0.5 else {"reason": "price_too_high"}
    home = {} if kind is EventType.PAGE_VIEW else {"property_id": f"home-{draw.randrange(12)}"}
    return BehavioralEvent(
        event_id=f"evt_{draw.randrange(10**9)}_{number}", event_type=kind, timestamp=happened,
        received_at=happened + timedelta(minutes=late), event_data=data, **who, **home,
    )  # fmt: skip


def view(lead):
    """One more view by a lead."""
    return BehavioralEvent(event_type=EventType.PROPERTY_VIEW, timestamp=START, lead_id=lead, property_id="home-1")


def told(events):
    """The events one by one, in their order, without the codes that stand for texts."""
    name = lambda codes, names: [None if code < 0 else names.ids[code] for code in codes.tolist()]  # noqa: E731
    columns = [events.event_ids, events.sequence.tolist(), events.at.tolist(), events.known_at.tolist()]
    columns += [events.type.tolist(), name(events.lead, events.leads), name(events.property, events.properties)]
    columns += [np.nan_to_num(values, nan=-1.0).tolist() for values in events.numbers.values()]
    columns += [name(*label) for label in events.labels.values()]
    return list(zip(*columns, strict=True))


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    return MemoryEventStore() if request.param == "memory" else SqliteEventStore(SqliteDatabase(tmp_path / "e.sqlite3"))


@pytest.mark.parametrize("seed", range(6))
def test_a_kept_history_is_what_would_be_read(store, seed, monkeypatch):
    monkeypatch.setattr(module, "MOST_EVENTS", 12)
    monkeypatch.setattr(module, "_AHEAD", 20)
    monkeypatch.setattr(module, "_HELD", 120)
    draw, kept = random.Random(seed), Histories(store, TENANT)
    for step in range(60):
        now = to_micros(START + timedelta(minutes=step), "now")
        for number in range(draw.randrange(4)):
            minute = step + draw.choice([0, 0, -draw.randrange(step + 1), 2])
            store.append(TENANT, [event(draw, f"{step}_{number}", minute, draw.choice([0, 0, 3]))])
        change = draw.random()
        if change < 0.08 and store.identities.lead_of(TENANT, "v1") is None:
            store.identities.merge(TENANT, "v1", draw.choice(["ann", "bob"]), now)
        elif change < 0.14:
            store.identities.unmerge(TENANT, "v1", now)
        for ask in draw.sample(ASKS, 2):
            found, read = kept.of(ask, now, present=True), history(store, TENANT, ask, now)
            assert told(found.events) == told(read.events), (seed, step, ask)
            assert found.size == read.size, (seed, step, ask)


def test_events_that_are_erased_are_read_no_more(tmp_path):
    store = SqliteEventStore(SqliteDatabase(tmp_path / "e.sqlite3"))
    draw, ask, now = random.Random(1), Ask(lead_id="ann"), to_micros(START + timedelta(days=1), "now")
    store.append(TENANT, [event(draw, number, number) for number in range(40)])
    kept = Histories(store, TENANT)
    before = kept.of(ask, now, present=True)
    with store.database.write() as connection:
        connection.execute("DELETE FROM events WHERE event_id = ?", (before.events.event_ids[0],))
    assert told(kept.of(ask, now, present=True).events) == told(history(store, TENANT, ask, now).events)
    with store.database.write() as connection:
        connection.execute("DELETE FROM events WHERE event_id = ?", (before.events.event_ids[1],))
    store.append(TENANT, [view("ann")])
    assert told(kept.of(ask, now, present=True).events) == told(history(store, TENANT, ask, now).events)
    assert not {*before.events.event_ids[:2]} & {*kept.of(ask, now, present=True).events.event_ids}


def test_only_what_is_new_is_read(tmp_path, monkeypatch):
    store = SqliteEventStore(SqliteDatabase(tmp_path / "e.sqlite3"))
    draw, ask, now = random.Random(2), Ask(lead_id="ann"), to_micros(START + timedelta(days=1), "now")
    store.append(TENANT, [event(draw, number, number) for number in range(80)])
    kept, read = Histories(store, TENANT), []
    columns = store.columns
    monkeypatch.setattr(store, "columns", lambda *a, **k: read.append(columns(*a, **k)) or read[-1])
    kept.of(ask, now, present=True)
    kept.of(ask, now, present=True)
    whole = len(read[0])
    assert [len(some) for some in read] == [whole]
    store.append(TENANT, [view("ann")])
    assert len(kept.of(ask, now, present=True).events) == whole + 1
    assert [len(some) for some in read] == [whole, 1]


def test_strangers_who_are_asked_about_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(module, "_HELD", 200)
    kept = Histories(MemoryEventStore(), TENANT)
    for number in range(300):
        kept.of(Ask(anonymous_id=f"stranger-{number}"), to_micros(START, "now"), present=True)
    assert 1 < len(kept._kept) <= 10


@pytest.mark.parametrize("seed", range(20))
def test_joined_columns_are_those_of_all_events(seed):
    draw = random.Random(seed)
    events = [event(draw, number, draw.randrange(8)) for number in range(30)]
    cut = draw.randrange(31)
    whole = columns_of(events, **KEYS)
    both = joined(columns_of(events[:cut], **KEYS), columns_of(events[cut:], **KEYS))
    unnumbered = [[(row[0], *row[2:]) for row in told(some)] for some in (whole, both)]
    assert unnumbered[0] == unnumbered[1]
    rows = np.flatnonzero(np.arange(30) % 3 == 0)
    assert told(selected(whole, rows)) == [told(whole)[row] for row in rows.tolist()]
