"""The collector: a method a type, as the platform knows them, and a batch that loses nothing good."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

import pytest

from homing.core.clock import to_micros
from homing.core.errors import BadInput
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.tracking.behavior_tracker import InMemoryBehaviorTracker
from homing.tracking.collector_source import PATH, collector_source
from homing.tracking.event_collector import EventCollector
from homing.tracking.event_docs import event_docs
from homing.tracking.property_interactions import PropertyInteractionCollector

T = TypeVar("T")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DOCS = Path(__file__).parents[2] / "docs" / "reference" / "events.md"


@pytest.fixture
def tracker() -> InMemoryBehaviorTracker:
    return InMemoryBehaviorTracker(tenant="acme", clock=lambda: to_micros(NOON))


@pytest.fixture
def collector(tracker: InMemoryBehaviorTracker) -> EventCollector:
    return EventCollector(tracker, clock=lambda: to_micros(NOON))


def run(call: Awaitable[T]) -> T:
    async def wait() -> T:
        return await call

    return asyncio.run(wait())


def events(collector: EventCollector) -> list[BehavioralEvent]:
    return run(collector.tracker.get_events(newest_first=False))


def only(collector: EventCollector) -> BehavioralEvent:
    [event] = events(collector)
    return event


def test_the_collector_is_what_the_table_says() -> None:
    assert PATH.read_text(encoding="utf-8") == collector_source(), "run python -m homing.tracking.collector_source"


def test_the_reference_page_is_what_the_table_says() -> None:
    assert DOCS.read_text(encoding="utf-8") == event_docs(), f"run python -m homing.tracking.event_docs {DOCS.name}"


FIRST_VERSION = {
    "property_view": "lead_id property_id session_id device_type view_duration_seconds page_source referrer",
    "property_swipe": "lead_id property_id swipe_direction session_id swipe_velocity property_details",
    "property_save": "lead_id property_id save_type session_id",
    "property_share": "lead_id property_id share_method recipient_info session_id",
    "booking_request": "lead_id agent_id property_id requested_time booking_type urgency session_id additional_notes",
    "booking_completed": "booking_request_event_id lead_id agent_id property_id completed completion_time"
    " completion_rating feedback",
    "tour_scheduled": "lead_id agent_id property_id tour_time tour_type session_id",
    "tour_completed": "lead_id agent_id property_id completed duration_minutes lead_interest_level notes",
    "agent_action": "agent_id lead_id action_type action_data session_id",
    "lead_interaction": "lead_id interaction_type agent_id interaction_data session_id",
    "search_query": "lead_id search_query search_filters results_count session_id",
    "filter_applied": "lead_id filter_type filter_value previous_results_count new_results_count session_id",
    "email_opened": "lead_id email_campaign_id email_subject agent_id",
    "email_clicked": "lead_id email_campaign_id link_url link_type agent_id",
    "session_start": "lead_id session_id device_type user_agent referrer",
    "session_end": "lead_id session_id session_duration_seconds total_page_views total_property_views",
}


@pytest.mark.parametrize("name", FIRST_VERSION)
def test_known_methods_take_their_arguments_in_the_known_order(name: str) -> None:
    parameters = inspect.signature(getattr(EventCollector, f"track_{name}")).parameters.values()
    placed = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert placed == ["self", *FIRST_VERSION[name].split()]


_VALUES: dict[str, Any] = {
    "text": "word", "number": 1.0, "integer": 1, "flag": True, "moment": NOON, "list": ["home-1"], "object": {"a": 1},
    "any": 500_000,
}  # fmt: skip


@pytest.mark.parametrize("kind", EventType, ids=str)
def test_every_method_carries_every_argument_into_its_event(collector: EventCollector, kind: EventType) -> None:
    method = getattr(collector, f"track_{kind.value}")
    keys = {key.name: key.choices[0] if key.choices else _VALUES[key.kind] for key in kind.spec.payload}
    moment = NOON - timedelta(days=3)
    fields = {"lead_id": "ann", "property_id": "home-1", "agent_id": "bob", "session_id": "s", "anonymous_id": "v",
              "device_type": "mobile", "source_channel": "web", "campaign_id": "c"}  # fmt: skip
    aliases = {"email_campaign_id": "campaign_id", "booking_request_event_id": "original_request_event_id"}
    given = {**keys, **fields, "timestamp": moment, "event_id": "mine", "event_data": {"own": 1}}
    given |= {"action_data": {"own": 1}, "interaction_data": {"own": 1}}
    wanted = {name: given[aliases.get(name, name)] for name in inspect.signature(method).parameters}
    assert run(method(**wanted)) == "mine"
    event = next(e for e in events(collector) if e.event_id == "mine")
    assert (event.event_type, event.timestamp, event.received_at, event.tenant) == (kind, moment, moment, "acme")
    assert {name: getattr(event, name) for name in fields} == fields
    texts = {name: "2026-05-01T12:00:00Z" if value is NOON else value for name, value in keys.items()}
    assert event.event_data == {**texts, "own": 1}


def test_the_first_snippet_runs_and_the_event_is_of_now(collector: EventCollector) -> None:
    event_id = run(collector.track_property_view("ann", "home-1", "s"))
    event = only(collector)
    assert (event.event_id, event.lead_id, event.property_id, event.session_id) == (event_id, "ann", "home-1", "s")
    assert event.timestamp == event.received_at == NOON
    assert event.event_data == {}


def test_two_events_of_now_are_two_and_the_past_filled_in_twice_is_one(collector: EventCollector) -> None:
    for _ in range(2):
        run(collector.track_property_view("ann", "home-1"))
        run(collector.track_property_view("ann", "home-1", timestamp=NOON - timedelta(hours=1)))
    assert len(events(collector)) == 3
    assert collector.get_stats()["duplicates"] == 1


def test_moments_in_a_payload_carry_their_zone(collector: EventCollector) -> None:
    east = timezone(timedelta(hours=2))
    run(collector.track_tour_scheduled("ann", "bob", "home-1", datetime(2026, 5, 2, 12, tzinfo=east)))
    assert only(collector).event_data == {"tour_time": "2026-05-02T10:00:00Z", "tour_type": "in_person"}
    with pytest.raises(BadInput, match=r"event_data\.tour_time must carry a time zone"):
        run(collector.track_tour_scheduled("ann", "bob", "home-1", NOON.replace(tzinfo=None)))


def test_bad_input_is_refused_with_all_its_faults_and_counted(collector: EventCollector) -> None:
    with pytest.raises(BadInput) as caught:
        run(collector.track_property_swipe(None, "", "up"))  # type: ignore[arg-type]
    assert [fault.where for fault in caught.value.faults] == ["event_data.swipe_direction", "property_id", "lead_id"]
    assert events(collector) == []
    stats = collector.get_stats()
    assert (stats["collection_errors"], stats["success_rate"]) == (1, 0.0)


@pytest.mark.parametrize(("completed", "outcome", "value"), [(True, "completed", 1.0), (False, "cancelled", 0.0)])
def test_a_completed_booking_is_written_on_its_request(
    collector: EventCollector, completed: bool, outcome: str, value: float
) -> None:
    request = run(collector.track_booking_request("ann", "bob", "home-1", NOON + timedelta(days=1)))
    run(collector.track_booking_completed(request, "ann", "bob", "home-1", completed))
    asked = next(e for e in events(collector) if e.event_id == request)
    assert (asked.outcome, asked.outcome_value, asked.outcome_timestamp) == (outcome, value, NOON)


def test_only_a_completion_is_written_on_its_request(collector: EventCollector) -> None:
    request = run(collector.track_booking_request("ann", "bob", "home-1", NOON + timedelta(days=1)))
    run(collector.track_booking_cancelled("ann", "home-1", original_request_event_id=request))
    assert {e.outcome for e in events(collector)} == {None}


def test_a_completion_of_an_unknown_request_is_counted(collector: EventCollector) -> None:
    run(collector.track_booking_completed("nobody", "ann", "bob", "home-1", True))
    assert collector.get_stats()["unknown_requests"] == 1


def test_a_tour_carries_the_leads_interest_and_is_written_on_its_request(collector: EventCollector) -> None:
    request = run(collector.track_booking_request("ann", "bob", "home-1", NOON, event_id="r"))
    run(collector.track_tour_completed("ann", "bob", "home-1", True, 30, 8, original_request_event_id=request))
    run(collector.track_tour_completed("ann", "bob", "home-2", False))
    by_home = {(e.event_type, e.property_id): (e.outcome, e.outcome_value) for e in events(collector)}
    assert by_home[EventType.BOOKING_REQUEST, "home-1"] == ("completed", 1.0)
    assert by_home[EventType.TOUR_COMPLETED, "home-1"] == ("completed", 0.8)
    assert by_home[EventType.TOUR_COMPLETED, "home-2"] == ("cancelled", 0.0)


def test_a_batch_with_a_bad_event_stores_the_others_and_names_the_bad_one(collector: EventCollector) -> None:
    view = {"event_type": "property_view", "lead_id": "ann", "property_id": "home-1", "event_id": "a"}
    result = run(
        collector.track_events_batch(
            [view, {"event_type": "telepathy", "lead_id": "ann"}, {**view, "event_id": "b"}, view, 5]  # type: ignore[list-item]
        )
    )
    assert (result.stored, result.duplicates, result.event_ids) == (2, 1, ("a", "b", "a"))
    assert [(refused.index, refused.faults[0].where) for refused in result.refused] == [(1, "event_type"), (4, "event")]
    assert {e.event_id for e in events(collector)} == {"a", "b"}


def test_a_batch_keeps_the_times_it_was_given(collector: EventCollector) -> None:
    row = {"event_type": EventType.PAGE_VIEW, "lead_id": "ann", "timestamp": "2026-04-01T00:00:00Z"}
    run(collector.track_events_batch([{**row, "received_at": "2026-04-02T00:00:00Z"}]))
    event = only(collector)
    assert (event.timestamp.day, event.received_at.day, event.timestamp.month) == (1, 2, 4)


def test_stats_say_how_much_came_and_of_what_type(collector: EventCollector) -> None:
    assert collector.get_stats()["success_rate"] is None
    run(collector.track_property_view("ann", "home-1", event_id="a"))
    run(collector.track_property_view("ann", "home-1", event_id="a"))
    run(collector.track_search_query("ann", "garden"))
    run(collector.track_events_batch([{}]))
    assert collector.get_stats() == {
        "events_collected": 2, "duplicates": 1, "collection_errors": 1,
        "events_by_type": {"property_view": 2, "search_query": 1}, "success_rate": 75.0, "unknown_requests": 0,
    }  # fmt: skip


class Homes:
    """A property service that knows one home."""

    async def get_property_by_id(self, property_id: str) -> dict[str, object] | None:
        return {"ListPrice": 500_000} if property_id == "home-1" else None


@pytest.mark.parametrize("interaction", ["hover", "expand", "collapse"])
def test_only_a_click_is_a_view(collector: EventCollector, interaction: Any) -> None:
    cards = PropertyInteractionCollector(collector)
    run(cards.track_property_card_interaction("ann", "home-1", interaction, "s", 2, 10))
    event = only(collector)
    assert (event.event_type, event.property_id, event.session_id) == (EventType.LEAD_INTERACTION, "home-1", "s")
    assert event.event_data == {
        "interaction_type": f"property_card_{interaction}", "page_source": "property_card", "card_position": 2,
        "total_cards": 10,
    }  # fmt: skip


def test_a_click_is_a_view_with_the_homes_record(collector: EventCollector) -> None:
    cards = PropertyInteractionCollector(collector, Homes())
    run(cards.track_property_card_interaction("ann", "home-1", "click", "s"))
    event = only(collector)
    assert event.event_type is EventType.PROPERTY_VIEW
    assert event.event_data["property_details"] == {"ListPrice": 500_000}
    assert event.event_data["page_source"] == "property_card"


def test_a_home_the_service_does_not_know_is_tracked_without_a_record(collector: EventCollector) -> None:
    run(PropertyInteractionCollector(collector, Homes()).track_property_card_interaction("ann", "home-2", "click"))
    assert "property_details" not in only(collector).event_data


def test_an_unknown_card_interaction_is_refused(collector: EventCollector) -> None:
    with pytest.raises(BadInput, match="interaction_type must be one of hover, click, expand, collapse"):
        run(PropertyInteractionCollector(collector).track_property_card_interaction("ann", "h", "lick"))  # type: ignore[arg-type]


def test_comparisons_and_scrolls_name_their_homes(collector: EventCollector) -> None:
    cards = PropertyInteractionCollector(collector)
    run(cards.track_property_comparison("ann", ["a", "b"], timestamp=NOON - timedelta(minutes=1)))
    run(cards.track_property_list_scroll("ann", ["a", "b", "c"], 80.0))
    compared, scrolled = (e.event_data for e in events(collector))
    assert compared == {
        "interaction_type": "property_comparison", "compared_properties": ["a", "b"], "comparison_count": 2,
    }  # fmt: skip
    assert scrolled == {
        "interaction_type": "property_list_scroll", "properties_viewed": ["a", "b", "c"],
        "scroll_depth_percent": 80.0, "properties_in_view": 3,
    }  # fmt: skip
