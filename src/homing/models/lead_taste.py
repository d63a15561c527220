"""What is known of one lead's taste at one moment, as a value: a further act gives another."""

from __future__ import annotations

from dataclasses import dataclass

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

    `mean` float64 (d,), `covariance` float64 (d, d); `market` float32 (m, d) homes that stand for the whole market;
    `rules` float64 (3,): the precision of a weight of 1, how sharply utility decides, and how far a challenger must be
    ahead for a change.
    """

    mean: Doubles
    covariance: Doubles
    market: Floats
    rules: Doubles

    @property
    def packed(self) -> bayes.Prior:
        """The same, as the compiled loops take it."""
        return self.mean, self.covariance, self.market, self.rules


@dataclass(frozen=True, slots=True, eq=False)
class Taste:
    """A lead's taste: the weight of each attribute is normal with `mean` (d,) and `covariance` (d, d).

    `means` float64 (2, d), `covariances` float64 (2, d, d): the taste, and a challenger that learns only from the acts
    since it was last no better. `ahead`: by how much the challenger foresees better, a logarithm of odds. `homes` int64
    (m,) codes of the homes acted on, `counted` float64 (2, m) their weights added up for either, `met` bool (2, m)
    whether they count. `changes`: how often the lead has been found to have changed its mind.
    """

    means: Doubles
    covariances: Doubles
    homes: NDArray[np.int64]
    counted: Doubles
    met: NDArray[np.bool_]
    ahead: float = 0.0
    changes: int = 0

    @property
    def mean(self) -> Doubles:
        """The weight of each attribute, as expected, float64 (d,)."""
        return self.means[0]

    @property
    def covariance(self) -> Doubles:
        """How uncertain the weights are, float64 (d, d)."""
        return self.covariances[0]

    def draws(self, n: int, seed: int) -> Doubles:
        """Weights as they might be, float64 (n, d); the same with the same seed."""
        values, basis = np.linalg.eigh(self.covariance)
        noise = np.random.default_rng(seed).standard_normal((n, values.size))
        return np.asarray(self.mean + (noise * np.sqrt(np.maximum(values, 0.0))) @ basis.T)

    def spread(self, vectors: Floats) -> Doubles:
        """The standard deviation of the utility of homes (n, d), float64 (n,)."""
        wide = vectors.astype(np.float64)
        return np.sqrt(np.maximum(((wide @ self.covariance) * wide).sum(axis=1), 0.0))


def folded(prior: Prior, vectors: Floats, items: NDArray[np.int64], weights: Doubles) -> Taste:
    """The taste after these acts, oldest first: `weights` (n,) on rows `items` (n,) of `vectors`."""
    homes, places = np.unique(items, return_inverse=True)
    (means, covariances, counted, met), path = bayes.fold(vectors, items, places, weights, homes.size, prior.packed)
    ahead = max(float(path[-1]), 0.0) if path.size else 0.0
    return Taste(means, covariances, homes, counted, met, ahead, int((path < 0.0).sum()))


def acted(prior: Prior, taste: Taste, home: int, vector: Floats, weight: float) -> Taste:
    """The taste after one act more; the first stays as it is."""
    found = np.flatnonzero(taste.homes == home)
    if found.size:
        place, homes, counted, met = int(found[0]), taste.homes, taste.counted.copy(), taste.met.copy()
    else:
        place, homes = taste.homes.size, np.append(taste.homes, home)
        counted, met = np.zeros((2, place + 1)), np.zeros((2, place + 1), dtype=np.bool_)
        counted[:, :place], met[:, :place] = taste.counted, taste.met
    state = taste.means.copy(), taste.covariances.copy(), counted, met
    ahead = bayes.act(state, taste.ahead, place, vector, weight, prior.packed)
    means, covariances, counted, met = state
    return Taste(means, covariances, homes, counted, met, max(ahead, 0.0), taste.changes + (ahead < 0.0))
