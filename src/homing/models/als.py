"""Implicit alternating least squares: the compiled loops.

Per half-iteration both factor matrices are rotated into the eigenbasis of the Gram matrix of the fixed side (scores do
not change), which makes the Gram matrix diagonal: the dense product per row vanishes and its diagonal preconditions the
conjugate gradients. A row's vectors are gathered once; the residual is made in the same pass, and the last step needs
dot products only. Factors start where the last iteration left them, so that one step an iteration is enough.

Shapes: n rows and m columns of the sparse matrix, d factors; `confidence` (c > 0) is what an entry counts beyond 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.core.jit import fast_kernel, kernel

__all__ = ["Table", "alternate", "fold_in", "normal_matrix", "penalty_of", "products", "solve"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Whole = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A sparse matrix (n, m) by rows: int32 `offsets`, `columns`; float32 `confidence`, `target`; `penalty` (n,)."""

    offsets: Whole
    columns: Whole
    confidence: Floats
    target: Floats
    penalty: Floats

    @classmethod
    def of(cls, confidence: sp.csr_array[Any, Any], against: float, reg: float) -> Table:
        """The table of signed confidences: the target is 1 where positive, `against` where negative."""
        signed = np.asarray(confidence.data, dtype=np.float32)
        target = np.where(signed > 0, np.float32(1), np.float32(against))
        offsets, columns = confidence.indptr.astype(np.int32), confidence.indices.astype(np.int32)
        return cls(offsets, columns, np.abs(signed), target, penalty_of(np.diff(offsets), reg))

    def improve(self, factors: Floats, fixed: Floats, diagonal: Floats) -> None:
        """Improve the factors of every row in place; `diagonal` (d,) is the Gram matrix of `fixed` (m, d)."""
        entries = (self.offsets, self.columns, self.confidence, self.target)
        _improve(factors, fixed, diagonal, self.penalty, *entries)


def alternate(
    confidence: sp.csr_array[Any, Any], *, factors: int, iterations: int, reg: float, against: float, seed: int
) -> tuple[Floats, Floats]:
    """Factors of the rows (n, d) and of the columns (m, d), float32, in one common basis; the columns were last."""
    by_row, by_column = Table.of(confidence, against, reg), Table.of(confidence.T.tocsr(), against, reg)
    rng = np.random.default_rng(seed)
    spread = np.float32(0.1 / math.sqrt(factors))
    rows = spread * rng.standard_normal((confidence.shape[0], factors), dtype=np.float32)
    columns = spread * rng.standard_normal((confidence.shape[1], factors), dtype=np.float32)
    for _ in range(iterations):
        columns, rows, diagonal = _rotated(columns, rows)
        by_row.improve(rows, columns, diagonal)
        rows, columns, diagonal = _rotated(rows, columns)
        by_column.improve(columns, rows, diagonal)
    return rows, columns


def penalty_of(counts: NDArray[Any], reg: float) -> Floats:
    """The regularisation of rows with so many entries: `reg` times the root of their number."""
    return np.asarray(reg * np.sqrt(np.maximum(counts, 1)), dtype=np.float32)


def _rotated(fixed: Floats, other: Floats) -> tuple[Floats, Floats, Floats]:
    """Both in the eigenbasis of the Gram matrix of `fixed`, and its eigenvalues (d,)."""
    values, basis = np.linalg.eigh((fixed.T @ fixed).astype(np.float64))
    turn = basis.astype(np.float32)
    return fixed @ turn, other @ turn, np.maximum(values, 0.0).astype(np.float32)


@fast_kernel
def _begin(
    x: Floats, work: Floats, fixed: Floats, columns: Whole, confidence: Floats, target: Floats, near: Floats
) -> None:
    """Gather the row's vectors into `near`; set the residual of `x` and the diagonal of the row's system in `work`."""
    base, residual, scale = work[0], work[1], work[2]
    for f in range(x.size):
        scale[f] = base[f]
        residual[f] = -base[f] * x[f]
    for j in range(columns.size):
        y = fixed[columns[j]]
        v = near[j]
        dot = np.float32(0.0)
        for f in range(x.size):
            v[f] = y[f]
            dot += y[f] * x[f]
        c = confidence[j]
        pull = (np.float32(1.0) + c) * target[j] - c * dot
        for f in range(x.size):
            residual[f] += pull * v[f]
            scale[f] += c * v[f] * v[f]


