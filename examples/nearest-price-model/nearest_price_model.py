"""A model from a package of its own: homes as dear as those the lead acted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from homing.models.base import LearningModel


@dataclass(frozen=True, slots=True)
class NearestPriceConfig:
    """Nothing to choose."""


class NearestPriceModel(LearningModel[NearestPriceConfig]):
    """Minus the distance to the price the lead likes, in logarithms; NaN for homes and leads without one."""

    Config = NearestPriceConfig

    def _fit(self, data, homes):
        self.price_ = np.full(len(self.items), np.nan)
        if homes is not None:
            self._with_homes(homes)

    def _with_homes(self, homes):
        price = np.full(len(self.items), np.nan)
        price[: self.price_.size] = self.price_
        given = homes.numbers.get("ListPrice", np.full(len(homes.ids), np.nan))
        price[self.items.codes_of(homes.ids)] = np.log(np.where(given > 0, given, np.nan))
        self.price_ = price

    def _liked(self, past):
        """The prices of the homes acted on, and how much each counts."""
        counts = (past.weights > 0) & np.isfinite(self.price_[past.items])
        return self.price_[past.items[counts]], past.weights[counts]

    def _speaks(self, past):
        return self._liked(past)[0].size > 0

    def _score(self, past, items):
        if not self._speaks(past):
            return np.full(items.size, np.nan, dtype=np.float32)
        prices, weights = self._liked(past)
        return -np.abs(self.price_[items] - np.average(prices, weights=weights)).astype(np.float32)

    def _explain(self, past, items):
        return [{} if np.isnan(score) else {"price": float(score)} for score in self._score(past, items)]

    def _state(self):
        return {"price": self.price_}

    def _restore(self, state):
        self.price_ = state["price"]
