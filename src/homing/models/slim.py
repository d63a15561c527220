"""Homes that go with a lead's homes, few and for it only: elastic net regression of every home on all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.core.errors import BadInput
from homing.core.jit import fast_kernel
from homing.models.base import Arrays
from homing.models.ease import ease_weights
from homing.models.gram import Gram
from homing.models.homes import HomesLike
from homing.models.interactions import Interactions
from homing.models.item_item import ItemItemModel, Sparse, count_fault, number_fault
from homing.models.tuning import best_of, climbed
from homing.models.validation import validation_cuts

__all__ = ["SLIMConfig", "SLIMModel"]

REG = 256.0
L1_RATIO = 1e-4
NEIGHBOURS = 500
REGS = tuple(float(2**power) for power in range(1, 15))
L1_RATIOS = (1e-5, 1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 3e-1)
FEWEST_TRIALS, MOST_TRIALS = 4, 16
MOST_TUNED = 4_000

_SWEEPS, _TOLERANCE = 100, 1e-4
_TRIAL_SWEEPS, _TRIAL_TOLERANCE = 10, 1e-2
_BLOCK = 256

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SLIMConfig:
    """What can be chosen.

    `alpha`: how much weights cost, above 0 up to 1e6. `l1_ratio`: the share of that cost which is on their sizes and
    not on their squares, 0 to 1. `neighbours`: how many homes vote for each home, 1 to 100,000; left None, 500. `seed`:
    of the validation cut. `tune`: choose `alpha` and `l1_ratio`, where left None, on a validation cut; otherwise, with
    too little data for one, or with more than 4,000 homes, they are 256 / leads and 0.0001.
    """

    alpha: float | None = None
    l1_ratio: float | None = None
    neighbours: int | None = None
    seed: int = 0
    tune: bool = True

    def __post_init__(self) -> None:
        faults = number_fault("alpha", self.alpha, 1e-9, 1e6) + number_fault("l1_ratio", self.l1_ratio, 0, 1)
        if faults := faults + count_fault("neighbours", self.neighbours, 100_000):
            raise BadInput(faults)


class SLIMModel(ItemItemModel[SLIMConfig]):
    """Each home predicted from all others, with weights that are never negative, most of them 0 (Ning, Karypis 2011).

    For each home j, X the values of n leads on homes and w >= 0 its weights, w_j = 0, minimises what scikit-learn's
    ElasticNet without intercept minimises:

        |x_j - X w|² / 2n  +  alpha l1_ratio |w|₁  +  alpha (1 - l1_ratio) |w|² / 2,    score(lead, j) = sum of x_i w_i

    by coordinate descent over XᵀX from the positive part of the unconstrained solution, until no weight changes by more
    than a ten-thousandth of the largest; the `neighbours` largest are kept. A value is sign(w) log2(1 + |w|) of the
    summed weights, halved where negative. Homes nobody acted on have no score (NaN). The time grows with the cube of
    the number of homes with acts, and more than 20,000 are refused. The model does not update.

    >>> from homing.models import Interactions, SLIMModel
    >>> data = Interactions.from_columns(list("aabbcd"), ["h1", "h2", "h1", "h2", "h1", "h3"])
    >>> model = SLIMModel(alpha=0.25, l1_ratio=0.0).fit(data)
    >>> model.recommend("c", k=1)[0], model.score("c", ["h2", "h3"]).round(3).tolist()
    (['h2'], [0.5, 0.0])
    """

    Config = SLIMConfig

    def _fit(self, data: Interactions, homes: HomesLike | None) -> None:
        config = self.config
        leads = max(len(data.leads), 1)
        self.alpha_ = REG / leads if config.alpha is None else float(config.alpha)
        self.l1_ratio_ = L1_RATIO if config.l1_ratio is None else float(config.l1_ratio)
        self.neighbours_ = NEIGHBOURS if config.neighbours is None else config.neighbours
        self.trials_ = ()
        gram = Gram.of(data, "SLIMModel")
        if config.tune and gram.size <= MOST_TUNED:
            self._choose(data, gram.size)
        self.links_ = self._links(gram, self._settings(), _SWEEPS, _TOLERANCE)

    def _settings(self) -> dict[str, float]:
        return {"alpha": self.alpha_, "l1_ratio": self.l1_ratio_}

    def _choose(self, data: Interactions, size: int) -> None:
        grids = {"alpha": tuple(reg / len(data.leads) for reg in REGS), "l1_ratio": L1_RATIOS} if len(data) else {}
        free = {name: grid for name, grid in grids.items() if getattr(self.config, name) is None}
        cuts = validation_cuts(data, self.config.seed) if free else ()
        if not cuts:
            return
        grams, start = [Gram.of(cut.train, "SLIMModel") for cut in cuts], self._settings()
        most = int(np.clip(MOST_TRIALS * (800 / max(size, 1)) ** 2, FEWEST_TRIALS, MOST_TRIALS))

        def judge(settings: dict[str, float]) -> float:
            chosen = {**start, **settings}
            return self._ndcg(cuts, (self._links(gram, chosen, _TRIAL_SWEEPS, _TRIAL_TOLERANCE) for gram in grams))

        self.trials_ = climbed(free, {name: start[name] for name in free}, judge, most=most, what="SLIM")
        best = {**start, **best_of(self.trials_).settings}
        self.alpha_, self.l1_ratio_ = best["alpha"], best["l1_ratio"]

    def _links(self, gram: Gram, chosen: Mapping[str, float], sweeps: int, tolerance: float) -> Sparse:
        """The weights of every home's regression."""
        cost = gram.leads * chosen["alpha"]
        size, l1, l2 = gram.size, cost * chosen["l1_ratio"], cost * (1.0 - chosen["l1_ratio"])
        products = gram.products.astype(np.float32, copy=False)
        start = np.maximum(ease_weights(gram.products, max(l2, 1e-3)), 0.0) if 0 < size <= MOST_TUNED else None
        acted = np.flatnonzero(gram.place >= 0)
        entries: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []
        for first in range(0, size, _BLOCK):
            block = np.arange(first, min(first + _BLOCK, size))
            weights = np.zeros((block.size, size), np.float32) if start is None else start[:, block].T.copy()
            rest = products[block] - weights @ products
            _descend(products, block, weights, rest, (l1, l2, tolerance), sweeps)
            entries.append(_largest(weights, self.neighbours_, acted, acted[block]))
        columns = [np.concatenate([part[place] for part in entries] or [np.zeros(0, np.int64)]) for place in range(3)]
        shape = (gram.place.size, gram.place.size)
        matrix = sp.coo_array((columns[2].astype(np.float32), (columns[0], columns[1])), shape=shape).tocsr()
        return Sparse.of(matrix, gram.place >= 0)

    def _state(self) -> Arrays:
        chosen = np.array([self.alpha_, self.l1_ratio_, self.neighbours_])
        return {**super()._state(), "chosen": chosen}

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        super()._restore(state)
        self.alpha_, self.l1_ratio_, neighbours = state["chosen"].tolist()
        self.neighbours_ = int(neighbours)


