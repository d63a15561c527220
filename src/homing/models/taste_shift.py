"""Where a lead's current taste began: a test for one change in a sequence of acts, exact at any number of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import kernel

__all__ = ["FALSE_ALARMS", "FEWEST_NEW", "MOST_ACTS", "current_taste_begins"]

Doubles = NDArray[np.float64]

FALSE_ALARMS = 0.01
"""Of leads whose taste never changed, the share that seems to have changed it, at one moment of asking."""

FEWEST_NEW = 3
MOST_ACTS = 200
_SHUFFLES = 199
_ALLOWED = int(FALSE_ALARMS * (_SHUFFLES + 1)) - 1
_LEAST_STEP = 1.5


def current_taste_begins(acts: Doubles) -> int:
    """The first act of the current taste: 0 as long as no change is shown.

    `acts` float64 (m, d) in order of time, one row an act and one column an attribute in any unit, NaN where unknown;
    only the newest 200 are looked at. Each column is standardised; a change after t acts is as strong as

        |sum of the first t rows|^2  m / (t (m - t)),     3 <= t <= m - 3,

    the likelihood ratio for one step of the mean. The strongest is compared with the strongest in 199 shuffles of the
    same acts: it is a change where at most one shuffle reaches it, so that whatever the distribution of acts that do
    not depend on their order, at most 1 % of such sequences give an alarm (Pitman 1937). It must also move the median
    of some column by 1.5 times its spread within both parts, so that one odd act is no change. The shuffles are the
    same each time.

    >>> north, south = np.tile([[400.0, 47.9]], (6, 1)), np.tile([[900.0, 47.3]], (6, 1))
    >>> wobble = np.arange(12)[:, None] % 3 * np.array([[10.0, 0.01]])
    >>> [current_taste_begins(np.vstack((north, then)) + wobble) for then in (south, north)]
    [6, 0]
    """
    skipped = max(0, len(acts) - MOST_ACTS)
    if len(acts) < 2 * FEWEST_NEW:
        return 0
    scaled = _standardised(np.asarray(acts[skipped:], dtype=np.float64))
    place = int(_changed_at(scaled, FEWEST_NEW, _SHUFFLES, _ALLOWED)) if scaled.shape[1] else 0
    if not place or not _is_a_step(scaled, place):
        return 0
    return skipped + place


def _is_a_step(scaled: Doubles, place: int) -> bool:
    before, after = scaled[:place], scaled[place:]
    within = np.sqrt((before.var(axis=0) * len(before) + after.var(axis=0) * len(after)) / len(scaled))
    step = np.abs(np.median(after, axis=0) - np.median(before, axis=0))
    return bool((step >= _LEAST_STEP * within).any())


@kernel
def _standardised(acts: Doubles) -> Doubles:
    """The columns with mean 0 and spread 1, what is unknown as 0; columns without spread left out."""
    m, d = acts.shape
    out, varies = np.zeros((m, d)), 0
    for c in range(d):
        known, total, highest = 0, 0.0, 0.0
        for j in range(m):
            if np.isfinite(acts[j, c]):
                known += 1
                total += acts[j, c]
                highest = max(highest, abs(acts[j, c]))
        mean, square = total / max(known, 1), 0.0
        for j in range(m):
            out[j, varies] = acts[j, c] - mean if np.isfinite(acts[j, c]) else 0.0
            square += out[j, varies] ** 2
        spread = np.sqrt(square / max(known, 1))
        if spread > 1e-9 * (1.0 + highest):
            out[:, varies] /= spread
            varies += 1
    return out[:, :varies].copy()


@kernel
def _strongest(acts: Doubles, order: NDArray[np.int64], fewest: int) -> tuple[float, int]:
    """The strongest change of the acts in this order, and after how many of them it is."""
    m, d = acts.shape
    total = np.zeros(d)
    best, place = -1.0, 0
    for t in range(1, m - fewest + 1):
        size = 0.0
        for c in range(d):
            total[c] += acts[order[t - 1], c]
            size += total[c] * total[c]
        if t >= fewest:
            size *= m / (t * (m - t))
            if size > best:
                best, place = size, t
    return best, place


@kernel
def _changed_at(acts: Doubles, fewest: int, shuffles: int, allowed: int) -> int:
    """After how many acts the strongest change is, 0 where more than `allowed` shuffles have one as strong."""
    m = acts.shape[0]
    order = np.arange(m)
    found, place = _strongest(acts, order, fewest)
    state = np.uint64(0x9E3779B97F4A7C15)
    reached = 0
    for _ in range(shuffles):
        for last in range(m - 1, 0, -1):
            state ^= state << np.uint64(13)
            state ^= state >> np.uint64(7)
            state ^= state << np.uint64(17)
            other = np.int64(((state >> np.uint64(32)) * np.uint64(last + 1)) >> np.uint64(32))
            order[last], order[other] = order[other], order[last]
        strongest, _ = _strongest(acts, order, fewest)
        if strongest >= found - 1e-9:
            reached += 1
            if reached > allowed:
                return 0
    return place
