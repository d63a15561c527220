"""The places of the highest scores, in a fixed order."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import kernel

__all__ = ["Scores", "top"]

Scores = NDArray[np.float32]

_A_FEW: Final = 128


def top(scores: Scores, k: int) -> NDArray[np.int64]:
    """The places of the `k` highest scores, best first; equal ones in order of place, NaN left out.

    >>> top(np.array([1.0, np.nan, 3.0, 3.0], dtype=np.float32), 2).tolist()
    [2, 3]
    """
    if 0 < k <= _A_FEW:
        return _highest(scores, k)
    below = -scores
    least = np.partition(below, k - 1)[k - 1] if 0 < k < below.size else np.nan
    places = np.flatnonzero(~np.isnan(below) if np.isnan(least) else below <= least)
    return places[np.argsort(below[places], kind="stable")[:k]]


@kernel
def _highest(scores: Scores, k: int) -> NDArray[np.int64]:
    """`top` in one pass, for a `k` so small that few homes are ever among the highest so far."""
    heap, places, count, rest = np.empty(k, dtype=np.float32), np.empty(k, dtype=np.int64), 0, scores.size
    for place in range(scores.size):
        if count == k:
            rest = place
            break
        score, at = scores[place], count
        if np.isnan(score):
            continue
        count += 1
        while at > 0 and score <= heap[(at - 1) // 2]:
            heap[at], places[at] = heap[(at - 1) // 2], places[(at - 1) // 2]
            at = (at - 1) // 2
        heap[at], places[at] = score, place
    for place in range(rest, scores.size):
        if scores[place] > heap[0]:  # which NaN is not
            _sink(heap, places, k, scores[place], place)
    for last in range(count - 1, -1, -1):
        lowest = places[0]
        _sink(heap, places, last, heap[last], places[last])
        places[last] = lowest
    return places[:count]


@kernel
def _sink(heap: Scores, places: NDArray[np.int64], size: int, score: float, place: int) -> None:
    """Put a score in the place of the lowest of a heap: of equal ones the last is the lowest."""
    at = 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        other = below + 1
        if other < size and (
            heap[other] < heap[below] or (heap[other] == heap[below] and places[other] > places[below])
        ):
            below = other
        if heap[below] > score or (heap[below] == score and places[below] < place):
            break
        heap[at], places[at] = heap[below], places[below]
        at = below
    if size > 0:
        heap[at], places[at] = score, place
