from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from homing.core.clock import to_micros
from homing.core.errors import BadInput
from homing.event_types import EventType
from homing.feature_engineering import FEATURES, StandardFeatureEngineer
from homing.interfaces import BehavioralEvent, IFeatureEngineer
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore
from homing.tracking.behavior_tracker import BehaviorTracker, InMemoryBehaviorTracker
from homing.tracking.event_collector import EventCollector
from homing.tracking.given_homes import GivenHomes
from homing.tracking.homes import HomeVersion

NOW = datetime(2026, 5, 15, 12, tzinfo=UTC)


def clock():
    return to_micros(NOW)


def event(kind, hours_ago, number=0, **more):
    ids = {"lead_id": "lead-1", "property_id": "home-1"} | {k: more.pop(k) for k in list(more) if k.endswith("_id")}
    at = NOW - timedelta(hours=hours_ago)
    told = {"received_at": NOW - timedelta(hours=more.pop("known_ago"))} if "known_ago" in more else {}
    name = f"{kind}-{hours_ago}-{number}-{ids['lead_id']}"
    return BehavioralEvent(event_type=EventType(kind), timestamp=at, event_id=name, event_data=more, **(ids | told))


EVENTS = [
    event("property_view", 800),
    event("property_view", 50, property_id="home-2", view_duration_seconds=70),
    event("property_view", 49, session_id="s"),
    event("property_save", 48, session_id="s"),
    event("property_view", 3, lead_id="lead-2", view_duration_seconds=30),
    event("agent_action", 2, agent_id="agent-1", action_type="note"),
    event("property_view", 30, number=9, known_ago=-1),
]


def engineer(tracker=None, **more):
    return StandardFeatureEngineer(tracker, clock=clock, **more)


def extracted(*args, **more):
    return asyncio.run(engineer(**more).extract_features(*args))


def same(a, b):
    assert a.entity_id == b.entity_id
    assert a.event_count == b.event_count
    assert a.categorical_features == b.categorical_features
    np.testing.assert_array_equal(a.to_numpy(), b.to_numpy())


@pytest.fixture(params=["memory", "sqlite"])
def tracker(request, tmp_path):
    if request.param == "memory":
        made = InMemoryBehaviorTracker(clock=clock)
    else:
        made = BehaviorTracker(SqliteEventStore(SqliteDatabase(tmp_path / "homing.sqlite3")), clock=clock)
    asyncio.run(made.track_events_batch(EVENTS))
    return made


async def quick_start():
    tracker = InMemoryBehaviorTracker()
    collector = EventCollector(tracker)
    await collector.track_property_view("lead-1", "home-1", "session-1")
    lead_events = await tracker.get_events(entity_id="lead-1", entity_type="lead")
    feature_engineer = StandardFeatureEngineer(tracker)
    return await feature_engineer.extract_features("lead-1", "lead", lead_events)


def test_the_quick_start_runs_with_one_view_that_says_no_duration():
    features = asyncio.run(quick_start())
    assert features.numerical_features["property_view_count"] == 1.0
    assert math.isnan(features.numerical_features["avg_view_duration_seconds"])


def test_it_keeps_the_contract():
    assert isinstance(engineer(), IFeatureEngineer)


@pytest.mark.parametrize("entity_type", ["lead", "property", "agent"])
def test_every_name_is_there_from_the_first_event_on_and_before(entity_type):
    nothing, one = extracted("x", entity_type, []), extracted("lead-1", entity_type, EVENTS[1:2])
    assert nothing.feature_names == one.feature_names == engineer().get_feature_names(entity_type)
    assert list(engineer().get_feature_types(entity_type)) == list(one.feature_names)


def test_a_lead_without_history_has_zero_counts_and_no_averages():
    vector = extracted("nobody", "lead", [])
    assert vector.event_count == 0
    assert vector.numerical_features["total_events"] == 0.0
    assert math.isnan(vector.numerical_features["days_since_last_activity"])
    assert set(vector.categorical_features.values()) == {"unknown"}


@pytest.mark.parametrize(("entity_id", "kind"), [("lead-1", "lead"), ("home-1", "property"), ("agent-1", "agent")])
def test_the_tracker_and_given_events_say_the_same(tracker, entity_id, kind):
    same(asyncio.run(engineer(tracker).extract_features(entity_id, kind)), extracted(entity_id, kind, EVENTS))


def test_event_count_is_all_that_was_known_by_the_moment(tracker):
    vector = asyncio.run(engineer(tracker).extract_features("lead-1"))
    assert (vector.event_count, vector.numerical_features["total_events"]) == (5, 4.0)
    before = asyncio.run(engineer(tracker).extract_features("lead-1", as_of=NOW - timedelta(hours=49)))
    assert (before.event_count, before.numerical_features["total_events"]) == (3, 2.0)


def test_a_batch_is_keyed_by_entity_id_and_equals_one_by_one(tracker):
    pairs = [("lead-1", "lead"), ("home-1", "property"), ("lead-2", "lead"), *((f"n{i}", "lead") for i in range(40))]
    made = asyncio.run(engineer(tracker).batch_extract_features(pairs))
    assert list(made) == [entity_id for entity_id, _ in pairs]
    for entity_id, kind in pairs[:4]:
        same(made[entity_id], asyncio.run(engineer(tracker).extract_features(entity_id, kind)))


