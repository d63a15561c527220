"""Which homes a lead may be shown at all: on the market, within the hard limits, neither seen nor dismissed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.market.snapshot import MarketSnapshot
from homing.people.lead import Limits

__all__ = ["AREA_FIELDS", "TYPE_FIELDS", "Candidates", "candidates"]

AREA_FIELDS: Final = ("PostalCode", "City", "MLSAreaMajor", "SubdivisionName", "CountyOrParish")
TYPE_FIELDS: Final = ("PropertySubType", "PropertyType")

_DISPLAY_FLAGS: Final = ("InternetEntireListingDisplayYN", "IDXParticipationYN", "MlgCanView")

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows of the snapshot that may be shown, and how many others fell for which reason, each counted once."""

    rows: NDArray[np.int64]
    removed: Mapping[str, int]


def candidates(
    market: MarketSnapshot,
    limits: Limits | None,
    *,
    dismissed: NDArray[np.int64],
    seen: NDArray[np.int64],
    among: NDArray[np.int64] | None = None,
    asked: Mask | None = None,
) -> Candidates:
    """The homes that pass every test; a home that fails several is counted under the first.

    A limit that a lead stated is hard: a home of which the limited attribute is unknown does not pass it either.
    `dismissed` and `seen` hold rows of the snapshot; `among` restricts to some rows, and `asked` (n,) says
    which homes the question is about.
    """
    size = len(market.ids)
    left: Mask = np.ones(size, dtype=np.bool_) if among is None else _mask(size, among)
    removed: dict[str, int] = {}
    asked_for = () if asked is None else (("not_asked_for", asked),)
    for reason, passes in (*_tests(market, limits, dismissed, seen), *asked_for):
        fallen = int(np.count_nonzero(left & ~passes))
        if fallen:
            removed[reason] = fallen
        left &= passes
    return Candidates(np.flatnonzero(left), removed)


def _tests(
    market: MarketSnapshot, limits: Limits | None, dismissed: NDArray[np.int64], seen: NDArray[np.int64]
) -> Iterator[tuple[str, Mask]]:
    yield "not_active", market.active
    yield "not_displayable", _displayable(market)
    if limits is not None:
        yield from _limit_tests(market, limits)
    yield "dismissed", ~_mask(len(market.ids), dismissed)
    yield "seen", ~_mask(len(market.ids), seen)


def _displayable(market: MarketSnapshot) -> Mask:
    """Whether the listing's own flags let it be shown on a public page; a flag left out does."""
    allowed = np.ones(len(market.ids), dtype=np.bool_)
    for flag in _DISPLAY_FLAGS:
        allowed &= _numbers(market, flag) != 0.0
    return allowed


def _limit_tests(market: MarketSnapshot, limits: Limits) -> Iterator[tuple[str, Mask]]:
    price = _numbers(market, "ListPrice")
    if limits.price_max is not None:
        yield "over_budget", price <= limits.price_max
    if limits.price_min is not None:
        yield "under_price", price >= limits.price_min
    if limits.bedrooms_min is not None:
        yield "too_few_bedrooms", _numbers(market, "BedroomsTotal") >= limits.bedrooms_min
    if limits.areas:
        yield "other_area", _named(market, AREA_FIELDS, limits.areas)
    if limits.types:
        yield "other_type", _named(market, TYPE_FIELDS, limits.types)


def _numbers(market: MarketSnapshot, name: str) -> NDArray[np.float64]:
    column = market.numbers.get(name)
    return np.full(len(market.ids), np.nan) if column is None else column


def _named(market: MarketSnapshot, fields: Collection[str], wanted: Collection[str]) -> Mask:
    """Whether any of the fields holds one of the wanted names, whatever their case."""
    names = {name.casefold() for name in wanted}
    found = np.zeros(len(market.ids), dtype=np.bool_)
    for field in fields:
        category = market.categories.get(field)
        if category is None:
            continue
        hits = np.array([label.casefold() in names for label in category.labels.ids] + [False])
        found |= hits[category.codes]
    return found


def _mask(size: int, rows: NDArray[np.int64]) -> Mask:
    mask = np.zeros(size, dtype=np.bool_)
    mask[rows] = True
    return mask
