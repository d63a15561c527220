"""Signs that a lead is in earnest: homes come back to, returns, bursts, attention, and bringing others in."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from homing.core.clock import DAY, HOUR, MINUTE
from homing.event_types import EventType
from homing.feature_engineering.arithmetic import ascending, distinct, quantile, ratio
from homing.feature_engineering.declaration import Example, choice, code, feature
from homing.feature_engineering.feature_extractors.evidence import values_of_type
from homing.feature_engineering.feature_extractors.vocabulary import BEHAVIOR, QUARTER, SAVE, SHARE, VIEW, WEEK
from homing.store.columns import TYPES
from homing.tracking.history import History

_MOST = 1e9
_SILENCE = 30 * MINUTE
_AWAY = 14 * DAY
_DAYS = 90
_PHOTOS = code(EventType.PHOTOS_VIEWED)
_EMAIL, _SMS = choice("share_method", "email"), choice("share_method", "sms")
_CONTACTS = {
    EventType.INQUIRY_SENT,
    EventType.CONTACT_CLICKED,
    EventType.CALL_RECEIVED,
    EventType.DIRECTIONS_CLICKED,
}
_IS_CONTACT = tuple(int(kind in _CONTACTS) for kind in TYPES)

_AGAIN = [
    (40 * DAY, "property_view", {"property_id": "home-1", "view_duration_seconds": 20}),
    (40 * DAY - 5 * MINUTE, "property_view", {"property_id": "home-1", "view_duration_seconds": 30}),
    (6 * DAY, "property_view", {"property_id": "home-2", "view_duration_seconds": 40}),
    (5 * DAY, "property_view", {"property_id": "home-1", "view_duration_seconds": 90}),
    (5 * HOUR, "property_save", {"property_id": "home-1"}),
    (4 * HOUR, "property_view", {"property_id": "home-3", "view_duration_seconds": 60}),
]
_ATTENTION = [
    (3 * DAY, "photos_viewed", {"photos_seen": 5, "photos_total": 20}),
    (2 * DAY, "photos_viewed", {"photos_seen": 30, "photos_total": 30}),
    (2 * DAY, "property_share", {"share_method": "sms"}),
    (DAY, "property_share", {"share_method": "link"}),
    (HOUR, "inquiry_sent"),
    (HOUR, "directions_clicked"),
]

_intent = partial(feature, family="intent", reads=BEHAVIOR, window=QUARTER)


def _returned(h: History, what: int) -> float:
    """Views of a home half an hour or more after its last one: 0 how many, 1 of how many homes, 2 most of one home.

    3 is the mean number of hours since that last view, NaN of none.
    """
    homes = distinct(h.property, h.size)
    last, counts = np.zeros(homes, np.int64), np.zeros(homes, np.int64)
    returns, again, most, gap = 0, 0, 0, 0
    for i in range(h.size):
        home = h.property[i]
        if h.type[i] == VIEW and home >= 0:
            if last[home] != 0 and h.at[i] - last[home] >= _SILENCE:
                returns += 1
                counts[home] += 1
                again += 1 if counts[home] == 1 else 0
                most = max(most, counts[home])
                gap += h.at[i] - last[home]
            last[home] = h.at[i]
    if what == 0:
        return float(returns)
    if what == 1:
        return float(again)
    if what == 2:
        return float(most)
    return gap / HOUR / returns if returns > 0 else math.nan


@_intent(unit="events", range=(0, _MOST), missing=0.0, example=Example(_AGAIN, 1.0))
def home_returns_90d(h: History) -> float:
    """Views of a home that the lead had viewed before, at least 30 minutes earlier."""
    return _returned(h, 0)


@_intent(unit="listings", range=(0, _MOST), missing=0.0, example=Example(_AGAIN, 1.0))
def homes_returned_to_90d(h: History) -> float:
    """Different homes that the lead viewed again after 30 minutes or more."""
    return _returned(h, 1)


@_intent(unit="events", range=(0, _MOST), missing=0.0, example=Example(_AGAIN, 1.0))
def most_home_returns_90d(h: History) -> float:
    """How often the lead came back to the home it came back to most."""
    return _returned(h, 2)


@_intent(unit="hours", range=(0, _DAYS * 24), example=Example(_AGAIN, 839.9166667))
def hours_to_home_return_90d(h: History) -> float:
    """Mean time from a view of a home to coming back to it; NaN if the lead never did."""
    return _returned(h, 3)


@_intent(unit="days", range=(0, _DAYS), missing=0.0, example=Example(_AGAIN, 33.99652778))
def longest_silence_90d(h: History) -> float:
    """The longest time from one event to the next."""
    longest = 0
    for i in range(1, h.size):
        longest = max(longest, h.at[i] - h.at[i - 1])
    return longest / DAY


@_intent(unit="flag", range=(0, 1), missing=0.0, example=Example(_AGAIN, 1.0))
def returned_after_14d_7d(h: History) -> int:
    """1 if a silence of 14 days or more ended in the last 7 days, else 0."""
    for i in range(1, h.size):
        if h.at[i] - h.at[i - 1] >= _AWAY and h.as_of - h.at[i] < WEEK:
            return 1
    return 0


def _visits_of_a_week(h: History) -> int:
    count = 0
    for i in range(h.size):
        begins = i == 0 or h.at[i] - h.at[i - 1] >= _SILENCE
        if begins and h.as_of - h.at[i] < WEEK:
            count += 1
    return count


@_intent(unit="sessions", range=(0, _MOST), missing=0.0, example=Example(_AGAIN, 4.0))
def visits_7d(h: History) -> int:
    """Visits begun in the last 7 days, told apart by 30 minutes or more without an event."""
    return _visits_of_a_week(h)


@_intent(unit="flag", range=(0, 1), missing=0.0, example=Example(_AGAIN, 0.0))
def five_visits_7d(h: History) -> int:
    """1 if there were five or more visits in the last 7 days, else 0."""
    return 1 if _visits_of_a_week(h) >= 5 else 0


def _homes_of_a_day(h: History) -> int:
    seen = np.zeros(distinct(h.property, h.size), np.int64)
    count = 0
    for i in range(h.size):
        if h.type[i] == VIEW and h.property[i] >= 0 and h.as_of - h.at[i] < DAY and seen[h.property[i]] == 0:
            seen[h.property[i]] = 1
            count += 1
    return count


@_intent(unit="listings", range=(0, _MOST), missing=0.0, example=Example(_AGAIN, 1.0))
def homes_24h(h: History) -> int:
    """Different homes viewed in the last 24 hours."""
    return _homes_of_a_day(h)


@_intent(unit="flag", range=(0, 1), missing=0.0, example=Example(_AGAIN, 0.0))
def five_homes_24h(h: History) -> int:
    """1 if five or more different homes were viewed in the last 24 hours, else 0."""
    return 1 if _homes_of_a_day(h) >= 5 else 0


@_intent(unit="seconds", range=(0, 86_400), example=Example(_AGAIN, 40.0))
def median_dwell_90d(h: History) -> float:
    """Median time spent on a home's page, over the views that say how long; NaN if none does."""
    return quantile(ascending(values_of_type(h, VIEW, h.view_duration_seconds)), 0.5)


