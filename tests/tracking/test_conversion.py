"""Event weights move from what is declared to what acts of each type led to."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from homing.core.clock import DAY, to_micros
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.store.columns import TYPES, columns_of
from homing.tracking.conversion import learned_weights
from homing.tracking.signals import DECLARED, SIGNAL_LABELS, SIGNAL_NUMBERS

START = datetime(2026, 5, 1, tzinfo=UTC)
NOW = to_micros(START, "start") + 60 * DAY
PHOTOS = TYPES.index(EventType.PHOTOS_VIEWED)


def event(kind, lead, days):
    at = START + timedelta(days=days)
    return BehavioralEvent(
        event_type=EventType(kind), timestamp=at, received_at=at, lead_id=f"l{lead}", property_id="h1"
    )


def lived(saved_after_photos, days=3, saved_after_views=20):
    """200 leads view a home and 200 look at its photos; so many of each save it some days later."""
    events = [event("property_view", lead, 0) for lead in range(200)]
    events += [event("property_save", lead, days) for lead in range(saved_after_views)]
    events += [event("photos_viewed", lead, 0) for lead in range(200, 400)]
    events += [event("property_save", lead, days) for lead in range(200, 200 + saved_after_photos)]
    return columns_of(events, SIGNAL_NUMBERS, SIGNAL_LABELS)


def photos(columns, as_of=NOW):
    return float(learned_weights(columns, as_of)[PHOTOS] / DECLARED[PHOTOS])


def test_what_leads_to_more_than_declared_weighs_more_and_to_less_weighs_less():
    expected = 200 * (21 / 220) * DECLARED[PHOTOS]  # the rate of views, as often as photos are declared to count
    assert photos(lived(120)) == pytest.approx((120 + 20) / (expected + 20))
    assert photos(lived(0)) == pytest.approx(20 / (expected + 20))
    assert photos(lived(120)) > 1 > photos(lived(0))


def test_without_evidence_the_declared_weights_hold():
    nothing = columns_of([], SIGNAL_NUMBERS, SIGNAL_LABELS)
    assert np.array_equal(learned_weights(nothing, NOW), DECLARED)


def test_what_came_after_more_than_14_days_or_before_the_act_does_not_count():
    assert photos(lived(120, days=15)) == photos(lived(0, days=15))
    assert photos(lived(120, days=-1)) == photos(lived(0, days=-1))


def test_acts_whose_14_days_are_not_over_are_not_judged():
    assert photos(lived(120), to_micros(START, "start") + 10 * DAY) == 1.0


def test_only_types_lighter_than_engagement_move_and_by_at_most_four():
    weights = learned_weights(lived(200, saved_after_views=0), NOW)
    moved = {TYPES[code] for code in np.flatnonzero(weights != DECLARED)}
    assert moved == {EventType.PHOTOS_VIEWED}
    assert weights[PHOTOS] <= 4 * DECLARED[PHOTOS]
