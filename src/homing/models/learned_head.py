"""Learning how to combine the parts of a hybrid: from a validation cut, or from choices made on a market."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from homing.core.ids import Vocabulary
from homing.market.snapshot import MarketSnapshot
from homing.models.base import LearningModel
from homing.models.blend import Judged, climbed, judged
from homing.models.blending import Alive, Choice, conditional_logit
from homing.models.head import Head
from homing.models.homes import UNKNOWN_MOMENT, HomesLike
from homing.models.interactions import Id, Interactions
from homing.models.new_homes import among_known, as_expected, cold_cut, in_proportion
from homing.models.parts import PARTS, Parts, fitted
from homing.models.validation import validation_cuts

__all__ = ["FEWEST_CHOICES", "Learning", "alive_in", "blended", "is_market", "prior_weights", "scaled", "weighed"]

FEWEST_CHOICES: Final = 30

_PULL: Final = 3.0
_SCALED_ON: Final = 300
_WORK: Final = 2e8

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Columns = Callable[[Any, Codes], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Learning:
    """What a hybrid learns from, and over which homes; `seconds` is added to."""

    data: Interactions
    homes: HomesLike | None
    items: Vocabulary[Id]
    seed: int
    seconds: dict[str, float]

    def fitted(self, models: Parts, data: Interactions | None = None) -> Parts:
        """The models after learning from the data, or from a part of it."""
        return fitted(models, self.data if data is None else data, self.homes, self.items, self.seconds)


def prior_weights(names: Sequence[str]) -> Floats:
    """The weights that hold before anything was learned."""
    return np.array([PARTS[name].weight for name in names])


def blended(learning: Learning, whole: Parts) -> Head:
    """The head of a blend: weights that rank best what was held out of each lead, and another for homes nobody knows.

    The parts learn anew from what is left, with the settings that they chose on everything. For homes without acts, the
    parts that go by attributes are judged on homes of which all acts were held out.
    """
    constant = Head.constant(prior_weights(tuple(whole)) / max(prior_weights(tuple(whole)).sum(), 1e-12), by_lead=True)
    leads = int(np.clip(_WORK / max(len(learning.items) * len(whole), 1), 200, 1_000))
    cuts = validation_cuts(learning.data, learning.seed, most=leads)
    if not cuts:
        return constant
    found = Judged.together(
        [judged(learning.fitted(_twins(whole), cut.train), cut, seed=learning.seed) for cut in cuts]
    )
    weights, ndcg = climbed(found)
    head = replace(
        constant, weights=weights, learned=True, choices=int(found.held.sum()), ndcg=ndcg,
        says=f"weights that rank best what was held out of {cuts[0].leads.size} leads, {len(cuts)} times",
    )  # fmt: skip
    return replace(head, cold=_cold(learning, whole, leads, found, weights))


def _cold(learning: Learning, whole: Parts, leads: int, warm: Judged, weights: Floats) -> Floats:
    """The weights for homes nobody acted on, from homes made cold on purpose; without those, as they are elsewhere."""
    free = np.array([PARTS[name].by_homes for name in whole])
    if learning.homes is None or not free.any():
        return weights
    known = np.where(free, np.maximum(weights, 1e-3), 0.0)
    cut, cold = cold_cut(learning.data, learning.seed, leads)
    if not cut.is_enough:
        return in_proportion(warm, weights, known) * known
    used = free | (weights > 0)
    parts = learning.fitted(_twins(dict(itertools.compress(whole.items(), used))), cut.train)
    found = judged(dict(itertools.compress(parts.items(), free[used])), cut, cold, learning.seed)
    others = np.zeros(free.size)
    others[free] = climbed(found)[0]
    lists, homes = judged(parts, cut, seed=learning.seed), len(learning.items)
    mixed = as_expected(lists, cold, learning.data, homes, learning.seed)
    return among_known(mixed, cold, weights[used], others[used]) * others


def _twins(parts: Parts) -> Parts:
    return {name: model.twin() for name, model in parts.items()}


def is_market(data: Interactions, homes: HomesLike | None) -> bool:
    """Whether it is known when homes came on the market and when leads acted: what could be chosen changes by then."""
    if homes is None or not data.timed:
        return False
    return isinstance(homes, MarketSnapshot) or bool((homes.listed_at != UNKNOWN_MOMENT).any())


def scaled(head: Head, raw: Columns, found: Sequence[Choice]) -> Head:
    """With mean and spread of each part's scores over homes that leads could have chosen."""
    if not found:
        return head
    scores = np.concatenate([raw(choice.past, choice.homes[1:]) for choice in found[:_SCALED_ON]])
    with np.errstate(invalid="ignore"):
        known = np.isfinite(scores).any(axis=0)
        means = np.where(known, np.nanmean(np.where(known, scores, 0.0), axis=0), 0.0)
        spread = np.nanstd(np.where(known, scores, 0.0), axis=0)
    return replace(head, means=means, spreads=np.where(known & (spread > 1e-9), spread, 1.0))


def weighed(head: Head, raw: Columns, found: Sequence[Choice]) -> Head:
    """With weights that make likely what leads chose against homes on the market then (a conditional logit)."""
    if len(found) < FEWEST_CHOICES:
        return replace(head, choices=len(found))
    features = np.stack([head.filled(raw(choice.past, choice.homes)) for choice in found]) / head.spreads
    strengths = np.array([choice.strength for choice in found])
    weights = conditional_logit(features, strengths / strengths.mean(), head.weights, _PULL)
    says = f"weights that make {len(found)} choices on the market likely"
    return replace(head, weights=weights, learned=True, choices=len(found), says=says)


def alive_in(model: LearningModel[Any], homes: HomesLike | None) -> Alive:
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
