"""Implicit alternating least squares: the compiled loops that learn.

Per half-iteration both factor matrices are rotated into the eigenbasis of the Gram matrix of the fixed side (scores do
not change), which makes the Gram matrix diagonal: the dense product per row vanishes and its diagonal preconditions the
conjugate gradients. A row's vectors are gathered once; the residual is made in the same pass, and the last step needs
dot products only. Factors start where the last iteration left them, so that one step an iteration is enough. For
factors that are a multiple of 16 the loops are compiled for exactly that number.

Shapes: n rows and m columns of the sparse matrix, d factors; the size c of a `signed` entry is what it counts beyond 1,
its sign whether it speaks for or against.
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

AT_ONCE = 256
"""So many rows are turned at a time, which takes no memory to speak of."""

GATHERED = 512
"""So many vectors of a row are kept at hand; they lie in the cache, and a longer row looks up its first ones twice."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A sparse matrix (n, m) by rows: int32 `offsets`, `columns`; float32 `signed`; `penalty` (n,).

    The size of a `signed` entry is its confidence, its sign says the target: 1, or `against` where negative.
    """

    offsets: Whole
    columns: Whole
    signed: Floats
    penalty: Floats
    against: float

    @classmethod
    def of(cls, confidence: sp.csr_array[Any, Any], against: float, reg: float) -> Table:
        """The table of signed confidences, which are not copied."""
        offsets = confidence.indptr.astype(np.int32, copy=False)
        columns = confidence.indices.astype(np.int32, copy=False)
        signed = np.asarray(confidence.data, dtype=np.float32)
        return cls(offsets, columns, signed, penalty_of(np.diff(offsets), reg), against)

    def improve(self, factors: Floats, fixed: Floats, diagonal: Floats, centre: Floats | None = None) -> float:
        """Improve the factors of every row in place; `diagonal` (d,) is the Gram matrix of `fixed` (m, d).

        The penalty is on the distance to `centre` (n, d), left out: to 0. Returns by how much the rows have moved: the
        sum of squares.
        """
        width = factors.shape[1]
        lanes = (0,) * (width // LANE if width % LANE == 0 else 0)
        centre = np.zeros((0, width), dtype=np.float32) if centre is None else centre
        entries = (self.offsets, self.columns, self.signed)
        return _improve(factors, fixed, diagonal, self.penalty, centre, *entries, np.float32(self.against), lanes)


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
    rows, columns = (rng.standard_normal((size, factors), dtype=np.float32) for size in confidence.shape)
    rows *= np.float32(0.1 / math.sqrt(factors))
    columns *= np.float32(0.1 / math.sqrt(factors))
    for _ in range(iterations):
        by_row.improve(rows, columns, _rotate(columns, rows))
        diagonal = _rotate(rows, columns)
        size = float(np.linalg.norm(columns))
        moved = by_column.improve(columns, rows, diagonal, None if centred is None else centred(columns))
        if math.sqrt(moved) <= CONVERGED * size:
            break
    return rows, columns


def penalty_of(counts: NDArray[Any], reg: float) -> Floats:
    """The regularisation of rows with so many entries: `reg` times the root of their number."""
    return np.asarray(reg * np.sqrt(np.maximum(counts, 1)), dtype=np.float32)


def _rotate(fixed: Floats, other: Floats) -> Floats:
    """Turn both, in place, into the eigenbasis of the Gram matrix of `fixed`, whose eigenvalues (d,) are returned."""
    values, basis = np.linalg.eigh((fixed.T @ fixed).astype(np.float64))
    turn = basis.astype(np.float32)
    for side in (fixed, other):
        for first in range(0, len(side), AT_ONCE):
            side[first : first + AT_ONCE] = side[first : first + AT_ONCE] @ turn
    eigenvalues: Floats = np.maximum(values, 0.0).astype(np.float32)
    return eigenvalues


@fast_kernel
def _begin(
    x: Floats,
    work: Floats,
    fixed: Floats,
    columns: Whole,
    signed: Floats,
    against: np.float32,
    near: Floats,
    lanes: tuple[int, ...],
) -> None:
    """Gather the row's last vectors in `near`, round and round; add what each pulls to the residual, and its scale."""
    width = LANE * len(lanes) if len(lanes) > 0 else x.size
    residual, scale = work[1], work[2]
    for j in range(columns.size):
        y = fixed[columns[j]]
        v = near[j % GATHERED]
        dot = np.float32(0.0)
        for f in range(width):
            v[f] = y[f]
            dot += y[f] * x[f]
        c = abs(signed[j])
        target = np.float32(1.0) if signed[j] > np.float32(0.0) else against
        pull = (np.float32(1.0) + c) * target - c * dot
        for f in range(width):
            residual[f] += pull * v[f]
            scale[f] += c * v[f] * v[f]


