"""Whether a lead narrows its search, and around which places on the map it looks."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.feature_engineering.arithmetic import ascending, entropy_bits
from homing.feature_engineering.declaration import Example, Homes, feature
from homing.feature_engineering.feature_extractors.evidence import HOMES_SEEN, SEEN, codes_of_age, speaks_for
from homing.feature_engineering.feature_extractors.vocabulary import QUARTER, WEEK, WISHES
from homing.tracking.history import History

_MOST_BITS = 64
_BAND = math.log(1.1)

_FAR = [*SEEN, (DAY, "property_view", {"property_id": "home-4"})]
_AND_FAR: Homes = {**HOMES_SEEN, "home-4": [(30 * DAY, {"latitude": 47.4, "longitude": -122.25})]}

_narrow = partial(feature, family="narrowing", reads=WISHES, window=QUARTER)


def _price_entropy(h: History, youngest: int, oldest: int) -> float:
    """Entropy of the prices in bands of 10 % of homes of these ages."""
    bands = np.empty(h.size)
    count = 0
    for i in range(h.size):
        if h.home_price[i] > 0.0 and youngest <= h.as_of - h.at[i] < oldest and speaks_for(h, i):
            bands[count] = math.floor(math.log(h.home_price[i]) / _BAND)
            count += 1
    return entropy_bits(ascending(bands[:count]))


@_narrow(unit="bits", range=(0, _MOST_BITS), example=Example(SEEN, 1.0, homes=HOMES_SEEN))
def price_entropy_7d(h: History) -> float:
    """Entropy of the prices, in bands of 10 %, of the homes of the last 7 days; NaN where no price is known."""
    return _price_entropy(h, 0, WEEK)


@_narrow(unit="bits", range=(-_MOST_BITS, _MOST_BITS), example=Example(SEEN, 0.0, homes=HOMES_SEEN))
def price_entropy_change_7d(h: History) -> float:
    """Entropy of the prices of the last 7 days less that of the 83 days before: below 0 narrower; NaN unless both."""
    return _price_entropy(h, 0, WEEK) - _price_entropy(h, WEEK, QUARTER)


@_narrow(unit="bits", range=(0, _MOST_BITS), example=Example(SEEN, 1.0, homes=HOMES_SEEN))
def place_entropy_7d(h: History) -> float:
    """Entropy of the places (postal codes, else cities) of the homes of the last 7 days; NaN where none is known."""
    return entropy_bits(codes_of_age(h, h.home_place, 0, WEEK))


@_narrow(unit="bits", range=(-_MOST_BITS, _MOST_BITS), example=Example(SEEN, 1.0, homes=HOMES_SEEN))
def place_entropy_change_7d(h: History) -> float:
    """Entropy of the places of the last 7 days less that of the 83 days before: below 0 narrower; NaN unless both."""
    before = entropy_bits(codes_of_age(h, h.home_place, WEEK, QUARTER))
    return entropy_bits(codes_of_age(h, h.home_place, 0, WEEK)) - before


@_narrow(unit="bits", range=(0, _MOST_BITS), example=Example(SEEN, 0.0, homes=HOMES_SEEN))
def kind_entropy_7d(h: History) -> float:
    """Entropy of the kinds of home of the last 7 days; NaN where none is known."""
    return entropy_bits(codes_of_age(h, h.home_kind, 0, WEEK))


@_narrow(unit="bits", range=(-_MOST_BITS, _MOST_BITS), example=Example(SEEN, -1.0, homes=HOMES_SEEN))
def kind_entropy_change_7d(h: History) -> float:
    """Entropy of the kinds of home of the last 7 days less that of the 83 days before; NaN unless both are known."""
    before = entropy_bits(codes_of_age(h, h.home_kind, WEEK, QUARTER))
    return entropy_bits(codes_of_age(h, h.home_kind, 0, WEEK)) - before


ANCHORS = 3
_REACH_KM = 3.0
_MOST_GROUPS = 12
_KM = 111.195
"""Kilometers of one degree of latitude."""


def _distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The distance over a plane that touches the earth at the second point; good to 1 % below 100 km."""
    north = (latitude - other_latitude) * _KM
    east = (longitude - other_longitude) * _KM * math.cos(other_latitude * math.pi / 180.0)
    return math.sqrt(north * north + east * east)


def _groups(h: History) -> NDArray[np.float64]:
    """Homes within 3 km of one another, from the newest on: latitude, longitude, weight of each group, and of all.

    A home joins the first group whose first member lies within 3 km; shape (12 + 1, 3), weights 0 where there is none.
    """
    first = np.empty((_MOST_GROUPS, 2))
    found = np.zeros((_MOST_GROUPS + 1, 3))
    count = 0
    for i in range(h.size - 1, -1, -1):
        if math.isnan(h.home_latitude[i]) or math.isnan(h.home_longitude[i]) or not speaks_for(h, i):
            continue
        found[_MOST_GROUPS, 2] += 1.0
        own = 0
        while own < count and (
            _distance_km(h.home_latitude[i], h.home_longitude[i], first[own, 0], first[own, 1]) > _REACH_KM
        ):
            own += 1
        if own == count and count < _MOST_GROUPS:
            first[own, 0], first[own, 1] = h.home_latitude[i], h.home_longitude[i]
            count += 1
        if own < count:
            found[own, 0] += h.home_latitude[i]
            found[own, 1] += h.home_longitude[i]
            found[own, 2] += 1.0
    for group in range(count):
        found[group, 0] /= found[group, 2]
        found[group, 1] /= found[group, 2]
    return found


