"""What leads with the same taste liked: the homes popular among those who liked homes that this lead liked."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.models.interactions import Id
from homing.models.pasts import Pasts

__all__ = ["FEWEST", "cohort_likes"]

FEWEST: Final = 3
"""Fewer other leads are no cohort."""

_MOST: Final = 100
_MOST_KEPT: Final = 4

Codes = NDArray[np.int64]


def cohort_likes(pasts: Pasts, liked: Codes, lead: Id | None, homes: int) -> NDArray[np.int64] | None:
    """How many leads of the cohort liked each of so many homes, int64 (homes,); None without a cohort.

    The cohort is the 100 other leads whose liked homes overlap most with `liked` (codes): by the number in common over
    the number that either liked (Jaccard).
    """
    index = _liked_by(pasts)
    mine = np.unique(liked[(liked >= 0) & (liked < index.homes.size - 1)])
    of_home = [index.leads[index.homes[code] : index.homes[code + 1]] for code in mine.tolist()]
    if not of_home:
        return None
    who, common = np.unique(np.concatenate(of_home), return_counts=True)
    others = who != (-1 if lead is None else pasts.leads.code(lead))
    who, common = who[others], common[others]
    if who.size < FEWEST:
        return None
    overlap = common / (mine.size + index.count[who] - common)
    chosen = np.zeros(len(pasts.leads), dtype=np.bool_)
    chosen[who[np.lexsort((who, -overlap))[:_MOST]]] = True
    counts: NDArray[np.int64] = np.bincount(index.home[chosen[index.leads]], minlength=homes)
    return counts


class _LikedBy:
    """Each pair of a lead and a home it liked once: `leads` and `home` (m,) by home, from `homes[code]` on."""

    def __init__(self, pasts: Pasts) -> None:
        liked = pasts.weights > 0
        width = max(len(pasts.leads), 1)
        pairs = np.unique(pasts.items[liked].astype(np.int64) * width + pasts.lead[liked])
        self.home, self.leads = np.divmod(pairs, width)
        size = int(pasts.items.max()) + 1 if pasts.items.size else 0
        self.homes = np.searchsorted(self.home, np.arange(size + 1))
        self.count = np.bincount(self.leads, minlength=len(pasts.leads))


@lru_cache(_MOST_KEPT)
def _liked_by(pasts: Pasts) -> _LikedBy:
    return _LikedBy(pasts)
