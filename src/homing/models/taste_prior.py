"""Where tastes begin and by what they are moved, learned from the acts of all leads."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from homing.models import bayes
from homing.models.change_alarm import Acts, sharpness_of, threshold_of
from homing.models.lead_taste import NEVER, Prior
from homing.models.pasts import Pasts
from homing.models.population import Evidence, Population, learned

__all__ = ["Aims", "learned_prior"]

_MOST_LEADS = 1_000
_MOST_HOMES = 500
_REFERENCE = 64
_MOST_A_HOME = 0.1
DRIFT = 1.0


@dataclass(frozen=True, slots=True)
class Aims:
    """Noise, weight of the absent homes, whether the population is learned, and the share of false alarms."""

    noise: float
    absent: float
    population: bool
    false_alarms: float
    seed: int


def learned_prior(
    vectors: NDArray[np.float32], known: NDArray[np.bool_], start: Population, pasts: Pasts, aims: Aims
) -> Prior:
    """The prior for homes with these vectors (n, d), those `known` (n,) being the market.

    `start` is the population as long as nothing was learned; of the leads up to 1,000 are learned from.
    """
    rng = np.random.default_rng(aims.seed)
    homes = np.flatnonzero(known)
    usual = _usual_weights(pasts)
    unit = 1.0 / float(np.log2(1.0 + usual).mean()) / aims.noise
    wide = vectors[homes].astype(np.float64)
    a_home = min(aims.absent / max(homes.size, 1), _MOST_A_HOME)
    absent = wide.T @ wide * (a_home / aims.noise)
    leads = _leads(pasts, known, rng)
    population = start
    if aims.population:
        population = learned([_evidence(vectors, unit, *lead) for lead in leads], absent, start)
    reference = np.sort(rng.choice(homes, min(_REFERENCE, homes.size), replace=False))
    prior = Prior(
        *population.against(absent), vectors[reference].astype(np.float64), np.array([unit, 1.0, DRIFT, NEVER])
    )
    prior = replace(prior, rules=np.array([unit, sharpness_of(prior, vectors, leads), DRIFT, NEVER]))
    if not aims.false_alarms or not homes.size:
        return prior
    threshold = threshold_of(prior, vectors, aims.false_alarms, leads, (homes, usual), aims.seed)
    return replace(prior, rules=np.array([unit, prior.rules[1], DRIFT, threshold]))


def _usual_weights(pasts: Pasts) -> NDArray[np.float64]:
    """What the weights of a lead's acts for a home add up to, for all pairs where that is positive; 1 without any."""
    pair = pasts.lead.astype(np.int64) * (int(pasts.items.max(initial=0)) + 1) + pasts.items
    summed = np.bincount(np.unique(pair, return_inverse=True)[1], weights=pasts.weights).astype(np.float64)
    return summed[summed > 0] if (summed > 0).any() else np.ones(1)


def _leads(pasts: Pasts, known: NDArray[np.bool_], rng: np.random.Generator) -> list[Acts]:
    """What up to 1,000 leads did: the known homes of each, at most the 500 met last, in the order first met."""
    count = len(pasts.leads)
    chosen = np.arange(count) if count <= _MOST_LEADS else np.sort(rng.choice(count, _MOST_LEADS, replace=False))
    found = []
    for lead in chosen.tolist():
        rows = np.arange(pasts.offsets[lead], pasts.offsets[lead + 1])
        rows = rows[known[pasts.items[rows]]]
        homes, first, places = np.unique(pasts.items[rows].astype(np.int64), return_index=True, return_inverse=True)
        order = np.argsort(first)[-_MOST_HOMES:]
        if rows.size:
            summed = np.bincount(places, weights=pasts.weights[rows]).astype(np.float64)
            found.append((homes[order], summed[order]))
    return found


def _evidence(
    vectors: NDArray[np.float32], unit: float, items: NDArray[np.int64], weights: NDArray[np.float64]
) -> Evidence:
    target = np.where(weights > 0, 1.0, bayes.AGAINST)
    return Evidence(vectors[items].astype(np.float64), unit * np.log2(1.0 + np.abs(weights)), target)