@fast_kernel
def _step(
    x: Floats, work: Floats, fixed: Floats, columns: Whole, signed: Floats, near: Floats, lanes: tuple[int, ...]
) -> np.float32:
    """One step from `x` along the preconditioned residual to the lowest point there; returns its length squared."""
    width = LANE * len(lanes) if len(lanes) > 0 else x.size
    base, residual, scale, direction = work[0], work[1], work[2], work[3]
    steepness = np.float32(0.0)
    curvature = np.float32(0.0)
    for f in range(width):
        direction[f] = residual[f] / scale[f]
        steepness += residual[f] * direction[f]
        curvature += base[f] * direction[f] * direction[f]
    for j in range(signed.size):
        v = near[j % GATHERED] if j + GATHERED >= signed.size else fixed[columns[j]]
        dot = np.float32(0.0)
        for f in range(width):
            dot += v[f] * direction[f]
        curvature += abs(signed[j]) * dot * dot
    moved = np.float32(0.0)
    if curvature > np.float32(0.0):
        length = steepness / curvature
        for f in range(width):
            further = length * direction[f]
            x[f] += further
            moved += further * further
    return moved


@fast_kernel
def _improve(  # noqa: PLR0913, PLR0917  # a kernel takes arrays, not objects
    factors: Floats,
    fixed: Floats,
    diagonal: Floats,
    penalty: Floats,
    centre: Floats,
    offsets: Whole,
    columns: Whole,
    signed: Floats,
    against: np.float32,
    lanes: tuple[int, ...],
) -> float:
    """Improve every row of `factors` (n, d) in place, given `fixed` (m, d) with Gram matrix `diagonal` (d,)."""
    moved = 0.0
    rows, width = factors.shape
    near = np.empty((GATHERED, width), dtype=np.float32)
    work = np.empty((4, width), dtype=np.float32)
    for row in range(rows):
        x = factors[row]
        part = slice(offsets[row], offsets[row + 1])
        if offsets[row] == offsets[row + 1]:
            for f in range(width):
                moved += float(x[f] * x[f])
                x[f] = np.float32(0.0)
            continue
        for f in range(width):
            work[0, f] = diagonal[f] + penalty[row]
            work[1, f] = -work[0, f] * x[f]
            work[2, f] = work[0, f]
            if centre.shape[0] > 0:
                work[1, f] += penalty[row] * centre[row, f]
        _begin(x, work, fixed, columns[part], signed[part], against, near, lanes)
        moved += float(_step(x, work, fixed, columns[part], signed[part], near, lanes))
    return moved


@fast_kernel
def _squares(
    rows: Floats, columns: Floats, offsets: Whole, places: Whole, signed: Floats, against: float, weighted: bool
) -> float:
    total = 0.0
    for row in range(rows.shape[0]):
        x = rows[row]
        for j in range(offsets[row], offsets[row + 1]):
            y = columns[places[j]]
            dot = np.float32(0.0)
            for f in range(x.size):
                dot += x[f] * y[f]
            weight, target = 1.0, float(signed[j])
            if weighted:
                weight, target = 1.0 + abs(float(signed[j])), 1.0 if signed[j] > 0.0 else against
            total += weight * (target - float(dot)) ** 2 - float(dot) ** 2
    return total


def squares(rows: Floats, columns: Floats, entries: sp.csr_array[Any, Any], against: float, *, weighted: bool) -> float:
    """The sum over all pairs of (1 + c) (target - x . y)^2, c and target being 0 where there is no entry.

    `weighted`: entries are signed confidences, as in a `Table`; otherwise they are the targets, with c = 0.
    """
    everywhere = float(((rows.T @ rows) * (columns.T @ columns)).sum())
    offsets, places = (part.astype(np.int32, copy=False) for part in (entries.indptr, entries.indices))
    signed = np.asarray(entries.data, dtype=np.float32)
    return everywhere + _squares(rows, columns, offsets, places, signed, against, weighted)
