"""Homes that a random walk from the lead's homes over their leads comes to, popular ones held back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.core.errors import BadInput
from homing.models.base import Arrays
from homing.models.homes import HomesLike
from homing.models.interactions import Interactions
from homing.models.item_item import ItemItemModel, Sparse, acted_on, count_fault, number_fault, positive
from homing.models.neighbours import Walk, affected, renewed
from homing.models.tuning import best_of, climbed
from homing.models.validation import validation_cuts

__all__ = ["RP3betaConfig", "RP3betaModel"]

ALPHA, BETA, NEIGHBOURS = 0.9, 0.4, 300
GRID = {
    "beta": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    "alpha": (0.4, 0.6, 0.8, 0.9, 1.0, 1.2),
    "neighbours": (50, 100, 200, 300, 500),
}
FEWEST_TRIALS, MOST_TRIALS = 4, 20

Matrix = sp.csr_array[Any, Any]


@dataclass(frozen=True, slots=True)
class RP3betaConfig:
    """What can be chosen.

    `alpha`: the power of each step's probability, 0 to 3. `beta`: how much popular homes are held back, 0 to 3.
    `neighbours`: how many homes each home leads to, 1 to 100,000. `normalised`: whether what a home says of others adds
    up to 1. `seed`: of the validation cut. `tune`: choose what is left None on a validation cut; otherwise, or with too
    little data for one, it is 0.9, 0.4 and 300.
    """

    alpha: float | None = None
    beta: float | None = None
    neighbours: int | None = None
    normalised: bool = True
    seed: int = 0
    tune: bool = True

    def __post_init__(self) -> None:
        faults = number_fault("alpha", self.alpha, 0, 3) + number_fault("beta", self.beta, 0, 3)
        if faults := faults + count_fault("neighbours", self.neighbours, 100_000):
            raise BadInput(faults)


class RP3betaModel(ItemItemModel[RP3betaConfig]):
    """A walk of three steps, lead to home to lead to home, divided by the last home's popularity (Paudel et al. 2017).

        links(i, j) = sum over leads u of (1 / n_i)^alpha (v_uj / sum of v_u)^alpha / n_j^beta,    no home to itself

    v are the positive values of leads on homes, n the number of leads that like a home. Of each home's links the
    `neighbours` largest are kept and, where `normalised`, divided by their sum. score(lead, j) = sum over the lead's
    homes i of value(lead, i) links(i, j), where evidence against a home counts negatively, by half. Homes nobody acted
    on have no score (NaN). Never is there a full matrix of homes by homes.

    `partial_fit` gives what `fit` gives on everything with the same settings (homes equally near apart); only the rows
    of homes that share leads with what changed are worked out anew.

    >>> from homing.models import Interactions, RP3betaModel
    >>> data = Interactions.from_columns(list("aabbcd"), ["h1", "h2", "h1", "h2", "h1", "h3"])
    >>> model = RP3betaModel(tune=False).fit(data)
    >>> model.recommend("c", k=1)[0], model.explain("c", "h2")
    (['h2'], {'h1': 1.0})
    """

    Config = RP3betaConfig

    def _fit(self, data: Interactions, homes: HomesLike | None) -> None:
        config = self.config
        self.alpha_ = ALPHA if config.alpha is None else float(config.alpha)
        self.beta_ = BETA if config.beta is None else float(config.beta)
        self.neighbours_ = NEIGHBOURS if config.neighbours is None else config.neighbours
        self.trials_ = ()
        if config.tune:
            self._choose(data)
        self.links_ = self._links(data.net(), self._settings())

    def _settings(self) -> dict[str, float]:
        return {"alpha": self.alpha_, "beta": self.beta_, "neighbours": float(self.neighbours_)}

    def _choose(self, data: Interactions) -> None:
        free = {name: GRID[name] for name in GRID if getattr(self.config, name) is None}
        cuts = validation_cuts(data, self.config.seed) if free else ()
        if not cuts:
            return
        start, nets = self._settings(), [cut.train.net() for cut in cuts]
        most = int(np.clip(MOST_TRIALS * 1e5 / max(len(data), 1), FEWEST_TRIALS, MOST_TRIALS))

        def judge(settings: dict[str, float]) -> float:
            return self._ndcg(cuts, (self._links(net, {**start, **settings}) for net in nets))

        self.trials_ = climbed(free, {name: start[name] for name in free}, judge, most=most, what="RP3beta")
        best = {**start, **best_of(self.trials_).settings}
        self.alpha_, self.beta_, self.neighbours_ = best["alpha"], best["beta"], int(best["neighbours"])

    def _links(self, net: Matrix, settings: Mapping[str, float], rows: NDArray[np.int64] | None = None) -> Sparse:
        """The links of these homes (left out: of all) in what leads did."""
        near = _walk(net, settings["alpha"], settings["beta"]).nearest(int(settings["neighbours"]), rows)
        if self.config.normalised:
            total = np.asarray(near.sum(axis=1, dtype=np.float64)).ravel()
            near.data = (near.data / np.repeat(total, np.diff(near.indptr))).astype(np.float32)
        return Sparse.of(near, acted_on(net))

    def _partial_fit(self, more: Interactions) -> None:
        net = self.pasts.interactions(self.items).net()
        rows = affected(net, more, by_lead=False)
        fresh = self._links(net, self._settings(), rows)
        if isinstance(self.links_, Sparse):
            self.links_ = Sparse.of(renewed(self.links_.matrix(), rows, fresh.matrix()), fresh.known)

    def _state(self) -> Arrays:
        return {**super()._state(), "chosen": np.array([self.alpha_, self.beta_, self.neighbours_])}

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        super()._restore(state)
        self.alpha_, self.beta_, neighbours = state["chosen"].tolist()
        self.neighbours_ = int(neighbours)


def _walk(net: Matrix, alpha: float, beta: float) -> Walk:
    values = positive(net)
    counts = np.diff(values.indptr)
    total = np.asarray(values.sum(axis=1), dtype=np.float64).ravel()
    values.data = (values.data / np.repeat(total, counts)) ** alpha
    popular = np.maximum(np.bincount(values.indices, minlength=values.shape[1]), 1).astype(np.float64)
    back = values.T.tocsr()
    back.data = np.ones(back.nnz)
    return Walk(back, values, popular**alpha, popular**beta)
