"""A taste as a Gaussian that acts move: the compiled loops.

A taste w ~ N(mean, covariance) over d attributes; an act on a home with vector x says that w . x is about a target,
with a precision. Both follow from the weights of all acts on that home added up, so a further act changes precision and
pull (precision times target) by c and r, which is one update of rank 1 (Sherman, Morrison 1950), exact in any order:

    a = covariance x,  k = 1 + c x . a,  mean += a (r - c x . mean) / k,  covariance -= c a a' / k

Beside the taste runs a challenger that begins at the prior whenever that foresees a newly met home better than the
taste does, and learns from the acts since. `ahead` adds up by how much better (a CUSUM of log predictive odds, Page
1954); at 0 the challenger ends, above the threshold the lead is found to have changed and the challenger is the taste.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import fast_kernel, kernel

__all__ = ["AGAINST", "STRAY", "act", "acted", "fold", "foreseen", "grown", "heights", "log_choices", "parts_of"]

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

State = tuple[Doubles, Doubles, Doubles, Doubles, Doubles, Doubles]
"""Mean (d,) and covariance (d, d) of the taste; the same of the challenger, of no meaning while it is not ahead; of
each home the weights added up for either (2, m), `UNMET` where it does not count; how well each of `SCALES` has done
for either (2, scales)."""

Prior = tuple[Doubles, Doubles, Doubles, Doubles, Doubles]
"""Mean (d,), covariance (d, d), homes that stand for the market (m, d), the rules (4,): the precision of a weight of 1,
the sharpness of choices, by how much a challenger must foresee better to gain, and the threshold; and the products of
the market with the mean (m,)."""

AGAINST = -0.5
"""The utility that acts against a home stand for; acts for it stand for 1."""

UNMET = math.inf

SCALES = (0.0, 1.0 / 3.0, 1.0, 3.0)
"""Leads are more or less decided: sharpness in parts of the usual. Each lead's own acts say which of them to trust."""

USUAL = 2

STRAY = 0.1
"""How often a lead is taken to look at a home by chance, which bounds what one odd home can say."""


@fast_kernel
def _products(rows: Doubles, x: Doubles, out: Doubles) -> None:
    """The products of rows (n, d) with `x` (d,) into `out` (n,), four at once, as each is short."""
    count, d = rows.shape
    i = 0
    while i + 4 <= count:
        one = two = three = four = 0.0
        for j in range(d):
            one += rows[i, j] * x[j]
            two += rows[i + 1, j] * x[j]
            three += rows[i + 2, j] * x[j]
            four += rows[i + 3, j] * x[j]
        out[i], out[i + 1], out[i + 2], out[i + 3] = one, two, three, four
        i += 4
    while i < count:
        total = 0.0
        for j in range(d):
            total += rows[i, j] * x[j]
        out[i] = total
        i += 1


@fast_kernel
def _absorb(mean: Doubles, covariance: Doubles, x: Doubles, c: float, r: float) -> None:
    """Change the precision along `x` (d,) by `c` and the pull by `r`, in place."""
    d = mean.size
    a = np.empty(d)
    _products(covariance, x, a)
    along = 0.0
    height = 0.0
    for i in range(d):
        along += x[i] * a[i]
        height += x[i] * mean[i]
    k = 1.0 + c * along
    step = (r - c * height) / k
    for i in range(d):
        mean[i] += step * a[i]
        scaled = c * a[i] / k
        for j in range(d):
            covariance[i, j] -= scaled * a[j]


@fast_kernel
def log_choices(mean: Doubles, x: Doubles, market: Doubles, sharpness: float) -> Doubles:
    """How much likelier than by chance a home was turned to, given a taste: logarithms, one for each of `SCALES`.

    log((1 - STRAY) exp(s w . x) / average of exp(s w . z) over x and homes z of the market (m, d) + STRAY)
    """
    others = np.empty(market.shape[0])
    _products(market, mean, others)
    return _log_choices(_height(mean, x), others, sharpness)


@fast_kernel
def _height(mean: Doubles, x: Doubles) -> float:
    height = 0.0
    for i in range(mean.size):
        height += mean[i] * x[i]
    return height


