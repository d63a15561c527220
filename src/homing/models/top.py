"""The places of the highest scores, in a fixed order."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import kernel

__all__ = ["Scores", "top"]

Scores = NDArray[np.float32]

_DEEP: Final = 16
_SETS_FOR_ONE: Final = 2


def top(scores: Scores, k: int) -> NDArray[np.int64]:
    """The places of the `k` highest scores, best first; equal ones in order of place, NaN left out.

    >>> top(np.array([1.0, np.nan, 3.0, 3.0], dtype=np.float32), 2).tolist()
    [2, 3]
    """
    width = scores.size // _DEEP
    if 0 < k <= width // _SETS_FOR_ONE:
        return _highest(scores, _worth_a_look(scores, width, k), k)
    below = -scores
    least = np.partition(below, k - 1)[k - 1] if 0 < k < below.size else np.nan
    places = np.flatnonzero(~np.isnan(below) if np.isnan(least) else below <= least)
    return places[np.argsort(below[places], kind="stable")[:k]]


@kernel
def _worth_a_look(scores: Scores, width: int, k: int) -> NDArray[np.int64]:
    """Places in order, those of the k highest among them: all scores that reach the k-th of the highest of some sets.

    A set is every `width`-th score. Its highest is found without a branch, so that it is done several at a time.
    """
    highest = np.full(width, np.float32(-np.inf))
    for deep in range(_DEEP):
        row = scores[deep * width : (deep + 1) * width]
        for place in range(width):
            highest[place] = row[place] if row[place] > highest[place] else highest[place]
    least = highest[_highest(highest, np.arange(width), k)[-1]]
    sets = np.flatnonzero(highest >= least)
    found, count = np.empty(sets.size * _DEEP + scores.size - _DEEP * width, dtype=np.int64), 0
    for deep in range(_DEEP):
        for one in sets:
            if scores[deep * width + one] >= least:  # which NaN is not
                found[count] = deep * width + one
                count += 1
    for place in range(_DEEP * width, scores.size):
        if scores[place] >= least:
            found[count] = place
            count += 1
    return found[:count]


@kernel
def _highest(scores: Scores, among: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """The k highest of the scores at some places, which are in order and have a score."""
    heap, places, count = np.empty(k, dtype=np.float32), np.empty(k, dtype=np.int64), min(k, among.size)
    for last in range(count):
        score, place, at = scores[among[last]], among[last], last
        while at > 0 and score <= heap[(at - 1) // 2]:
            heap[at], places[at] = heap[(at - 1) // 2], places[(at - 1) // 2]
            at = (at - 1) // 2
        heap[at], places[at] = score, place
    for place in among[count:]:
        if scores[place] > heap[0]:
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
