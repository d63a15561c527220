"""Both trackers answer every question of the contract alike."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from homing.core.clock import to_micros
from homing.core.errors import BadInput
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent, IBehaviorTracker
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore
from homing.tracking.behavior_tracker import BehaviorTracker, InMemoryBehaviorTracker

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
VIEW, SAVE = EventType.PROPERTY_VIEW, EventType.PROPERTY_SAVE


def moment(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def event(event_id: str, minutes: float = 0, kind: EventType = VIEW, **fields: Any) -> BehavioralEvent:
    fields = {"lead_id": "ann", "property_id": "home-1"} | fields
    return BehavioralEvent(event_id=event_id, event_type=kind, timestamp=moment(minutes), **fields)


@pytest.fixture(params=["memory", "sqlite"])
def tracker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BehaviorTracker]:
    def clock() -> int:
        return to_micros(moment(60))

    if request.param == "memory":
        yield InMemoryBehaviorTracker(clock=clock)
    else:
        database = SqliteDatabase(tmp_path / "homing.sqlite3")
        yield BehaviorTracker(SqliteEventStore(database), clock=clock)
        database.close()


def tracked(tracker: BehaviorTracker, *events: BehavioralEvent) -> None:
    asyncio.run(tracker.track_events_batch(events))


def ids(tracker: BehaviorTracker, *args: Any, **options: Any) -> list[str]:
    return [e.event_id for e in asyncio.run(tracker.get_events(*args, **options))]


def test_it_is_a_behavior_tracker_built_without_an_event_loop(tracker: BehaviorTracker) -> None:
    assert isinstance(tracker, IBehaviorTracker)


def test_new_is_true_and_known_is_false(tracker: BehaviorTracker) -> None:
    assert asyncio.run(tracker.track_event(event("e"))) is True
    assert asyncio.run(tracker.track_event(event("e", 5))) is False
    assert asyncio.run(tracker.track_events_batch([event("e"), event("f"), event("f")])) == 1


def test_each_kind_of_entity_finds_its_events_and_counts_them(tracker: BehaviorTracker) -> None:
    tracked(
        tracker, event("1", lead_id="x"), event("2", agent_id="x"), event("3", property_id="x"),
        event("4", session_id="x"), event("5", anonymous_id="x"), event("6"),
    )  # fmt: skip
    for kind, found in zip(("lead", "agent", "property", "session", "visitor"), "12345", strict=True):
        assert ids(tracker, "x", kind) == [found]
        assert asyncio.run(tracker.get_event_count("x", kind)) == 1
    assert ids(tracker, "x") == ["1"]
    assert len(ids(tracker)) == 6


def test_an_unknown_kind_of_entity_is_refused(tracker: BehaviorTracker) -> None:
    for ask in (tracker.get_events, tracker.get_event_count):
        with pytest.raises(BadInput, match="entity_type must be one of lead, agent, property, session, visitor"):
            asyncio.run(ask("x", "house"))  # type: ignore[operator]


def test_entity_type_and_time_are_all_obeyed_at_once(tracker: BehaviorTracker) -> None:
    tracked(
        tracker, *(event(f"{kind}{n}", n, kind) for n in range(4) for kind in (VIEW, SAVE)), event("z", 1, lead_id="z")
    )
    asked: dict[str, Any] = {"event_types": [SAVE], "start_time": moment(1), "end_time": moment(2)}
    assert ids(tracker, "ann", **asked) == ["property_save2", "property_save1"]
    assert asyncio.run(tracker.get_event_count("ann", **asked)) == 2
    assert asyncio.run(tracker.get_event_count("ann", event_types=[SAVE])) == 4


def test_limit_and_order(tracker: BehaviorTracker) -> None:
    tracked(tracker, *(event(str(n), n) for n in (2, 0, 1)))
    assert ids(tracker, "ann", limit=2) == ["2", "1"]
    assert ids(tracker, "ann", limit=None, newest_first=False) == ["0", "1", "2"]


def test_naive_times_are_refused(tracker: BehaviorTracker) -> None:
    naive = NOON.replace(tzinfo=None)
    for name in ("start_time", "end_time"):
        with pytest.raises(BadInput, match=f"{name} must carry a time zone"):
            asyncio.run(tracker.get_events("ann", **{name: naive}))  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="timestamp must carry a time zone"):
        BehavioralEvent(event_type=VIEW, timestamp=naive)


def test_an_unknown_type_is_refused(tracker: BehaviorTracker) -> None:
    with pytest.raises(BadInput, match="event_types must be event types"):
        asyncio.run(tracker.get_events("ann", event_types=["telepathy"]))  # type: ignore[list-item]


def test_a_session_is_told_from_its_beginning(tracker: BehaviorTracker) -> None:
    tracked(tracker, event("b", 2, session_id="s"), event("a", 1, session_id="s"), event("c", 0))
    assert [e.event_id for e in asyncio.run(tracker.get_events_by_session("s"))] == ["a", "b"]


def test_recent_events_are_those_of_the_last_minutes(tracker: BehaviorTracker) -> None:
    tracked(tracker, event("old", -1), event("edge", 0), event("new", 59), event("ahead", 61))
    assert [e.event_id for e in asyncio.run(tracker.get_recent_events())] == ["new", "edge"]
    assert [e.event_id for e in asyncio.run(tracker.get_recent_events(minutes=5))] == ["new"]


def test_an_outcome_is_known_from_when_it_was_recorded(tracker: BehaviorTracker) -> None:
    tracked(tracker, event("e"))
    assert asyncio.run(tracker.record_outcome("e", "won", 1.5, at=moment(3)))
    [found] = asyncio.run(tracker.get_events("ann"))
    assert (found.outcome, found.outcome_value, found.outcome_timestamp) == ("won", 1.5, moment(3))
    assert not asyncio.run(tracker.record_outcome("nobody", "won"))
    with pytest.raises(BadInput, match="outcome_value must be a finite number"):
        asyncio.run(tracker.record_outcome("e", "won", float("nan")))


def test_stats_count_what_was_new_and_what_was_known(tracker: BehaviorTracker) -> None:
    tracked(tracker, event("a"), event("a"), event("b"))
    ids(tracker, "ann")
    stats = tracker.get_stats()
    assert (stats["events_tracked"], stats["duplicates"], stats["total_queries"]) == (2, 1, 1)


def test_the_memory_tracker_says_what_it_dropped_and_why() -> None:
    clock = to_micros(moment(60))
    tracker = InMemoryBehaviorTracker({"max_memory_events": 2, "max_age_days": 1}, clock=lambda: clock)
    tracked(tracker, event("ancient", -60 * 48), event("a"), event("b", 1), event("c", 2))
    stats = tracker.get_stats()
    assert stats["events_in_memory"] == 2
    assert sum(stats["dropped"].values()) == 2
    assert ids(tracker) == ["c", "b"]


def test_a_tracker_takes_events_of_its_own_tenant_only() -> None:
    tracker = InMemoryBehaviorTracker(tenant="acme")
    with pytest.raises(BadInput, match="tenant must be 'acme'"):
        asyncio.run(tracker.track_event(event("e")))


def test_many_tasks_may_track_at_once(tracker: BehaviorTracker) -> None:
    async def all_at_once() -> list[bool]:
        return await asyncio.gather(*(tracker.track_event(event(str(n % 20), n % 20)) for n in range(40)))

    assert sum(asyncio.run(all_at_once())) == 20
