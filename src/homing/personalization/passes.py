"""Homes passed on for a reason: whatever is like one in just that counts for less, from the next answer on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.market.snapshot import MarketSnapshot
from homing.personalization.areas import areas_of

__all__ = ["MOST_TAKEN", "REASONS", "Pass", "taken"]

MOST_TAKEN: Final = 3.0
"""All passes together take at most so much from the score of one home, in log odds of being chosen."""

_EACH_TAKES: Final = 1.0
_HALF_LIFE: Final = 30 * DAY
_PRICE_RAMP: Final = 0.15
_SIZE_RAMP: Final = 0.2
_NEAR_KM: Final = 2.0
_YEARS: Final = 15.0
_KM_A_DEGREE: Final = 111.2

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pass:
    """A home passed on: its row of the market, why, the price in USD and the moment of then."""

    row: int
    reason: str
    price: float
    at: int

    def takes(self, market: MarketSnapshot, rows: Rows) -> Floats:
        """How much each home is like it in what was wrong, from 0 to 1; 0 where that is not known."""
        return np.nan_to_num(REASONS[self.reason](self, market, rows))


def taken(market: MarketSnapshot, passes: Sequence[Pass], rows: Rows, as_of: int) -> Floats:
    """What passes take from the scores of some homes, float64 (n,).

        1 for each pass, times how alike the homes are in what was wrong, halved every 30 days; at most 3 together

    Assumed, not learned.
    """
    total = np.zeros(len(rows))
    for one in passes:
        total += _EACH_TAKES * np.exp2((one.at - as_of) / _HALF_LIFE) * one.takes(market, rows)
    return np.minimum(total, MOST_TAKEN)


def _number(market: MarketSnapshot, name: str, rows: Rows) -> Floats:
    column = market.numbers.get(name)
    return np.full(len(rows), np.nan) if column is None else column[rows]


def _beyond(values: Floats, limit: float, sign: float, ramp: float) -> Floats:
    """1 from a limit on, upwards or downwards by the sign, falling to 0 within `ramp` of its logarithm before it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.clip(1.0 + sign * (np.log(values) - np.log(limit)) / ramp, 0.0, 1.0))


def _price(sign: float) -> Callable[[Pass, MarketSnapshot, Rows], Floats]:
    return lambda one, market, rows: _beyond(_number(market, "ListPrice", rows), one.price, sign, _PRICE_RAMP)


def _size(sign: float) -> Callable[[Pass, MarketSnapshot, Rows], Floats]:
    def alike(one: Pass, market: MarketSnapshot, rows: Rows) -> Floats:
        for name in ("LivingArea", "BedroomsTotal"):
            own = float(_number(market, name, np.array([one.row]))[0])
            if own > 0:
                return _beyond(_number(market, name, rows), own, sign, _SIZE_RAMP)
        return np.zeros(len(rows))

    return alike


def _location(one: Pass, market: MarketSnapshot, rows: Rows) -> Floats:
    """1 within 2 km, 0 from 4 km on; where the place is not known, 1 in the same area."""
    own = np.array([one.row])
    latitude, longitude = (float(_number(market, name, own)[0]) for name in ("Latitude", "Longitude"))
    north = (_number(market, "Latitude", rows) - latitude) * _KM_A_DEGREE
    east = (_number(market, "Longitude", rows) - longitude) * _KM_A_DEGREE * np.cos(np.radians(latitude))
    if np.isfinite(latitude + longitude):
        return np.asarray(np.clip(2.0 - np.hypot(north, east) / _NEAR_KM, 0.0, 1.0))
    area = int(areas_of(market, own)[0])
    return (areas_of(market, rows) == area).astype(np.float64) if area >= 0 else np.zeros(len(rows))


def _style(one: Pass, market: MarketSnapshot, rows: Rows) -> Floats:
    """How many of type, style, storeys and time of building are the same, of those known: 1 for all, 0 for half."""
    own = np.array([one.row])
    same: list[Floats] = []
    for name in ("PropertySubType", "ArchitecturalStyle"):
        category = market.categories.get(name)
        if category is not None and (code := int(category.codes[one.row])) >= 0:
            same.append((category.codes[rows] == code).astype(np.float64))
    for name in ("StoriesTotal", "Stories"):
        storeys = float(_number(market, name, own)[0])
        if np.isfinite(storeys):
            same.append((_number(market, name, rows) == storeys).astype(np.float64))
    built = float(_number(market, "YearBuilt", own)[0])
    if np.isfinite(built):
        same.append(np.clip(1.0 - np.abs(_number(market, "YearBuilt", rows) - built) / (2 * _YEARS), 0.0, 1.0))
    if not same:
        return np.zeros(len(rows))
    return np.asarray(np.maximum(0.0, 2.0 * np.nan_to_num(np.vstack(same)).mean(axis=0) - 1.0))


REASONS: Final[Mapping[str, Callable[[Pass, MarketSnapshot, Rows], Floats]]] = {
    "price_too_high": _price(1.0),
    "price_too_low": _price(-1.0),
    "size_too_small": _size(-1.0),
    "size_too_large": _size(1.0),
    "location": _location,
    "style": _style,
}
"""What is like a home passed on, by the reason given; a reason left out, or `other`, speaks of the home alone."""
