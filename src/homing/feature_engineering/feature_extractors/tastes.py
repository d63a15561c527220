"""Which homes a lead turns to: kinds, prices, places, sizes. Each event that speaks for a home is one mention of it."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from homing.feature_engineering.arithmetic import deviation, longest_run, mean_of, ratio, runs
from homing.feature_engineering.declaration import Example, Feature, feature
from homing.feature_engineering.feature_extractors.evidence import (
    HOMES_SEEN,
    SEEN,
    codes_for,
    speaks_for,
    values_for,
)
from homing.feature_engineering.feature_extractors.vocabulary import FOR_A_HOME, MONTH
from homing.tracking.history import History

_DEAREST = 1e12
_MOST_BITS = 10

_taste = partial(feature, family="tastes", reads=FOR_A_HOME, window=MONTH)


@_taste(unit="ratio", range=(0, 1), example=Example(SEEN, 0.5, homes=HOMES_SEEN))
def property_type_diversity(h: History) -> float:
    """Different kinds of home by mentions of any; NaN without."""
    kinds = codes_for(h, h.home_kind)
    return runs(kinds) / len(kinds) if len(kinds) > 0 else math.nan


@_taste(unit="ratio", range=(0, 1), example=Example(SEEN, 0.75, homes=HOMES_SEEN))
def most_viewed_type_ratio(h: History) -> float:
    """Share of the commonest kind of home among mentions of any; NaN without."""
    kinds = codes_for(h, h.home_kind)
    return longest_run(kinds) / len(kinds) if len(kinds) > 0 else math.nan


@_taste(unit="USD", range=(0, _DEAREST), example=Example(SEEN, 550000.0, homes=HOMES_SEEN))
def avg_price_viewed(h: History) -> float:
    """Mean price of the homes, as asked at the time; NaN where no price is known."""
    return mean_of(values_for(h, h.home_price))


@_taste(unit="USD", range=(0, _DEAREST), example=Example(SEEN, 400000.0, homes=HOMES_SEEN))
def min_price_viewed(h: History) -> float:
    """The lowest price of the homes, as asked at the time; NaN where no price is known."""
    prices = values_for(h, h.home_price)
    lowest = math.nan
    for i in range(len(prices)):
        if not prices[i] >= lowest:
            lowest = prices[i]
    return lowest


@_taste(unit="USD", range=(0, _DEAREST), example=Example(SEEN, 800000.0, homes=HOMES_SEEN))
def max_price_viewed(h: History) -> float:
    """The highest price of the homes, as asked at the time; NaN where no price is known."""
    prices = values_for(h, h.home_price)
    highest = math.nan
    for i in range(len(prices)):
        if not prices[i] <= highest:
            highest = prices[i]
    return highest


@_taste(unit="USD", range=(0, _DEAREST), example=Example(SEEN, 150000.0, homes=HOMES_SEEN))
def price_std(h: History) -> float:
    """Standard deviation of the prices of the homes; 0 of one, NaN of none."""
    return deviation(values_for(h, h.home_price))


@_taste(unit="USD", range=(0, _DEAREST), example=Example(SEEN, 400000.0, homes=HOMES_SEEN))
def price_range_span(h: History) -> float:
    """The highest price less the lowest; NaN where no price is known."""
    prices = values_for(h, h.home_price)
    if len(prices) == 0:
        return math.nan
    lowest, highest = prices[0], prices[0]
    for i in range(len(prices)):
        lowest, highest = min(lowest, prices[i]), max(highest, prices[i])
    return float(highest - lowest)


def _in_band(h: History, low: float, high: float) -> float:
    prices = values_for(h, h.home_price)
    inside = 0
    for i in range(len(prices)):
        if low <= prices[i] < high:
            inside += 1
    return inside / len(prices) if len(prices) > 0 else math.nan


def _band_0(h: History) -> float:
    return _in_band(h, 0.0, 300_000.0)


def _band_1(h: History) -> float:
    return _in_band(h, 300_000.0, 600_000.0)


def _band_2(h: History) -> float:
    return _in_band(h, 600_000.0, 1_000_000.0)


def _band_3(h: History) -> float:
    return _in_band(h, 1_000_000.0, math.inf)


def _bands() -> tuple[Feature, ...]:
    told = (
        ("below 300,000", _band_0, 0.0),
        ("from 300,000 to below 600,000", _band_1, 0.75),
        ("from 600,000 to below 1,000,000", _band_2, 0.25),
        ("of 1,000,000 or more", _band_3, 0.0),
    )
    return tuple(
        _taste(
            unit="ratio",
            range=(0, 1),
            example=Example(SEEN, value, homes=HOMES_SEEN),
            name=f"price_range_{place}_ratio",
            doc=f"Share of the homes that cost {words} USD; NaN where no price is known.",
        )(body)
        for place, (words, body, value) in enumerate(told)
    )


BANDS = _bands()


@_taste(unit="ratio", range=(0, 1), example=Example(SEEN, 0.5, homes=HOMES_SEEN))
def location_diversity(h: History) -> float:
    """Different places (postal codes, else cities) by mentions of any; NaN without."""
    places = codes_for(h, h.home_place)
    return runs(places) / len(places) if len(places) > 0 else math.nan


@_taste(unit="ratio", range=(0, 1), example=Example(SEEN, 0.75, homes=HOMES_SEEN))
def location_concentration(h: History) -> float:
    """Share of the commonest place among mentions of any; NaN without."""
    places = codes_for(h, h.home_place)
    return longest_run(places) / len(places) if len(places) > 0 else math.nan


@_taste(unit="square feet", range=(0, 1e16), example=Example(SEEN, 1600.0, homes=HOMES_SEEN))
def avg_size_preference(h: History) -> float:
    """Mean living area of the homes; NaN where none is known."""
    return mean_of(values_for(h, h.home_area))


@_taste(unit="square feet", range=(0, 1e16), example=Example(SEEN, 504.9752469, homes=HOMES_SEEN))
def size_preference_std(h: History) -> float:
    """Standard deviation of the living areas; 0 of one, NaN of none."""
    return deviation(values_for(h, h.home_area))


@_taste(unit="bedrooms", range=(0, 1e6), example=Example(SEEN, 3.0, homes=HOMES_SEEN))
def avg_bedrooms_preference(h: History) -> float:
    """Mean number of bedrooms of the homes; NaN where none is known."""
    return mean_of(values_for(h, h.home_beds))


@_taste(unit="bedrooms", range=(0, 1e6), example=Example(SEEN, 0.7071067812, homes=HOMES_SEEN))
def bedroom_preference_std(h: History) -> float:
    """Standard deviation of the numbers of bedrooms; 0 of one, NaN of none."""
    return deviation(values_for(h, h.home_beds))


@_taste(unit="ratio", range=(0, 1), missing=0.0, example=Example(SEEN, 0.5, homes=HOMES_SEEN))
def property_features_diversity(h: History) -> float:
    """Different amenities (garage, pool, view and the like) by mentions of any; 0 without."""
    counts = np.zeros(_MOST_BITS, np.int64)
    for i in range(h.size):
        if speaks_for(h, i) and not math.isnan(h.home_amenities[i]):
            left = int(h.home_amenities[i])
            for bit in range(_MOST_BITS):
                counts[bit] += left % 2
                left //= 2
    mentions, different = 0, 0
    for bit in range(_MOST_BITS):
        mentions += counts[bit]
        different += 1 if counts[bit] > 0 else 0
    return ratio(different, mentions)
