"""A taste as a Gaussian that acts move: the compiled loops.

A taste w ~ N(mean, covariance) over d attributes; an act on a home with vector x says that w . x is about a target,
with a precision. Both follow from the weights of all acts on that home added up, so a further act changes precision and
pull (precision times target) by c and r, which is one update of rank 1 (Sherman, Morrison 1950), exact in any order:

    a = covariance x,  k = 1 + c x . a,  mean += a (r - c x . mean) / k,  covariance -= c a a' / k

Beside the taste (row 0) runs a challenger (row 1): it begins at the prior whenever it is no longer ahead of the taste,
and learns from the acts since. `ahead` adds up by how much better it foresaw each newly met home (a CUSUM of log
predictive odds: Page 1954). Above the threshold the lead is found to have changed, and the challenger is the taste.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import fast_kernel

__all__ = ["AGAINST", "STRAY", "act", "fold", "foreseen", "heights", "log_choice"]

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

State = tuple[Doubles, Doubles, Doubles, Flags]
"""Of taste and challenger: means (2, d), covariances (2, d, d), the weights of each home added up (2, m), and whether
the home counts for it (2, m)."""

Prior = tuple[Doubles, Doubles, Floats, Doubles]
"""Mean (d,), covariance (d, d), homes that stand for the market (m, d), and the rules (3,): the precision of a weight
of 1, the sharpness of choices, the threshold."""

AGAINST = -0.5
"""The utility that acts against a home stand for; acts for it stand for 1."""

STRAY = 0.1
"""How often a lead is taken to look at a home by chance, which bounds what one odd home can say."""


@fast_kernel
def _absorb(mean: Doubles, covariance: Doubles, x: Floats, c: float, r: float) -> None:
    """Change the precision along `x` (d,) by `c` and the pull by `r`, in place."""
    d = mean.size
    a = np.empty(d)
    along = 0.0
    height = 0.0
    for i in range(d):
        total = 0.0
        for j in range(d):
            total += covariance[i, j] * x[j]
        a[i] = total
        along += x[i] * total
        height += x[i] * mean[i]
    k = 1.0 + c * along
    step = (r - c * height) / k
    for i in range(d):
        mean[i] += step * a[i]
        scaled = c * a[i] / k
        for j in range(d):
            covariance[i, j] -= scaled * a[j]


@fast_kernel
def log_choice(mean: Doubles, x: Floats, market: Floats, sharpness: float) -> float:
    """How much likelier than by chance a home was turned to, given a taste: a logarithm, from log(STRAY) upwards.

    log((1 - STRAY) exp(s w . x) / average of exp(s w . z) over x and homes z of the market (m, d) + STRAY)
    """
    d = mean.size
    height = 0.0
    for i in range(d):
        height += mean[i] * x[i]
    total = 1.0
    for m in range(market.shape[0]):
        other = 0.0
        for i in range(d):
            other += mean[i] * market[m, i]
        total += math.exp(min(sharpness * (other - height), 60.0))
    return math.log((1.0 - STRAY) * (market.shape[0] + 1.0) / total + STRAY)


@fast_kernel
def _restart(state: State, prior: Prior) -> None:
    """Let the challenger begin anew at the prior, in place."""
    means, covariances, counted, met = state
    means[1] = prior[0]
    covariances[1] = prior[1]
    counted[1, :] = 0.0
    met[1, :] = False


@fast_kernel
def _ahead(state: State, ahead: float, x: Floats, prior: Prior) -> float:
    """How far the challenger is ahead once it is seen that the lead turned to a new home, at least 0."""
    _, _, market, rules = prior
    means = state[0]
    further = ahead + log_choice(means[1], x, market, rules[1]) - log_choice(means[0], x, market, rules[1])
    if further <= 0.0 < ahead:
        _restart(state, prior)
    return max(further, 0.0)


@fast_kernel
def act(state: State, ahead: float, place: int, x: Floats, weight: float, prior: Prior) -> float:
    """One act on the home at `place`, in place; returns how far the challenger is ahead, -1 where the taste changed."""
    means, covariances, counted, met = state
    rules = prior[3]
    if not met[0, place]:
        if weight > 0.0:
            ahead = _ahead(state, ahead, x, prior)
        met[0, place] = True
        met[1, place] = ahead > 0.0
    for row in range(2):
        if met[row, place]:
            was = counted[row, place]
            now = was + weight
            counted[row, place] = now
            former = rules[0] * math.log2(1.0 + abs(was))
            precision = rules[0] * math.log2(1.0 + abs(now))
            pull = precision * (1.0 if now > 0.0 else AGAINST) - former * (1.0 if was > 0.0 else AGAINST)
            _absorb(means[row], covariances[row], x, precision - former, pull)
    if ahead > rules[2]:
        means[0] = means[1]
        covariances[0] = covariances[1]
        counted[0, :] = counted[1, :]
        met[0, :] = met[1, :]
        _restart(state, prior)
        return -1.0
    return ahead


@fast_kernel
def fold(
    vectors: Floats, items: NDArray[np.int64], places: NDArray[np.int64], weights: Doubles, count: int, prior: Prior
) -> tuple[State, Doubles]:
    """All acts in their order: of rows `items` (n,) of `vectors`, which are the homes `places` (n,) out of `count`.

    Returns the state, and after each act how far the challenger was ahead, -1 where the taste changed.
    """
    d = prior[0].size
    means = np.empty((2, d))
    covariances = np.empty((2, d, d))
    for row in range(2):
        means[row] = prior[0]
        covariances[row] = prior[1]
    state = (means, covariances, np.zeros((2, count)), np.zeros((2, count), dtype=np.bool_))
    path = np.zeros(weights.size)
    ahead = 0.0
    for j in range(weights.size):
        ahead = act(state, max(ahead, 0.0), places[j], vectors[items[j]], weights[j], prior)
        path[j] = ahead
    return state, path


@fast_kernel
def heights(vectors: Floats, items: NDArray[np.int64], mean: Doubles) -> Doubles:
    """The utility of some homes, float64 (n,)."""
    out = np.empty(items.size)
    for j in range(items.size):
        total = 0.0
        x = vectors[items[j]]
        for i in range(mean.size):
            total += x[i] * mean[i]
        out[j] = total
    return out


@fast_kernel
def foreseen(
    vectors: Floats, items: NDArray[np.int64], weights: Doubles, prior: Prior, scales: Doubles
) -> tuple[Doubles, int]:
    """`log_choice` of each home that the lead acted for, given its acts before, added up: for each sharpness (s,).

    The first act is left out. Returns the sums and how many acts they are of.
    """
    mean = prior[0].copy()
    covariance = prior[1].copy()
    sums = np.zeros(scales.size)
    number = 0
    for j in range(items.size):
        x = vectors[items[j]]
        if j > 0 and weights[j] > 0.0:
            number += 1
            for s in range(scales.size):
                sums[s] += log_choice(mean, x, prior[2], scales[s])
        c = prior[3][0] * math.log2(1.0 + abs(weights[j]))
        _absorb(mean, covariance, x, c, c * (1.0 if weights[j] > 0.0 else AGAINST))
    return sums, number
