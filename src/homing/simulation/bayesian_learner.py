"""The best that can be learned from a lead's events by one who knows how households come about and how they choose.

Nobody has this knowledge of real people: it is a ceiling. The learner knows the constants of the simulation, draws
households from them, and moves them to where they make likely what the lead did (sequential Monte Carlo: the
likelihood is let in by degrees, with resampling and Metropolis steps that keep the prior). What no field of a home
holds it does not see either, so it counts as chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from homing.simulation import constants as c
from homing.simulation.evidence import Evidence, Known
from homing.simulation.homes import Homes
from homing.simulation.households import draw_taste
from homing.simulation.likelihood import FIELDS, Likelihood, Particles, Wishes, joint_of, weights_of
from homing.simulation.taste import NAMES, attributes, within_limits

__all__ = ["BayesianLearner"]

Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]

PARTICLES: Final = 256
_CONFIGURATIONS: Final = 96
_REFERENCE: Final = 160
_SWEEPS: Final = 3
_STEPS: Final = (0.1, 0.25, 0.5)


@dataclass(slots=True)
class BayesianLearner:
    """Learns one lead's taste from its events in a market that stands still; ask it as often as events come in.

    `homes` for sale are `rows` at `prices`, `known` is what the lead told. `chances` gives of each home for sale the
    probability that it is among the best.
    """

    homes: Homes
    rows: Rows
    prices: Doubles
    known: Known
    seed: int
    _wishes: Wishes = field(init=False)
    _particles: Particles = field(init=False)
    _learned: Evidence = field(init=False)
    _draw: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._draw = np.random.default_rng([self.seed, 13])
        self._begin(self.known)

    def learn(self, evidence: Evidence) -> None:
        """Take in everything that is known of the lead by now; once it tells more, all is learned anew."""
        if self._learned.known != evidence.known:
            self._begin(evidence.known)
        if evidence.opened:
            self._move(evidence)

    def chances(self, best: Callable[[Doubles, NDArray[np.bool_]], NDArray[np.bool_]]) -> Doubles:
        """Of each home for sale the probability that it is among the best (n,), as `best` has it.

        `best` is given what homes are worth to a household and which it may take, and says which are among the best.
        """
        total = np.zeros(len(self.rows))
        weights, _ = weights_of(self._particles, self._wishes)
        hidden = self._draw.standard_normal((len(weights), 3, len(self.rows)))
        for place, wish in enumerate(self._particles.wishes.tolist()):
            taste = self._wishes.tastes[wish]
            seen = attributes(self.homes, taste, self.rows, self.prices)
            seen[:, FIELDS:] = hidden[place].T
            joint, _ = joint_of(weights[place][None], seen[None], self._particles.say[[place]])
            total += best(joint[0], within_limits(self.homes, taste, self.rows, self.prices))
        return total / len(weights)

    def _begin(self, known: Known) -> None:
        self._wishes, self._particles, self._learned = self._possible(known), self._prior(PARTICLES), Evidence(known)

    # -- the prior -----------------------------------------------------------------------------------------------

    def _possible(self, known: Known) -> Wishes:
        """Wishes drawn as households are, kept by how well they go with what the lead told."""
        names = tuple(c.SEGMENTS)
        traits = [cast("dict[str, Any]", c.SEGMENTS[name]) for name in names]
        away = [np.log(known.budget / np.median(self.homes.price)) - trait["budget"] for trait in traits]
        odds = np.array([trait["share"] for trait in traits]) * np.exp(-0.5 * (np.array(away) / c.BUDGET_SPREAD) ** 2)
        if known.beds is not None:
            odds *= [trait["beds"].count(known.beds) / len(trait["beds"]) + 1e-3 for trait in traits]
        tastes, leans = [], []
        for _ in range(_CONFIGURATIONS):
            which = int(self._draw.choice(len(names), p=odds / odds.sum()))
            told = {"budget": known.budget, "beds": known.beds, "areas": known.areas}
            told = {name: value for name, value in told.items() if value is not None}
            tastes.append(draw_taste(self._draw, self.homes, names[which], 1, told))
            leans.append([traits[which]["lean"].get(name, 0.0) for name in NAMES])
        if known.areas is not None:
            tastes = [replace(taste, areas_hard=known.areas_hard) for taste in tastes]
        inside = np.isin(self.homes.area[self.rows], known.areas or ())
        general = self._looked_at(known, inside | (known.areas is None or not known.areas_hard))
        within = self._looked_at(known, inside) if inside.any() else general[:0]
        places = np.concatenate((general, within))
        from_areas = np.arange(len(places)) >= len(general)
        return Wishes(tastes, np.array(leans), self.rows[places], self.prices[places], from_areas)

    def _looked_at(self, known: Known, among: NDArray[np.bool_]) -> Rows:
        """Places of homes as pages show them: most within what was told, some just beyond, out of those `among`."""
        meets = among & (self.prices <= known.budget)
        if known.beds is not None:
            meets &= self.homes.beds[self.rows] >= known.beds
        inside, beyond = np.flatnonzero(meets), np.flatnonzero(among & ~meets & (self.prices <= 1.25 * known.budget))
        few = min(len(beyond), int(c.EXPLORED * _REFERENCE))
        many = min(len(inside), _REFERENCE - few)
        chosen = self._draw.choice(inside, many, replace=False), self._draw.choice(beyond, few, replace=False)
        return np.concatenate(chosen)

    def _prior(self, n: int) -> Particles:
        draw = self._draw
        single = draw.random(n) >= c.TWO_PARTNERS
        return Particles(
            draw.standard_normal((n, 4, len(NAMES))),
            draw.integers(0, _CONFIGURATIONS, n),
            single,
            np.where(single, 1.0, draw.uniform(0.4, 0.6, n)),
        )

    # -- the posterior -------------------------------------------------------------------------------------------

    def _move(self, evidence: Evidence) -> None:
        """Particles that make the evidence likely: what is new in it is let in by degrees.

        Between are the likelihoods old^(1 - share) new^share, each with a resampling and some Metropolis steps.
        """
        market = (self.homes, self._wishes)
        old, new, share = Likelihood(*market, self._learned), Likelihood(*market, evidence), 0.0
        before, now = old(self._particles), new(self._particles)
        while share < 1.0:
            step = _largest_step(now - before, 1.0 - share)
            share += step
            kept = _resampled((now - before) * step, self._draw)
            self._particles, before, now = self._particles.taken(kept), before[kept], now[kept]
            for _ in range(_SWEEPS):
                for proposed in self._proposed():
                    then, at_last = old(proposed) if share < 1.0 else before, new(proposed)
                    gain = (1.0 - share) * (then - before) + share * (at_last - now)
                    taken = np.log(self._draw.random(len(now))) < gain
                    self._particles = self._particles.where(taken, proposed)
                    before, now = np.where(taken, then, before), np.where(taken, at_last, now)
        self._learned = evidence

    def _proposed(self) -> Iterator[Particles]:
        """Other particles that the prior makes as likely: tastes a step away, wishes and partners drawn anew."""
        for nearby in (True, False):
            particles, fresh = self._particles, self._prior(PARTICLES)
            if nearby:
                step = self._draw.choice(_STEPS, PARTICLES)[:, None, None]
                normals = np.sqrt(1.0 - step**2) * particles.normals + step * fresh.normals
                yield replace(particles, normals=normals)
            else:
                yield replace(fresh, normals=particles.normals)


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
