"""The newest homes first: what to show before anybody has acted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.core.errors import BadInput
from homing.core.jit import kernel
from homing.models.base import Arrays, LearningModel, Scores
from homing.models.homes import UNKNOWN_MOMENT, HomesLike
from homing.models.interactions import Interactions
from homing.models.pasts import Past

__all__ = ["RecencyConfig", "RecencyModel"]


@dataclass(frozen=True, slots=True)
class RecencyConfig:
    """`half_life_days`: after so many days on the market a home's score is half, 7 days."""

    half_life_days: float = 7.0

    def __post_init__(self) -> None:
        if not 0 < self.half_life_days < float("inf"):
            raise BadInput.of("half_life_days", "be a positive number of days", self.half_life_days)


class RecencyModel(LearningModel[RecencyConfig]):
    """The newest listings first, the same for every lead.

        score(home) = 2 ** (-days on the market / half_life_days)

    Days count up to the moment of asking; where none is known, up to when the newest home was listed. A home whose
    listing moment is unknown has no score (NaN).

    >>> from homing.models import Interactions, RecencyModel
    >>> rows = [{"ListingKey": "h1", "ListingContractDate": "2026-05-01"},
    ...         {"ListingKey": "h2", "ListingContractDate": "2026-05-08"}]
    >>> model = RecencyModel().fit(Interactions.from_columns([], []), homes=rows)
    >>> model.recommend("stranger")[0], model.score("stranger", ["h1", "h2"]).tolist()
    (['h2', 'h1'], [0.5, 1.0])
    """

    Config = RecencyConfig

    def _fit(self, data: Interactions, homes: HomesLike | None) -> None:
        self._hold(np.zeros(0, dtype=np.int64))
        if homes is not None:
            self._with_homes(homes)

    def _with_homes(self, homes: HomesLike) -> None:
        listed = self._padded().copy()
        listed[self.items.codes_of(homes.ids)] = homes.listed_at
        self._hold(listed)

    def _hold(self, listed: NDArray[np.int64]) -> None:
        """When homes were listed; and how fresh each was when the newest of them was, NaN where that is not known."""
        self.listed_, self._newest = listed, int(listed.max(initial=UNKNOWN_MOMENT))
        ages = np.where(listed == UNKNOWN_MOMENT, np.nan, self._newest - listed)
        self._fresh = np.exp2(-ages / (self.config.half_life_days * DAY))

    def _score(self, past: Past, items: NDArray[np.int64]) -> Scores:
        return self._freshness(past, items)

    def _explain(self, past: Past, items: NDArray[np.int64]) -> list[dict[str, float]]:
        scores = self._score(past, items).tolist()
        return [{} if math.isnan(score) else {"freshness": score} for score in scores]

    def _speaks(self, past: Past) -> bool:
        return True

    def _state(self) -> Arrays:
        return {"listed": self.listed_}

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._hold(state["listed"])

    def _padded(self) -> NDArray[np.int64]:
        missing = len(self.items) - self.listed_.size
        return np.concatenate((self.listed_, np.full(missing, UNKNOWN_MOMENT, dtype=np.int64)))

    def _freshness(self, past: Past, items: NDArray[np.int64]) -> Scores:
        asked = self._newest if past.as_of is None else past.as_of
        return _faded(self.listed_, self._fresh, self._newest, items, asked, self.config.half_life_days * DAY)


@kernel
def _faded(
    listed: NDArray[np.int64],
    fresh: NDArray[np.float64],
    newest: int,
    items: NDArray[np.int64],
    asked: int,
    half_life: float,
) -> Scores:
    """2 ** (-age / half life), both in microseconds, of some homes; NaN where it is not known since when.

    What is `fresh` when the newest home is listed fades for all alike from then on.
    """
    out = np.full(items.size, np.nan, dtype=np.float32)
    later = asked >= newest
    fading = 2.0 ** (-(asked - newest) / half_life) if later else 1.0
    for j in range(items.size):
        if items[j] < listed.size and listed[items[j]] != UNKNOWN_MOMENT:
            out[j] = fresh[items[j]] * fading if later else 2.0 ** (-max(asked - listed[items[j]], 0) / half_life)
    return out
