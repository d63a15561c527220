"""Each act speaks for or against its home with the right sign and strength."""

from datetime import UTC, datetime

import pytest

from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.store.columns import columns_of
from homing.tracking.signals import SIGNAL_LABELS, SIGNAL_NUMBERS, signed_weights


def weight(kind, **data):
    event = BehavioralEvent(
        event_type=EventType(kind),
        timestamp=datetime(2026, 5, 1, tzinfo=UTC),
        lead_id="lead-1",
        property_id=data.pop("property_id", "home-1"),
        event_data=data,
    )
    return float(signed_weights(columns_of([event], SIGNAL_NUMBERS, SIGNAL_LABELS))[0])


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("property_view", {}, 1.0),
        ("property_view", {"view_duration_seconds": 61}, 2.0),
        ("property_view", {"view_duration_seconds": 60}, 1.0),
        ("property_swipe", {"swipe_direction": "right"}, 3.0),
        ("property_swipe", {"swipe_direction": "left"}, -10.0),
        ("property_swipe", {}, 0.0),
        ("property_dislike", {}, -10.0),
        ("booking_cancelled", {}, -5.0),
        ("tour_completed", {}, 40.0),
        ("tour_completed", {"completed": False}, 0.0),
        ("recommendation_shown", {}, 0.0),
        ("inquiry_sent", {"property_id": None}, 0.0),
    ],
)
def test_the_weight_of_an_act(kind, data, expected):
    assert weight(kind, **data) == expected
