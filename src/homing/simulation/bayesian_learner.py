"""The best that can be learned of a lead by one who knows how households come about and how they choose.

Nobody has this knowledge of real people: it is a ceiling. The learner draws households as `scenarios` does, given what
the lead told, and moves them to where they make likely what it did: the likelihood is let in by degrees, each with a
resampling and Metropolis steps that keep the posterior (sequential Monte Carlo samplers, Del Moral, Doucet and Jasra
2006; steps of the normals as in Cotter et al. 2013). It begins anew from the prior with all that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from homing.simulation import constants as c
from homing.simulation.evidence import Evidence
from homing.simulation.likelihood import FIELDS, Likelihood, Sight
from homing.simulation.pages_seen import ForSale
from homing.simulation.possible import Possible, Prior, partners_weights

__all__ = ["PARTICLES", "BayesianLearner", "Believed", "Learned"]

Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]

PARTICLES: Final = 512
_REFERENCE: Final = 400
_LAST_SWEEPS: Final = 2
_STEPS: Final = (0.15, 0.3, 0.6)


@dataclass(frozen=True, slots=True)
class Learned:
    """Households a lead might be, as likely each, and how well they were found.

    `effective` is the smallest effective number at a resampling, `moved` the mean share of the steps that were taken.
    """

    possible: Possible
    prior: Prior
    effective: float
    moved: float
    stages: int


class Believed(NamedTuple):
    """What m possible households make of n homes: to the partner who looks and to both, whether it breaks no limit, all
    (m, n), and the `bars` at which each passes, takes for normal, likes and saves, (m,).
    """

    own: Doubles
    joint: Doubles
    fits: Flags
    bars: Mapping[str, Doubles]


@dataclass(slots=True)
class BayesianLearner:
    """Learns one lead's taste in a market that stands still.

    `watched`: it also sees every page as the lead saw it and what no field of a home holds; no log tells so much.
    """

    sale: ForSale
    seed: int
    watched: bool = False
    particles: int = PARTICLES
    _draw: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._draw = np.random.default_rng([self.seed, 13, self.watched])

    def learn(self, evidence: Evidence) -> Learned:
        """What the lead may be, given all that is known by now."""
        prior = Prior(self.sale.homes, evidence.known, ("changes_mind",) if evidence.changed else None)
        possible = prior.draw(self.particles, self._draw)
        likelihood = Likelihood(prior, self.sale, evidence, self._draw, self._reference(prior), self.watched)
        share, stages, effective, moved = 0.0, 0, float(len(possible)), []
        now = likelihood(possible)
        while share < 1.0 and now.any():
            step = _largest_step(now, 1.0 - share)
            share, stages = share + step, stages + 1
            kept = _resampled(now * step, self._draw)
            effective = min(effective, _effective(now * step))
            possible, now = possible.taken(kept), now[kept]
            for _ in range(1 if share < 1.0 else _LAST_SWEEPS):
                for proposed in _MOVES:
                    new = proposed(self, prior, possible)
                    then = likelihood(new)
                    taken = np.log(self._draw.random(len(now))) < share * (then - now)
                    possible, now = possible.where(taken, new), np.where(taken, then, now)
                    moved.append(float(taken.mean()))
        return Learned(possible, prior, effective, float(np.mean(moved)) if moved else 1.0, stages)

    def chances(self, learned: Learned, best: Callable[[Doubles, Flags], Flags]) -> Doubles:
        """Of each home for sale the probability that it is among the best (n,), as `best` has it.

        `best` is given what homes are worth to a household and which it may take, and says which are among the best.
        """
        total = np.zeros(len(self.sale.rows))
        prior, homes = learned.prior, self.sale.homes
        sight = Sight(prior, self.sale.rows, self.sale.prices, homes.hidden[self.sale.rows] if self.watched else None)
        within = prior.within[self.sale.rows] & (self.sale.prices <= prior.known.budget)
        for start in range(0, len(learned.possible), 64):
            some = learned.possible.taken(np.arange(start, min(start + 64, len(learned.possible))))
            weights, _ = partners_weights(some)
            columns = sight.columns(some)
            first, second = (sight.worth(weights[:, at], columns) for at in (0, 1))
            if not self.watched:
                for at in range(len(some)):
                    hidden = self._draw.standard_normal((3, len(self.sale.rows)))
                    first[at] += weights[at, 0, FIELDS:] @ hidden
                    second[at] += weights[at, 1, FIELDS:] @ hidden
            say = some.say[:, None]
            joint = say * first + (1.0 - say) * second - c.DISAGREEMENT * np.abs(first - second)
            for worth, fits in zip(joint, sight.fits(some), strict=True):
                total += best(worth, fits & within)
        return total / len(learned.possible)

    def believes(self, learned: Learned, rows: Rows, prices: Doubles, views: int) -> Believed:
        """What homes at these prices are worth to the households it holds possible, after so many views."""
        prior, possible, homes = learned.prior, learned.possible, self.sale.homes
        reference = self._reference(prior)
        likelihood = Likelihood(prior, self.sale, Evidence(prior.known), self._draw, reference, self.watched)
        at, count = np.append(reference, rows), len(reference)
        sight = Sight(prior, at, np.append(homes.price[reference], prices), homes.hidden[at] if self.watched else None)
        weights, off = partners_weights(possible)
        columns = sight.columns(possible)
        first, second, away = (sight.worth(one, columns) for one in (weights[:, 0], weights[:, 1], off))
        feel = weights[:, :, FIELDS:]
        fits = sight.fits(possible)
        bars = likelihood.bars(possible, first[:, :count], second[:, :count], feel, fits[:, :count])
        mine, others = (worth[:, count:].astype(np.float64) for worth in (first, second))
        if not self.watched:
            hidden = self._draw.standard_normal((len(possible), len(rows), 3))
            mine, others = (mine + np.einsum("mk,mnk->mn", feel[:, 0], hidden),
                            others + np.einsum("mk,mnk->mn", feel[:, 1], hidden))  # fmt: skip
        fading = float(np.exp(-views / c.NOISE_VIEWS)) * away[:, count:]
        within = prior.within[rows] & (prices <= prior.known.budget)
        say = possible.say[:, None]
        joint = say * mine + (1.0 - say) * others - c.DISAGREEMENT * np.abs(mine - others)
        return Believed(mine + fading, joint + fading, fits[:, count:] & within, bars)

    def _reference(self, prior: Prior) -> Rows:
        """Homes of the whole market within the limits told, by which a household takes its bearings."""
        among = np.flatnonzero(prior.within & (self.sale.homes.price <= prior.known.budget))
        return np.sort(self._draw.choice(among, min(len(among), _REFERENCE), replace=False))

    # -- steps that leave the prior as it is ---------------------------------------------------------------------

    def _all_tastes(self, prior: Prior, possible: Possible) -> Possible:
        step = self._draw.choice(_STEPS, len(possible))[:, None, None]
        fresh = self._draw.standard_normal(possible.normals.shape)
        return replace(possible, normals=np.sqrt(1.0 - step**2) * possible.normals + step * fresh)

    def _some_tastes(self, prior: Prior, possible: Possible) -> Possible:
        chosen = self._draw.random((len(possible), 1, possible.normals.shape[2])) < 0.2
        step = self._draw.choice((0.5, 0.8, 1.0), len(possible))[:, None, None]
        fresh = self._draw.standard_normal(possible.normals.shape)
        moved = np.sqrt(1.0 - step**2) * possible.normals + step * fresh
        return replace(possible, normals=np.where(chosen, moved, possible.normals))

    def _temper(self, prior: Prior, possible: Possible) -> Possible:
        step = self._draw.choice((0.4, 1.0), len(possible))[:, None]
        fresh = self._draw.standard_normal(possible.spare.shape)
        return replace(possible, spare=np.sqrt(1.0 - step**2) * possible.spare + step * fresh)


def _anew(part: str) -> Callable[[BayesianLearner, Prior, Possible], Possible]:
    return lambda learner, prior, possible: prior.with_others(possible, part, learner._draw)


_MOVES: Final[Sequence[Callable[[BayesianLearner, Prior, Possible], Possible]]] = (
    BayesianLearner._all_tastes,
    BayesianLearner._some_tastes,
    BayesianLearner._temper,
    _anew("anchors"),
    BayesianLearner._some_tastes,
    _anew("must_haves"),
    _anew("who"),
    BayesianLearner._all_tastes,
    _anew("where"),
    _anew("all"),
)


def _largest_step(gain: Doubles, most: float) -> float:
    """How much of the gain can be let in until half of the particles count for nothing (by bisection)."""
    low, high = 0.0, most
    if _effective(gain * most) >= 0.5 * len(gain):
        return most
    for _ in range(20):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _effective(gain * middle) >= 0.5 * len(gain) else (low, middle)
    return max(low, 1e-3 * most)


def _effective(log_weights: Doubles) -> float:
    weights = np.exp(log_weights - log_weights.max())
    return float(weights.sum() ** 2 / (weights**2).sum())


def _resampled(log_weights: Doubles, draw: np.random.Generator) -> Rows:
    """Places of particles in proportion to their weights (systematic resampling)."""
    weights = np.exp(log_weights - log_weights.max())
    edges = np.cumsum(weights / weights.sum())
    places = np.searchsorted(edges, (np.arange(len(edges)) + draw.random()) / len(edges))
    return np.minimum(places, len(edges) - 1).astype(np.int64)
