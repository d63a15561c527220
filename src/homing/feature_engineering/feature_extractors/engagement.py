"""How much a lead cares: time spent, weighted acts, and what share of looks turns into more."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, HOUR
from homing.event_types import EventType
from homing.feature_engineering.arithmetic import largest_positive, mean_of, mean_positive, share
from homing.feature_engineering.declaration import Example, feature
from homing.feature_engineering.feature_extractors.vocabulary import (
    BEHAVIOR,
    COMPLETED,
    HIGH,
    LEFT,
    LIKE,
    LOW,
    MONTH,
    REQUEST,
    RIGHT,
    SAVE,
    SWIPE,
    VIEW,
)
from homing.store.columns import TYPES
from homing.tracking.history import History

_MOST = 1e9
_LONGEST_VIEW = 86_400.0
_HEAVIEST = 7.0

ENGAGEMENT_WEIGHTS: dict[EventType, float] = {
    EventType.PROPERTY_VIEW: 1.0,
    EventType.PROPERTY_SWIPE: 2.0,
    EventType.PROPERTY_SAVE: 3.0,
    EventType.PROPERTY_SHARE: 2.5,
    EventType.BOOKING_REQUEST: 5.0,
    EventType.BOOKING_COMPLETED: 7.0,
    EventType.SEARCH_QUERY: 1.5,
    EventType.FILTER_APPLIED: 1.2,
}
"""The first version's points. Any other type counts 1 in the direction of its polarity: 0 if it is neutral."""

_SIGN = {"positive": 1.0, "negative": -1.0, "neutral": 0.0}
_POINTS = tuple(ENGAGEMENT_WEIGHTS.get(kind, _SIGN[kind.spec.polarity]) for kind in TYPES)


def _view_points(seconds: float) -> float:
    if seconds > 60.0:
        return 1.5
    return 1.2 if seconds > 30.0 else 1.0


def _points_of(h: History, i: int) -> float:
    """The points of one event."""
    worth = _POINTS[h.type[i]]
    if h.type[i] == VIEW:
        worth *= _view_points(h.view_duration_seconds[i])
    elif h.type[i] == SWIPE:
        worth *= 1.0 if h.swipe_direction[i] == RIGHT else (-1.0 if h.swipe_direction[i] == LEFT else 0.0)
    elif h.type[i] == REQUEST:
        worth *= 1.3 if h.urgency[i] == HIGH else (0.8 if h.urgency[i] == LOW else 1.0)
    elif h.completed[i] == 0.0:
        worth = -1.0 if h.type[i] == COMPLETED else 0.0
    return worth


def points(h: History) -> NDArray[np.float64]:
    """The points of every event."""
    worth = np.empty(h.size)
    for i in range(h.size):
        worth[i] = _points_of(h, i)
    return worth


@feature(
    unit="seconds",
    family="engagement",
    reads=[EventType.PROPERTY_VIEW],
    window=MONTH,
    range=(0, _LONGEST_VIEW),
    example=Example(
        [
            (3 * DAY, "property_view", {"view_duration_seconds": 20}),
            (2 * DAY, "property_view", {"view_duration_seconds": 70}),
            (DAY, "property_view"),
            (HOUR, "property_view", {"view_duration_seconds": 0}),
        ],
        45.0,
    ),
)
def avg_view_duration_seconds(h: History) -> float:
    """Mean time spent on a home's page, over the views that say how long (0 does not); NaN if none does."""
    return mean_positive(h.view_duration_seconds, h.size)


@feature(
    unit="seconds",
    family="engagement",
    reads=[EventType.PROPERTY_VIEW],
    window=MONTH,
    range=(0, _LONGEST_VIEW),
    example=Example(
        [
            (3 * DAY, "property_view", {"view_duration_seconds": 20}),
            (2 * DAY, "property_view", {"view_duration_seconds": 70}),
            (DAY, "property_view"),
            (HOUR, "property_view", {"view_duration_seconds": 0}),
        ],
        70.0,
    ),
)
def max_view_duration_seconds(h: History) -> float:
    """The longest time spent on a home's page; NaN if no view says how long (0 does not)."""
    return largest_positive(h.view_duration_seconds, h.size)


@feature(
    unit="seconds",
    family="engagement",
    reads=[EventType.PROPERTY_VIEW],
    window=MONTH,
    range=(0, 1e13),
    missing=0.0,
    example=Example(
        [
            (3 * DAY, "property_view", {"view_duration_seconds": 20}),
            (2 * DAY, "property_view", {"view_duration_seconds": 70}),
            (DAY, "property_view"),
        ],
        90.0,
    ),
)
def total_view_time_seconds(h: History) -> float:
    """Time spent on homes' pages, over the views that say how long."""
    total = 0.0
    for i in range(h.size):
        if not math.isnan(h.view_duration_seconds[i]):
            total += h.view_duration_seconds[i]
    return total


