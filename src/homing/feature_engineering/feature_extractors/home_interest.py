"""What leads make of one home: attention, weighty acts, verdicts and momentum, and what became of its price."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from homing.core.clock import DAY
from homing.event_types import EventType
from homing.feature_engineering.arithmetic import ascending, distinct, quantile, ratio, share
from homing.feature_engineering.declaration import ALL, Example, Homes, code, feature
from homing.feature_engineering.feature_extractors.evidence import passed, values_of_type
from homing.feature_engineering.feature_extractors.vocabulary import MONTH, QUARTER, REQUEST, SAVE, SHARE, VIEW, WEEK
from homing.tracking.history import History

_MOST = 1e9
_PRIOR_SAVES, _PRIOR_LEADS = 1.0, 20.0
_FOUR_WEEKS = 28 * DAY
_INQUIRY, _OFFER = code(EventType.INQUIRY_SENT), code(EventType.OFFER_MADE)
_TOURED, _PHOTOS = code(EventType.TOUR_COMPLETED), code(EventType.PHOTOS_VIEWED)
_SHOWN, _CLICKED = code(EventType.RECOMMENDATION_SHOWN), code(EventType.RECOMMENDATION_CLICKED)

_CUT: Homes = {
    "it": [
        (40 * DAY, {"price": 500_000.0, "active": 1.0}),
        (20 * DAY, {"price": 450_000.0, "active": 1.0}),
        (3 * DAY, {"price": 400_000.0, "active": 0.0}),
    ]
}
_CONDO = {"kind": "Condominium", "place": "98001", "active": 1.0}
_STREET: Homes = {
    "it": [(40 * DAY, {"price": 500_000.0, **_CONDO})],
    "next door": [(40 * DAY, {"price": 450_000.0, **_CONDO})],
    "opposite": [(40 * DAY, {"price": 600_000.0, **_CONDO})],
    "the villa": [(40 * DAY, {"price": 900_000.0, **_CONDO})],
}
_NEXT_DOOR = [
    (20 * DAY, "next door", "a"),
    (9 * DAY, "next door", "b"),
    (8 * DAY, "opposite", "c"),
    (5 * DAY, "next door", "a"),
    (3 * DAY, "opposite", "a"),
    (2 * DAY, "opposite", "d"),
    (DAY, "the villa", "e"),
]
_WEEKS = [
    (25 * DAY, "property_view", {"lead_id": "a", "view_duration_seconds": 10}),
    (24 * DAY, "property_view", {"lead_id": "b", "view_duration_seconds": 30}),
    (12 * DAY, "property_save", {"lead_id": "a"}),
    (11 * DAY, "property_dislike", {"lead_id": "b", "reason": "price_too_high"}),
    (6 * DAY, "property_view", {"lead_id": "a", "view_duration_seconds": 80}),
    (5 * DAY, "property_view", {"lead_id": "c", "view_duration_seconds": 20}),
    (4 * DAY, "photos_viewed", {"lead_id": "c", "photos_seen": 6, "photos_total": 12}),
    (3 * DAY, "property_share", {"lead_id": "c"}),
    (2 * DAY, "property_view", {"lead_id": "d"}),
    (2 * DAY, "property_save", {"lead_id": "d"}),
    (DAY, "booking_request", {"lead_id": "d"}),
]
_LISTS = [
    (9 * DAY, "recommendation_shown", {"lead_id": "a", "rank": 1}),
    (8 * DAY, "recommendation_shown", {"lead_id": "b", "rank": 4}),
    (8 * DAY, "recommendation_clicked", {"lead_id": "b", "rank": 4}),
    (7 * DAY, "tour_completed", {"lead_id": "b"}),
    (6 * DAY, "tour_completed", {"lead_id": "a", "completed": False}),
    (5 * DAY, "inquiry_sent", {"lead_id": "a"}),
    (4 * DAY, "offer_made", {"lead_id": "b"}),
]

_interest = partial(feature, subject="property", family="interest", reads=ALL, window=MONTH)


def _count(h: History, kind: int, age: int) -> int:
    """Events of a type younger than an age, without those that say `completed: false`."""
    count = 0
    for i in range(h.size):
        if h.type[i] == kind and h.as_of - h.at[i] < age and h.completed[i] != 0.0:
            count += 1
    return count


def _leads(h: History, kind: int, youngest: int, oldest: int) -> int:
    """Different leads with an event of a type of an age from `youngest` to before `oldest`."""
    seen = np.zeros(distinct(h.lead, h.size), np.int64)
    count = 0
    for i in range(h.size):
        if h.type[i] == kind and h.lead[i] >= 0 and seen[h.lead[i]] == 0 and youngest <= h.as_of - h.at[i] < oldest:
            seen[h.lead[i]] = 1
            count += 1
    return count


@_interest(unit="events", range=(0, _MOST), missing=0.0, example=Example(_WEEKS, 3.0))
def view_count_7d(h: History) -> int:
    """Views of the home in the last 7 days."""
    return _count(h, VIEW, WEEK)


@_interest(unit="leads", range=(0, _MOST), missing=0.0, example=Example(_WEEKS, 3.0))
def unique_viewers_7d(h: History) -> int:
    """Different leads who viewed the home in the last 7 days."""
    return _leads(h, VIEW, 0, WEEK)


@_interest(unit="events/listing", range=(0, _MOST), missing=0.0, example=Example(_WEEKS, 1.25))
def views_per_viewer(h: History) -> float:
    """Views by different leads who viewed, visitors without a lead id left out; 0 without viewers."""
    named = 0
    for i in range(h.size):
        if h.type[i] == VIEW and h.lead[i] >= 0:
            named += 1
    return ratio(named, _leads(h, VIEW, 0, MONTH))


@_interest(unit="leads", range=(0, _MOST), missing=0.0, example=Example(_WEEKS, 2.0))
def savers(h: History) -> int:
    """Different leads who saved the home."""
    return _leads(h, SAVE, 0, MONTH)


@_interest(unit="ratio", range=(0, 1), missing=_PRIOR_SAVES / _PRIOR_LEADS, example=Example(_WEEKS, 0.125))
def save_rate_prior(h: History) -> float:
    """Leads who saved, plus 1, by leads who viewed or saved, plus 20: a home that few have seen is taken as average."""
    seen = np.zeros(distinct(h.lead, h.size), np.int64)
    leads, saved = 0.0, 0.0
    for i in range(h.size):
        if h.lead[i] >= 0 and (h.type[i] == VIEW or h.type[i] == SAVE):
            leads += 1.0 if seen[h.lead[i]] == 0 else 0.0
            saved += 1.0 if h.type[i] == SAVE and seen[h.lead[i]] < 2 else 0.0
            seen[h.lead[i]] = 2 if h.type[i] == SAVE else max(1, seen[h.lead[i]])
    return (saved + _PRIOR_SAVES) / (leads + _PRIOR_LEADS)


@_interest(unit="seconds", range=(0, 86_400), example=Example(_WEEKS, 25.0))
def median_view_duration_seconds(h: History) -> float:
    """Median time spent on the home's page, over the views that say how long; NaN if none does."""
    return quantile(ascending(values_of_type(h, VIEW, h.view_duration_seconds)), 0.5)


