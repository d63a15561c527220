"""Each lead's taste as a probability distribution that every act moves at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput, Fault, shown
from homing.models import bayes
from homing.models.artifact import packed_text, text_from
from homing.models.axes import chosen_axes
from homing.models.base import Arrays, Lead, LearningModel, Scores
from homing.models.home_vectors import Basis, basis_from, basis_of, basis_text
from homing.models.homes import HomesLike
from homing.models.interactions import LARGEST_WEIGHT, Id, Interactions
from homing.models.lead_taste import Prior, Taste, acted, folded
from homing.models.pasts import Past
from homing.models.population import default_population
from homing.models.query import Codes
from homing.models.taste_prior import Aims, learned_prior
from homing.models.tuning import Trial, best_of, climbed, packed_trials, trials_from
from homing.models.validation import validation_cut

__all__ = ["OnlineLearningConfig", "OnlineLearningModel"]

NOISE = 0.1
ABSENT = 300.0
GRID = {"noise": (0.025, 0.1, 0.4, 1.6), "absent": (30.0, 100.0, 300.0, 1_000.0, 3_000.0)}
FEWEST_TRIALS, MOST_TRIALS = 4, 9
WORTH_IT = 1.05


@dataclass(frozen=True, slots=True)
class OnlineLearningConfig:
    """What can be chosen.

    `noise`: the variance of what one average act says of the utility of its home. `absent`: for how many average acts
    the homes of the market count that a lead did not act on, none for more than a tenth of one. Left None they are
    chosen on a validation cut with `tune`, if that gains a twentieth; otherwise, or with too little data for one, they
    are 0.1 and 300.
    `population`: learn the prior from all leads; if not, tastes begin as the attributes are weighted. `false_alarms`:
    the share of leads with 100 acts who may be taken to have changed though they have not, 0.02; with 0 no change is
    ever found. `seed`: of the leads, homes and cut drawn.
    """

    noise: float | None = None
    absent: float | None = None
    population: bool = True
    false_alarms: float = 0.02
    seed: int = 0
    tune: bool = True

    def __post_init__(self) -> None:
        faults = [
            Fault(name, "be a positive number, or None", shown(value))
            for name, value in (("noise", self.noise), ("absent", self.absent))
            if value is not None and not 0 < value < float("inf")
        ]
        if not 0 <= self.false_alarms <= 0.5:
            faults.append(Fault("false_alarms", "lie between 0 and 0.5", shown(self.false_alarms)))
        if faults:
            raise BadInput(faults)


class OnlineLearningModel(LearningModel[OnlineLearningConfig]):
    """What a lead wants, as weights of attributes of homes, with how certain that is; every act counts at once.

        score(home) = w . x(home),  w ~ N(mean, covariance) given the lead's acts

    x are at most 80 attributes (see `home_vectors`): price, place and the like in soft bins. The homes a lead acted on
    have utility 1, those it acted against -0.5, each with precision log2(1 + |its weights added up|) / (its mean over
    positive acts) / noise; the market as a whole has utility 0 with the precision of `absent` acts. So acts on an
    average home say little, acts on a rare kind much. All is closed form: one act is one update of rank 1, exact in any
    order, some microseconds long.

    Where a taste begins is learned from all leads (empirical Bayes, see `population`): which attributes go together and
    how strongly leads differ, so the first act already says something about attributes beyond its own home's. Nothing
    fades by itself. A lead has changed when a taste learned from its last acts alone foresees new ones so much better
    that only `false_alarms` of steady leads would reach it by chance (see `change_alarm`); older acts no longer count.

    `taste`, `updated`, `draws` and `uncertainty` are for those who serve leads live or explore. `explain` returns a
    part a family of attributes. Homes of which nothing is known, and leads without acts on others, have no score (NaN).
    `partial_fit` takes in acts and leads exactly; the prior stays until the next `fit`. Without homes it is silent.

    >>> from homing.models import Interactions, OnlineLearningModel
    >>> homes = [{"ListingKey": f"h{n}", "ListPrice": 100_000 * n, "BedroomsTotal": n} for n in range(1, 10)]
    >>> model = OnlineLearningModel().fit(Interactions.from_columns(["a", "a"], ["h2", "h3"]), homes=homes)
    >>> model.recommend("a", k=2)[0], sorted(model.explain("a", "h4"))
    (['h1', 'h4'], ['beds', 'price'])
    >>> after = model.updated(model.taste("a"), "h8", 20.0)
    >>> bool(model.score_by(after, ["h9"])[0] > model.score("a", ["h9"])[0])
    True
    """

    Config = OnlineLearningConfig

    def _fit(self, data: Interactions, homes: HomesLike | None) -> None:
        self.noise_, self.absent_ = self.config.noise or NOISE, self.config.absent or ABSENT
        self.trials_: tuple[Trial, ...] = ()
        self._hold(Basis(), *_empty(len(self.items)))
        if homes is not None:
            self._place(homes)
            self._choose(data)
        self._learn()

    def _choose(self, data: Interactions) -> None:
        """Choose noise and absent, where left open, on a validation cut; the homes have their vectors already."""
        config = self.config
        free = {name: GRID[name] for name in GRID if getattr(config, name) is None}
        if not config.tune or not free:
            return
        cut = validation_cut(data, config.seed)
        if not cut.is_enough:
            return
        start = {"noise": self.noise_, "absent": self.absent_}
        most = int(np.clip(MOST_TRIALS * 3e5 / max(len(data), 1), FEWEST_TRIALS, MOST_TRIALS))

        def judge(settings: dict[str, float]) -> float:
            trial = type(self)(**{**self.options(), "false_alarms": 0.0})
            trial.items, trial.pasts, tried = self.items, cut.pasts, {**start, **settings}
            trial.noise_, trial.absent_ = tried["noise"], tried["absent"]
            trial._hold(self.basis_, self.vectors_, self.known_)
            trial._learn()
            return cut.ndcg(trial)

        self.trials_ = climbed(free, {name: start[name] for name in free}, judge, most=most, what="noise")
        best = best_of(self.trials_)
        if best.ndcg > WORTH_IT * self.trials_[0].ndcg:
            chosen = {**start, **best.settings}
            self.noise_, self.absent_ = chosen["noise"], chosen["absent"]

    def _with_homes(self, homes: HomesLike) -> None:
        first = not self.basis_.axes
        self._place(homes)
        if first:
            self._learn()

    def _place(self, homes: HomesLike) -> None:
        """Give homes their vectors; those of other homes stay."""
        first = not self.basis_.axes
        basis = basis_of(chosen_axes(homes), homes, self.config.seed) if first else self.basis_
        given, told = basis.vectors(homes)
        vectors, known = self._padded(given.shape[1])
        rows = self.items.codes_of(homes.ids)
        vectors[rows], known[rows] = given, told
        self._hold(basis, vectors, known)

    def _padded(self, width: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        vectors, known = _empty(len(self.items), width)
        if self.basis_.axes:
            vectors[: len(self.vectors_)], known[: self.known_.size] = self.vectors_, self.known_
        return vectors, known

    def _hold(self, basis: Basis, vectors: NDArray[np.float32], known: NDArray[np.bool_]) -> None:
        self.basis_, self.vectors_, self.known_ = basis, vectors, known
        families = basis.families
        self._families = tuple(dict.fromkeys(families))
        self._owner = np.array([self._families.index(family) for family in families], dtype=np.int64)

    def _learn(self) -> None:
        aims = Aims(self.noise_, self.absent_, self.config.population, self.config.false_alarms, self.config.seed)
        self.prior_ = learned_prior(
            self.vectors_, self.known_, default_population(self.basis_.weights, self.basis_.likeness), self.pasts, aims
        )

    def _partial_fit(self, more: Interactions) -> None:
        self._hold(self.basis_, *self._padded(self.vectors_.shape[1]))

    # -- tastes ------------------------------------------------------------------------------------------------

    def taste(self, lead: Lead) -> Taste:
        """What is known of a lead's taste: of one from training, of a live history, or of a stranger (the prior)."""
        self._ready("taste")
        return self._taste(self._past(lead))

    def updated(self, taste: Taste, home: Id, weight: float) -> Taste:
        """The taste after one act more, which must be later than those in it; as `taste` of all acts together.

        A home of which the model knows nothing changes nothing.
        """
        self._ready("updated")
        if not abs(weight) <= LARGEST_WEIGHT:
            raise BadInput.of("weight", "be a finite number up to 1e9 in size", weight)
        code = self.items.code(home)
        if not 0 <= code < self.known_.size or not self.known_[code]:
            return taste
        return acted(self.prior_, taste, code, self.vectors_[code], float(weight))

    def draws(self, lead: Lead | Taste, n: int, seed: int) -> NDArray[np.float64]:
        """Weights of the attributes as they might be, given what is known, float64 (n, d), for `score_by`."""
        self._ready("draws")
        if n < 1:
            raise BadInput.of("n", "be at least 1", n)
        return (lead if isinstance(lead, Taste) else self.taste(lead)).draws(n, seed)

    def uncertainty(self, lead: Lead | Taste, property_ids: Sequence[Id] | Codes) -> Scores:
        """The standard deviation of the scores of homes, float32 (n,); NaN for a home of which nothing is known."""
        self._ready("uncertainty")
        taste = lead if isinstance(lead, Taste) else self.taste(lead)
        codes, _ = self._looked_up(property_ids)
        found, has = np.full(codes.size, np.nan, dtype=np.float32), self._has(codes)
        found[has] = taste.spread(self.vectors_[codes[has]])
        return found

    def score_by(self, weights: Taste | NDArray[np.float64], property_ids: Sequence[Id] | Codes) -> Scores:
        """The scores of homes by a taste, or by one drawn (d,), float32 (n,); NaN where nothing is known of a home.

        By several drawn (m, d) at once they are (m, n).
        """
        self._ready("score_by")
        mean = weights.mean if isinstance(weights, Taste) else weights
        if mean.ndim not in (1, 2) or mean.shape[-1:] != self.prior_.mean.shape:
            raise BadInput.of(
                "weights", f"be one number for each of the {self.prior_.mean.size} attributes", mean.shape
            )
        found = self._heights(self._looked_up(property_ids)[0], np.atleast_2d(mean))
        return found if mean.ndim > 1 else found[0]

    def _heights(self, items: NDArray[np.int64], means: NDArray[np.float64]) -> Scores:
        return bayes.heights(self.vectors_, self.known_, items, means.astype(np.float32))

    def _taste(self, past: Past) -> Taste:
        return past.once(self, self._folded)

    def _folded(self, past: Past) -> Taste:
        kept = self._has(past.items)
        return folded(self.prior_, self.vectors_, past.items[kept], past.weights[kept])

    # -- hooks -------------------------------------------------------------------------------------------------

    def _has(self, items: NDArray[np.int64]) -> NDArray[np.bool_]:
        has = (items >= 0) & (items < self.known_.size)
        has[has] = self.known_[items[has]]
        return has

    def _speaks(self, past: Past) -> bool:
        return bool(self._has(past.items).any())

    def _score(self, past: Past, items: NDArray[np.int64]) -> Scores:
        if not self._speaks(past):
            return np.full(items.size, np.nan, dtype=np.float32)
        scores: Scores = self._heights(items, self._taste(past).mean[None])[0]
        return scores

    def by_family(self, past: Past, items: NDArray[np.int64]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """The families of attributes, and the part of each in the scores, float64 (n, families), NaN where unknown."""
        names = self._families
        parts = np.full((items.size, len(names)), np.nan)
        if not self._speaks(past):
            return names, parts
        has = self._has(items)
        parts[has] = bayes.parts_of(self.vectors_, items[has], self._taste(past).mean, self._owner, len(names))
        return names, parts

    def _explain(self, past: Past, items: NDArray[np.int64]) -> list[dict[str, float]]:
        families, parts = self.by_family(past, items)
        return [
            {name: part for name, part in zip(families, row, strict=True) if not math.isnan(part)}
            for row in parts.tolist()
        ]

    def _state(self) -> Arrays:
        return {
            "basis": packed_text(basis_text(self.basis_)),
            "vectors": self.vectors_,
            "known": self.known_,
            "prior_mean": self.prior_.mean,
            "prior_covariance": self.prior_.covariance,
            "market": self.prior_.market,
            "rules": self.prior_.rules,
            "chosen": np.array([self.noise_, self.absent_]),
            "trials": packed_trials(self.trials_),
        }

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._hold(basis_from(text_from(state["basis"])), state["vectors"], state["known"])
        self.prior_ = Prior(state["prior_mean"], state["prior_covariance"], state["market"], state["rules"])
        self.noise_, self.absent_ = state["chosen"].tolist()
        self.trials_ = trials_from(state["trials"])


def _empty(homes: int, width: int = 0) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    return np.zeros((homes, width), dtype=np.float32), np.zeros(homes, dtype=np.bool_)
