"""The homes whose factors have the largest products with a lead's: the compiled loops.

Products are added in float32 to find out which homes can be among the best, with room for what that rounds away; those
have then their products in float64, by which they are to be told apart. So the best `k` of them are the best of all.

Shapes: `vectors` (m, d) float32 of the homes, `allowed` (m,) or longer, `x` (d,) the lead's factors.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import fast_kernel

__all__ = ["best", "products", "ranked", "summed"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Codes = NDArray[np.int64]
Whole = NDArray[np.int32]
Flags = NDArray[np.bool_]

BLOCK = 32
"""So many products are compared at a time."""


@fast_kernel
def _product(y: Floats, x: Doubles) -> float:
    total = 0.0
    for f in range(x.size):
        total += np.float64(y[f]) * x[f]
    return total


@fast_kernel
def products(vectors: Floats, has: Flags, items: Codes, x: Doubles) -> Floats:
    """The products of `x` (d,) with the factors of some homes, added in float64; NaN where a home has no factors."""
    out = np.full(items.size, np.nan, dtype=np.float32)
    for j in range(items.size):
        if items[j] < has.size and has[items[j]]:
            out[j] = _product(vectors[items[j]], x)
    return out


@fast_kernel
def summed(vectors: Floats, items: Codes, weights: Doubles) -> Doubles:
    """The sum (d,) of the factors of some homes times their weights (n,), added in float64."""
    total = np.zeros(vectors.shape[1])
    for j in range(items.size):
        y = vectors[items[j]]
        for f in range(total.size):
            total[f] += weights[j] * y[f]
    return total


@fast_kernel
def _slack(x: Doubles, longest: float) -> float:
    """By how much two products with vectors no longer than `longest` may seem to differ in float32 beyond the truth."""
    length = 0.0
    for f in range(x.size):
        length += x[f] * x[f]
    return 2.0 * (x.size + 10) * 2.0**-23 * longest * math.sqrt(length)


@fast_kernel
def _sink(heap: Floats, value: np.float32) -> None:
    """Put a value in place of the lowest of a heap."""
    place = 0
    while 2 * place + 1 < heap.size:
        child = 2 * place + 1
        if child + 1 < heap.size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = value


@fast_kernel
def _in_float64(vectors: Floats, near: Codes, x: Doubles) -> tuple[Codes, Floats]:
    """Some homes and their products in float64, rounded to float32."""
    scores = np.empty(near.size, dtype=np.float32)
    for j in range(near.size):
        scores[j] = _product(vectors[near[j]], x)
    return near, scores


@fast_kernel
def ranked(vectors: Floats, has: Flags, allowed: Flags, x: Doubles, k: int, longest: float) -> tuple[Codes, Floats]:
    """Allowed homes that have factors, the `k` best among them, none longer than `longest`; in order of code."""
    scores = np.dot(vectors, x.astype(np.float32))
    slack = _slack(x, longest)
    heap = np.full(k, -np.inf, dtype=np.float32)
    found, count, least = np.empty(scores.size, dtype=np.int32), 0, np.float32(-np.inf)
    for first in range(0, scores.size, BLOCK):
        last = min(first + BLOCK, scores.size)
        high = 0
        for j in range(first, last):
            high += scores[j] >= least
        if high == 0:
            continue
        for j in range(first, last):
            if scores[j] >= least and allowed[j] and has[j]:
                found[count] = j
                count += 1
                if scores[j] > heap[0]:
                    _sink(heap, scores[j])
                    least = np.float32(heap[0] - slack)
    near = found[:count].astype(np.int64)
    return _in_float64(vectors, near[scores[near] >= least], x)


@fast_kernel
def best(
    vectors: Floats,
    order: Whole,
    heads: Floats,
    tails: Floats,
    allowed: Flags,
    x: Doubles,
    k: int,
    most: int,
) -> tuple[Codes, Floats]:
    """The same without looking at all homes.

    `order` (m,) are the homes by falling length; in that order `heads` (m, h) are their first h factors, and `tails`
    (m, 2) the length of the rest and of the whole. A home is passed over when its head and the longest that the rest
    could add (Cauchy, Schwarz) leave it below k others, and the search ends when lengths do. Where more than `most`
    homes would have to be looked at whole, which is dearer than all of them in a row, the answer is the code -1.
    """
    width, short = heads.shape[1], x.astype(np.float32)
    rest, length = 0.0, 0.0
    for f in range(x.size):
        length += x[f] * x[f]
        rest += x[f] * x[f] if f >= width else 0.0
    rest, length = math.sqrt(rest), math.sqrt(length)
    heap = np.full(k, -np.inf, dtype=np.float32)
    found, scores, count = np.empty(most, np.int64), np.empty(most, np.float32), 0
    least, looked = -np.inf, 0
    slack = _slack(x, tails[0, 1] if order.size > 0 else 0.0)
    for place in range(order.size):
        if tails[place, 1] * length < least:
            break
        head = heads[place]
        total = np.float32(0.0)
        for f in range(width):
            total += head[f] * short[f]
        if total + tails[place, 0] * rest < least or not allowed[order[place]]:
            continue
        looked += 1
        if looked > most:
            return np.full(1, -1, dtype=np.int64), np.zeros(1, dtype=np.float32)
        y = vectors[order[place]]
        for f in range(width, x.size):
            total += y[f] * short[f]
        if total < least:
            continue
        found[count], scores[count] = order[place], total
        count += 1
        if total > heap[0]:
            _sink(heap, total)
            least = heap[0] - slack
    return _in_float64(vectors, np.sort(found[:count][scores[:count] >= least]), x)
