"""The factors of one row given those of the other side: exact, in float64, with their covariance.

The fixed side is kept in the eigenbasis of its Gram matrix, so that what all pairs without an act say is a diagonal
`base` (d,): its eigenvalues, and the row's regularisation added. With n acts, M = base + sum of c y yT is a diagonal
matrix and n rank-1 ones: with few acts a system of n unknowns is solved in its place (Woodbury), with many one of d;
the inverse takes n rank-1 updates of 1 / base (Sherman, Morrison).

Shapes: `vectors` (m, d) float32 of the fixed side, `items` (n,) the rows acted on, `confidence` (n,) c > 0 beyond 1,
`pull` (n,) what each act adds to the right-hand side.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import fast_kernel, kernel

__all__ = ["best", "fold_in", "folded", "inverse", "products"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Codes = NDArray[np.int64]


@kernel
def _solved(matrix: Doubles, right: Doubles) -> None:
    """Solve a symmetric positive definite system in place by Cholesky; only the lower half of `matrix` is read."""
    size = right.size
    for f in range(size):
        for g in range(f + 1):
            total = matrix[f, g]
            for h in range(g):
                total -= matrix[f, h] * matrix[g, h]
            if f == g:
                matrix[f, f] = math.sqrt(total)
            else:
                matrix[f, g] = total / matrix[g, g]
    for f in range(size):
        for g in range(f):
            right[f] -= matrix[f, g] * right[g]
        right[f] /= matrix[f, f]
    for f in range(size - 1, -1, -1):
        for g in range(f + 1, size):
            right[f] -= matrix[g, f] * right[g]
        right[f] /= matrix[f, f]


@kernel
def _by_factors(near: Doubles, base: Doubles, confidence: Doubles, x: Doubles) -> None:
    """Solve M x = x in place as a system of d unknowns; `near` (n, d) are the vectors of the homes."""
    width = base.size
    matrix = np.zeros((width, width))
    for j in range(confidence.size):
        for f in range(width):
            share = confidence[j] * near[j, f]
            for g in range(f + 1):
                matrix[f, g] += share * near[j, g]
    for f in range(width):
        matrix[f, f] += base[f]
    _solved(matrix, x)


@kernel
def _by_acts(near: Doubles, base: Doubles, confidence: Doubles, x: Doubles) -> None:
    """Solve M x = x in place as a system of n unknowns; `near` is used up."""
    width, count = base.size, confidence.size
    for f in range(width):
        x[f] /= base[f]
    matrix, right = np.zeros((count, count)), np.zeros(count)
    for j in range(count):
        root = math.sqrt(confidence[j])
        for f in range(width):
            near[j, f] *= root
            right[j] += near[j, f] * x[f]
        for k in range(j + 1):
            total = 0.0
            for f in range(width):
                total += near[j, f] * near[k, f] / base[f]
            matrix[j, k] = total
        matrix[j, j] += 1.0
    _solved(matrix, right)
    for j in range(count):
        for f in range(width):
            x[f] -= near[j, f] * right[j] / base[f]


@kernel
def fold_in(
    vectors: Floats, base: Doubles, items: Codes, confidence: Doubles, pull: Doubles, drawn: Doubles
) -> Doubles:
    """The exact factors (d,) of a row from its entries: M^-1 (drawn + sum of pull y), `drawn` (d,)."""
    near = np.empty((items.size, base.size))
    x = drawn.copy()
    for j in range(items.size):
        for f in range(base.size):
            near[j, f] = vectors[items[j], f]
            x[f] += pull[j] * near[j, f]
    if items.size < base.size:
        _by_acts(near, base, confidence, x)
    else:
        _by_factors(near, base, confidence, x)
    return x


@kernel
def folded(
    vectors: Floats,
    diagonal: Doubles,
    penalty: Doubles,
    offsets: Codes,
    items: Codes,
    confidence: Doubles,
    pull: Doubles,
    drawn: Doubles,
) -> Floats:
    """`fold_in` of many rows (rows, d) float32: row u has entries `offsets[u]:offsets[u + 1]`, and `penalty[u]`.

    `drawn` is (rows, d), or (0, d) for none.
    """
    nothing = np.zeros(diagonal.size)
    out = np.zeros((offsets.size - 1, diagonal.size), dtype=np.float32)
    for row in range(offsets.size - 1):
        part = slice(offsets[row], offsets[row + 1])
        start = drawn[row] if drawn.shape[0] > 0 else nothing
        out[row] = fold_in(vectors, diagonal + penalty[row], items[part], confidence[part], pull[part], start)
    return out


@fast_kernel
def inverse(vectors: Floats, base: Doubles, items: Codes, confidence: Doubles) -> Doubles:
    """M^-1 (d, d)."""
    width = base.size
    found = np.zeros((width, width))
    for f in range(width):
        found[f, f] = 1.0 / base[f]
    reach, y = np.empty(width), np.empty(width)
    for j in range(items.size):
        for f in range(width):
            y[f] = vectors[items[j], f]
            reach[f] = 0.0
        for g in range(width):
            for f in range(width):
                reach[f] += found[g, f] * y[g]
        total = 1.0 / confidence[j]
        for f in range(width):
            total += reach[f] * y[f]
        for g in range(width):
            share = reach[g] / total
            for f in range(width):
                found[g, f] -= share * reach[f]
    return found


@fast_kernel
def products(vectors: Floats, items: Codes, x: Doubles) -> Doubles:
    """The products of `x` (d,) with the factors of some homes, added in float64."""
    out = np.empty(items.size)
    for j in range(items.size):
        y = vectors[items[j]]
        total = 0.0
        for f in range(x.size):
            total += np.float64(y[f]) * x[f]
        out[j] = total
    return out


@fast_kernel
def best(vectors: Floats, items: Codes, x: Floats, k: int, slack: float) -> Codes:
    """Codes among `items` that may be of the `k` with the highest products with `x`, in their order.

    Products are added in float32, and each is off by at most `slack`: whatever could belong to the `k` is returned.
    """
    scores = np.empty(items.size, dtype=np.float32)
    heap = np.full(k, -np.inf, dtype=np.float32)
    for j in range(items.size):
        y = vectors[items[j]]
        total = np.float32(0.0)
        for f in range(x.size):
            total += y[f] * x[f]
        scores[j] = total
        if total > heap[0]:
            place = 0
            while 2 * place + 1 < k:
                child = 2 * place + 1
                if child + 1 < k and heap[child + 1] < heap[child]:
                    child += 1
                if heap[child] >= total:
                    break
                heap[place] = heap[child]
                place = child
            heap[place] = total
    least = np.float64(heap[0]) - 2.0 * slack
    count = 0
    for j in range(items.size):
        count += scores[j] >= least
    found = np.empty(count, dtype=np.int64)
    count = 0
    for j in range(items.size):
        if scores[j] >= least:
            found[count] = items[j]
            count += 1
    return found
