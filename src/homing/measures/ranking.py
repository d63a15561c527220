"""Measures of ranked lists against what the lead did later.

Every measure takes `hits`, bool (m, k): whether the home at each of the first k places was one of the lead's test
items, and `relevant`, int (m,): how many test items the lead has in all; and returns float64 (m,), one value a lead.
A list shorter than k counts its missing places as misses. A lead without test items has no value and is refused.

>>> hits = hit_matrix([["a", "b", "c"]], [{"a", "c", "z"}], k=3)
>>> relevant = np.array([3])
>>> precision(hits, relevant).round(3).tolist(), recall(hits, relevant).round(3).tolist()
([0.667], [0.667])
>>> ndcg(hits, relevant).round(3).tolist(), average_precision(hits, relevant).round(3).tolist()
([0.704], [0.556])
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput

__all__ = [
    "MEASURES",
    "average_precision",
    "coverage",
    "hit_matrix",
    "hit_rate",
    "measured",
    "ndcg",
    "ndcg_full_ideal",
    "precision",
    "recall",
    "reciprocal_rank",
    "top_k",
]

Hits = NDArray[np.bool_]
Counts = NDArray[np.int64]
Values = NDArray[np.float64]


def hit_matrix(lists: Sequence[Sequence[Hashable]], tests: Sequence[Collection[Hashable]], k: int) -> Hits:
    """Which of the first k places of each list hold a test item, bool (m, k).

    A home that stands twice in one list counts once, at its first place.
    """
    if k < 1:
        raise BadInput.of("k", "be at least 1", k)
    if len(lists) != len(tests):
        raise BadInput.of("tests", f"have one entry a list ({len(lists)})", len(tests))
    hits = np.zeros((len(lists), k), dtype=np.bool_)
    for row, (ranked, test) in enumerate(zip(lists, tests, strict=True)):
        left = set(test)
        for place, item in enumerate(ranked[:k]):
            if item in left:
                hits[row, place] = True
                left.discard(item)
    return hits


def precision(hits: Hits, relevant: Counts) -> Values:
    """The share of the k places that hold a test item; always divided by k."""
    _checked(relevant)
    share: Values = hits.mean(axis=1)
    return share


def recall(hits: Hits, relevant: Counts) -> Values:
    """The share of the lead's test items among the k places; divided by all test items, also where they exceed k."""
    share: Values = hits.sum(axis=1) / _checked(relevant)
    return share


def hit_rate(hits: Hits, relevant: Counts) -> Values:
    """1 where at least one of the k places holds a test item, else 0."""
    _checked(relevant)
    found: Values = np.minimum(hits.sum(axis=1), 1.0)
    return found


def reciprocal_rank(hits: Hits, relevant: Counts) -> Values:
    """1 over the place of the first test item, 0 where none is among the k."""
    _checked(relevant)
    places = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1.0, np.inf)
    return np.reciprocal(places)


def average_precision(hits: Hits, relevant: Counts) -> Values:
    """The mean of the precisions at the places of the hits, over min(k, test items): 1 for a perfect list."""
    k = hits.shape[1]
    precisions = np.cumsum(hits, axis=1) / np.arange(1, k + 1)
    total: Values = (precisions * hits).sum(axis=1)
    return total / np.minimum(_checked(relevant), k)


def ndcg(hits: Hits, relevant: Counts) -> Values:
    """Gain discounted by log2(place + 1), over the gain of the ideal list cut at k: 1 for a perfect list."""
    return _gain(hits) / _ideal(np.minimum(_checked(relevant), hits.shape[1]))


def ndcg_full_ideal(hits: Hits, relevant: Counts) -> Values:
    """As `ndcg`, over the gain of the ideal list of all test items: below 1 where these exceed k."""
    return _gain(hits) / _ideal(_checked(relevant))


def coverage(lists: Sequence[Sequence[Hashable]], k: int, catalogue_size: int) -> float:
    """The share of the catalogue that stands among the first k places of at least one list."""
    if catalogue_size < 1:
        raise BadInput.of("catalogue_size", "be at least 1", catalogue_size)
    return len({item for ranked in lists for item in ranked[:k]}) / catalogue_size


MEASURES: Mapping[str, Callable[[Hits, Counts], Values]] = {
    "recall": recall,
    "ndcg": ndcg,
    "precision": precision,
    "map": average_precision,
    "mrr": reciprocal_rank,
    "hit_rate": hit_rate,
    "ndcg_full_ideal": ndcg_full_ideal,
}
"""Every measure that has one value a lead, by the name it has in reports."""


def measured(
    lists: Sequence[Sequence[Hashable]], tests: Sequence[Collection[Hashable]], k: int = 10
) -> dict[str, Values]:
    """All of `MEASURES` for these lists, one float64 (m,) each."""
    hits = hit_matrix(lists, tests, k)
    relevant = np.array([len(set(test)) for test in tests], dtype=np.int64)
    return {name: measure(hits, relevant) for name, measure in MEASURES.items()}


def top_k(scores: NDArray[np.floating], k: int, ties: NDArray[np.integer] | None = None) -> NDArray[np.int64]:
    """The positions of the k highest scores, best first; NaN is never chosen.

    Equal scores follow `ties` (lower first; left out, the order given). Pass one random order for all models of a
    comparison, else a model that says the same of many homes is graded on the catalogue's order.

    >>> top_k(np.array([0.5, np.nan, 0.9, 0.5]), k=3, ties=np.array([3, 2, 1, 0])).tolist()
    [2, 3, 0]
    """
    known = np.flatnonzero(~np.isnan(scores))
    if len(known) > k:
        values = scores[known]
        bar = np.partition(values, len(values) - k)[len(values) - k]
        known = known[values >= bar]
    order = known if ties is None else ties[known]
    chosen: NDArray[np.int64] = known[np.lexsort((order, -scores[known]))][:k]
    return chosen


def _gain(hits: Hits) -> Values:
    gains: Values = hits @ _discounts(hits.shape[1])
    return gains


def _ideal(relevant: Counts) -> Values:
    cumulated = np.cumsum(_discounts(int(relevant.max(initial=1))))
    ideal: Values = cumulated[relevant - 1]
    return ideal


def _discounts(places: int) -> Values:
    return 1.0 / np.log2(np.arange(2, places + 2))


def _checked(relevant: Counts) -> Counts:
    if (relevant < 1).any():
        raise BadInput.of("relevant", "be at least 1 for every lead", int(relevant.min()))
    return relevant
