"""What leads have in common: the prior of a taste, learned from the tastes of all (empirical Bayes)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Evidence", "Population", "default_population", "learned"]

Doubles = NDArray[np.float64]

ENOUGH_LEADS = 10
_ROUNDS = 8
_MEAN_LEADS = 5.0
_COVARIANCE_LEADS = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Tastes of leads, before any act: `mean` float64 (d,), `covariance` float64 (d, d)."""

    mean: Doubles
    covariance: Doubles

    def against(self, market: Doubles) -> tuple[Doubles, Doubles]:
        """Mean and covariance once the market counts as of utility 0, with this precision (d, d)."""
        precision = np.linalg.inv(self.covariance)
        covariance = np.linalg.inv(precision + market)
        covariance = (covariance + covariance.T) / 2.0
        return covariance @ (precision @ self.mean), covariance


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """One lead's acts: vectors of its homes, (m, d); the precision (m,) and the target (m,) of each."""

    vectors: Doubles
    precision: Doubles
    target: Doubles


def default_population(weights: Doubles, likeness: Doubles) -> Population:
    """Tastes with mean 0 whose variances go by the weights (d,) of attributes; correlated as attributes are alike.

    >>> default_population(np.array([1.0, 0.5]), np.eye(2)).covariance.round(2).tolist()
    [[0.8, 0.0], [0.0, 0.2]]
    """
    scale = weights / (float(np.linalg.norm(weights)) or 1.0)
    return Population(np.zeros(weights.size), likeness * np.outer(scale, scale))


def learned(evidence: Sequence[Evidence], market: Doubles, start: Population) -> Population:
    """The population that makes the acts of all leads likely, by eight rounds of expectation and maximisation.

        lead's posterior: P = S^-1 + market + sum of c x x',  w = P^-1 (S^-1 m + sum of c t x)
        m = sum of w / (leads + 5),  S = (10 start + sum of P^-1 + (w - m)(w - m)') / (leads + 10)

    The covariance is shrunk to `start` as if that were ten more leads, the mean to 0 as by five. With fewer than ten
    leads it is `start`. (Dempster, Laird, Rubin 1977; for normal hierarchies Efron, Morris 1975.)
    """
    if len(evidence) < ENOUGH_LEADS:
        return start
    population = start
    grams = [(one.vectors.T * one.precision) @ one.vectors + market for one in evidence]
    pulls = [one.vectors.T @ (one.precision * one.target) for one in evidence]
    for _ in range(_ROUNDS):
        precision = np.linalg.inv(population.covariance)
        pull = precision @ population.mean
        spread = np.zeros_like(precision)
        tastes = np.empty((len(evidence), precision.shape[0]))
        for row, (gram, own) in enumerate(zip(grams, pulls, strict=True)):
            uncertainty = np.linalg.inv(precision + gram)
            tastes[row] = uncertainty @ (pull + own)
            spread += uncertainty
        mean = tastes.sum(axis=0) / (len(evidence) + _MEAN_LEADS)
        apart = tastes - mean
        total = spread + apart.T @ apart + _COVARIANCE_LEADS * start.covariance
        total /= len(evidence) + _COVARIANCE_LEADS
        population = Population(mean, (total + total.T) / 2.0)
    return population