@_interest(unit="ratio", range=(0, 1), missing=0.0, example=Example(_WEEKS, 0.25))
def long_view_share(h: History) -> float:
    """Share of the views that say how long which lasted over 60 seconds; 0 without any."""
    seconds = values_of_type(h, VIEW, h.view_duration_seconds)
    long = 0
    for i in range(len(seconds)):
        if seconds[i] > 60.0:
            long += 1
    return ratio(long, len(seconds))


@_interest(unit="events", range=(0, _MOST), missing=0.0, example=Example(_WEEKS, 1.0))
def share_count(h: History) -> int:
    """How often the home was sent to somebody."""
    return _count(h, SHARE, MONTH)


@_interest(unit="ratio", range=(0, 1), example=Example(_WEEKS, 0.5))
def photo_completion(h: History) -> float:
    """Mean share of the home's photos that were looked through, at most 1; NaN where no event tells."""
    total, known = 0.0, 0
    for i in range(h.size):
        if h.type[i] == _PHOTOS and h.photos_total[i] > 0.0 and h.photos_seen[i] >= 0.0:
            total += min(1.0, h.photos_seen[i] / h.photos_total[i])
            known += 1
    return total / known if known > 0 else math.nan


@_interest(unit="events", range=(0, _MOST), missing=0.0, example=Example(_LISTS, 1.0))
def inquiry_count(h: History) -> int:
    """Questions about the home."""
    return _count(h, _INQUIRY, MONTH)


