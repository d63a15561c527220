"""A validation cut of a model's own training data, and how well a model does on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.models.interactions import Interactions
from homing.models.pasts import Past, Pasts

if TYPE_CHECKING:
    from homing.models.base import LearningModel

__all__ = ["CUTOFF", "ENOUGH_LEADS", "Cut", "gain", "in_order", "validation_cut", "validation_cuts"]

CUTOFF = 10
"""Models are compared by NDCG at this length of list."""

ENOUGH_LEADS = 30
"""With fewer leads to judge by, nothing is chosen and documented constants hold."""

HELD_OUT = 0.1
MOST_LEADS = 1_000
MOST_JUDGED = 3_000

_SORTED = 0.9
_FOLLOWS = 1.2
_FEWEST_PAIRS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """What to learn from (in the codes of the whole), the leads to judge by, and the homes held out of each.

    `leads` int64 (n,) codes; `held` csr (leads, homes), not 0 where a home that the lead came to like is held out.
    """

    train: Interactions
    pasts: Pasts
    leads: NDArray[np.int64]
    held: sp.csr_array[Any, Any]

    @property
    def is_enough(self) -> bool:
        """Whether there are enough leads to choose anything by."""
        return self.leads.size >= ENOUGH_LEADS

    def past(self, lead: int) -> Past:
        """What is left of a lead's past."""
        return self.pasts.past(self.pasts.leads.ids[lead]) or Past(np.zeros(0, dtype=np.int64), np.zeros(0))

    def held_of(self, lead: int) -> NDArray[np.int64]:
        """The homes held out of a lead."""
        return self.held.indices[self.held.indptr[lead] : self.held.indptr[lead + 1]].astype(np.int64)

    def ndcg(self, model: LearningModel[Any]) -> float:
        """The mean NDCG at 10 over the leads to judge by; all homes are ranked that are not left in a lead's past."""
        return float(np.mean([self._ndcg_of(model, lead) for lead in self.leads.tolist()] or [0.0]))

    def _ndcg_of(self, model: LearningModel[Any], lead: int) -> float:
        past = self.past(lead)
        scores = model._score(past, np.arange(len(self.train.properties))).astype(np.float64)
        scores[past.items] = np.nan
        return gain(scores, self.held_of(lead))


def gain(scores: NDArray[np.float64], held: NDArray[np.int64], k: int = CUTOFF) -> float:
    """NDCG at k of one list: the homes by falling score, equal ones in order of code, NaN never in it."""
    scores = np.where(np.isnan(scores), -np.inf, scores)
    k = min(k, scores.size)
    best = np.argpartition(-scores, k - 1)[:k]
    best = best[np.lexsort((best, -scores[best]))]
    hit = np.isin(best, held) & (scores[best] > -np.inf)
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    return float(discount[hit].sum() / discount[: min(k, held.size)].sum()) if held.size else 0.0


def validation_cut(data: Interactions, seed: int, *, last: bool | None = None, most: int = MOST_LEADS) -> Cut:
    """A tenth of each lead's liked homes held out (one of two), with all acts on them; up to `most` leads judge.

    With `last` the homes it turned to last, otherwise by chance; left out: last where the rows are `in_order`. A lead
    keeps at least one. Much more held out would favour models that need less to learn from.
    """
    net = data.net()
    rng = np.random.default_rng(seed)
    late = _first_rows(data, net) if (in_order(data) if last is None else last) else rng.random(net.nnz)
    lead = np.repeat(np.arange(net.shape[0]), np.diff(net.indptr))
    order = np.lexsort((rng.random(net.nnz), -late, lead))
    order = order[(net.data > 0)[order]]
    counts = np.bincount(lead[order], minlength=net.shape[0])
    place = np.arange(order.size) - np.repeat(np.cumsum(counts) - counts, counts)
    taken = order[place < np.maximum(np.round(HELD_OUT * counts), counts > 1)[lead[order]]]
    held = np.zeros(net.nnz, dtype=np.bool_)
    held[taken] = True
    leads = np.flatnonzero(np.bincount(lead[taken], minlength=net.shape[0]))
    if leads.size > most:
        leads = np.sort(rng.choice(leads, most, replace=False))
    shape = net.shape
    kept = sp.csr_array((np.ones(taken.size, np.float32), (lead[held], net.indices[held])), shape=shape)
    train = data.select(~held[_entry(data, net)])
    return Cut(train, Pasts.of(train), leads, kept)


