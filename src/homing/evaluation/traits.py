"""What the candidates of an evaluation are like: how known, where, at what price; for what lists show beside hits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homing.evaluation.log import EvaluationLog
from homing.market.snapshot import MarketSnapshot
from homing.measures.variety import area_diversity, novelty, price_diversity
from homing.personalization.areas import areas_of

__all__ = ["VARIETY", "Traits", "traits"]

VARIETY = ("novelty", "area_diversity", "price_diversity")
"""The measures of `homing.measures.variety`, by the name they have in reports."""


@dataclass(frozen=True, slots=True)
class Traits:
    """Of n homes: how many of the `leads` had acted on each, its area (below 0 unknown), its price (NaN unknown)."""

    acted_by: NDArray[np.int64]
    leads: int
    area: NDArray[np.int64]
    price: NDArray[np.float64]

    def of(self, homes: NDArray[np.int64]) -> Traits:
        """Those of some homes, in this order."""
        return Traits(self.acted_by[homes], self.leads, self.area[homes], self.price[homes])

    def measured(self, lists: Sequence[NDArray[np.int64]]) -> Mapping[str, NDArray[np.float64]]:
        """All of `VARIETY` of lists of rows of these homes, one value a list each."""
        return {
            "novelty": novelty(lists, self.acted_by, self.leads),
            "area_diversity": area_diversity(lists, self.area),
            "price_diversity": price_diversity(lists, self.price),
        }


def traits(log: EvaluationLog, market: MarketSnapshot, upto: int) -> Traits:
    """Those of all homes of the log, by what leads were known to have done up to a moment (microseconds)."""
    rows = market.ids.codes_of(log.homes)
    known, price = rows >= 0, np.full(len(rows), np.nan)
    area = np.full(len(rows), -1, dtype=np.int64)
    area[known] = areas_of(market, rows[known])
    if "ListPrice" in market.numbers:
        price[known] = market.numbers["ListPrice"][rows[known]]
    return Traits(*log.acted_by(upto), area, price)
