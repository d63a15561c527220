"""From a score to a probability one can rely on, with an interval that says how far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.special import betaincinv, expit, logit

__all__ = ["FEWEST_FOR_STEPS", "Calibrated", "Calibration", "fit_calibration"]

FEWEST_FOR_STEPS: Final = (200, 30)
"""Samples and positives from which the logistic curve is bent to what was seen."""

_Z90: Final = 1.6448536269514722
_PRIOR_RATE: Final = 0.05
_PRIOR_SD: Final = (1.5, 1.0, 1.0, 1.0)
_STEPS: Final = 50
_PROVEN: Final = 2.33
_POSITIVES_A_BIN: Final = 12
_BINS: Final = (5, 20)
_PRIOR_SAMPLES: Final = 4.0
_ENDS: Final = (0.08, 0.92)
"""Of the posterior of a bin alone. Bins are pooled with their neighbours, so these hold the truth 9 times in 10."""

_BEND_SD: Final = 0.8
"""How far the slope may differ from the logistic curve's, by the standard score, where data are too few to bend it."""

_BEYOND: Final = (0.0, 2.0, 20.0)
_ON: Final = (0.0, 0.2, 0.24)
_OPEN: Final = (0.0, 4.0, 22.0)
"""So far beyond all samples, in log-odds of the logistic curve, the mean goes on and the open end moves so much."""

_SMALLEST: Final = 1e-12

