"""How recent a lead's activity is and where it tends. The rest of the first version's TimeFeatureExtractor."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from homing.core.clock import DAY, HOUR
from homing.feature_engineering.declaration import Example, feature
from homing.feature_engineering.feature_extractors import activity, times
from homing.feature_engineering.feature_extractors.vocabulary import BEHAVIOR, MONTH, second_name
from homing.tracking.history import History

_MOST = 1e9
_SLICES = 5
_FEWEST = 7

_GROWING = [
    *((age * DAY, "property_view") for age in (10, 7, 4, 4)),
    *((age * HOUR, "property_view") for age in (20, 10, 5, 1)),
]

_tend = partial(feature, family="trend", reads=BEHAVIOR, window=MONTH)

events_per_hour = second_name(activity.avg_events_per_hour, "events_per_hour", "trend")
activity_hour_std = second_name(times.activity_time_std, "activity_hour_std", "trend")


@_tend(unit="events/slice", range=(-_MOST, _MOST), example=Example(_GROWING, 0.7))
def activity_trend_slope(h: History) -> float:
    """Slope of the line through the numbers of events in five equal slices of time, from the first event to the last.

    The last event counts in the last slice. NaN with fewer than 7 events, or if all happened at once.
    """
    span = h.at[h.size - 1] - h.at[0]
    if h.size < _FEWEST or span == 0:
        return math.nan
    counts = np.zeros(_SLICES)
    for i in range(h.size):
        counts[min(_SLICES - 1, (h.at[i] - h.at[0]) * _SLICES // span)] += 1.0
    return float(2.0 * (counts[4] - counts[0]) + counts[3] - counts[1]) / 10.0


@_tend(unit="hours", range=(0, 720), example=Example(_GROWING, 1.0))
def hours_since_last_activity(h: History) -> float:
    """Hours from the last event to `as_of`; NaN without events."""
    return (h.as_of - h.at[h.size - 1]) / HOUR


def _recent(h: History, age: int) -> int:
    count = 0
    for i in range(h.size):
        if h.as_of - h.at[i] < age:
            count += 1
    return count


@_tend(unit="events", range=(0, _MOST), missing=0.0, example=Example(_GROWING, 4.0))
def recent_activity_count(h: History) -> int:
    """Events in the last 24 hours."""
    return _recent(h, DAY)


@_tend(unit="ratio", range=(0, 1), missing=0.0, example=Example(_GROWING, 0.5))
def recent_activity_ratio(h: History) -> float:
    """Share of the events that happened in the last 24 hours; 0 without events."""
    return _recent(h, DAY) / h.size


@_tend(unit="ratio", range=(0, 1), missing=0.0, example=Example(_GROWING, 0.75))
def week_share(h: History) -> float:
    """Share of the events that happened in the last 7 days; 0 without events."""
    return _recent(h, 7 * DAY) / h.size
