"""How a lead's visits look: their length, what is searched in them, and which homes follow one another."""

from __future__ import annotations

import math

import numpy as np

from homing.core.clock import DAY, HOUR, MINUTE, SECOND
from homing.event_types import EventType
from homing.feature_engineering.arithmetic import distinct, ratio
from homing.feature_engineering.declaration import Example, feature
from homing.feature_engineering.feature_extractors.vocabulary import (
    BEHAVIOR,
    FILTER,
    MONTH,
    SEARCH,
)
from homing.tracking.history import History

_MOST = 1e9
_SEARCHING = (EventType.SEARCH_QUERY, EventType.FILTER_APPLIED)
_LOOKING = (EventType.PROPERTY_VIEW, EventType.PROPERTY_SWIPE)

_TWO_SESSIONS = [
    (3 * DAY, "session_start", {"session_id": "a"}),
    (3 * DAY - MINUTE, "property_view", {"session_id": "a"}),
    (3 * DAY - 3 * MINUTE, "session_end", {"session_id": "a"}),
    (DAY, "page_view", {"session_id": "b"}),
    (HOUR, "page_view"),
]


def _in_sessions(h: History) -> int:
    """Events that name a session."""
    count = 0
    for i in range(h.size):
        if h.session[i] >= 0:
            count += 1
    return count


@feature(
    unit="events/session",
    family="sessions",
    reads=BEHAVIOR,
    window=MONTH,
    range=(1, _MOST),
    example=Example(_TWO_SESSIONS, 2.0),
)
def avg_session_length(h: History) -> float:
    """Mean number of events that name the same session; NaN without sessions."""
    sessions = distinct(h.session, h.size)
    return _in_sessions(h) / sessions if sessions > 0 else math.nan


@feature(
    unit="events",
    family="sessions",
    reads=BEHAVIOR,
    window=MONTH,
    range=(1, _MOST),
    example=Example(_TWO_SESSIONS, 3.0),
)
def max_session_length(h: History) -> float:
    """The most events that name the same session; NaN without sessions."""
    sessions = distinct(h.session, h.size)
    counts = np.zeros(sessions, np.int64)
    most = 0
    for i in range(h.size):
        if h.session[i] >= 0:
            counts[h.session[i]] += 1
            most = max(most, counts[h.session[i]])
    return float(most) if most > 0 else math.nan


def _session_seconds(h: History, longest: bool) -> float:
    """The mean or the longest time from first to last event, over sessions of two events or more."""
    sessions = distinct(h.session, h.size)
    counts, first, last = np.zeros(sessions, np.int64), np.zeros(sessions, np.int64), np.zeros(sessions, np.int64)
    for i in range(h.size):
        session = h.session[i]
        if session >= 0:
            if counts[session] == 0:
                first[session] = h.at[i]
            last[session] = h.at[i]
            counts[session] += 1
    total, most, several = 0, 0, 0
    for session in range(sessions):
        if counts[session] > 1:
            total += last[session] - first[session]
            most = max(most, last[session] - first[session])
            several += 1
    if several == 0:
        return math.nan
    return most / SECOND if longest else total / SECOND / several


@feature(
    unit="seconds",
    family="sessions",
    reads=BEHAVIOR,
    window=MONTH,
    range=(0, 30 * 86_400),
    example=Example(_TWO_SESSIONS, 180.0),
)
def avg_session_duration_seconds(h: History) -> float:
    """Mean time from the first to the last event of a session, over sessions of two events or more; NaN without."""
    return _session_seconds(h, False)


@feature(
    unit="seconds",
    family="sessions",
    reads=BEHAVIOR,
    window=MONTH,
    range=(0, 30 * 86_400),
    example=Example(_TWO_SESSIONS, 180.0),
)
def max_session_duration_seconds(h: History) -> float:
    """The longest time from the first to the last event of a session of two events or more; NaN without."""
    return _session_seconds(h, True)


_LOOKS = [
    (9 * HOUR, "property_view", {"property_id": "home-1"}),
    (8 * HOUR, "property_view", {"property_id": "home-2"}),
    (7 * HOUR, "property_swipe", {"property_id": "home-3", "swipe_direction": "left"}),
    (6 * HOUR, "search_query"),
    (5 * HOUR, "filter_applied", {"filter_type": "price_max"}),
    (4 * HOUR, "property_view", {"property_id": "home-1"}),
]


def _sequences(h: History, longest: bool) -> float:
    """The mean or the largest number of looks between searches; searches without looks between them count once."""
    looks, most, current, sequences = 0, 0, 0, 0
    for i in range(h.size):
        if h.type[i] == SEARCH or h.type[i] == FILTER:
            current = 0
        else:
            sequences += 1 if current == 0 else 0
            current += 1
            looks += 1
            most = max(most, current)
    if sequences == 0:
        return math.nan
    return float(most) if longest else looks / sequences


@feature(
    unit="listings/sequence",
    family="sessions",
    reads=[*_LOOKING, *_SEARCHING],
    window=MONTH,
    range=(1, _MOST),
    example=Example(_LOOKS, 2.0),
)
def avg_properties_per_sequence(h: History) -> float:
    """Mean number of homes looked at (views and swipes, repeats counted) in a row; a search or filter ends the row.

    NaN if none was looked at.
    """
    return _sequences(h, False)


@feature(
    unit="listings/sequence",
    family="sessions",
    reads=[*_LOOKING, *_SEARCHING],
    window=MONTH,
    range=(1, _MOST),
    example=Example(_LOOKS, 3.0),
)
def max_properties_per_sequence(h: History) -> float:
    """The most homes looked at in a row, without a search or filter in between; NaN if none was looked at."""
    return _sequences(h, True)


@feature(
    unit="ratio",
    family="sessions",
    reads=_LOOKING,
    window=MONTH,
    range=(0, 1),
    missing=0.0,
    example=Example(_LOOKS, 0.25),
)
def property_revisit_rate(h: History) -> float:
    """Share of looks (views and swipes) at a home that was looked at before; 0 without looks."""
    looks = 0
    for i in range(h.size):
        if h.property[i] >= 0:
            looks += 1
    return ratio(looks - distinct(h.property, h.size), looks)


@feature(
    unit="searches/session",
    family="sessions",
    reads=BEHAVIOR,
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example(
        [
            (2 * DAY, "search_query", {"session_id": "a"}),
            (2 * DAY, "search_query", {"session_id": "a"}),
            (DAY, "search_query", {"session_id": "b"}),
        ],
        1.5,
    ),
)
def searches_per_session(h: History) -> float:
    """Searches by sessions; 0 without sessions."""
    searches = 0
    for i in range(h.size):
        if h.type[i] == SEARCH:
            searches += 1
    return ratio(searches, distinct(h.session, h.size))


@feature(
    unit="filters/search",
    family="sessions",
    reads=_SEARCHING,
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example(
        [(2 * DAY, "search_query"), (DAY, "filter_applied"), (HOUR, "search_query"), (HOUR, "filter_applied")], 1.0
    ),
)
def filters_per_search(h: History) -> float:
    """Filters applied by searches; 0 without searches."""
    searches = 0
    for i in range(h.size):
        if h.type[i] == SEARCH:
            searches += 1
    return ratio(h.size - searches, searches)
