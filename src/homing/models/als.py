"""Implicit alternating least squares: the compiled loops that learn.

Per half-iteration both factor matrices are rotated into the eigenbasis of the Gram matrix of the fixed side (scores do
not change), which makes the Gram matrix diagonal: the dense product per row vanishes and its diagonal preconditions the
conjugate gradients. A row's vectors are gathered once; the residual is made in the same pass, and the last step needs
dot products only. Factors start where the last iteration left them, so that one step an iteration is enough. For
factors that are a multiple of 16 the loops are compiled for exactly that number.

Shapes: n rows and m columns of the sparse matrix, d factors; `confidence` (c > 0) is what an entry counts beyond 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.core.jit import fast_kernel

__all__ = ["Table", "alternate", "penalty_of", "squares"]

Floats = NDArray[np.float32]
Whole = NDArray[np.int32]

LANE = 16
CONVERGED = 0.03
"""Where the columns move by less than this share of their size in an iteration, learning stops."""


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
        offsets = confidence.indptr.astype(np.int32, copy=False)
        columns = confidence.indices.astype(np.int32, copy=False)
        return cls(offsets, columns, np.abs(signed), target, penalty_of(np.diff(offsets), reg))

    def improve(self, factors: Floats, fixed: Floats, diagonal: Floats, centre: Floats | None = None) -> None:
        """Improve the factors of every row in place; `diagonal` (d,) is the Gram matrix of `fixed` (m, d).

        The penalty is on the distance to `centre` (n, d), left out: to 0.
        """
        width = factors.shape[1]
        lanes = (0,) * (width // LANE if width % LANE == 0 else 0)
        centre = np.zeros((0, width), dtype=np.float32) if centre is None else centre
        entries = (self.offsets, self.columns, self.confidence, self.target)
        _improve(factors, fixed, diagonal, self.penalty, centre, *entries, lanes)


def alternate(
    confidence: sp.csr_array[Any, Any],
    *,
    factors: int,
    iterations: int,
    reg: float,
    against: float,
    seed: int,
    centred: Callable[[Floats], Floats] | None = None,
    strength: float = 1.0,
) -> tuple[Floats, Floats]:
    """Factors of the rows (n, d) and of the columns (m, d), float32, in one common basis; the columns were last.

    `centred` says of the columns' factors (m, d) what they are drawn to, with `strength` times the usual penalty. There
    are at most so many `iterations`, fewer where the columns have stopped moving.
    """
    by_row, by_column = Table.of(confidence, against, reg), Table.of(confidence.T.tocsr(), against, reg)
    if centred is not None:
        by_column = replace(by_column, penalty=np.float32(strength) * by_column.penalty)
    rng = np.random.default_rng(seed)
    spread = np.float32(0.1 / math.sqrt(factors))
    rows = spread * rng.standard_normal((confidence.shape[0], factors), dtype=np.float32)
    columns = spread * rng.standard_normal((confidence.shape[1], factors), dtype=np.float32)
    for _ in range(iterations):
        columns, rows, diagonal = _rotated(columns, rows)
        by_row.improve(rows, columns, diagonal)
        rows, columns, diagonal = _rotated(rows, columns)
        before = columns.copy()
        by_column.improve(columns, rows, diagonal, None if centred is None else centred(columns))
        if np.linalg.norm(columns - before) <= CONVERGED * np.linalg.norm(before):
            break
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
    x: Floats,
    work: Floats,
    fixed: Floats,
    columns: Whole,
    confidence: Floats,
    target: Floats,
    near: Floats,
    lanes: tuple[int, ...],
) -> None:
    """Gather the row's vectors into `near`; take the pull of each from the residual in `work`, and set its scale."""
    width = LANE * len(lanes) if len(lanes) > 0 else x.size
    residual, scale = work[1], work[2]
    for j in range(columns.size):
        y = fixed[columns[j]]
        v = near[j]
        dot = np.float32(0.0)
        for f in range(width):
            v[f] = y[f]
            dot += y[f] * x[f]
        c = confidence[j]
        pull = (np.float32(1.0) + c) * target[j] - c * dot
        for f in range(width):
            residual[f] += pull * v[f]
            scale[f] += c * v[f] * v[f]


@fast_kernel
def _step(x: Floats, work: Floats, near: Floats, confidence: Floats, lanes: tuple[int, ...]) -> None:
    """One step from `x` along the preconditioned residual to the lowest point there."""
    width = LANE * len(lanes) if len(lanes) > 0 else x.size
    base, residual, scale, direction = work[0], work[1], work[2], work[3]
    steepness = np.float32(0.0)
    curvature = np.float32(0.0)
    for f in range(width):
        direction[f] = residual[f] / scale[f]
        steepness += residual[f] * direction[f]
        curvature += base[f] * direction[f] * direction[f]
    for j in range(confidence.size):
        v = near[j]
        dot = np.float32(0.0)
        for f in range(width):
            dot += v[f] * direction[f]
        curvature += confidence[j] * dot * dot
    if curvature > np.float32(0.0):
        length = steepness / curvature
        for f in range(width):
            x[f] += length * direction[f]


@fast_kernel
def _improve(  # noqa: PLR0913, PLR0917  # a kernel takes arrays, not objects
    factors: Floats,
    fixed: Floats,
    diagonal: Floats,
    penalty: Floats,
    centre: Floats,
    offsets: Whole,
    columns: Whole,
    confidence: Floats,
    target: Floats,
    lanes: tuple[int, ...],
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
            work[1, f] = -work[0, f] * x[f]
            work[2, f] = work[0, f]
            if centre.shape[0] > 0:
                work[1, f] += penalty[row] * centre[row, f]
        _begin(x, work, fixed, columns[part], confidence[part], target[part], near, lanes)
        _step(x, work, near, confidence[part], lanes)


@fast_kernel
def _squares(rows: Floats, columns: Floats, offsets: Whole, places: Whole, weight: Floats, target: Floats) -> float:
    total = 0.0
    for row in range(rows.shape[0]):
        x = rows[row]
        for j in range(offsets[row], offsets[row + 1]):
            y = columns[places[j]]
            dot = np.float32(0.0)
            for f in range(x.size):
                dot += x[f] * y[f]
            miss = target[j] - dot
            total += weight[j] * miss * miss - dot * dot
    return total


def squares(rows: Floats, columns: Floats, table: Table) -> float:
    """The sum over all pairs of (1 + c) (target - x . y)^2, c and target being 0 where there is no entry."""
    everywhere = float(((rows.T @ rows) * (columns.T @ columns)).sum())
    weight = np.float32(1.0) + table.confidence
    return everywhere + _squares(rows, columns, table.offsets, table.columns, weight, table.target)
