"""Homes whose leads are those of the lead's homes: cosine nearest neighbours over weighted rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.core.errors import BadInput, Fault, shown
from homing.models.base import Arrays
from homing.models.homes import HomesLike
from homing.models.interactions import Interactions
from homing.models.item_item import ItemItemModel, Sparse, acted_on, count_fault, number_fault, positive
from homing.models.neighbours import Walk, affected, renewed
from homing.models.tuning import best_of, climbed
from homing.models.validation import validation_cuts

__all__ = ["ItemKNNConfig", "ItemKNNModel"]

WEIGHTINGS = ("bm25", "tfidf", "cosine")
NEIGHBOURS = 200
SHRINK = 100.0
GRID = {"neighbours": (25, 50, 100, 200, 400, 800), "shrink": (0.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)}
FEWEST_TRIALS, MOST_TRIALS = 4, 16

_K1, _B = 1.2, 0.75
_LEAST_IDF = 0.1
_NEVER_ZERO = 1e-6

Matrix = sp.csr_array[Any, Any]


@dataclass(frozen=True, slots=True)
class ItemKNNConfig:
    """What can be chosen.

    `weighting`: "bm25", "tfidf", or "cosine" for the plain values. `neighbours`: how many homes vote for each home, 1
    to 100,000. `shrink`: added to the denominator of the cosine, 0 to 1e6, so that few common leads count little.
    `seed`: of the validation cut. `tune`: choose what is left None on a validation cut; otherwise, or with too little
    data for one, it is 200 and 100.
    """

    weighting: str = "bm25"
    neighbours: int | None = None
    shrink: float | None = None
    seed: int = 0
    tune: bool = True

    def __post_init__(self) -> None:
        faults = count_fault("neighbours", self.neighbours, 100_000) + number_fault("shrink", self.shrink, 0, 1e6)
        if self.weighting not in WEIGHTINGS:
            faults.append(Fault("weighting", f"be one of {list(WEIGHTINGS)}", shown(self.weighting)))
        if faults:
            raise BadInput(faults)


class ItemKNNModel(ItemItemModel[ItemKNNConfig]):
    """Each home is voted for by the homes most like it, where homes are alike that the same leads liked.

        like(i, j) = y_i . y_j / (|y_i| |y_j| + shrink)
        score(lead, j) = sum over homes i in N(j) of value(lead, i) like(i, j)

    y are the leads' positive values v, weighted: "cosine" leaves them, "tfidf" takes √v idf_lead, "bm25" takes

        idf_lead 2.2 v / (v + 1.2 (0.25 + 0.75 length_i / mean length))

    where idf_lead = log(homes / (1 + homes of the lead)), at least 0.1: leads that like everything say little. A home's
    length is its summed values; homes without acts count in the mean, and among the homes. N(j) are the `neighbours`
    homes most like j. The value of a lead on a home is sign(w) log2(1 + |w|) of the summed weights, halved where
    negative: evidence against a home counts against those like it. Homes nobody acted on have no score (NaN). The
    definitions are those of the published comparison by Ferrari
    Dacrema et al. (TOIS 2021).

    `partial_fit` gives what `fit` gives on everything with the same settings (homes equally near apart). With "cosine"
    only the rows of homes that share leads with what changed are worked out; "bm25" weighs by the mean length and
    "tfidf" by the number of homes, so that every row changes with the former, and with the latter when a home is new.

    >>> from homing.models import Interactions, ItemKNNModel
    >>> data = Interactions.from_columns(list("aabbcd"), ["h1", "h2", "h1", "h2", "h1", "h3"])
    >>> model = ItemKNNModel(weighting="cosine", shrink=0, tune=False).fit(data)
    >>> model.recommend("c", k=1)[0], model.explain("c", "h2")["h1"].__round__(3)
    (['h2'], 0.816)
    """

    Config = ItemKNNConfig

    def _fit(self, data: Interactions, homes: HomesLike | None) -> None:
        config = self.config
        self.neighbours_ = NEIGHBOURS if config.neighbours is None else config.neighbours
        self.shrink_ = SHRINK if config.shrink is None else float(config.shrink)
        self.trials_ = ()
        if config.tune:
            self._choose(data)
        self._learn(data.net(), None)

    def _choose(self, data: Interactions) -> None:
        free = {name: GRID[name] for name in GRID if getattr(self.config, name) is None}
        cuts = validation_cuts(data, self.config.seed) if free else ()
        if not cuts:
            return
        start = {"neighbours": float(self.neighbours_), "shrink": self.shrink_}
        nets = [cut.train.net() for cut in cuts]
        learned = [(self._weighted(net), acted_on(net)) for net in nets]
        most = int(np.clip(MOST_TRIALS * 3e5 / max(len(data), 1), FEWEST_TRIALS, MOST_TRIALS))

        def judge(settings: dict[str, float]) -> float:
            chosen = {**start, **settings}
            shrink, count = chosen["shrink"], int(chosen["neighbours"])
            links = (Sparse.of(_walk(y, shrink).nearest(count).T.tocsr(), known) for y, known in learned)
            return self._ndcg(cuts, links)

        self.trials_ = climbed(free, {name: start[name] for name in free}, judge, most=most, what="neighbours")
        best = {**start, **best_of(self.trials_).settings}
        self.neighbours_, self.shrink_ = int(best["neighbours"]), best["shrink"]

    def _learn(self, net: Matrix, rows: NDArray[np.int64] | None) -> None:
        """Work out some homes' neighbours, and keep those of the others."""
        near = _walk(self._weighted(net), self.shrink_).nearest(self.neighbours_, rows)
        if rows is not None and isinstance(self.links_, Sparse):
            near = renewed(self.links_.matrix().T.tocsr(), rows, near)
        self.links_ = Sparse.of(near.T.tocsr(), acted_on(net))

    def _partial_fit(self, more: Interactions) -> None:
        net = self.pasts.interactions(self.items).net()
        weighting = self.config.weighting
        local = weighting == "cosine" or (weighting == "tfidf" and self.links_.size == len(self.items))
        self._learn(net, affected(net, more, by_lead=weighting == "tfidf") if local else None)

    def _weighted(self, net: Matrix) -> Matrix:
        """The weighted positive values, csr (leads, homes)."""
        y = positive(net)
        if self.config.weighting == "cosine":
            return y
        homes = max(len(self.items), 1)
        if self.config.weighting == "bm25":
            length = np.bincount(y.indices, weights=y.data, minlength=y.shape[1])
            relative = length * homes / max(float(length.sum()), 1.0)
            y.data = y.data * (_K1 + 1.0) / (y.data + (_K1 * (1.0 - _B + _B * relative))[y.indices])
        else:
            y.data = np.sqrt(y.data)
        met = np.diff(y.indptr)
        y.data = y.data * np.repeat(np.maximum(np.log(homes / (1.0 + met)), _LEAST_IDF), met)
        return y

    def _state(self) -> Arrays:
        return {**super()._state(), "chosen": np.array([self.neighbours_, self.shrink_])}

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        super()._restore(state)
        self.neighbours_, self.shrink_ = int(state["chosen"][0]), float(state["chosen"][1])


def _walk(y: Matrix, shrink: float) -> Walk:
    norm = np.sqrt(np.bincount(y.indices, weights=y.data**2, minlength=y.shape[1]).astype(np.float64))
    return Walk(y.T.tocsr(), y, norm, norm, shrink + _NEVER_ZERO)
