"""How far probabilities can be taken at their word. `probability` and `outcome` (0 or 1) are float64 (n,).

>>> probability, outcome = np.array([0.1, 0.1, 0.9, 0.9]), np.array([0.0, 0.0, 1.0, 1.0])
>>> round(brier(probability, outcome), 3), round(log_loss(probability, outcome), 3)
(0.01, 0.105)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput
from homing.measures.intervals import Interval

__all__ = [
    "Reliability",
    "brier",
    "brier_skill",
    "calibration_error",
    "calibration_error_by_lead",
    "calibration_line",
    "log_loss",
    "reliability",
    "skill_of_tries",
]

Values = NDArray[np.float64]

_SMALLEST = 1e-12
_NEWTON_STEPS = 50


@dataclass(frozen=True, slots=True)
class Reliability:
    """Equal-mass bins: how many fell in each, the probability said and the rate seen, all (bins,)."""

    count: NDArray[np.int64]
    said: Values
    seen: Values


def brier(probability: Values, outcome: Values) -> float:
    """The mean squared distance of probability and outcome; lower is better."""
    said, seen = _checked(probability, outcome)
    return float(np.mean((said - seen) ** 2))


def brier_skill(probability: Values, outcome: Values) -> float:
    """1 minus the Brier score over that of the base rate: 0 says nothing, 1 knows all. NaN where outcomes are equal."""
    said, seen = _checked(probability, outcome)
    base = float(np.mean((seen.mean() - seen) ** 2))
    return float("nan") if base == 0.0 else 1.0 - brier(said, seen) / base


def skill_of_tries(rate: Values, tries: int, outcome: Values) -> float:
    """`brier_skill` of the true probabilities, known as the `rate` of as many `tries`, at least two.

    A rate is off by a square of p (1 - p) / tries on average; rate (1 - rate) / (tries - 1), which estimates it without
    bias, is taken off.

    >>> round(skill_of_tries(np.array([0.5, 0.5, 0.0]), 2, np.array([1.0, 0.0, 0.0])), 6)
    1.0
    """
    said, seen = _checked(rate, outcome)
    if tries < 2:
        raise BadInput.of("tries", "be at least 2", tries)
    base = float(np.mean((seen.mean() - seen) ** 2))
    missed = brier(said, seen) - float(np.mean(said * (1.0 - said))) / (tries - 1)
    return float("nan") if base == 0.0 else 1.0 - missed / base


def log_loss(probability: Values, outcome: Values) -> float:
    """The mean negative log-likelihood in nats; probabilities are kept 1e-12 away from 0 and 1."""
    said, seen = _checked(probability, outcome)
    said = np.clip(said, _SMALLEST, 1.0 - _SMALLEST)
    return float(-np.mean(seen * np.log(said) + (1.0 - seen) * np.log1p(-said)))


def reliability(probability: Values, outcome: Values, bins: int = 10) -> Reliability:
    """At most `bins` bins of equal mass; equal probabilities are never parted, so the order of rows says nothing."""
    said, seen = _checked(probability, outcome)
    order = np.argsort(said, kind="stable")
    starts = _bin_starts(said[order], bins)
    count = np.diff(np.append(starts, len(said)))
    return Reliability(
        count, np.add.reduceat(said[order], starts) / count, np.add.reduceat(seen[order], starts) / count
    )


def calibration_error(
    probability: Values, outcome: Values, *, bins: int = 10, resamples: int = 200, seed: int = 0
) -> float:
    """Equal-mass expected calibration error, less what a perfectly calibrated model would show by chance.

    The plain error is positive even for the truth itself; its expectation if each outcome were drawn with its own
    probability (`resamples` draws) is taken off. So the truth scores about 0, and a value may be slightly negative.
    """
    said, seen = _checked(probability, outcome)
    order = np.argsort(said, kind="stable")
    said, seen = said[order], seen[order]
    starts = _bin_starts(said, bins)
    sums = np.add.reduceat(said, starts)
    draw = np.random.default_rng(seed)
    chance = [np.add.reduceat((draw.random(len(said)) < said).astype(np.float64), starts) for _ in range(resamples)]
    expected = float(np.mean([np.abs(sums - drawn).sum() for drawn in chance])) if chance else 0.0
    return (float(np.abs(sums - np.add.reduceat(seen, starts)).sum()) - expected) / len(said)


def calibration_error_by_lead(
    probability: Values,
    outcome: Values,
    leads: NDArray[np.integer],
    *,
    bins: int = 10,
    resamples: int = 1_000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """`calibration_error` with its interval: whole leads, by their codes `leads` (n,), are drawn again.

    The bins stay. A sample drawn from a sample errs more than the sample does, so the interval is the basic one, which
    mirrors the drawn errors at the value (Davison and Hinkley 1997, "Bootstrap Methods", 5.2). The low end may be
    negative where there is no error to be seen.
    """
    said, seen = _checked(probability, outcome)
    value = calibration_error(said, seen, bins=bins, seed=seed)
    order = np.argsort(said, kind="stable")
    starts = _bin_starts(said[order], bins)
    of_row = np.empty(len(said), dtype=np.int64)
    of_row[order] = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(said))))
    names, lead = np.unique(leads, return_inverse=True)
    gaps = np.zeros((len(names), len(starts)))
    np.add.at(gaps, (lead, of_row), said - seen)
    counts = np.bincount(lead).astype(np.float64)
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1.0 / len(names)), size=resamples)
    errors = np.abs(drawn @ gaps).sum(axis=1) / (drawn @ counts)
    chance = np.abs(gaps.sum(axis=0)).sum() / len(said) - value
    low, high = np.quantile(errors - chance, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, 2 * value - float(high), 2 * value - float(low), len(names), level)


def calibration_line(probability: Values, outcome: Values) -> tuple[float, float]:
    """Slope of a logistic regression of the outcome on the log-odds said, and the intercept where the slope is 1.

    1 and 0 where calibrated: a slope below 1 says too sure, above 1 too timid; an intercept below 0 says too much on
    the whole, above 0 too little (calibration in the large: Cox 1958; Steyerberg 2009, "Clinical Prediction Models").
    The intercept of the line with its own slope is at log-odds of 0, a probability of one half, which rare outcomes
    never come near: there a slope of .95 alone would look like a fault. NaN, NaN where the outcomes or the
    probabilities are all equal.
    """
    said, seen = _checked(probability, outcome)
    said = said.clip(_SMALLEST, 1.0 - _SMALLEST)
    odds: Values = np.log(said / (1.0 - said)).astype(np.float64)
    if seen.min() == seen.max() or odds.min() == odds.max():
        return float("nan"), float("nan")
    base = np.log(seen.mean() / (1.0 - seen.mean()))
    design = np.column_stack([odds, np.ones_like(odds)])
    slope = _fitted(design, seen, np.array([0.0, base]), np.zeros_like(odds))[0]
    start = np.array([base - np.average(odds)])
    return float(slope), float(_fitted(design[:, 1:], seen, start, odds)[0])


def _fitted(design: Values, seen: Values, beta: Values, offset: Values) -> Values:
    """The likeliest weights of a logistic regression, by Newton steps that are halved until they help."""
    for _ in range(_NEWTON_STEPS):
        step = _newton_step(design, seen, beta, offset)
        while _loss(design, seen, beta + step, offset) > _loss(design, seen, beta, offset) + 1e-9:
            step = np.multiply(step, 0.5)
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    return beta


def _newton_step(design: Values, seen: Values, beta: Values, offset: Values) -> Values:
    fitted = 1.0 / (1.0 + np.exp(-np.clip(design @ beta + offset, -500.0, 500.0)))
    spread = np.maximum(fitted * (1.0 - fitted), _SMALLEST)
    curvature: Values = (design * spread[:, None]).T @ design
    slope: Values = design.T @ (seen - fitted)
    return np.asarray(np.linalg.solve(curvature, slope), dtype=np.float64)


def _loss(design: Values, seen: Values, beta: Values, offset: Values) -> float:
    odds = design @ beta + offset
    return float(np.sum(np.logaddexp(0.0, odds) - seen * odds))


def _bin_starts(said: Values, bins: int) -> NDArray[np.int64]:
    """Where the bins of sorted values begin, moved forward to where the value changes."""
    if bins < 1:
        raise BadInput.of("bins", "be at least 1", bins)
    wanted = said[(np.arange(1, bins) * len(said)) // bins]
    starts: NDArray[np.int64] = np.unique(np.append(0, np.searchsorted(said, wanted, side="left")))
    return starts


def _checked(probability: Values, outcome: Values) -> tuple[Values, Values]:
    said, seen = np.asarray(probability, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    if said.shape != seen.shape or said.ndim != 1 or not len(said):
        raise BadInput.of("outcome", f"have the shape of probability, {said.shape}, and not be empty", seen.shape)
    if not ((said >= 0.0) & (said <= 1.0)).all():
        raise BadInput.of("probability", "lie between 0 and 1", float(said[~((said >= 0.0) & (said <= 1.0))][0]))
    if not np.isin(seen, (0.0, 1.0)).all():
        raise BadInput.of("outcome", "be 0 or 1", float(seen[~np.isin(seen, (0.0, 1.0))][0]))
    return said, seen
