"""What a lead's acts say about the homes it wants: the compiled loops of the content model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import fast_kernel, kernel

__all__ = [
    "by_family",
    "gathered",
    "likeness",
    "parts_of",
    "spread_out",
    "taste_of",
    "totals",
    "word_taste",
    "worth_of_acts",
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


@kernel
def worth_of_acts(  # noqa: PLR0913, PLR0917  # a kernel takes arrays, not objects
    bins: NDArray[np.int32],
    parts: NDArray[np.float32],
    axis: NDArray[np.int64],
    starts: NDArray[np.int64],
    ordered: NDArray[np.bool_],
    shares: Doubles,
    weights: Doubles,
    prior: float,
    liked: NDArray[np.int64],
    mass: Doubles,
    homes: NDArray[np.int64],
) -> Doubles:
    """What the scores of some homes gain, to first order, by more of each home liked, float64 (n, m).

    `bins` and `parts` (homes, w) are on the axes `axis` (w,); `weights` (bins,) what the taste for a bin counts; `mass`
    (m,) is the evidence of each home liked. See `pulls` for the equation.
    """
    amounts, n = np.zeros(shares.size), homes.size
    each = np.zeros((n + 1, shares.size))
    each[n] = 1.0
    for j in range(liked.size):
        for w in range(axis.size):
            if bins[liked[j], w] >= 0:
                amounts[bins[liked[j], w]] += mass[j] * parts[liked[j], w]
    spread_out(amounts, starts, ordered)
    for h in range(n):
        for w in range(axis.size):
            b = bins[homes[h], w]
            if b >= 0:
                each[h, b] += parts[homes[h], w] * weights[b]
    for a in range(ordered.size):
        first, last = starts[a], starts[a + 1]
        lasting = (shares[first:last].sum() - 1.0) / (prior + amounts[first:last].sum())
        for h in range(n):
            whole = each[h, first:last].sum()
            for b in range(first, last):
                each[h, b] = (each[h, b] - whole * shares[b]) / (prior * shares[b] + amounts[b]) + whole * lasting
    return _looked_up(bins, parts, axis, liked, lent_around(each, starts, ordered))


@kernel
def _looked_up(
    bins: NDArray[np.int32],
    parts: NDArray[np.float32],
    owner: NDArray[np.int64],
    items: NDArray[np.int64],
    lent: Doubles,
) -> Doubles:
    """What homes with these bins are worth, (n, items), by n rows of what an amount lent from each bin is worth.

    The last row of `lent` (n + 1, bins) is how much an amount becomes by being lent: an axis is worth its own amount.
    """
    rows = lent.shape[0]
    out, axis = np.zeros((rows - 1, items.size)), np.zeros(rows)
    for j in range(items.size):
        own = 0.0
        for w in range(bins.shape[1]):
            b = bins[items[j], w]
            if b >= 0:
                own += parts[items[j], w]
                for h in range(rows):
                    axis[h] += parts[items[j], w] * lent[h, b]
            if w + 1 == bins.shape[1] or owner[w + 1] != owner[w]:
                if axis[rows - 1] > 0.0:
                    for h in range(rows - 1):
                        out[h, j] += axis[h] * own / axis[rows - 1]
                own = 0.0
                axis[:] = 0.0
    return out
