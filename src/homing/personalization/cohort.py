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
    met = np.sort(_others(index.of_home, index.leads, mine, -1 if lead is None else pasts.leads.code(lead)))
    who, overlap = _overlaps(met, index.of_lead, mine.size)
    if who.size < FEWEST:
        return None
    cohort = who[np.argsort(-overlap, kind="stable")[:_MOST]]
    return _counted(index.of_lead, index.homes, cohort, homes)


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
def _others(of_home: Codes, leads: Codes, mine: Codes, lead: int) -> Codes:
    """The other leads that liked one of some homes, once for each."""
    count = 0
    for home in mine:
        count += of_home[home + 1] - of_home[home]
    met, count = np.empty(count, dtype=np.int64), 0
    for home in mine:
        for place in range(of_home[home], of_home[home + 1]):
            if leads[place] != lead:
                met[count] = leads[place]
                count += 1
    return met[:count]


@kernel
def _overlaps(met: Codes, of_lead: Codes, mine: int) -> tuple[Codes, NDArray[np.float64]]:
    """Each of the leads met, which are in order of code, and how far its likes overlap with so many homes."""
    who, overlap, count, first = np.empty(met.size, dtype=np.int64), np.empty(met.size), 0, 0
    for place in range(1, met.size + 1):
        if place == met.size or met[place] != met[first]:
            other, common = met[first], place - first
            who[count], overlap[count] = other, common / (mine + of_lead[other + 1] - of_lead[other] - common)
            count, first = count + 1, place
    return who[:count], overlap[:count]


@kernel
def _counted(of_lead: Codes, homes: Codes, cohort: Codes, count: int) -> Codes:
    """How many of a cohort liked each of so many homes."""
    counts = np.zeros(count, dtype=np.int64)
    for lead in cohort:
        for home in homes[of_lead[lead] : of_lead[lead + 1]]:
            counts[home] += 1
    return counts


@lru_cache(_MOST_KEPT)
def _liked_by(pasts: Pasts) -> _LikedBy:
    return _LikedBy(pasts)