def _anchor(groups: NDArray[np.float64], place: int) -> int:
    """The group that is the heaviest, second or third; of equal ones the newer first. -1 if there are not so many."""
    best = -1
    for step in range(place + 1):
        last, best = best, -1
        for group in range(_MOST_GROUPS):
            after = last < 0 or groups[group, 2] < groups[last, 2] or (
                groups[group, 2] == groups[last, 2] and group > last
            )  # fmt: skip
            if after and groups[group, 2] > 0.0 and (best < 0 or groups[group, 2] > groups[best, 2]):
                best = group
        if best < 0 or step == place:
            return best
    return best


def _anchor_value(groups: NDArray[np.float64], place: int, part: int) -> float:
    """Latitude (part 0), longitude (1) or share (2) of an anchor."""
    chosen = _anchor(groups, place)
    if chosen < 0:
        return math.nan
    return float(groups[chosen, part] / groups[_MOST_GROUPS, 2] if part == 2 else groups[chosen, part])


@_narrow(unit="degrees", range=(-90, 90), example=Example(SEEN, 47.60666667, homes=HOMES_SEEN))
def anchor_1_latitude_90d(h: History) -> float:
    """Latitude of the middle of the largest group of homes within 3 km of one another; NaN where no home is placed."""
    return _anchor_value(_groups(h), 0, 0)


@_narrow(unit="degrees", range=(-180, 180), example=Example(SEEN, -122.30666667, homes=HOMES_SEEN))
def anchor_1_longitude_90d(h: History) -> float:
    """Longitude of the middle of the largest group of homes; NaN where no home is placed."""
    return _anchor_value(_groups(h), 0, 1)


@_narrow(unit="ratio", range=(0, 1), example=Example(SEEN, 0.75, homes=HOMES_SEEN))
def anchor_1_share_90d(h: History) -> float:
    """Share of the largest group among all homes that are placed; NaN where none is."""
    return _anchor_value(_groups(h), 0, 2)


@_narrow(unit="degrees", range=(-90, 90), example=Example(SEEN, 47.5, homes=HOMES_SEEN))
def anchor_2_latitude_90d(h: History) -> float:
    """Latitude of the middle of the second largest group of homes; NaN if there is none."""
    return _anchor_value(_groups(h), 1, 0)


@_narrow(unit="degrees", range=(-180, 180), example=Example(SEEN, -122.2, homes=HOMES_SEEN))
def anchor_2_longitude_90d(h: History) -> float:
    """Longitude of the middle of the second largest group of homes; NaN if there is none."""
    return _anchor_value(_groups(h), 1, 1)


@_narrow(unit="ratio", range=(0, 1), example=Example(SEEN, 0.25, homes=HOMES_SEEN))
def anchor_2_share_90d(h: History) -> float:
    """Share of the second largest group among all homes that are placed; NaN if there is none."""
    return _anchor_value(_groups(h), 1, 2)


@_narrow(unit="degrees", range=(-90, 90), example=Example(_FAR, 47.5, homes=_AND_FAR))
def anchor_3_latitude_90d(h: History) -> float:
    """Latitude of the middle of the third largest group of homes; NaN if there is none."""
    return _anchor_value(_groups(h), 2, 0)


@_narrow(unit="degrees", range=(-180, 180), example=Example(_FAR, -122.2, homes=_AND_FAR))
def anchor_3_longitude_90d(h: History) -> float:
    """Longitude of the middle of the third largest group of homes; NaN if there is none."""
    return _anchor_value(_groups(h), 2, 1)


@_narrow(unit="ratio", range=(0, 1), example=Example(_FAR, 0.2, homes=_AND_FAR))
def anchor_3_share_90d(h: History) -> float:
    """Share of the third largest group among all homes that are placed; NaN if there is none."""
    return _anchor_value(_groups(h), 2, 2)


@_narrow(unit="kilometers", range=(0, 45_000), example=Example(_FAR, 0.3576193268, homes=_AND_FAR))
def anchor_spread_90d(h: History) -> float:
    """Mean distance of the homes to the nearest of up to three anchors; NaN where no home is placed."""
    groups = _groups(h)
    anchors = np.empty(ANCHORS, np.int64)
    for place in range(ANCHORS):
        anchors[place] = _anchor(groups, place)
    total, known = 0.0, 0
    for i in range(h.size):
        if math.isnan(h.home_latitude[i]) or math.isnan(h.home_longitude[i]) or not speaks_for(h, i):
            continue
        nearest = math.inf
        for place in range(ANCHORS):
            chosen = anchors[place]
            if chosen >= 0:
                away = _distance_km(h.home_latitude[i], h.home_longitude[i], groups[chosen, 0], groups[chosen, 1])
                nearest = min(nearest, away)
        total += nearest
        known += 1
    return total / known if known > 0 else math.nan
