"""One score from several models, each on the scale on which it was shown to predict, and a probability for it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput
from homing.market.snapshot import MarketSnapshot
from homing.models.artifact import packed_text, text_from
from homing.models.base import Arrays, Lead, LearningModel, Scores
from homing.models.blending import Alive, Choice, choices, conditional_logit, later_rows, past_before
from homing.models.calibration import Calibrated, Calibration, fit_calibration
from homing.models.collaborative_filtering import CollaborativeFilteringModel
from homing.models.content_based import ContentBasedModel
from homing.models.homes import HomesGiven, HomesLike, homes_of
from homing.models.impressions import Impressions
from homing.models.interactions import Id, Interactions
from homing.models.pasts import Past, Pasts
from homing.models.popularity import PopularityModel
from homing.models.query import Codes as ItemCodes
from homing.models.recency import RecencyModel

__all__ = ["HybridConfig", "HybridRecommendationModel"]

PRIOR_WEIGHTS: Final = {"collaborative": 0.5, "content": 1.0, "popularity": 0.3, "recency": 0.2}
"""Weights on standardised scores before anything was learned; few positives keep the learned ones near them."""

FEWEST_CHOICES: Final = 30
_PULL: Final = 3.0
_POPULARITY_HALF_LIFE_DAYS: Final = 30.0

_KINDS: Final[dict[str, type[LearningModel[Any]]]] = {
    "collaborative": CollaborativeFilteringModel,
    "content": ContentBasedModel,
    "popularity": PopularityModel,
    "recency": RecencyModel,
}
_NEEDS_HOMES: Final = ("content", "recency")

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Parts = dict[str, LearningModel[Any]]


@dataclass(frozen=True, slots=True)
class HybridConfig:
    """How the blend is learned.

    `parts` names the models to blend; `seed` draws the samples; `tune=False` keeps documented constants, here and in
    the parts; `validation_share` is the last part of the data on which weights are learned; `negatives` homes are drawn
    against each chosen one; `most_validated` choices, and three times as many impressions, are used at most.
    """

    parts: tuple[str, ...] = tuple(_KINDS)
    seed: int = 0
    tune: bool = True
    validation_share: float = 0.2
    negatives: int = 100
    most_validated: int = 1_500

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        unknown = sorted(set(self.parts) - set(_KINDS))
        if unknown or not self.parts:
            raise BadInput.of("models", f"be some of {', '.join(_KINDS)}, hybrid", ", ".join(unknown) or "none")
        if not 0.0 < self.validation_share < 1.0:
            raise BadInput.of("validation_share", "lie between 0 and 1", self.validation_share)
        if self.negatives < 1 or self.most_validated < 1:
            raise BadInput.of("negatives and most_validated", "be at least 1", (self.negatives, self.most_validated))


class HybridRecommendationModel(LearningModel[HybridConfig]):
    """A weighted sum of collaborative, content, popularity and recency scores.

        score(home) = sum over parts of w_part * x_part(home) / s_part

    x is the score of a part (of popularity its log(1 + x)), s its spread over homes that were on the market, w at least
    0. The weights make likely what leads chose after a cut in time, against homes on the market at that moment, with
    parts that had learned only from before the cut (a conditional logit). With fewer than 30 such choices they stay
    constants; `learned` says which. Then the parts learn from everything. A part with nothing to say about a home
    counts as its mean.

    With `impressions` the score is calibrated to the probability that a lead engages with a home within 14 days of
    being shown it; without, `confidence` is a wide prior. Without `homes` it blends collaborative and popularity only.

    >>> from homing.models import HybridRecommendationModel, Interactions
    >>> data = Interactions.from_columns(["a", "a", "b", "b", "c"], ["h1", "h2", "h1", "h3", "h2"])
    >>> model = HybridRecommendationModel(tune=False).fit(data)
    >>> model.learned, sorted(model.weights)
    (False, ['collaborative', 'popularity'])
    """

    Config = HybridConfig

    parts_: Parts
    weights_: Floats
    spreads_: Floats
    means_: Floats
    learned_: bool
    calibration_: Calibration
    choices_: int
    seconds: dict[str, float]

    @classmethod
    def untrained(cls, data: Interactions, homes: HomesGiven) -> Self:
        """A stand-in that costs little: content without words, popularity and recency, with constant weights."""
        model = cls(tune=False)
        columns = homes_of(homes)
        model.items = data.properties if columns is None else data.properties.extended(columns.ids.ids)
        model.pasts = Pasts.of(data)
        model.seconds, model.parts_ = {}, {}
        model._use(model._fitted(data, columns, quick=True))
        model._scale(model._choices(later_rows(model.pasts, cls.Config().validation_share), columns))
        return model

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each part on its standardised score."""
        return dict(zip(self.parts_, self.weights_.tolist(), strict=True))

    @property
    def learned(self) -> bool:
        """Whether the weights were learned, or are constants because there was too little to learn from."""
        return self.learned_

    @property
    def calibration(self) -> Calibration:
        """What `confidence` stands on."""
        return self.calibration_

    @property
    def parts(self) -> Mapping[str, LearningModel[Any]]:
        """The models that are blended, by name."""
        return dict(self.parts_)

    def confidence(self, scores: Floats, acts: Floats) -> Calibrated:
        """The probability of engaging within 14 days of being shown, for scores of a lead with so many acts."""
        return self.calibration_.of(scores, acts)

    def part_scores(self, lead: Lead, property_ids: Sequence[Id] | ItemCodes) -> dict[str, Floats]:
        """What each part adds to the scores of homes that the model knows, float64 (n,) by the part's name."""
        self._ready("score")
        codes, _ = self._looked_up(property_ids)
        weighed = self._columns(self._past(lead), codes) * (self.weights_ / self.spreads_)
        return {name: weighed[:, place] for place, name in enumerate(self.parts_)}

    def words(self, lead: Lead, property_id: Id, n: int = 3) -> dict[str, float]:
        """The terms of a home's remarks that speak for it most, as the content part has them."""
        content = self.parts_.get("content")
        return content.words(lead, property_id, n) if isinstance(content, ContentBasedModel) else {}

    # -- hooks -------------------------------------------------------------------------------------------------

    def _fit_shown(self, data: Interactions, homes: HomesLike | None, impressions: Impressions | None) -> None:
        started = time.perf_counter()
        self.seconds, self.parts_ = {}, {}
        self._learn(data, homes, impressions)
        self.seconds["hybrid"] = time.perf_counter() - started

    def _learn(self, data: Interactions, homes: HomesLike | None, impressions: Impressions | None) -> None:
        median = None if impressions is None or not len(impressions) else int(np.median(impressions.at))
        later = later_rows(self.pasts, self.config.validation_share, median)
        if not self.config.tune:
            self._use(self._fitted(data, homes))
            self._scale(self._choices(later, homes))
            return
        cut = self._rows_of(later, data)
        self._use(self._fitted(data.select(~cut), homes))
        found = self._choices(later, homes)
        self._scale(found)
        self._weigh(found)
        if impressions is not None and self.pasts.at is not None and later.any():
            self.calibration_ = self._calibrated(impressions, int(self.pasts.at[later].min()))
        self.parts_ = self._fitted(data, homes)

    def _score(self, past: Past, items: Codes) -> Scores:
        return (self._columns(past, items) @ (self.weights_ / self.spreads_)).astype(np.float32)

    def _explain(self, past: Past, items: Codes) -> list[dict[str, float]]:
        """Parts named `content:price`, `collaborative:<home id>`, `popularity`, `recency`."""
        explained: list[dict[str, float]] = [{} for _ in items]
        for place, name in enumerate(self.parts_):
            rate = float(self.weights_[place] / self.spreads_[place])
            if name in _WHOLE:
                scores = self._part_scores(name, past, items)
                inside = [{name: score} if math.isfinite(score) else {} for score in scores.tolist()]
            else:
                inside = self._inside(name, past, items)
            silent = {name: float(self.means_[place])}
            for parts, found in zip(explained, inside, strict=True):
                parts |= {key: rate * value for key, value in (found or silent).items()}
        return explained

    def _inside(self, name: str, past: Past, items: Codes) -> list[dict[str, float]]:
        """What a part says of each home, by its own names, none where it has nothing to say."""
        explained = self.parts_[name]._explain(past, items)
        return [{f"{name}:{detail}": value for detail, value in parts.items()} for parts in explained]

    def _with_homes(self, homes: HomesLike) -> None:
        self.parts_ = {name: part._over(self.items, homes) for name, part in self.parts_.items()}

    def _speaks(self, past: Past) -> bool:
        return True

    def _state(self) -> Arrays:
        calibration = self.calibration_
        about = {
            "parts": {name: part.options() for name, part in self.parts_.items()},
            "learned": self.learned_,
            "choices": self.choices_,
            "centre": calibration.centre,
            "spread": calibration.spread,
            "samples": calibration.samples,
            "positives": calibration.positives,
        }
        state: Arrays = {
            "about": packed_text(json.dumps(about)),
            "weights": self.weights_,
            "spreads": self.spreads_,
            "means": self.means_,
            "calibration.mean": calibration.mean,
            "calibration.covariance": calibration.covariance,
        }
        for name, part in self.parts_.items():
            state |= {f"part.{name}.{key}": array for key, array in part.packed().items()}
        return state

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        about = json.loads(text_from(state["about"]))
        self.parts_ = {}
        for name, options in about["parts"].items():
            prefix = f"part.{name}."
            arrays = {key.removeprefix(prefix): array for key, array in state.items() if key.startswith(prefix)}
            part = self.parts_[name] = _KINDS[name].unpacked(options, arrays)
            if part.items.ids != self.items.ids:
                raise ValueError(f"the homes of {name} are not those of the whole.")
            part.items = self.items
        self.weights_, self.spreads_, self.means_ = state["weights"], state["spreads"], state["means"]
        self.learned_, self.choices_, self.seconds = bool(about["learned"]), int(about["choices"]), {}
        self.calibration_ = Calibration(
            mean=state["calibration.mean"],
            covariance=state["calibration.covariance"],
            centre=float(about["centre"]),
            spread=float(about["spread"]),
            samples=int(about["samples"]),
            positives=int(about["positives"]),
        )

    # -- learning ----------------------------------------------------------------------------------------------

    def _fitted(self, data: Interactions, homes: HomesLike | None, quick: bool = False) -> Parts:
        """Every part that can learn from what there is; what was chosen on the earlier data is kept.

        With `quick` those that take long, the collaborative part and words, are left out. All learn over the same
        homes, so that a home has one code in all of them.
        """
        options: dict[str, dict[str, Any]] = {
            "collaborative": {"seed": self.config.seed, "tune": self.config.tune},
            "content": {"seed": self.config.seed, "tune": self.config.tune, "remarks": not quick},
            "popularity": {"half_life_days": _POPULARITY_HALF_LIFE_DAYS},
        }
        chosen = self.parts_.get("collaborative")
        if isinstance(chosen, CollaborativeFilteringModel):
            options["collaborative"] |= {"alpha": chosen.alpha_, "reg": chosen.reg_}
        content = self.parts_.get("content")
        if isinstance(content, ContentBasedModel):
            options["content"] |= content.chosen
        parts: Parts = {}
        for name in (name for name in _KINDS if name in self.config.parts and not (quick and name == "collaborative")):
            if homes is not None or name not in _NEEDS_HOMES:
                started = time.perf_counter()
                parts[name] = _KINDS[name](**options.get(name, {})).fit(data, homes=homes)
                parts[name].items = self.items
                self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started
        return parts

    def _use(self, parts: Parts) -> None:
        """Take these parts, with the constants that hold before anything is learned."""
        self.parts_ = parts
        self.weights_ = np.array([PRIOR_WEIGHTS[name] for name in parts])
        self.spreads_, self.means_ = np.ones(len(parts)), np.zeros(len(parts))
        self.learned_, self.choices_, self.calibration_ = False, 0, Calibration()

    def _rows_of(self, later: NDArray[np.bool_], data: Interactions) -> NDArray[np.bool_]:
        """The rows of the interactions that a mask over the sorted pasts means, and those known only with them."""
        if data.timed:
            return data.known() >= (int(self.pasts.at[later].min()) if self.pasts.at is not None and later.any() else 0)
        mask = np.zeros(len(data), dtype=np.bool_)
        mask[np.argsort(data.lead, kind="stable")[later]] = True
        return mask

    def _choices(self, later: NDArray[np.bool_], homes: HomesLike | None) -> list[Choice]:
        config = self.config
        return choices(
            self.pasts,
            later,
            len(self.items),
            _alive(self, homes),
            most=config.most_validated,
            negatives=config.negatives,
            seed=config.seed,
        )

    def _scale(self, found: Sequence[Choice]) -> None:
        """Mean and spread of each part's scores over homes that leads could have chosen."""
        if not found:
            return
        scores = np.concatenate([self._raw(choice.past, choice.homes[1:]) for choice in found[:300]])
        with np.errstate(invalid="ignore"):
            known = np.isfinite(scores).any(axis=0)
            self.means_ = np.where(known, np.nanmean(np.where(known, scores, 0.0), axis=0), 0.0)
            spread = np.nanstd(np.where(known, scores, 0.0), axis=0)
        self.spreads_ = np.where(known & (spread > 1e-9), spread, 1.0)

    def _weigh(self, found: Sequence[Choice]) -> None:
        self.choices_ = len(found)
        if len(found) < FEWEST_CHOICES:
            return
        features = np.stack([self._columns(choice.past, choice.homes) for choice in found]) / self.spreads_
        strengths = np.array([choice.strength for choice in found])
        prior = np.array([PRIOR_WEIGHTS[name] for name in self.parts_])
        self.weights_ = conditional_logit(features, strengths / strengths.mean(), prior, _PULL)
        self.learned_ = True

    def _calibrated(self, impressions: Impressions, cut: int) -> Calibration:
        """The calibration on impressions after the cut, each scored with what the lead had done before it."""
        leads = self.pasts.leads.codes(impressions.lead_ids)
        homes = self.items.codes(impressions.property_ids)
        usable = np.flatnonzero((impressions.at >= cut) & (homes >= 0))
        most = 3 * self.config.most_validated
        if usable.size > most:
            usable = np.sort(np.random.default_rng(self.config.seed).choice(usable, most, replace=False))
        scores, acts = np.zeros(usable.size), np.zeros(usable.size)
        nobody = Past(np.zeros(0, dtype=np.int64), np.zeros(0))
        for place, row in enumerate(usable.tolist()):
            lead = int(leads[row])
            past = past_before(self.pasts, lead, int(impressions.at[row])) if lead >= 0 else nobody
            scores[place], acts[place] = self._score(past, homes[row : row + 1])[0], past.items.size
        return fit_calibration(scores, acts, impressions.engaged[usable])

    # -- scoring -----------------------------------------------------------------------------------------------

    def _columns(self, past: Past, items: Codes) -> Floats:
        """The score of each part for each home, shape (n, parts), the part's mean where it has nothing to say."""
        scores = self._raw(past, items)
        return np.where(np.isfinite(scores), scores, self.means_)

    def _raw(self, past: Past, items: Codes) -> Floats:
        scores = np.empty((items.size, len(self.parts_)))
        for place, name in enumerate(self.parts_):
            scores[:, place] = self._part_scores(name, past, items)
        return scores

    def _part_scores(self, name: str, past: Past, items: Codes) -> Floats:
        """The scores of one part, float64 (n,), NaN where it has nothing to say."""
        scores = self.parts_[name]._score(past, items).astype(np.float64)
        return np.log1p(np.maximum(scores, 0.0)) if name == "popularity" else scores


_WHOLE: Final = ("popularity", "recency")


def _alive(model: HybridRecommendationModel, homes: HomesLike | None) -> Alive:
    """Which homes a lead could have chosen at a moment: those on the market then, as far as that is known."""
    if homes is None:
        return lambda codes, at: np.ones(codes.size, dtype=np.bool_)
    rows = homes.ids.codes(model.items.ids)

    def alive(codes: Codes, at: int) -> NDArray[np.bool_]:
        found = rows[codes]
        known = found >= 0
        if isinstance(homes, MarketSnapshot):
            known[known] = homes.timeline.active_at(found[known], at)
        elif homes.listed_at.size and model.pasts.at is not None:
            known[known] = homes.listed_at[found[known]] <= at
        return known

    return alive
