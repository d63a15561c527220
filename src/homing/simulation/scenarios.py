"""Eight households that a recommender has to serve, each drawn anew by number: who they are is fixed, not their taste.

The homes of King County name no type, so the condo browser is one who wants two bedrooms at most on hardly any land.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from homing.simulation import constants as c
from homing.simulation.homes import Homes
from homing.simulation.households import Household, draw_taste, household_of
from homing.simulation.taste import NAMES, Taste, within_limits

__all__ = ["FEWEST_HOMES", "SCENARIOS", "Scenario", "Shopper", "drawn"]

FEWEST_HOMES: Final = 100
"""A household with fewer homes for sale within its hard limits is of the few, and reported apart."""

_TRIES: Final = 40


@dataclass(frozen=True, slots=True)
class Scenario:
    """One of the eight: the segment it is of, and how it differs from others of that segment.

    `lean` is added to its tastes; `apart` how far two partners are from each other, in spreads of tastes; `alone` who
    decides alone; `anywhere` who is bound to no area; `changes` after how many acts it wants something else.
    """

    name: str
    says: str
    segment: str
    lean: Mapping[str, float] = field(default_factory=dict)
    apart: float = c.PARTNERS_APART
    alone: bool = False
    anywhere: bool = False
    changes: int | None = None


SCENARIOS: Final = (
    Scenario("relocating_family", "a family moving for a job, near to it", "relocating_family", {"distance": -0.6}),
    Scenario("first_time_buyers", "a couple at the edge of their budget", "first_time", {"price": -0.4}),
    Scenario("investor", "wants what is cheap and sound", "investor", {"price": -0.6, "condition": 0.3}, alone=True),
    Scenario("luxury_downsizers", "less land and less work, but the view", "luxury", {"lot": -0.6, "view": 0.6}),
    Scenario("condo_browser", "hardly any land, newly built", "first_time", {"lot": -1.2, "newness": 0.8}, alone=True),
    Scenario("couple_who_disagree", "two partners of opposite tastes", "move_up", apart=2.0),
    Scenario("changes_mind", "after fifteen acts other tastes, another area", "move_up", anywhere=True, changes=15),
    Scenario("out_of_town_buyer", "knows no area yet", "relocating_family", anywhere=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shopper:
    """One household of a scenario, and the taste it changes to, if it does."""

    scenario: Scenario
    household: Household
    later: Taste | None


def drawn(homes: Homes, scenario: Scenario, number: int, seed: int) -> Shopper:
    """The household of a scenario with a number; the same homes, number and seed give the same."""
    draw = np.random.default_rng([seed, 11, SCENARIOS.index(scenario), number])
    taste = _taste(draw, homes, scenario)
    name = f"{scenario.name}-{number:03d}"
    partners = 1 if scenario.alone else 2
    household = household_of(draw, homes, taste, name, (name,), partners=partners, segment=scenario.segment)
    later = None
    if scenario.changes is not None:
        other = _taste(draw, homes, scenario)
        later = replace(other, budget=taste.budget, beds=taste.beds, beds_hard=taste.beds_hard)
    return Shopper(scenario, household, later)


def _taste(draw: np.random.Generator, homes: Homes, scenario: Scenario) -> Taste:
    """Of the tastes of its segment one with enough homes within its limits, if there is one in so many tries."""
    for _ in range(_TRIES):
        taste = draw_taste(draw, homes, scenario.segment, 1 if scenario.alone else 2)
        if scenario.anywhere:
            taste = replace(taste, areas_hard=False)
        if within_limits(homes, taste, np.arange(len(homes)), homes.price).sum() >= 5 * FEWEST_HOMES:
            break
    weights = taste.weights + np.array([scenario.lean.get(name, 0.0) for name in NAMES])
    if scenario.apart != c.PARTNERS_APART:
        spread = np.array([c.TASTES[name][1] for name in NAMES])
        half = 0.5 * scenario.apart * spread * draw.standard_normal(len(NAMES))
        weights = weights.mean(axis=0) + np.stack((half, -half))
        weights[:, : NAMES.index("baths")] = taste.weights[:, : NAMES.index("baths")]
    return replace(taste, weights=weights)
