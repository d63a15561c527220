"""What a household makes of a home whose page it has opened, and what it gives as the reason for passing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homing.simulation import constants as c
from homing.simulation.homes import Homes
from homing.simulation.households import Household
from homing.simulation.taste import NAMES, REASONS
from homing.simulation.world import Search, World, Worth

__all__ = ["Judgement", "judged", "pass_reason"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """True worth, what the household takes it for, how far that is above normal, and whether it breaks no limit."""

    worth: float
    thought: float
    liking: float
    fits: bool
    price: float
    seen: NDArray[np.float64]


def judged(world: World, search: Search, row: int, at: int, known: Worth | None = None) -> Judgement:
    """One home at one moment; the noise falls with the homes the household has opened.

    `known` is what it was worth a moment ago, taken over if its price has not changed since.
    """
    worth = known
    if worth is None or worth.prices[0] != world.life.price_of(row, at):
        worth = world.worth(search, np.array([row]), at)
    noise = c.JUDGEMENT_NOISE * (1.0 + c.NOISE_START * np.exp(-search.views / c.NOISE_VIEWS))
    joint = float(worth.joint[0])
    thought = joint + float(noise * search.draw.standard_normal())
    return Judgement(
        worth=joint,
        thought=thought,
        liking=thought - search.household.bars["reference"],
        fits=bool(worth.fits[0]),
        price=float(worth.prices[0]),
        seen=worth.seen[0],
    )


def pass_reason(homes: Homes, household: Household, row: int, found: Judgement) -> str:
    """The true reason: a broken limit, else what weighs most against the home compared with a normal one."""
    taste = household.taste
    if found.price > taste.budget:
        return "price_too_high"
    if taste.beds_hard and homes.beds[row] < taste.beds:
        return "size_too_small"
    if taste.areas_hard and int(homes.area[row]) not in taste.areas:
        return "location"
    against = taste.weights.mean(axis=0) * (found.seen - household.normal)
    parts = {word: sum(against[NAMES.index(name)] for name in names) for word, names in REASONS.items()}
    worst = min(parts, key=lambda word: parts[word])
    if worst == "price":
        return "price_too_high"
    if worst == "size":
        return "size_too_small" if homes.size[row] < taste.wanted_size else "size_too_large"
    return worst