@feature(
    unit="points",
    family="engagement",
    reads=BEHAVIOR,
    window=MONTH,
    range=(-_MOST, _MOST),
    missing=0.0,
    example=Example(
        [
            (4 * DAY, "property_view", {"view_duration_seconds": 61}),
            (3 * DAY, "property_swipe", {"swipe_direction": "left"}),
            (3 * DAY, "property_swipe"),
            (2 * DAY, "property_dislike"),
            (DAY, "booking_request", {"urgency": "high"}),
            (HOUR, "session_end"),
        ],
        5.0,
    ),
)
def engagement_score(h: History) -> float:
    """Weighted sum of what happened; acts against a home count against.

    A view 1 (over 30 seconds 1.2, over 60 seconds 1.5), a right swipe 2, a left one -2, one without direction 0, a
    save 3, a share 2.5, a booking request 5 (high urgency 6.5, low 4), a booking that took place 7, a search 1.5, a
    filter 1.2; a booking that did not take place, a cancellation and a dislike -1; other acts for a home 1; page
    views, sessions, e-mails and all else that is neutral 0.
    """
    worth = points(h)
    score = 0.0
    for i in range(len(worth)):
        score += worth[i]
    return score


@feature(
    unit="points/event",
    family="engagement",
    reads=BEHAVIOR,
    window=MONTH,
    range=(-2.0, _HEAVIEST),
    example=Example([(2 * DAY, "property_view"), (DAY, "property_save")], 2.0),
)
def avg_engagement_per_event(h: History) -> float:
    """engagement_score by the number of events it counts."""
    return mean_of(points(h))


def _ones(h: History, kind: int) -> int:
    """How many events are of a type, completions only if they took place."""
    count = 0
    for i in range(h.size):
        if h.type[i] == kind and h.completed[i] != 0.0:
            count += 1
    return count


@feature(
    unit="ratio",
    family="engagement",
    reads=[EventType.BOOKING_REQUEST, EventType.BOOKING_COMPLETED],
    window=MONTH,
    range=(0, 1),
    missing=0.0,
    example=Example(
        [
            (5 * DAY, "booking_request"),
            (4 * DAY, "booking_request"),
            (2 * DAY, "booking_completed"),
            (DAY, "booking_completed", {"completed": False}),
        ],
        0.5,
    ),
)
def booking_completion_rate(h: History) -> float:
    """Bookings that took place by bookings requested, at most 1; 0 without requests."""
    return share(_ones(h, COMPLETED), _ones(h, REQUEST))


@feature(
    unit="ratio",
    family="engagement",
    reads=[EventType.PROPERTY_VIEW, EventType.PROPERTY_LIKE, EventType.PROPERTY_SWIPE],
    window=MONTH,
    range=(0, 1),
    missing=0.0,
    example=Example(
        [
            (5 * DAY, "property_view"),
            (4 * DAY, "property_view"),
            (4 * DAY, "property_view"),
            (3 * DAY, "property_view"),
            (3 * DAY, "property_like"),
            (2 * DAY, "property_swipe", {"swipe_direction": "right"}),
            (DAY, "property_swipe", {"swipe_direction": "left"}),
        ],
        0.5,
    ),
)
def view_to_like_rate(h: History) -> float:
    """Likes and right swipes by views, at most 1; 0 without views."""
    likes = _ones(h, LIKE)
    for i in range(h.size):
        if h.type[i] == SWIPE and h.swipe_direction[i] == RIGHT:
            likes += 1
    return share(likes, _ones(h, VIEW))


@feature(
    unit="ratio",
    family="engagement",
    reads=[EventType.PROPERTY_VIEW, EventType.PROPERTY_SAVE],
    window=MONTH,
    range=(0, 1),
    missing=0.0,
    example=Example([(2 * DAY, "property_view"), (2 * DAY, "property_view"), (DAY, "property_save")], 0.5),
)
def view_to_save_rate(h: History) -> float:
    """Saves by views, at most 1; 0 without views."""
    return share(_ones(h, SAVE), _ones(h, VIEW))


@feature(
    unit="ratio",
    family="engagement",
    reads=[EventType.PROPERTY_VIEW, EventType.BOOKING_REQUEST],
    window=MONTH,
    range=(0, 1),
    missing=0.0,
    example=Example([(2 * DAY, "property_view"), (2 * DAY, "property_view"), (DAY, "booking_request")], 0.5),
)
def view_to_booking_rate(h: History) -> float:
    """Booking requests by views, at most 1; 0 without views."""
    return share(_ones(h, REQUEST), _ones(h, VIEW))


@feature(
    unit="ratio",
    family="engagement",
    reads=[EventType.PROPERTY_SAVE, EventType.BOOKING_REQUEST],
    window=MONTH,
    range=(0, 1),
    missing=0.0,
    example=Example([(2 * DAY, "property_save"), (2 * DAY, "property_save"), (DAY, "booking_request")], 0.5),
)
def save_to_booking_rate(h: History) -> float:
    """Booking requests by saves, at most 1; 0 without saves."""
    return share(_ones(h, REQUEST), _ones(h, SAVE))
