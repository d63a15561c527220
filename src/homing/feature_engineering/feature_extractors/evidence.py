"""What the families read of the homes that leads turned to: which events speak for a home, and values over those."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.feature_engineering.arithmetic import ascending
from homing.feature_engineering.declaration import Homes
from homing.feature_engineering.feature_extractors.vocabulary import DISLIKE, FOR_A_HOME, LEFT, RIGHT, SWIPE
from homing.store.columns import TYPES
from homing.tracking.history import History

__all__ = [
    "HOMES_SEEN",
    "SEEN",
    "codes_for",
    "codes_of_age",
    "log_quantile",
    "ordered_for",
    "passed",
    "speaks_for",
    "values_for",
    "values_of_type",
]

_SPEAKS = tuple(int(kind in FOR_A_HOME) for kind in TYPES)
_AGES = 90 * DAY

HOMES_SEEN: Homes = {
    "home-1": [(_AGES, {"price": 400_000.0, "beds": 2.0, "baths": 1.0, "area": 1000.0, "amenities": 3.0,
                          "latitude": 47.6, "longitude": -122.3, "kind": "Condominium", "place": "98101"})],
    "home-2": [(_AGES, {"price": 500_000.0, "beds": 3.0, "baths": 2.0, "area": 1500.0, "amenities": 1.0,
                          "latitude": 47.61, "longitude": -122.31, "kind": "Townhouse", "place": "98101"})],
    "home-3": [(_AGES, {"price": 800_000.0, "beds": 4.0, "baths": 2.5, "area": 2400.0, "amenities": 0.0,
                          "latitude": 47.5, "longitude": -122.2, "kind": "Townhouse", "place": "98055"})],
}  # fmt: skip
"""Three homes for examples."""

SEEN = [
    (20 * DAY, "property_view", {"property_id": "home-1"}),
    (9 * DAY, "property_view", {"property_id": "home-2"}),
    (6 * DAY, "property_swipe", {"property_id": "home-3", "swipe_direction": "left"}),
    (5 * DAY, "property_save", {"property_id": "home-3"}),
    (3 * DAY, "property_view", {"property_id": "home-2"}),
    (2 * DAY, "property_view"),
]
"""What a lead does with them, for examples."""


def speaks_for(h: History, i: int) -> bool:
    """Whether an event speaks for a home; of swipes only those to the right."""
    return _SPEAKS[h.type[i]] == 1 and (h.type[i] != SWIPE or h.swipe_direction[i] == RIGHT)


def passed(h: History, i: int) -> bool:
    """Whether an event passes on a home: a dislike or a left swipe."""
    return h.type[i] == DISLIKE or (h.type[i] == SWIPE and h.swipe_direction[i] == LEFT)


def values_for(h: History, values: Sequence[float]) -> NDArray[np.float64]:
    """The values that are known, of events that speak for a home, in the order of time."""
    found = np.empty(h.size)
    count = 0
    for i in range(h.size):
        if speaks_for(h, i) and not math.isnan(values[i]):
            found[count] = values[i]
            count += 1
    return found[:count]


def values_of_type(h: History, kind: int, values: Sequence[float]) -> NDArray[np.float64]:
    """The values that are known, of events of one type, in the order of time."""
    found = np.empty(h.size)
    count = 0
    for i in range(h.size):
        if h.type[i] == kind and not math.isnan(values[i]):
            found[count] = values[i]
            count += 1
    return found[:count]


def ordered_for(h: History, values: Sequence[float]) -> NDArray[np.float64]:
    """The values above 0 of events that speak for a home, in ascending order."""
    found = np.empty(h.size)
    count = 0
    for i in range(h.size):
        if values[i] > 0.0 and speaks_for(h, i):
            found[count] = values[i]
            count += 1
    return ascending(found[:count])


def log_quantile(ordered: NDArray[np.float64], level: float) -> float:
    """The quantile of ordered values above 0, between neighbours in proportion to their logarithms; NaN of none."""
    if len(ordered) == 0:
        return math.nan
    place = level * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] * (ordered[high] / ordered[low]) ** (place - low))


def codes_for(h: History, codes: Sequence[int]) -> NDArray[np.float64]:
    """The codes that are there, of events that speak for a home, in ascending order."""
    return codes_of_age(h, codes, 0, _AGES)


def codes_of_age(h: History, codes: Sequence[int], youngest: int, oldest: int) -> NDArray[np.float64]:
    """As `codes_for`, of events of an age from `youngest` to before `oldest` in microseconds."""
    found = np.empty(h.size)
    count = 0
    for i in range(h.size):
        if speaks_for(h, i) and codes[i] >= 0 and youngest <= h.as_of - h.at[i] < oldest:
            found[count] = codes[i]
            count += 1
    return ascending(found[:count])
