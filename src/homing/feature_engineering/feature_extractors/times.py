"""When a lead is active, by the wall clock where the lead lives."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from homing.core.clock import DAY, HOUR
from homing.feature_engineering.arithmetic import circular_std_hours, commonest, hour_of_day, weekday, whole_days
from homing.feature_engineering.declaration import Category, Example, feature
from homing.feature_engineering.feature_extractors.vocabulary import BEHAVIOR, MONTH
from homing.tracking.history import History

_SPRING = datetime(2026, 3, 8, 20, tzinfo=UTC)
_WEST = "America/Los_Angeles"


@feature(
    unit="days",
    family="times",
    reads=BEHAVIOR,
    window=MONTH,
    range=(0, 30),
    example=Example([(5 * DAY, "property_view"), (2 * DAY + 5 * HOUR, "property_view"), (HOUR, "message_sent")], 2.0),
)
def days_since_last_activity(h: History) -> int:
    """Whole days from the last event to `as_of`; NaN without events."""
    return whole_days(h.at[h.size - 1], h.as_of)


def _dates(h: History) -> int:
    dates, last = 0, h.local_at[0] // DAY - 1
    for i in range(h.size):
        date = h.local_at[i] // DAY
        if date > last:
            dates += 1
            last = date
    return dates


@feature(
    unit="days",
    family="times",
    reads=BEHAVIOR,
    window=MONTH,
    range=(0, 32),
    missing=0.0,
    example=Example(
        [(15 * HOUR, "property_view"), (14 * HOUR, "search_query"), (11 * HOUR, "property_view")],
        2.0,
        as_of=_SPRING,
        zone=_WEST,
    ),
)
def active_days(h: History) -> int:
    """Different local dates with events."""
    return _dates(h)


@feature(
    unit="events/day",
    family="times",
    reads=BEHAVIOR,
    window=MONTH,
    range=(1, 1e9),
    example=Example([(2 * DAY, "property_view"), (2 * DAY, "property_view"), (DAY, "property_view")], 1.5),
)
def events_per_active_day(h: History) -> float:
    """Mean number of events on a day that has any; NaN without events."""
    return h.size / _dates(h)


@feature(
    unit="weekday",
    family="times",
    reads=BEHAVIOR,
    window=MONTH,
    range=(0, 6),
    example=Example(
        [(16 * HOUR, "property_view"), (15 * HOUR, "property_view"), (HOUR, "property_view")],
        5.0,
        as_of=_SPRING,
        zone=_WEST,
    ),
)
def most_active_weekday(h: History) -> int:
    """The local weekday with most events, 0 Monday to 6 Sunday; of equal ones the latest seen. NaN without events."""
    days = np.zeros(h.size, np.int64)
    for i in range(h.size):
        days[i] = weekday(h.local_at[i])
    return commonest(days, h.size, 7)


@feature(
    unit="hours",
    family="times",
    reads=BEHAVIOR,
    window=MONTH,
    range=(0, 20.1),
    example=Example([(13 * HOUR, "property_view"), (11 * HOUR, "property_view")], 1.00580136087699),
)
def activity_time_std(h: History) -> float:
    """Circular standard deviation of the local time of day: 23:00 and 01:00 are two hours apart; NaN without events.

    sqrt(-2 ln R) of the mean resultant length R, in hours; at most 20.08, for times spread evenly over the day.
    """
    return circular_std_hours(h.local_at, h.size)


@feature(
    unit="hour of day",
    family="times",
    reads=BEHAVIOR,
    window=MONTH,
    range=(0, 23),
    example=Example(
        [(11 * HOUR, "property_view"), (10 * HOUR, "property_view"), (10 * HOUR, "property_view")],
        3.0,
        as_of=_SPRING,
        zone=_WEST,
    ),
)
def peak_activity_hour(h: History) -> int:
    """The local hour with most events, 0 to 23; of equal ones the latest seen. NaN without events."""
    hours = np.zeros(h.size, np.int64)
    for i in range(h.size):
        hours[i] = hour_of_day(h.local_at[i])
    return commonest(hours, h.size, 24)


PERIODS = ("morning", "afternoon", "evening", "night")
_MORNING, _NOON, _EVENING, _NIGHT = 6, 12, 18, 22


def _period(hour: int) -> int:
    """The place of an hour in `PERIODS`: morning from 6, afternoon from 12, evening from 18, night from 22 to 6."""
    if hour < _MORNING or hour >= _NIGHT:
        return 3
    if hour < _NOON:
        return 0
    return 1 if hour < _EVENING else 2


@feature(
    unit="category",
    family="times",
    reads=BEHAVIOR,
    window=MONTH,
    categories=PERIODS,
    example=Example([(4 * HOUR, "property_view")], "morning", as_of=_SPRING, zone=_WEST),
)
def preferred_time_period(h: History) -> Category:
    """The part of the local day with most events: morning 6 to 12, afternoon to 18, evening to 22, else night.

    Of equal ones the latest seen.
    """
    periods = np.zeros(h.size, np.int64)
    for i in range(h.size):
        periods[i] = _period(hour_of_day(h.local_at[i]))
    return Category(commonest(periods, h.size, 4))