@fast_kernel
def _log_choices(height: float, others: Doubles, sharpness: float) -> Doubles:
    """`log_choices` of a home with the product `height`, those of the market being `others` (m,)."""
    totals = np.ones(len(SCALES))
    totals[0] += others.size
    for other in others:
        third = math.exp(min(sharpness * (other - height) / 3.0, 30.0))
        usual = third * third * third
        totals[1] += third
        totals[2] += usual
        totals[3] += usual * usual * usual
    for s in range(len(SCALES)):
        totals[s] = math.log((1.0 - STRAY) * (others.size + 1.0) / totals[s] + STRAY)
    return totals


@fast_kernel
def _foreseen(found: Doubles, trust: Doubles) -> float:
    """`log_choices` averaged by how well each scale has done, `trust` (scales,), which learns in place."""
    most = trust.max()
    before = 0.0
    after = 0.0
    for s in range(len(SCALES)):
        before += math.exp(trust[s] - most)
        after += math.exp(trust[s] - most + found[s])
        trust[s] += found[s]
    return math.log(after / before)


@fast_kernel
def _began(state: State, ahead: float, x: Doubles, prior: Prior) -> float:
    """How far the challenger is ahead, at least 0, once the lead has turned to a new home; it may begin, or end."""
    mean, _, rival, spread, counted, trust = state
    rules = prior[3]
    if ahead <= 0.0:
        for s in range(len(SCALES)):
            trust[1, s] = 0.0
    expected = _foreseen(log_choices(mean, x, prior[2], rules[1]), trust[0])
    if ahead > 0.0:
        found = log_choices(rival, x, prior[2], rules[1])
    else:
        found = _log_choices(_height(prior[0], x), prior[4], rules[1])
    further: float = max(ahead + _foreseen(found, trust[1]) - expected - rules[2], 0.0)
    if (ahead > 0.0) != (further > 0.0):
        for m in range(counted.shape[1]):
            counted[1, m] = UNMET
        if further > 0.0:
            for i in range(mean.size):
                rival[i] = prior[0][i]
                for j in range(mean.size):
                    spread[i, j] = prior[1][i, j]
    return further


@fast_kernel
def _counted(
    mean: Doubles, covariance: Doubles, counted: Doubles, place: int, x: Doubles, by: tuple[float, float]
) -> None:
    """Count one act more on a home: `by` its weight, and the precision of a weight of 1."""
    was = counted[place]
    now = was + by[0]
    counted[place] = now
    former = by[1] * math.log2(1.0 + abs(was))
    precision = by[1] * math.log2(1.0 + abs(now))
    pull = precision * (1.0 if now > 0.0 else AGAINST) - former * (1.0 if was > 0.0 else AGAINST)
    _absorb(mean, covariance, x, precision - former, pull)


@fast_kernel
def act(state: State, ahead: float, place: int, vector: Floats, weight: float, prior: Prior) -> float:
    """One act on the home at `place`, in place; returns how far the challenger is ahead, -1 where the taste changed."""
    mean, covariance, rival, spread, counted, trust = state
    rules, x = prior[3], vector.astype(np.float64)
    if counted[0, place] == UNMET:
        if weight > 0.0:
            ahead = _began(state, ahead, x, prior)
        counted[0, place] = 0.0
        counted[1, place] = 0.0 if ahead > 0.0 else UNMET
    by = (weight, rules[0])
    _counted(mean, covariance, counted[0], place, x, by)
    if counted[1, place] != UNMET:
        _counted(rival, spread, counted[1], place, x, by)
    if ahead <= rules[3]:
        return ahead
    for i in range(mean.size):
        mean[i] = rival[i]
        for j in range(mean.size):
            covariance[i, j] = spread[i, j]
    for m in range(counted.shape[1]):
        counted[0, m], counted[1, m] = counted[1, m], UNMET
    for s in range(len(SCALES)):
        trust[0, s] = trust[1, s]
    return -1.0


@kernel
def grown(homes: NDArray[np.int64], counted: Doubles, home: int) -> tuple[int, NDArray[np.int64], Doubles]:
    """The place of a home among those (m,) acted on, the last if it is new, and copies with room for it."""
    place = 0
    while place < homes.size and homes[place] != home:
        place += 1
    size = max(homes.size, place + 1)
    to_homes, to_counted = np.empty(size, np.int64), np.empty((2, size))
    to_homes[place], to_counted[0, place], to_counted[1, place] = home, UNMET, UNMET
    for m in range(homes.size):
        to_homes[m], to_counted[0, m], to_counted[1, m] = homes[m], counted[0, m], counted[1, m]
    return place, to_homes, to_counted


