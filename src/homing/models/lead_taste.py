"""What is known of one lead's taste at one moment, as a value: a further act gives another."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from homing.models import bayes

__all__ = ["NEVER", "Prior", "Taste", "acted", "folded"]

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

NEVER = 1e300
"""A threshold that nothing reaches."""


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """Where a taste begins and by what it is moved.

    `mean` float64 (d,), `covariance` float64 (d, d); `market` float64 (m, d) homes that stand for the whole market;
    `rules` float64 (4,): the precision of a weight of 1, how sharply utility decides, by how much a challenger must
    foresee a home better to gain, and how far it must be ahead for a change; `usual` (m,) the market times the mean.
    """

    mean: Doubles
    covariance: Doubles
    market: Doubles
    rules: Doubles
    usual: Doubles = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "usual", self.market @ self.mean)

    @property
    def packed(self) -> bayes.Prior:
        """The same, as the compiled loops take it."""
        return self.mean, self.covariance, self.market, self.rules, self.usual


@dataclass(frozen=True, slots=True, eq=False)
class Taste:
    """A lead's taste: the weights of attributes are normal with `mean` float64 (d,), `covariance` float64 (d, d).

    `rival` and `rival_covariance` are those of a challenger that learns from the last acts only, without meaning while
    `ahead` is 0: by how much it foresees better, a logarithm of odds. `homes` int64 (m,) codes of the homes acted on,
    `counted` float64 (2, m) their weights added up for either, infinite where they do not count;
    `trust` float64 (2, s) how well each of `bayes.SCALES` has done for either.
    `changes`: how often the lead has been found to have changed its mind.
    """

    mean: Doubles
    covariance: Doubles
    rival: Doubles
    rival_covariance: Doubles
    homes: NDArray[np.int64]
    counted: Doubles
    trust: Doubles
    ahead: float = 0.0
    changes: int = 0

    def draws(self, n: int, seed: int) -> Doubles:
        """Weights as they might be, float64 (n, d); the same with the same seed."""
        noise = np.random.default_rng(seed).standard_normal((n, self.mean.size))
        return np.asarray(self.mean + noise @ _root(self.covariance).T)

    def spread(self, vectors: Floats) -> Doubles:
        """The standard deviation of the utility of homes (n, d), float64 (n,)."""
        wide = vectors.astype(np.float64)
        return np.asarray(np.sqrt(np.maximum(((wide @ self.covariance) * wide).sum(axis=1), 0.0)))


def _root(covariance: Doubles) -> Doubles:
    """A matrix R with R Rᵀ = covariance: Cholesky's; where rounding has made an eigenvalue negative, by eigenvalues."""
    try:
        return np.asarray(np.linalg.cholesky(covariance))
    except np.linalg.LinAlgError:
        values, basis = np.linalg.eigh(covariance)
        return np.asarray(basis * np.sqrt(np.maximum(values, 0.0)))


def folded(prior: Prior, vectors: Floats, items: NDArray[np.int64], weights: Doubles) -> Taste:
    """The taste after these acts, oldest first: `weights` (n,) on rows `items` (n,) of `vectors`."""
    homes, places = np.unique(items, return_inverse=True)
    state, path = bayes.fold(vectors, items, places, weights, homes.size, prior.packed)
    ahead = max(float(path[-1]), 0.0) if path.size else 0.0
    return Taste(*state[:4], homes, *state[4:], ahead, int((path < 0.0).sum()))


def acted(prior: Prior, taste: Taste, home: int, vector: Floats, weight: float) -> Taste:
    """The taste after one act more; the first stays as it is."""
    mean, covariance, trust = taste.mean.copy(), taste.covariance.copy(), taste.trust.copy()
    if taste.ahead > 0.0:
        rival, spread = taste.rival.copy(), taste.rival_covariance.copy()
    else:
        rival, spread = np.empty(mean.shape), np.empty(covariance.shape)
    homes, counted, ahead = bayes.acted(
        taste.homes, taste.counted, home, vector, weight, taste.ahead, mean, covariance, rival, spread, trust,
        prior.mean, prior.covariance, prior.market, prior.rules, prior.usual,
    )  # fmt: skip
    changes = taste.changes + (ahead < 0.0)
    return Taste(mean, covariance, rival, spread, homes, counted, trust, max(ahead, 0.0), changes)
