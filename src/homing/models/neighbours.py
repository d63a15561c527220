"""The nearest homes of each home, row by row in compiled loops, never as a full matrix of homes by homes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.core.jit import kernel
from homing.models.interactions import Interactions

__all__ = ["Walk", "affected", "renewed", "touched"]

Doubles = NDArray[np.float64]
Whole = NDArray[np.int32]
Floats = NDArray[np.float32]
Matrix = sp.csr_array[Any, Any]
Entries = tuple[Whole, Whole, Doubles]

_MOST_ENTRIES = 1_000_000
_FEW = 16


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """Steps from home to lead to home, and what they are divided by.

        nearness(i, j) = sum over leads u of out(i, u) back(u, j) / (left_i right_j + shrink),  of each home to others

    `out` csr (homes, leads), `back` csr (leads, homes), `left` and `right` float64 (homes,).
    """

    out: Matrix
    back: Matrix
    left: Doubles
    right: Doubles
    shrink: float = 0.0

    def nearest(self, k: int, rows: NDArray[np.int64] | None = None) -> Matrix:
        """The `k` nearest homes of each of these homes (left out: of all), csr float32 (homes, homes).

        Only nearness above 0 counts; of homes equally near the first in order of code are taken.
        """
        size = self.back.shape[1]
        wanted = np.arange(size) if rows is None else rows
        k = max(1, min(k, size))
        out = (self.out.indptr, self.out.indices, self.out.data)
        back = (self.back.indptr, self.back.indices, self.back.data)
        parts: list[tuple[NDArray[np.int64], Whole, NDArray[np.float32]]] = []
        step = max(1, _MOST_ENTRIES // k)
        for first in range(0, wanted.size, step):
            block = wanted[first : first + step]
            parts.append(_nearest(block, out, back, self.left, self.right, self.shrink, k))
        counts = np.zeros(size, dtype=np.int64)
        if not parts:
            return sp.csr_array((size, size), dtype=np.float32)
        counts[wanted] = np.concatenate([part[0] for part in parts])
        offsets = np.concatenate(([0], np.cumsum(counts)))
        columns, values = (np.concatenate([part[place] for part in parts]) for place in (1, 2))
        return sp.csr_array((values, columns, offsets), shape=(size, size))


def touched(net: Matrix, more: Interactions) -> NDArray[np.int64]:
    """The homes of the leads in further rows, given all that leads did on homes (pairs that cancel are 0)."""
    again = np.zeros(net.shape[0], dtype=np.float32)
    again[more.lead] = 1
    return np.flatnonzero(_pattern(net).T @ again > 0)


def affected(net: Matrix, more: Interactions, *, by_lead: bool) -> NDArray[np.int64]:
    """The homes whose nearness to others may have changed by further rows, given all that leads did on homes.

    These are the homes of the leads that acted again, and every home that shares a lead with a home that they acted on
    now; or, where what one act changes is how all homes of its lead are weighed (`by_lead`), with any home of theirs.
    """
    shape, again = _pattern(net), touched(net, more)
    changed = np.zeros(net.shape[1], dtype=np.float32)
    changed[again if by_lead else more.property] = 1
    sharing = shape @ changed > 0
    near = shape.T @ sharing.astype(np.float32) > 0
    near[again] = True
    return np.flatnonzero(near)


def _pattern(net: Matrix) -> Matrix:
    return sp.csr_array((np.ones(net.nnz, dtype=np.float32), net.indices, net.indptr), shape=net.shape)


def renewed(before: Matrix, rows: NDArray[np.int64], fresh: Matrix) -> Matrix:
    """The rows of `before`, which may have fewer homes, with some of them taken from `fresh` instead."""
    size = fresh.shape[0]
    kept = np.zeros(size, dtype=bool)
    kept[: before.shape[0]] = True
    kept[rows] = False
    old = sp.csr_array(
        (before.data, before.indices, np.pad(before.indptr, (0, size - before.shape[0]), mode="edge")),
        shape=(size, size),
    )
    chosen = sp.diags_array(kept.astype(np.float32), format="csr", dtype=np.float32)
    both: Matrix = (chosen @ old + fresh).tocsr()
    return both


@kernel
def _nearest(
    rows: NDArray[np.int64], out: Entries, back: Entries, left: Doubles, right: Doubles, shrink: float, k: int
) -> tuple[NDArray[np.int64], Whole, Floats]:
    """How many neighbours each row has, and their codes and nearness, row after row in order of code."""
    sums = np.zeros(right.size)
    near = np.empty(right.size, dtype=np.int32)
    sizes = np.empty(right.size, dtype=np.float32)
    counts = np.zeros(rows.size, dtype=np.int64)
    columns = np.empty(rows.size * k, dtype=np.int32)
    values = np.empty(rows.size * k, dtype=np.float32)
    end = 0
    for r in range(rows.size):
        i = rows[r]
        met = _summed(i, out, back, sums, near)
        found = 0
        for m in range(met):
            j = near[m]
            size = np.float32(sums[j] / (left[i] * right[j] + shrink))
            near[found] = j
            sizes[found] = size
            found += 1 if j != i and size > 0 else 0
            sums[j] = 0.0
        least, ties = _least(sizes[:found], k)
        for m in range(found):
            if sizes[m] > least or (sizes[m] == least and ties > 0):
                ties -= 1 if sizes[m] == least else 0
                columns[end] = near[m]
                values[end] = sizes[m]
                end += 1
        counts[r] = min(found, k)
    return counts, columns[:end].copy(), values[:end].copy()


@kernel
def _summed(i: int, out: Entries, back: Entries, sums: Doubles, near: Whole) -> int:
    """Add up the steps from home i to every home; puts the homes met into `near`, in order, and returns how many."""
    out_offsets, out_leads, out_values = out
    back_offsets, back_homes, back_values = back
    steps = 0
    for e in range(out_offsets[i], out_offsets[i + 1]):
        steps += back_offsets[out_leads[e] + 1] - back_offsets[out_leads[e]]
    met = 0
    if _FEW * steps < sums.size:
        for e in range(out_offsets[i], out_offsets[i + 1]):
            for f in range(back_offsets[out_leads[e]], back_offsets[out_leads[e] + 1]):
                j = back_homes[f]
                if sums[j] == 0.0:
                    near[met] = j
                    met += 1
                sums[j] += out_values[e] * back_values[f]
        few = near[:met]
        few.sort()
        return met
    for e in range(out_offsets[i], out_offsets[i + 1]):
        for f in range(back_offsets[out_leads[e]], back_offsets[out_leads[e] + 1]):
            sums[back_homes[f]] += out_values[e] * back_values[f]
    for j in range(sums.size):
        near[met] = j
        met += 1 if sums[j] > 0.0 else 0
    return met


@kernel
def _least(sizes: Floats, k: int) -> tuple[float, int]:
    """The k-th largest of some positive numbers, and how many of those equal to it are among the k largest.

    The bits of positive numbers are in the order of the numbers: counted by their first 12, only some are sorted.
    """
    if sizes.size <= k:
        return 0.0, 0
    bits = sizes.view(np.uint32)
    counts = np.zeros(4_096, dtype=np.int64)
    for m in range(bits.size):
        counts[bits[m] >> np.uint32(20)] += 1
    bucket, above = 4_095, 0
    while above + counts[bucket] < k:
        above += counts[bucket]
        bucket -= 1
    alike = np.empty(counts[bucket] + 1, dtype=np.float32)
    found = 0
    for m in range(bits.size):
        alike[found] = sizes[m]
        found += 1 if bits[m] >> np.uint32(20) == bucket else 0
    alike = np.sort(alike[:found])
    least = alike[found - (k - above)]
    ties = k - above
    for m in range(found):
        ties -= 1 if alike[m] > least else 0
    return least, ties
