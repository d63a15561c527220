"""Homes that leads with the same behaviour chose: matrix factorisation."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.core.errors import BadInput
from homing.core.jit import fast_kernel
from homing.models import folding
from homing.models.artifact import packed_text, text_from
from homing.models.base import Arrays, Lead, LearningModel, Scores, under
from homing.models.factor_learning import AGAINST, Described, evidence_of, learned
from homing.models.factor_settings import CollaborativeFilteringConfig, Settings, chosen
from homing.models.factor_updates import updated
from homing.models.fixed_homes import Row, Weighted, fixed_homes
from homing.models.home_priors import Attributes
from homing.models.homes import HomesLike
from homing.models.interactions import Interactions
from homing.models.learned_factors import Learned
from homing.models.nearest import products, summed
from homing.models.pasts import Past
from homing.models.search import Search
from homing.models.tuning import packed_trials, trials_from
from homing.models.validation import CUTOFF, Cut
from homing.models.voices import Voices

__all__ = ["CollaborativeFilteringConfig", "CollaborativeFilteringModel", "prior_of"]

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Codes = NDArray[np.int64]

MOST_LISTED = 1_000
"""Longer lists are sorted whole."""

_ATTRIBUTES = "attributes"

STATED = 5.0
"""As many acts as what a lead has stated counts for."""


class CollaborativeFilteringModel(LearningModel[CollaborativeFilteringConfig]):
    """Leads and homes as vectors whose product says how well they go together.

    The weights of a pair, each halved every `half_life_days`, are added up to w. "ials" minimises, over all pairs of a
    lead u and a home i (Hu, Koren, Volinsky 2008; Agarwal, Chen 2009 for the means),

        sum of c_ui (p_ui - x_u . y_i)^2  +  reg sqrt(n_u) |x_u - s_u|^2  +  reg sqrt(n_i) |y_i - A f_i|^2

    with c = 1 + alpha log2(1 + |w|) / (its mean over positive pairs), so that alpha has the same meaning on every scale
    of weights, p = 1 where w > 0, p = -0.5 where w < 0 (evidence against, bounded), p = 0 with c = 1 for all other
    pairs. "svd" (PureSVD, Cremonesi et al. 2010) and "nmf" (Lee, Seung 1999) decompose the matrix of log2(1 + w), with
    unit weights 0 and 1; a dislike is -0.5 log2(1 + |w|), in the training of nmf 0.

    A score is always the exact solution for the lead's own acts with the homes held fixed, in float64: for a lead
    known from training, for one met a second ago, and for one with one act more. So it is exactly a sum over the
    lead's homes, which `explain` returns by their ids, beside `attributes` and `stated_limits`. `posterior` and `draws`
    say how sure it is.

    Where `homes` are given, A f_i is what a home's attributes say of its factors (see `home_priors`): a home nobody
    acted on has these, at once after `with_homes` too. Where a query says which homes are `within` what the lead has
    stated, s_u is `prior_of` them, fading as the lead acts, so that it has scores before its first act. Otherwise leads
    without acts, and homes nobody acted on, have no score (NaN). `partial_fit` adds acts and leads at once and learns
    anew the homes acted on, given all that leads did; other homes stay until the next `fit`.

    >>> from homing.models import CollaborativeFilteringModel, Interactions
    >>> data = Interactions.from_columns(list("aaabbbcc"), ["h1", "h2", "h3", "h1", "h2", "h4", "h8", "h9"])
    >>> model = CollaborativeFilteringModel(factors=4, tune=False).fit(data)
    >>> model.recommend("a", k=1)[0], sorted(model.explain("a", "h4"))
    (['h4'], ['h1', 'h2', 'h3'])
    """

    Config = CollaborativeFilteringConfig

    # -- learning ----------------------------------------------------------------------------------------------

    def _fit(self, data: Interactions, homes: HomesLike | None) -> None:
        self.attributes_: Attributes | None = None
        described = None
        if homes is not None:
            self.attributes_, columns = Attributes.of(homes)
            described = Described(self._placed(homes, columns), self.attributes_.spread())

        def judge(settings: Settings, cut: Cut, with_homes: bool) -> float:
            options = {**self.options(), **asdict(settings), "iterations": min(self.config.iterations, 10)}
            trial = type(self)(**{**options, "tune": False})
            trial.items, trial.pasts = self.items if with_homes else data.properties, cut.pasts
            trial.settings_ = Settings.of(trial.config)
            trial._learn(len(data.properties), described if with_homes else None)
            return trial._ndcg(cut)

        tells = described is not None and described.columns.nnz > 0
        self.settings_, self.trials_ = chosen(self.config, data, judge, described=tells)
        self._learn(len(data.properties), described)

    def _learn(self, count: int, described: Described | None) -> None:
        """The factors by `settings_`, from what leads did with the first `count` homes."""
        net = self._net(count)
        size = np.log2(1.0 + net.data[net.data > 0])
        self.unit_ = float(size.mean()) if size.size and size.mean() > 0 else 1.0
        entries = evidence_of(net, self.settings_, self.unit_, self.config.method)
        del net, size
        found = learned(self.config, self.settings_, entries, described, len(self.items))
        del entries
        self.liked_ = self.popularity()
        self._hold(found.turned() if self.config.method == "ials" else found)

    @property
    def alpha_(self) -> float:
        """What an average positive entry counts beyond an absent one."""
        return self.settings_.alpha

    @property
    def reg_(self) -> float:
        """The regularisation."""
        return self.settings_.reg

    def _chosen(self) -> dict[str, Any]:
        found = asdict(self.settings_)
        return {name: found[name] for name, value in self.options().items() if value is None and name in found}

    def _partial_fit(self, more: Interactions) -> None:
        if not self.learned_.acted.any():
            self._fit(self.pasts.interactions(self.items), None)
            return
        entries = evidence_of(self._net(len(self.items)), self.settings_, self.unit_, self.config.method)
        touched = np.unique(more.property).astype(np.int64)
        self.liked_ = self.popularity()
        found = updated(self.learned_, self.fixed_, self.settings_, entries, touched)
        self._hold(found.turned() if self.config.method == "ials" else found)

    def _with_homes(self, homes: HomesLike) -> None:
        if self.attributes_ is None or not self.learned_.coefficients.size:
            return
        columns = self._placed(homes, self.attributes_.columns(homes))
        self.attributes_ = self.attributes_.grown(homes)
        draws = self.config.method == "ials" and self.settings_.attributes > 0.0
        least = 0.0 if self.config.method == "nmf" else -np.inf
        self._hold(self.learned_.described(columns, self.items.codes_of(homes.ids), draws=draws, least=least))

    def _placed(self, homes: HomesLike, columns: sp.csr_array[Any, Any]) -> sp.csr_array[Any, Any]:
        """Columns of homes as rows of `items`, zeros for the others."""
        codes = self.items.codes_of(homes.ids)
        ones, shape = np.ones(codes.size, np.float32), (len(self.items), codes.size)
        return sp.csr_array(sp.csr_array((ones, (codes, np.arange(codes.size))), shape=shape) @ columns)

    def _net(self, homes: int) -> sp.csr_array[Any, Any]:
        """Leads x the first so many homes: all weights of each pair, faded to now and summed, float32."""
        pasts = self.pasts
        fading = self._fading(pasts.at, pasts.upto)
        weights = (pasts.weights if isinstance(fading, float) else pasts.weights * fading).astype(np.float32)
        offsets = pasts.offsets.astype(np.int32) if weights.size < 2**31 else pasts.offsets
        rows = sp.csr_array((weights, pasts.items, offsets), shape=(len(pasts.leads), homes))
        if not rows.has_canonical_format:
            rows = rows.copy()
            rows.sum_duplicates()
        return rows

    def _fading(self, at: NDArray[np.int64] | None, as_of: int | None) -> Doubles | float:
        half_life = self.settings_.half_life_days
        if at is None or as_of is None or half_life == float("inf"):
            return 1.0
        return np.exp2(np.minimum(at - as_of, 0) / (half_life * DAY))

    def _hold(self, found: Learned) -> None:
        self.learned_ = found
        self.fixed_ = fixed_homes(self.config.method, found.vectors, found.gram)
        self.has_ = found.acted | found.told
        self._searched: Search | None = None

    @property
    def search_(self) -> Search:
        """The homes by the length of their factors, sorted when first needed."""
        if self._searched is None:
            self._searched = Search.of(self.learned_.vectors, self.has_)
        return self._searched

    # -- asking ------------------------------------------------------------------------------------------------

    def _row(self, past: Past) -> Row:
        """The lead's homes that have factors, what each says, and the lead's regularisation."""
        weighted = self.config.method == "ials"
        faded = past.weights * self._fading(past.at, past.as_of)
        scale = self.settings_.alpha / self.unit_
        items, confidence, pull = folding.said(past.items, faded, self.has_, scale, AGAINST, weighted)
        penalty = self.settings_.reg * math.sqrt(max(items.size, 1)) if weighted else 0.0
        return Row(items, confidence, pull, penalty)

    def _has_factors(self, items: Codes) -> NDArray[np.bool_]:
        has = np.zeros(items.size, dtype=np.bool_)
        met = items < self.has_.size
        has[met] = self.has_[items[met]]
        return has

    def _stated(self, past: Past, row: Row) -> Doubles | None:
        """What stays of the factors that the stated limits let expect, None where nothing is stated."""
        if past.some_within is None:
            return None
        expected = prior_of(self, past.some_within) * (STATED / (STATED + row.items.size))
        return self.fixed_.kept(row, expected) if expected.any() else None

    def _speaks(self, past: Past) -> bool:
        if past.within is None and (past.weights > 0).all():
            return bool(self._has_factors(past.items).any())
        return self._vector(past) is not None

    def _vector(self, past: Past) -> Doubles | None:
        """The lead's factors (d,), None where there is nothing to say."""
        return past.once(self, self._solved)

    def _solved(self, past: Past) -> Doubles | None:
        if past.within is None and isinstance(self.fixed_, Weighted):
            fading = self._fading(past.at, past.as_of)
            faded = past.weights if isinstance(fading, float) else past.weights * fading
            x = self.fixed_.solved(past.items, faded, self.has_, self.settings_.alpha / self.unit_, self.settings_.reg)
            return x if x.size else None
        row = self._row(past)
        stated = self._stated(past, row)
        if row.items.size == 0:
            return stated
        evidence = self.fixed_.evidence(row)
        return evidence if stated is None else evidence + stated

    def _score(self, past: Past, items: Codes) -> Scores:
        x = self._vector(past)
        if x is None:
            return np.full(items.size, np.nan, dtype=np.float32)
        return products(self.fixed_.vectors, self.has_, items, x)

    def _best(self, past: Past, allowed: NDArray[np.bool_], k: int) -> tuple[Codes, Scores] | None:
        if k > MOST_LISTED:
            return super()._best(past, allowed, k)
        x = self._vector(past)
        return None if x is None else self.search_.best(x, allowed, k)

    def _ndcg(self, cut: Cut) -> float:
        """`cut.ndcg`, by way of short lists."""
        discount, gains = 1.0 / np.log2(np.arange(2, CUTOFF + 2)), []
        for lead in cut.leads.tolist():
            past, held = cut.past(lead), cut.held_of(lead)
            allowed = np.ones(len(self.items), dtype=np.bool_)
            allowed[past.items] = False
            best = self._best(past, allowed, CUTOFF)
            found = np.isin([] if best is None else best[0], held)
            gains.append(discount[: found.size][found].sum() / discount[: min(CUTOFF, held.size)].sum())
        return float(np.mean(gains or [0.0]))

    def _explain(self, past: Past, items: Codes) -> list[dict[str, float]]:
        names, amounts = self.voices(past, items)
        explained: list[dict[str, float]] = []
        for known, said in zip(self._has_factors(items).tolist(), amounts.tolist(), strict=True):
            parts = dict(zip(names, said, strict=True)) if known else {}
            if not parts.get(_ATTRIBUTES, 1.0):
                del parts[_ATTRIBUTES]
            explained.append(parts)
        return explained

    def voices(self, past: Past, items: Codes) -> Voices:
        """What each act says, and apart what is said by the homes' attributes and by the lead's stated limits."""
        row = self._row(past)
        stated = self._stated(past, row)
        if row.items.size == 0 and stated is None:
            return Voices((), np.zeros((items.size, 0)))
        names = [str(self.items.ids[code]) for code in row.items.tolist()]
        near = (row.pull[:, None] * self.fixed_.vectors[row.items].astype(np.float64)) @ self.fixed_.reach(row)
        amounts = _said(self.fixed_.vectors, self.learned_.drawn, self.has_, items, near)
        said = Voices(tuple(names), amounts[:, :-1])
        if amounts[:, -1].any():
            said = said.and_of(_ATTRIBUTES, amounts[:, -1])
        if stated is not None:
            said = said.and_of("stated_limits", _products(self.fixed_.vectors, self.has_, items, stated))
        return said

    def posterior(self, lead: Lead) -> tuple[Doubles, Doubles]:
        """The mean (d,) and the covariance (d, d) of the lead's factors, float64, given its acts and the homes.

        The covariance is that of least squares: B times the mean weighted square by which a pair was missed in
        training. The score of a home has the mean y . mean and the variance yT covariance y.
        """
        self._ready("posterior")
        past = self._past(lead)
        row = self._row(past)
        mean = self._vector(past)
        covariance = self.learned_.noise * self.fixed_.reach(row)
        return np.zeros(len(covariance)) if mean is None else mean, covariance

    def draws(self, lead: Lead, n: int, seed: int = 0) -> Doubles:
        """Tastes that the lead may have, float64 (n, d), drawn from its `posterior`."""
        self._ready("draws")
        if not isinstance(n, int | np.integer) or n < 1:
            raise BadInput.of("n", "be at least 1", n)
        mean, covariance = self.posterior(lead)
        values, basis = np.linalg.eigh(covariance)
        noise = np.random.default_rng(seed).standard_normal((int(n), mean.size))
        drawn: Doubles = mean + (noise * np.sqrt(np.maximum(values, 0.0))) @ basis.T
        return drawn

    # -- keeping -----------------------------------------------------------------------------------------------

    def _state(self) -> Arrays:
        attributes = {} if self.attributes_ is None else self.attributes_.arrays()
        return {
            **{f"learned.{name}": array for name, array in self.learned_.arrays().items()},
            **{f"attributes.{name}": array for name, array in attributes.items()},
            "settings": packed_text(json.dumps(asdict(self.settings_))),
            "unit": np.array([self.unit_]),
            "liked": self.liked_,
            "trials": packed_trials(self.trials_),
        }

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.settings_ = Settings(**json.loads(text_from(state["settings"])))
        self.trials_, self.unit_, self.liked_ = trials_from(state["trials"]), float(state["unit"][0]), state["liked"]
        attributes = under("attributes.", state)
        self.attributes_ = Attributes.from_arrays(attributes) if attributes else None
        self._hold(Learned.from_arrays(under("learned.", state)))


