"""Homes like those a lead liked: tastes over the attributes of homes."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput, Fault, shown
from homing.models.artifact import packed_text, text_from
from homing.models.axes import Axis, Encoding, axes_from, axes_text, axis_columns, chosen_axes, encoded
from homing.models.base import Arrays, Lead, LearningModel, Scores
from homing.models.blending import Choice, choices, conditional_logit
from homing.models.evidence import Evidence, evidence_of, traits_of
from homing.models.homes import UNKNOWN_MOMENT, HomesLike
from homing.models.interactions import Id, Interactions
from homing.models.pasts import Past
from homing.models.remarks import NO_LEXICON, WEIGHTINGS, Lexicon, Remarks, Weighting, digest, learned_lexicon
from homing.models.tastes import by_family, gathered, likeness, parts_of, taste_of, totals, word_taste
from homing.models.tuning import Trial, best_of, climbed, packed_trials, trials_from
from homing.models.validation import validation_cut

__all__ = ["ContentBasedConfig", "ContentBasedModel"]

SIMILARITIES = ("learned", "cosine")
PRIOR, HALF_LIFE_DAYS = 5.0, 30.0
WEIGHTING: Weighting = "tfidf"
GRID = {"prior": (2.0, 5.0, 12.0), "half_life_days": (7.0, 30.0, 90.0, 365.0), "bm25": (0.0, 1.0)}
REMARKS_WEIGHT = 0.5
FEWEST_CHOICES = 30
_MOST_CHOICES, _MOST_CHOICES_IN_A_TRIAL = 3_000, 1_000
_MOST_JUDGES = 300
_SCORES_TO_SPEND, _FEWEST_TRIALS, _MOST_TRIALS = 3e7, 4, 9
_NEGATIVES = 30
_PULL = 3.0
_SHARPNESS = 10.0


@dataclass(frozen=True, slots=True)
class ContentBasedConfig:
    """What can be chosen.

    `similarity`: "learned", each attribute with the weight that makes the choices in the data likely, or "cosine".
    `half_life_days`: after so many days an act counts half; otherwise 30. `prior`: how many average acts the market's
    own shares count for in a lead's taste; otherwise 5. `weighting` of the words of public remarks: "tfidf" or "bm25";
    otherwise "tfidf". `dislike`: how much the homes passed on count against those liked, 0.5. `remarks`: whether words
    are learned from at all. `seed`: of the homes drawn for comparison and the validation cut. `tune`: choose
    half-life, prior and weighting, where left None, on a validation cut, and learn the weights of attributes; with too
    little data for it the constants hold.
    """

    similarity: str = "learned"
    half_life_days: float | None = None
    prior: float | None = None
    weighting: Weighting | None = None
    dislike: float = 0.5
    remarks: bool = True
    seed: int = 0
    tune: bool = True

    def __post_init__(self) -> None:
        faults = [
            Fault(name, "be a positive number, or None", shown(value))
            for name, value in (("half_life_days", self.half_life_days), ("prior", self.prior))
            if value is not None and not 0 < value < float("inf")
        ]
        if self.similarity not in SIMILARITIES:
            faults.append(Fault("similarity", f"be one of {list(SIMILARITIES)}", shown(self.similarity)))
        if self.weighting not in (None, *WEIGHTINGS):
            faults.append(Fault("weighting", f"be one of {list(WEIGHTINGS)}, or None", shown(self.weighting)))
        if not 0 <= self.dislike <= 10:
            faults.append(Fault("dislike", "lie between 0 and 10", shown(self.dislike)))
        if faults:
            raise BadInput(faults)


class _Taste(NamedTuple):
    """What a lead wants: the taste for every bin and every term, and what a home of the market has of the latter."""

    bins: NDArray[np.float64]
    terms: NDArray[np.float64]
    usual: float


class ContentBasedModel(LearningModel[ContentBasedConfig]):
    """How well a home's attributes fit what the lead's acts say it wants.

        score(home) = sum over attributes a of beta_a * sum over bins b of part_b(home) * taste_b
        taste_b = log(lead's share of b / market's share of b) - dislike * (the same of homes passed on, where positive)

    The bins of a number are soft (see `axes`), places are soft cells of 2.5 and 10 km, and where there are no
    coordinates the postal code or city stands for the place. A lead's share is that of the homes it acted on, each with
    log2(1 + its weights, added up and faded by `half_life_days`), lent in part to the bins beside, and shrunk to the
    market by `prior`. Of the price, that at the time of the act counts. Where the acts show that the taste has changed
    (see `taste_shift`), those before that together count as one. A taste has mean 0 over the market, so a home
    with an unknown attribute counts as average there; a home with no known attribute has no score (NaN). `beta_a` >= 0
    is learned from the choices in the data: the home a lead turned to next against homes drawn from the market, given
    what it had done before.

    Public remarks are one more attribute: words and pairs of words, weighted by rarity, each home a row of length 1
    (see `remarks`). Its taste is the sum of the rows of the homes liked less `dislike` times those passed on, and a
    home's part is 10 M / (M + prior) times the cosine with it, less the market's mean; M is the size of all evidence.
    Sentences that the text guard refuses are never read.

    With `similarity="cosine"` the score is the cosine of the taste and the home as vectors over all bins and terms,
    each attribute stretched by the square root of the constant weight it has before anything is learned.

    `explain` returns one part a family of attributes, such as price, location or beds; `words` the terms that carried
    the part `remarks`. Homes given to `with_homes` count at once. No field about persons, agents or offices is used.
    Without homes the model is silent.

    >>> from homing.models import ContentBasedModel, Interactions
    >>> homes = [{"ListingKey": f"h{n}", "ListPrice": 100_000 * n, "BedroomsTotal": n} for n in range(1, 10)]
    >>> model = ContentBasedModel().fit(Interactions.from_columns(["a", "a"], ["h2", "h3"]), homes=homes)
    >>> model.recommend("a", k=2)[0], sorted(model.explain("a", "h4"))
    (['h4', 'h1'], ['beds', 'price'])
    """

    Config = ContentBasedConfig

    @final
    def words(self, lead: Lead, property_id: Id, n: int = 3) -> dict[str, float]:
        """The terms of a home's remarks that speak for it most, at most n, and what each adds to the part `remarks`.

        A term made of words that are in the answer already is left out. Empty where no word speaks for the home.
        """
        self._ready("words")
        code, past = self.items.code(property_id), self._past(lead)
        if code < 0 or not self._speaks(past):
            return {}
        taste = self._taste(past)
        terms, parts = self.remarks_.row(code)
        usual = self.market_terms_[terms] if self.config.similarity == "learned" else 0.0
        value = taste.terms[terms] * (parts - usual) * self.beta_[-1] / self._lengths(taste, np.array([code]))[0]
        chosen: dict[str, float] = {}
        for place in np.lexsort((terms, -value)).tolist():
            term = self.lexicon_.terms.ids[terms[place]]
            if len(chosen) == n or value[place] <= 0:
                break
            if not set(term.split()) & {word for one in chosen for word in one.split()}:
                chosen[term] = float(value[place])
        return chosen

    # -- hooks -------------------------------------------------------------------------------------------------

    def _fit(self, data: Interactions, homes: HomesLike | None) -> None:
        config = self.config
        self.axes_: tuple[Axis, ...] = ()
        self.values_ = np.zeros((len(self.items), 0))
        self.listed_ = np.full(len(self.items), UNKNOWN_MOMENT, dtype=np.int64)
        self.prior_, self.half_life_days_ = config.prior or PRIOR, config.half_life_days or HALF_LIFE_DAYS
        self.weighting_: Weighting = config.weighting or WEIGHTING
        self.beta_ = np.zeros(0)
        self.trials_: tuple[Trial, ...] = ()
        self.lexicon_, self.digests_ = NO_LEXICON, np.zeros(len(self.items), dtype=np.uint64)
        self._heard: tuple[str | None, ...] = ()
        self._encode(encoded((), self.values_), Remarks.none(len(self.items)))
        if homes is None:
            return
        self._with_homes(homes)
        if config.tune:
            self._choose(data)
            self._learn(self._choices(_MOST_CHOICES))

    def _with_homes(self, homes: HomesLike) -> None:
        first = not self.axes_ and not len(self.lexicon_)
        axes, given = axis_columns(chosen_axes(homes) if first else self.axes_, homes)
        before = np.full((len(self.items), given.shape[1]), np.nan)
        listed = np.full(len(self.items), UNKNOWN_MOMENT, dtype=np.int64)
        if not first:
            before[: self.values_.shape[0]] = self.values_
        listed[: self.listed_.size] = self.listed_
        rows, values = self.items.codes_of(homes.ids), before.copy()
        values[rows], listed[rows] = given, homes.listed_at
        if first or axes != self.axes_:
            encoding = encoded(axes, values)
        else:
            changed = (values.view(np.int64) != before.view(np.int64)).any(axis=1)
            encoding = self.encoding_.rewritten(axes, values, np.flatnonzero(changed))
        self.axes_, self.values_, self.listed_ = axes, values, listed
        if first and self.config.remarks:
            self.lexicon_ = learned_lexicon(homes.remarks)
        self._encode(encoding, self._told(rows, homes.remarks or ("",) * rows.size))
        if first:
            self.beta_ = self._weights()

    def _told(self, rows: NDArray[np.int64], texts: Sequence[str]) -> Remarks:
        """The remarks of all homes, those whose text differs from the one known encoded anew."""
        if not len(self.lexicon_):
            return Remarks.none(len(self.items))
        heard = [*self._heard, *(None,) * (len(self.items) - len(self._heard))]
        digests = np.zeros(len(self.items), dtype=np.uint64)
        digests[: self.digests_.size] = self.digests_
        changed: dict[int, str] = {}
        for row, text in zip(rows.tolist(), texts, strict=True):
            if heard[row] is text:
                continue
            heard[row], told = text, digest(text)
            if told != digests[row]:
                changed[row], digests[row] = text, told
        self._heard, self.digests_ = tuple(heard), digests
        if not changed and len(self.remarks_) == len(self.items):
            return self.remarks_
        fresh = self.lexicon_.encoded(changed.values(), self.weighting_)
        return self.remarks_.rewritten(len(self.items), list(changed), fresh)

    def _encode(self, encoding: Encoding, remarks: Remarks) -> None:
        """Take over homes as encoded, and what follows from them."""
        self.encoding_, self.remarks_ = encoding, remarks
        self.market_terms_ = remarks.mean(len(self.lexicon_))
        self._traits = traits_of(self.axes_, self.values_)
        squares = parts_of(
            encoding.bins, encoding.parts**2, np.arange(len(remarks)), encoding.axis, np.ones(encoding.shares.size),
            len(self.axes_),
        )  # fmt: skip
        if len(self.lexicon_):
            squares = np.column_stack((squares, remarks.known))
        self._home_lengths = np.sqrt(squares @ self._weights())

    def _weights(self) -> NDArray[np.float64]:
        """What each attribute counts as long as nothing was learned, float64 (attributes,); the words come last."""
        return np.array([axis.weight for axis in self.axes_] + [REMARKS_WEIGHT] * (len(self.lexicon_) > 0))

    # -- learning ----------------------------------------------------------------------------------------------

    def _choose(self, data: Interactions) -> None:
        """Choose what was left open by NDCG at 10 on a validation cut."""
        free = {name: GRID[name] for name in ("prior", "half_life_days") if getattr(self.config, name) is None}
        if not data.timed:
            free.pop("half_life_days", None)
        if self.config.weighting is None and len(self.lexicon_):
            free["bm25"] = GRID["bm25"]
        cut = validation_cut(data, self.config.seed, most=_MOST_JUDGES)
        if not free or not cut.is_enough:
            return
        trial = copy.copy(self)
        trial.pasts = cut.pasts
        found, encodings = trial._choices(_MOST_CHOICES_IN_A_TRIAL), {self.weighting_: self.remarks_}
        heard = [text or "" for text in self._heard]
        told: dict[float, list[Evidence]] = {}

        def use(model: ContentBasedModel, settings: Mapping[str, float]) -> None:
            model.prior_ = settings.get("prior", model.prior_)
            model.half_life_days_ = settings.get("half_life_days", model.half_life_days_)
            model.weighting_ = WEIGHTINGS[int(settings.get("bm25", WEIGHTINGS.index(model.weighting_)))]
            if model.weighting_ not in encodings:
                encodings[model.weighting_] = self.lexicon_.encoded(heard, model.weighting_)
            model._encode(self.encoding_, encodings[model.weighting_])

        def judge(settings: dict[str, float]) -> float:
            use(trial, settings)
            half_life = trial.half_life_days_
            if half_life not in told:
                told[half_life] = [trial._evidence(choice.past) for choice in found]
            trial._learn(found, told[half_life])
            return cut.ndcg(trial)

        start = {"prior": self.prior_, "half_life_days": self.half_life_days_, "bm25": 0.0}
        affordable = _SCORES_TO_SPEND / max(1, cut.leads.size * len(data.properties))
        most = int(np.clip(affordable, _FEWEST_TRIALS, _MOST_TRIALS))
        self.trials_ = climbed(free, {name: start[name] for name in free}, judge, most=most, what="tastes")
        use(self, best_of(self.trials_).settings)

    def _learn(self, found: Sequence[Choice], told: Sequence[Evidence] | None = None) -> None:
        """The weights that make the choices in the data likely; constants where there are too few.

        `told` is the evidence of the past of each, where that is known already.
        """
        self.beta_ = self._weights()
        if self.config.similarity == "cosine" or len(found) < FEWEST_CHOICES:
            return
        strengths = np.array([choice.strength for choice in found])
        told = [self._evidence(choice.past) for choice in found] if told is None else told
        tastes = (self._taste_of(evidence) for evidence in told)
        features = np.stack([self._columns(taste, choice.homes) for taste, choice in zip(tastes, found, strict=True)])
        self.beta_ = conditional_logit(features, strengths, self.beta_, _PULL)

    def _chosen(self) -> dict[str, Any]:
        return {**super()._chosen(), "tune": self.config.tune}

    def _choices(self, most: int) -> list[Choice]:
        with_a_past = np.ones(self.pasts.items.size, dtype=np.bool_)
        with_a_past[self.pasts.offsets[:-1][np.diff(self.pasts.offsets) > 0]] = False
        known = self._known

        def alive(codes: NDArray[np.int64], at: int) -> NDArray[np.bool_]:
            return known[codes] if self.pasts.at is None else known[codes] & (self.listed_[codes] <= at)

        found = choices(
            self.pasts, with_a_past, len(self.items), alive, most=most, negatives=_NEGATIVES, seed=self.config.seed
        )
        return [choice for choice in found if choice.past.items.size]

    @property
    def _known(self) -> NDArray[np.bool_]:
        """Of which homes anything is known, bool (homes,)."""
        return np.asarray((self.encoding_.bins >= 0).any(axis=1) | self.remarks_.known, dtype=np.bool_)

    # -- scoring -----------------------------------------------------------------------------------------------

    def _evidence(self, past: Past) -> Evidence:
        return past.once((self, "evidence"), lambda past: evidence_of(past, self.half_life_days_, self._traits))

    def _taste(self, past: Past) -> _Taste:
        return past.once(self, lambda past: self._taste_of(self._evidence(past)))

    def _taste_of(self, evidence: Evidence) -> _Taste:
        encoding, remarks, config = self.encoding_, self.remarks_, self.config
        items, mass, price, _ = evidence
        bins, parts = encoding.bins[items], encoding.parts[items]
        if price is not None and self._price_axis >= 0:
            then = encoding.repriced(self.axes_[self._price_axis], self._price_axis, price, items)
            bins, parts = then.bins, then.parts
        amounts = gathered(bins, parts, mass, encoding.shares.size)
        wanted = taste_of(amounts, encoding.starts, encoding.ordered, encoding.shares, self.prior_, config.dislike)
        if not len(self.lexicon_):
            return _Taste(wanted, np.zeros(0), 0.0)
        terms = word_taste(
            remarks.offsets, remarks.terms, remarks.parts, items, mass, config.dislike, len(self.lexicon_)
        )
        size = float(np.abs(mass).sum())
        terms *= _SHARPNESS * size / (size + self.prior_)
        usual = float(terms @ self.market_terms_) if config.similarity == "learned" else 0.0
        return _Taste(wanted, terms, usual)

    @property
    def _price_axis(self) -> int:
        return next((number for number, axis in enumerate(self.axes_) if axis.name == "price"), -1)

    def _speaks(self, past: Past) -> bool:
        bins, offsets = self.encoding_.bins[past.items], self.remarks_.offsets
        return bool((bins >= 0).any() or (offsets[past.items + 1] > offsets[past.items]).any())

    def _score(self, past: Past, items: NDArray[np.int64]) -> Scores:
        if not self._speaks(past):
            return np.full(items.size, np.nan, dtype=np.float32)
        encoding, taste = self.encoding_, self._taste(past)
        scores = totals(encoding.bins, encoding.parts, items, self._weighted(taste))
        if len(self.lexicon_):
            said = self._words_of(items, taste.terms * self.beta_[-1]) - taste.usual * self.beta_[-1]
            silent = np.isnan(scores) & np.isnan(said)
            scores = np.where(silent, np.nan, np.nan_to_num(scores) + np.nan_to_num(said))
        return (scores / self._lengths(taste, items)).astype(np.float32)

    def _words_of(self, items: NDArray[np.int64], taste: NDArray[np.float64]) -> NDArray[np.float64]:
        remarks = self.remarks_
        return likeness(remarks.offsets, remarks.terms, remarks.parts, items, taste)

    def _columns(self, taste: _Taste, items: NDArray[np.int64]) -> NDArray[np.float64]:
        """The taste for homes by attribute, float64 (n, attributes)."""
        encoding = self.encoding_
        columns = parts_of(encoding.bins, encoding.parts, items, encoding.axis, taste.bins, len(self.axes_))
        if not len(self.lexicon_):
            return columns
        return np.column_stack((columns, np.nan_to_num(self._words_of(items, taste.terms) - taste.usual)))

    def _lengths(self, taste: _Taste, items: NDArray[np.int64]) -> NDArray[np.float64]:
        """What scores are divided by, float64 (n,): 1, or for the cosine the lengths of taste and home."""
        if self.config.similarity == "learned":
            return np.ones(items.size)
        axis = np.repeat(np.arange(len(self.axes_)), np.diff(self.encoding_.starts))
        squares = np.bincount(axis, weights=taste.bins**2, minlength=len(self.axes_))
        own = np.append(squares, [taste.terms @ taste.terms] * (len(self.lexicon_) > 0))
        lengths = np.sqrt(own @ self.beta_) * self._home_lengths[items]
        return np.where(lengths > 0.0, lengths, 1.0)

    def by_family(self, past: Past, items: NDArray[np.int64]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """The families of attributes, and the part of each in the scores, float64 (n, families), NaN where unknown."""
        encoding, words = self.encoding_, len(self.lexicon_) > 0
        of_axis = [axis.family for axis in self.axes_]
        families = tuple(dict.fromkeys(of_axis + ["remarks"] * words))
        if not self._speaks(past):
            return families, np.full((items.size, len(families)), np.nan)
        taste, owner = self._taste(past), np.array([families.index(name) for name in of_axis], dtype=np.int64)
        parts = by_family(
            encoding.bins, encoding.parts, items, encoding.axis, self._weighted(taste), owner, len(families)
        )
        if words:
            parts[:, -1] = self.beta_[-1] * (self._words_of(items, taste.terms) - taste.usual)
        return families, parts / self._lengths(taste, items)[:, None]

    def _weighted(self, taste: _Taste) -> NDArray[np.float64]:
        """The taste for every bin times the weight of its attribute, float64 (bins,)."""
        return taste.bins * np.repeat(self.beta_[: len(self.axes_)], np.diff(self.encoding_.starts))

    def _explain(self, past: Past, items: NDArray[np.int64]) -> list[dict[str, float]]:
        families, parts = self.by_family(past, items)
        return [
            {family: value for family, value in zip(families, row, strict=True) if not math.isnan(value)}
            for row in parts.tolist()
        ]

    def _state(self) -> Arrays:
        remarks = self.remarks_
        return {
            "axes": packed_text(axes_text(self.axes_)),
            "values": self.values_,
            "listed": self.listed_,
            "beta": self.beta_,
            "settings": np.array([self.prior_, self.half_life_days_, float(WEIGHTINGS.index(self.weighting_))]),
            "trials": packed_trials(self.trials_),
            "offsets": remarks.offsets,
            "terms": remarks.terms,
            "parts": remarks.parts,
            "digests": self.digests_,
            **{f"lexicon.{name}": array for name, array in self.lexicon_.arrays().items()},
        }

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.axes_ = axes_from(text_from(state["axes"]))
        self.values_, self.listed_, self.beta_ = state["values"], state["listed"], state["beta"]
        self.prior_, self.half_life_days_, weighting = state["settings"].tolist()
        self.weighting_, self.trials_ = WEIGHTINGS[int(weighting)], trials_from(state["trials"])
        self.lexicon_ = Lexicon.from_arrays(
            {name.removeprefix("lexicon."): array for name, array in state.items() if name.startswith("lexicon.")}
        )
        self.digests_, self._heard = state["digests"], ()
        remarks = Remarks(state["offsets"], state["terms"], state["parts"])
        self._encode(encoded(self.axes_, self.values_), remarks)
