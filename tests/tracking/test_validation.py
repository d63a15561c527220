"""A row becomes an event, or all of its faults."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homing.core.clock import MINUTE, from_micros, parse_moment
from homing.core.errors import BadInput
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.tracking.validation import event_from

NOW = parse_moment("2026-11-22T20:00:00Z")
VIEW = {"event_type": "property_view", "timestamp": "2026-11-22T19:00:00Z", "lead_id": "ann", "property_id": "home-1"}


def read(row: Any, **options: Any) -> BehavioralEvent:
    return event_from(row, **({"tenant": "default", "now": NOW} | options))


def faults(row: Any, **options: Any) -> dict[str, str]:
    with pytest.raises(BadInput) as caught:
        read(row, **options)
    return {fault.where: f"{fault.must}; got {fault.got}" for fault in caught.value.faults}


def test_a_good_row_becomes_its_event() -> None:
    event = read(
        {**VIEW, "event_id": "e", "device_type": "mobile", "event_data": {"view_duration_seconds": 9, "own": [1]}}
    )
    assert event == BehavioralEvent(
        event_type=EventType.PROPERTY_VIEW, timestamp=datetime(2026, 11, 22, 19, tzinfo=UTC), event_id="e",
        lead_id="ann", property_id="home-1", device_type="mobile", event_data={"view_duration_seconds": 9, "own": [1]},
    )  # fmt: skip


@pytest.mark.parametrize("kind", EventType, ids=str)
def test_every_type_is_taken_with_no_more_than_it_needs(kind: EventType) -> None:
    row = {"event_type": kind.value, "timestamp": VIEW["timestamp"]} | {f"{n}_id": "x" for n in kind.spec.needs}
    assert read(row).event_type is kind


@pytest.mark.parametrize("kind", EventType, ids=str)
def test_every_type_is_refused_with_nothing_and_names_all_it_needs(kind: EventType) -> None:
    found = faults({"event_type": kind.value, "timestamp": VIEW["timestamp"]})
    assert set(found) == {f"{need}_id" for need in kind.spec.needs}


def test_a_visitor_stands_in_for_a_lead() -> None:
    row = {name: value for name, value in VIEW.items() if name != "lead_id"} | {"anonymous_id": "v"}
    assert read(row).anonymous_id == "v"


def test_all_faults_come_at_once() -> None:
    found = faults(
        {
            "event_type": "telepathy", "timestamp": "yesterday", "lead_id": " ann ", "event_data": {"x": float("nan")},
            "outcome_value": "much", "outcome_timestamp": 5, "device_type": 7, "colour": "red", "received_at": "x",
        }
    )  # fmt: skip
    assert set(found) == {
        "event_type", "timestamp", "lead_id", "event_data", "outcome_value", "outcome_timestamp", "device_type",
        "colour", "received_at",
    }  # fmt: skip


@pytest.mark.parametrize(
    "moment", ["2026-11-22T19:00:00", "2026-11-22", 1_795_377_600, "1795377600", "", True, None,
               datetime(2026, 11, 22, tzinfo=UTC).replace(tzinfo=None),
               "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", ["x"]],
)  # fmt: skip
def test_a_moment_without_offset_or_out_of_this_world_is_refused(moment: object) -> None:
    assert list(faults({**VIEW, "timestamp": moment})) == ["timestamp"]


def test_a_moments_fault_says_what_it_must_be_and_what_came() -> None:
    assert faults({**VIEW, "timestamp": "now"}, where="rows[3]") == {
        "rows[3].timestamp": "be an RFC 3339 moment with an offset, such as 2026-11-22T20:00:00Z; got 'now'"
    }


def test_five_minutes_ahead_is_a_clock_that_runs_fast_and_more_is_refused() -> None:
    assert read({**VIEW, "timestamp": from_micros(NOW + 5 * MINUTE)}).at == NOW + 5 * MINUTE
    assert (
        "at most 5 minutes after now" in faults({**VIEW, "timestamp": from_micros(NOW + 5 * MINUTE + 1)})["timestamp"]
    )


def test_offsets_become_utc() -> None:
    event = read({**VIEW, "timestamp": "2026-11-22t21:00:00.25+02:00"})
    assert event.timestamp == datetime(2026, 11, 22, 19, 0, 0, 250_000, tzinfo=UTC)
    assert event.timestamp.utcoffset() == timedelta(0)


def test_without_timestamp_a_received_row_happened_when_it_came() -> None:
    row = {name: value for name, value in VIEW.items() if name != "timestamp"}
    event = read(row, received_at=NOW)
    assert event.at == event.known_at == NOW
    assert list(faults(row)) == ["timestamp"]


def test_only_a_file_says_when_it_was_received_and_never_before_it_happened() -> None:
    later = {**VIEW, "received_at": "2026-11-22T19:30:00Z"}
    assert read(later, files=True).received_at == datetime(2026, 11, 22, 19, 30, tzinfo=UTC)
    assert read(VIEW, files=True).received_at == datetime(2026, 11, 22, 19, tzinfo=UTC)
    assert "server's clock" in faults(later)["received_at"]
    early = {**VIEW, "received_at": "2026-11-22T18:59:59Z"}
    assert faults(early, files=True)["received_at"].startswith("be no earlier than timestamp")


@pytest.mark.parametrize(
    ("kind", "data", "where"),
    [
        ("property_dislike", {"reason": "ugly"}, "event_data.reason"),
        ("property_view", {"view_duration_seconds": -1}, "event_data.view_duration_seconds"),
        ("property_view", {"view_duration_seconds": "30"}, "event_data.view_duration_seconds"),
        ("property_view", {"view_duration_seconds": True}, "event_data.view_duration_seconds"),
        ("property_swipe", {"swipe_direction": "up"}, "event_data.swipe_direction"),
        ("booking_request", {"requested_time": "2026-12-01T10:00:00"}, "event_data.requested_time"),
        ("tour_completed", {"completed": "yes"}, "event_data.completed"),
        ("offer_made", {"amount": 2**70}, "event_data"),
        ("recommendation_shown", {"rank": 1.5}, "event_data.rank"),
        ("property_view", ["x"], "event_data"),
    ],
)
def test_known_keys_of_a_payload_are_checked(kind: str, data: object, where: str) -> None:
    assert list(faults({**VIEW, "event_type": kind, "event_data": data})) == [where]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "5", True, 10**400])
def test_an_outcome_value_is_a_finite_number(value: object) -> None:
    assert list(faults({**VIEW, "outcome": "won", "outcome_value": value})) == ["outcome_value"]


@pytest.mark.parametrize("row", [None, 5, "x", [VIEW]])
def test_what_is_no_object_is_refused(row: object) -> None:
    assert list(faults(row)) == ["event"]


def test_the_same_content_makes_the_same_id_however_it_is_written() -> None:
    one = read({**VIEW, "event_data": {"a": 1, "b": 2}, "agent_id": None})
    other = read(
        {"event_data": {"b": 2, "a": 1}, **VIEW, "timestamp": "2026-11-22T20:00:00+01:00"}
        | {"received_at": "2026-11-22T19:30:00Z"},
        files=True,
    )
    assert one.event_id == other.event_id
    assert read({**VIEW, "event_id": "mine"}).event_id == "mine"


@pytest.mark.parametrize(
    "change", [{"lead_id": "zoe"}, {"outcome": "won"}, {"event_data": {"a": 1}}, {"agent_id": "b"}]
)
def test_other_content_makes_another_id(change: dict[str, object]) -> None:
    assert read({**VIEW, **change}).event_id != read(VIEW).event_id


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from([*VIEW, "event_data", "session_id", "outcome_value", "received_at", "x"]), _json)
)
def test_whatever_comes_is_an_event_or_bad_input(row: dict[str, Any]) -> None:
    try:
        outcome: object = read({**VIEW, **row}, files=True)
    except BadInput as error:
        outcome = error.faults
    assert outcome


def test_a_payload_nested_deeper_than_anybody_walks_is_refused() -> None:
    def nested(levels: int) -> Any:
        return {"own": 1} if levels == 1 else {"own": nested(levels - 1)}

    assert read({**VIEW, "event_data": nested(32)}).event_data == nested(32)
    assert "nested at most 32 levels deep" in faults({**VIEW, "event_data": nested(33)})["event_data"]
    round_and_round: dict[str, Any] = {}
    round_and_round["own"] = round_and_round
    assert faults({**VIEW, "event_data": round_and_round}).keys() == {"event_data"}
