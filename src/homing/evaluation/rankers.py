"""The rows of an evaluation: every model and every baseline as a function from a lead and candidates to scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import NotReady
from homing.evaluation.content_knn import content_knn
from homing.evaluation.grading import BASELINES, Ranker, looked_up
from homing.evaluation.implicit_als import implicit_als
from homing.evaluation.saved_search import Searches, saved_search
from homing.market.snapshot import MarketSnapshot
from homing.models.base import Lead, LearningModel
from homing.models.hybrid_model import HybridRecommendationModel
from homing.models.interactions import Interactions
from homing.models.item_knn import ItemKNNModel
from homing.models.query import Codes

__all__ = ["ROWS", "Rankers", "as_first_listed", "as_known", "model_ranker", "rankers"]

ROWS: Final = (
    "popularity", "recency", "content", "item_item", "collaborative", "sequence", "online", "hybrid",
    *BASELINES[2:],
)  # fmt: skip
"""The rows of a report; `hybrid` is the blend of the others, and those after it are peers."""


@dataclass(frozen=True, slots=True)
class Rankers:
    """The rows there are, and why others are not."""

    there: Mapping[str, Ranker]
    absent: Mapping[str, str]


def rankers(
    model: HybridRecommendationModel,
    data: Interactions,
    market: MarketSnapshot,
    searches: Searches,
    *,
    seed: int,
    wanted: Sequence[str] = ROWS,
    asked: Callable[[str], Lead] = str,
) -> Rankers:
    """Those of a fitted hybrid and its parts, and the peers, fitted on the same interactions.

    `market` is what is known of the homes, by peers and models alike; only rows in `wanted` are worked out. The hybrid
    and its parts are asked about a lead as `asked` puts it; left out, with what it did in the interactions.
    """
    peers: dict[str, Callable[[], Ranker]] = {
        "saved_search": lambda: saved_search(searches, market),
        "content_knn": lambda: content_knn(data, market, seed),
        "item_knn": lambda: model_ranker(ItemKNNModel(seed=seed).fit(data)),
        "als": lambda: implicit_als(data, seed),
    }
    judged: dict[str, LearningModel[Any]] = {**model.parts, "hybrid": model}
    there: dict[str, Ranker] = {}
    absent: dict[str, str] = {}
    for name in (name for name in ROWS if name in wanted):
        try:
            if name in peers:
                there[name] = peers[name]()
            elif name in judged:
                there[name] = model_ranker(judged[name], asked)
            else:
                absent[name] = "The data have nothing that this model learns from."
        except NotReady as reason:
            absent[name] = str(reason)
    return Rankers(there, absent)


def model_ranker(model: LearningModel[Any], asked: Callable[[str], Lead] = str) -> Ranker:
    """The scores of a fitted model for a lead as `asked` puts it."""
    codes_of = looked_up(model.items)

    def rank(lead: str, candidates: Sequence[str]) -> NDArray[Any]:
        codes = codes_of(candidates)
        scores = np.full(len(codes), np.nan, dtype=np.float32)
        scores[codes >= 0] = model.score(asked(lead), Codes(codes[codes >= 0]))
        return scores

    return rank


def as_first_listed(market: MarketSnapshot) -> MarketSnapshot:
    """The homes at the price of their first version, so that no later cut of it is known."""
    first = market.version_price[market.version_offsets[:-1]]
    return replace(market, numbers={**market.numbers, "ListPrice": first})


def as_known(market: MarketSnapshot, then: MarketSnapshot) -> MarketSnapshot:
    """All homes of a later market: those of the earlier one at the price of then, the others as first listed."""
    later = as_first_listed(market)
    price, rows = later.numbers["ListPrice"].copy(), later.ids.codes_of(then.ids)
    if "ListPrice" in then.numbers:
        price[rows] = then.numbers["ListPrice"]
    return replace(later, numbers={**later.numbers, "ListPrice": price})