@_intent(unit="ratio", range=(0, 86_400), example=Example(_AGAIN, 1.5))
def last_dwell_to_median_90d(h: History) -> float:
    """Time spent on the page of the home viewed last, by the lead's own median (at least a second); NaN without any."""
    seconds = values_of_type(h, VIEW, h.view_duration_seconds)
    if len(seconds) == 0:
        return math.nan
    last = seconds[len(seconds) - 1]
    return float(last) / max(1.0, quantile(ascending(seconds), 0.5))


@_intent(unit="ratio", range=(0, 1), example=Example(_AGAIN, 0.2))
def long_dwell_share_90d(h: History) -> float:
    """Share of views at least twice as long as the lead's own median (at least a second); NaN without any."""
    seconds = ascending(values_of_type(h, VIEW, h.view_duration_seconds))
    middle, long = max(1.0, quantile(seconds, 0.5)), 0
    for i in range(len(seconds)):
        if seconds[i] >= 2.0 * middle:
            long += 1
    return long / len(seconds) if len(seconds) > 0 else math.nan


@_intent(unit="ratio", range=(0, 1), example=Example(_ATTENTION, 0.625))
def photo_completion_90d(h: History) -> float:
    """Mean share of a home's photos that were looked through, at most 1; NaN where no event tells."""
    total, known = 0.0, 0
    for i in range(h.size):
        if h.type[i] == _PHOTOS and h.photos_total[i] > 0.0 and h.photos_seen[i] >= 0.0:
            total += min(1.0, h.photos_seen[i] / h.photos_total[i])
            known += 1
    return total / known if known > 0 else math.nan


@_intent(unit="events", range=(0, _MOST), missing=0.0, example=Example(_ATTENTION, 2.0))
def shares_90d(h: History) -> int:
    """Homes sent to somebody."""
    count = 0
    for i in range(h.size):
        if h.type[i] == SHARE:
            count += 1
    return count


@_intent(unit="events", range=(0, _MOST), missing=0.0, example=Example(_ATTENTION, 1.0))
def partner_shares_90d(h: History) -> int:
    """Homes sent to one person, by e-mail or text message."""
    count = 0
    for i in range(h.size):
        if h.type[i] == SHARE and (h.share_method[i] == _EMAIL or h.share_method[i] == _SMS):
            count += 1
    return count


@_intent(unit="ratio", range=(0, 1), missing=0.0, example=Example(_AGAIN, 0.3333333333))
def saved_homes_share_90d(h: History) -> float:
    """Share of the homes viewed that were saved as well; 0 without views."""
    homes = distinct(h.property, h.size)
    viewed, saved = np.zeros(homes, np.int64), np.zeros(homes, np.int64)
    for i in range(h.size):
        if h.property[i] >= 0:
            if h.type[i] == VIEW:
                viewed[h.property[i]] = 1
            elif h.type[i] == SAVE:
                saved[h.property[i]] = 1
    both, all_viewed = 0, 0
    for home in range(homes):
        both += viewed[home] * saved[home]
        all_viewed += viewed[home]
    return ratio(both, all_viewed)


@_intent(unit="hours", range=(0, _DAYS * 24), example=Example(_AGAIN, 955.0))
def hours_view_to_save_90d(h: History) -> float:
    """Mean time from the first view of a home to the first save of it after that; NaN if there is none."""
    homes = distinct(h.property, h.size)
    first, done = np.zeros(homes, np.int64), np.zeros(homes, np.int64)
    total, count = 0, 0
    for i in range(h.size):
        home = h.property[i]
        if home >= 0 and h.type[i] == VIEW and first[home] == 0:
            first[home] = h.at[i]
        elif home >= 0 and h.type[i] == SAVE and first[home] != 0 and done[home] == 0:
            done[home] = 1
            total += h.at[i] - first[home]
            count += 1
    return total / HOUR / count if count > 0 else math.nan


@_intent(unit="events", range=(0, _MOST), missing=0.0, example=Example(_ATTENTION, 2.0))
def contacts_90d(h: History) -> int:
    """Inquiries, contact details pressed, calls from the lead, ways to a home asked for."""
    count = 0
    for i in range(h.size):
        count += _IS_CONTACT[h.type[i]]
    return count
