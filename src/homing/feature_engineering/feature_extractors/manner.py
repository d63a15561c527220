"""How a lead goes about it: how strongly, how steadily, how decidedly. The first version's BehaviorFeatureExtractor."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from homing.core.clock import DAY, HOUR, SECOND
from homing.event_types import EventType
from homing.feature_engineering.arithmetic import deviation, distinct, ratio
from homing.feature_engineering.declaration import Example, feature
from homing.feature_engineering.feature_extractors import engagement, sessions
from homing.feature_engineering.feature_extractors.engagement import points
from homing.feature_engineering.feature_extractors.evidence import passed
from homing.feature_engineering.feature_extractors.vocabulary import BEHAVIOR, LIKE, MONTH, RIGHT, SWIPE, second_name
from homing.tracking.history import History

_VALUABLE = 3.0
_BURST = 30 * SECOND
_LONGEST = 30 * 86_400
_HEAVIEST = 7.0

_HOUR_OF_EVENTS = [
    (DAY, "property_view"),
    (DAY - 10 * SECOND, "property_save"),
    (DAY - 50 * SECOND, "booking_request"),
]
_VERDICTS = [
    (5 * DAY, "property_swipe", {"swipe_direction": "right"}),
    (4 * DAY, "property_swipe", {"swipe_direction": "left"}),
    (4 * DAY, "property_swipe"),
    (3 * DAY, "property_dislike"),
    (2 * DAY, "property_like"),
    (DAY, "property_like"),
]
_HOMES = [
    (5 * DAY, "property_view", {"property_id": "home-1"}),
    (4 * DAY, "property_view", {"property_id": "home-2"}),
    (3 * DAY, "property_save", {"property_id": "home-1"}),
    (HOUR, "search_query"),
    (HOUR, "property_view", {"property_id": "home-1"}),
]

_manner = partial(feature, family="manner", reads=BEHAVIOR, window=MONTH)

total_engagement_score = second_name(engagement.engagement_score, "total_engagement_score", "manner")


@_manner(unit="points", range=(0, _HEAVIEST), example=Example(_HOUR_OF_EVENTS, 1.632993162))
def engagement_std(h: History) -> float:
    """Standard deviation of the points of events (see engagement_score); NaN without events."""
    return deviation(points(h))


@_manner(unit="points", range=(-2, _HEAVIEST), example=Example(_HOUR_OF_EVENTS, 5.0))
def max_engagement_event(h: History) -> float:
    """The points of the event that counts most; NaN without events."""
    worth = points(h)
    most = worth[0]
    for i in range(len(worth)):
        most = max(most, worth[i])
    return float(most)


@_manner(unit="ratio", range=(0, 1), missing=0.0, example=Example(_HOUR_OF_EVENTS, 0.6666666667))
def high_value_action_ratio(h: History) -> float:
    """Share of events worth 3 points or more; 0 without events."""
    worth = points(h)
    valuable = 0
    for i in range(len(worth)):
        if worth[i] >= _VALUABLE:
            valuable += 1
    return valuable / h.size


@_manner(unit="seconds", range=(0, _LONGEST), example=Example(_HOUR_OF_EVENTS, 25.0))
def avg_time_between_events(h: History) -> float:
    """Mean time from one event to the next; NaN with fewer than two."""
    return (h.at[h.size - 1] - h.at[0]) / SECOND / (h.size - 1) if h.size > 1 else math.nan


@_manner(unit="events/second", range=(0, 1), example=Example(_HOUR_OF_EVENTS, 0.04))
def interaction_velocity(h: History) -> float:
    """1 by the mean time between events, which is taken as at least a second; NaN with fewer than two events."""
    if h.size < 2:
        return math.nan
    return 1.0 / max(1.0, (h.at[h.size - 1] - h.at[0]) / SECOND / (h.size - 1))


@_manner(unit="ratio", range=(0, 1), example=Example(_HOUR_OF_EVENTS, 0.0625))
def interaction_consistency(h: History) -> float:
    """1 / (1 + standard deviation in seconds of the times between events); NaN with fewer than two events."""
    if h.size < 2:
        return math.nan
    gaps = np.empty(h.size - 1)
    for i in range(h.size - 1):
        gaps[i] = (h.at[i + 1] - h.at[i]) / SECOND
    return 1.0 / (1.0 + deviation(gaps))


@_manner(unit="ratio", range=(0, 1), missing=0.0, example=Example(_HOUR_OF_EVENTS, 0.5))
def burst_interaction_ratio(h: History) -> float:
    """Share of the times between events that are below 30 seconds; 0 with fewer than two events."""
    short = 0
    for i in range(h.size - 1):
        if h.at[i + 1] - h.at[i] < _BURST:
            short += 1
    return ratio(short, h.size - 1)


def _liked(h: History) -> float:
    """Likes by verdicts of either kind, NaN without verdicts."""
    likes, passes = 0, 0
    for i in range(h.size):
        if h.type[i] == LIKE or (h.type[i] == SWIPE and h.swipe_direction[i] == RIGHT):
            likes += 1
        elif passed(h, i):
            passes += 1
    return likes / (likes + passes) if likes + passes > 0 else math.nan


_judging = partial(
    feature, family="manner", reads=[EventType.PROPERTY_SWIPE, EventType.PROPERTY_LIKE, EventType.PROPERTY_DISLIKE],
    window=MONTH,
)  # fmt: skip


@_judging(unit="ratio", range=(0, 1), example=Example(_VERDICTS, 0.6))
def like_ratio(h: History) -> float:
    """Likes and right swipes by these and dislikes and left swipes; NaN without any."""
    return _liked(h)


@_judging(unit="ratio", range=(0, 1), example=Example(_VERDICTS, 0.2))
def decision_confidence(h: History) -> float:
    """Twice the distance of like_ratio from one half: 0 undecided, 1 all one way; NaN without verdicts."""
    return 2.0 * abs(_liked(h) - 0.5)


save_rate = second_name(engagement.view_to_save_rate, "save_rate", "manner")
booking_follow_through = second_name(engagement.booking_completion_rate, "booking_follow_through", "manner")


@_manner(unit="ratio", range=(0, 1), example=Example(_HOMES, 0.5))
def exploration_ratio(h: History) -> float:
    """Different homes by events that name one; NaN without any."""
    named = 0
    for i in range(h.size):
        if h.property[i] >= 0:
            named += 1
    return distinct(h.property, h.size) / named if named > 0 else math.nan


@_manner(unit="ratio", range=(0, 1), missing=0.0, example=Example(_HOMES, 0.5))
def property_loyalty(h: History) -> float:
    """Share of the homes dealt with that came up more than once; 0 without homes."""
    homes = distinct(h.property, h.size)
    counts = np.zeros(homes, np.int64)
    again = 0
    for i in range(h.size):
        if h.property[i] >= 0:
            counts[h.property[i]] += 1
            if counts[h.property[i]] == 2:
                again += 1
    return ratio(again, homes)


search_refinement_rate = second_name(sessions.filters_per_search, "search_refinement_rate", "manner")
