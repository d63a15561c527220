"""From a score to a probability one can rely on, with an interval that says how far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

__all__ = ["Calibrated", "Calibration", "fit_calibration"]

_Z90: Final = 1.6448536269514722
_PRIOR_RATE: Final = 0.05
_PRIOR_SD: Final = (1.5, 1.0, 1.0)
_STEPS: Final = 50

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Probabilities with the ends of their 90 % intervals, each of shape (n,)."""

    probability: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Calibration:
    """The posterior of a logistic regression of "engaged within 14 days" on score and activity.

    logit p = a + b · (score - centre) / spread + c · log(1 + acts), with independent normal priors on a, b, c and the
    Laplace approximation of their posterior (MacKay 1992, "The evidence framework applied to classification
    networks"). Without data it is the prior, the same for every score: about 10 %, in an interval so wide that the
    level is "uncertain".

    `mean` has shape (3,), `covariance` (3, 3); `samples` and `positives` say what it was fitted on.

    >>> bool(Calibration().of(np.array([0.0]), np.array([0.0])).high[0] > 0.3)
    True
    """

    mean: Floats = field(default_factory=lambda: np.array([np.log(_PRIOR_RATE / (1 - _PRIOR_RATE)), 0.0, 0.0]))
    covariance: Floats = field(default_factory=lambda: np.diag([_PRIOR_SD[0] ** 2, 0.0, 0.0]))
    centre: float = 0.0
    spread: float = 1.0
    samples: int = 0
    positives: int = 0

    def of(self, scores: Floats, acts: Floats) -> Calibrated:
        """Probability and interval for each score of a lead with so many acts behind it; both of shape (n,).

        The probability is the posterior mean, with MacKay's approximation of the integral; where a very wide posterior
        puts that mean outside of its own interval, the interval is stretched to hold it.
        """
        rows = _design(scores, acts, self.centre, self.spread)
        logit = rows @ self.mean
        variance = np.einsum("ij,jk,ik->i", rows, self.covariance, rows)
        reach = _Z90 * np.sqrt(variance)
        probability = expit(logit / np.sqrt(1.0 + np.pi * variance / 8.0))
        low, high = expit(logit - reach), expit(logit + reach)
        return Calibrated(probability, np.minimum(low, probability), np.maximum(high, probability))


def fit_calibration(scores: Floats, acts: Floats, engaged: NDArray[np.bool_]) -> Calibration:
    """The posterior given what happened: arrays of shape (n,). With n = 0 it is the prior.

    `scores` must be of models that had not seen the outcome; otherwise the probabilities are too high.
    """
    prior = Calibration()
    known = np.isfinite(scores)
    scores, acts, labels = scores[known], acts[known], engaged[known].astype(np.float64)
    if scores.size == 0:
        return prior
    centre, spread = float(scores.mean()), float(scores.std()) or 1.0
    rows = _design(scores, acts, centre, spread)
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


def _design(scores: Floats, acts: Floats, centre: float, spread: float) -> Floats:
    """Rows (1, standardised score, log(1 + acts)), shape (n, 3)."""
    return np.column_stack((np.ones_like(scores), (scores - centre) / spread, np.log1p(acts)))