@_interest(unit="events", range=(0, _MOST), missing=0.0, example=Example(_WEEKS, 1.0))
def booking_request_count(h: History) -> int:
    """Tours, meetings and calls asked for."""
    return _count(h, REQUEST, MONTH)


@_interest(unit="events", range=(0, _MOST), missing=0.0, example=Example(_LISTS, 1.0))
def tour_count(h: History) -> int:
    """Tours that took place."""
    return _count(h, _TOURED, MONTH)


@_interest(unit="events", range=(0, _MOST), missing=0.0, example=Example(_LISTS, 1.0))
def offer_count(h: History) -> int:
    """Offers made."""
    return _count(h, _OFFER, MONTH)


@_interest(unit="events", range=(0, _MOST), missing=0.0, example=Example(_LISTS, 2.0))
def shown_count(h: History) -> int:
    """How often the home was shown in a list of recommendations."""
    return _count(h, _SHOWN, MONTH)


@_interest(unit="ratio", range=(0, 1), missing=0.0, example=Example(_LISTS, 0.5))
def click_share(h: History) -> float:
    """Recommendations opened by recommendations shown, at most 1; 0 if none was shown."""
    return share(_count(h, _CLICKED, MONTH), _count(h, _SHOWN, MONTH))


@_interest(unit="ratio", range=(0, 1), missing=0.0, example=Example(_WEEKS, 0.3333333333))
def pass_share(h: History) -> float:
    """Dislikes and left swipes by these and saves; 0 of none."""
    passes = 0
    for i in range(h.size):
        if passed(h, i):
            passes += 1
    return share(passes, passes + _count(h, SAVE, MONTH))


@_interest(unit="log ratio", range=(-50, 50), missing=0.0, example=Example(_WEEKS, 0.8754687374))
def view_momentum_7d(h: History) -> float:
    """Logarithm of viewers a week, plus 1: those of the last 7 days by the mean of the 3 weeks before. 0 is steady."""
    return math.log((_leads(h, VIEW, 0, WEEK) + 1.0) / (_leads(h, VIEW, WEEK, _FOUR_WEEKS) / 3.0 + 1.0))


@_interest(unit="log ratio", range=(-50, 50), missing=0.0, example=Example(_WEEKS, 0.4054651081))
def save_momentum_7d(h: History) -> float:
    """Logarithm of savers a week, plus 1: those of the last 7 days by the mean of the 3 weeks before. 0 is steady."""
    return math.log((_leads(h, SAVE, 0, WEEK) + 1.0) / (_leads(h, SAVE, WEEK, _FOUR_WEEKS) / 3.0 + 1.0))


@_interest(
    unit="log ratio",
    range=(-50, 50),
    example=Example(_WEEKS, 0.3646431136, homes=_STREET, views=_NEXT_DOOR),
)
def view_momentum_against_peers_7d(h: History) -> float:
    """`view_momentum_7d` less that of a home like it: ln((v + 1) / (b / 3 + 1)) - ln((V + 1) / (B / 3 + 1)).

    v are the different leads who viewed the home in the last 7 days, b those of the 3 weeks before; V and B are the
    means of these over its peers: other homes on the market in its place (postal code, else city), of its kind and at
    most 20 % off its asking price, the nearest 50. 0 where it fares as they do, above 0 it gains on them; NaN without
    peers, and where its place, kind or price is not known.
    """
    own = math.log((_leads(h, VIEW, 0, WEEK) + 1.0) / (_leads(h, VIEW, WEEK, _FOUR_WEEKS) / 3.0 + 1.0))
    return own - math.log((h.peer_viewers_7d[0] + 1.0) / (h.peer_viewers_before[0] / 3.0 + 1.0))