@fast_kernel
def _step(x: Floats, work: Floats, near: Floats, confidence: Floats) -> None:
    """One step from `x` along the preconditioned residual to the lowest point there."""
    base, residual, scale, direction = work[0], work[1], work[2], work[3]
    steepness = np.float32(0.0)
    curvature = np.float32(0.0)
    for f in range(x.size):
        direction[f] = residual[f] / scale[f]
        steepness += residual[f] * direction[f]
        curvature += base[f] * direction[f] * direction[f]
    for j in range(confidence.size):
        v = near[j]
        dot = np.float32(0.0)
        for f in range(x.size):
            dot += v[f] * direction[f]
        curvature += confidence[j] * dot * dot
    if curvature > np.float32(0.0):
        length = steepness / curvature
        for f in range(x.size):
            x[f] += length * direction[f]


@fast_kernel
def _improve(
    factors: Floats,
    fixed: Floats,
    diagonal: Floats,
    penalty: Floats,
    offsets: Whole,
    columns: Whole,
    confidence: Floats,
    target: Floats,
) -> None:
    """Improve every row of `factors` (n, d) in place, given `fixed` (m, d) with Gram matrix `diagonal` (d,)."""
    rows, width = factors.shape
    longest = 1
    for row in range(rows):
        longest = max(longest, offsets[row + 1] - offsets[row])
    near = np.empty((longest, width), dtype=np.float32)
    work = np.empty((4, width), dtype=np.float32)
    for row in range(rows):
        x = factors[row]
        part = slice(offsets[row], offsets[row + 1])
        if offsets[row] == offsets[row + 1]:
            x[:] = np.float32(0.0)
            continue
        for f in range(width):
            work[0, f] = diagonal[f] + penalty[row]
        _begin(x, work, fixed, columns[part], confidence[part], target[part], near)
        _step(x, work, near, confidence[part])


@kernel
def normal_matrix(
    factors: Floats, gram: Doubles, items: NDArray[np.int64], confidence: Doubles, penalty: float
) -> Doubles:
    """The lower Cholesky factor (d, d) of gram + sum of c y yT + penalty, over the homes of one lead."""
    width = gram.shape[0]
    matrix = gram.copy()
    for j in range(items.size):
        y = factors[items[j]]
        for f in range(width):
            pull = confidence[j] * np.float64(y[f])
            for g in range(f + 1):
                matrix[f, g] += pull * y[g]
    for f in range(width):
        matrix[f, f] += penalty
        for g in range(f):
            total = matrix[f, g]
            for h in range(g):
                total -= matrix[f, h] * matrix[g, h]
            matrix[f, g] = total / matrix[g, g]
        total = matrix[f, f]
        for h in range(f):
            total -= matrix[f, h] * matrix[f, h]
        matrix[f, f] = math.sqrt(total)
    return matrix


@kernel
def solve(lower: Doubles, right: Doubles) -> Doubles:
    """The solution (d,) of the system whose lower Cholesky factor is given."""
    x = right.copy()
    for f in range(x.size):
        for g in range(f):
            x[f] -= lower[f, g] * x[g]
        x[f] /= lower[f, f]
    for f in range(x.size - 1, -1, -1):
        for g in range(f + 1, x.size):
            x[f] -= lower[g, f] * x[g]
        x[f] /= lower[f, f]
    return x


@kernel
def fold_in(
    factors: Floats,
    gram: Doubles,
    items: NDArray[np.int64],
    confidence: Doubles,
    target: Doubles,
    penalty: float,
) -> Doubles:
    """The exact factors (d,) of a row from its entries, in float64."""
    right = np.zeros(gram.shape[0])
    for j in range(items.size):
        y = factors[items[j]]
        for f in range(right.size):
            right[f] += (1.0 + confidence[j]) * target[j] * y[f]
    return solve(normal_matrix(factors, gram, items, confidence, penalty), right)


@fast_kernel
def products(factors: Floats, items: NDArray[np.int64], x: Doubles) -> Doubles:
    """The products of `x` (d,) with the factors of some homes, added in float64."""
    out = np.empty(items.size)
    for j in range(items.size):
        y = factors[items[j]]
        total = 0.0
        for f in range(x.size):
            total += np.float64(y[f]) * x[f]
        out[j] = total
    return out