def test_a_batch_takes_events_by_entity_id():
    made = asyncio.run(engineer().batch_extract_features([("lead-1", "lead")], {"lead-1": EVENTS}))
    same(made["lead-1"], extracted("lead-1", "lead", EVENTS))


def test_an_entity_that_fails_is_reported_and_the_others_are_answered(tracker):
    tool = engineer(tracker, time_zone_of=lambda lead, _: "Nowhere" if lead == "lead-2" else "UTC")
    made = asyncio.run(tool.batch_extract_features([("lead-1", "lead"), ("lead-2", "lead")]))
    assert list(made) == ["lead-1"]
    assert "IANA time zone" in tool.stats().failures["lead-2"]
    assert tool.stats().failed == 1


def test_an_unknown_entity_type_is_refused():
    with pytest.raises(BadInput, match="entity_type must be one of lead, property, agent"):
        extracted("x", "planet", [])


def test_the_table_of_all_leads_equals_single_vectors(tracker):
    table = engineer(tracker).feature_table("lead")
    assert table.entity_ids == ("lead-1", "lead-2")
    assert table.event_counts.tolist() == [5, 1]
    assert table.numbers.shape == (2, len(table.names))
    one = asyncio.run(engineer(tracker).extract_features("lead-1"))
    np.testing.assert_array_equal(table.numbers[0], one.to_numpy())
    assert {name: texts[0] for name, texts in table.categories.items()} == one.categorical_features


def test_a_lead_that_fails_is_left_out_of_the_table_and_told(tracker):
    tool = engineer(tracker, time_zone_of=lambda lead, _: "Nowhere" if lead == "lead-2" else "UTC")
    assert tool.feature_table("lead").entity_ids == ("lead-1",)
    assert list(tool.stats().failures) == ["lead-2"]


def test_the_compiled_path_answers_as_soon_as_it_is_there(tracker, kernels, kernel_folder):
    tool = engineer(tracker)
    tool._kernels = kernels
    vector = asyncio.run(tool.extract_features("lead-1"))
    assert (tool.stats().compiled, tool.stats().interpreted) == (1, 0)
    assert tool.stats().kernels["lead"].phase == "ready"
    same(vector, extracted("lead-1", "lead", EVENTS))


def test_a_broken_cache_is_told_in_the_stats_and_answers_go_on(tracker, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    tool = engineer(tracker, cache_dir=tmp_path / "file")
    assert not tool.warm("agent", wait_seconds=None)
    assert tool.stats().kernels["agent"].phase == "failed"
    told = capsys.readouterr()
    assert "features stay interpreted" in told.err
    assert told.out == ""
    same(asyncio.run(tool.extract_features("agent-1", "agent")), extracted("agent-1", "agent", EVENTS))


def test_hours_and_dates_are_those_where_the_lead_lives():
    there = extracted(
        "lead-1", "lead", [event("property_view", 7)], time_zone_of=lambda _lead, _as_of: "America/Los_Angeles"
    )
    assert there.numerical_features["peak_activity_hour"] == 22.0
    assert there.numerical_features["most_active_weekday"] == 3.0
    assert there.categorical_features["preferred_time_period"] == "night"


def test_the_catalogue_says_what_kind_of_home_the_events_do_not():
    views = [event("property_view", 3), event("property_view", 2, property_id="home-2", property_type="Townhouse")]
    homes = GivenHomes({"home-1": [HomeVersion(0, 0, kind="Condominium")]})
    assert (
        extracted("lead-1", "lead", views, homes=homes).categorical_features["preferred_property_type"] == "Townhouse"
    )
    assert (
        extracted("lead-1", "lead", views[:1], homes=homes).categorical_features["preferred_property_type"]
        == "Condominium"
    )


def test_no_rate_exceeds_one_however_many_bookings_there_are():
    numbers = extracted("lead-1", "lead", [event("booking_request", 2, i) for i in range(5)]).numerical_features
    assert {numbers[name] for name in ("view_to_booking_rate", "save_to_booking_rate", "view_to_save_rate")} == {0.0}
    more = [event("property_view", 3), *(event("booking_request", 2, i) for i in range(5))]
    assert extracted("lead-1", "lead", more).numerical_features["view_to_booking_rate"] == 1.0


def test_what_speaks_against_homes_does_not_raise_engagement():
    against = [
        event("property_dislike", 5),
        event("property_swipe", 4, swipe_direction="left"),
        event("booking_cancelled", 3),
        event("session_end", 2, session_id="s"),
    ]
    assert extracted("lead-1", "lead", against).numerical_features["engagement_score"] == -4.0


def test_a_booking_that_did_not_take_place_is_cancelled_not_completed():
    booked = [event("booking_request", 5), event("booking_completed", 4, completed=False)]
    numbers = extracted("lead-1", "lead", booked).numerical_features
    assert [numbers[f"booking_{name}"] for name in ("completed_count", "cancelled_count", "completion_rate")] == [
        0,
        1,
        0,
    ]


def test_a_search_without_a_home_ends_the_row_of_homes():
    looks = [event("property_view", 5), event("search_query", 4, property_id=None), event("property_view", 3)]
    numbers = extracted("lead-1", "lead", looks).numerical_features
    assert (numbers["max_properties_per_sequence"], numbers["property_revisit_rate"]) == (1.0, 0.5)


def test_features_of_each_subject_are_numbers_first():
    for features in FEATURES.values():
        kinds = [one.is_category for one in features]
        assert kinds == sorted(kinds)
