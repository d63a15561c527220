"""The best that can be learned from a lead's events by one who knows how households come about and how they choose.

Nobody has this knowledge of real people: it is a ceiling. The learner knows the constants of the simulation, draws
households from them, and moves them to where they make likely what the lead did (sequential Monte Carlo: the
likelihood is let in by degrees, with resampling and Metropolis steps that keep the prior). What no field of a home
holds it does not see either, so it counts as chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from homing.simulation import constants as c
from homing.simulation.homes import Homes
from homing.simulation.households import BELOW_ZERO, QUANTILES, draw_taste
from homing.simulation.taste import NAMES, REASONS, Taste, attributes, within_limits

__all__ = ["BayesianLearner", "Evidence", "Known", "evidence_of"]

Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]

PARTICLES: Final = 256
_CONFIGURATIONS: Final = 96
_REFERENCE: Final = 160
_SWEEPS: Final = 3
_STEPS: Final = (0.1, 0.25, 0.5)
_FIELDS: Final = len(NAMES) - 3
_REACTIONS: Final = ("property_save", "property_like", "property_share", "property_dislike")
_REASON_KNOWN: Final = 0.85
_WRONG_REASON: Final = 0.03
_OVERLOOKED: Final = 0.5 * float(np.mean(np.log(np.arange(1, c.SLATE + 1))))
_FLOOR: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Known:
    """What a lead told: its budget, the bedrooms it insists on (None: not told), the areas (None: not told)."""

    budget: float
    beds: int | None
    areas: tuple[int, ...] | None
    areas_hard: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A home that a lead opened: its row, how many it had opened before, whether it looked in the areas it told alone,
    what it did there, the reason of a pass, and whether it is `done` with it.
    """

    row: int
    price: float
    before: int
    in_areas: bool
    did: frozenset[str]
    reason: str | None
    done: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a lead: what it told, and the homes it opened, in order."""

    known: Known
    opened: tuple[Opened, ...] = ()


def evidence_of(
    known: Known, events: Sequence[Mapping[str, Any]], homes: Homes, prices: Mapping[int, float]
) -> Evidence:
    """What the events of a lead say, homes being at these prices; its searches tell the areas and the bedrooms that it wants."""
    found: list[Opened] = []
    seen: set[int] = set()
    opened, areas = 0, None
    for event in events:
        if event["event_type"] == "search_query":
            filters = event["event_data"]["search_filters"]
            areas = filters.get("areas")
            known = replace(
                known,
                areas=known.areas if areas is None else tuple(homes.areas.codes(areas).tolist()),
                beds=filters.get("bedrooms_min", known.beds),
            )
        if "property_id" not in event:
            continue
        row, kind = homes.ids.code(event["property_id"]), event["event_type"]
        if kind == "property_view":
            if found:
                found[-1] = replace(found[-1], done=True)
            if row not in seen:
                found.append(Opened(row, prices[row], opened, areas is not None, frozenset(), None, done=False))
            seen.add(row)
            opened += 1
        elif kind in _REACTIONS and found and found[-1].row == row:
            reason = event.get("event_data", {}).get("reason", found[-1].reason)
            found[-1] = replace(found[-1], did=found[-1].did | {kind}, reason=reason)
    return Evidence(known, tuple(found))


@dataclass(slots=True)
class _Particles:
    """n possible households: standard normals behind their tastes, (n, 4, fields + 3), and which wishes they have.

    Of the four the first is what partners share, then each partner's own, then how far the inexperienced are off.
    """

    normals: Doubles
    wishes: Rows
    single: NDArray[np.bool_]
    say: Doubles

    def taken(self, rows: Rows) -> _Particles:
        return _Particles(self.normals[rows], self.wishes[rows], self.single[rows], self.say[rows])

    def where(self, new: NDArray[np.bool_], other: _Particles) -> _Particles:
        return _Particles(
            np.where(new[:, None, None], other.normals, self.normals),
            np.where(new, other.wishes, self.wishes),
            np.where(new, other.single, self.single),
            np.where(new, other.say, self.say),
        )


@dataclass(slots=True)
class _Wishes:
    """The wishes a lead may have, drawn from the prior given what it told: tastes without weights, and their lean."""

    tastes: list[Taste]
    lean: Doubles
    reference: Rows
    reference_prices: Doubles
    reference_in_areas: NDArray[np.bool_]


@dataclass(slots=True)
class BayesianLearner:
    """Learns one lead's taste from its events in a market that stands still; ask it as often as events come in.

    `homes` for sale are `rows` at `prices`. `chances` gives of each the probability that it is among the best.
    """

    homes: Homes
    rows: Rows
    prices: Doubles
    seed: int
    _wishes: _Wishes | None = field(default=None, init=False)
    _told: Known | None = field(default=None, init=False)
    _particles: _Particles | None = field(default=None, init=False)
    _learned: Evidence = field(init=False)
    _draw: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._draw = np.random.default_rng([self.seed, 13])
        self._learned = Evidence(Known(0.0, None, None, areas_hard=False))

    def learn(self, evidence: Evidence) -> None:
        """Take in everything that is known of the lead by now."""
        if self._told != evidence.known:
            self._told = evidence.known
            self._wishes = self._possible(evidence.known)
            self._particles = self._prior(PARTICLES)
            self._learned = Evidence(evidence.known)
        self._moved(evidence)

    def chances(self, best: Callable[[Doubles, NDArray[np.bool_]], NDArray[np.bool_]]) -> Doubles:
        """Of each home for sale the probability that it is among the best (n,), as `best` has it.

        `best` is given what homes are worth to a household and which it may take, and says which are among the best.
        """
        assert self._wishes is not None and self._particles is not None
        total = np.zeros(len(self.rows))
        weights, _ = _weights(self._particles, self._wishes)
        hidden = self._draw.standard_normal((len(weights), 3, len(self.rows)))
        for place, wish in enumerate(self._particles.wishes.tolist()):
            taste = self._wishes.tastes[wish]
            seen = attributes(self.homes, taste, self.rows, self.prices)
            seen[:, _FIELDS:] = hidden[place].T
            joint, _ = _joint(weights[place][None], seen[None], self._particles.say[[place]])
            total += best(joint[0], within_limits(self.homes, taste, self.rows, self.prices))
        return total / len(weights)

    # -- the prior -----------------------------------------------------------------------------------------------

    def _possible(self, known: Known) -> _Wishes:
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
        return _Wishes(tastes, np.array(leans), self.rows[places], self.prices[places], from_areas)

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

    def _prior(self, n: int) -> _Particles:
        draw = self._draw
        single = draw.random(n) >= c.TWO_PARTNERS
        return _Particles(
            draw.standard_normal((n, 4, len(NAMES))),
            draw.integers(0, _CONFIGURATIONS, n),
            single,
            np.where(single, 1.0, draw.uniform(0.4, 0.6, n)),
        )

    # -- the posterior -------------------------------------------------------------------------------------------

    def _moved(self, evidence: Evidence) -> None:
        """Particles that make the evidence likely: what is new in it is let in by degrees.

        Between are the likelihoods old^(1 - share) new^share, each with a resampling and some Metropolis steps.
        """
        assert self._wishes is not None and self._particles is not None
        market = (self.homes, self._wishes)
        old, new, share = _Likelihood(*market, self._learned), _Likelihood(*market, evidence), 0.0
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

    def _proposed(self) -> Iterator[_Particles]:
        """Other particles that the prior makes as likely: tastes a step away, wishes and partners drawn anew."""
        for nearby in (True, False):
            particles, fresh = self._particles, self._prior(PARTICLES)
            assert particles is not None
            if nearby:
                step = self._draw.choice(_STEPS, PARTICLES)[:, None, None]
                normals = np.sqrt(1.0 - step**2) * particles.normals + step * fresh.normals
                yield replace(particles, normals=normals)
            else:
                yield replace(fresh, normals=particles.normals)


@dataclass(slots=True)
class _Likelihood:
    """The logarithm of how likely the evidence is for each particle, up to a constant."""

    homes: Homes
    wishes: _Wishes
    evidence: Evidence
    _seen: Doubles = field(init=False)
    _fits: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        """What every possible household sees in the homes opened and in those of the reference."""
        rows = np.array([one.row for one in self.evidence.opened], dtype=np.int64)
        prices = np.array([one.price for one in self.evidence.opened])
        every, asked = np.append(rows, self.wishes.reference), np.append(prices, self.wishes.reference_prices)
        seen = [attributes(self.homes, taste, every, asked) for taste in self.wishes.tastes]
        self._seen = np.stack(seen)
        self._seen[:, :, _FIELDS:] = 0.0
        self._fits = np.stack([within_limits(self.homes, taste, every, asked) for taste in self.wishes.tastes])

    def __call__(self, particles: _Particles) -> Doubles:
        if not self.evidence.opened:
            return np.zeros(len(particles.wishes))
        of = self.evidence.opened
        weights, off = _weights(particles, self.wishes)
        seen, fits = self._seen[particles.wishes], self._fits[particles.wishes]
        joint, own = _joint(weights, seen, particles.say)
        off_joint, off_own = _joint(weights + off[:, None, :], seen, particles.say)
        unseen = np.sqrt((weights[:, :, _FIELDS:].mean(axis=1) ** 2).sum(axis=1))[:, None]
        general = len(of) + np.flatnonzero(~self.wishes.reference_in_areas)
        within = len(of) + np.flatnonzero(self.wishes.reference_in_areas)
        bars = _bars(joint[:, general], fits[:, general], unseen)
        fade = np.exp(-np.array([one.before for one in of]) / c.NOISE_VIEWS)
        found = np.zeros(len(particles.wishes))
        for place, one in enumerate(of):
            thought = own + fade[place] * (off_own - own) - bars["reference"]
            scale = np.hypot(1.0 + c.NOISE_START * fade[place], 0.55 * unseen)
            open_odds = 1.0 / (1.0 + np.exp(-np.clip((thought - _OVERLOOKED - c.OUTSIDE) / scale, -30.0, 30.0)))
            found += np.log(open_odds[:, place] / open_odds[:, within if one.in_areas else general].mean(axis=1) + _FLOOR)
            felt = joint[:, place] + fade[place] * (off_joint[:, place] - joint[:, place])
            noise = np.hypot(c.JUDGEMENT_NOISE * (1.0 + c.NOISE_START * fade[place]), unseen[:, 0])
            found += _reaction(one, felt, noise, bars, fits[:, place])
            if one.reason is not None:
                against = weights.mean(axis=1) * (seen[:, place] - seen[:, general].mean(axis=1))
                found += self._reason(one, against)
        return found

    def _reason(self, one: Opened, against: Doubles) -> Doubles:
        """How likely the reason of a pass is: what weighs most against the home, if it breaks no limit that was told."""
        known = self.evidence.known
        if one.price > known.budget or self.homes.beds[one.row] < (known.beds or 0):
            return np.zeros(len(against))
        groups = [against[:, [NAMES.index(name) for name in names]].sum(axis=1) for names in REASONS.values()]
        worst = np.array(tuple(REASONS))[np.argmin(groups, axis=0)]
        given = {"price_too_high": "price", "size_too_small": "size", "size_too_large": "size"}
        named = given.get(one.reason or "", one.reason)
        return np.log(np.where(worst == named, _REASON_KNOWN, _WRONG_REASON))


def _weights(particles: _Particles, wishes: _Wishes) -> tuple[Doubles, Doubles]:
    """The weights of both partners (n, 2, attributes), and how far those of the inexperienced are off (n, attributes).

    As `households` draws them.
    """
    mean = np.array([c.TASTES[name][0] for name in NAMES]) + wishes.lean[particles.wishes]
    spread = np.array([c.TASTES[name][1] for name in NAMES])
    shared = mean + spread * particles.normals[:, 0]
    own = c.PARTNERS_APART * spread * particles.normals[:, 1:3]
    weights = shared[:, None] + np.where(particles.single[:, None, None], 0.0, own)
    for name in BELOW_ZERO:
        column = NAMES.index(name)
        weights[:, :, column] = np.minimum(weights[:, :, column], 0.25 * c.TASTES[name][0])
    return weights, c.NAIVE * spread * particles.normals[:, 3]


def _joint(weights: Doubles, seen: Doubles, say: Doubles) -> tuple[Doubles, Doubles]:
    """What homes are worth to each household, and to its first partner, (n, homes)."""
    first, second = (np.matmul(seen, weights[:, partner, :, None])[:, :, 0] for partner in (0, 1))
    share = say[:, None]
    return share * first + (1.0 - share) * second - c.DISAGREEMENT * np.abs(first - second), first


def _bars(worth: Doubles, fits: NDArray[np.bool_], unseen: Doubles) -> dict[str, Doubles]:
    """The utilities (n, 1) at which a household passes, takes for normal, likes and saves: quantiles, as it has them.

    What no field holds spreads utilities further than `worth` has it.
    """
    fits = fits | ~fits.any(axis=1, keepdims=True)
    ordered = np.sort(np.where(fits, worth, np.inf), axis=1)
    count = fits.sum(axis=1)
    middle = np.where(fits, worth, 0.0).sum(axis=1, keepdims=True) / count[:, None]
    spread = np.sqrt(np.where(fits, (worth - middle) ** 2, 0.0).sum(axis=1, keepdims=True) / count[:, None])
    wider = np.sqrt(1.0 + (unseen / np.maximum(spread, 0.1)) ** 2)
    found = {}
    for name, quantile in QUANTILES.items():
        place = np.minimum((quantile * count).astype(np.int64), count - 1)[:, None]
        found[name] = middle + wider * (np.take_along_axis(ordered, place, axis=1) - middle)
    return found


def _reaction(
    one: Opened, felt: Doubles, noise: Doubles, bars: Mapping[str, Doubles], fits: NDArray[np.bool_]
) -> Doubles:
    """The logarithm of how likely it is to react to a home as a household did, which felt so of it."""
    above = {name: ndtr((felt - bars[name][:, 0]) / noise) * fits for name in ("save", "like", "share")}
    save = c.SAVE_CHANCE * above["save"]
    like = (1.0 - save) * c.LIKE_CHANCE * above["like"]
    unwanted = c.PASS_CHANCE * np.where(fits, ndtr((bars["pass"][:, 0] - felt) / noise), 1.0)
    likely = np.ones(len(felt))
    if "property_save" in one.did:
        likely = save
    elif "property_like" in one.did:
        likely = like
    elif "property_dislike" in one.did:
        likely = unwanted
    elif "property_share" not in one.did and one.done:
        likely = 1.0 - save - like - unwanted
    if "property_share" in one.did:
        likely = likely * above["share"]
    return np.log(np.maximum(likely, 1e-4))


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
