"""How likely what a lead did is for households that might be it, by the simulation's own rules of choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from homing.simulation import constants as c
from homing.simulation.evidence import Evidence, Opened
from homing.simulation.homes import Homes
from homing.simulation.households import BELOW_ZERO, QUANTILES
from homing.simulation.taste import NAMES, REASONS, Taste, attributes, within_limits

__all__ = ["FIELDS", "Likelihood", "Particles", "Wishes", "joint_of", "weights_of"]

Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]

FIELDS: Final = len(NAMES) - 3
"""The attributes before this one can be read from the fields of a home."""

_REASON_KNOWN: Final = 0.85
_WRONG_REASON: Final = 0.03
_OVERLOOKED: Final = c.POSITION_BIAS * float(np.mean(np.log(np.arange(1, c.SLATE + 1))))
_FLOOR: Final = 1e-9
_ONE_PARTNER_ALONE: Final = 0.55  # how much of what no field holds a partner feels beside the two together


@dataclass(slots=True)
class Particles:
    """n possible households: standard normals behind their tastes, (n, 4, fields + 3), and which wishes they have.

    Of the four the first is what partners share, then each partner's own, then how far the inexperienced are off.
    """

    normals: Doubles
    wishes: Rows
    single: NDArray[np.bool_]
    say: Doubles

    def taken(self, rows: Rows) -> Particles:
        """Those in these rows."""
        return Particles(self.normals[rows], self.wishes[rows], self.single[rows], self.say[rows])

    def where(self, new: NDArray[np.bool_], other: Particles) -> Particles:
        """The others where `new` (n,), else these."""
        return Particles(
            np.where(new[:, None, None], other.normals, self.normals),
            np.where(new, other.wishes, self.wishes),
            np.where(new, other.single, self.single),
            np.where(new, other.say, self.say),
        )


@dataclass(slots=True)
class Wishes:
    """The wishes a lead may have, drawn from the prior given what it told: tastes without weights, and their lean."""

    tastes: list[Taste]
    lean: Doubles
    reference: Rows
    reference_prices: Doubles
    reference_in_areas: NDArray[np.bool_]


@dataclass(slots=True)
class Likelihood:
    """The logarithm of how likely the evidence is for each particle, up to a constant."""

    homes: Homes
    wishes: Wishes
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
        self._seen[:, :, FIELDS:] = 0.0
        self._fits = np.stack([within_limits(self.homes, taste, every, asked) for taste in self.wishes.tastes])

    def __call__(self, particles: Particles) -> Doubles:
        """Of each particle, float64 (n,)."""
        if not self.evidence.opened:
            return np.zeros(len(particles.wishes))
        of = self.evidence.opened
        weights, off = weights_of(particles, self.wishes)
        seen, fits = self._seen[particles.wishes], self._fits[particles.wishes]
        joint, own = joint_of(weights, seen, particles.say)
        off_joint, off_own = joint_of(weights + off[:, None, :], seen, particles.say)
        unseen = np.sqrt((weights[:, :, FIELDS:].mean(axis=1) ** 2).sum(axis=1))[:, None]
        general = len(of) + np.flatnonzero(~self.wishes.reference_in_areas)
        within = len(of) + np.flatnonzero(self.wishes.reference_in_areas)
        bars = _bars(joint[:, general], fits[:, general], unseen)
        fade = np.exp(-np.array([one.before for one in of]) / c.NOISE_VIEWS)
        found = np.zeros(len(particles.wishes))
        for place, one in enumerate(of):
            thought = own + fade[place] * (off_own - own) - bars["reference"]
            scale = np.hypot(1.0 + c.NOISE_START * fade[place], _ONE_PARTNER_ALONE * unseen)
            open_odds = 1.0 / (1.0 + np.exp(-np.clip((thought - _OVERLOOKED - c.OUTSIDE) / scale, -30.0, 30.0)))
            among = within if one.in_areas else general
            found += np.log(open_odds[:, place] / open_odds[:, among].mean(axis=1) + _FLOOR)
            felt = joint[:, place] + fade[place] * (off_joint[:, place] - joint[:, place])
            noise = np.hypot(c.JUDGEMENT_NOISE * (1.0 + c.NOISE_START * fade[place]), unseen[:, 0])
            found += _reaction(one, felt, noise, bars, fits[:, place])
            if one.reason is not None:
                against = weights.mean(axis=1) * (seen[:, place] - seen[:, general].mean(axis=1))
                found += self._reason(one, against)
        return found

    def _reason(self, one: Opened, against: Doubles) -> Doubles:
        """How likely the reason of a pass is: what weighs most against a home within what was told."""
        known = self.evidence.known
        if one.price > known.budget or self.homes.beds[one.row] < (known.beds or 0):
            return np.zeros(len(against))
        groups = [against[:, [NAMES.index(name) for name in names]].sum(axis=1) for names in REASONS.values()]
        worst = np.array(tuple(REASONS))[np.argmin(groups, axis=0)]
        given = {"price_too_high": "price", "size_too_small": "size", "size_too_large": "size"}
        named = given.get(one.reason or "", one.reason)
        return np.log(np.where(worst == named, _REASON_KNOWN, _WRONG_REASON))


def weights_of(particles: Particles, wishes: Wishes) -> tuple[Doubles, Doubles]:
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


def joint_of(weights: Doubles, seen: Doubles, say: Doubles) -> tuple[Doubles, Doubles]:
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