_state = partial(feature, subject="property", family="market", reads=ALL, window=QUARTER)


@_state(unit="days", range=(0, 100_000), example=Example(_WEEKS, 40.0, homes=_CUT))
def days_on_market(h: History) -> float:
    """Days since the home was listed, else since it was first known; NaN where the catalogue does not know it."""
    return max(0.0, (h.as_of - h.home_listed_at[0]) / DAY) if not math.isnan(h.home_listed_at[0]) else math.nan


@_state(unit="USD", range=(0, 1e12), example=Example(_WEEKS, 400000.0, homes=_CUT))
def asking_price(h: History) -> float:
    """The price asked at `as_of`; NaN where the catalogue does not know it."""
    return float(h.home_price_now[0])


@_state(unit="events", range=(0, _MOST), example=Example(_WEEKS, 2.0, homes=_CUT))
def price_cuts(h: History) -> float:
    """How often the price was cut; NaN where the catalogue knows no price."""
    return float(h.home_price_cuts[0])


@_state(unit="log ratio", range=(-100, 100), example=Example(_WEEKS, -0.2231435513, homes=_CUT))
def price_change(h: History) -> float:
    """Logarithm of the price asked now by the first one: below 0 it fell; NaN where no price is known."""
    return math.log(h.home_price_now[0] / h.home_first_price[0])


@_state(unit="days", range=(0, 100_000), example=Example(_WEEKS, 3.0, homes=_CUT))
def days_since_price_cut(h: History) -> float:
    """Days since the price was last cut; NaN if it never was."""
    return float(h.as_of - h.home_price_cut_at[0]) / DAY


@_state(unit="flag", range=(0, 1), example=Example(_WEEKS, 0.0, homes=_CUT))
def on_market(h: History) -> float:
    """1 if the home is on the market, 0 if it is off it; NaN where the catalogue does not know it."""
    return float(h.home_active_now[0])


@_state(unit="listings", range=(0, 50), example=Example(_WEEKS, 2.0, homes=_STREET, views=_NEXT_DOOR))
def peers_on_market(h: History) -> float:
    """Homes like it, of those on the market in its place and of its kind at most 20 % off its price the nearest 50.

    0 if there are none; NaN where its place, kind or price is not known.
    """
    return float(h.peers[0])


@_state(unit="events/day", range=(0, _MOST), missing=0.0, example=Example(_WEEKS, 0.125, homes=_CUT))
def views_per_day_90d(h: History) -> float:
    """Views a day since the home was listed, at most over the last 90 days and at least over one."""
    listed = h.as_of - QUARTER if math.isnan(h.home_listed_at[0]) else h.home_listed_at[0]
    days = min(90.0, max(1.0, (h.as_of - listed) / DAY))
    views = 0
    for i in range(h.size):
        if h.type[i] == VIEW:
            views += 1
    return views / days


@_state(unit="log ratio", range=(-50, 50), example=Example(_WEEKS, 0.9249487946, homes=_CUT))
def view_lift_after_cut(h: History) -> float:
    """Logarithm of views a day, plus one view a week: since the last price cut by before it, over 90 days.

    NaN if the price was not cut in that time.
    """
    since = (h.as_of - h.home_price_cut_at[0]) / DAY
    if not 0.0 < since < 90.0:
        return math.nan
    after, before = 0.0, 0.0
    for i in range(h.size):
        if h.type[i] == VIEW:
            after += 1.0 if h.at[i] >= h.home_price_cut_at[0] else 0.0
            before += 1.0 if h.at[i] < h.home_price_cut_at[0] else 0.0
    return math.log((after / since + 1.0 / 7.0) / (before / (90.0 - since) + 1.0 / 7.0))
