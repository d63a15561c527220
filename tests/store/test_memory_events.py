"""The memory store stays within its bounds and says what it dropped."""

from __future__ import annotations

import pytest

from homing.core.clock import DAY, MINUTE
from homing.core.errors import BadInput
from homing.store.checks import event, ids, micros
from homing.store.events import EventQuery
from homing.store.memory_events import MemoryEventStore


def test_the_oldest_by_moment_goes_first_whatever_the_order_of_arrival() -> None:
    store = MemoryEventStore(max_events=2)
    store.append("default", [event("new", 9), event("old", 1), event("middle", 5)])
    assert ids(store.select("default", EventQuery())) == ["middle", "new"]
    assert store.dropped("default") == {"count": 1, "age": 0}


def test_what_is_dropped_is_gone_from_every_query() -> None:
    store = MemoryEventStore(max_events=1)
    store.append("default", [event("old", 1, session_id="s"), event("new", 2, lead_id="zoe")])
    for query in (EventQuery(lead_id="ann"), EventQuery(session_id="s"), EventQuery(upto=micros(1))):
        assert store.count("default", query) == 0


def test_a_dropped_event_may_come_again_and_is_dropped_and_counted_again() -> None:
    store = MemoryEventStore(max_events=1)
    store.append("default", [event("old", 1), event("new", 2)])
    assert store.append("default", [event("old", 1)]).stored == (True,)
    assert ids(store.select("default", EventQuery())) == ["new"]
    assert store.dropped("default")["count"] == 2


def test_events_grow_too_old_without_anything_being_stored() -> None:
    now = [micros(0)]
    store = MemoryEventStore(max_age_days=1, clock=lambda: now[0])
    store.append("default", [event("a", 0), event("b", 10)])
    now[0] += DAY
    assert ids(store.select("default", EventQuery())) == ["a", "b"]
    now[0] += MINUTE
    assert ids(store.select("default", EventQuery())) == ["b"]
    assert store.dropped("default") == {"count": 0, "age": 1}


def test_an_event_that_comes_too_old_is_dropped_and_counted() -> None:
    store = MemoryEventStore(max_age_days=1, clock=lambda: micros(0) + 2 * DAY)
    assert store.append("default", [event("a")]).stored == (True,)
    assert store.count("default", EventQuery()) == 0
    assert store.dropped("default") == {"count": 0, "age": 1}


def test_one_tenant_drives_no_other_out() -> None:
    store = MemoryEventStore(max_events=1)
    store.append("a", [event("1", tenant="a")])
    store.append("b", [event(str(n), n, tenant="b") for n in range(9)])
    assert store.count("a", EventQuery()) == 1
    assert store.dropped("a") == {"count": 0, "age": 0}


@pytest.mark.parametrize("bounds", [{"max_events": 0}, {"max_events": 1.5}, {"max_age_days": 0}, {"max_age_days": "3"}])
def test_a_bound_that_bounds_nothing_is_refused(bounds: dict) -> None:
    with pytest.raises(BadInput, match=next(iter(bounds))):
        MemoryEventStore(**bounds)


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(BadInput, match="limit must be at least 0"):
        EventQuery(limit=-1)


def test_asking_about_strangers_keeps_nothing() -> None:
    store = MemoryEventStore()
    for number in range(9):
        store.select(f"stranger-{number}", EventQuery())
        store.append(f"stranger-{number}", [])
        store.dropped(f"stranger-{number}")
    assert store._shelves == {}
