"""One score from several models, each on the scale on which it was shown to predict, and a probability for it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self, cast

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput
from homing.models.artifact import packed_text, text_from
from homing.models.base import Arrays, Lead, LearningModel, Scores, under
from homing.models.blending import Choice, Searched, Stated, choices, later_rows
from homing.models.calibration import Calibrated, Calibration
from homing.models.candidate_features import Facts, Told, goes_by_family, sure_of, told
from homing.models.choice_taste import ChoiceTaste, Columns, learned_taste
from homing.models.content_based import ContentBasedModel
from homing.models.head import Head
from homing.models.homes import HomesGiven, HomesLike, homes_of
from homing.models.impressions import Impressions
from homing.models.interactions import Id, Interactions
from homing.models.learned_head import Learning, alive_in, blended, is_market, prior_weights, scaled, weighed
from homing.models.learned_ranker import calibrated, learned_ranker, shown_after, told_choices
from homing.models.part_names import BY_HOME, SOURCE_FAMILY
from homing.models.parts import BLENDED, PARTS, SERVED, Parts, part_scores, suited
from homing.models.pasts import Past, Pasts
from homing.models.pulls import Pulls, pulls
from homing.models.query import Codes as ItemCodes
from homing.models.query import Query
from homing.models.ranker import Ranker
from homing.models.stated_homes import searched_homes, stated_homes
from homing.models.taste_pulls import near_pulls, taste_pulls
from homing.models.validation import in_order
from homing.models.voices import ByHome, Voices

__all__ = ["HybridConfig", "HybridRecommendationModel"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HybridConfig:
    """How the blend is learned.

    `parts` names the models to blend, left out: those that suit the data; `seed` draws the samples; `tune=False` keeps
    documented constants, here and in the parts; `validation_share` is the last part of the data on which weights are
    learned; `negatives` homes are drawn against each chosen one; `most_validated` choices, and three times as many
    impressions, are used at most.
    """

    parts: tuple[str, ...] | None = None
    seed: int = 0
    tune: bool = True
    validation_share: float = 0.2
    negatives: int = 100
    most_validated: int = 1_500

    def __post_init__(self) -> None:
        if self.parts is not None:
            object.__setattr__(self, "parts", tuple(self.parts))
            unknown = sorted(set(self.parts) - set(PARTS))
            if unknown or not self.parts:
                raise BadInput.of("models", f"be some of {', '.join(PARTS)}, hybrid", ", ".join(unknown) or "none")
        if not 0.0 < self.validation_share < 1.0:
            raise BadInput.of("validation_share", "lie between 0 and 1", self.validation_share)
        if self.negatives < 1 or self.most_validated < 1:
            raise BadInput.of("negatives and most_validated", "be at least 1", (self.negatives, self.most_validated))


class HybridRecommendationModel(LearningModel[HybridConfig]):
    """A weighted sum of the scores of several models.

        score(home) = sum over parts of w_part * x_part(home) / s_part

    x is the score of a part (of popularity its log(1 + x)), w at least 0. `says` tells which of two ways it learned.

    *On a market*, where it is known when homes were listed and when leads acted: s is the spread of a part over homes
    that were on the market, and the weights make likely what leads chose after a cut in time, against homes on the
    market at that moment, with parts that had learned only from before the cut (a conditional logit). With fewer than
    30 such choices they stay constants. From 30 on a `ranker` takes their place: a score that is a sum over families of
    reasons, of weights, or from 500 on also of trees that keep to one family each, if those do better. It is learned
    from the same choices and from `impressions`, the place in the list accounted for, on what `candidate_features`
    tells: what each source says, and how a home lies to those liked. Impressions also say how probable it is that a
    lead engages with a home within 14 days of being shown it; without them `confidence` is a wide prior.

    *Otherwise* it blends: s is the highest score that the part gives to any home the lead has not acted on, and the
    weights are climbed to where they rank best what was held out of each lead (`blend`). Homes nobody acted on have
    weights of their own, learned on homes made cold on purpose. Parts of weight 0 are dropped.

    In the end the parts learn from everything.

    >>> from homing.models import HybridRecommendationModel, Interactions
    >>> data = Interactions.from_columns(["a", "a", "b", "b", "c"], ["h1", "h2", "h1", "h3", "h2"])
    >>> model = HybridRecommendationModel(tune=False).fit(data)
    >>> model.learned, sorted(model.weights)[:2]
    (False, ['collaborative', 'ease'])
    """

    Config = HybridConfig

    parts_: Parts
    head_: Head
    acted_: NDArray[np.bool_]
    facts_: Facts
    taste_: ChoiceTaste
    ranker_: Ranker | None
    calibration_: Calibration
    seconds: dict[str, float]

    @classmethod
    def untrained(cls, data: Interactions, homes: HomesGiven) -> Self:
        """A stand-in that costs little: content without words, popularity and recency, with constant weights."""
        model = cls(parts=("content", "popularity", "recency"), tune=False)
        columns = homes_of(homes)
        model.items = data.properties if columns is None else data.properties.extended(columns.ids.ids)
        model.pasts = Pasts.of(data)
        model._begin(data, columns, None, words=False)
        return model

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each part on its standardised score."""
        return dict(zip(self.parts_, self.head_.weights.tolist(), strict=True))

    @property
    def learned(self) -> bool:
        """Whether the weights were learned, or are constants because there was too little to learn from."""
        return self.head_.learned

    @property
    def says(self) -> str:
        """How the score came about, in words."""
        return self.head_.says if self.ranker_ is None else self.ranker_.says

    @property
    def choices(self) -> int:
        """From how many choices the weights were learned, or were too few to learn from."""
        return self.head_.choices

    @property
    def calibration(self) -> Calibration:
        """What `confidence` stands on."""
        return self.calibration_

    @property
    def parts(self) -> Mapping[str, LearningModel[Any]]:
        """The models that are blended, by name."""
        return dict(self.parts_)

    def _chosen(self) -> dict[str, Any]:
        return {"parts": list(self.parts_)} if self.config.parts is None else {}

    def card(self) -> dict[str, Any]:
        """The same of every part, with its weight, and how the whole was learned."""
        parts = {name: {"weight": self.weights[name], **part.card()} for name, part in self.parts_.items()}
        return {**super().card(), "says": self.says, "parts": parts}

    def confidence(self, scores: Floats, acts: Floats, again: Floats | None = None) -> Calibrated:
        """The probability of engaging within 14 days of being shown, for scores of a lead with so many acts.

        `again` is 1 for homes that the lead has acted on already, left out: 0 for all.
        """
        return self.calibration_.of(scores, acts, again)

    def part_scores(self, lead: Lead, property_ids: Sequence[Id] | ItemCodes) -> dict[str, Floats]:
        """What each part adds to the scores of homes that the model knows, float64 (n,) by the part's name."""
        self._ready("score")
        codes, _ = self._looked_up(property_ids)
        filled, rates = self._weighed(self._past(lead), codes)
        return {name: (filled * rates)[:, place] for place, name in enumerate(self.parts_)}

    def words(self, lead: Lead, property_id: Id, n: int = 3) -> dict[str, float]:
        """The terms of a home's remarks that speak for it most, as the content part has them."""
        content = self.parts_.get("content")
        return content.words(lead, property_id, n) if isinstance(content, ContentBasedModel) else {}

    def pulls(self, query: Query, homes: ItemCodes) -> Pulls:
        """How much each home acted on holds up the scores of homes, to first order.

        By what the content part makes of it, and, where there is a ranker, by taste and nearness, at its weights.
        """
        part, ranker = self.parts_.get("content"), self.ranker_
        content = part if isinstance(part, ContentBasedModel) else None
        if ranker is None:
            return Pulls.none(len(homes.array)) if content is None else pulls(content, query, homes)
        past, items, names = Past.of(query, self.items), homes.array, self.items.ids
        rates = dict(zip(ranker.names, (ranker.weights / ranker.spreads).tolist(), strict=True))
        found = Pulls.none(len(items))
        if content is not None:
            by_axis = np.array([rates.get(f"content:{axis.family}", 0.0) for axis in content.axes_])
            found = pulls(content, query, homes, by_axis * sure_of(np.unique(past.items).size))
        of_taste = {name.removeprefix("taste:"): rate for name, rate in rates.items() if name.startswith("taste:")}
        for codes, amounts in (
            taste_pulls(self.taste_, past, items, of_taste),
            near_pulls(self.facts_, past, items, rates.get("near_liked", 0.0)),
        ):
            found = found.plus([names[code] for code in codes.tolist()], amounts)
        return found

    # -- hooks -------------------------------------------------------------------------------------------------

    def _fit_shown(self, data: Interactions, homes: HomesLike | None, impressions: Impressions | None) -> None:
        self._begin(data, homes, impressions)

    def _begin(
        self, data: Interactions, homes: HomesLike | None, impressions: Impressions | None, *, words: bool = True
    ) -> None:
        started = time.perf_counter()
        self.seconds, self.parts_ = {}, {}
        self.calibration_, self.ranker_ = Calibration(), None
        self.facts_, self.taste_ = Facts.none(len(self.items)), ChoiceTaste(Columns.none(len(self.items)))
        if homes is not None:
            rows = self.items.codes_of(homes.ids)
            self.facts_ = self.facts_.replaced(len(self.items), rows, homes)
            self.taste_ = self.taste_.with_homes(len(self.items), rows, homes)
        self._learn(Learning(data, homes, self.items, self.config.seed, self.seconds), impressions, words)
        self.seconds["hybrid"] = time.perf_counter() - started

    def _learn(self, learning: Learning, impressions: Impressions | None, words: bool) -> None:
        market = is_market(learning.data, learning.homes)
        wanted = self.config.parts or (SERVED if market else BLENDED)
        names = suited(wanted, learning.data, learning.homes, in_order(learning.data))
        self.acted_ = np.bincount(learning.data.property, minlength=len(self.items)) > 0
        options: dict[str, Any] = {"seed": self.config.seed, "tune": self.config.tune, "remarks": words}
        fresh = {name: PARTS[name].fresh(options) for name in names}
        if market:
            self._learn_on_market(learning, fresh, impressions)
            return
        self.parts_ = learning.fitted(fresh)
        if not self.config.tune:
            self.head_ = Head.constant(prior_weights(names), by_lead=True)
            return
        head = blended(learning, self.parts_)
        kept = (head.weights > 0) | (head.cold > 0)
        self.parts_ = {name: self.parts_[name] for name, stays in zip(names, kept.tolist(), strict=True) if stays}
        self.head_ = head.without(kept)

    def _learn_on_market(self, learning: Learning, fresh: Parts, impressions: Impressions | None) -> None:
        data, homes = learning.data, learning.homes
        median = None if impressions is None or not len(impressions) else int(np.median(impressions.at))
        later = later_rows(self.pasts, self.config.validation_share, median)
        start = int(self.pasts.at[later].min()) if self.pasts.at is not None and later.any() else 0
        early = data if not self.config.tune else data.select(data.known() < start)
        self.parts_ = learning.fitted(fresh, early)
        self.head_ = Head.constant(prior_weights(tuple(fresh)))
        stated, searched = stated_homes(impressions, homes, self.items), searched_homes(impressions, homes, self.items)
        self.taste_ = self._tastes(Pasts.of(early), homes, stated)
        ids = self.pasts.leads.ids
        found = self._choices(later, homes, lambda lead: stated(ids[lead]), lambda lead, at: searched(ids[lead], at))
        self.head_ = scaled(self.head_, self._raw, found)
        if not self.config.tune:
            return
        self.head_ = weighed(self.head_, self._raw, found)
        if self.head_.learned:
            self._rank(found, impressions if later.any() else None, start, stated, searched)
        self.taste_ = self._tastes(self.pasts, homes, stated)
        self.parts_ = learning.fitted({name: model.twin() for name, model in self.parts_.items()})

    def _rank(
        self,
        found: Sequence[Choice],
        impressions: Impressions | None,
        start: int,
        stated: Callable[[Id], Codes | None],
        searched: Callable[[Id, int], Codes | None],
    ) -> None:
        """Learn the ranker from choices on the market and lists shown since, and from the latter how sure it is."""
        most, seed = _SHOWN_A_CHOICE * self.config.most_validated, self.config.seed
        shown = None
        if impressions is not None:
            shown = shown_after(
                impressions, start, self.pasts, self.items, self._told, most, seed, stated=stated, searched=searched
            )
        chosen = told_choices(_cut_short(found, seed), self._told)
        rates = dict(zip(self.parts_, (self.head_.weights / self.head_.spreads).tolist(), strict=True))
        rates |= {"taste": 1.0, "insists": 1.0, "near_liked": 1.0}
        self.ranker_ = learned_ranker(chosen, shown, rates, seed)
        if shown is not None:
            self.calibration_ = calibrated(chosen, shown, rates, seed, like=self.ranker_)

    def _tastes(self, pasts: Pasts, homes: HomesLike | None, stated: Callable[[Id], Codes | None]) -> ChoiceTaste:
        """What leads have in common, as their acts tell."""
        started = time.perf_counter()
        found = learned_taste(self.taste_.columns, pasts, stated, alive_in(self, homes), self.config.seed)
        self.seconds["taste"] = self.seconds.get("taste", 0.0) + time.perf_counter() - started
        return found

    def _told(self, past: Past, items: Codes) -> Told:
        return told(self.parts_, self.facts_, past, items, self.taste_)

    def _features(self, past: Past, items: Codes) -> Floats:
        """What the ranker is told; of homes that a lead was just ranked by it is taken from there, to explain them."""
        key = (self, "features")
        if past.noted is not None and key in past.noted:
            before, known = past.noted[key]
            order = np.argsort(before)
            places = order[np.minimum(np.searchsorted(before, items, sorter=order), before.size - 1)]
            if np.array_equal(before[places], items):
                found: Floats = known[places]
                return found
        features = self._told(past, items).features
        if past.noted is not None and items.size:
            past.noted[key] = items, features
        return features

    def _score(self, past: Past, items: Codes) -> Scores:
        if self.ranker_ is not None:
            total: Floats = self._by_family(self.ranker_, past, items).sum(axis=1)
            return total.astype(np.float32)
        if self.head_.by_lead:
            every = np.arange(len(self.items))
            raw = np.empty((len(self.parts_), every.size))
            for row, name in zip(raw, self.parts_, strict=True):
                row[:] = part_scores(self.parts_, name, past, every)
            return self.head_.mixed(raw, past, self.acted_)[items].astype(np.float32)
        filled, rates = self._weighed(past, items)
        scores: Floats = np.einsum("ij,ij->i", filled, rates)
        return scores.astype(np.float32)

    def _by_family(self, ranker: Ranker, past: Past, items: Codes) -> Floats:
        """The parts of the score by the ranker's families, float64 (n, families).

        Of somebody of whom nothing is known it has next to nothing to say; popularity and freshness are then added,
        with the weights that hold before anything is learned.
        """
        parts = ranker.scores_and_parts(self._features(past, items))[1]
        if past.items.size or past.within is not None:
            return parts
        for place, (name, weight) in enumerate(zip(self.parts_, prior_weights(tuple(self.parts_)), strict=True)):
            if name in _WHOLE:
                said = part_scores(self.parts_, name, past, items)
                away = (said - self.head_.means[place]) / self.head_.spreads[place]
                parts[:, ranker.families.index(SOURCE_FAMILY.get(name, name))] += weight * np.nan_to_num(away)
        return parts

    def _explain(self, past: Past, items: Codes) -> list[dict[str, float]]:
        """Parts named `content:price`, `collaborative:<home id>`, `popularity`, `recency`.

        Those of a ranker are named by family: `similar_homes:<home id>`, `sequence:<home id>`, `price`, `location`, …
        """
        if self.ranker_ is not None:
            return self._explain_ranked(self.ranker_, past, items)
        explained: list[dict[str, float]] = [{} for _ in items]
        filled, rates = self._weighed(past, items)
        for place, name in enumerate(self.parts_):
            rate, standing_in = rates[:, place], (filled[:, place] * rates[:, place]).tolist()
            names, amounts = self._inside(name, past, items)
            said = Voices(names, amounts * rate[:, None]).by_home()
            for parts, found, silent in zip(explained, said, standing_in, strict=True):
                parts.update(found or {name: silent})
        return explained

    def _explain_ranked(self, ranker: Ranker, past: Past, items: Codes) -> list[dict[str, float]]:
        """The part of each family; of those that go by homes it is shared out among the homes that speak for it."""
        parts = self._by_family(ranker, past, items)
        by_home = [family for family in BY_HOME if family in ranker.families]
        alone = [place for place, family in enumerate(ranker.families) if family not in by_home]
        names = [ranker.families[place] for place in alone]
        explained = [dict(zip(names, row, strict=True)) for row in parts[:, alone].tolist()]
        rates = dict(zip(self.parts_, (self.head_.weights / self.head_.spreads).tolist(), strict=True))
        for family in by_home:
            sources = [name for name in self.parts_ if SOURCE_FAMILY.get(name) == family]
            said = ((rates[name] or _QUIET, cast("ByHome", self.parts_[name]).voices(past, items)) for name in sources)
            shared = Voices.together(said, items.size).shared_out(family, parts[:, ranker.families.index(family)])
            for of_home, shares in zip(explained, shared, strict=True):
                of_home.update(shares)
        return explained

    def _inside(self, name: str, past: Past, items: Codes) -> Voices:
        """What a part says of each home by its own names, NaN or 0 where it has nothing to say."""
        part = self.parts_[name]
        if name in _WHOLE:
            return Voices((name,), part_scores(self.parts_, name, past, items).astype(np.float64)[:, None])
        if goes_by_family(part):
            names, amounts = part.by_family(past, items)
        else:
            names, amounts = cast("ByHome", part).voices(past, items)
        return Voices(tuple([f"{name}:{detail}" for detail in names]), amounts)

    def _with_homes(self, homes: HomesLike) -> None:
        self.parts_ = {name: part._over(self.items, homes) for name, part in self.parts_.items()}
        self.acted_ = np.pad(self.acted_, (0, len(self.items) - self.acted_.size))
        rows = self.items.codes_of(homes.ids)
        self.facts_ = self.facts_.replaced(len(self.items), rows, homes)
        self.taste_ = self.taste_.with_homes(len(self.items), rows, homes)

    def _speaks(self, past: Past) -> bool:
        return True

    def _state(self) -> Arrays:
        about = {"parts": {name: part.options() for name, part in self.parts_.items()}}
        state: Arrays = {"about": packed_text(json.dumps(about)), "acted": self.acted_}
        state |= {f"calibration.{key}": array for key, array in self.calibration_.arrays().items()}
        state |= {f"head.{key}": array for key, array in self.head_.arrays().items()}
        state |= {f"facts.{key}": array for key, array in self.facts_.arrays().items()}
        state |= {f"taste.{key}": array for key, array in self.taste_.arrays().items()}
        if self.ranker_ is not None:
            state |= {f"ranker.{key}": array for key, array in self.ranker_.arrays().items()}
        for name, part in self.parts_.items():
            state |= {f"part.{name}.{key}": array for key, array in part.packed().items()}
        return state

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        about = json.loads(text_from(state["about"]))
        self.parts_, self.seconds = {}, {}
        for name, options in about["parts"].items():
            part = self.parts_[name] = PARTS[name].type().unpacked(options, under(f"part.{name}.", state))
            if part.items.ids != self.items.ids:
                raise ValueError(f"the homes of {name} are not those of the whole.")
            part.items = self.items
        self.head_ = Head.from_arrays(under("head.", state))
        self.acted_, self.facts_ = state["acted"], Facts.from_arrays(under("facts.", state))
        self.taste_ = ChoiceTaste.from_arrays(under("taste.", state))
        ranker = under("ranker.", state)
        self.ranker_ = Ranker.from_arrays(ranker) if ranker else None
        nobody = Past(np.zeros(0, dtype=np.int64), np.zeros(0))
        if self.ranker_ is not None and self.ranker_.names != self._told(nobody, nobody.items).names:
            raise ValueError("the ranker was told other things of a home than it would be now.")
        self.calibration_ = Calibration.from_arrays(under("calibration.", state))

    # -- learning ----------------------------------------------------------------------------------------------

    def _choices(
        self, later: NDArray[np.bool_], homes: HomesLike | None, stated: Stated, searched: Searched
    ) -> list[Choice]:
        config = self.config
        return choices(
            self.pasts,
            later,
            len(self.items),
            alive_in(self, homes),
            most=config.most_validated,
            negatives=config.negatives,
            seed=config.seed,
            stated=stated,
            searched=searched,
            away=self.taste_.columns.away,
        )

    # -- scoring -----------------------------------------------------------------------------------------------

    def _weighed(self, past: Past, items: Codes) -> tuple[Floats, Floats]:
        """Of each home the scores of the parts, and by what each is multiplied, both of shape (n, parts)."""
        every = np.arange(len(self.items)) if self.head_.by_lead else items
        raw = self._raw(past, every)
        scales = self.head_.scales(raw, past)
        raw = raw[items] if self.head_.by_lead else raw
        return self.head_.filled(raw), self.head_.rates(raw, scales, self.acted_[items])

    def _raw(self, past: Past, items: Codes) -> Floats:
        scores = np.empty((items.size, len(self.parts_)))
        for place, name in enumerate(self.parts_):
            scores[:, place] = part_scores(self.parts_, name, past, items)
        return scores


def _cut_short(found: Sequence[Choice], seed: int) -> list[Choice]:
    """The same choices, half of them with only the first 0, 1, 2, 4, 8 or 16 acts of the past: what few acts say."""
    rng = np.random.default_rng([seed, 5])
    kept = np.where(rng.random(len(found)) < 0.5, rng.choice(_SHORT, len(found)), _WHOLE_PAST)
    return [replace(one, past=one.past.first(int(acts))) for one, acts in zip(found, kept.tolist(), strict=True)]


_SHORT: Final = (0, 1, 2, 4, 8, 16)
_WHOLE_PAST: Final = 2**31
_WHOLE: Final = ("popularity", "recency")
_SHOWN_A_CHOICE: Final = 10
_QUIET: Final = 1e-6
"""How much a source without a weight says which homes speak for a family, where no other source does."""
