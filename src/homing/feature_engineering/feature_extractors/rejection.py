"""What a lead passes on, for which reasons, and what limits those reasons imply."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.event_types import DISLIKE_REASONS
from homing.feature_engineering.arithmetic import ascending, distinct, share
from homing.feature_engineering.declaration import Example, choice, feature
from homing.feature_engineering.feature_extractors.evidence import (
    HOMES_SEEN,
    log_quantile,
    ordered_for,
    passed,
    speaks_for,
)
from homing.feature_engineering.feature_extractors.vocabulary import QUARTER, WISHES
from homing.tracking.history import History

_MOST = 1e9
_DEAREST = 1e12
_TOO_DEAR, _TOO_CHEAP, _PLACE, _STYLE, _TOO_SMALL, _TOO_LARGE = (
    choice("reason", word) for word in DISLIKE_REASONS if word != "other"
)

_PASSES = [
    (9 * DAY, "property_view", {"property_id": "home-1"}),
    (8 * DAY, "property_save", {"property_id": "home-2"}),
    (7 * DAY, "property_dislike", {"property_id": "home-3", "reason": "price_too_high"}),
    (6 * DAY, "property_swipe", {"property_id": "home-1", "swipe_direction": "left", "reason": "size_too_small"}),
    (5 * DAY, "property_dislike", {"property_id": "home-3", "reason": "location"}),
    (4 * DAY, "property_dislike", {"property_id": "home-1"}),
]

_reject = partial(feature, family="rejection", reads=WISHES, window=QUARTER)


def _passes(h: History) -> int:
    count = 0
    for i in range(h.size):
        if passed(h, i):
            count += 1
    return count


@_reject(unit="events", range=(0, _MOST), missing=0.0, example=Example(_PASSES, 4.0, homes=HOMES_SEEN))
def passes_90d(h: History) -> int:
    """Homes passed on: dislikes and left swipes."""
    return _passes(h)


@_reject(unit="ratio", range=(0, 1), missing=0.0, example=Example(_PASSES, 0.6666666667, homes=HOMES_SEEN))
def pass_share_90d(h: History) -> float:
    """Homes passed on by these and all that speaks for a home; 0 of none."""
    spoken = 0
    for i in range(h.size):
        if speaks_for(h, i):
            spoken += 1
    return share(_passes(h), _passes(h) + spoken)


def _for_reason(h: History, reason: int) -> float:
    """Share of a reason among the passes that give one; NaN if none does."""
    given, this = 0, 0
    for i in range(h.size):
        if passed(h, i) and h.reason[i] >= 0:
            given += 1
            if h.reason[i] == reason:
                this += 1
    return this / given if given > 0 else math.nan


@_reject(unit="ratio", range=(0, 1), example=Example(_PASSES, 0.3333333333, homes=HOMES_SEEN))
def passed_too_dear_share_90d(h: History) -> float:
    """Share of "price too high" among the passes that give a reason; NaN if none does."""
    return _for_reason(h, _TOO_DEAR)


@_reject(unit="ratio", range=(0, 1), example=Example(_PASSES, 0.0, homes=HOMES_SEEN))
def passed_too_cheap_share_90d(h: History) -> float:
    """Share of "price too low" among the passes that give a reason; NaN if none does."""
    return _for_reason(h, _TOO_CHEAP)


@_reject(unit="ratio", range=(0, 1), example=Example(_PASSES, 0.3333333333, homes=HOMES_SEEN))
def passed_place_share_90d(h: History) -> float:
    """Share of "location" among the passes that give a reason; NaN if none does."""
    return _for_reason(h, _PLACE)


@_reject(unit="ratio", range=(0, 1), example=Example(_PASSES, 0.0, homes=HOMES_SEEN))
def passed_style_share_90d(h: History) -> float:
    """Share of "style" among the passes that give a reason; NaN if none does."""
    return _for_reason(h, _STYLE)


@_reject(unit="ratio", range=(0, 1), example=Example(_PASSES, 0.3333333333, homes=HOMES_SEEN))
def passed_too_small_share_90d(h: History) -> float:
    """Share of "size too small" among the passes that give a reason; NaN if none does."""
    return _for_reason(h, _TOO_SMALL)


@_reject(unit="ratio", range=(0, 1), example=Example(_PASSES, 0.0, homes=HOMES_SEEN))
def passed_too_large_share_90d(h: History) -> float:
    """Share of "size too large" among the passes that give a reason; NaN if none does."""
    return _for_reason(h, _TOO_LARGE)


def _extreme(h: History, values: Sequence[float], reason: int, sign: float) -> float:
    """The lowest (sign 1) or highest (-1) value of the homes passed for a reason; NaN of none."""
    best = math.nan
    for i in range(h.size):
        if passed(h, i) and h.reason[i] == reason and values[i] > 0.0 and not sign * values[i] >= sign * best:
            best = values[i]
    return best


@_reject(unit="USD", range=(0, _DEAREST), example=Example(_PASSES, 800000.0, homes=HOMES_SEEN))
def too_dear_from_90d(h: History) -> float:
    """The lowest price of a home that was passed on as too dear; NaN if none was."""
    return _extreme(h, h.home_price, _TOO_DEAR, 1.0)


@_reject(unit="USD", range=(0, _DEAREST), example=Example(_PASSES, math.nan, homes=HOMES_SEEN))
def too_cheap_to_90d(h: History) -> float:
    """The highest price of a home that was passed on as too cheap; NaN if none was."""
    return _extreme(h, h.home_price, _TOO_CHEAP, -1.0)


@_reject(unit="square feet", range=(0, 1e16), example=Example(_PASSES, 1000.0, homes=HOMES_SEEN))
def too_small_to_90d(h: History) -> float:
    """The largest living area of a home that was passed on as too small; NaN if none was."""
    return _extreme(h, h.home_area, _TOO_SMALL, -1.0)


@_reject(unit="square feet", range=(0, 1e16), example=Example(_PASSES, math.nan, homes=HOMES_SEEN))
def too_large_from_90d(h: History) -> float:
    """The smallest living area of a home that was passed on as too large; NaN if none was."""
    return _extreme(h, h.home_area, _TOO_LARGE, 1.0)


@_reject(unit="USD", range=(0, _DEAREST), example=Example(_PASSES, 625438.3322, homes=HOMES_SEEN))
def implied_price_limit_90d(h: History) -> float:
    """The price limit that passes imply: midway (in logarithms) between too dear and what the lead still turns to.

    Of too_dear_from_90d and the ninth decile of the prices of homes it speaks for, if that is lower; else
    too_dear_from_90d itself. NaN if no home was passed on as too dear.
    """
    dear = _extreme(h, h.home_price, _TOO_DEAR, 1.0)
    wanted = log_quantile(ordered_for(h, h.home_price), 0.9)
    return math.sqrt(dear * wanted) if wanted < dear else dear


def _passed_prices(h: History) -> NDArray[np.float64]:
    found = np.empty(h.size)
    count = 0
    for i in range(h.size):
        if h.home_price[i] > 0.0 and passed(h, i):
            found[count] = h.home_price[i]
            count += 1
    return ascending(found[:count])


@_reject(unit="log ratio", range=(-1000, 1000), example=Example(_PASSES, 0.2350018146, homes=HOMES_SEEN))
def passed_to_wanted_price_90d(h: History) -> float:
    """Logarithm of the median price of homes passed on by that of homes turned to; NaN unless both are known."""
    wanted = log_quantile(ordered_for(h, h.home_price), 0.5)
    return math.log(log_quantile(_passed_prices(h), 0.5) / wanted)


@_reject(unit="listings", range=(0, _MOST), missing=0.0, example=Example(_PASSES, 1.0, homes=HOMES_SEEN))
def places_passed_90d(h: History) -> int:
    """Different places (postal codes, else cities) of homes that were passed on for their location."""
    seen = np.zeros(distinct(h.home_place, h.size), np.int64)
    count = 0
    for i in range(h.size):
        place = h.home_place[i]
        if place >= 0 and h.reason[i] == _PLACE and passed(h, i) and seen[place] == 0:
            seen[place] = 1
            count += 1
    return count