Slopes = tuple[float, float]
_FLAT: Final[Slopes] = (0.0, 0.0)
_STEEP: Final[Slopes] = (1.0, 2.0)
_SLOPES: Final = (((0.0, 1.0), (0.0, 1.0)), (_STEEP, _FLAT), (_FLAT, _STEEP))
"""How steep mean, low and high end may be before the first and after the last middle; 1 is the logistic curve."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Probabilities with the ends of their 90 % intervals, each of shape (n,)."""

    probability: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Calibration:
    """The probability of "engaged within 14 days" given score and activity, and how sure we are of it.

    logit p = a + b · z + c · log(1 + acts) + d · again, z = (score - centre) / spread, again = 1 where the lead had
    acted on the home before it was shown, with independent normal priors on a to d and the Laplace approximation of
    their posterior (Platt 1999; MacKay 1992, "The evidence framework applied to classification networks"). Without data
    it is the prior, the same for every score: about 10 %, in an interval so wide that the level is "uncertain". A score
    that speaks the wrong way (b below 0) counts as nothing. Of few samples nobody can tell whether the curve is
    logistic: the slope may be another by a standard deviation of 0.8, so with x = (1, z, log(1 + acts), again) and C
    the covariance of a to d the ends are at logit p ± 1.645 · sqrt(x'Cx + (0.8 z)²).

    From 200 samples with 30 positives on, the method is "isotonic": the samples are put in 5 to 20 bins of equal
    mass along that logit, each has a beta posterior (the logistic curve counts as four samples of it, and as half a one
    of either kind at least), and isotonic regression (Zadrozny and Elkan 2002) makes mean and ends of the bins rise.
    Between the middles of bins log-odds are interpolated; outside they go on to the last sample, at most as steeply as
    the logistic curve.

    Beyond all samples it is only known that p rises with the score, which bounds it on one side alone (Manski 1997,
    "Monotone treatment response"): above them the low end stays, and the high end rises twice as steeply as the
    logistic curve for two of its log-odds and as steeply afterwards; below them it is the other way round. The mean
    goes on by 0.2 over the first two and by 0.04 over the next 18, so that homes are told apart and none is certain.

    `mean` has shape (4,), `covariance` (4, 4); `points` (4, bins + 2) are the logit and the log-odds of probability,
    low and high, or (4, 0) for the method "platt"; `seen` (2,) are the least and the greatest logit of the samples;
    `samples` and `positives` say what it was fitted on.

    >>> bool(Calibration().of(np.array([0.0]), np.array([0.0])).high[0] > 0.3)
    True
    """

    mean: Floats = field(default_factory=lambda: np.array([np.log(_PRIOR_RATE / (1 - _PRIOR_RATE)), 0.0, 0.0, 0.0]))
    covariance: Floats = field(default_factory=lambda: np.diag([_PRIOR_SD[0] ** 2, 0.0, 0.0, 0.0]))
    centre: float = 0.0
    spread: float = 1.0
    samples: int = 0
    positives: int = 0
    points: Floats = field(default_factory=lambda: np.zeros((4, 0)))
    seen: Floats = field(default_factory=lambda: np.array([-np.inf, np.inf]))

    @property
    def method(self) -> Literal["platt", "isotonic"]:
        """How the probability comes about."""
        return "isotonic" if self.points.size else "platt"

    @property
    def predicts(self) -> bool:
        """Whether a higher score is shown to be likelier engaged with: b above 0, wrong once in a hundred times."""
        return bool(self.mean[1] > _PROVEN * np.sqrt(self.covariance[1, 1])) if self.samples else False

    def of(self, scores: Floats, acts: Floats, again: Floats | None = None) -> Calibrated:
        """Probability and interval for each score of a lead with so many acts behind it; all of shape (n,).

        `again` is 1 for homes that the lead has acted on already, left out: 0 for all.

        Of the logistic curve the probability is the posterior mean, with MacKay's approximation of the integral; where
        a very wide posterior puts that mean outside of its own interval, the interval is stretched to hold it.
        """
        rows = _design(scores, acts, again, self.centre, self.spread)
        odds = rows @ self.mean
        inside = np.clip(odds, *self.seen)
        beyond = odds - inside
        if self.points.size:
            at, *curves = self.points
            ends = [np.interp(inside, at, curve) for curve in curves]
        else:
            ends = self._logistic_ends(rows, inside, beyond)
        probability, low, high = (expit(end + more) for end, more in zip(ends, _opened(beyond), strict=True))
        return Calibrated(probability, np.minimum(low, probability), np.maximum(high, probability))

    def _logistic_ends(self, rows: Floats, inside: Floats, beyond: Floats) -> list[Floats]:
        """Log-odds of mean, low and high end at the score, brought back to the nearest that was seen."""
        if self.mean[1] > 0.0:
            rows = rows - np.outer(beyond / self.mean[1], (0.0, 1.0, 0.0, 0.0))
        variance = np.einsum("ij,jk,ik->i", rows, self.covariance, rows)
        bend = np.square(_BEND_SD * rows[:, 1]) if self.samples else 0.0
        reach = _Z90 * np.sqrt(variance + bend)
        return [inside / np.sqrt(1.0 + np.pi * variance / 8.0), inside - reach, inside + reach]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, as arrays to be saved."""
        return {
            "mean": self.mean,
            "covariance": self.covariance,
            "points": self.points,
            "scale": np.array([self.centre, self.spread]),
            "seen": self.seen,
            "counts": np.array([self.samples, self.positives], dtype=np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `arrays`; arrays that do not fit each other are a `ValueError`."""
        mean, covariance, points, seen = (arrays[name] for name in ("mean", "covariance", "points", "seen"))
        shapes = (mean.shape, covariance.shape, points.shape[:1], seen.shape)
        if shapes != ((4,), (4, 4), (4,), (2,)) or points.ndim != 2:
            raise ValueError("the arrays are not those of a calibration.")
        centre, spread = arrays["scale"].tolist()
        samples, positives = arrays["counts"].tolist()
        return cls(mean, covariance, centre, spread, samples, positives, points, seen)


def fit_calibration(
    scores: Floats, acts: Floats, engaged: NDArray[np.bool_], again: Floats | None = None
) -> Calibration:
    """The posterior given what happened: arrays of shape (n,). With n = 0 it is the prior.

    `scores` must be of models that had not seen the outcome; otherwise the probabilities are too high. `again` is 1
    for homes that the lead had acted on before, left out: 0 for all.
    """
    known = np.isfinite(scores)
    scores, labels = scores[known], engaged[known].astype(np.float64)
    if scores.size == 0:
        return Calibration()
    before = None if again is None else again[known]
    fitted = _logistic(scores, acts[known], before, labels, float(scores.std()) or 1.0)
    if fitted.mean[1] < 0.0:
        fitted = _logistic(scores, acts[known], before, labels, np.inf)
    odds = _design(scores, acts[known], before, fitted.centre, fitted.spread) @ fitted.mean
    fitted = replace(fitted, seen=np.array([odds.min(), odds.max()]))
    if scores.size < FEWEST_FOR_STEPS[0] or labels.sum() < FEWEST_FOR_STEPS[1]:
        return fitted
    return replace(fitted, points=_points(odds, labels))


