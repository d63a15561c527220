"""Judge the models by what leads did after the models had been trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput
from homing.evaluation.grading import Ranker
from homing.evaluation.leave_last import Held, leave_last, without
from homing.evaluation.log import EvaluationLog, evaluation_log
from homing.evaluation.temporal import temporal
from homing.market.catalogue import Catalogue
from homing.market.snapshot import MarketSnapshot
from homing.models.base import LearningModel
from homing.models.hybrid_model import HybridRecommendationModel
from homing.models.query import Codes
from homing.personalization.training_data import training_data
from homing.store.events import EventQuery
from homing.tracking.behavior_tracker import BehaviorTracker

__all__ = ["ROWS", "EvaluateModels", "as_first_listed"]

ROWS: Final = ("popularity", "recency", "content", "item_item", "collaborative", "sequence", "online", "hybrid")
"""The rows of a report; `hybrid` is the blend of the others."""

PROTOCOLS: Final = ("temporal", "leave_last")


@dataclass(frozen=True, slots=True)
class EvaluateModels:
    """Fits the models on what was known before a cut and grades their lists on what leads engaged with after it."""

    tracker: BehaviorTracker
    catalogue: Catalogue

    def __call__(
        self, as_of: int, *, protocol: str = "temporal", k: int = 10, models: Sequence[str] | None = None, seed: int = 0
    ) -> dict[str, Any]:
        """The report on everything known at a moment; `models` names the rows wanted, left out: all."""
        if protocol not in PROTOCOLS:
            raise BadInput.of("--protocol", f"be one of {', '.join(PROTOCOLS)}", protocol)
        names = ROWS if models is None else tuple(models)
        if unknown := [name for name in names if name not in ROWS]:
            raise BadInput.of("--models", f"be some of {', '.join(ROWS)}", ", ".join(unknown))
        market = self.catalogue.snapshot(as_of)
        log = self._log(market, as_of)
        if protocol == "temporal":
            return temporal(log, lambda cut: self._before(cut, market, names, seed), k=k, seed=seed)
        return leave_last(log, lambda held: self._without(held, market, as_of, names, seed), k=k, seed=seed)

    def _log(self, market: MarketSnapshot, as_of: int) -> EvaluationLog:
        events = self.tracker.store.columns(self.tracker.tenant, EventQuery(upto=as_of, known_upto=as_of))
        return evaluation_log(events, market)

    def _before(self, cut: int, market: MarketSnapshot, names: Sequence[str], seed: int) -> dict[str, Ranker]:
        """Models that knew only what was known at the cut; of homes listed later, what they were first listed with."""
        then = self.catalogue.snapshot(cut)
        data = training_data(self.tracker.store, self.tracker.tenant, then, cut)
        model = HybridRecommendationModel(seed=seed).fit(data.interactions, homes=then, impressions=data.impressions)
        return _rankers(model.with_homes(as_first_listed(market)).with_homes(then), names)

    def _without(
        self, held: Mapping[str, Held], market: MarketSnapshot, as_of: int, names: Sequence[str], seed: int
    ) -> dict[str, Ranker]:
        data = training_data(self.tracker.store, self.tracker.tenant, market, as_of)
        model = HybridRecommendationModel(seed=seed).fit(without(data.interactions, held), homes=market)
        return _rankers(model, names)


def as_first_listed(market: MarketSnapshot) -> MarketSnapshot:
    """The homes at the price of their first version, so that no later cut of it is known."""
    first = market.version_price[market.version_offsets[:-1]]
    return replace(market, numbers={**market.numbers, "ListPrice": first})


def _rankers(model: HybridRecommendationModel, names: Sequence[str]) -> dict[str, Ranker]:
    judged: dict[str, LearningModel[Any]] = {**model.parts, "hybrid": model}
    return {name: _ranker(judged[name]) for name in names if name in judged}


def _ranker(model: LearningModel[Any]) -> Callable[[str, Sequence[str]], NDArray[Any]]:
    known: dict[int, Codes] = {}

    def rank(lead: str, candidates: Sequence[str]) -> NDArray[Any]:
        if id(candidates) not in known:
            known[id(candidates)] = Codes(model.items.codes(candidates))
        codes = known[id(candidates)].array
        scores = np.full(len(codes), np.nan, dtype=np.float32)
        scores[codes >= 0] = model.score(lead, Codes(codes[codes >= 0]))
        return scores

    return rank
