"""Weights of several models' scores that rank best on a validation cut: a climb on NDCG itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.core import progress
from homing.core.jit import kernel
from homing.models.interactions import Interactions
from homing.models.parts import Parts, part_scores
from homing.models.pasts import Past
from homing.models.validation import ENOUGH_LEADS, Cut, validation_cut

__all__ = ["Judged", "among_known", "climbed", "cold_cut", "expected_on_new", "in_proportion", "judged", "reach"]

Floats = NDArray[np.float64]

_DEPTH = 200
_DRAWN = 50
_STEPS = (1.0, 0.5, 0.25, 0.125)
_WORTH = 1.0005
_LENGTHS = np.array([5, 10, 20, 50])
_COLD_SHARE = 0.1
_LATE = 0.1
_FEWEST_COLD = 20
_FACTORS = (1.0, 1.4, 2.0, 2.8, 4.0)
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
        columns = np.column_stack([_reached(part_scores(parts, name, past, np.arange(homes)), past) for name in parts])
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


def cold_cut(data: Interactions, seed: int, most: int) -> tuple[Cut, NDArray[np.bool_]]:
    """A tenth of the homes with all acts on them held out, as if listed a minute ago, and which they are.

    Of the other homes is held out what `validation_cut` holds out. Too few homes give a cut with no lead to judge by.
    """
    rng = np.random.default_rng([seed, 1])
    homes = len(data.properties)
    acted = np.unique(data.property)
    count = int(_COLD_SHARE * acted.size)
    cold = np.zeros(homes, dtype=np.bool_)
    if count >= _FEWEST_COLD:
        cold[rng.choice(acted, count, replace=False)] = True
    warm = validation_cut(data.select(~cold[data.property]), seed)
    left = np.bincount(warm.train.lead, minlength=len(data.leads)) > 0
    liked = data.select(cold[data.property] & left[data.lead]).net()
    liked.data = np.where(liked.data > 0, np.float32(1), np.float32(0))
    liked.eliminate_zeros()
    leads = np.flatnonzero(np.diff(liked.indptr))
    if leads.size > most:
        leads = np.sort(rng.choice(leads, most, replace=False))
    return Cut(warm.train, warm.pasts, leads, sp.csr_array(liked + warm.held)), cold


def expected_on_new(data: Interactions) -> float:
    """How many leads a home that nobody acted on may expect, as a share (0 to 1) of what one that was acted on may.

    With moments, what came in the last tenth of the rows to homes unseen before it, a home, over what came to the seen.

    Without, how many homes would be unseen by chance alone is told by those seen once and twice (f₁, f₂): about
    2 f₁ - f₂ (Burnham and Overton's second-order jackknife, 1979), at least f₁(f₁ - 1) / 2(f₂ + 1) (Chao, 1984). They
    get f₁ of all n acts together (Good, 1953). Where more are unseen than that, the others are new: as good as any.
    """
    pairs = data.net()
    counts = np.bincount(pairs.indices, minlength=len(data.properties))
    unseen = int((counts == 0).sum())
    if unseen == 0 or pairs.nnz == 0:
        return 1.0
    if data.timed:
        return _came_to_new(data)
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    by_chance = max(2 * once - twice, once * (once - 1) / (2 * (twice + 1)), 1.0)
    share = min(by_chance, unseen) / unseen
    of_those = once / pairs.nnz / by_chance * (counts > 0).sum()
    return float(min(share * of_those + 1.0 - share, 1.0))


def _came_to_new(data: Interactions) -> float:
    late = data.at > np.quantile(data.at, 1 - _LATE, method="lower")
    seen = np.bincount(data.property[~late], minlength=len(data.properties)) > 0
    if not late.any() or seen.all():
        return 1.0
    came = np.bincount(data.select(late).net().indices, minlength=seen.size)
    old = came[seen].mean()
    return float(min(came[~seen].mean() / old, 1.0)) if old > 0 else 1.0


def in_proportion(found: Judged, weights: Floats, others: Floats) -> float:
    """By how much `scores @ others` has to be multiplied to be as large as `scores @ weights`, root mean square.

    Least squares would give less, as much as the two disagree, and put homes that others score behind all the rest.
    """
    wanted, given = found.scores @ weights, found.scores @ others
    size = float(given @ given)
    return float(np.sqrt(wanted @ wanted / size)) if size > _TINY else 1.0


def among_known(
    found: Judged, cold: NDArray[np.bool_], alive: NDArray[np.bool_], weights: Floats, others: Floats
) -> float:
    """What the weights `others` of cold homes are multiplied by, so that lists of cold and known homes rank best.

    Of `in_proportion` and up to four times that the one with the highest NDCG: less would help no list. Of the homes
    made cold only those `alive` are held to be found: as many as `expected_on_new` says that come to be liked.
    """
    new = cold[found.homes]
    sides = np.column_stack([np.where(new, 0.0, found.scores @ weights), np.where(new, found.scores @ others, 0.0)])
    both = Judged(found.offsets, sides, found.homes, found.held & (alive[found.homes] | ~new))
    even = in_proportion(found, weights, others)
    tried = {even * factor: both.ndcg(np.array([1.0, even * factor])) for factor in _FACTORS}
    return max(tried, key=lambda factor: tried[factor])


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