def _logistic(scores: Floats, acts: Floats, again: Floats | None, labels: Floats, spread: float) -> Calibration:
    """The logistic curve; with an infinite spread the score says nothing."""
    prior = Calibration()
    centre = float(scores.mean())
    rows = _design(scores, acts, again, centre, spread)
    precision = np.diag(1.0 / np.square(_PRIOR_SD))
    mean = prior.mean.copy()
    for _ in range(_STEPS):
        p = expit(rows @ mean)
        gradient = rows.T @ (p - labels) + precision @ (mean - prior.mean)
        hessian = (rows * (p * (1 - p))[:, None]).T @ rows + precision
        step = np.linalg.solve(hessian, gradient)
        mean -= step * min(1.0, 2.0 / float(np.linalg.norm(step) + 1e-12))
        if float(np.abs(step).max()) < 1e-10:
            break
    p = expit(rows @ mean)
    hessian = (rows * (p * (1 - p))[:, None]).T @ rows + precision
    return Calibration(
        mean=mean,
        covariance=np.asarray(np.linalg.inv(hessian), dtype=np.float64),
        centre=centre,
        spread=spread,
        samples=int(labels.size),
        positives=int(labels.sum()),
    )


def _points(odds: Floats, labels: Floats) -> Floats:
    """Where the curve bends, (4, bins + 2): the logistic log-odds, and those of the mean, the low and the high end."""
    order = np.argsort(odds, kind="stable")
    odds, labels = odds[order], labels[order]
    starts = _bin_starts(odds, int(np.clip(labels.sum() // _POSITIVES_A_BIN, *_BINS)))
    counts = np.diff(np.append(starts, odds.size)).astype(np.float64)
    expected = np.add.reduceat(expit(odds), starts) / counts
    positives = np.add.reduceat(labels, starts)
    seen = positives + np.maximum(_PRIOR_SAMPLES * expected, 0.5)
    missed = counts - positives + np.maximum(_PRIOR_SAMPLES * (1.0 - expected), 0.5)
    shares = (seen / (seen + missed), *(betaincinv(seen, missed, end) for end in _ENDS))
    curves = (logit(isotonic_regression(share, weights=counts).x) for share in shares)
    middles = logit(np.clip(expected, _SMALLEST, 1.0 - _SMALLEST))
    at = np.maximum.accumulate(np.concatenate((odds[:1], middles, odds[-1:])))
    mean, low, high = (_carried_on(curve, at, *limits) for curve, limits in zip(curves, _SLOPES, strict=True))
    return np.stack([at, mean, low, high])


def _opened(beyond: Floats) -> tuple[Floats, Floats, Floats]:
    """What mean, low and high end gain in log-odds so far above all samples, or, below 0, so far under them."""
    far = np.abs(beyond)
    on, opening = np.sign(beyond) * np.interp(far, _BEYOND, _ON), np.interp(far, _BEYOND, _OPEN)
    return on, np.where(beyond < 0.0, -opening, 0.0), np.where(beyond > 0.0, opening, 0.0)


def _carried_on(curve: Floats, at: Floats, before: Slopes, after: Slopes) -> Floats:
    """The curve through the middles of bins with its values at the first and the last sample added.

    There it goes on as at its ends, within the least and the largest slope allowed before and after.
    """
    slopes = np.diff(curve) / np.maximum(np.diff(at[1:-1]), _SMALLEST) if curve.size > 1 else np.zeros(1)
    first = curve[0] - np.clip(slopes[0], *before) * (at[1] - at[0])
    last = curve[-1] + np.clip(slopes[-1], *after) * (at[-1] - at[-2])
    return np.concatenate(([first], curve, [last]))


def _bin_starts(values: Floats, bins: int) -> NDArray[np.int64]:
    """Where bins of about equal mass begin in sorted values; equal values are never parted."""
    wanted = values[(np.arange(1, bins) * values.size) // bins]
    return np.unique(np.append(0, np.searchsorted(values, wanted, side="left"))).astype(np.int64)


def _design(scores: Floats, acts: Floats, again: Floats | None, centre: float, spread: float) -> Floats:
    """Rows (1, standardised score, log(1 + acts), again), shape (n, 4)."""
    before = np.zeros_like(scores) if again is None else again
    return np.column_stack((np.ones_like(scores), (scores - centre) / spread, np.log1p(acts), before))
