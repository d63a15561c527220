"""What a lead's acts say about the homes it wants: the compiled loops of the content model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import fast_kernel, kernel

__all__ = [
    "by_family",
    "each_gathered",
    "gathered",
    "lent_around",
    "likeness",
    "parts_of",
    "spread_out",
    "taste_of",
    "totals",
    "word_taste",
]

Doubles = NDArray[np.float64]

_LIMIT = 4.0
_NEIGHBOUR = 0.5
_FEWEST_BINS = 4


@kernel
def spread_out(amounts: Doubles, starts: NDArray[np.int64], ordered: NDArray[np.bool_]) -> None:
    """Let each bin of an ordered axis lend to its neighbours, in place: half to the next, a quarter to the one after.

    The sum over an axis stays. Axes with fewer than four bins, such as yes and no, are left as they are.
    """
    for a in range(ordered.size):
        first, last = starts[a], starts[a + 1]
        if not ordered[a] or last - first < _FEWEST_BINS:
            continue
        before, after = 0.0, 0.0
        from_below = np.zeros(last - first)
        for b in range(first, last):
            before += amounts[b]
            from_below[b - first] = _NEIGHBOUR * (from_below[b - first - 1] + amounts[b - 1]) if b > first else 0.0
        above = 0.0
        for b in range(last - 1, first - 1, -1):
            own = amounts[b]
            amounts[b] = own + from_below[b - first] + above
            above = _NEIGHBOUR * (above + own)
            after += amounts[b]
        if after > 0.0:
            for b in range(first, last):
                amounts[b] *= before / after


@kernel
def lent_around(rows: Doubles, starts: NDArray[np.int64], ordered: NDArray[np.bool_]) -> Doubles:
    """What the bins of each row (n, bins) have after lending as `spread_out` lets them, before sums are made to stay.

    How much a bin gets of another is what that gets of it, so this also tells what an amount is worth where it is lent.
    """
    out = rows.copy()
    for a in range(ordered.size):
        first, last = starts[a], starts[a + 1]
        if not ordered[a] or last - first < _FEWEST_BINS:
            continue
        for j in range(rows.shape[0]):
            lent = 0.0
            for b in range(first + 1, last):
                lent = _NEIGHBOUR * (lent + rows[j, b - 1])
                out[j, b] += lent
            lent = 0.0
            for b in range(last - 2, first - 1, -1):
                lent = _NEIGHBOUR * (lent + rows[j, b + 1])
                out[j, b] += lent
    return out


@kernel
def gathered(bins: NDArray[np.int32], parts: NDArray[np.float32], mass: Doubles, count: int) -> Doubles:
    """The evidence on each of `count` bins, float64 (2, count): first for it, then against it.

    `bins`, `parts` (m, w) are the homes acted on, `mass` (m,) the evidence of each, negative against.
    """
    amounts = np.zeros((2, count))
    for j in range(mass.size):
        side = 0 if mass[j] > 0 else 1
        for w in range(bins.shape[1]):
            if bins[j, w] >= 0:
                amounts[side, bins[j, w]] += abs(mass[j]) * parts[j, w]
    return amounts


@kernel
def each_gathered(
    bins: NDArray[np.int32],
    parts: NDArray[np.float32],
    items: NDArray[np.int64],
    starts: NDArray[np.int64],
    spread: NDArray[np.bool_],
) -> Doubles:
    """What each of some homes is evidence on, float64 (n, bins): its parts, on the axes to `spread` lent around."""
    out = np.zeros((items.size, starts[-1]))
    for j in range(items.size):
        for w in range(bins.shape[1]):
            if bins[items[j], w] >= 0:
                out[j, bins[items[j], w]] += parts[items[j], w]
        spread_out(out[j], starts, spread)
    return out


@kernel
def taste_of(
    amounts: Doubles,
    starts: NDArray[np.int64],
    ordered: NDArray[np.bool_],
    shares: Doubles,
    prior: float,
    dislike: float,
) -> Doubles:
    """The taste for every bin, float64 (bins,), with mean 0 over the market on each axis; `amounts` are used up.

    A bin's taste is log(lead's share / market's share), the lead's share shrunk to the market's by `prior` acts, less
    `dislike` times the same of the homes passed on where that is positive; both at most 4 in size.
    """
    liked, passed = amounts[0], amounts[1]
    spread_out(liked, starts, ordered)
    spread_out(passed, starts, ordered)
    taste = np.zeros(shares.size)
    for a in range(ordered.size):
        part = slice(starts[a], starts[a + 1])
        most_liked, most_passed = prior + liked[part].sum(), prior + passed[part].sum()
        mean = 0.0
        for b in range(starts[a], starts[a + 1]):
            lift = np.log((prior + liked[b] / shares[b]) / most_liked)
            against = np.log((prior + passed[b] / shares[b]) / most_passed)
            taste[b] = min(max(lift, -_LIMIT), _LIMIT) - dislike * min(max(against, 0.0), _LIMIT)
            mean += shares[b] * taste[b]
        for b in range(starts[a], starts[a + 1]):
            taste[b] -= mean
    return taste


@fast_kernel
def totals(bins: NDArray[np.int32], parts: NDArray[np.float32], items: NDArray[np.int64], weighted: Doubles) -> Doubles:
    """The sum over bins of part times weighted taste, for some homes; NaN for a home of which nothing is known.

    Parts must be 0 where the bin is not known.
    """
    out = np.empty(items.size)
    for j in range(items.size):
        total = 0.0
        highest = np.int32(-1)
        for w in range(bins.shape[1]):
            b = bins[items[j], w]
            highest = max(highest, b)
            total += parts[items[j], w] * weighted[max(b, 0)]
        out[j] = total if highest >= 0 else np.nan
    return out


@kernel
def parts_of(
    bins: NDArray[np.int32],
    parts: NDArray[np.float32],
    items: NDArray[np.int64],
    axis: NDArray[np.int64],
    taste: Doubles,
    count: int,
) -> Doubles:
    """The taste for some homes by axis, float64 (n, count); 0 where the home's attribute is not known."""
    out = np.zeros((items.size, count))
    for j in range(items.size):
        for w in range(axis.size):
            b = bins[items[j], w]
            if b >= 0:
                out[j, axis[w]] += parts[items[j], w] * taste[b]
    return out


