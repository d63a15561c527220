"""Whether what is shown keeps to what may be shown: ratios, distances and spreads of exposure.

Exposure counts once: a lead that is reached, a home that is reached, never how often.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

__all__ = ["directions", "exposure_ratio", "reached_by_as_many", "spread", "variation"]

Doubles = NDArray[np.float64]


def exposure_ratio(rates: Doubles) -> float:
    """The lowest rate as a fraction of the highest, the four-fifths rule's ratio; NaN without any exposure.

        ratio = min_g rate(g) / max_g rate(g)

    Reference: 29 CFR 1607.4(D), by which less than .8 is taken as a sign of adverse impact.

    >>> exposure_ratio(np.array([0.6, 0.5, 0.45]))
    0.75
    """
    known = rates[np.isfinite(rates)]
    return float(known.min() / known.max()) if known.size and known.max() > 0 else float("nan")


def variation(eligible: Doubles, shown: Doubles) -> float:
    """The total variation between two distributions: the share that would have to move to make them equal.

        variation = 1/2 * sum_a |p_a - q_a|

    Reference: the variance of Meta's Variance Reduction System, arXiv 2306.03293. Of two samples it is never zero,
    however alike what they were drawn from; `directions` leads to a measure that is free of that.

    >>> variation(np.array([0.5, 0.5, 0.0]), np.array([0.25, 0.5, 0.25]))
    0.25
    """
    return float(0.5 * np.abs(eligible - shown).sum())


def directions(apart: Doubles, group: NDArray[np.int64], fold: NDArray[np.int64], *, errors: float = 0.0) -> Doubles:
    """Toward which areas each lead's group leans among the leads of other folds: 1, -1 or 0, float64 (leads, areas).

        direction_l,a = sign(mean of apart_m,a over the leads m of l's group in other folds)

    With `errors`, 0 where that mean is not so many standard errors from 0.

    `apart` float64 (leads, areas) is each lead's shown shares less its reference; `group` and `fold` int64 (leads,).
    Then 1/2 * sum_a direction_l,a * apart_l,a, as a mean over leads, estimates the variation between what groups are
    shown and their reference: 0 in expectation where there is none, whatever the noise, and at most the true variation.
    The leads of different folds must not depend on each other.

    >>> apart = np.array([[0.25, -0.25], [-0.25, 0.25]] * 2)
    >>> toward = directions(apart, np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]))
    >>> (0.5 * (toward * apart).sum(axis=1)).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    toward = np.zeros_like(apart, dtype=np.float64)
    for one in np.unique(group):
        for part in np.unique(fold):
            others = (group == one) & (fold != part)
            if others.any():
                mean, error = apart[others].mean(axis=0), apart[others].std(axis=0) / np.sqrt(others.sum())
                toward[(group == one) & (fold == part)] = np.sign(mean) * (np.abs(mean) >= errors * error)
    return toward


def spread(amounts: Doubles) -> float:
    """The entropy of amounts over areas, as a fraction of the most that so many areas allow; 0 of one area.

        spread = -sum_a p_a log p_a / log n,  p_a = amount_a / sum of amounts

    Reference: Pielou, "The measurement of diversity in different types of biological collections", 1966.

    >>> spread(np.array([3.0, 3.0, 3.0, 3.0])), spread(np.array([1.0, 0.0]))
    (1.0, 0.0)
    """
    if len(amounts) < 2 or not amounts.sum() > 0:
        return 0.0
    used = amounts[amounts > 0] / amounts.sum()
    return float(max(0.0, -(used * np.log(used)).sum() / np.log(len(amounts))))


def reached_by_as_many(reached: NDArray[np.integer], leads: int, sample: int) -> float:
    """How many homes so many of a group's leads reach on average, so that groups of different size compare.

        homes = sum_h 1 - C(leads - reached_h, sample) / C(leads, sample)

    `reached` (homes,) is by how many of the `leads` each home was reached. Reference: Hurlbert, "The nonconcept of
    species diversity", 1971 (rarefaction).

    >>> round(reached_by_as_many(np.array([2, 1, 1]), leads=2, sample=1), 6)
    2.0
    """
    left = leads - np.asarray(reached)
    missed = _log_choose(left, sample) - _log_choose(np.asarray(leads), sample)
    return float((1.0 - np.where(left >= sample, np.exp(missed), 0.0)).sum())


def _log_choose(n: NDArray[np.integer], k: int) -> Doubles:
    at_least = np.maximum(n, k)
    return np.asarray(gammaln(at_least + 1) - gammaln(k + 1) - gammaln(at_least - k + 1), dtype=np.float64)