def _largest(
    weights: Floats, k: int, acted: NDArray[np.int64], homes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """The `k` largest positive weights of each home's regression, as (voter, home, weight)."""
    voters, owners, sizes = [], [], []
    for row, home in zip(weights, homes.tolist(), strict=True):
        found = np.flatnonzero(row > 0)
        if found.size > k:
            found = found[np.argsort(-row[found], kind="stable")[:k]]
        voters.append(acted[found])
        owners.append(np.full(found.size, home))
        sizes.append(row[found])
    return np.concatenate(voters), np.concatenate(owners), np.concatenate(sizes)


@fast_kernel
def _descend(
    products: Floats,
    homes: NDArray[np.int64],
    weights: Floats,
    rest: Floats,
    costs: tuple[float, float, float],
    sweeps: int,
) -> None:
    """Coordinate descent on the regressions of some homes, in place.

    `products` (m, m) is XᵀX; row r of `weights` (homes, m) is the regression of home `homes[r]`, and of `rest` (homes,
    m) what it leaves: XᵀX_j - XᵀX w. A change too small to matter is not made.
    """
    l1, l2, tolerance = np.float32(costs[0]), np.float32(costs[1]), np.float32(costs[2])
    for r in range(homes.size):
        own, left = weights[r], rest[r]
        largest = np.float32(0.0)
        for i in range(own.size):
            largest = max(largest, own[i])
        for _ in range(sweeps):
            moved = np.float32(0.0)
            for i in range(own.size):
                if i == homes[r]:
                    continue
                new = max(left[i] + products[i, i] * own[i] - l1, np.float32(0.0)) / (products[i, i] + l2)
                change = new - own[i]
                if abs(change) <= np.float32(0.1) * tolerance * largest:
                    continue
                own[i] = new
                moved, largest = max(moved, abs(change)), max(largest, new)
                column = products[i]
                for j in range(own.size):
                    left[j] -= change * column[j]
            if moved <= tolerance * largest:
                break
