"""What leads do with one home in 30 days. A lead is counted once in every share, however often it came."""

from __future__ import annotations

import numpy as np

from homing.core.clock import DAY, HOUR
from homing.event_types import ENGAGED, EventType
from homing.feature_engineering.arithmetic import distinct, mean_positive, ratio, whole_days
from homing.feature_engineering.declaration import Example, feature
from homing.feature_engineering.feature_extractors.vocabulary import DISLIKE, LEFT, MONTH, SAVE, SWIPE
from homing.tracking.history import History

_MOST = 1e9

_FOUR_LEADS = [
    (9 * DAY, "property_view", {"lead_id": "a", "view_duration_seconds": 20}),
    (8 * DAY, "property_view", {"lead_id": "a", "view_duration_seconds": 40}),
    (7 * DAY, "property_view", {"lead_id": "b"}),
    (6 * DAY, "property_view", {"lead_id": "c"}),
    (5 * DAY, "property_save", {"lead_id": "a"}),
    (4 * DAY, "property_save", {"lead_id": "a"}),
    (3 * DAY, "property_dislike", {"lead_id": "b"}),
    (2 * DAY + HOUR, "property_view", {"lead_id": "d"}),
]


@feature(
    subject="property",
    unit="events",
    family="homes",
    reads=[EventType.PROPERTY_VIEW],
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example(_FOUR_LEADS, 5.0),
)
def view_count(h: History) -> int:
    """Views of the home."""
    return h.size


@feature(
    subject="property",
    unit="leads",
    family="homes",
    reads=[EventType.PROPERTY_VIEW],
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example(_FOUR_LEADS, 4.0),
)
def unique_viewers(h: History) -> int:
    """Different leads who viewed the home; visitors without a lead id are not counted."""
    return distinct(h.lead, h.size)


@feature(
    subject="property",
    unit="events",
    family="homes",
    reads=[EventType.PROPERTY_SAVE],
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example(_FOUR_LEADS, 2.0),
)
def save_count(h: History) -> int:
    """Saves of the home."""
    return h.size


@feature(
    subject="property",
    unit="leads",
    family="homes",
    reads=ENGAGED,
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example([*_FOUR_LEADS, (DAY, "booking_request", {"lead_id": "d"})], 2.0),
)
def engaged_leads(h: History) -> int:
    """Different leads who saved or shared the home, asked about it, booked, toured or made an offer."""
    return distinct(h.lead, h.size)


@feature(
    subject="property",
    unit="events",
    family="homes",
    reads=[EventType.PROPERTY_DISLIKE, EventType.PROPERTY_SWIPE],
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example([*_FOUR_LEADS, (DAY, "property_swipe", {"swipe_direction": "left"})], 2.0),
)
def dislike_count(h: History) -> int:
    """Dislikes and left swipes of the home."""
    count = 0
    for i in range(h.size):
        if h.type[i] == DISLIKE or (h.type[i] == SWIPE and h.swipe_direction[i] == LEFT):
            count += 1
    return count


def _leads_with(h: History, kind: int) -> int:
    """How many different leads have an event of this type."""
    seen = np.zeros(distinct(h.lead, h.size), np.int64)
    count = 0
    for i in range(h.size):
        if h.type[i] == kind and h.lead[i] >= 0 and seen[h.lead[i]] == 0:
            seen[h.lead[i]] = 1
            count += 1
    return count


@feature(
    subject="property",
    unit="ratio",
    family="homes",
    reads=[EventType.PROPERTY_VIEW, EventType.PROPERTY_SAVE],
    window=MONTH,
    range=(0, 1),
    missing=0.0,
    example=Example(_FOUR_LEADS, 0.25),
)
def save_rate(h: History) -> float:
    """Share of the leads who viewed or saved the home that saved it; 0 of none."""
    return ratio(_leads_with(h, SAVE), distinct(h.lead, h.size))


@feature(
    subject="property",
    unit="ratio",
    family="homes",
    reads=[EventType.PROPERTY_VIEW, EventType.PROPERTY_DISLIKE],
    window=MONTH,
    range=(0, 1),
    missing=0.0,
    example=Example(_FOUR_LEADS, 0.25),
)
def dislike_rate(h: History) -> float:
    """Share of the leads who viewed or disliked the home that disliked it; 0 of none."""
    return ratio(_leads_with(h, DISLIKE), distinct(h.lead, h.size))


@feature(
    subject="property",
    unit="ratio",
    family="homes",
    reads=[EventType.PROPERTY_VIEW],
    window=MONTH,
    range=(0, 1),
    missing=0.0,
    example=Example(_FOUR_LEADS, 0.25),
)
def revisit_rate(h: History) -> float:
    """Share of the viewing leads who viewed the home more than once; 0 of none."""
    leads = distinct(h.lead, h.size)
    counts = np.zeros(leads, np.int64)
    returned = 0
    for i in range(h.size):
        if h.lead[i] >= 0:
            counts[h.lead[i]] += 1
            if counts[h.lead[i]] == 2:
                returned += 1
    return ratio(returned, leads)


@feature(
    subject="property",
    unit="seconds",
    family="homes",
    reads=[EventType.PROPERTY_VIEW],
    window=MONTH,
    range=(0, 86_400),
    example=Example(_FOUR_LEADS, 30.0),
)
def avg_view_duration_seconds(h: History) -> float:
    """Mean time spent on the home's page, over the views that say how long (0 does not); NaN if none does."""
    return mean_positive(h.view_duration_seconds, h.size)


@feature(
    subject="property",
    unit="days",
    family="homes",
    reads=[EventType.PROPERTY_VIEW],
    window=MONTH,
    range=(0, 30),
    example=Example(_FOUR_LEADS, 2.0),
)
def days_since_last_view(h: History) -> int:
    """Whole days from the last view to `as_of`; NaN without views."""
    return whole_days(h.at[h.size - 1], h.as_of)
