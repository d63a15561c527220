"""How much each home acted on holds up the scores of homes by what acts say of the lead's taste, and by nearness."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from homing.models.candidate_features import MOST_LIKED, SURE_ACTS, Facts
from homing.models.choice_taste import ChoiceTaste, acted_on, counts_of
from homing.models.pasts import Past

__all__ = ["near_pulls", "taste_pulls"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Amounts = tuple[Codes, Floats]
"""Homes acted on, codes (m,), and how much each holds up the scores of n homes, (n, m)."""


def taste_pulls(taste: ChoiceTaste, past: Past, items: Codes, rates: Mapping[str, float]) -> Amounts:
    """What scores would lose, to first order, without the last act on each home turned to.

    At the likeliest taste, with the curvature C there, a home x whose count falls by c, and the mean z of what could be
    chosen, the taste moves by C^-1 c (x - z) (the influence function of an M-estimator; Hampel 1974, "The influence
    curve and its role in robust estimation"). `rates` says by family what a unit of how well it fits is worth.
    """
    found = taste.likely(past)
    if found.choices is None:
        return np.zeros(0, dtype=np.int64), np.zeros((items.size, 0))
    homes, weights = acted_on(past)
    liked = weights > 0
    goes = counts_of(weights[liked]) - counts_of(weights[liked] - _last_weights(past, homes[liked]))
    odds = found.choices.others @ found.taste
    odds = np.exp(odds - odds.max())
    away = (found.choices.chosen - odds @ found.choices.others / odds.sum()) * goes[:, None]
    worth = np.array([rates.get(family, 0.0) for family in taste.columns.families])
    seen = taste.columns.seen(items, found.means) * worth
    return homes[liked], np.asarray(seen @ np.linalg.solve(found.curvature, away.T))


def near_pulls(facts: Facts, past: Past, items: Codes, rate: float) -> Amounts:
    """What scores would lose of nearness to the homes liked, were the last act on each of them left out.

    With s_k = log(1 + km / 3) to the k-th of n homes, nearness is - sum of s / (n + 5) (`candidate_features`); of a
    home with a further act for it nothing is lost.
    """
    homes, acts = np.unique(past.items[past.weights > 0], return_counts=True)
    if not rate or not homes.size or homes.size > MOST_LIKED:
        return np.zeros(0, dtype=np.int64), np.zeros((items.size, 0))
    north = (facts.latitude[items][:, None] - facts.latitude[homes]) * _KM_A_DEGREE
    across = np.cos(np.radians(facts.latitude[items]))[:, None] * _KM_A_DEGREE
    away = np.log1p(np.hypot(north, (facts.longitude[items][:, None] - facts.longitude[homes]) * across) / 3.0)
    away = np.nan_to_num(away)
    whole, n = away.sum(axis=1, keepdims=True), homes.size
    lost = (whole - away) / (n - 1 + SURE_ACTS) - whole / (n + SURE_ACTS)
    return homes, rate * np.where(acts == 1, lost, 0.0)


_KM_A_DEGREE = 111.2


def _last_weights(past: Past, homes: Codes) -> Floats:
    """The weight of the last act on each of these homes."""
    last = dict(zip(past.items.tolist(), past.weights.tolist(), strict=True))
    return np.array([last[home] for home in homes.tolist()])
