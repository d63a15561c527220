"""What everybody likes: the baseline that every other model has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.core.errors import BadInput
from homing.models.base import Arrays, LearningModel, Scores
from homing.models.homes import HomesLike
from homing.models.interactions import Interactions
from homing.models.pasts import Past

__all__ = ["PopularityConfig", "PopularityModel"]


@dataclass(frozen=True, slots=True)
class PopularityConfig:
    """`half_life_days`: after so many days an act counts half; left out, acts do not age."""

    half_life_days: float | None = None

    def __post_init__(self) -> None:
        if self.half_life_days is not None and not self.half_life_days > 0:
            raise BadInput.of("half_life_days", "be a positive number of days, or None", self.half_life_days)


class PopularityModel(LearningModel[PopularityConfig]):
    """The weights of all leads on a home, added up, with their sign.

        score(home) = sum over acts of weight * 2 ** (-age / half_life_days)

    Age counts from the newest act. Every lead, known or not, gets the same scores; a home without acts scores 0.
    `partial_fit` adds the new acts and gives the same as `fit` on all (to rounding, where acts age).

    >>> from homing.models import Interactions, PopularityModel
    >>> model = PopularityModel().fit(Interactions.from_columns(["a", "b", "b"], ["h1", "h1", "h2"]))
    >>> model.recommend("stranger", k=2)[0], model.score("a", ["h1", "h9"]).tolist()
    (['h1', 'h2'], [2.0, nan])
    """

    Config = PopularityConfig

    def _fit(self, data: Interactions, homes: HomesLike | None) -> None:
        self.newest_ = int(data.at.max()) if len(data) else 0
        self._hold(self._sum(data))

    def _partial_fit(self, more: Interactions) -> None:
        newest = max(self.newest_, int(more.at.max()) if len(more) else self.newest_)
        kept = self._padded() * self._fading(np.array([self.newest_]), newest)
        self.newest_ = newest
        self._hold(kept + self._sum(more))

    def _with_homes(self, homes: HomesLike) -> None:
        self._hold(self._padded())

    def _hold(self, total: NDArray[np.float64]) -> None:
        self.total_ = total
        self._logs = np.log1p(np.maximum(total, 0.0)).astype(np.float32)

    def _score(self, past: Past, items: NDArray[np.int64]) -> Scores:
        return self.total_[items].astype(np.float32)

    def logs(self, items: NDArray[np.int64]) -> Scores:
        """log(1 + score) of homes (n,), 0 of those with a score below 0."""
        return self._logs[items]

    def _explain(self, past: Past, items: NDArray[np.int64]) -> list[dict[str, float]]:
        return [{"popularity": total} for total in self.total_[items].tolist()]

    def _speaks(self, past: Past) -> bool:
        return True

    def _state(self) -> Arrays:
        return {"total": self.total_, "newest": np.array([self.newest_], dtype=np.int64)}

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._hold(state["total"])
        self.newest_ = int(state["newest"][0])

    def _sum(self, data: Interactions) -> NDArray[np.float64]:
        weights = data.weight * self._fading(data.at, self.newest_)
        return np.bincount(data.property, weights=weights, minlength=len(self.items)).astype(np.float64)

    def _fading(self, at: NDArray[np.int64], newest: int) -> NDArray[np.float64]:
        if self.config.half_life_days is None or self.pasts.at is None:
            return np.ones(at.size)
        return np.exp2((at - newest) / (self.config.half_life_days * DAY))

    def _padded(self) -> NDArray[np.float64]:
        missing = len(self.items) - self.total_.size
        return np.concatenate((self.total_, np.zeros(missing))) if missing else self.total_
