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
Matrix = sp.csr_array[Any, Any]
Entries = tuple[Whole, Whole, Doubles]

_BLOCK = 1_024


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
        for first in range(0, wanted.size, _BLOCK):
            block = wanted[first : first + _BLOCK]
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


def affected(net: Matrix, more: Interactions) -> NDArray[np.int64]:
    """The homes whose nearness to others may have changed by further rows, given all that leads did on homes.

    These are the homes of the leads that acted again, and every home that shares a lead with one of them.
    """
    shape = _pattern(net)
    changed = np.zeros(net.shape[1], dtype=np.float32)
    changed[touched(net, more)] = 1
    sharing = shape @ changed > 0
    return np.flatnonzero(shape.T @ sharing.astype(np.float32) > 0)


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
    rows: NDArray[np.int64],
    out: Entries,
    back: Entries,
    left: Doubles,
    right: Doubles,
    shrink: float,
    k: int,
) -> tuple[NDArray[np.int64], Whole, NDArray[np.float32]]:
    """How many neighbours each row has, and their codes and nearness, row after row in order of code."""
    size = right.size
    out_offsets, out_leads, out_values = out
    back_offsets, back_homes, back_values = back
    sums = np.zeros(size)
    met = np.empty(size, dtype=np.int32)
    counts = np.zeros(rows.size, dtype=np.int64)
    columns = np.empty(rows.size * k, dtype=np.int32)
    values = np.empty(rows.size * k, dtype=np.float32)
    end = 0
    for r in range(rows.size):
        i = rows[r]
        count = 0
        for e in range(out_offsets[i], out_offsets[i + 1]):
            u = out_leads[e]
            step = out_values[e]
            for f in range(back_offsets[u], back_offsets[u + 1]):
                j = back_homes[f]
                if sums[j] == 0.0:
                    met[count] = j
                    count += 1
                sums[j] += step * back_values[f]
        near = _in_order(met, count, sums)
        kept = 0
        for m in range(count):
            j = near[m]
            if j != i:
                near[kept] = j
                sums[j] /= left[i] * right[j] + shrink
                kept += 1
        sums[i] = 0.0
        end = _take(near[:kept], sums, k, columns, values, end)
        counts[r] = min(kept, k)
    return counts, columns[:end].copy(), values[:end].copy()


@kernel
def _in_order(met: Whole, count: int, sums: Doubles) -> Whole:
    """The homes met, in order of code: sorted where they are few, else found again by looking at all."""
    if 16 * count < sums.size:
        near = met[:count]
        near.sort()
        return near
    found = 0
    for j in range(sums.size):
        if sums[j] > 0.0:
            met[found] = j
            found += 1
    return met[:count]


@kernel
def _take(near: Whole, sums: Doubles, k: int, columns: Whole, values: NDArray[np.float32], end: int) -> int:
    """Put the `k` nearest behind what is there, and forget the sums; returns where they end."""
    least, ties = 0.0, 0
    if near.size > k:
        sizes = np.empty(near.size)
        for m in range(near.size):
            sizes[m] = sums[near[m]]
        least = np.partition(sizes, near.size - k)[near.size - k]
        ties = k
        for m in range(near.size):
            if sizes[m] > least:
                ties -= 1
    for m in range(near.size):
        j = near[m]
        if sums[j] > least or (sums[j] == least and ties > 0):
            if sums[j] == least:
                ties -= 1
            columns[end] = j
            values[end] = sums[j]
            end += 1
        sums[j] = 0.0
    return end
