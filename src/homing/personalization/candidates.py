"""Which homes a lead may be shown at all: on the market, within the hard limits, neither seen nor dismissed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import kernel
from homing.market.snapshot import MarketSnapshot
from homing.people.lead import Limits

__all__ = ["AREA_FIELDS", "TYPE_FIELDS", "Candidates", "candidates", "within"]

AREA_FIELDS: Final = ("PostalCode", "City", "MLSAreaMajor", "SubdivisionName", "CountyOrParish")
TYPE_FIELDS: Final = ("PropertySubType", "PropertyType")

_DISPLAY_FLAGS: Final = ("InternetEntireListingDisplayYN", "IDXParticipationYN", "MlgCanView")

Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]


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
    rows = np.arange(len(market)) if among is None else np.unique(among)
    left: Mask = np.ones(len(rows), dtype=np.bool_)
    removed: dict[str, int] = {}
    asked_for = () if asked is None else (("not_asked_for", asked[rows]),)
    for reason, passes in (*_tests(market, limits, dismissed, seen, rows), *asked_for):
        fallen = int(np.count_nonzero(left & ~passes))
        if fallen:
            removed[reason] = fallen
        left &= passes
    return Candidates(rows[left], removed)


def within(market: MarketSnapshot, limits: Limits, rows: Rows) -> Mask:
    """Which of some homes satisfy every limit that a lead stated, whatever their state."""
    satisfied: Mask = np.ones(len(rows), dtype=np.bool_)
    for _, passes in _limit_tests(market, limits, rows):
        satisfied &= passes
    return satisfied


def _tests(
    market: MarketSnapshot, limits: Limits | None, dismissed: Rows, seen: Rows, rows: Rows
) -> Iterator[tuple[str, Mask]]:
    """Each test with what it says of some rows."""
    yield "not_active", market.active[rows]
    yield "not_displayable", _displayable(market, rows)
    if limits is not None:
        yield from _limit_tests(market, limits, rows)
    yield "dismissed", _is_none_of(rows, dismissed)
    yield "seen", _is_none_of(rows, seen)


@kernel
def _is_none_of(rows: Rows, others: Rows) -> Mask:
    """Which rows, in their order, are not among others."""
    free = np.ones(rows.size, dtype=np.bool_)
    for other in others:
        place = np.searchsorted(rows, other)
        if place < rows.size and rows[place] == other:
            free[place] = False
    return free


def _displayable(market: MarketSnapshot, rows: Rows) -> Mask:
    """Whether the listing's own flags let it be shown on a public page; a flag left out does."""
    allowed = np.ones(len(rows), dtype=np.bool_)
    for flag in _DISPLAY_FLAGS:
        if flag in market.numbers:
            allowed &= market.numbers[flag][rows] != 0.0
    return allowed


def _limit_tests(market: MarketSnapshot, limits: Limits, rows: Rows) -> Iterator[tuple[str, Mask]]:
    price = _numbers(market, "ListPrice", rows)
    if limits.price_max is not None:
        yield "over_budget", price <= limits.price_max
    if limits.price_min is not None:
        yield "under_price", price >= limits.price_min
    if limits.bedrooms_min is not None:
        yield "too_few_bedrooms", _numbers(market, "BedroomsTotal", rows) >= limits.bedrooms_min
    if limits.areas:
        yield "other_area", _named(market, AREA_FIELDS, limits.areas, rows)
    if limits.types:
        yield "other_type", _named(market, TYPE_FIELDS, limits.types, rows)


def _numbers(market: MarketSnapshot, name: str, rows: Rows) -> NDArray[np.float64]:
    column = market.numbers.get(name)
    return np.full(len(rows), np.nan) if column is None else column[rows]


def _named(market: MarketSnapshot, fields: Collection[str], wanted: Collection[str], rows: Rows) -> Mask:
    """Whether any of the fields holds one of the wanted names, whatever their case."""
    names = {name.casefold() for name in wanted}
    found = np.zeros(len(rows), dtype=np.bool_)
    for field in fields:
        category = market.categories.get(field)
        if category is None:
            continue
        used = category.codes[rows]
        labels = category.labels.ids
        if len(rows) == 1:
            found[0] |= used[0] >= 0 and labels[int(used[0])].casefold() in names
            continue
        hits = np.array([label.casefold() in names for label in labels] + [False])
        found |= hits[used]
    return found