def _entry(data: Interactions, net: sp.csr_array[Any, Any]) -> NDArray[np.int64]:
    """The entry of `net` that each row is part of, int64 (rows,)."""
    width = max(net.shape[1], 1)
    lead = np.repeat(np.arange(net.shape[0]), np.diff(net.indptr))
    pairs = lead.astype(np.int64) * width + net.indices
    by_pair = np.argsort(pairs, kind="stable")
    wanted = data.lead.astype(np.int64) * width + data.property
    found: NDArray[np.int64] = by_pair[np.searchsorted(pairs[by_pair], wanted)]
    return found


def _first_rows(data: Interactions, net: sp.csr_array[Any, Any]) -> NDArray[np.float64]:
    """When each pair of `net` first met, float64 (nnz,), in the order of its entries."""
    first = np.full(net.nnz, np.inf)
    np.minimum.at(first, _entry(data, net), data.at.astype(np.float64))
    return first


def validation_cuts(data: Interactions, seed: int, *, most: int = MOST_LEADS) -> tuple[Cut, ...]:
    """One cut, or up to three by chance where there are few leads to judge by and the rows are in no order of time.

    The mean over them is to be judged by: with a thousand leads one cut alone cannot tell settings apart that differ by
    a percent. None where there are too few leads to choose by.
    """
    if in_order(data):
        cuts: tuple[Cut, ...] = (validation_cut(data, seed, last=True, most=most),)
    else:
        count = int(np.clip(MOST_JUDGED // max(len(data.leads), 1), 1, 3))
        cuts = tuple(validation_cut(data, seed + turn, last=False, most=most) for turn in range(count))
    return tuple(cut for cut in cuts if cut.is_enough)


def in_order(data: Interactions, seed: int = 0) -> bool:
    """Whether the order of the rows says in which order each lead acted; always so where there are moments.

    Without moments it is asked of the data: do the same two homes follow each other (at first sight) for more leads
    than they would if each lead's rows were shuffled? Rows sorted by home, or by how often
    it occurs, are in no order of time.
    """
    if data.timed:
        return True
    pair = data.lead.astype(np.int64) * len(data.properties) + data.property
    first = np.sort(np.unique(pair, return_index=True)[1])
    first = first[np.argsort(data.lead[first], kind="stable")]
    lead, home = data.lead[first], data.property[first].astype(np.int64)
    same = lead[1:] == lead[:-1]
    if not same.any():
        return False
    often = np.bincount(home, minlength=len(data.properties))
    for rank in (home, often[home]):
        rises, falls = ((rank[1:] > rank[:-1]) & same).sum(), ((rank[1:] < rank[:-1]) & same).sum()
        if max(rises, falls) > _SORTED * max(rises + falls, 1):
            return False
    rng = np.random.default_rng(seed)
    shuffled = np.mean([_recurring(home[np.lexsort((rng.random(home.size), lead))], same) for _ in range(3)])
    return bool(_recurring(home, same) > _FOLLOWS * shuffled + _FEWEST_PAIRS)


def _recurring(home: NDArray[np.int64], same: NDArray[np.bool_]) -> float:
    """How many steps from one home to another, in whichever direction, were made before by somebody."""
    first, second = np.minimum(home[1:], home[:-1])[same], np.maximum(home[1:], home[:-1])[same]
    return float(first.size - np.unique(first * (int(home.max()) + 1) + second).size)
