"""Weights of several models' scores that rank best on a validation cut: a climb on NDCG itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.core import progress
from homing.core.jit import kernel
from homing.models.parts import Parts, part_scores
from homing.models.pasts import Past
from homing.models.validation import ENOUGH_LEADS, Cut

__all__ = ["Judged", "climbed", "judged", "reach"]

Floats = NDArray[np.float64]

_DEPTH = 200
_DRAWN = 50
_STEPS = (1.0, 0.5, 0.25, 0.125)
_WORTH = 1.0005
_LENGTHS = np.array([5, 10, 20, 50])
_TINY = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What p models say to the leads of cuts, each about the homes that any of them puts among its best.

    Lead u has rows `offsets[u]:offsets[u + 1]`: `scores` float64 (n, p), each divided by its `reach`, 0 where a model
    has nothing to say; `homes` int64 (n,) codes; `held` bool (n,), whether the home was held out.
    """

    offsets: NDArray[np.int64]
    scores: Floats
    homes: NDArray[np.int64]
    held: NDArray[np.bool_]

    @classmethod
    def together(cls, some: Sequence[Judged]) -> Judged:
        """Several as one."""
        starts = np.cumsum([0, *(one.held.size for one in some)])
        offsets = [one.offsets[1:] + start for one, start in zip(some, starts[:-1].tolist(), strict=True)]
        return cls(
            np.concatenate([np.zeros(1, dtype=np.int64), *offsets]),
            np.concatenate([one.scores for one in some]),
            np.concatenate([one.homes for one in some]),
            np.concatenate([one.held for one in some]),
        )

    @property
    def is_enough(self) -> bool:
        """Whether there are enough leads to learn weights from."""
        return self.offsets.size > ENOUGH_LEADS

    def ndcg(self, weights: Floats) -> float:
        """The NDCG of the scores added with these weights: mean over the leads, and over lists of 5, 10, 20 and 50.

        One length alone is too coarse a measure to climb on.
        """
        return float(_ndcg(self.offsets, self.scores @ weights, self.held, _LENGTHS))


def reach(scores: NDArray[Any], past: Past) -> float:
    """The highest score among homes a lead has not acted on, by which a model's scores to it are divided; 1 if none.

    So every model speaks to every lead on one scale, whatever the length of its history.
    """
    fresh = np.array(scores, dtype=np.float64)
    fresh[past.items] = np.nan
    known = fresh[np.isfinite(fresh)]
    most = float(known.max()) if known.size else 0.0
    return most if most > _TINY else 1.0


def judged(parts: Parts, cut: Cut, among: NDArray[np.bool_] | None = None, seed: int = 0) -> Judged:
    """Ask every part about every home (or those in the mask `among`) for every lead of the cut; keep what can matter.

    Kept are the 200 best of each part, the homes held out, and 50 drawn at random.
    """
    rng = np.random.default_rng(seed)
    blocks: list[Floats] = [np.zeros((0, len(parts)))]
    codes: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
    hits: list[NDArray[np.bool_]] = [np.zeros(0, dtype=np.bool_)]
    homes = len(cut.train.properties)
    for lead in cut.leads.tolist():
        past, held = cut.past(lead), cut.held_of(lead)
        scores = (part_scores(parts, name, past, np.arange(homes)).astype(np.float64) for name in parts)
        columns = np.column_stack([_reached(some, past) for some in scores])
        fresh = np.ones(homes, dtype=np.bool_) if among is None else among.copy()
        fresh[past.items] = False
        wanted = np.zeros(homes, dtype=np.bool_)
        wanted[held] = True
        wanted[rng.integers(0, homes, _DRAWN)] = True
        for column in columns.T:
            wanted[_best(np.where(fresh, column, -np.inf))] = True
        rows = np.flatnonzero(wanted & fresh)
        blocks.append(columns[rows])
        codes.append(rows)
        hits.append(np.isin(rows, held))
    offsets = np.cumsum([block.shape[0] for block in blocks]).astype(np.int64)
    return Judged(offsets, np.concatenate(blocks), np.concatenate(codes), np.concatenate(hits))


def climbed(found: Judged, free: NDArray[np.bool_] | None = None) -> tuple[Floats, float]:
    """Weights at least 0 that add up to 1, float64 (p,), and their NDCG: from the best single part, one at a time.

    Parts that are not `free` stay at 0. A step has to better the NDCG by a twentieth of a percent to be taken.
    """
    count = found.scores.shape[1]
    places = list(range(count)) if free is None else np.flatnonzero(free).tolist()
    singles = {place: found.ndcg(np.eye(count)[place]) for place in places}
    first = max(singles, key=lambda place: singles[place])
    weights, best = np.eye(count)[first], singles[first]
    for step in _STEPS:
        moved = True
        while moved:
            moved = False
            for place in places:
                for move in (step, -step):
                    tried = weights.copy()
                    tried[place] = max(0.0, tried[place] + move)
                    if not tried.any() or tried[place] == weights[place]:
                        continue
                    ndcg = found.ndcg(tried)
                    if ndcg > best * _WORTH:
                        weights, best, moved = tried, ndcg, True
        progress.say(f"blending: NDCG {best:.4f}")
    return weights / weights.sum(), best


def _reached(scores: Floats, past: Past) -> Floats:
    return np.asarray(np.nan_to_num(scores / reach(scores, past), nan=0.0), dtype=np.float64)


def _best(column: Floats) -> NDArray[np.int64]:
    most = min(_DEPTH, column.size)
    return np.argpartition(-column, most - 1)[:most]


@kernel
def _ndcg(offsets: NDArray[np.int64], scores: Floats, held: NDArray[np.bool_], lengths: NDArray[np.int64]) -> float:
    """Mean over leads and lengths of list; a home's rank is how many score higher, or as high and stand before it."""
    total = 0.0
    longest = lengths[-1]
    got, ideal = np.zeros(lengths.size), np.zeros(lengths.size)
    for lead in range(offsets.size - 1):
        first, last = offsets[lead], offsets[lead + 1]
        got[:], ideal[:] = 0.0, 0.0
        found = 0
        for row in range(first, last):
            if not held[row]:
                continue
            above = 0
            for other in range(first, last):
                if scores[other] > scores[row] or (scores[other] == scores[row] and other < row):
                    above += 1
                    if above >= longest:
                        break
            for place in range(lengths.size):
                if above < lengths[place]:
                    got[place] += 1.0 / np.log2(above + 2.0)
                if found < lengths[place]:
                    ideal[place] += 1.0 / np.log2(found + 2.0)
            found += 1
        if found > 0:
            for place in range(lengths.size):
                total += got[place] / ideal[place] / lengths.size
    return total / max(offsets.size - 1, 1)