def prior_of(model: CollaborativeFilteringModel, homes: Codes) -> Doubles:
    """The factors (d,) of a lead of whom nothing is known but which homes (codes, each once) are what it asks for.

    Their direction is that of the mean factors of these homes, each weighing one more than what leads liked it; their
    length that of an average lead. Zeros where none of the homes has factors.
    """
    found = model.learned_
    known = homes[(homes >= 0) & (homes < model.has_.size)]
    known = known[model.has_[known]]
    weights, met = np.ones(known.size), known < model.liked_.size
    weights[met] += model.liked_[known[met]]
    mean = summed(found.vectors, known, weights)
    length = float(np.linalg.norm(mean))
    towards: Doubles = mean * (found.spread / length if length > 0.0 else 0.0)
    return towards


@fast_kernel
def _said(vectors: Floats, drawn: Floats, has: NDArray[np.bool_], items: Codes, near: Doubles) -> Doubles:
    """What each act says of some homes (n, m + 1), and in the end what all say of what their attributes let expect.

    `near` (m, d) are the acts, `drawn` (homes, d) what is expected of the homes it is about, nothing of later ones.
    """
    acts = len(near)
    out = np.zeros((items.size, acts + 1))
    for j in range(items.size):
        if items[j] >= has.size or not has[items[j]]:
            continue
        for act in range(acts):
            whole, expected = 0.0, 0.0
            for f in range(near.shape[1]):
                whole += near[act, f] * vectors[items[j], f]
            if items[j] < len(drawn):
                for f in range(near.shape[1]):
                    expected += near[act, f] * drawn[items[j], f]
            out[j, act] = whole - expected
            out[j, acts] += expected
    return out


@fast_kernel
def _products(vectors: Floats, has: NDArray[np.bool_], items: Codes, x: Doubles) -> Doubles:
    """The products of `x` (d,) with the factors of some homes (n,), 0 of one that has none."""
    out = np.zeros(items.size)
    for j in range(items.size):
        if items[j] < has.size and has[items[j]]:
            for f in range(x.size):
                out[j] += vectors[items[j], f] * x[f]
    return out
