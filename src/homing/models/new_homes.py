"""Homes nobody has acted on yet, in a blend: how they are to be judged, and how much they count beside known ones."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.models.blend import Judged
from homing.models.interactions import Interactions
from homing.models.validation import Cut, validation_cut

__all__ = ["among_known", "as_expected", "cold_cut", "expected_on_new", "in_proportion"]

Floats = NDArray[np.float64]

_COLD_SHARE = 0.1
_FEWEST_COLD = 20
_LATE = 0.1
_FACTORS = (1.0, 1.4, 2.0, 2.8, 4.0)
_WORTH = 1.01
_TINY = 1e-12


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


def expected_on_new(data: Interactions, homes: int) -> float:
    """How many leads a home that nobody acted on may expect, as a share (0 to 1) of what one that was acted on may.

    `homes` is how many there are, those that are in no row of the data too.

    With moments, what came in the last tenth of the rows to homes unseen before it, a home, over what came to the seen.

    Without, how many homes would be unseen by chance alone is told by those seen once and twice (f₁, f₂): about
    2 f₁ - f₂ (Burnham and Overton's second-order jackknife, 1979), at least f₁(f₁ - 1) / 2(f₂ + 1) (Chao, 1984). They
    get f₁ of all n acts together (Good, 1953). Where more are unseen than that, the others are new: as good as any.
    """
    pairs = data.net()
    counts = np.bincount(pairs.indices, minlength=homes)
    unseen = int((counts == 0).sum())
    if unseen == 0 or pairs.nnz == 0:
        return 1.0
    if data.timed:
        return _came_to_new(data, homes)
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    by_chance = max(2 * once - twice, once * (once - 1) / (2 * (twice + 1)), 1.0)
    share = min(by_chance, unseen) / unseen
    of_those = once / pairs.nnz / by_chance * (counts > 0).sum()
    return float(min(share * of_those + 1.0 - share, 1.0))


def _came_to_new(data: Interactions, homes: int) -> float:
    late = data.at > np.quantile(data.at, 1 - _LATE, method="lower")
    seen = np.bincount(data.property[~late], minlength=homes) > 0
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


def as_expected(found: Judged, cold: NDArray[np.bool_], data: Interactions, homes: int, seed: int) -> Judged:
    """The lists with as many homes made cold, and as many of them liked, as the data say of the homes really unseen.

    Otherwise what is learned of a market with many new homes would hold for one with a few that nobody likes.
    """
    unseen = 1.0 - np.unique(data.property).size / max(homes, 1)
    drawn = np.random.default_rng([seed, 2]).permutation(np.flatnonzero(cold))
    present = drawn[: max(round(unseen * cold.size), 1)]
    new, kept = cold[found.homes], ~cold
    kept[present] = True
    liked = ~cold
    liked[present[: round(expected_on_new(data, homes) * present.size)]] = True
    rows = kept[found.homes]
    lead = np.repeat(np.arange(found.offsets.size - 1), np.diff(found.offsets))[rows]
    offsets = np.searchsorted(lead, np.arange(found.offsets.size)).astype(np.int64)
    return Judged(offsets, found.scores[rows], found.homes[rows], (found.held & (liked[found.homes] | ~new))[rows])


def among_known(found: Judged, cold: NDArray[np.bool_], weights: Floats, others: Floats) -> float:
    """What the weights `others` of cold homes are multiplied by, so that lists of cold and known homes rank best.

    Of `in_proportion` and up to four times that the one with the highest NDCG, if it is a hundredth above that of the
    first: less would help no list, and more bury what is known under homes of which little is.
    """
    new = cold[found.homes]
    sides = np.column_stack([np.where(new, 0.0, found.scores @ weights), np.where(new, found.scores @ others, 0.0)])
    both = Judged(found.offsets, sides, found.homes, found.held)
    even = in_proportion(found, weights, others)
    tried = {even * factor: both.ndcg(np.array([1.0, even * factor])) for factor in _FACTORS}
    best = max(tried, key=lambda factor: tried[factor])
    return best if tried[best] > _WORTH * tried[even] else even
