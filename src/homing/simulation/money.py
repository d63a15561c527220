"""Round sums, as people name them, in any market: houses, rents by the month, or lots for a few thousand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["price_step", "round_budget", "rounded"]

Dollars = NDArray[np.float64]

_LARGEST_STEP = 1_000.0


def price_step(prices: Dollars) -> Dollars:
    """The step in which list prices are named, USD: the third digit, at most 1,000.

    >>> price_step(np.array([1_850.0, 72_500.0, 640_000.0, 2_000_000.0])).tolist()
    [10.0, 100.0, 1000.0, 1000.0]
    """
    step: Dollars = np.minimum(_LARGEST_STEP, _order(prices) / 100.0)
    return step


def rounded(prices: Dollars, step: Dollars | float) -> Dollars:
    """Prices in whole steps, at least one, without odd digits below a cent."""
    steps = np.maximum(np.round(prices / step), 1.0)
    whole: Dollars = np.round(steps * step, 2)
    return whole


def round_budget(value: float) -> float:
    """The most that somebody is ready to pay, USD, as it would be said.

    >>> round_budget(1_840.0), round_budget(148_000.0), round_budget(493_000.0)
    (2000.0, 150000.0, 500000.0)
    """
    coarse = 25_000.0 if value >= 250_000 else 5_000.0
    step = coarse if value >= 50_000 else float(_order(np.array(value))) / 2.0
    return float(rounded(np.array(value), step))


def _order(values: Dollars) -> Dollars:
    """The power of ten of the first digit."""
    powers: Dollars = 10.0 ** np.floor(np.log10(values))
    return powers
