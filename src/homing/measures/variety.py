"""Measures of ranked lists that ask not whether they were right, but what they show: how known, how different.

`lists` holds one list a lead: the rows of its homes, best first. Each measure returns float64 (leads,), one value a
lead, NaN where a list says nothing of the measure.

>>> lists = [np.array([0, 1, 2])]
>>> novelty(lists, np.array([7, 3, 0]), leads=7).round(3).tolist()
[1.333]
>>> area_diversity(lists, np.array([5, 5, 6])).round(3).tolist()
[0.667]
>>> price_diversity(lists, np.array([100.0, 100.0, 200.0])).round(3).tolist()
[0.462]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput

__all__ = ["area_diversity", "novelty", "price_diversity"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]


def novelty(lists: Sequence[Rows], acted_by: NDArray[np.int64], leads: int) -> Values:
    """The mean surprise of a list's homes in bits: -log2 of the share of leads that had acted on each.

        novelty = mean over homes of -log2((acted_by + 1) / (leads + 1))

    `acted_by` int64 (homes,) is how many of the `leads` had acted on each home; one more of both, so that a home that
    nobody knows has a finite value, the largest. 0 where all leads know all homes. (Vargas and Castells, 2011.)
    """
    if leads < int(acted_by.max(initial=0)):
        raise BadInput.of("leads", "be at least the largest number of leads that acted on one home", leads)
    surprise = -np.log2((acted_by + 1.0) / (leads + 1.0))
    return _each(lists, lambda rows: float(surprise[rows].mean()), fewest=1)


def area_diversity(lists: Sequence[Rows], area: NDArray[np.int64]) -> Values:
    """The share of pairs of homes of a list that lie in different areas, 0 to 1; `area` (homes,), below 0 unknown."""

    def apart(rows: Rows) -> float:
        counts = np.unique(area[rows], return_counts=True)[1].astype(np.float64)
        return float(1.0 - (counts * (counts - 1.0)).sum() / (len(rows) * (len(rows) - 1.0)))

    return _each([rows[area[rows] >= 0] for rows in lists], apart, fewest=2)


def price_diversity(lists: Sequence[Rows], price: Values) -> Values:
    """The mean difference in log price of the pairs of a list: .69 where one is typically twice the other.

    `price` float64 (homes,) in USD; homes without a positive price do not count.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(price)

    def apart(rows: Rows) -> float:
        here = np.sort(logs[rows])
        n = len(here)
        return float(2.0 * ((2.0 * np.arange(n) - n + 1.0) * here).sum() / (n * (n - 1.0)))

    return _each([rows[np.isfinite(logs[rows])] for rows in lists], apart, fewest=2)


def _each(lists: Sequence[Rows], measure: Callable[[Rows], float], *, fewest: int) -> Values:
    return np.array([measure(rows) if len(rows) >= fewest else np.nan for rows in lists], dtype=np.float64)
