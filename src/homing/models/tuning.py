"""Choosing two scales of a factor model on a validation cut of its own training data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.models.interactions import Interactions

__all__ = ["Cut", "Trial", "climbed", "cut_of", "ndcg_of"]

HELD_OUT = 0.2
FEWEST_LEADS = 30
MOST_LEADS = 1_000
MOST_TRIALS = 16
_CUTOFF = 10
_CHUNK = 200

Matrix: TypeAlias = "sp.csr_array[Any, Any]"
Fitting: TypeAlias = "Callable[[Matrix, float, float], tuple[NDArray[Any], NDArray[Any]]]"


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting tried, and its NDCG at 10 on the validation cut."""

    alpha: float
    reg: float
    ndcg: float


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """What to learn from (leads x homes, net weights), the leads to judge by, and the homes held out of each."""

    train: Matrix
    leads: NDArray[np.int64]
    held: Matrix


def climbed(
    data: Interactions, fitting: Fitting, start: tuple[float, float], free: tuple[bool, bool], seed: int
) -> list[Trial]:
    """The settings tried, from `start` (alpha, reg) by steps that halve; none if there is too little to judge by.

    Alpha and the ratio of reg to alpha are varied, the latter alone where alpha is given, and alpha alone where reg is.
    """
    cut = cut_of(data, seed)
    if cut.leads.size < FEWEST_LEADS:
        return []
    allowed = int(np.clip(MOST_TRIALS * 1e6 / max(cut.train.nnz, 1), 6, MOST_TRIALS))
    tried: dict[tuple[float, float], Trial] = {}

    def judged(alpha: float, reg: float) -> Trial:
        place = (round(alpha, 9), round(reg, 9))
        if place not in tried and len(tried) < allowed:
            tried[place] = Trial(alpha, reg, ndcg_of(cut, *fitting(cut.train, alpha, reg)))
        return tried.get(place, Trial(alpha, reg, -1.0))

    best = judged(*start)
    for step in (4.0, 2.0, 1.5):
        while True:
            found = max((judged(*place) for place in _around(best, step, free)), key=lambda trial: trial.ndcg)
            if found.ndcg <= best.ndcg:
                break
            best = found
    return list(tried.values())


def cut_of(data: Interactions, seed: int) -> Cut:
    """A fifth of each lead's liked homes held out: the newest where there are moments, otherwise by chance."""
    net = data.net()
    rng = np.random.default_rng(seed)
    late = _first_moments(data, net) if data.timed else rng.random(net.nnz)
    lead = np.repeat(np.arange(net.shape[0]), np.diff(net.indptr))
    liked = net.data > 0
    order = np.lexsort((rng.random(net.nnz), -late, lead))
    order = order[liked[order]]
    counts = np.bincount(lead[order], minlength=net.shape[0])
    place = np.arange(order.size) - np.repeat(np.cumsum(counts) - counts, counts)
    taken = order[place < np.round(HELD_OUT * counts + 0.3)[lead[order]]]
    held = np.zeros(net.nnz, dtype=np.bool_)
    held[taken] = True
    leads = np.flatnonzero(np.bincount(lead[taken], minlength=net.shape[0]))
    if leads.size > MOST_LEADS:
        leads = np.sort(rng.choice(leads, MOST_LEADS, replace=False))
    return Cut(_masked(net, ~held), leads, _masked(net, held))


def ndcg_of(cut: Cut, leads: NDArray[Any], homes: NDArray[Any]) -> float:
    """The mean NDCG at 10 over the leads of a cut, all homes ranked that were not learned from."""
    discount = 1.0 / np.log2(np.arange(2, _CUTOFF + 2))
    total = 0.0
    for begin in range(0, cut.leads.size, _CHUNK):
        chunk = cut.leads[begin : begin + _CHUNK]
        scores = leads[chunk] @ homes.T
        for row, lead in enumerate(chunk.tolist()):
            scores[row, cut.train.indices[cut.train.indptr[lead] : cut.train.indptr[lead + 1]]] = -np.inf
            held = cut.held.indices[cut.held.indptr[lead] : cut.held.indptr[lead + 1]]
            total += _gain(scores[row], held, discount)
    return total / max(cut.leads.size, 1)


def _gain(scores: NDArray[Any], held: NDArray[Any], discount: NDArray[np.float64]) -> float:
    """NDCG from the ranks of the held-out homes: how many homes score higher than each."""
    best = np.argpartition(-scores, min(_CUTOFF, scores.size - 1))[:_CUTOFF]
    best = best[np.argsort(-scores[best], kind="stable")]
    hits = np.isin(best, held)
    return float(discount[: best.size][hits].sum() / discount[: min(_CUTOFF, held.size)].sum())


def _around(best: Trial, step: float, free: tuple[bool, bool]) -> list[tuple[float, float]]:
    alpha, reg = best.alpha, best.reg
    if free == (True, True):
        return [(alpha, reg * step), (alpha, reg / step), (alpha * step, reg * step), (alpha / step, reg / step)]
    return [(alpha * step, reg), (alpha / step, reg)] if free[0] else [(alpha, reg * step), (alpha, reg / step)]


def _first_moments(data: Interactions, net: Matrix) -> NDArray[np.float64]:
    """When each pair of `net` first met, float64 (nnz,), in the order of its entries."""
    pair = data.lead.astype(np.int64) * max(net.shape[1], 1) + data.property
    order = np.lexsort((data.at, pair))
    _, first = np.unique(pair[order], return_index=True)
    return data.at[order][first].astype(np.float64)


def _masked(net: Matrix, kept: NDArray[np.bool_]) -> Matrix:
    lead = np.repeat(np.arange(net.shape[0]), np.diff(net.indptr))
    return sp.csr_array((net.data[kept], (lead[kept], net.indices[kept])), shape=net.shape)
