"""What a lead's limits are: those that show in the homes it turns to, those it states, and how the two agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from homing.core.clock import DAY
from homing.feature_engineering.arithmetic import ascending, entropy_bits, last_known, longest_run, quantile
from homing.feature_engineering.declaration import Example, feature
from homing.feature_engineering.feature_extractors.evidence import (
    HOMES_SEEN,
    SEEN,
    codes_for,
    log_quantile,
    ordered_for,
    speaks_for,
    values_for,
)
from homing.feature_engineering.feature_extractors.vocabulary import QUARTER, SAVE, VIEW, WISHES
from homing.tracking.history import History

_DEAREST = 1e12
_LARGEST = 1e16
_WIDEST = 1000.0
_LOW, _HIGH = 0.1, 0.9

_SAID = [
    (12 * DAY, "search_query", {"search_filters": {"price_max": 450_000, "bedrooms_min": 3, "price_min": 300_000}}),
    (11 * DAY, "search_saved", {"search_filters": {"price_max": 480_000, "square_feet_min": 1200}}),
    (10 * DAY, "filter_applied", {"filter_type": "price_max", "filter_value": 600_000}),
    *SEEN,
]

_limit = partial(feature, family="limits", reads=WISHES, window=QUARTER)


@_limit(unit="USD", range=(0, _DEAREST), example=Example(SEEN, 427693.84, homes=HOMES_SEEN))
def price_floor_90d(h: History) -> float:
    """The price that one in ten of the homes lies below (quantile in logarithms); NaN where no price is known."""
    return log_quantile(ordered_for(h, h.home_price), _LOW)


@_limit(unit="USD", range=(0, _DEAREST), example=Example(SEEN, 500000.0, homes=HOMES_SEEN))
def price_middle_90d(h: History) -> float:
    """The median price of the homes; NaN where no price is known."""
    return log_quantile(ordered_for(h, h.home_price), 0.5)


@_limit(unit="USD", range=(0, _DEAREST), example=Example(SEEN, 694790.6929, homes=HOMES_SEEN))
def price_ceiling_90d(h: History) -> float:
    """The price that one in ten of the homes lies above (quantile in logarithms); NaN where no price is known."""
    return log_quantile(ordered_for(h, h.home_price), _HIGH)


def _log_spread(h: History, values: Sequence[float]) -> float:
    """The logarithm of the upper quartile by the lower one."""
    ordered = ordered_for(h, values)
    if len(ordered) == 0:
        return math.nan
    return math.log(log_quantile(ordered, 0.75) / log_quantile(ordered, 0.25))


@_limit(unit="log ratio", range=(0, _WIDEST), example=Example(SEEN, 0.1732867951, homes=HOMES_SEEN))
def price_spread_90d(h: History) -> float:
    """Logarithm of the upper quartile of the prices by the lower; 0 if they are alike, NaN where none is known."""
    return _log_spread(h, h.home_price)


@_limit(unit="bedrooms", range=(0, 1e6), example=Example(SEEN, 2.3, homes=HOMES_SEEN))
def beds_floor_90d(h: History) -> float:
    """The number of bedrooms that one in ten of the homes lies below; NaN where none is known."""
    return quantile(ascending(values_for(h, h.home_beds)), _LOW)


@_limit(unit="bedrooms", range=(0, 1e6), example=Example(SEEN, 3.0, homes=HOMES_SEEN))
def beds_middle_90d(h: History) -> float:
    """The median number of bedrooms of the homes; NaN where none is known."""
    return quantile(ascending(values_for(h, h.home_beds)), 0.5)


@_limit(unit="bedrooms", range=(0, 1e6), example=Example(SEEN, 0.5, homes=HOMES_SEEN))
def beds_spread_90d(h: History) -> float:
    """The upper quartile of the numbers of bedrooms less the lower; NaN where none is known."""
    beds = ascending(values_for(h, h.home_beds))
    return quantile(beds, 0.75) - quantile(beds, 0.25)


@_limit(unit="bathrooms", range=(0, 1e6), example=Example(SEEN, 2.0, homes=HOMES_SEEN))
def baths_middle_90d(h: History) -> float:
    """The median number of bathrooms of the homes, a half one as 0.5; NaN where none is known."""
    return quantile(ascending(values_for(h, h.home_baths)), 0.5)


@_limit(unit="square feet", range=(0, _LARGEST), example=Example(SEEN, 1129.3469355, homes=HOMES_SEEN))
def area_floor_90d(h: History) -> float:
    """The living area that one in ten of the homes lies below; NaN where none is known."""
    return log_quantile(ordered_for(h, h.home_area), _LOW)


@_limit(unit="square feet", range=(0, _LARGEST), example=Example(SEEN, 1500.0, homes=HOMES_SEEN))
def area_middle_90d(h: History) -> float:
    """The median living area of the homes; NaN where none is known."""
    return log_quantile(ordered_for(h, h.home_area), 0.5)


@_limit(unit="log ratio", range=(0, _WIDEST), example=Example(SEEN, 0.2188671843, homes=HOMES_SEEN))
def area_spread_90d(h: History) -> float:
    """Logarithm of the upper quartile of the living areas by the lower; NaN where none is known."""
    return _log_spread(h, h.home_area)


@_limit(unit="ratio", range=(0, 1), example=Example(SEEN, 0.75, homes=HOMES_SEEN))
def kind_focus_90d(h: History) -> float:
    """Share of the commonest kind of home; NaN where no kind is known."""
    kinds = codes_for(h, h.home_kind)
    return longest_run(kinds) / len(kinds) if len(kinds) > 0 else math.nan


@_limit(unit="bits", range=(0, 64), example=Example(SEEN, 0.8112781245, homes=HOMES_SEEN))
def kind_spread_90d(h: History) -> float:
    """Entropy of the kinds of home; 0 if all are alike, NaN where no kind is known."""
    return entropy_bits(codes_for(h, h.home_kind))


@_limit(unit="ratio", range=(0, 1), example=Example(SEEN, 0.75, homes=HOMES_SEEN))
def place_focus_90d(h: History) -> float:
    """Share of the commonest place (postal code, else city); NaN where no place is known."""
    places = codes_for(h, h.home_place)
    return longest_run(places) / len(places) if len(places) > 0 else math.nan


def _middle_price(h: History, kind: int) -> float:
    found = np.empty(h.size)
    count = 0
    for i in range(h.size):
        if h.type[i] == kind and h.home_price[i] > 0.0:
            found[count] = h.home_price[i]
            count += 1
    return log_quantile(ascending(found[:count]), 0.5)


@_limit(unit="log ratio", range=(-_WIDEST, _WIDEST), example=Example(SEEN, 0.4700036292, homes=HOMES_SEEN))
def saved_to_viewed_price_90d(h: History) -> float:
    """Logarithm of the median price of homes saved by that of homes viewed; NaN unless both are known."""
    return math.log(_middle_price(h, SAVE) / _middle_price(h, VIEW))


def _positive(value: float) -> float:
    return value if value > 0.0 else math.nan


@_limit(unit="USD", range=(0, _DEAREST), example=Example(_SAID, 600000.0, homes=HOMES_SEEN))
def stated_price_ceiling_90d(h: History) -> float:
    """The highest price as last stated in a filter, a search or a saved search; NaN if none was."""
    return _positive(last_known(h.stated_price_max, h.size))


@_limit(unit="USD", range=(0, _DEAREST), example=Example(_SAID, 300000.0, homes=HOMES_SEEN))
def stated_price_floor_90d(h: History) -> float:
    """The lowest price as last stated in a filter, a search or a saved search; NaN if none was."""
    return _positive(last_known(h.stated_price_min, h.size))


@_limit(unit="bedrooms", range=(0, 1e6), example=Example(_SAID, 3.0, homes=HOMES_SEEN))
def stated_beds_floor_90d(h: History) -> float:
    """The lowest number of bedrooms as last stated in a filter, a search or a saved search; NaN if none was."""
    return _positive(last_known(h.stated_beds_min, h.size))


@_limit(unit="square feet", range=(0, _LARGEST), example=Example(_SAID, 1200.0, homes=HOMES_SEEN))
def stated_area_floor_90d(h: History) -> float:
    """The lowest living area as last stated in a filter, a search or a saved search; NaN if none was."""
    return _positive(last_known(h.stated_area_min, h.size))


@_limit(unit="log ratio", range=(-_WIDEST, _WIDEST), example=Example(_SAID, 0.1466809837, homes=HOMES_SEEN))
def ceiling_to_stated_90d(h: History) -> float:
    """Logarithm of price_ceiling_90d by the highest price stated: above 0 the lead looks beyond it; NaN unless both."""
    stated = _positive(last_known(h.stated_price_max, h.size))
    return math.log(log_quantile(ordered_for(h, h.home_price), _HIGH) / stated)


def _beyond(h: History, values: Sequence[float], limit: float, sign: float) -> float:
    """Share of the homes whose value lies beyond a limit: above it for sign 1, below it for -1."""
    known, beyond = 0, 0
    for i in range(h.size):
        if not math.isnan(values[i]) and speaks_for(h, i):
            known += 1
            if sign * (values[i] - limit) > 0.0:
                beyond += 1
    return beyond / known if known > 0 and not math.isnan(limit) else math.nan


@_limit(unit="ratio", range=(0, 1), example=Example(_SAID, 0.25, homes=HOMES_SEEN))
def over_budget_share_90d(h: History) -> float:
    """Share of the homes dearer than the highest price stated; NaN unless both are known."""
    return _beyond(h, h.home_price, _positive(last_known(h.stated_price_max, h.size)), 1.0)


@_limit(unit="ratio", range=(0, 1), example=Example(_SAID, 0.25, homes=HOMES_SEEN))
def under_beds_share_90d(h: History) -> float:
    """Share of the homes with fewer bedrooms than the lowest number stated; NaN unless both are known."""
    return _beyond(h, h.home_beds, _positive(last_known(h.stated_beds_min, h.size)), -1.0)


@_limit(unit="ratio", range=(0, 1), example=Example(_SAID, 0.25, homes=HOMES_SEEN))
def under_area_share_90d(h: History) -> float:
    """Share of the homes smaller than the lowest living area stated; NaN unless both are known."""
    return _beyond(h, h.home_area, _positive(last_known(h.stated_area_min, h.size)), -1.0)


@_limit(unit="events", range=(0, 1e9), missing=0.0, example=Example(_SAID, 2.0, homes=HOMES_SEEN))
def budget_raises_90d(h: History) -> int:
    """How often the lead stated a highest price above the one before."""
    raises, before = 0, math.nan
    for i in range(h.size):
        if not math.isnan(h.stated_price_max[i]):
            raises += 1 if h.stated_price_max[i] > before else 0
            before = h.stated_price_max[i]
    return raises