@fast_kernel
def acted(  # noqa: PLR0913, PLR0917  # arrays one by one are told apart sooner than those within a tuple
    homes: NDArray[np.int64],
    before: Doubles,
    home: int,
    vector: Floats,
    weight: float,
    ahead: float,
    mean: Doubles,
    covariance: Doubles,
    rival: Doubles,
    spread: Doubles,
    trust: Doubles,
    prior_mean: Doubles,
    prior_covariance: Doubles,
    market: Doubles,
    rules: Doubles,
    usual: Doubles,
) -> tuple[NDArray[np.int64], Doubles, float]:
    """`act` on a home that may be new to the state, in place but for `homes` and `before`, which are `counted` so far.

    Returns the homes (m,), `counted` (2, m), and what `act` does.
    """
    place, to_homes, counted = grown(homes, before, home)
    state = mean, covariance, rival, spread, counted, trust
    prior = prior_mean, prior_covariance, market, rules, usual
    return to_homes, counted, act(state, ahead, place, vector, weight, prior)


@fast_kernel
def fold(
    vectors: Floats, items: NDArray[np.int64], places: NDArray[np.int64], weights: Doubles, count: int, prior: Prior
) -> tuple[State, Doubles]:
    """All acts in their order: of rows `items` (n,) of `vectors`, which are the homes `places` (n,) out of `count`.

    Returns the state, and after each act how far the challenger was ahead, -1 where the taste changed.
    """
    d = prior[0].size
    state = (
        prior[0].copy(), prior[1].copy(), np.empty(d), np.empty((d, d)), np.full((2, count), UNMET),
        np.zeros((2, len(SCALES))),
    )  # fmt: skip
    path = np.zeros(weights.size)
    ahead = 0.0
    for j in range(weights.size):
        ahead = act(state, max(ahead, 0.0), places[j], vectors[items[j]], weights[j], prior)
        path[j] = ahead
    return state, path


@fast_kernel
def heights(vectors: Floats, known: NDArray[np.bool_], items: NDArray[np.int64], means: Floats) -> Floats:
    """The utility of some homes by each of some tastes (m, d), float32 (m, n), NaN for a home that is not `known`."""
    out = np.empty((means.shape[0], items.size), dtype=np.float32)
    for m in range(means.shape[0]):
        mean, row = means[m], out[m]
        for j in range(items.size):
            item, total = items[j], np.float32(0.0)
            if 0 <= item < known.size and known[item]:
                x = vectors[item]
                for i in range(mean.size):
                    total += x[i] * mean[i]
            else:
                total = np.float32(np.nan)
            row[j] = total
    return out


@fast_kernel
def foreseen(
    vectors: Floats, items: NDArray[np.int64], weights: Doubles, prior: Prior, scales: Doubles
) -> tuple[Doubles, int]:
    """How likely each home was that the lead acted for, given its acts before it, by `log_choices` at scale 1.

    The first act is left out. Returns the sums over acts, for each of the sharpnesses `scales` (s,), and how many acts.
    """
    mean = prior[0].copy()
    covariance = prior[1].copy()
    sums, others = np.zeros(scales.size), np.empty(prior[2].shape[0])
    number = 0
    for j in range(items.size):
        x = vectors[items[j]].astype(np.float64)
        if j > 0 and weights[j] > 0.0:
            number += 1
            _products(prior[2], mean, others)
            for s in range(scales.size):
                sums[s] += _log_choices(_height(mean, x), others, scales[s])[USUAL]
        c = prior[3][0] * math.log2(1.0 + abs(weights[j]))
        _absorb(mean, covariance, x, c, c * (1.0 if weights[j] > 0.0 else AGAINST))
    return sums, number


@kernel
def parts_of(vectors: Floats, items: NDArray[np.int64], mean: Doubles, owner: NDArray[np.int64], count: int) -> Doubles:
    """The utility of some homes by family of attributes, float64 (n, count), NaN where all of a family are 0.

    `owner` (d,) is the family of each attribute.
    """
    out = np.full((items.size, count), np.nan)
    for j in range(items.size):
        for i in range(mean.size):
            x = vectors[items[j], i]
            if x != 0.0:
                so_far = out[j, owner[i]]
                out[j, owner[i]] = (0.0 if np.isnan(so_far) else so_far) + x * mean[i]
    return out
