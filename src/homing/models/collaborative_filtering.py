"""Homes that leads with the same behaviour chose: implicit matrix factorisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.core.errors import BadInput, Fault, shown
from homing.models import als
from homing.models.base import Arrays, LearningModel, Scores
from homing.models.homes import HomesLike
from homing.models.interactions import Interactions
from homing.models.pasts import Past
from homing.models.tuning import Trial, best_of, climbed, packed_trials, trials_from
from homing.models.validation import validation_cut

__all__ = ["CollaborativeFilteringConfig", "CollaborativeFilteringModel"]

METHODS = ("ials",)
ALPHA = 2.0
REG = 2.0
AGAINST = -0.5
GRID = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
FEWEST_TRIALS, MOST_TRIALS = 6, 16


@dataclass(frozen=True, slots=True)
class CollaborativeFilteringConfig:
    """What can be chosen.

    `method`: "ials", implicit alternating least squares. `factors`: numbers a home, 64. `iterations`: 15. `reg`: the
    regularisation, a lead or home with n entries gets `reg * sqrt(n)`. `alpha`: what an average positive entry counts
    beyond an absent one. `seed`: of the first factors and the validation cut. `tune`: choose `reg` and `alpha`, where
    left None, on a validation cut; otherwise, or with too little data for one, they are 2 and 2.
    """

    method: str = "ials"
    factors: int = 64
    iterations: int = 15
    reg: float | None = None
    alpha: float | None = None
    seed: int = 0
    tune: bool = True

    def __post_init__(self) -> None:
        faults = []
        if self.method not in METHODS:
            faults.append(Fault("method", f"be one of {list(METHODS)}", shown(self.method)))
        for name, most in (("factors", 1024), ("iterations", 1000)):
            value = getattr(self, name)
            if not isinstance(value, int) or not 1 <= value <= most:
                faults.append(Fault(name, f"be a whole number from 1 to {most}", shown(value)))
        for name in ("reg", "alpha"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                faults.append(Fault(name, "be a positive number, or None", shown(value)))
        if faults:
            raise BadInput(faults)


class CollaborativeFilteringModel(LearningModel[CollaborativeFilteringConfig]):
    """Leads and homes as vectors whose product says how well they go together.

    Minimises, over all pairs of a lead u and a home i (Hu, Koren, Volinsky 2008),

        sum of c_ui (p_ui - x_u . y_i)^2  +  reg sqrt(n_u) |x_u|^2  +  reg sqrt(n_i) |y_i|^2

    The weights of a pair are added up to w; c = 1 + alpha log2(1 + |w|) / (its mean over positive pairs), so that alpha
    has the same meaning on every scale of weights. p = 1 where w > 0, p = -0.5 where w < 0 (evidence against, bounded),
    p = 0 with c = 1 for all other pairs.

    A score is always the exact solution for the lead's own acts with the homes held fixed, in float64: for a lead
    known from training, for one met a second ago, and for one with one act more. So it is exactly a sum over the
    lead's homes, which `explain` returns by their ids. Leads without acts and homes nobody acted on have no score
    (NaN). `partial_fit` adds acts and leads at once and gives vectors to homes not met before; those of other homes
    stay until the next `fit`.

    >>> from homing.models import CollaborativeFilteringModel, Interactions
    >>> data = Interactions.from_columns(list("aaabbbcc"), ["h1", "h2", "h3", "h1", "h2", "h4", "h8", "h9"])
    >>> model = CollaborativeFilteringModel(factors=4, tune=False).fit(data)
    >>> model.recommend("a", k=1)[0], sorted(model.explain("a", "h4"))
    (['h4'], ['h1', 'h2', 'h3'])
    """

    Config = CollaborativeFilteringConfig

    def _fit(self, data: Interactions, homes: HomesLike | None) -> None:
        net = data.net()
        size = np.log2(1.0 + net.data[net.data > 0])
        self.unit_ = float(size.mean()) if size.size else 1.0
        self._choose(data)
        self._learn(self._confidence(net, self.alpha_))

    def _choose(self, data: Interactions) -> None:
        config = self.config
        self.alpha_ = config.alpha or ALPHA
        self.reg_ = config.reg or (REG if config.alpha is None else config.alpha * REG / ALPHA)
        self.trials_: tuple[Trial, ...] = ()
        free = {name: GRID for name in ("alpha", "reg") if getattr(config, name) is None}
        if not config.tune or not free:
            return
        cut = validation_cut(data, config.seed)
        if not cut.is_enough:
            return
        start = {"alpha": self.alpha_, "reg": self.reg_}
        most = int(np.clip(MOST_TRIALS * 1e6 / max(len(data), 1), FEWEST_TRIALS, MOST_TRIALS))

        def judge(settings: dict[str, float]) -> float:
            options = {**start, **settings, "iterations": min(config.iterations, 10), "tune": False}
            return cut.ndcg(type(self)(**{**self.options(), **options}).fit(cut.train))

        self.trials_ = climbed(free, {name: start[name] for name in free}, judge, most=most, what="factors")
        best = {**start, **best_of(self.trials_).settings}
        self.alpha_, self.reg_ = best["alpha"], best["reg"]

    def _learn(self, confidence: sp.csr_array[Any, Any]) -> None:
        config = self.config
        leads, homes = als.alternate(
            confidence,
            factors=config.factors,
            iterations=config.iterations,
            reg=self.reg_,
            against=AGAINST,
            seed=config.seed,
        )
        wide = leads.astype(np.float64)
        self.lead_gram_: NDArray[np.float64] = wide.T @ wide
        self._hold(homes, np.bincount(confidence.indices, minlength=homes.shape[0]) > 0)

    def _hold(self, factors: NDArray[np.float32], known: NDArray[np.bool_]) -> None:
        wide = factors.astype(np.float64)
        self.item_factors_, self.known_ = factors, known
        self.gram_: NDArray[np.float64] = wide.T @ wide

    def _confidence(self, net: sp.csr_array[Any, Any], alpha: float) -> sp.csr_array[Any, Any]:
        """Signed confidences beyond 1; pairs whose weights cancel are left out."""
        signed = net.copy()
        signed.data = (np.sign(net.data) * (alpha / self.unit_) * np.log2(1.0 + np.abs(net.data))).astype(np.float32)
        signed.eliminate_zeros()
        return signed

    def _row(self, past: Past) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], float]:
        """The lead's homes that have vectors, their confidences and targets, and the lead's regularisation."""
        items, weights = past.summed()
        kept = (weights != 0) & self._has_factors(items)
        items, weights = items[kept], weights[kept]
        confidence = self.alpha_ / self.unit_ * np.log2(1.0 + np.abs(weights))
        return items, confidence, np.where(weights > 0, 1.0, AGAINST), self.reg_ * float(np.sqrt(max(items.size, 1)))

    def _has_factors(self, items: NDArray[np.int64]) -> NDArray[np.bool_]:
        has = np.zeros(items.size, dtype=np.bool_)
        met = items < self.known_.size
        has[met] = self.known_[items[met]]
        return has

    def _speaks(self, past: Past) -> bool:
        return bool(self._has_factors(past.items).any()) and self._row(past)[0].size > 0

    def _score(self, past: Past, items: NDArray[np.int64]) -> Scores:
        scores = np.full(items.size, np.nan, dtype=np.float32)
        row = self._row(past)
        if row[0].size == 0:
            return scores
        x = als.fold_in(self.item_factors_, self.gram_, *row)
        has = self._has_factors(items)
        scores[has] = als.products(self.item_factors_, items[has], x)
        return scores

    def _explain(self, past: Past, items: NDArray[np.int64]) -> list[dict[str, float]]:
        acted, confidence, target, penalty = self._row(past)
        if acted.size == 0:
            return [{} for _ in items]
        factors = self.item_factors_
        lower = als.normal_matrix(factors, self.gram_, acted, confidence, penalty)
        names = [str(self.items.ids[code]) for code in acted.tolist()]
        pull = (1.0 + confidence) * target
        explained: list[dict[str, float]] = [{} for _ in items]
        for place in np.flatnonzero(self._has_factors(items)).tolist():
            reach = als.solve(lower, factors[items[place]].astype(np.float64))
            explained[place] = dict(zip(names, (pull * als.products(factors, acted, reach)).tolist(), strict=True))
        return explained

    def _partial_fit(self, more: Interactions) -> None:
        if not self.known_.any():
            self._fit(self.pasts.interactions(self.items), None)
            return
        net = self.pasts.interactions(self.items).net()
        confidence = self._confidence(net, self.alpha_).tocsc()
        missing = len(self.items) - self.known_.size
        factors = np.vstack((self.item_factors_, np.zeros((missing, self.config.factors), dtype=np.float32)))
        known = np.concatenate((self.known_, np.zeros(missing, dtype=np.bool_)))
        fresh = [code for code in np.unique(more.property).tolist() if not known[code]]
        vectors = {code: self._home_vector(confidence, code) for code in fresh}
        for code, vector in vectors.items():
            if vector is not None:
                factors[code], known[code] = vector, True
        self._hold(factors, known)

    def _home_vector(self, confidence: sp.csc_array[Any], code: int) -> NDArray[np.float32] | None:
        """The vector of a home not met before, from the leads that acted on it; None if none of them has one."""
        rows = slice(confidence.indptr[code], confidence.indptr[code + 1])
        leads, signed = confidence.indices[rows], confidence.data[rows].astype(np.float64)
        pasts = [self.pasts.past(self.pasts.leads.ids[lead]) for lead in leads.tolist()]
        usable = [place for place, past in enumerate(pasts) if past is not None and self._speaks(past)]
        if not usable:
            return None
        vectors = np.array(
            [als.fold_in(self.item_factors_, self.gram_, *self._row(pasts[place])) for place in usable],  # type: ignore[arg-type]
            dtype=np.float32,
        )
        signed = signed[usable]
        target = np.where(signed > 0, 1.0, AGAINST)
        penalty = self.reg_ * float(np.sqrt(len(usable)))
        vector = als.fold_in(vectors, self.lead_gram_, np.arange(len(usable)), np.abs(signed), target, penalty)
        return vector.astype(np.float32)

    def _state(self) -> Arrays:
        return {
            "item_factors": self.item_factors_,
            "gram": self.gram_,
            "lead_gram": self.lead_gram_,
            "known": self.known_,
            "scales": np.array([self.alpha_, self.reg_, self.unit_]),
            "trials": packed_trials(self.trials_),
        }

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.item_factors_, self.gram_ = state["item_factors"], state["gram"]
        self.lead_gram_, self.known_ = state["lead_gram"], state["known"]
        self.alpha_, self.reg_, self.unit_ = state["scales"].tolist()
        self.trials_ = trials_from(state["trials"])
