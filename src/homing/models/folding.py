"""The factors of one row given those of the other side: exact, in float64, with their covariance.

The fixed side is kept in the eigenbasis of its Gram matrix, so that what all pairs without an act say is a diagonal
`base` (d,): its eigenvalues, and the row's regularisation added. With n acts, M = base + sum of c y yT is a diagonal
matrix and n rank-1 ones: with few acts a system of n unknowns is solved in its place (Woodbury), with many one of d;
the inverse comes from the same system.

Shapes: `vectors` (m, d) float32 of the fixed side, `items` (n,) the rows acted on, `confidence` (n,) c > 0 beyond 1,
`pull` (n,) what each act adds to the right-hand side.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import fast_kernel, kernel

__all__ = ["fold_in", "folded", "inverse", "said", "solved"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Codes = NDArray[np.int64]


@fast_kernel
def _four(rows: Doubles, first: int, other: Doubles, size: int) -> tuple[float, float, float, float]:
    """The products of four rows from `first` on with another, over so many places: at once, as each is short."""
    a, b, c, d = rows[first], rows[first + 1], rows[first + 2], rows[first + 3]
    one = two = three = four = 0.0
    for h in range(size):
        one += a[h] * other[h]
        two += b[h] * other[h]
        three += c[h] * other[h]
        four += d[h] * other[h]
    return one, two, three, four


@fast_kernel
def _dot(one: Doubles, other: Doubles, size: int) -> float:
    total = 0.0
    for h in range(size):
        total += one[h] * other[h]
    return total


@fast_kernel
def _lower(matrix: Doubles) -> None:
    """The lower Cholesky factor of a symmetric positive definite matrix, in place of its lower half."""
    size = matrix.shape[0]
    for g in range(size):
        row = matrix[g]
        row[g] = math.sqrt(row[g] - _dot(row, row, g))
        share = 1.0 / row[g]
        f = g + 1
        while f + 4 <= size:
            one, two, three, four = _four(matrix, f, row, g)
            matrix[f, g] = (matrix[f, g] - one) * share
            matrix[f + 1, g] = (matrix[f + 1, g] - two) * share
            matrix[f + 2, g] = (matrix[f + 2, g] - three) * share
            matrix[f + 3, g] = (matrix[f + 3, g] - four) * share
            f += 4
        while f < size:
            matrix[f, g] = (matrix[f, g] - _dot(matrix[f], row, g)) * share
            f += 1


@fast_kernel
def _solved(matrix: Doubles, right: Doubles) -> None:
    """Solve a symmetric positive definite system in place; only the lower half of `matrix` is read, and used up."""
    size = right.size
    _lower(matrix)
    for f in range(size):
        total = right[f]
        for g in range(f):
            total -= matrix[f, g] * right[g]
        right[f] = total / matrix[f, f]
    for f in range(size - 1, -1, -1):
        right[f] /= matrix[f, f]
        for g in range(f):
            right[g] -= matrix[f, g] * right[f]


@fast_kernel
def _scaled(vectors: Floats, base: Doubles, items: Codes, confidence: Doubles) -> Doubles:
    """Z (n, d), sqrt(c / base) y, so that M = sqrt(base) (1 + ZT Z) sqrt(base)."""
    rows = np.empty((items.size, base.size))
    scale = 1.0 / np.sqrt(base)
    for j in range(items.size):
        root = math.sqrt(confidence[j])
        y = vectors[items[j]]
        for f in range(base.size):
            rows[j, f] = root * scale[f] * y[f]
    return rows


@fast_kernel
def _crossed(rows: Doubles) -> Doubles:
    """Z ZT (n, n) of rows Z, its lower half."""
    count, width = rows.shape
    matrix = np.empty((count, count))
    for j in range(count):
        k = 0
        while k + 4 <= j + 1:
            matrix[j, k], matrix[j, k + 1], matrix[j, k + 2], matrix[j, k + 3] = _four(rows, k, rows[j], width)
            k += 4
        while k <= j:
            matrix[j, k] = _dot(rows[k], rows[j], width)
            k += 1
    return matrix


@fast_kernel
def _one_more(rows: Doubles) -> Doubles:
    """1 + Z ZT (n, n), its lower half."""
    matrix = _crossed(rows)
    for j in range(matrix.shape[0]):
        matrix[j, j] += 1.0
    return matrix


@fast_kernel
def _by_factors(vectors: Floats, base: Doubles, items: Codes, confidence: Doubles, x: Doubles) -> None:
    """Solve M x = x in place as a system of d unknowns."""
    matrix = _one_more(_scaled(vectors, base, items, confidence).T.copy())
    for f in range(base.size):
        x[f] /= math.sqrt(base[f])
    _solved(matrix, x)
    for f in range(base.size):
        x[f] /= math.sqrt(base[f])


@fast_kernel
def _by_acts(vectors: Floats, base: Doubles, items: Codes, confidence: Doubles, x: Doubles) -> None:
    """Solve M x = x in place as a system of n unknowns: with u = x / sqrt(base), u - ZT (1 + Z ZT)^-1 Z u."""
    rows = _scaled(vectors, base, items, confidence)
    right = np.zeros(items.size)
    for f in range(base.size):
        x[f] /= math.sqrt(base[f])
    for j in range(items.size):
        total = 0.0
        for f in range(base.size):
            total += rows[j, f] * x[f]
        right[j] = total
    _solved(_one_more(rows), right)
    for j in range(items.size):
        for f in range(base.size):
            x[f] -= rows[j, f] * right[j]
    for f in range(base.size):
        x[f] /= math.sqrt(base[f])


@fast_kernel
def fold_in(
    vectors: Floats, base: Doubles, items: Codes, confidence: Doubles, pull: Doubles, drawn: Doubles
) -> Doubles:
    """The exact factors (d,) of a row from its entries: M^-1 (drawn + sum of pull y), `drawn` (d,)."""
    x = drawn.copy()
    for j in range(items.size):
        y = vectors[items[j]]
        for f in range(base.size):
            x[f] += pull[j] * y[f]
    if items.size < base.size:
        _by_acts(vectors, base, items, confidence, x)
    else:
        _by_factors(vectors, base, items, confidence, x)
    return x


@fast_kernel
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
def _inverse_by_factors(rows: Doubles) -> Doubles:
    """(1 + ZT Z)^-1 (d, d) of rows Z (n, d), its lower half: with L the Cholesky factor, the rows of L^-T crossed."""
    lower = _one_more(rows.T.copy())
    _lower(lower)
    width = lower.shape[0]
    turned = np.zeros((width, width))
    for g in range(width):
        turned[g, g] = 1.0 / lower[g, g]
        for f in range(g + 1, width):
            turned[g, f] = -_dot(lower[f], turned[g], f) / lower[f, f]
    return _crossed(turned)


@fast_kernel
def _inverse_by_acts(rows: Doubles) -> Doubles:
    """The same by way of n unknowns: with L the Cholesky factor of 1 + Z ZT and W = L^-1 Z, it is 1 - WT W."""
    width = rows.shape[1]
    lower = _one_more(rows)
    _lower(lower)
    for j in range(rows.shape[0]):
        for k in range(j):
            for f in range(width):
                rows[j, f] -= lower[j, k] * rows[k, f]
        for f in range(width):
            rows[j, f] /= lower[j, j]
    found = _crossed(rows.T.copy())
    for f in range(width):
        for g in range(f + 1):
            found[f, g] = (1.0 if f == g else 0.0) - found[f, g]
    return found


@fast_kernel
def inverse(vectors: Floats, base: Doubles, items: Codes, confidence: Doubles) -> Doubles:
    """M^-1 (d, d), by the smaller of two systems; it lies between 1 / sqrt(base)."""
    rows = _scaled(vectors, base, items, confidence)
    found = _inverse_by_acts(rows) if items.size < base.size else _inverse_by_factors(rows)
    scale = 1.0 / np.sqrt(base)
    for f in range(base.size):
        for g in range(f + 1):
            found[f, g] *= scale[f] * scale[g]
            found[g, f] = found[f, g]
    return found


@kernel
def said(
    items: Codes, weights: Doubles, has: NDArray[np.bool_], scale: float, against: float, weighted: bool
) -> tuple[Codes, Doubles, Doubles]:
    """What a past says: the distinct homes (n,) that have factors, ascending, their confidence beyond 1 and their pull.

    Weights of a home are added up to w, and with s = log2(1 + |w|) its target is 1, or `against` where w < 0.
    `weighted`: confidence scale s, pull (1 + confidence) target; otherwise 0 and target s. Where w is 0, none is left.
    """
    places = np.arange(items.size) + items.astype(np.int64) * items.size
    places.sort()
    codes, totals = np.empty(items.size, dtype=np.int64), np.zeros(items.size)
    count, before = 0, np.int64(-1)
    for place in places:
        code = place // items.size
        if code >= has.size or not has[code]:
            continue
        if code != before:
            count += count == 0 or totals[count - 1] != 0.0
            codes[count - 1], totals[count - 1], before = code, 0.0, code
        totals[count - 1] += weights[place - code * items.size]
    if count > 0 and totals[count - 1] == 0.0:
        count -= 1
    confidence, pull = np.zeros(count), np.empty(count)
    for j in range(count):
        size, target = math.log2(1.0 + abs(totals[j])), 1.0 if totals[j] > 0.0 else against
        confidence[j] = scale * size if weighted else 0.0
        pull[j] = target * (1.0 + confidence[j] if weighted else size)
    return codes[:count], confidence, pull


@fast_kernel
def solved(
    vectors: Floats,
    diagonal: Doubles,
    has: NDArray[np.bool_],
    items: Codes,
    weights: Doubles,
    scale: float,
    reg: float,
    against: float,
) -> Doubles:
    """`fold_in` of what a past says, with the penalty `reg` sqrt(n): float64 (d,), or (0,) where it says nothing."""
    codes, confidence, pull = said(items, weights, has, scale, against, True)
    if codes.size == 0:
        return np.zeros(0)
    base = diagonal + reg * math.sqrt(codes.size)
    return fold_in(vectors, base, codes, confidence, pull, np.zeros(base.size))
