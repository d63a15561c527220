"""What leads with the same taste liked: the homes popular among those who liked homes that this lead liked."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import kernel
from homing.models.interactions import Id
from homing.models.pasts import Pasts

__all__ = ["FEWEST", "cohort_likes"]

FEWEST: Final = 3
"""Fewer other leads are no cohort."""

_MOST: Final = 100
_MOST_KEPT: Final = 4

Codes = NDArray[np.int64]


def cohort_likes(pasts: Pasts, liked: Codes, lead: Id | None, homes: int) -> Codes | None:
    """How many leads of the cohort liked each of so many homes, int64 (homes,); None without a cohort.

    The cohort is the 100 other leads whose liked homes overlap most with `liked` (codes): by the number in common over
    the number that either liked (Jaccard).
    """
    index = _liked_by(pasts)
    mine = np.unique(liked[(liked >= 0) & (liked < index.of_home.size - 1)])
    self = -1 if lead is None else pasts.leads.code(lead)
    return _counted(index.of_home, index.leads, index.of_lead, index.homes, mine, self, homes)


class _LikedBy:
    """Who liked what, each pair once: home h was liked by `leads[of_home[h]:of_home[h + 1]]`, in order of code.

    Lead u liked `homes[of_lead[u]:of_lead[u + 1]]`.
    """

    def __init__(self, pasts: Pasts) -> None:
        liked = pasts.weights > 0
        width = max(len(pasts.leads), 1)
        pairs = np.unique(pasts.items[liked].astype(np.int64) * width + pasts.lead[liked])
        home, self.leads = np.divmod(pairs, width)
        size = int(pasts.items.max()) + 1 if pasts.items.size else 0
        self.of_home = np.searchsorted(home, np.arange(size + 1))
        by_lead = np.argsort(self.leads, kind="stable")
        self.homes = home[by_lead]
        self.of_lead = np.searchsorted(self.leads[by_lead], np.arange(len(pasts.leads) + 1))


@kernel
def _counted(
    of_home: Codes, leads: Codes, of_lead: Codes, homes: Codes, mine: Codes, lead: int, count: int
) -> Codes | None:
    """How many of the 100 leads whose likes overlap most with `mine` liked each home; None if fewer than three do."""
    size = 0
    for home in mine:
        size += of_home[home + 1] - of_home[home]
    met, size = np.empty(size, dtype=np.int64), 0
    for home in mine:
        for place in range(of_home[home], of_home[home + 1]):
            if leads[place] != lead:
                met[size] = leads[place]
                size += 1
    met = np.sort(met[:size])
    who, overlap, found = np.empty(size, dtype=np.int64), np.empty(size), 0
    first = 0
    for place in range(1, size + 1):
        if place == size or met[place] != met[first]:
            other, common = met[first], place - first
            who[found] = other
            overlap[found] = common / (mine.size + of_lead[other + 1] - of_lead[other] - common)
            found += 1
            first = place
    if found < FEWEST:
        return None
    counts = np.zeros(count, dtype=np.int64)
    for place in np.argsort(-overlap[:found], kind="mergesort")[:_MOST]:
        for home in homes[of_lead[who[place]] : of_lead[who[place] + 1]]:
            counts[home] += 1
    return counts


@lru_cache(_MOST_KEPT)
def _liked_by(pasts: Pasts) -> _LikedBy:
    return _LikedBy(pasts)
