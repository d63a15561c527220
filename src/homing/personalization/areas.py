"""A floor for other areas: a list never closes in on the areas that stand first, where others meet the limits too."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.market.snapshot import MarketSnapshot

__all__ = ["SHORTEST", "areas_of", "opened_up", "places_for_other_areas"]

SHORTEST: Final = 5
"""The floor holds for lists of at least so many homes."""
_ONE_IN: Final = 5
_NAMED: Final = ("PostalCode", "City", "MLSAreaMajor")
_CELL_DEGREES: Final = 0.1
_UNKNOWN: Final = -1

Rows = NDArray[np.int64]


def places_for_other_areas(k: int) -> int:
    """How many places of a list of k homes are open to other areas than those that stand first: one in five.

    >>> [places_for_other_areas(k) for k in (4, 5, 10, 24)]
    [0, 1, 2, 4]
    """
    return k // _ONE_IN if k >= SHORTEST else 0


def areas_of(market: MarketSnapshot, rows: Rows) -> Rows:
    """The area of each home as a number: postal code, else city, MLS area, or cell of 0.1 degrees; -1 if unknown."""
    area, start = np.full(len(rows), _UNKNOWN, dtype=np.int64), 0
    for name in _NAMED:
        category = market.categories.get(name)
        if category is None:
            continue
        codes = category.codes[rows].astype(np.int64)
        area = np.where((area < 0) & (codes >= 0), start + codes, area)
        start += len(category.labels)
    north, east = (market.numbers.get(name) for name in ("Latitude", "Longitude"))
    if north is None or east is None or (area >= 0).all():
        return area
    with np.errstate(invalid="ignore"):
        cell = np.floor(north[rows] / _CELL_DEGREES) * 10_000 + np.floor(east[rows] / _CELL_DEGREES)
    known = (area < 0) & np.isfinite(cell)
    area[known] = start + 100_000_000 + cell[known].astype(np.int64)
    return area


def opened_up(area: Rows, rows: Rows, scores: NDArray[np.float64], chosen: Rows, kept: Rows) -> Rows:
    """The list with its floor for other areas; the very list if it holds already.

    The areas that stand first are those of the better half of the list, rounded up. At least one place in five goes to
    homes of other areas, as many as there are: the best of them take the places of the last homes that are of the first
    areas, or of none that is known. The better half stays, and so do the homes `kept`. `chosen` and `kept` are places
    in `rows`, the homes of the market that may be shown, each in its `area`, -1 where that is not known; `chosen` is in
    the order of the list, and so is the answer.
    """
    half = -(-len(chosen) // 2)
    of_chosen = area[chosen].tolist()
    first = {one for one in of_chosen[:half] if one >= 0}
    other = [one >= 0 and one not in first for one in of_chosen]
    missing = places_for_other_areas(len(chosen)) - sum(other)
    if missing <= 0 or not first:
        return chosen
    listed = np.zeros(len(rows), dtype=np.bool_)
    listed[chosen] = True
    open_to = np.flatnonzero((area >= 0) & ~np.isin(area, list(first)) & ~listed)
    new = open_to[np.lexsort((rows[open_to], -scores[open_to]))][:missing]
    may_go = [place for place in range(len(chosen) - 1, half - 1, -1) if not other[place] and chosen[place] not in kept]
    gone = may_go[: len(new)]
    opened = np.append(np.delete(chosen, gone), new[: len(gone)])
    return opened[np.lexsort((rows[opened], -scores[opened]))]
