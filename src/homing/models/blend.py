"""Weights of several models' scores that rank best on a validation cut: a climb on NDCG itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.core import progress
from homing.core.jit import kernel
from homing.models.base import LearningModel
from homing.models.pasts import Past
from homing.models.validation import CUTOFF, Cut

__all__ = ["Judged", "climbed_weights", "judged", "reach"]

Floats = NDArray[np.float64]

_DEPTH = 200
_STEPS = (1.0, 0.5, 0.25, 0.125)
_WORTH = 1.0005
"""A step has to better NDCG by so much to be taken, so that noise alone adds no part."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What p models say to the leads of a cut, each about the homes that any of them puts among its best.

    Lead u has rows `offsets[u]:offsets[u + 1]`: `scores` float64 (n, p), each divided by its `reach`, 0 where a model
    has nothing to say; `held` bool (n,), whether the home was held out; `ideal` float64 (leads,) the best DCG possible.
    """

    offsets: NDArray[np.int64]
    scores: Floats
    held: NDArray[np.bool_]
    ideal: Floats

    def ndcg(self, weights: Floats) -> float:
        """The mean NDCG at 10 of the leads when the scores are added with these weights."""
        return float(_ndcg(self.offsets, self.scores @ weights, self.held, self.ideal, CUTOFF))


def reach(scores: NDArray[Any], past: Past) -> float:
    """The highest score among homes a lead has not acted on, by which a model's scores to it are divided; 1 if none.

    So every model speaks to every lead on one scale, whatever the length of its history.
    """
    fresh = np.array(scores, dtype=np.float64)
    fresh[past.items] = np.nan
    known = fresh[np.isfinite(fresh)]
    most = float(known.max()) if known.size else 0.0
    return most if most > 1e-12 else 1.0  # noqa: PLR2004


def judged(parts: Mapping[str, LearningModel[Any]], cut: Cut) -> Judged:
    """Ask every part about every home for every lead of the cut, and keep what can matter."""
    blocks: list[Floats] = []
    hits: list[NDArray[np.bool_]] = []
    discount = 1.0 / np.log2(np.arange(2, CUTOFF + 2))
    ideal = np.zeros(cut.leads.size)
    everything = np.arange(len(cut.train.properties))
    for place, lead in enumerate(cut.leads.tolist()):
        past, held = cut.past(lead), cut.held_of(lead)
        columns = np.column_stack([_reached(part._score(past, everything), past) for part in parts.values()])
        fresh = np.ones(everything.size, dtype=np.bool_)
        fresh[past.items] = False
        wanted = np.zeros(everything.size, dtype=np.bool_)
        wanted[held] = True
        for column in columns.T:
            wanted[_best(np.where(fresh, column, -np.inf))] = True
        rows = np.flatnonzero(wanted & fresh)
        blocks.append(columns[rows])
        hits.append(np.isin(rows, held))
        ideal[place] = discount[: min(CUTOFF, held.size)].sum()
    offsets = np.concatenate(([0], np.cumsum([block.shape[0] for block in blocks]))).astype(np.int64)
    scores = np.concatenate(blocks) if blocks else np.zeros((0, len(parts)))
    return Judged(offsets, scores, np.concatenate(hits) if hits else np.zeros(0, dtype=np.bool_), ideal)


def climbed_weights(found: Judged, names: Sequence[str]) -> tuple[Floats, float]:
    """Weights at least 0, float64 (p,), and their NDCG: from the best single part, one weight moved at a time.

    The weights are scaled to add up to 1.
    """
    singles = [found.ndcg(row) for row in np.eye(len(names))]
    weights = np.eye(len(names))[int(np.argmax(singles))]
    best = max(singles)
    for step in _STEPS:
        moved = True
        while moved:
            moved = False
            for place in range(len(names)):
                for move in (step, -step):
                    tried = weights.copy()
                    tried[place] = max(0.0, tried[place] + move)
                    if not tried.any() or tried[place] == weights[place]:
                        continue
                    ndcg = found.ndcg(tried)
                    if ndcg > best * _WORTH:
                        weights, best, moved = tried, ndcg, True
        progress.say(f"blending: NDCG@10 {best:.4f}")
    return weights / weights.sum(), best


def _reached(scores: NDArray[Any], past: Past) -> Floats:
    column = np.asarray(scores, dtype=np.float64)
    return np.nan_to_num(column / reach(column, past), nan=0.0)


def _best(column: Floats) -> NDArray[np.int64]:
    most = min(_DEPTH, column.size)
    return np.argpartition(-column, most - 1)[:most]


@kernel
def _ndcg(
    offsets: NDArray[np.int64], scores: Floats, held: NDArray[np.bool_], ideal: Floats, k: int
) -> float:
    """Mean over leads of the DCG of held-out homes, each at the rank that homes scoring at least as high leave it."""
    total = 0.0
    for lead in range(ideal.size):
        first, last = offsets[lead], offsets[lead + 1]
        got = 0.0
        for row in range(first, last):
            if not held[row]:
                continue
            above = 0
            for other in range(first, last):
                if scores[other] > scores[row] or (scores[other] == scores[row] and other < row):
                    above += 1
                    if above >= k:
                        break
            if above < k:
                got += 1.0 / np.log2(above + 2.0)
        if ideal[lead] > 0.0:
            total += got / ideal[lead]
    return total / max(ideal.size, 1)
