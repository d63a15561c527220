"""When a lead counts as changed: how sharply utility decides, and how far a challenger may be ahead by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from homing.models import bayes
from homing.models.lead_taste import NEVER, Prior, folded

__all__ = ["ACTS", "Acts", "sharpness_of", "steady_leads", "threshold_of"]

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Acts = tuple[NDArray[np.int64], Doubles]
"""Rows of vectors acted on, int64 (n,), and the weights, float64 (n,)."""

ACTS = 100
_LEADS = 400
_ENOUGH_LEADS, _ENOUGH_ACTS, _MOST_LEADS = 100, 20, 400
_MOST_HOMES = 2_000
_DECIDED = 3.0
_FEWEST_LEADS = 20
_STEPS = tuple(2.0**power for power in range(-3, 7))


def sharpness_of(prior: Prior, vectors: Floats, leads: Sequence[Acts]) -> float:
    """The sharpness that makes each next home of these leads likeliest, given the taste before it; in steps of 2.

    With fewer than 20 such homes: one over how much homes of the market differ in utility after one act.
    """
    base = _usual_sharpness(prior)
    scales = base * np.array(_STEPS)
    total, count = np.zeros(scales.size), 0
    for items, weights in leads:
        found, number = bayes.foreseen(vectors, items, weights, prior.packed, scales)
        total, count = total + found, count + number
    return float(scales[int(np.argmax(total))]) if count >= _ENOUGH_ACTS else base


def threshold_of(prior: Prior, vectors: Floats, chances: float, leads: Sequence[Acts], known: Acts, seed: int) -> float:
    """The threshold above which at most a share `chances` of leads rises by mere chance within 100 acts.

    The higher of two: that of simulated leads whose taste never changes; and, where there are a hundred leads with 20
    homes, that of those leads with their acts in random order. Half of `chances` is aimed at, so that the share holds
    for leads not drawn here too. `known` are the rows of the market's homes and the weights that acts may have.
    """
    rng = np.random.default_rng(seed)
    drawn = [steady_leads(prior, vectors, leads, known, rng)]
    long = [one for one in leads if one[0].size >= _ENOUGH_ACTS][:_MOST_LEADS]
    if len(long) >= _ENOUGH_LEADS:
        turned = [(one, rng.permutation(one[0].size)[:ACTS]) for one in long]
        drawn.append([(items[turn], weights[turn]) for (items, weights), turn in turned])
    return max(_exceeded(prior, vectors, some, chances / 2.0) for some in drawn)


def steady_leads(
    prior: Prior, vectors: Floats, leads: Sequence[Acts], known: Acts, rng: np.random.Generator, count: int = _LEADS
) -> list[Acts]:
    """Leads who keep their taste, 100 acts each: choices among homes of the market, a tenth of them by chance.

    Their tastes are those of real leads, or with fewer than 20 of these drawn from the prior; every other one is thrice
    as decided.
    """
    homes, weights = known
    homes = homes if homes.size <= _MOST_HOMES else np.sort(rng.choice(homes, _MOST_HOMES, replace=False))
    tastes = _tastes(prior, vectors, leads, rng, count)
    tastes[1::2] *= _DECIDED
    steady = []
    for utility in prior.rules[1] * (tastes @ vectors[homes].T.astype(np.float64)):
        chance = np.exp(utility - utility.max())
        chance = (1.0 - bayes.STRAY) * chance / chance.sum() + bayes.STRAY / homes.size
        ends = np.cumsum(chance)
        items = homes[np.minimum(np.searchsorted(ends, rng.random(ACTS) * ends[-1]), homes.size - 1)]
        steady.append((items, rng.choice(weights, ACTS)))
    return steady


def _tastes(prior: Prior, vectors: Floats, leads: Sequence[Acts], rng: np.random.Generator, count: int) -> Doubles:
    if len(leads) < _FEWEST_LEADS:
        values, basis = np.linalg.eigh(prior.covariance)
        noise = rng.standard_normal((count, values.size)) * np.sqrt(np.maximum(values, 0.0))
        return np.asarray(prior.mean + noise @ basis.T)
    chosen = [leads[row] for row in rng.integers(0, len(leads), count).tolist()]
    return np.array([folded(_endless(prior), vectors, *one).mean for one in chosen])


def _endless(prior: Prior) -> Prior:
    return replace(prior, rules=np.array([*prior.rules[:3], NEVER]))


def _exceeded(prior: Prior, vectors: Floats, leads: Sequence[Acts], share: float) -> float:
    """What the highest lead of a challenger exceeds for no more than this share of leads."""
    endless = _endless(prior).packed
    highest = np.zeros(len(leads))
    for row, (items, weights) in enumerate(leads):
        places = np.unique(items, return_inverse=True)[1]
        highest[row] = bayes.fold(vectors, items, places, weights, items.size, endless)[1].max(initial=0.0)
    return float(np.sort(highest)[::-1][int(share * highest.size)])


def _usual_sharpness(prior: Prior) -> float:
    differ = []
    for x in prior.market:
        reach = prior.covariance @ x
        step = prior.rules[0] * (1.0 - x @ prior.mean) / (1.0 + prior.rules[0] * (x @ reach))
        differ.append(float(np.std(prior.market @ (prior.mean + step * reach))))
    typical = float(np.mean(differ)) if differ else 0.0
    return 1.0 / typical if typical > 0.0 else 1.0