@kernel
def by_family(
    bins: NDArray[np.int32],
    parts: NDArray[np.float32],
    items: NDArray[np.int64],
    axis: NDArray[np.int64],
    weighted: Doubles,
    owner: NDArray[np.int64],
    count: int,
) -> Doubles:
    """The weighted taste for some homes by family of axes, float64 (n, count), NaN where nothing of one is known.

    `owner` (axes,) is the family of each axis.
    """
    out = np.full((items.size, count), np.nan)
    for j in range(items.size):
        for w in range(axis.size):
            b = bins[items[j], w]
            if b >= 0:
                family = owner[axis[w]]
                so_far = out[j, family]
                out[j, family] = (0.0 if np.isnan(so_far) else so_far) + parts[items[j], w] * weighted[b]
    return out


@kernel
def word_taste(
    offsets: NDArray[np.int64],
    terms: NDArray[np.int32],
    parts: NDArray[np.float32],
    items: NDArray[np.int64],
    mass: Doubles,
    dislike: float,
    count: int,
) -> Doubles:
    """The taste for each of `count` terms, float64 (count,), of length 1: homes liked, less `dislike` of those passed.

    Home i has `terms` and `parts` at `offsets[i]:offsets[i + 1]`. All 0 where no term is known.
    """
    taste = np.zeros(count)
    for j in range(items.size):
        weight = mass[j] if mass[j] > 0 else dislike * mass[j]
        for w in range(offsets[items[j]], offsets[items[j] + 1]):
            taste[terms[w]] += weight * parts[w]
    length = np.sqrt((taste**2).sum())
    return taste / length if length > 0.0 else taste


@kernel
def likeness(
    offsets: NDArray[np.int64],
    terms: NDArray[np.int32],
    parts: NDArray[np.float32],
    items: NDArray[np.int64],
    taste: Doubles,
) -> Doubles:
    """The product of the taste for terms and the terms of some homes, float64 (n,); NaN for a home without terms."""
    out = np.empty(items.size)
    for j in range(items.size):
        total = 0.0
        for w in range(offsets[items[j]], offsets[items[j] + 1]):
            total += parts[w] * taste[terms[w]]
        out[j] = total if offsets[items[j] + 1] > offsets[items[j]] else np.nan
    return out
