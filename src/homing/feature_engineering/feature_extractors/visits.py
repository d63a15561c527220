"""Visits told apart by half an hour of silence, and how they spread over days. The rest of SessionFeatureExtractor."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, HOUR, MINUTE, SECOND
from homing.feature_engineering.arithmetic import deviation, distinct, hour_of_day, mean_of, weekday
from homing.feature_engineering.declaration import Example, feature
from homing.feature_engineering.feature_extractors import activity, times
from homing.feature_engineering.feature_extractors.vocabulary import BEHAVIOR, MONTH, second_name
from homing.tracking.history import History

_MOST = 1e9
_SILENCE = 30 * MINUTE
_LONGEST = 30 * 86_400

_VISITS = [
    (3 * DAY, "page_view", {"session_id": "a"}),
    (3 * DAY - 10 * MINUTE, "property_view", {"session_id": "a"}),
    (3 * DAY - 30 * MINUTE, "property_view", {"session_id": "a"}),
    (3 * DAY - 60 * MINUTE, "property_view", {"session_id": "b"}),
    (HOUR, "page_view"),
]

_visit = partial(feature, family="visits", reads=BEHAVIOR, window=MONTH)

explicit_sessions_count = second_name(activity.unique_sessions, "explicit_sessions_count", "visits")


@_visit(unit="events", range=(0, _MOST), example=Example(_VISITS, 1.0))
def session_length_std(h: History) -> float:
    """Standard deviation of the numbers of events that name the same session; NaN without sessions."""
    counts = np.zeros(distinct(h.session, h.size))
    for i in range(h.size):
        if h.session[i] >= 0:
            counts[h.session[i]] += 1.0
    return deviation(counts)


def _visits(h: History) -> int:
    """Visits: an event half an hour or more after the one before begins another."""
    count = 1
    for i in range(1, h.size):
        if h.at[i] - h.at[i - 1] >= _SILENCE:
            count += 1
    return count


@_visit(unit="sessions", range=(0, _MOST), missing=0.0, example=Example(_VISITS, 3.0))
def inferred_sessions_count(h: History) -> int:
    """Visits told apart by 30 minutes or more without an event."""
    return _visits(h)


@_visit(unit="events/session", range=(1, _MOST), example=Example(_VISITS, 1.6666666667))
def avg_inferred_session_length(h: History) -> float:
    """Mean number of events in a visit; NaN without events."""
    return h.size / _visits(h)


@_visit(unit="seconds", range=(0, _LONGEST), example=Example(_VISITS, 600.0))
def avg_inferred_session_duration(h: History) -> float:
    """Mean time from the first to the last event of a visit; a visit of one event lasts 0. NaN without events."""
    inside = 0
    for i in range(1, h.size):
        if h.at[i] - h.at[i - 1] < _SILENCE:
            inside += h.at[i] - h.at[i - 1]
    return inside / SECOND / _visits(h)


avg_events_per_day = second_name(times.events_per_active_day, "avg_events_per_day", "visits")


@_visit(unit="events", range=(0, _MOST), missing=0.0, example=Example(_VISITS, 4.0))
def max_events_per_day(h: History) -> int:
    """The most events on one local date."""
    most, current = 0, 0
    latest = h.local_at[0] // DAY
    for i in range(h.size):
        date = h.local_at[i] // DAY
        if date > latest:
            latest, current = date, 0
        current += 1
        most = max(most, current)
    return most


@_visit(unit="ratio", range=(0, 1), example=Example(_VISITS, 0.4))
def weekday_consistency(h: History) -> float:
    """1 less standard deviation by mean of the events on each local weekday that has any, at least 0.

    1 if they are equally many; NaN without events.
    """
    counts = np.zeros(7)
    for i in range(h.size):
        counts[weekday(h.local_at[i])] += 1.0
    seen = counts[counts > 0.0]
    return max(0.0, 1.0 - deviation(seen) / mean_of(seen))


@_visit(unit="ratio", range=(0, 1), example=Example(_VISITS, 0.6))
def time_concentration(h: History) -> float:
    """Share of events in the local hour of day that has most; NaN without events."""
    counts = np.zeros(24, np.int64)
    most = 0
    for i in range(h.size):
        hour = hour_of_day(h.local_at[i])
        counts[hour] += 1
        most = max(most, counts[hour])
    return most / h.size


@_visit(unit="ratio", range=(0, 1), missing=0.0, example=Example(_VISITS, 0.0))
def night_share(h: History) -> float:
    """Share of events from 22:00 to 6:00 of the local day; 0 without events."""
    count = 0
    for i in range(h.size):
        if hour_of_day(h.local_at[i]) < 6 or hour_of_day(h.local_at[i]) >= 22:
            count += 1
    return count / h.size


@_visit(unit="ratio", range=(0, 1), missing=0.0, example=Example(_VISITS, 0.0))
def weekend_share(h: History) -> float:
    """Share of events on local Saturdays and Sundays; 0 without events."""
    count = 0
    for i in range(h.size):
        if weekday(h.local_at[i]) >= 5:
            count += 1
    return count / h.size


def _days_between(h: History) -> tuple[float, float]:
    """Mean and standard deviation of the days from one active local date to the next; NaN of fewer than two."""
    gaps = np.empty(h.size)
    count = 0
    latest = h.local_at[0] // DAY
    for i in range(h.size):
        date = h.local_at[i] // DAY
        if date > latest:
            gaps[count] = date - latest
            count += 1
            latest = date
    return mean_of(gaps[:count]), deviation(gaps[:count])


@_visit(unit="days", range=(1, 31), example=Example(_VISITS, 3.0))
def avg_days_between_sessions(h: History) -> float:
    """Mean number of days from one local date with events to the next; NaN with fewer than two such dates."""
    return _days_between(h)[0]


@_visit(unit="ratio", range=(0, 1), example=Example(_VISITS, 1.0))
def session_regularity(h: History) -> float:
    """1 / (1 + standard deviation of the days between dates with events); NaN with fewer than two such dates."""
    return 1.0 / (1.0 + _days_between(h)[1])


def _entropy_of(counts: NDArray[np.float64]) -> float:
    """Shannon entropy of counts by its greatest possible value, from 0 to 1."""
    total, entropy = 0.0, 0.0
    for i in range(len(counts)):
        total += counts[i]
    for i in range(len(counts)):
        if counts[i] > 0.0:
            entropy -= counts[i] / total * math.log(counts[i] / total)
    return min(1.0, max(0.0, entropy / math.log(len(counts))))


@_visit(unit="ratio", range=(0, 1), example=Example(_VISITS, 0.257155976))
def weekday_entropy(h: History) -> float:
    """How evenly events spread over the seven local weekdays: 0 all on one, 1 evenly; NaN without events."""
    counts = np.zeros(7)
    for i in range(h.size):
        counts[weekday(h.local_at[i])] += 1.0
    return _entropy_of(counts)


@_visit(unit="ratio", range=(0, 1), example=Example(_VISITS, 0.2990102088))
def hourly_entropy(h: History) -> float:
    """How evenly events spread over the 24 hours of the local day: 0 all in one, 1 evenly; NaN without events."""
    counts = np.zeros(24)
    for i in range(h.size):
        counts[hour_of_day(h.local_at[i])] += 1.0
    return _entropy_of(counts)
