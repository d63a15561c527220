"""Intervals by lead: a lead is what is drawn again, never a single event, because the acts of one lead hang together.

>>> mean = bootstrap_mean(np.array([0.0, 1.0, 1.0, 0.0, 1.0]), seed=7)
>>> mean.value, mean.n, mean.low < mean.value < mean.high
(0.6, 5, True)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput

__all__ = [
    "Interval",
    "bootstrap_by_lead",
    "bootstrap_mean",
    "bootstrap_ratio",
    "bootstrap_statistic",
    "paired_difference",
]

Values = NDArray[np.float64]

_RESAMPLES = 2_000
_BLOCK = 4_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its bootstrap interval at `level` (.95: 95 %), over `n` leads."""

    value: float
    low: float
    high: float
    n: int
    level: float = 0.95

    @property
    def bounds(self) -> list[float]:
        """Low and high, as reports print them."""
        return [self.low, self.high]

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside."""
        return self.low > 0.0 or self.high < 0.0


def bootstrap_mean(values: Values, *, level: float = 0.95, resamples: int = _RESAMPLES, seed: int = 0) -> Interval:
    """The mean of one value a lead, shape (leads,), with its percentile interval. No lead: NaN throughout."""
    values = np.asarray(values, dtype=np.float64)
    return _ratio_interval(values, np.ones(len(values)), level, resamples, seed)


def bootstrap_by_lead(
    values: Values,
    leads: NDArray[np.integer],
    *,
    level: float = 0.95,
    resamples: int = _RESAMPLES,
    seed: int = 0,
) -> Interval:
    """The mean of several values a lead: `values` and the lead codes `leads`, both (n,); whole leads are drawn."""
    _, lead = np.unique(leads, return_inverse=True)
    sums: Values = np.bincount(lead, weights=values).astype(np.float64)
    return _ratio_interval(sums, np.bincount(lead).astype(np.float64), level, resamples, seed)


def bootstrap_ratio(
    parts: Values, wholes: Values, *, level: float = 0.95, resamples: int = _RESAMPLES, seed: int = 0
) -> Interval:
    """The sum of one value a lead over the sum of another, both (leads,); both of a lead are drawn together."""
    return _ratio_interval(np.asarray(parts, np.float64), np.asarray(wholes, np.float64), level, resamples, seed)


def bootstrap_statistic(
    statistic: Callable[[NDArray[np.int64]], float],
    leads: int,
    *,
    level: float = 0.95,
    resamples: int = 400,
    seed: int = 0,
) -> Interval:
    """Any statistic of some leads, given by their numbers, with its percentile interval over leads drawn again.

    >>> values = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    >>> bootstrap_statistic(lambda rows: float(np.median(values[rows])), 5).value
    1.0
    """
    if leads == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0, level)
    draw = np.random.default_rng(seed)
    drawn = [statistic(draw.integers(0, leads, size=leads)) for _ in range(resamples)]
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(statistic(np.arange(leads)), float(low), float(high), leads, level)


def paired_difference(
    ours: Values, theirs: Values, *, level: float = 0.95, resamples: int = _RESAMPLES, seed: int = 0
) -> Interval:
    """The mean of `ours - theirs`, lead by lead, both (leads,) in the same order."""
    if len(ours) != len(theirs):
        raise BadInput.of("theirs", f"have one value for each of the {len(ours)} leads", len(theirs))
    return bootstrap_mean(np.subtract(ours, theirs), level=level, resamples=resamples, seed=seed)


def _ratio_interval(sums: Values, counts: Values, level: float, resamples: int, seed: int) -> Interval:
    if not 0.0 < level < 1.0:
        raise BadInput.of("level", "lie between 0 and 1", level)
    n = len(sums)
    if n == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0, level)
    means = _resampled(sums, counts, resamples, np.random.default_rng(seed))
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(sums.sum() / counts.sum()), float(low), float(high), n, level)


def _resampled(sums: Values, counts: Values, resamples: int, draw: np.random.Generator) -> Values:
    n = len(sums)
    means = np.empty(resamples)
    rows = max(1, min(resamples, _BLOCK // n))
    for start in range(0, resamples, rows):
        drawn = draw.integers(0, n, size=(min(rows, resamples - start), n))
        means[start : start + rows] = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return means
